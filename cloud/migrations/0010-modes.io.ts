import type { Kysely, Migration } from "kysely";

/** The newest mode order of each camera. */
export const modes: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("camera_mode")
      .addColumn("camera", "text", (column) => column.primaryKey().references("camera.id"))
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("counter", "integer", (column) => column.notNull())
      .addColumn("note", "text", (column) => column.notNull())
      .addColumn("arrived_at", "bigint", (column) => column.notNull())
      .execute();
  },
};
