import type { Database as Sqlite } from "better-sqlite3";
import { Kysely, type Migration, Migrator, type SqliteDatabase, SqliteDialect } from "kysely";
import type { DocketTables } from "./docket/tables.js";
import type { FootageTables } from "./footage/tables.js";
import type { HouseholdTables } from "./household/tables.js";
import type { LegalTables } from "./legal/tables.js";
import { household } from "./migrations/0001-household.io.js";
import { clips } from "./migrations/0002-clips.io.js";
import { thumbnails } from "./migrations/0003-thumbnail.io.js";
import { modes } from "./migrations/0010-modes.io.js";
import { sessions } from "./migrations/0020-sessions.io.js";
import { tokens } from "./migrations/0021-tokens.io.js";
import { passkeys } from "./migrations/0022-passkeys.io.js";
import { passphrases } from "./migrations/0023-passphrases.io.js";
import { shares } from "./migrations/0024-shares.io.js";
import { keeping } from "./migrations/0030-keeping.io.js";
import { custody } from "./migrations/0031-custody.io.js";
import { webhooks } from "./migrations/0032-webhooks.io.js";
import { repeats } from "./migrations/0033-repeats.io.js";
import { renewals } from "./migrations/0034-renewals.io.js";
import { invitations } from "./migrations/0035-invitations.io.js";
import { sight } from "./migrations/0040-sight.io.js";
import { proposals } from "./migrations/0041-proposals.io.js";
import { recoveries } from "./migrations/0042-recoveries.io.js";
import { publicLog } from "./migrations/0050-log.io.js";
import { charterTag } from "./migrations/0051-charter-tag.io.js";
import { logWitnesses } from "./migrations/0052-log-witnesses.io.js";
import { logKey } from "./migrations/0053-log-key.io.js";
import { offices } from "./migrations/0060-offices.io.js";
import { docket } from "./migrations/0061-docket.io.js";
import { accesses } from "./migrations/0062-accesses.io.js";
import { releases } from "./migrations/0063-releases.io.js";
import { footage } from "./migrations/0064-footage.io.js";
import { sealedState } from "./migrations/0066-sealed-state.io.js";
import { holds } from "./migrations/0070-holds.io.js";
import { notices } from "./migrations/0071-notices.io.js";
import { ownersWords } from "./migrations/0072-owners-words.io.js";
import { officeWays } from "./migrations/0073-office-ways.io.js";
import { contactsState } from "./migrations/0074-contacts-state.io.js";
import type { NotifyTables } from "./notify/tables.js";
import type { OfficeTables } from "./office/tables.js";
import type { OperatorTables } from "./operator/tables.js";
import type { ReleaseTables } from "./release/tables.js";
import { BetterSqlite3 } from "./sqlite.io.js";
import type { LogTables } from "./tlog/tables.js";
import type { VaultTables } from "./vault/tables.js";

/** Every table of the cloud's database: each module names its own in its `tables.ts` (`HouseholdTables & VaultTables & …`). */
export type Database = HouseholdTables &
  VaultTables &
  NotifyTables &
  LogTables &
  OfficeTables &
  DocketTables &
  OperatorTables &
  ReleaseTables &
  FootageTables &
  LegalTables;

/** In the order in which they run. A name is never changed and never reused once released. */
const migrations: Readonly<Record<string, Migration>> = {
  "0001-household": household,
  "0002-clips": clips,
  "0003-thumbnail": thumbnails,
  "0010-modes": modes,
  "0020-sessions": sessions,
  "0021-tokens": tokens,
  "0022-passkeys": passkeys,
  "0023-passphrases": passphrases,
  "0024-shares": shares,
  "0030-keeping": keeping,
  "0031-custody": custody,
  "0032-webhooks": webhooks,
  "0033-repeats": repeats,
  "0034-renewals": renewals,
  "0035-invitations": invitations,
  "0040-sight": sight,
  "0041-proposals": proposals,
  "0042-recoveries": recoveries,
  "0050-log": publicLog,
  "0051-charter-tag": charterTag,
  "0052-log-witnesses": logWitnesses,
  "0053-log-key": logKey,
  "0060-offices": offices,
  "0062-accesses": accesses,
  "0061-docket": docket,
  "0063-releases": releases,
  "0064-footage": footage,
  "0070-holds": holds,
  "0071-notices": notices,
  "0066-sealed-state": sealedState,
  "0073-office-ways": officeWays,
  "0074-contacts-state": contactsState,
  "0072-owners-words": ownersWords,
};

