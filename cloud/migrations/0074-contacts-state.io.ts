import type { Kysely, Migration } from "kysely";

/** What a household's contacts keep among themselves in an emergency: as the owners' state, beside it. */
export const contactsState: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("contacts_state")
      .addColumn("household", "text", (column) => column.primaryKey().references("household.id"))
      .addColumn("version", "integer", (column) => column.notNull())
      .addColumn("file", "text", (column) => column.notNull())
      .execute();
  },
};
