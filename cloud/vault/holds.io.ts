import { type Expression, type Kysely, type SqlBool, sql } from "kysely";
import type { Millis } from "../../shared/kernel/brand.js";
import type { CameraId, ClipId, HouseholdId } from "../../shared/kernel/ids.js";
import { idFloor } from "./clip.js";
import type { ClipName } from "./shred.io.js";
import type { VaultTables } from "./tables.js";

/** One camera's clips of one window, by when their triggers came: from `from` to before `to`. */
export interface HeldWindow {
  readonly household: HouseholdId;
  readonly camera: CameraId;
  readonly from: Millis;
  readonly to: Millis;
}

/** Whether an order keeps a row of `clip`. */
export function isHeld(): Expression<SqlBool> {
  return sql<SqlBool>`exists (select 1 from hold where hold.household = clip.household
    and hold.camera = clip.camera and clip.id >= hold.id_from and clip.id < hold.id_to)`;
}

/** From the commit on; the same id again changes nothing. */
export async function putHold(
  db: Kysely<VaultTables>,
  id: string,
  { household, camera, from, to }: HeldWindow,
): Promise<void> {
  // Power lost before the commit: retention goes on until the same is asked again.
  await db
    .insertInto("hold")
    .values({ id, household, camera, id_from: idFloor(from), id_to: idFloor(to) })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export async function liftHold(db: Kysely<VaultTables>, id: string): Promise<void> {
  await db.deleteFrom("hold").where("id", "=", id).execute();
}

export async function holdsAnything(db: Kysely<VaultTables>, household: HouseholdId): Promise<boolean> {
  const row = await db.selectFrom("hold").select("id").where("household", "=", household).executeTakeFirst();
  return row !== undefined;
}

/** A window's clips, also those that the household deleted while an order kept them; oldest first. */
export async function clipsInWindow(
  db: Kysely<VaultTables>,
  { household, camera, from, to }: HeldWindow,
  limit: number,
): Promise<readonly ClipId[]> {
  const rows = await db
    .selectFrom("clip")
    .select("id")
    .where("household", "=", household)
    .where("camera", "=", camera)
    .where("id", ">=", idFloor(from))
    .where("id", "<", idFloor(to))
    .where("segments", ">", 0)
    .where(({ or, eb }) => or([eb("deleted_at", "is", null), isHeld()]))
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id as ClipId);
}

/** Clips that were deleted while an order kept them, which none does any more. */
export async function heldOver(db: Kysely<VaultTables>, limit: number): Promise<readonly HeldOver[]> {
  const rows = await db
    .selectFrom("clip")
    .select(["household", "id", "camera", "bytes"])
    .where("deleted_at", "is not", null)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom("segment")
          .select("segment.segment")
          .whereRef("segment.household", "=", "clip.household")
          .whereRef("segment.clip", "=", "clip.id"),
      ),
    )
    .where(({ not }) => not(isHeld()))
    .limit(limit)
    .execute();
  return rows.map(({ household, id, camera, bytes }) => ({
    name: { household: household as HouseholdId, id: id as ClipId },
    ...{ camera: camera as CameraId, bytes: Number(bytes) },
  }));
}

export interface HeldOver {
  readonly name: ClipName;
  readonly camera: CameraId;
  readonly bytes: number;
}
