import type { Kysely, Migration } from "kysely";

/** What an officer's or operator's session was opened with; those before this with their own key. */
export const officeWays: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .alterTable("office_session")
      .addColumn("how", "text", (column) => column.notNull().defaultTo("key"))
      .execute();
  },
};
