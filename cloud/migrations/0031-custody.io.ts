import type { Kysely, Migration } from "kysely";

/** Who did what to which clip; rows are added and, long after, forgotten, never changed. */
export const custody: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("custody")
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("id", "text", (column) => column.notNull())
      .addColumn("at", "bigint", (column) => column.notNull())
      .addColumn("act", "text", (column) => column.notNull())
      .addColumn("clip", "text", (column) => column.notNull())
      .addColumn("camera", "text", (column) => column.notNull())
      .addColumn("member", "text", (column) => column.notNull())
      .addPrimaryKeyConstraint("custody_key", ["household", "id"])
      .execute();
  },
};
