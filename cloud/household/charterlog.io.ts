import type { CompiledQuery, Kysely } from "kysely";
import { charterEntry, householdLogOf } from "../../shared/charter/logtag.js";
import { assert } from "../../shared/kernel/assert.js";
import { millis } from "../../shared/kernel/brand.js";
import type { HouseholdId } from "../../shared/kernel/ids.js";
import type { LogEntry } from "../../shared/tlog/entry.js";
import type { Database } from "../database.io.js";
import { readChain } from "./charterrows.io.js";

/** The public log, as far as charters need it. */
export interface CharterLog {
  /** What a transaction carries out, from whose commit on the entry is meant for the log. */
  intent(entry: LogEntry): CompiledQuery;
  /** Resolves once the log's own state has the entry; witnesses are not waited for. */
  enter(entry: LogEntry): Promise<unknown>;
}

/** Entries that wait for the log at a time. */
const atOnceMax = 500;

/** The entry of a stored charter, meant for the log by the transaction that stored it: there are both or neither. */
export async function meanCharter(
  tx: Kysely<Database>,
  { household, version }: CharterName,
  log: CharterLog,
): Promise<LogEntry> {
  const entry = await entryOf(tx, { household, version });
  await tx.executeQuery(log.intent(entry));
  await tx
    .updateTable("charter")
    .set({ tag: entry.id })
    .where("household", "=", household)
    .where("version", "=", version)
    .execute();
  return entry;
}

interface CharterName {
  readonly household: HouseholdId;
  readonly version: number;
}

/** Always the same of one charter: its time is that at which it arrived. */
async function entryOf(db: Kysely<Database>, { household, version }: CharterName): Promise<LogEntry> {
  const [first] = await readChain(db, household, 0, 1);
  const row = await db
    .selectFrom("charter")
    .select(["hash", "arrived_at"])
    .where("household", "=", household)
    .where("version", "=", version)
    .executeTakeFirst();
  assert(
    first !== undefined && row !== undefined,
    "a stored charter has a row, and its household a first one",
  );
  const at = millis(Number(row.arrived_at));
  return charterEntry(householdLogOf(first), { version, hash: row.hash, at });
}

/** Charters that were stored before there was a log get their entries, the oldest first. How many. */
export async function enterOldCharters(db: Kysely<Database>, log: CharterLog): Promise<number> {
  const old = await db
    .selectFrom("charter")
    .select(["household", "version"])
    .where("tag", "is", null)
    .orderBy("arrived_at")
    .execute();
  const entries: LogEntry[] = [];
  for (const { household, version } of old) {
    const name = { household: household as HouseholdId, version };
    // Power lost in between: the next start goes on with those that have no tag.
    entries.push(await db.transaction().execute((tx) => meanCharter(tx, name, log)));
  }
  while (entries.length > 0) await Promise.all(entries.splice(0, atOnceMax).map((entry) => log.enter(entry)));
  return old.length;
}
