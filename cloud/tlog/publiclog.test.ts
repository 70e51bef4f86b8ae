import { mkdtempSync, rmSync } from "node:fs";
import { readdir, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { type Test, test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { textOf, type Verifier } from "../../shared/seal/note.js";
import { parseCheckpoint } from "../../shared/tlog/checkpoint.js";
import { formatEntry, type LogEntry } from "../../shared/tlog/entry.js";
import type { WitnessPolicy } from "../../shared/tlog/policy.js";
import { verifyProof } from "../../shared/tlog/proof.js";
import { openDatabase } from "../database.io.js";
import { openPublicLog, type PublicLog } from "./publiclog.io.js";

const origin = "log.example/tlog";
const entry = (number: number): LogEntry => ({
  kind: number % 2 === 0 ? "request" : "agency",
  id: `entry-${number}`,
  at: millis(1_795_000_000_000 + number),
  agency: `agency-${number % 3}`,
  state: "published",
  hash: hashOfText(`text ${number}`),
});
const some = (from: number, to: number): LogEntry[] =>
  Array.from({ length: to - from }, (_, at) => entry(from + at));

/** A cloud's data directory with a database and a log that can be closed and opened again. */
async function cloudIn(t: Test) {
  const data = mkdtempSync(join(tmpdir(), "lintel-log-"));
  const database = join(data, "cloud.db");
  let db = await openDatabase(database);
  let log = await openPublicLog({ db, data, origin });
  t.teardown(async () => {
    await log.close();
    await db.destroy();
    rmSync(data, { recursive: true });
  });
  return {
    data,
    log: () => log,
    db: () => db,
    async again(
      between: () => Promise<void> | void = () => undefined,
      more: { readonly witnesses?: WitnessPolicy } = {},
    ): Promise<PublicLog> {
      await log.close();
      await db.destroy();
      await between();
      db = await openDatabase(database);
      log = await openPublicLog({ db, data, origin, ...more });
      return log;
    },
  };
}

const holds = (proof: string | undefined, one: LogEntry, log: Verifier): boolean =>
  verifyProof(proof ?? "", formatEntry(one), { log, witnesses: [], quorum: 0 }).ok;
const published = (log: PublicLog): number => parseCheckpoint(textOf(log.checkpoint()))?.size ?? -1;

test("an entry stands once however often it is appended, with a proof that anybody can check", async (t) => {
  const cloud = await cloudIn(t);
  const log = cloud.log();
  const twice = await Promise.all([...some(0, 300), ...some(0, 300)].map((one) => log.append(one)));
  t.equal(new Set(twice.map(({ index }) => index)).size, 300);
  t.equal(published(log), 300);
  for (let at = 0; at < 600; at += 37) t.ok(holds(twice[at]?.proof, entry(at % 300), log.verifier));
  t.same(await log.append(entry(7)), twice[7], "again, later: the same proof as when it was published");
  const after = await cloud.again();
  t.same(await after.append(entry(7)), twice[7], "and after a restart");
  t.same(await after.find(entry(8)), twice[8]);
  t.equal(await after.find(entry(300)), undefined);
  await Promise.all(some(300, 900).map((one) => after.append(one)));
  t.same(await after.find(entry(8)), twice[8], "and when the log has grown");
  t.equal(await after.proof(900), undefined);
  const stranger: Verifier = { ...after.verifier, publicKey: new Uint8Array(32) };
  t.notOk(holds(twice[0]?.proof, entry(0), stranger));
  t.notOk(holds(twice[0]?.proof, entry(1), after.verifier), "nor does it hold for another entry");
});

test("whatever a crash left half-done stands once after the next start", async (t) => {
  const cloud = await cloudIn(t);
  await Promise.all(some(0, 300).map((one) => cloud.log().append(one)));
  // Meant in a transaction, and never asked for again: the cloud died.
  await cloud.db().executeQuery(cloud.log().intent(entry(500)));
  // In the log, while its row was never told where.
  const lost = await Promise.all(some(300, 320).map((one) => cloud.log().enter(one)));
  await cloud.db().updateTable("log_entry").set({ place: null }).where("place", ">=", 300).execute();
  const log = await cloud.again();
  t.equal(log.health().entries, 321);
  for (const [at, index] of lost.entries()) t.equal((await log.append(entry(300 + at))).index, index);
  t.equal((await log.append(entry(500))).index, 320);
  t.equal((await cloud.again()).health().entries, 321, "and nothing comes again");
  // A database that was put back without its log.
  await cloud.db().deleteFrom("log_entry").where("place", ">=", 250).execute();
  const newer = await cloud.again();
  t.equal((await newer.append(entry(310))).index, lost[10], "what it forgot it learns from the log");
  t.equal((await newer.list({ limit: 400 })).length, 321);
  // The same, and a file of the log is lost beside it.
  await cloud.db().deleteFrom("log_entry").where("place", ">=", 250).execute();
  const [name = ""] = await readdir(join(cloud.data, "log"));
  const [whole, aside] = [join(cloud.data, "log", name, "tile/entries/000"), join(cloud.data, "aside")];
  await t.rejects(
    cloud.again(() => rename(whole, aside)),
    /tile\/entries\/000 is missing or cut\. Restore a backup/,
  );
  t.equal((await cloud.again(() => rename(aside, whole))).health().entries, 321);
});

test("an entry of which the database could not say where it stands stands once all the same", async (t) => {
  const cloud = await cloudIn(t);
  const log = cloud.log();
  await log.append(entry(0));
  const full = sql`create trigger full before update on log_entry begin select raise(abort, 'disk is full'); end`;
  await full.execute(cloud.db());
  await t.rejects(log.append(entry(1)), /full/);
  await t.rejects(log.append(entry(2)), /full/);
  await sql`drop trigger full`.execute(cloud.db());
  const [second, first] = [await log.append(entry(2)), await log.append(entry(1))];
  t.same([first.index, second.index].sort(), [1, 2]);
  t.equal(published(log), 3);
  t.ok(holds(first.proof, entry(1), log.verifier) && holds(second.proof, entry(2), log.verifier));
});

test("entries are found by kind, agency and id, newest first", async (t) => {
  const cloud = await cloudIn(t);
  for (const one of some(0, 20)) await cloud.log().append(one);
  const log = cloud.log();
  const ids = async (query: Parameters<PublicLog["list"]>[0]) => (await log.list(query)).map(({ id }) => id);
  t.same(await ids({ kind: "request", limit: 2 }), ["entry-18", "entry-16", "entry-14"]);
  t.same(await ids({ agency: "agency-1", limit: 1 }), ["entry-19", "entry-16"]);
  t.same(await ids({ ids: ["entry-3", "entry-4", "entry-99"], limit: 9 }), ["entry-4", "entry-3"]);
  t.same(await ids({ before: 2, limit: 9 }), ["entry-1", "entry-0"]);
});

test("a log that is older than what was published is not opened, and without its key another one is begun", async (t) => {
  const cloud = await cloudIn(t);
  await Promise.all(some(0, 300).map((one) => cloud.log().append(one)));
  const old = cloud.log();
  const files = join(cloud.data, "log");
  const [name = ""] = await readdir(files);
  const aside = join(cloud.data, "aside");
  await t.rejects(
    cloud.again(() => rename(join(files, name), aside)),
    /has 0 entries, but 300 were published/,
  );
  // As a restored backup is: all rows, and no key.
  rmSync(join(files, name), { recursive: true });
  await rename(aside, join(files, name));
  const log = await cloud.again(() => rmSync(join(cloud.data, "identity/log.key")));
  t.match(log.verifier.name, /^log\.example\/tlog-\d{8}t\d{6}$/, "under another name");
  t.equal(log.health().entries, 300, "and all that is known stands in it");
  t.same((await readdir(files)).length, 2);
  const again = await log.append(entry(5));
  t.ok(holds(again.proof, entry(5), log.verifier));
  t.notOk(holds(again.proof, entry(5), old.verifier));
  t.same(await log.list({ limit: 1 }), [
    { index: 299, ...entry(299) },
    { index: 298, ...entry(298) },
  ]);
});

test("more than one batch takes at once stands once, and nothing is taken after the end", async (t) => {
  const cloud = await cloudIn(t);
  const all = await Promise.all(some(0, 1_100).map((one) => cloud.log().enter(one)));
  t.equal(new Set(all).size, 1_100);
  const again = await cloud.again();
  t.equal(await again.proof(1_999), undefined);
  await again.close();
  await t.rejects(again.append(entry(1_900)), /closed/);
});

test("what was published before there were witnesses is proved as it was", async (t) => {
  const cloud = await cloudIn(t);
  const { proof } = await cloud.log().append(entry(0));
  const key = { name: "w.example/w1", publicKey: cloud.log().verifier.publicKey };
  const away = { logs: [], witnesses: [{ key, url: "http://127.0.0.1:1" }], quorum: 1 };
  const log = await cloud.again(undefined, { witnesses: away });
  t.equal(await log.proof(0), proof);
});
