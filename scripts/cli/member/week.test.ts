import { test } from "tap";
import { parseTurns, turnText, weekOf } from "./week.js";

function week(...texts: readonly string[]): readonly string[] | string {
  const parsed = texts.map(parseTurns);
  const refused = parsed.find((one) => !one.ok);
  if (refused !== undefined && !refused.ok) return refused.error;
  const made = weekOf(parsed.flatMap((one) => (one.ok ? one.value : [])));
  return made.ok ? made.value.map(turnText) : made.error;
}

test("days, a time and a mode make a week that begins as it ended", (t) => {
  t.same(week("mon-fri 08:00 off", "sat,sun 22:30 detect"), [
    "mon 00:00 detect",
    "mon 08:00 off",
    "sat 22:30 detect",
  ]);
  t.same(week("daily 00:00 record"), ["mon 00:00 record"]);
  t.match(week("daily 22:00 off", "daily 06:00 record"), {
    length: 15,
    0: "mon 00:00 off",
    1: "mon 06:00 record",
  });
  for (const wrong of ["", "mon 24:00 off", "mon 8:00 off", "fri-mon 08:00 off", "mon,mon 08:00 off"])
    t.match(week(wrong), /must be days, a time and a mode/, wrong);
  t.match(week("mon 08:00 sleep"), /must be days/);
  t.match(week("mon 08:00 off", "daily 08:00 record"), /same minute/);
  t.end();
});
