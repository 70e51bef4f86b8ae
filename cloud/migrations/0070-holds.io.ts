import type { Kysely, Migration } from "kysely";

/** What retention and deletion pass by while an order stands. */
export const holds: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("hold")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("camera", "text", (column) => column.notNull())
      .addColumn("id_from", "text", (column) => column.notNull())
      .addColumn("id_to", "text", (column) => column.notNull())
      .execute();
    await schema.createIndex("hold_of_camera").on("hold").columns(["household", "camera"]).execute();
  },
};
