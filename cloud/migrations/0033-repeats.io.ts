import type { Kysely, Migration } from "kysely";

/** What was answered to creations that carry an Idempotency-Key. */
export const repeats: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("repeat")
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("member", "text", (column) => column.notNull())
      .addColumn("key", "text", (column) => column.notNull())
      .addColumn("asked", "text", (column) => column.notNull())
      .addColumn("made_at", "bigint", (column) => column.notNull())
      .addColumn("status", "integer")
      .addColumn("answer", "text")
      .addPrimaryKeyConstraint("repeat_key", ["household", "member", "key"])
      .execute();
  },
};
