import type { Kysely, Migration } from "kysely";

/** What operators looked at. */
export const accesses: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("access_read")
      .addColumn("access", "text", (column) => column.notNull())
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("kind", "text", (column) => column.notNull())
      .addColumn("at", "bigint", (column) => column.notNull())
      .execute();
    await schema.createIndex("access_read_of").on("access_read").columns(["household", "access"]).execute();
  },
};
