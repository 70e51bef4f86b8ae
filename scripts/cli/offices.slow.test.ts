import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { t as tap, test } from "tap";
import { saidAgreement } from "../../cloud/api/officetesting.js";
import { openTestCloud } from "../../cloud/api/testing.js";
import { newBoard } from "../../cloud/api/testpeople.js";
import type { KnownAgency } from "../../cloud/office/people.js";
import { toBase64 } from "../../shared/kernel/bytes.js";
import { agencyIdOf } from "../../shared/kernel/ids.js";
import { parseOfficer } from "../../shared/release/agreement.js";
import { parseOperators } from "../../shared/release/operators.js";
import { quiet } from "../demo/home.io.js";
import { memberAccesses } from "./member/accesses.io.js";
import { memberInit } from "./member/init.io.js";
import { memberNotices } from "./member/notices.io.js";
import { needProfile } from "./member/profile.io.js";
import { accessList, accessRead, accessRequest, accessStep } from "./office/access.io.js";
import { agencyInit, operatorInit } from "./office/init.io.js";
import {
  legalFetch,
  legalList,
  legalServe,
  legalWithdraw,
  operatorAnswer,
  operatorProcesses,
  operatorScope,
} from "./office/legal.io.js";
import { officeLogin, officeLogout, officeMe } from "./office/login.io.js";
import { preserveAsk, preserveList, preserveRenew } from "./office/preserve.io.js";
import { operatorCallback, operatorQueue } from "./office/queue.io.js";
import { officeAt, passkeyAdd, passkeyList, passphrase } from "./ways.io.js";

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
  await t.rejects(signIn(join(room, "eve")), { message: /operator's, in the file that LINTEL_OPERATORS names/ });
  const made = await heard((terminal) => passphrase(officeAt(olga, "operator"), { action: "new" }, terminal));
  t.match(made.words, /^([a-z-]+ ){6}[a-z-]+$/);
  const link = heard((terminal) => passkeyAdd(officeAt(olga, "operator"), { name: "Phone" }, terminal));
  await t.rejects(link, { message: /cloud.*name/i }, "a cloud without a name has no passkeys");
  await heard((terminal) => passkeyList(officeAt(olga, "operator"), terminal));
  t.match(await heard((terminal) => passphrase(officeAt(olga, "operator"), { action: "remove" }, terminal)), {
    removed: true,
  });
  await heard((terminal) => officeLogout(olga, "operator", { everywhere: true }, terminal));
  t.equal((await cloud.db.selectFrom("office_session").select("id").execute()).length, 0);
  t.match(await me(olga), { name: "Olga" }, "the keys stay: the next command signs in by itself");
});

test("an officer makes keys and a line for the agreement, and signs in once it names them", async (t) => {
  const folder = join(room, "fay");
  const made = await heard((terminal) => agencyInit(folder, { name: "Fay", role: "officer" }, terminal));
  const officer = parseOfficer(made.line ?? "");
  t.match(officer, { name: "Fay", role: "officer", id: made.id });
  const supervisor = await heard((terminal) =>
    agencyInit(join(room, "gus"), { name: "Gus", role: "supervisor" }, terminal),
  );
  const agency = agencyIdOf(parseOfficer(supervisor.line ?? "")?.noteKey ?? new Uint8Array());
  const agreement: KnownAgency["agreement"] = {
    ...{ agency, hash: saidAgreement, name: "Harbour City Police", jurisdiction: "us", phone: "+15550100" },
    officers: officer === undefined ? [] : [officer],
  };
  const known: KnownAgency = { state: "active", agreement, speakers: agreement };
  const cloud = await openTestCloud({ agencyOf: async (id) => (id === agency ? known : undefined) });
  t.teardown(cloud.close);
  const url = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
  cloud.origins.push(url);
  const signIn = (who: string, at: string) =>
    heard((terminal) => officeLogin(join(room, who), "agency", { cloud: url, agency: at }, terminal));
  t.match(await signIn("fay", agency), { name: "Fay", role: "officer", agency });
  await t.rejects(signIn("gus", agency), { message: /agreement in force/ });
  await t.rejects(signIn("fay", "Metro"), { message: /--agency must be/ });
  await t.rejects(signIn("olga", agency), { message: /There are no keys for this/ });
});

