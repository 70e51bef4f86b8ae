import { type Kysely, sql, type Transaction } from "kysely";
import type { SegmentEnd } from "../../shared/clip/segment.js";
import { bytes, type Millis, millis } from "../../shared/kernel/brand.js";
import {
  type CameraId,
  type ClipId,
  type EventId,
  type HouseholdId,
  timeOf,
} from "../../shared/kernel/ids.js";
import type { DoorEvent } from "../../shared/protocol/messages.js";
import { hashOfText } from "../../shared/seal/hash.js";
import type { BodyName } from "./bodies.io.js";
import {
  type ClipDetail,
  type ClipFacts,
  type ClipQuery,
  clipState,
  idFloor,
  type OfferedSegment,
  type Page,
  pageMax,
  type SegmentFacts,
  type Standing,
  type StoredEvent,
} from "./clip.js";
import type { ClipName } from "./shred.io.js";
import type { ClipRow, SegmentRow, VaultTables } from "./tables.js";

/** An offered segment with its header as it is stored. */
export interface WrappedSegment extends OfferedSegment {
  readonly wrapped: string;
}

/** What a segment did to its clip. */
export interface ClipNews {
  /** It is the first one of the clip that is stored. */
  readonly began: boolean;
  /** With it the clip is whole, from the first segment to the one that ends it. */
  readonly ended?: "complete" | "interrupted";
}

/** The vault's rows. Every method is one statement or one transaction; a transaction that resolved survives a power cut. */
export class Records {
  private readonly db: Kysely<VaultTables>;

  constructor(db: Kysely<VaultTables>) {
    this.db = db;
  }

  async standing({ note }: OfferedSegment): Promise<Exclude<Standing, { kind: "full" }>> {
    const clip = await this.clipRow({ household: note.household, id: note.clip });
    if (clip === undefined) return { kind: "absent" };
    if (clip.camera !== note.camera) return { kind: "conflict" };
    if (clip.deleted_at !== null) {
      return clip.deletion === null ? { kind: "deleted" } : { kind: "deleted", deletion: clip.deletion };
    }
    const row = await this.segmentRow({ household: note.household, id: note.clip }, note.index);
    if (row === undefined)
      return (await this.isBeyondEnd(clip, note)) ? { kind: "conflict" } : { kind: "absent" };
    return hashOfNote(row.note) === note.hash
      ? { kind: "stored", at: millis(row.arrived_at) }
      : { kind: "conflict" };
  }

  /** Stores rows of segments whose bodies are durable, all in one transaction. */
  insert(segments: readonly WrappedSegment[], now: Millis): Promise<readonly ClipNews[]> {
    // Power lost before the commit: bodies without rows, which the camera sends again and the sweep removes.
    return this.db.transaction().execute(async (db) => {
      const news: ClipNews[] = [];
      for (const segment of segments) news.push(await insertSegment(db, segment, now));
      return news;
    });
  }

  /** Hides the clip for good and remembers its id. False when there is no such clip. */
  async bury(
    { household, id }: ClipName,
    now: Millis,
    deletion: string | null,
  ): Promise<ClipRow | undefined> {
    return this.db.transaction().execute(async (db) => {
      const found = await db
        .selectFrom("clip")
        .selectAll()
        .where("household", "=", household)
        .where("id", "=", id)
        .where("deleted_at", "is", null)
        .executeTakeFirst();
      if (found === undefined) return undefined;
      await db.deleteFrom("segment").where("household", "=", household).where("clip", "=", id).execute();
      await db
        .updateTable("clip")
        .set({ deleted_at: now, deletion, bytes: 0 })
        .where("household", "=", household)
        .where("id", "=", id)
        .execute();
      return found;
    });
  }

  async clips(household: HouseholdId, query: ClipQuery, now: Millis): Promise<Page<ClipFacts>> {
    const limit = Math.min(query.limit, pageMax);
    let select = this.db
      .selectFrom("clip")
      .selectAll()
      .where("household", "=", household)
      .where("deleted_at", "is", null)
      .orderBy("id", "desc")
      .limit(limit + 1);
    if (query.cursor !== undefined) select = select.where("id", "<", query.cursor);
    if (query.camera !== undefined) select = select.where("camera", "=", query.camera);
    if (query.from !== undefined) select = select.where("id", ">=", idFloor(query.from));
    if (query.to !== undefined) select = select.where("id", "<", idFloor(query.to));
    const page = pageOf(await select.execute(), limit);
    const triggers = await this.triggers(household, page.items);
    return { ...page, items: page.items.map((row) => clipFacts(row, triggers.get(row.id), now)) };
  }

