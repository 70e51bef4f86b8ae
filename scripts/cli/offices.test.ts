import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { t as tap, test } from "tap";
import { openTestCloud } from "../../cloud/api/testing.js";
import { parseOperators } from "../../shared/release/operators.js";
import { quiet } from "../demo/home.io.js";
import { operatorInit } from "./office/init.io.js";
import { officeLogin, officeLogout, officeMe } from "./office/login.io.js";

const room = mkdtempSync(join(tmpdir(), "lintel-offices-"));
tap.teardown(() => rmSync(room, { recursive: true }));
const [olga, omar] = [join(room, "olga"), join(room, "omar")];

/** What a command gives to programs. */
async function heard(command: (terminal: ReturnType<typeof quiet>) => Promise<void>) {
  const values: Record<string, string>[] = [];
  await command({ ...quiet((value) => values.push(value as Record<string, string>)), warn: () => undefined });
  return values[0] ?? {};
}

test("operators make their keys, are named by the file, sign in, and are signed out", async (t) => {
  const init = (folder: string, name: string) =>
    heard((terminal) => operatorInit(folder, { name }, terminal));
  const lines = [(await init(olga, "Olga")).line, (await init(omar, "Omar")).line];
  t.same((await init(olga, "Olga")).line, lines[0], "the same again shows the same line");
  await t.rejects(init(olga, "Eve"), { message: /already holds the keys of Olga/ });
  await t.rejects(init(join(room, "eve"), " "), { message: /--name must have 1 to 64/ });
  t.equal(statSync(join(olga, "office.json")).mode & 0o077, 0);

  const operators = parseOperators(lines.join("\n"));
  t.ok(operators.ok);
  if (!operators.ok) return;
  const cloud = await openTestCloud({ operators: operators.value });
  t.teardown(cloud.close);
  const url = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
  cloud.origins.push(url);
  const me = (folder: string) => heard((terminal) => officeMe(folder, "operator", terminal));
  await t.rejects(me(olga), { message: /Run: lintel operator login/ });
  await t.rejects(me(join(room, "nobody")), { message: /Run: lintel operator init/ });
  const signIn = (folder: string) =>
    heard((terminal) => officeLogin(folder, "operator", { cloud: url }, terminal));
  t.match(await signIn(olga), { name: "Olga" });
  t.match(await me(olga), { name: "Olga", agency: undefined });

  await init(join(room, "eve"), "Eve");
  await t.rejects(signIn(join(room, "eve")), { message: /operators' file, names for you/ });
  await heard((terminal) => officeLogout(olga, "operator", terminal));
  t.equal((await cloud.db.selectFrom("office_session").select("id").execute()).length, 0);
  t.match(await me(olga), { name: "Olga" }, "the keys stay: the next command signs in by itself");
});