test("two operators and an owner see the same look at metadata, each in their own command", async (t) => {
  const [first, second] = [join(room, "olga2"), join(room, "omar2")];
  const init = (folder: string, name: string) =>
    heard((terminal) => operatorInit(folder, { name }, terminal));
  const operators = parseOperators(
    [(await init(first, "Olga")).line, (await init(second, "Omar")).line].join("\n"),
  );
  if (!operators.ok) throw new Error(operators.error.join());
  const cloud = await openTestCloud({ operators: operators.value });
  t.teardown(cloud.close);
  const url = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
  cloud.origins.push(url);
  const owner = join(room, "ada");
  await memberInit(owner, { cloud: url, name: "Ada" }, quiet());
  const { household } = needProfile(owner);
  for (const folder of [first, second])
    await officeLogin(folder, "operator", { cloud: url }, { ...quiet(), warn: () => undefined });

  const wish = { household, ticket: "T-1", scope: ["storage"], minutes: 5 };
  const { id = "" } = await heard((terminal) => accessRequest(first, wish, terminal));
  await t.rejects(accessStep(first, id, { act: "approve" }, quiet()), { message: /takes two people/ });
  t.match(await heard((terminal) => accessStep(second, id, { act: "approve" }, terminal)), {
    state: "active",
  });
  t.match(await heard((terminal) => accessRead(first, id, "storage", terminal)), { storage: { clips: 0 } });
  await heard((terminal) => accessStep(first, id, { act: "end" }, terminal));
  await heard((terminal) => accessStep(second, id, { act: "review", finding: "in-order" }, terminal));
  t.match(await heard((terminal) => accessList(second, terminal)), { id, state: "reviewed", by: "Olga" });
  t.match(await heard((terminal) => memberAccesses(owner, terminal)), {
    ...{ id, by: "Olga", second: "Omar", reviewer: "Omar", finding: "in-order" },
    reads: [{ kind: "storage" }],
    logged: true,
  });
  const row = await cloud.db
    .selectFrom("docket")
    .select("state")
    .where("id", "=", id)
    .executeTakeFirstOrThrow();
  const state = row.state.replace("T-1", "T-2");
  await cloud.db.updateTable("docket").set({ state }).where("id", "=", id).execute();
  const warned: string[] = [];
  const listening = {
    ...quiet((value) => warned.push(`${value.logged}`)),
    warn: (line: string) => warned.push(line),
  };
  await memberAccesses(owner, listening);
  t.match(
    warned.join(" "),
    /false .*is not what it committed to in its public log/,
    "another ticket was put in its place",
  );
});

/** A cloud with an agency, an owner with one camera, and who signs in to it, each in a folder of their own. */
async function workplace(name: string) {
  const folders = ["fay", "olga", "omar", "ada", "gus"].map((who) => join(room, name, who));
  const [officer = "", first = "", second = "", owner = "", supervisor = ""] = folders;
  const chief = await heard((terminal) =>
    agencyInit(supervisor, { name: "Gus", role: "supervisor" }, terminal),
  );
  const gus = parseOfficer(chief.line ?? "");
  const made = await heard((terminal) => agencyInit(officer, { name: "Fay", role: "officer" }, terminal));
  const fay = parseOfficer(made.line ?? "");
  const lines = [first, second].map((folder, at) =>
    heard((terminal) => operatorInit(folder, { name: `Operator ${at}` }, terminal)),
  );
  const operators = parseOperators((await Promise.all(lines)).map(({ line }) => line).join("\n"));
  if (fay === undefined || gus === undefined || !operators.ok) throw new Error("the lines do not hold");
  const agency = agencyIdOf(Uint8Array.of(1));
  const agreement = {
    ...{ agency, hash: saidAgreement },
    name: "Harbour City Police",
    jurisdiction: "us",
    phone: "+15550100",
    officers: [fay, gus],
  } as const;
  const cloud = await openTestCloud({
    operators: operators.value,
    agencyOf: async () => ({ state: "active", agreement, speakers: agreement }),
  });
  const url = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
  cloud.origins.push(url);
  const silent = { ...quiet(), warn: () => undefined };
  await memberInit(owner, { cloud: url, name: "Ada" }, quiet());
  const board = await newBoard("Front door");
  const named = {
    id: board.id,
    household: needProfile(owner).household,
    name: "Front door",
    named: 1,
    epoch: 1,
  };
  const keys = {
    note_key: toBase64(board.line.noteKey),
    tls_key_hash: board.line.tlsKeyHash,
    place: "outdoor",
  };
  await cloud.db
    .insertInto("camera")
    .values({ ...named, ...keys })
    .execute();
  for (const folder of [officer, supervisor])
    await officeLogin(folder, "agency", { cloud: url, agency }, silent);
  for (const folder of [first, second]) await officeLogin(folder, "operator", { cloud: url }, silent);

  return { officer, supervisor, first, second, owner, board, cloud };
}

