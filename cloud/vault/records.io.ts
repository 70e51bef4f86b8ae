import { type Kysely, sql, type Transaction } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { CameraId, ClipId, HouseholdId } from "../../shared/kernel/ids.js";
import type { DoorEvent } from "../../shared/protocol/messages.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { textOf } from "../../shared/seal/note.js";
import type { BodyName } from "./bodies.io.js";
import type {
  ClipDetail,
  ClipFacts,
  ClipQuery,
  DeletionCursor,
  DeletionPage,
  OfferedSegment,
  Page,
  RetentionRule,
  Standing,
  StoredEvent,
} from "./clip.js";
import { listClips, markKept, noteTrigger, readClip } from "./clips.io.js";
import { forgetCustody } from "./custody.io.js";
import { type CameraEvent, type EventQuery, forgetEvents, insertEvents, listEvents } from "./events.io.js";
import {
  clipsInWindow,
  type HeldOver,
  type HeldWindow,
  heldOver,
  holdsAnything,
  isHeld,
  liftHold,
  putHold,
} from "./holds.io.js";
import { ceilingSince, chooseDays, chosenDays, keptSince } from "./retention.io.js";
import type { ClipName } from "./shred.io.js";
import type { ClipRow, SegmentRow, ThumbnailRow, VaultTables } from "./tables.js";
import { putThumbnail, thumbnailRow } from "./thumbnails.io.js";

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

  /**
   * Hides the clip for good and remembers its id. What an order keeps of it stays until none does (`heldOver`). `undefined` when
   * there is no such clip.
   */
  async bury(
    { household, id }: ClipName,
    now: Millis,
    deletion: string | null,
  ): Promise<(ClipRow & { readonly held: number }) | undefined> {
    return this.db.transaction().execute(async (db) => {
      const found = await db
        .selectFrom("clip")
        .selectAll()
        .select(sql<number>`${isHeld()}`.as("held"))
        .where("household", "=", household)
        .where("id", "=", id)
        .where("deleted_at", "is", null)
        .executeTakeFirst();
      if (found === undefined) return undefined;
      if (found.held === 0)
        await db.deleteFrom("segment").where("household", "=", household).where("clip", "=", id).execute();
      await db.deleteFrom("thumbnail").where("household", "=", household).where("clip", "=", id).execute();
      await db
        .updateTable("clip")
        .set({ deleted_at: now, deletion, kept_at: null, ...(found.held === 0 && { bytes: 0 }) })
        .where("household", "=", household)
        .where("id", "=", id)
        .execute();
      return found;
    });
  }

  /** Deleted clips of which an order kept the segments, and none does any more. */
  heldOver(limit: number): Promise<readonly HeldOver[]> {
    return heldOver(this.db, limit);
  }

  async forgetSegments({ household, id }: ClipName): Promise<void> {
    // Power lost before the commit: the rows are found again by the next sweep; after it the key is a stray one.
    await this.db.transaction().execute(async (db) => {
      await db.deleteFrom("segment").where("household", "=", household).where("clip", "=", id).execute();
      const clip = db.updateTable("clip").set({ bytes: 0 }).where("household", "=", household);
      await clip.where("id", "=", id).execute();
    });
  }

  /** The places of a clip's segments that are here; a deleted one has them only while an order keeps them. */
  async segmentsOf({ household, id }: ClipName): Promise<readonly number[]> {
    const rows = this.db.selectFrom("segment").select("segment").where("household", "=", household);
    const found = await rows.where("clip", "=", id).orderBy("segment").execute();
    return found.map(({ segment }) => segment);
  }

  putHold(id: string, window: HeldWindow): Promise<void> {
    return putHold(this.db, id, window);
  }

  liftHold(id: string): Promise<void> {
    return liftHold(this.db, id);
  }

  holdsAnything(household: HouseholdId): Promise<boolean> {
    return holdsAnything(this.db, household);
  }

  clipsInWindow(window: HeldWindow, limit: number): Promise<readonly ClipId[]> {
    return clipsInWindow(this.db, window, limit);
  }

  clips(household: HouseholdId, query: ClipQuery, now: Millis): Promise<Page<ClipFacts>> {
    return listClips(this.db, household, query, now);
  }

  clip(name: ClipName, now: Millis): Promise<ClipDetail | undefined> {
    return readClip(this.db, name, now);
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

  /** Standing clips past the ceiling, or past their household's retention and not marked, the oldest first; none that an order keeps. */
  async expired(rule: RetentionRule, now: Millis, limit: number): Promise<readonly ClipName[]> {
    const rows = await this.db
      .selectFrom("clip")
      .select(["household", "id"])
      .where("arrived_at", "<", (eb) => keptSince(eb.ref("clip.household"), rule, now))
      .where(({ or, eb }) => or([eb("kept_at", "is", null), eb("arrived_at", "<", ceilingSince(rule, now))]))
      .where("deleted_at", "is", null)
      .where(({ not }) => not(isHeld()))
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

  /** Signed deletions of a camera's clips since then and before `after`, the newest first. */
  async deletions(
    camera: CameraId,
    { since, limit, after }: { since: Millis; limit: number; after?: DeletionCursor | undefined },
  ): Promise<DeletionPage> {
    let select = this.db
      .selectFrom("clip")
      .select(["id", "deleted_at", "deletion"])
      .where("camera", "=", camera)
      .where("deleted_at", ">=", since)
      .where("deletion", "is not", null)
      .orderBy("deleted_at", "desc")
      .orderBy("id", "desc")
      .limit(limit);
    if (after !== undefined) {
      const { at, clip } = after;
      select = select.where(({ eb, and, or }) =>
        or([eb("deleted_at", "<", at), and([eb("deleted_at", "=", at), eb("id", "<", clip)])]),
      );
    }
    const rows = await select.execute();
    const notes = rows.flatMap(({ deletion }) => (deletion === null ? [] : [deletion]));
    const last = rows.at(-1);
    if (rows.length < limit || last === undefined) return { notes };
    return { notes, next: { at: millis(Number(last.deleted_at)), clip: last.id } };
  }

  /** When the newest segment arrived. */
  async newestArrival(): Promise<Millis | undefined> {
    const row = await this.db
      .selectFrom("clip")
      .select(({ fn }) => fn.max<number | null>("last_arrived_at").as("at"))
      .executeTakeFirst();
    return row?.at == null ? undefined : millis(Number(row.at));
  }

  /** Bytes of all segments that stand, by household. */
  async bytesStored(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.db
      .selectFrom("clip")
      .select(({ fn }) => ["household", fn.sum<number>("bytes").as("bytes")])
      .groupBy("household")
      .having(({ fn }) => fn.sum<number>("bytes"), ">", 0)
      .execute();
    const shared = await this.db
      .selectFrom("share_piece")
      .innerJoin("share", "share.id", "share_piece.share")
      .select(({ fn }) => ["share.household", fn.sum<number>("share_piece.bytes").as("bytes")])
      .groupBy("share.household")
      .execute();
    const all = new Map<string, number>();
    for (const { household, bytes } of [...rows, ...shared])
      all.set(household, (all.get(household) ?? 0) + Number(bytes));
    return all;
  }

  thumbnailRow(name: ClipName): Promise<ThumbnailRow | undefined> {
    return thumbnailRow(this.db, name);
  }

  /** In the place of what stood there; the clip's bytes grow by `growth`. */
  putThumbnail(row: ThumbnailRow, growth: number): Promise<void> {
    return putThumbnail(this.db, row, growth);
  }

  /** Stores events, once per id. Those that were new. */
  insertEvents(events: readonly CameraEvent[], now: Millis): Promise<readonly DoorEvent[]> {
    return insertEvents(this.db, events, now);
  }

  events(household: HouseholdId, query: EventQuery): Promise<Page<StoredEvent>> {
    return listEvents(this.db, household, query);
  }

  forgetEvents(rule: RetentionRule, now: Millis): Promise<void> {
    return forgetEvents(this.db, rule, now);
  }

  forgetCustody(before: Millis): Promise<void> {
    return forgetCustody(this.db, before);
  }

  /** Sets or, with null, takes off a keep-mark. */
  markKept(clip: ClipName, keptAt: Millis | null): Promise<"marked" | "full" | undefined> {
    return markKept(this.db, clip, keptAt);
  }

  chosenDays(household: HouseholdId): Promise<number | undefined> {
    return chosenDays(this.db, household);
  }

  chooseDays(household: HouseholdId, days: number, now: Millis): Promise<void> {
    return chooseDays(this.db, household, days, now);
  }

  /** Writes a row and takes it away again, in one transaction that is synced. */
  async tryWrite(): Promise<void> {
    const probe = { camera: "", seen_at: 0, message: "" };
    await this.db.transaction().execute(async (db) => {
      await db.insertInto("camera_status").values(probe).execute();
      await db.deleteFrom("camera_status").where("camera", "=", "").execute();
    });
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
      trigger: null,
      kept_at: null,
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
  if (began) await noteTrigger(db, { household, id: clip });
  if (row.last_index === null || row.segments !== row.last_index + 1) return { began };
  return { began, ended: row.end === "complete" ? "complete" : "interrupted" };
}

function clipName(row: { readonly household: string; readonly id: string }): ClipName {
  return { household: row.household as HouseholdId, id: row.id as ClipId };
}

function hashOfNote(signed: string): string {
  return hashOfText(textOf(signed));
}
