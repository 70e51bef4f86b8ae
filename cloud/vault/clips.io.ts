import type { Kysely } from "kysely";
import type { SegmentEnd } from "../../shared/clip/segment.js";
import { bytes, type Millis, millis } from "../../shared/kernel/brand.js";
import { type CameraId, type ClipId, type HouseholdId, timeOf } from "../../shared/kernel/ids.js";
import {
  type ClipDetail,
  type ClipFacts,
  type ClipQuery,
  clipState,
  idFloor,
  type Page,
  pageMax,
  pageOf,
  type SegmentFacts,
  type ThumbnailFacts,
} from "./clip.js";
import type { ClipName } from "./shred.io.js";
import type { ClipRow, SegmentRow, ThumbnailRow, VaultTables } from "./tables.js";
import { thumbnailRow, withThumbnail } from "./thumbnails.io.js";

/** A household's clips that stand, newest first. */
export async function listClips(
  db: Kysely<VaultTables>,
  household: HouseholdId,
  query: ClipQuery,
  now: Millis,
): Promise<Page<ClipFacts>> {
  const limit = Math.min(query.limit, pageMax);
  let select = db
    .selectFrom("clip")
    .selectAll()
    .where("household", "=", household)
    .where("deleted_at", "is", null)
    .orderBy("id", "desc")
    .limit(limit + 1);
  if (query.cursor !== undefined) select = select.where("id", "<", query.cursor);
  if (query.camera !== undefined) select = select.where("camera", "=", query.camera);
  if (query.cameras !== undefined) select = select.where("camera", "in", query.cameras);
  if (query.from !== undefined) select = select.where("id", ">=", idFloor(query.from));
  if (query.to !== undefined) select = select.where("id", "<", idFloor(query.to));
  const page = pageOf(await select.execute(), limit);
  const triggers = await triggersOf(db, household, page.items);
  const pictured = await withThumbnail(db, household, page.items);
  const factsOf = (row: ClipRow): ClipFacts =>
    clipFacts(row, { trigger: triggers.get(row.id), hasThumbnail: pictured.has(row.id), now });
  return { ...page, items: page.items.map(factsOf) };
}

/** A clip that stands, with its segments. */
export async function readClip(
  db: Kysely<VaultTables>,
  name: ClipName,
  now: Millis,
): Promise<ClipDetail | undefined> {
  const row = await db
    .selectFrom("clip")
    .selectAll()
    .where("household", "=", name.household)
    .where("id", "=", name.id)
    .where("deleted_at", "is", null)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const triggers = await triggersOf(db, name.household, [row]);
  const parts = await db
    .selectFrom("segment")
    .selectAll()
    .where("household", "=", name.household)
    .where("clip", "=", name.id)
    .orderBy("segment")
    .execute();
  const thumbnail = await thumbnailRow(db, name);
  const facts = clipFacts(row, {
    trigger: triggers.get(row.id),
    hasThumbnail: thumbnail !== undefined,
    now,
  });
  return {
    ...facts,
    parts: parts.map((part) => segmentFacts(part, row)),
    ...(thumbnail && { thumbnail: thumbnailFacts(thumbnail) }),
  };
}

/** What first caused each clip, as the cameras' events say. */
async function triggersOf(
  db: Kysely<VaultTables>,
  household: string,
  clips: readonly ClipRow[],
): Promise<Map<string, "press" | "motion">> {
  const triggers = new Map<string, "press" | "motion">();
  if (clips.length === 0) return triggers;
  const rows = await db
    .selectFrom("event")
    .select(["clip", "kind"])
    .where("household", "=", household)
    .where(
      "clip",
      "in",
      clips.map(({ id }) => id),
    )
    .where("kind", "in", ["press", "motion"])
    .orderBy("id")
    .execute();
  for (const { clip, kind } of rows) {
    if (clip !== null && !triggers.has(clip)) triggers.set(clip, kind === "press" ? "press" : "motion");
  }
  return triggers;
}

interface Beside {
  readonly trigger: "press" | "motion" | undefined;
  readonly hasThumbnail: boolean;
  readonly now: Millis;
}

function clipFacts(row: ClipRow, { trigger, hasThumbnail, now }: Beside): ClipFacts {
  const id = row.id as ClipId;
  const state = { end: row.end, segments: row.segments, lastIndex: row.last_index };
  return {
    id,
    camera: row.camera as CameraId,
    recordedAt: timeOf(id),
    arrivedAt: millis(Number(row.arrived_at)),
    ...(trigger === undefined ? {} : { trigger }),
    state: clipState(state, millis(Number(row.last_arrived_at)), now),
    segments: row.segments,
    bytes: bytes(Number(row.bytes)),
    hasThumbnail,
  };
}

function thumbnailFacts({ bytes: size, sha256, note, arrived_at }: ThumbnailRow): ThumbnailFacts {
  return { bytes: bytes(Number(size)), sha256, note, arrivedAt: millis(Number(arrived_at)) };
}

function segmentFacts(row: SegmentRow, clip: ClipRow): SegmentFacts {
  const end: SegmentEnd = row.segment === clip.last_index ? (clip.end as SegmentEnd) : "no";
  return {
    index: row.segment,
    bytes: bytes(Number(row.bytes)),
    sha256: row.sha256,
    note: row.note,
    end,
    arrivedAt: millis(Number(row.arrived_at)),
  };
}
