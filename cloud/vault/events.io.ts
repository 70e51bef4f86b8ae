import type { Kysely } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { CameraId, EventId, HouseholdId } from "../../shared/kernel/ids.js";
import type { DoorEvent } from "../../shared/protocol/messages.js";
import { type Page, pageMax, pageOf, type RetentionRule, type StoredEvent } from "./clip.js";
import { noteTrigger } from "./clips.io.js";
import { keptSince } from "./retention.io.js";
import type { VaultTables } from "./tables.js";

/** An event as it came, and whose it is. */
export interface CameraEvent {
  readonly household: HouseholdId;
  readonly camera: CameraId;
  readonly event: DoorEvent;
}

export interface EventQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** Only of these; all when absent. */
  readonly cameras?: readonly CameraId[] | undefined;
}

/** Stores events, once per id. Those that were new. */
export async function insertEvents(
  db: Kysely<VaultTables>,
  events: readonly CameraEvent[],
  now: Millis,
): Promise<readonly DoorEvent[]> {
  // Power lost before the commit: none of them is stored, none was acknowledged; the camera sends them again.
  return db.transaction().execute(async (trx) => {
    const fresh: DoorEvent[] = [];
    for (const { household, camera, event } of events) {
      const { numInsertedOrUpdatedRows } = await trx
        .insertInto("event")
        .values({
          household,
          id: event.id,
          camera,
          kind: event.kind,
          clip: event.clip ?? null,
          message: JSON.stringify(event),
          arrived_at: now,
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows !== 1n) continue;
      fresh.push(event);
      if (event.clip !== undefined) await noteTrigger(trx, { household, id: event.clip });
    }
    return fresh;
  });
}

/** A household's events, newest first. */
export async function listEvents(
  db: Kysely<VaultTables>,
  household: HouseholdId,
  query: EventQuery,
): Promise<Page<StoredEvent>> {
  const limit = Math.min(query.limit, pageMax);
  let select = db
    .selectFrom("event")
    .selectAll()
    .where("household", "=", household)
    .orderBy("id", "desc")
    .limit(limit + 1);
  if (query.cursor !== undefined) select = select.where("id", "<", query.cursor);
  if (query.cameras !== undefined) select = select.where("camera", "in", query.cameras);
  const page = pageOf(await select.execute(), limit);
  const items = page.items.map((row) => ({
    id: row.id as EventId,
    camera: row.camera as CameraId,
    arrivedAt: millis(Number(row.arrived_at)),
    event: JSON.parse(row.message) as DoorEvent,
  }));
  return { ...page, items };
}

/** Those past their household's retention. */
export async function forgetEvents(db: Kysely<VaultTables>, rule: RetentionRule, now: Millis): Promise<void> {
  await db
    .deleteFrom("event")
    .where("arrived_at", "<", (eb) => keptSince(eb.ref("event.household"), rule, now))
    .execute();
}
