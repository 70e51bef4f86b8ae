import type { Kysely, Migration } from "kysely";

/** Sessions of those who work for agencies and the operator. */
export const offices: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("office_session")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("office", "text", (column) => column.notNull())
      .addColumn("person", "text", (column) => column.notNull())
      .addColumn("client", "text", (column) => column.notNull())
      .addColumn("refresh", "text", (column) => column.notNull())
      .addColumn("used_at", "bigint", (column) => column.notNull())
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .execute();
    await schema
      .createIndex("office_session_of")
      .on("office_session")
      .columns(["office", "person"])
      .execute();
  },
};
