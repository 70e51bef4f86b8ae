import { allModes } from "../../../shared/charter/lines.js";
import { type Turn, turnsMax, weekMinutes } from "../../../shared/charter/mode.js";
import { ok, type Result, refuse } from "../../../shared/kernel/result.js";

const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const dayMinutes = 24 * 60;

/** `mon-fri 08:00 off`, `sat,sun 22:30 detect` or `daily 06:00 record` as turns of the week. */
export function parseTurns(text: string): Result<readonly Turn[], string> {
  const [dayText = "", clock = "", modeText, ...more] = text.trim().split(/\s+/);
  const mode = allModes.find((one) => one === modeText);
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(clock) ?? [];
  const which = dayText === "daily" ? days.map((_, day) => day) : parseDays(dayText);
  if (which === undefined || hours === undefined || mode === undefined || more.length > 0)
    return refuse(`"${text}" must be days, a time and a mode, such as "mon-fri 08:00 off"`);
  const minute = Number(hours) * 60 + Number(minutes);
  return ok(which.map((day) => ({ minute: day * dayMinutes + minute, mode })));
}

/** The week that these turns make, as an order holds it; Monday begins as Sunday ended. */
export function weekOf(turns: readonly Turn[]): Result<readonly Turn[], string> {
  const sorted = turns.toSorted((a, b) => a.minute - b.minute);
  const twice = sorted.find(({ minute }, index) => sorted[index - 1]?.minute === minute);
  if (twice !== undefined)
    return refuse(`${turnText(twice)} says what another turn says for the same minute`);
  const last = sorted.at(-1);
  if (last === undefined) return refuse("a timetable needs a turn");
  const whole = sorted[0]?.minute === 0 ? sorted : [{ minute: 0, mode: last.mode }, ...sorted];
  const week = whole.filter(({ mode }, index) => mode !== whole[index - 1]?.mode);
  return week.length <= turnsMax ? ok(week) : refuse(`a week has at most ${turnsMax} turns`);
}

export function turnText({ minute, mode }: Turn): string {
  const two = (value: number): string => `${value}`.padStart(2, "0");
  const of = minute % dayMinutes;
  return `${days[Math.floor((minute % weekMinutes) / dayMinutes)]} ${two(Math.floor(of / 60))}:${two(of % 60)} ${mode}`;
}

function parseDays(text: string): readonly number[] | undefined {
  const found = text.split(",").flatMap((part) => {
    const [from = "", to = from, ...more] = part.split("-");
    const [first, last] = [days.indexOf(from), days.indexOf(to)];
    if (first < 0 || last < first || more.length > 0) return [-1];
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  return found.includes(-1) || new Set(found).size < found.length ? undefined : found;
}
