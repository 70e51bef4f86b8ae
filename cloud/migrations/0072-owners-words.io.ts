import { type Kysely, type Migration, sql } from "kysely";

/** What each owner's client says of itself at its rounds. An emergency's claim is a signed note from here on: what was none is over. */
export const ownersWords: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("owners_word")
      .addColumn("household", "text", (column) => column.notNull().references("household.id"))
      .addColumn("member", "text", (column) => column.notNull())
      .addColumn("at", "bigint", (column) => column.notNull())
      .addColumn("note", "text", (column) => column.notNull())
      .addColumn("file", "text", (column) => column.notNull())
      .addPrimaryKeyConstraint("owners_word_of", ["household", "member"])
      .execute();
    await sql`delete from docket where machine = 'emergency' and json_extract(state, '$.claim') is null`.execute(
      db,
    );
  },
};
