import { type Kysely, type Migration, sql } from "kysely";

/** Entries lie in the order of their times, not of their hashes: a long log's new rows stay on few pages. */
export const logKey: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("log_entry").renameColumn("sha256", "entry_key").execute();
    await sql`update log_entry set entry_key = printf('%016d ', at) || entry_key`.execute(db);
  },
};
