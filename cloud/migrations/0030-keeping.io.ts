import { type Kysely, type Migration, sql } from "kysely";

/** What first caused each clip, in its own row; keep-marks; retention as households chose it. */
export const keeping: Migration = {
  async up(db: Kysely<unknown>) {
    const { schema } = db;
    await schema.alterTable("clip").addColumn("trigger", "text").execute();
    await schema.alterTable("clip").addColumn("kept_at", "bigint").execute();
    await sql`update clip set "trigger" = (
      select kind from event where event.household = clip.household and event.clip = clip.id
      and kind in ('press', 'motion') order by event.id limit 1)`.execute(db);
    await schema
      .createIndex("clip_of_trigger")
      .on("clip")
      .columns(["household", "trigger", "id"])
      .where(sql.ref("deleted_at"), "is", null)
      .execute();
    await schema
      .createIndex("clip_kept")
      .on("clip")
      .column("household")
      .where(sql.ref("kept_at"), "is not", null)
      .execute();
    await schema
      .createTable("retention")
      .addColumn("household", "text", (column) => column.primaryKey())
      .addColumn("days", "integer", (column) => column.notNull())
      .addColumn("set_at", "bigint", (column) => column.notNull())
      .execute();
  },
};
