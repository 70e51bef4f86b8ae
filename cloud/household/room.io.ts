import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Millis } from "../../shared/kernel/brand.js";
import type { Database } from "../database.io.js";

/** A table of which each person has a few rows at a time, each for a while. */
export interface Shelf {
  readonly table: "session" | "office_session" | "login_challenge";
  /** Its key. */
  readonly id: "id" | "nonce";
  /** By which the newest are found. */
  readonly newest: "used_at" | "expires_at";
  /** Rows of one person at a time. */
  readonly perPersonMax: number;
}

/** Removes what has expired, and of one person's rows all but the newest, so that one more has room: the keys of the latter. */
export async function makeRoom(
  db: Kysely<Database>,
  { table, id, newest, perPersonMax }: Shelf,
  whose: Readonly<Record<string, string>>,
  now: Millis,
): Promise<readonly string[]> {
  const rows = sql.table(table);
  await sql`delete from ${rows} where expires_at <= ${now}`.execute(db);
  const conditions = Object.entries(whose).map(
    ([column, value]): RawBuilder<unknown> => sql`${sql.ref(column)} = ${value}`,
  );
  const theirs = sql.join(conditions, sql` and `);
  const kept = sql`select ${sql.ref(id)} from ${rows} where ${theirs} order by ${sql.ref(newest)} desc limit ${perPersonMax - 1}`;
  const removed = await sql<{ key: string }>`
    delete from ${rows} where ${theirs} and ${sql.ref(id)} not in (${kept}) returning ${sql.ref(id)} as key`.execute(
    db,
  );
  return removed.rows.map(({ key }) => key);
}
