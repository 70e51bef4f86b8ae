import type { Kysely, Migration } from "kysely";

/** What a household's owners keep among themselves, sealed: one file each, all of about one length. */
export const sealedState: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("sealed_state")
      .addColumn("household", "text", (column) => column.primaryKey().references("household.id"))
      .addColumn("version", "integer", (column) => column.notNull())
      .addColumn("file", "text", (column) => column.notNull())
      .execute();
  },
};
