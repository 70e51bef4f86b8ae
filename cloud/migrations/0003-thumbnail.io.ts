import type { Kysely, Migration } from "kysely";

/** Sealed pictures, at most one a clip. */
export const thumbnails: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("thumbnail")
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("clip", "text", (column) => column.notNull())
      .addColumn("take", "integer", (column) => column.notNull())
      .addColumn("bytes", "integer", (column) => column.notNull())
      .addColumn("sha256", "text", (column) => column.notNull())
      .addColumn("note", "text", (column) => column.notNull())
      .addColumn("header", "text", (column) => column.notNull())
      .addColumn("body", "text", (column) => column.notNull())
      .addColumn("arrived_at", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("thumbnail_key", ["household", "clip"])
      .addForeignKeyConstraint("thumbnail_of_clip", ["household", "clip"], "clip", ["household", "id"])
      .execute();
  },
};
