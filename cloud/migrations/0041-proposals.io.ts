import type { Kysely, Migration } from "kysely";

/** Next charters that wait for owners' signatures, one a household. */
export const proposals: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("proposal")
      .addColumn("household", "text", (column) => column.primaryKey().references("household.id"))
      .addColumn("note", "text", (column) => column.notNull())
      .addColumn("openings", "text", (column) => column.notNull())
      .addColumn("key_files", "text", (column) => column.notNull())
      .addColumn("made_at", "bigint", (column) => column.notNull())
      .execute();
  },
};
