import { type Kysely, type Migration, sql } from "kysely";

/** By which batch of the public log a segment is known to have existed. */
export const footage: Migration = {
  async up(db: Kysely<unknown>) {
    const { schema } = db;
    await schema
      .createTable("footage_batch")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("at", "bigint", (column) => column.notNull())
      .addColumn("root", "text", (column) => column.notNull())
      .addColumn("leaves", "blob", (column) => column.notNull())
      .addColumn("log_index", "integer")
      .execute();
    await schema.alterTable("segment").addColumn("salt", "text").execute();
    await schema.alterTable("segment").addColumn("batch", "text").execute();
    // Only what waits for its batch: the index stays as small as an hour's segments.
    await sql`create index segment_unlogged on segment (household, clip, segment) where batch is null`.execute(
      db,
    );
  },
};
