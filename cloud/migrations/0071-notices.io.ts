import type { Kysely, Migration } from "kysely";

/** What households are told of orders about their recordings. */
export const notices: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("notice")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("about", "text", (column) => column.notNull())
      .addColumn("kind", "text", (column) => column.notNull())
      .addColumn("at", "bigint", (column) => column.notNull())
      .addColumn("facts", "text", (column) => column.notNull())
      .addUniqueConstraint("notice_once", ["household", "about", "kind"])
      .execute();
  },
};
