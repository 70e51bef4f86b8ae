import type { OpenedSegment, SegmentEnd } from "../../shared/clip/segment.js";
import type { ThumbnailNote } from "../../shared/clip/thumbnail.js";
import type { Bytes, Millis } from "../../shared/kernel/brand.js";
import type { CameraId, ClipId, EventId } from "../../shared/kernel/ids.js";
import type { DoorEvent } from "../../shared/protocol/messages.js";
import type { Hash } from "../../shared/seal/hash.js";

/** A clip without a new segment for so long is shown as interrupted; one more segment brings it back. */
export const silentMillis = 120_000;
/** Clips or events on one page. */
export const pageMax = 200;
/** Longest retention that may be set, and the default, in days from a clip's arrival. */
export const retentionDaysMax = 60;
export const retentionDaysDefault = 30;
export const dayMillis = 86_400_000;
/** How long a deleted clip's id is remembered, so that a camera that comes back late cannot bring it back. */
export const tombstoneDays = 400;

/** Clips of a household that may carry a keep-mark. */
export const keptClipsMax = 1_000;

/** What made a camera cut a clip. */
export type Trigger = "press" | "motion";
/** How long the household can look up who did what to a clip. */
export const custodyDays = 400;

export type ClipState = "recording" | "complete" | "interrupted";

/** A stored clip, as far as the cloud can know it. */
export interface ClipFacts {
  readonly id: ClipId;
  readonly camera: CameraId;
  /** When the trigger came, by the camera's clock. */
  readonly recordedAt: Millis;
  /** When the first segment was stored, by the cloud's clock. */
  readonly arrivedAt: Millis;
  /** Absent when no event named the clip. */
  readonly trigger?: Trigger;
  readonly state: ClipState;
  readonly segments: number;
  /** Of segments and thumbnail. */
  readonly bytes: Bytes;
  readonly hasThumbnail: boolean;
  /** Retention passes it by, up to the longest that any clip is kept. */
  readonly kept: boolean;
}

export interface SegmentFacts {
  readonly index: number;
  readonly bytes: Bytes;
  readonly sha256: Hash;
  /** The camera's signed note. */
  readonly note: string;
  readonly end: SegmentEnd;
  readonly arrivedAt: Millis;
}

export interface ThumbnailFacts {
  readonly bytes: Bytes;
  readonly sha256: Hash;
  /** The camera's signed note. */
  readonly note: string;
  readonly arrivedAt: Millis;
}

export interface ClipDetail extends ClipFacts {
  readonly parts: readonly SegmentFacts[];
  readonly thumbnail?: ThumbnailFacts;
}

export interface StoredEvent {
  readonly id: EventId;
  readonly camera: CameraId;
  readonly arrivedAt: Millis;
  readonly event: DoorEvent;
}

/** Of one camera; `to` excluded. */
export interface CameraWindow {
  readonly camera: CameraId;
  readonly from: Millis;
  readonly to: Millis;
}

/** Newest first. `cursor` is the last id of the page before; `from` and `to` bound when the trigger came, `to` excluded. */
export interface ClipQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly camera?: CameraId | undefined;
  /** Only of these; all when absent. */
  readonly cameras?: readonly CameraId[] | undefined;
  /** Only what begins in one of these; `undefined` for all. */
  readonly windows?: readonly CameraWindow[] | undefined;
  readonly trigger?: Trigger | undefined;
  readonly from?: Millis | undefined;
  readonly to?: Millis | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** The cursor of the next page; absent on the last one. */
  readonly next?: string;
}

/** The last deletion of a page: what follows was deleted earlier. */
export interface DeletionCursor {
  readonly at: Millis;
  readonly clip: string;
}

/** Signed deletions, newest first. */
export interface DeletionPage {
  readonly notes: readonly string[];
  /** Absent on the last page. */
  readonly next?: DeletionCursor;
}

/** The page that begins these rows, of which the one beyond `limit` says that more follow. */
export function pageOf<T extends { readonly id: string }>(rows: readonly T[], limit: number): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return rows.length > limit && last !== undefined ? { items, next: last.id } : { items };
}

/** What the vault says of a segment that is offered to it. */
export type Standing =
  | { readonly kind: "absent" }
  | { readonly kind: "stored"; readonly at: Millis }
  | { readonly kind: "conflict" }
  /** `deletion` is the member's signed note, for the camera's own copy. */
  | { readonly kind: "deleted"; readonly deletion?: string }
  | { readonly kind: "full" };

/** A thumbnail that is what its note says, with the note as it was signed. */
export interface OfferedThumbnail {
  readonly note: ThumbnailNote;
  readonly signed: string;
  readonly header: Uint8Array;
  readonly body: Uint8Array;
}

/** What became of a thumbnail. `fresh`: it was not here before; else it, or a later take, was. */
export type ThumbnailOutcome =
  | { readonly kind: "stored"; readonly fresh: boolean }
  | { readonly kind: "no-clip" }
  | Exclude<Standing, { readonly kind: "absent" | "stored" }>;

/** A segment with what came beside it: the note as it was signed and the age header. */
export interface OfferedSegment {
  readonly note: OpenedSegment;
  readonly signed: string;
  readonly header: Uint8Array;
}

/** A clip's state now: one whose camera fell silent is interrupted until it speaks again. */
export function clipState(
  clip: { readonly end: string; readonly segments: number; readonly lastIndex: number | null },
  lastArrivedAt: Millis,
  now: Millis,
): ClipState {
  const ended = clip.lastIndex !== null && clip.segments === clip.lastIndex + 1;
  if (ended) return clip.end === "complete" ? "complete" : "interrupted";
  return now - lastArrivedAt > silentMillis ? "interrupted" : "recording";
}

/** The smallest id that a clip or event of this time can have: UUIDv7 begins with the time. */
export function idFloor(at: Millis): string {
  const hex = Math.min(Math.max(Math.floor(at), 0), 2 ** 48 - 1)
    .toString(16)
    .padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}

/** An operator's settings: how long clips are kept where their household chose nothing, and at most. In days. */
export interface RetentionRule {
  readonly retentionDays: number;
  readonly longestDays: number;
}

/** For how many days a household's clips are kept. No choice and no setting goes beyond the ceiling. */
export function daysKept(chosen: number | undefined, { retentionDays, longestDays }: RetentionRule): number {
  return Math.min(chosen ?? retentionDays, longestDays, retentionDaysMax);
}