  async clip(name: ClipName, now: Millis): Promise<ClipDetail | undefined> {
    const row = await this.clipRow(name);
    if (row === undefined || row.deleted_at !== null) return undefined;
    const triggers = await this.triggers(name.household, [row]);
    const parts = await this.db
      .selectFrom("segment")
      .selectAll()
      .where("household", "=", name.household)
      .where("clip", "=", name.id)
      .orderBy("segment")
      .execute();
    return {
      ...clipFacts(row, triggers.get(row.id), now),
      parts: parts.map((part) => segmentFacts(part, row)),
    };
  }

  async clipRow({ household, id }: ClipName): Promise<ClipRow | undefined> {
    return this.db
      .selectFrom("clip")
      .selectAll()
      .where("household", "=", household)
      .where("id", "=", id)
      .executeTakeFirst();
  }

  async segmentRow({ household, id }: ClipName, index: number): Promise<SegmentRow | undefined> {
    return this.db
      .selectFrom("segment")
      .selectAll()
      .where("household", "=", household)
      .where("clip", "=", id)
      .where("segment", "=", index)
      .executeTakeFirst();
  }

  /** Clips that arrived before `before` and still stand, the oldest first. */
  async arrivedBefore(before: Millis, limit: number): Promise<readonly ClipName[]> {
    const rows = await this.db
      .selectFrom("clip")
      .select(["household", "id"])
      .where("arrived_at", "<", before)
      .where("deleted_at", "is", null)
      .orderBy("arrived_at")
      .limit(limit)
      .execute();
    return rows.map(clipName);
  }

  /** Which bodies of a camera's standing clip have rows. */
  async bodyNames(camera: string, id: string): Promise<readonly BodyName[]> {
    const rows = await this.db
      .selectFrom("segment")
      .innerJoin("clip", (join) =>
        join.onRef("clip.household", "=", "segment.household").onRef("clip.id", "=", "segment.clip"),
      )
      .select(["clip.camera", "segment.clip", "segment.segment", "segment.sha256"])
      .where("clip.camera", "=", camera)
      .where("clip.id", "=", id)
      .execute();
    return rows.map((row) => ({
      camera: row.camera as CameraId,
      clip: row.clip as ClipId,
      index: row.segment,
      sha256: row.sha256,
    }));
  }

  async forgetTombstones(before: Millis): Promise<void> {
    await this.db.deleteFrom("clip").where("deleted_at", "<", before).execute();
  }

  /** Signed deletions of a camera's clips since then, the newest first. */
  async deletions(camera: CameraId, since: Millis, limit: number): Promise<readonly string[]> {
    const rows = await this.db
      .selectFrom("clip")
      .select("deletion")
      .where("camera", "=", camera)
      .where("deleted_at", ">=", since)
      .where("deletion", "is not", null)
      .orderBy("deleted_at", "desc")
      .limit(limit)
      .execute();
    return rows.flatMap(({ deletion }) => (deletion === null ? [] : [deletion]));
  }

  /** Bytes of all segments that stand. */
  async bytesStored(): Promise<number> {
    const row = await this.db
      .selectFrom("clip")
      .select(({ fn }) => fn.sum<number | null>("bytes").as("bytes"))
      .executeTakeFirst();
    return Number(row?.bytes ?? 0);
  }

  /** Stores events, once per id. Those that were new. */
  async insertEvents(
    events: readonly {
      readonly household: HouseholdId;
      readonly camera: CameraId;
      readonly event: DoorEvent;
    }[],
    now: Millis,
  ): Promise<readonly DoorEvent[]> {
    // Power lost before the commit: none of them is stored, none was acknowledged; the camera sends them again.
    return this.db.transaction().execute(async (db) => {
      const fresh: DoorEvent[] = [];
      for (const { household, camera, event } of events) {
        const { numInsertedOrUpdatedRows } = await db
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
        if (numInsertedOrUpdatedRows === 1n) fresh.push(event);
      }
      return fresh;
    });
  }

