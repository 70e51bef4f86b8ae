import type { Kysely, Migration } from "kysely";

/** Clips, their segments, events at the door and the cameras' last words. */
export const clips: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("clip")
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("id", "text", (column) => column.notNull())
      .addColumn("camera", "text", (column) => column.notNull())
      .addColumn("arrived_at", "bigint", (column) => column.notNull())
      .addColumn("last_arrived_at", "bigint", (column) => column.notNull())
      .addColumn("segments", "integer", (column) => column.notNull())
      .addColumn("bytes", "bigint", (column) => column.notNull())
      .addColumn("last_index", "integer")
      .addColumn("end", "text", (column) => column.notNull())
      .addColumn("deleted_at", "bigint")
      .addColumn("deletion", "text")
      .addPrimaryKeyConstraint("clip_key", ["household", "id"])
      .execute();
    await schema.createIndex("clip_of_camera").on("clip").columns(["camera", "id"]).execute();
    await schema.createIndex("clip_by_arrival").on("clip").column("arrived_at").execute();
    await schema
      .createTable("segment")
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("clip", "text", (column) => column.notNull())
      .addColumn("segment", "integer", (column) => column.notNull())
      .addColumn("bytes", "bigint", (column) => column.notNull())
      .addColumn("sha256", "text", (column) => column.notNull())
      .addColumn("note", "text", (column) => column.notNull())
      .addColumn("header", "text", (column) => column.notNull())
      .addColumn("header_bytes", "integer", (column) => column.notNull())
      .addColumn("arrived_at", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("segment_key", ["household", "clip", "segment"])
      .addForeignKeyConstraint("segment_of_clip", ["household", "clip"], "clip", ["household", "id"])
      .execute();
    await schema
      .createTable("event")
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("id", "text", (column) => column.notNull())
      .addColumn("camera", "text", (column) => column.notNull())
      .addColumn("kind", "text", (column) => column.notNull())
      .addColumn("clip", "text")
      .addColumn("message", "text", (column) => column.notNull())
      .addColumn("arrived_at", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("event_key", ["household", "id"])
      .execute();
    await schema.createIndex("event_of_clip").on("event").columns(["household", "clip"]).execute();
    await schema
      .createTable("camera_status")
      .addColumn("camera", "text", (column) => column.primaryKey())
      .addColumn("seen_at", "bigint", (column) => column.notNull())
      .addColumn("message", "text", (column) => column.notNull())
      .execute();
  },
};
