import type { Kysely, Migration } from "kysely";

/** What became of releases, and the batches by which the public log commits to it. */
export const releases: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("release_batch")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("at", "bigint", (column) => column.notNull())
      .addColumn("state", "text", (column) => column.notNull())
      .addColumn("root", "text", (column) => column.notNull())
      .addColumn("commitments", "text", (column) => column.notNull())
      .addColumn("log_index", "integer")
      .execute();
    await schema
      .createTable("release_act")
      .addColumn("release", "text", (column) => column.notNull())
      .addColumn("act", "text", (column) => column.notNull())
      .addColumn("text", "text", (column) => column.notNull())
      .addColumn("salt", "text", (column) => column.notNull())
      .addColumn("batch", "text", (column) => column.references("release_batch.id"))
      .addPrimaryKeyConstraint("release_act_key", ["release", "act"])
      .execute();
    await schema.createIndex("release_act_batch").on("release_act").column("batch").execute();
  },
};