/** Statements that stay prepared: more than the cloud has kinds of. */
const preparedMax = 500;

/** How long a writer waits for another process's lock, in milliseconds. */
const busyMillis = 5_000;

/** Opens the cloud's database, `:memory:` for tests, and brings its schema up to date. `destroy()` closes it. */
export function openDatabase(path: string): Promise<Kysely<Database>> {
  return openSqlite<Database>(path, migrations);
}

/**
 * Opens one SQLite file under Kysely: write-ahead log, `synchronous=FULL`, foreign keys on. A committed transaction survives
 * a power cut; a power cut before the commit leaves nothing of it. Throws on a schema newer than this program.
 */
export async function openSqlite<Tables>(
  path: string,
  wanted: Readonly<Record<string, Migration>>,
): Promise<Kysely<Tables>> {
  const sqlite = new BetterSqlite3(path, { timeout: busyMillis });
  try {
    sqlite.pragma("journal_mode = WAL");
    sqlite.pragma("synchronous = FULL");
    sqlite.pragma("foreign_keys = ON");
    refuseNewerSchema(sqlite, path, Object.keys(wanted));
    const db = new Kysely<Tables>({
      dialect: new SqliteDialect({ database: prepareOnce(rollingBackOnce(sqlite)) }),
    });
    await migrate(db, wanted);
    return db;
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

/**
 * SQLite has rolled back by itself when a disk is full or fails (sqlite.org/lang_transaction.html §3). The rollback that follows
 * would then fail, and its error would stand in the place of the one that says why: it is done already.
 */
function rollingBackOnce(sqlite: Sqlite): SqliteDatabase {
  const done = "select 1 where false";
  return {
    prepare: (text) => sqlite.prepare(text === "rollback" && !sqlite.inTransaction ? done : text),
    close: () => sqlite.close(),
  };
}

/** To prepare a statement costs as much as to carry it out, and the cloud has few of them. */
function prepareOnce(database: SqliteDatabase): SqliteDatabase {
  const prepared = new Map<string, ReturnType<SqliteDatabase["prepare"]>>();
  return {
    ...database,
    prepare(text) {
      const before = prepared.get(text);
      if (before !== undefined) return before;
      const statement = database.prepare(text);
      if (prepared.size < preparedMax && text !== "rollback") prepared.set(text, statement);
      return statement;
    },
  };
}

async function migrate<Tables>(
  db: Kysely<Tables>,
  wanted: Readonly<Record<string, Migration>>,
): Promise<void> {
  // No migration builds on one with a higher number, so one that came later with a lower number may still run.
  const provider = { getMigrations: async () => ({ ...wanted }) };
  const migrator = new Migrator({ db, provider, allowUnorderedMigrations: true });
  // Each run is one transaction: after a power cut in it the schema is the old one, and the next start runs it again.
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

function refuseNewerSchema(sqlite: Sqlite, path: string, known: readonly string[]): void {
  const table = sqlite
    .prepare("select 1 from sqlite_master where type = 'table' and name = 'kysely_migration'")
    .get();
  if (table === undefined) return;
  const names = sqlite.prepare("select name from kysely_migration order by name").pluck().all();
  const unknown = names.filter((name) => typeof name !== "string" || !known.includes(name));
  if (unknown.length === 0) return;
  throw new Error(
    `The database ${path} was written by a newer Lintel (it has ${unknown.join(", ")}). Start that version, or restore a backup made before the upgrade.`,
  );
}
