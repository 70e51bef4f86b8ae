import { type ExpressionBuilder, type Kysely, sql } from "kysely";
import type { SegmentEnd } from "../../shared/clip/segment.js";
import { bytes, type Millis, millis } from "../../shared/kernel/brand.js";
import { type CameraId, type ClipId, type HouseholdId, timeOf } from "../../shared/kernel/ids.js";
import {
  type ClipDetail,
  type ClipFacts,
  type ClipQuery,
  clipState,
  idFloor,
  keptClipsMax,
  type Page,
  pageMax,
  pageOf,
  type SegmentFacts,
  type ThumbnailFacts,
} from "./clip.js";
import type { ClipName } from "./shred.io.js";
import type { ClipRow, SegmentRow, ThumbnailRow, VaultTables } from "./tables.js";
import { hasThumbnail, thumbnailRow } from "./thumbnails.io.js";

/** What a clip's facts are made of. */
type FactsRow = Omit<ClipRow, "household" | "deleted_at" | "deletion">;

/** A household's clips that stand, newest first. */
export async function listClips(
  db: Kysely<VaultTables>,
  household: HouseholdId,
  query: ClipQuery,
  now: Millis,
): Promise<Page<ClipFacts>> {
  const rows = await clipRows(db, household, query).execute();
  const page = pageOf(rows.map(unpacked), Math.min(query.limit, pageMax));
  const factsOf = (row: ListedRow): ClipFacts => clipFacts(row, { hasThumbnail: row.pictured === 1, now });
  return { ...page, items: page.items.map(factsOf) };
}

/** The rows of a page and one beyond it. */
export function clipRows(db: Kysely<VaultTables>, household: HouseholdId, query: ClipQuery) {
  let select = db
    .selectFrom("clip")
    .select(packed)
    .where("household", "=", household)
    .where("deleted_at", "is", null)
    .orderBy("id", "desc")
    .limit(Math.min(query.limit, pageMax) + 1);
  if (query.cursor !== undefined) select = select.where("id", "<", query.cursor);
  if (query.camera !== undefined) select = select.where("camera", "=", query.camera);
  if (query.cameras !== undefined) select = select.where("camera", "in", query.cameras);
  if (query.trigger !== undefined) select = select.where("trigger", "=", query.trigger);
  if (query.from !== undefined) select = select.where("id", ">=", idFloor(query.from));
  if (query.to !== undefined) select = select.where("id", "<", idFloor(query.to));
  const { windows } = query;
  if (windows !== undefined)
    select = select.where(({ or, and, eb }) =>
      or(
        windows.map(({ camera, from, to }) =>
          and([eb("camera", "=", camera), eb("id", ">=", idFloor(from)), eb("id", "<", idFloor(to))]),
        ),
      ),
    );
  return select;
}

interface ListedRow extends FactsRow {
  readonly pictured: 0 | 1;
}

/**
 * A row as one text. The database finds a page of clips in a tenth of the time that it takes to hand over each column of each
 * row by itself: this is what a long list costs.
 */
function packed(clip: ExpressionBuilder<VaultTables, "clip">) {
  const columns = listedColumns.map((name) => clip.ref(name));
  return sql<string>`json_array(${sql.join([...columns, hasThumbnail(clip)])})`.as("packed");
}

function unpacked({ packed: text }: { readonly packed: string }): ListedRow {
  const [
    id,
    camera,
    arrived_at,
    last_arrived_at,
    segments,
    bytes,
    last_index,
    end,
    trigger,
    kept_at,
    pictured,
  ]: Packed = JSON.parse(text);
  return {
    id,
    camera,
    arrived_at,
    last_arrived_at,
    segments,
    bytes,
    last_index,
    end,
    trigger,
    kept_at,
    pictured,
  };
}

const listedColumns = [
  "id",
  "camera",
  "arrived_at",
  "last_arrived_at",
  "segments",
  "bytes",
  "last_index",
  "end",
  "trigger",
  "kept_at",
] as const;
/** Of those columns, and of whether it has a thumbnail. */
type Packed = readonly [
  ...[id: string, camera: string, arrivedAt: number, lastArrivedAt: number, segments: number, bytes: number],
  ...[lastIndex: number | null, end: string, trigger: string | null, keptAt: number | null, pictured: 0 | 1],
];

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
  const parts = await db
    .selectFrom("segment")
    .selectAll()
    .where("household", "=", name.household)
    .where("clip", "=", name.id)
    .orderBy("segment")
    .execute();
  const thumbnail = await thumbnailRow(db, name);
  const facts = clipFacts(row, { hasThumbnail: thumbnail !== undefined, now });
  return {
    ...facts,
    parts: parts.map((part) => segmentFacts(part, row)),
    ...(thumbnail && { thumbnail: thumbnailFacts(thumbnail) }),
  };
}

/** Writes into a clip's row what first caused it, as far as the events that are here say. Part of the caller's transaction. */
export async function noteTrigger(
  db: Kysely<VaultTables>,
  { household, id }: { readonly household: string; readonly id: string },
): Promise<void> {
  await db
    .updateTable("clip")
    .set(({ selectFrom }) => ({
      trigger: selectFrom("event")
        .select("kind")
        .where("household", "=", household)
        .where("clip", "=", id)
        .where("kind", "in", ["press", "motion"])
        .orderBy("id")
        .limit(1),
    }))
    .where("household", "=", household)
    .where("id", "=", id)
    .execute();
}

/**
 * Sets or takes off a clip's keep-mark; the same again changes nothing. `undefined` when there is no such clip, `full` when the
 * household has marked as many as it may.
 */
export async function markKept(
  db: Kysely<VaultTables>,
  { household, id }: ClipName,
  keptAt: Millis | null,
): Promise<"marked" | "full" | undefined> {
  // Power lost before the commit: the mark is as it was, and nobody was told otherwise.
  return db.transaction().execute(async (trx) => {
    const row = await trx
      .selectFrom("clip")
      .select("kept_at")
      .where("household", "=", household)
      .where("id", "=", id)
      .where("deleted_at", "is", null)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    if ((row.kept_at === null) === (keptAt === null)) return "marked";
    if (keptAt !== null && (await keptCount(trx, household)) >= keptClipsMax) return "full";
    await trx
      .updateTable("clip")
      .set({ kept_at: keptAt })
      .where("household", "=", household)
      .where("id", "=", id)
      .execute();
    return "marked";
  });
}

async function keptCount(db: Kysely<VaultTables>, household: string): Promise<number> {
  const { count } = await db
    .selectFrom("clip")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("household", "=", household)
    .where("kept_at", "is not", null)
    .executeTakeFirstOrThrow();
  return Number(count);
}

interface Beside {
  readonly hasThumbnail: boolean;
  readonly now: Millis;
}

function clipFacts(row: FactsRow, { hasThumbnail, now }: Beside): ClipFacts {
  const id = row.id as ClipId;
  const state = { end: row.end, segments: row.segments, lastIndex: row.last_index };
  return {
    id,
    camera: row.camera as CameraId,
    recordedAt: timeOf(id),
    arrivedAt: millis(Number(row.arrived_at)),
    ...(row.trigger === null ? {} : { trigger: row.trigger === "press" ? "press" : "motion" }),
    state: clipState(state, millis(Number(row.last_arrived_at)), now),
    segments: row.segments,
    bytes: bytes(Number(row.bytes)),
    hasThumbnail,
    kept: row.kept_at !== null,
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