  async events(
    household: HouseholdId,
    query: { readonly limit: number; readonly cursor?: string | undefined },
  ): Promise<Page<StoredEvent>> {
    const limit = Math.min(query.limit, pageMax);
    let select = this.db
      .selectFrom("event")
      .selectAll()
      .where("household", "=", household)
      .orderBy("id", "desc")
      .limit(limit + 1);
    if (query.cursor !== undefined) select = select.where("id", "<", query.cursor);
    const page = pageOf(await select.execute(), limit);
    const items = page.items.map((row) => ({
      id: row.id as EventId,
      camera: row.camera as CameraId,
      arrivedAt: millis(Number(row.arrived_at)),
      event: JSON.parse(row.message) as DoorEvent,
    }));
    return { ...page, items };
  }

  async forgetEvents(before: Millis): Promise<void> {
    await this.db.deleteFrom("event").where("arrived_at", "<", before).execute();
  }

  async isWritable(): Promise<boolean> {
    return this.db
      .updateTable("camera_status")
      .set({ seen_at: 0 })
      .where("camera", "=", "")
      .execute()
      .then(() => true)
      .catch(() => false);
  }

  /** What first caused each clip, as the cameras' events say. */
  private async triggers(
    household: string,
    clips: readonly ClipRow[],
  ): Promise<Map<string, "press" | "motion">> {
    const triggers = new Map<string, "press" | "motion">();
    if (clips.length === 0) return triggers;
    const rows = await this.db
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

  /** A clip has one end: nothing comes behind it, and it comes behind everything. */
  private async isBeyondEnd(clip: ClipRow, note: OfferedSegment["note"]): Promise<boolean> {
    if (clip.last_index !== null) return note.end !== "no" || note.index > clip.last_index;
    if (note.end === "no") return false;
    const later = await this.db
      .selectFrom("segment")
      .select(sql<number>`1`.as("found"))
      .where("household", "=", clip.household)
      .where("clip", "=", clip.id)
      .where("segment", ">", note.index)
      .executeTakeFirst();
    return later !== undefined;
  }
}

async function insertSegment(
  db: Transaction<VaultTables>,
  { note, signed, header, wrapped }: WrappedSegment,
  now: Millis,
): Promise<ClipNews> {
  const { household, clip, camera } = note;
  const { numInsertedOrUpdatedRows } = await db
    .insertInto("clip")
    .values({
      household,
      id: clip,
      camera,
      arrived_at: now,
      last_arrived_at: now,
      segments: 0,
      bytes: 0,
      last_index: null,
      end: "no",
      deleted_at: null,
      deletion: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  await db
    .insertInto("segment")
    .values({
      household,
      clip,
      segment: note.index,
      bytes: note.bytes,
      sha256: note.sha256,
      note: signed,
      header: wrapped,
      header_bytes: header.length,
      arrived_at: now,
    })
    .execute();
  await db
    .updateTable("clip")
    .set((row) => ({
      segments: row("segments", "+", 1),
      bytes: row("bytes", "+", note.bytes),
      last_arrived_at: now,
      ...(note.end === "no" ? {} : { last_index: note.index, end: note.end }),
    }))
    .where("household", "=", household)
    .where("id", "=", clip)
    .execute();
  const row = await db
    .selectFrom("clip")
    .select(["segments", "last_index", "end"])
    .where("household", "=", household)
    .where("id", "=", clip)
    .executeTakeFirstOrThrow();
  const began = numInsertedOrUpdatedRows === 1n;
  if (row.last_index === null || row.segments !== row.last_index + 1) return { began };
  return { began, ended: row.end === "complete" ? "complete" : "interrupted" };
}

function pageOf<T extends { readonly id: string }>(rows: readonly T[], limit: number): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return rows.length > limit && last !== undefined ? { items, next: last.id } : { items };
}

function clipFacts(row: ClipRow, trigger: "press" | "motion" | undefined, now: Millis): ClipFacts {
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
  };
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

function clipName(row: { readonly household: string; readonly id: string }): ClipName {
  return { household: row.household as HouseholdId, id: row.id as ClipId };
}

function hashOfNote(signed: string): string {
  return hashOfText(signed.slice(0, signed.lastIndexOf("\n\n") + 1));
}
