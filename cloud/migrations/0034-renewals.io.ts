import type { Kysely, Migration } from "kysely";

/** What a camera whose certificate ended asks for, and what an owner answered. */
export const renewals: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("renewal")
      .addColumn("camera", "text", (column) => column.primaryKey())
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("note", "text", (column) => column.notNull())
      .addColumn("asked_at", "bigint", (column) => column.notNull())
      .addColumn("answer", "text")
      .addColumn("answered_at", "bigint")
      .execute();
  },
};
