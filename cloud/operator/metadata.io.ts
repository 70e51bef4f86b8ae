import type { Kysely } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { HouseholdId } from "../../shared/kernel/ids.js";
import type { Database } from "../database.io.js";
import type { MetadataKind } from "./access.js";

/** Clips that one look shows, the newest. */
const clipsMax = 200;

/** What the cloud knows of a household without any key: of one kind at a time. */
export interface Metadata {
  readonly members?: readonly { readonly id: string; readonly role: string }[];
  readonly cameras?: readonly {
    readonly id: string;
    readonly place: string;
    readonly epoch: number;
    readonly named: boolean;
    readonly seenAt?: Millis;
  }[];
  readonly clips?: readonly {
    readonly id: string;
    readonly camera: string;
    readonly arrivedAt: Millis;
    readonly segments: number;
    readonly bytes: number;
  }[];
  readonly storage?: { readonly clips: number; readonly bytes: number; readonly retentionDays?: number };
}

/** Names, notes, keys and files are none of it. */
export function readMetadata(
  db: Kysely<Database>,
  household: HouseholdId,
  kind: MetadataKind,
): Promise<Metadata> {
  switch (kind) {
    case "members":
      return members(db, household);
    case "cameras":
      return cameras(db, household);
    case "clips":
      return clips(db, household);
    case "storage":
      return storage(db, household);
  }
}

async function members(db: Kysely<Database>, household: HouseholdId): Promise<Metadata> {
  const rows = db.selectFrom("member").select(["id", "role"]).where("household", "=", household);
  return { members: await rows.orderBy("id").execute() };
}

async function cameras(db: Kysely<Database>, household: HouseholdId): Promise<Metadata> {
  const rows = await db
    .selectFrom("camera")
    .leftJoin("camera_status", "camera_status.camera", "camera.id")
    .select(["camera.id", "camera.place", "camera.epoch", "camera.named", "camera_status.seen_at"])
    .where("camera.household", "=", household)
    .orderBy("camera.id")
    .execute();
  return {
    cameras: rows.map(({ id, place, epoch, named, seen_at }) => ({
      ...{ id, place, epoch, named: named === 1 },
      ...(seen_at !== null && { seenAt: millis(Number(seen_at)) }),
    })),
  };
}

async function clips(db: Kysely<Database>, household: HouseholdId): Promise<Metadata> {
  const rows = await db
    .selectFrom("clip")
    .select(["id", "camera", "arrived_at", "segments", "bytes"])
    .where("household", "=", household)
    .where("deleted_at", "is", null)
    .orderBy("id", "desc")
    .limit(clipsMax)
    .execute();
  return {
    clips: rows.map(({ arrived_at, bytes, ...row }) => ({
      ...{ ...row, arrivedAt: millis(Number(arrived_at)), bytes: Number(bytes) },
    })),
  };
}

async function storage(db: Kysely<Database>, household: HouseholdId): Promise<Metadata> {
  const stored = await db
    .selectFrom("clip")
    .select(({ fn }) => [fn.countAll<number>().as("clips"), fn.sum<number | null>("bytes").as("bytes")])
    .where("household", "=", household)
    .where("deleted_at", "is", null)
    .executeTakeFirstOrThrow();
  const chosen = await db
    .selectFrom("retention")
    .select("days")
    .where("household", "=", household)
    .executeTakeFirst();
  const facts = { clips: Number(stored.clips), bytes: Number(stored.bytes ?? 0) };
  return { storage: { ...facts, ...(chosen && { retentionDays: chosen.days }) } };
}
