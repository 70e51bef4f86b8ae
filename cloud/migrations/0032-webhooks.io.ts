import { type Kysely, type Migration, sql } from "kysely";

/**
 * Webhooks and what waits to be delivered. Deliveries are queued by triggers, in the very transaction that stores the event or
 * ends the clip: what is stored is told, whatever dies in between.
 */
export const webhooks: Migration = {
  async up(db: Kysely<unknown>) {
    const { schema } = db;
    await schema
      .createTable("webhook")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("url", "text", (column) => column.notNull())
      .addColumn("secret", "text", (column) => column.notNull())
      .addColumn("made_at", "bigint", (column) => column.notNull())
      .addColumn("ended_at", "bigint")
      .execute();
    await schema.createIndex("webhook_of_household").on("webhook").column("household").execute();
    await schema
      .createTable("webhook_delivery")
      .addColumn("webhook", "text", (column) => column.notNull().references("webhook.id").onDelete("cascade"))
      .addColumn("message", "text", (column) => column.notNull())
      .addColumn("kind", "text", (column) => column.notNull())
      .addColumn("payload", "text", (column) => column.notNull())
      .addColumn("made_at", "bigint", (column) => column.notNull())
      .addColumn("tries", "integer", (column) => column.notNull().defaultTo(0))
      .addColumn("due_at", "bigint")
      .addColumn("delivered_at", "bigint")
      .addColumn("answer", "text")
      .addPrimaryKeyConstraint("webhook_delivery_key", ["webhook", "message"])
      .execute();
    await schema.createIndex("webhook_delivery_due").on("webhook_delivery").column("due_at").execute();
    await sql`create trigger event_is_told after insert on event begin
      insert into webhook_delivery (webhook, message, kind, payload, made_at, due_at)
      select id, new.id, new.kind, json_object('type', new.kind, 'timestamp', json_extract(new.message, '$.at'),
        'data', json_object('household', new.household, 'camera', new.camera, 'event', new.id, 'clip', new.clip)),
        new.arrived_at, new.arrived_at
      from webhook where household = new.household and ended_at is null; end`.execute(db);
    await sql`create trigger clip_end_is_told after update of segments, last_index on clip
      when new.segments = new.last_index + 1 and (old.last_index is null or old.segments <> old.last_index + 1) begin
      insert into webhook_delivery (webhook, message, kind, payload, made_at, due_at)
      select id, 'ended-' || new.id, 'clip.ended', json_object('type', 'clip.ended',
        'timestamp', strftime('%Y-%m-%dT%H:%M:%fZ', new.last_arrived_at / 1000.0, 'unixepoch'),
        'data', json_object('household', new.household, 'camera', new.camera, 'clip', new.id, 'state', new.end)),
        new.last_arrived_at, new.last_arrived_at
      from webhook where household = new.household and ended_at is null; end`.execute(db);
  },
};
