import type { Kysely, Migration } from "kysely";

/** Links by which a member lets somebody outside see one clip for a while. */
export const shares: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("share")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("member", "text", (column) => column.notNull())
      .addColumn("clip", "text", (column) => column.notNull())
      .addColumn("camera", "text", (column) => column.notNull())
      .addColumn("pieces", "integer", (column) => column.notNull())
      .addColumn("header", "text", (column) => column.notNull())
      .addColumn("views", "integer", (column) => column.notNull())
      .addColumn("views_max", "integer")
      .addColumn("made_at", "bigint", (column) => column.notNull())
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .execute();
    await schema.createIndex("share_of_clip").on("share").columns(["household", "clip"]).execute();
    await schema
      .createTable("share_piece")
      .addColumn("share", "text", (column) => column.notNull().references("share.id").onDelete("cascade"))
      .addColumn("piece", "integer", (column) => column.notNull())
      .addColumn("bytes", "integer", (column) => column.notNull())
      .addPrimaryKeyConstraint("share_piece_key", ["share", "piece"])
      .execute();
  },
};
