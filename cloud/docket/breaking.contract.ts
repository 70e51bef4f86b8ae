import { type Kysely, sql } from "kysely";
import type { Database } from "../database.io.js";

// A database whose writes fail when a test says so, by SQLite's own triggers.

/** Call once for the tables that may fail. */
export async function makeBreakable(db: Kysely<Database>, tables: readonly string[]): Promise<void> {
  await sql`create table broken (what text primary key)`.execute(db);
  for (const table of tables)
    for (const write of ["insert", "update"])
      await sql`create trigger ${sql.raw(`broken_${table}_${write}`)} before ${sql.raw(write)} on ${sql.raw(table)}
        when exists (select 1 from broken where what = ${sql.lit(table)})
        begin select raise(abort, 'The disk is full.'); end`.execute(db);
}

/** From here on every write to these fails, and none to the others. */
export async function breakTables(db: Kysely<Database>, broken: readonly string[]): Promise<void> {
  await sql`delete from broken`.execute(db);
  for (const what of broken) await sql`insert into broken values (${what})`.execute(db);
}