test("an order of preservation is asked, called back and read by the household, each in their own command", async (t) => {
  const { officer, first, owner, board, cloud } = await workplace("preserve");
  t.teardown(cloud.close);
  const wish = {
    file: "24-117",
    camera: board.id,
    from: "2026-11-01T00:00:00.000Z",
    to: "2026-11-02T00:00:00.000Z",
  };
  const { id = "" } = await heard((terminal) => preserveAsk(officer, wish, terminal));
  t.match(await heard((terminal) => operatorQueue(first, terminal)), {
    id,
    what: "preservation",
    phone: "+15550100",
  });
  await t.rejects(operatorCallback(first, id, { called: "+15550199" }, quiet()), { message: /at no other/ });
  const call = { called: "+15550100" };
  t.match(await heard((terminal) => operatorCallback(first, id, call, terminal)), { state: "active" });
  await t.rejects(operatorCallback(first, id, call, quiet()), { message: /No call-back about/ });
  t.match(await heard((terminal) => preserveRenew(officer, id, terminal)), { state: "active" });
  t.match(await heard((terminal) => preserveList(officer, terminal)), { id, file: "24-117" });

  t.match(await heard((terminal) => memberNotices(owner, "en", terminal)), {
    ...{ kind: "preservation-renewed", about: id, agency: "Harbour City Police" },
    text: /had its order renewed, once and for the last time: what is sealed of [a-z2-7]{16}, 2026-11-01 00:00/,
  });
  t.match(await heard((terminal) => memberNotices(owner, "fr", terminal)), {
    text: /une seule et dernière fois/,
  });
});

test("legal process is served, called back, scoped by two operators and fetched, each in their own command", async (t) => {
  const { officer, first, second, owner, board, cloud } = await workplace("legal");
  t.teardown(cloud.close);
  const line = {
    data: "metadata",
    camera: board.id,
    from: "2026-11-01T00:00:00.000Z",
    to: "2026-11-02T00:00:00.000Z",
  };
  const wish = { file: "24-118", type: "subpoena", line: [{ ...line, indoor: false }] };
  const { id = "" } = await heard((terminal) => legalServe(officer, wish, terminal));
  await heard((terminal) => operatorCallback(first, id, { called: "+15550100" }, terminal));
  t.match(await heard((terminal) => operatorQueue(first, terminal)), {
    id,
    what: "process",
    state: "authenticated",
  });
  await heard((terminal) => operatorScope(first, id, { verdict: "produce", keep: [0] }, terminal));
  await t.rejects(operatorAnswer(first, id, "confirm", quiet()), { message: /takes two people/ });
  t.match(await heard((terminal) => operatorAnswer(second, id, "confirm", terminal)), { state: "scoped" });
  t.match(await heard((terminal) => operatorProcesses(second, terminal)), {
    id,
    items: [{ data: "metadata" }],
  });
  t.match(await heard((terminal) => memberNotices(owner, "en", terminal)), {
    text: /served legal process on this cloud/,
  });
  await t.rejects(legalFetch(officer, id, join(room, "x.tar"), quiet()), {
    message: /Nothing is handed over yet/,
  });
  t.match(await heard((terminal) => legalWithdraw(officer, id, terminal)), { state: "withdrawn" });
  t.match(await heard((terminal) => legalList(officer, terminal)), { id, state: "withdrawn" });
});
