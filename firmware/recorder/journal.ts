import type { SealedSegment, SegmentEnd } from "../../shared/clip/segment.js";
import type { TriggerKind } from "../../shared/clip/trigger.js";
import type { Bytes, Millis } from "../../shared/kernel/brand.js";
import type { ClipId, EventId } from "../../shared/kernel/ids.js";
import type { Log } from "../../shared/kernel/ports.js";
import type { Result } from "../../shared/kernel/result.js";
import type { DoorEvent, GapReason } from "../../shared/protocol/messages.js";
import type { Hash } from "../../shared/seal/hash.js";

/** A segment that is durable on the card and not yet known to be safe in the vault. */
export interface StoredSegment {
  readonly clip: ClipId;
  readonly index: number;
  /** Bytes of the age file's body; 0 for a segment that only closes its clip. */
  readonly size: number;
  readonly end: SegmentEnd;
}

/** What announces a segment. */
export interface SegmentHead {
  readonly note: string;
  /** The age header; empty for a segment that only closes its clip. */
  readonly header: Uint8Array;
}

export type NewEvent =
  | { readonly kind: TriggerKind; readonly at: Millis; readonly clip?: ClipId }
  | {
      readonly kind: "gap";
      readonly from: Millis;
      readonly to: Millis;
      readonly reason: GapReason;
      readonly clip?: ClipId;
    };

/** What the card holds, in bytes of files. */
export interface Usage {
  readonly bytes: Bytes;
  readonly limitBytes: Bytes;
  readonly pendingSegments: number;
  readonly pendingBytes: Bytes;
  /** Segments set aside as damaged since the start. */
  readonly damaged: number;
  /** The card could not give all that it holds, or did not take a clip's end; it is asked again. */
  readonly unread: boolean;
  /** Why a write waits, if one does. */
  readonly blocked?: GapReason;
}

/** Told after the fact, in order. Must not throw. */
export interface JournalListener {
  /** A segment is durable: it may be announced. */
  stored?(segment: StoredSegment): void;
  /** A segment was set aside: it can no longer be sent. */
  gone?(clip: ClipId, index: number): void;
  /** A whole clip left the card, evicted or deleted. */
  clipGone?(clip: ClipId): void;
  happened?(event: DoorEvent): void;
  /** There were too many: the event is dropped unsent. */
  eventGone?(id: string): void;
}

export type ReceiptRefusal = { readonly kind: "unknown-segment" | "not-a-receipt" | "other-segment" };

/**
 * The durable outbox: what it says is stored survives a power cut at any moment. Only sealed bytes enter it. Writes are
 * carried out one after another in the order of the calls.
 */
export interface Journal {
  /** Hash of the newest manifest on record. */
  lastManifest(): Hash | "none" | "unknown";
  /**
   * A clip begins. After a power cut before its first segment a gap `power` tells of it, unless the card did not take that
   * note either: then the fault is in the log, and the clip is recorded all the same.
   */
  begin(clip: ClipId, at: Millis): Promise<void>;
  /** Resolves when the segment is durable. On a full disk it waits, and tries again; rejects only when closed. */
  append(segment: SealedSegment): Promise<void>;
  /** No more of the clip will come, though its last segment is not here. It is closed by a signed one at the next start. */
  abandon(clip: ClipId): Promise<void>;
  /** Why `append` waits, if it does. */
  blocked(): GapReason | undefined;
  /** Oldest clip first, by index within it. */
  pending(): readonly StoredSegment[];
  /** `undefined` when the segment is gone. */
  readHead(clip: ClipId, index: number): Promise<SegmentHead | undefined>;
  /** Bytes of the age file after its header. `undefined` when the segment is gone. */
  readBody(clip: ClipId, index: number, offset: number, length: number): Promise<Uint8Array | undefined>;
  /** The vault has it. The caller has verified the receipt's signature; that it names this segment is checked here. */
  acknowledge(clip: ClipId, index: number, receipt: string): Promise<Result<void, ReceiptRefusal>>;
  /** Checks a segment against its own note; sets a damaged one aside and tells of the gap. */
  check(clip: ClipId, index: number): Promise<"whole" | "damaged" | "gone">;
  /** Every byte of the clip leaves the card; durable when resolved, to be tried again when rejected. Of a clip that still records, the rest too. */
  removeClip(clip: ClipId): Promise<void>;
  /** Something happened at the door. In memory at once; resolves when durable (on a full card from the reserve). */
  appendEvent(event: NewEvent): Promise<DoorEvent>;
  pendingEvents(): readonly DoorEvent[];
  acknowledgeEvents(ids: readonly (EventId | string)[]): Promise<void>;
  usage(): Usage;
  /** Every later change is told to the listener. */
  watch(listener: JournalListener): void;
  /** Resolves when each segment that was pending at the start has been compared with its note. */
  readonly verified: Promise<void>;
  /** Ends after the write under way; a write that waits for room is given up. */
  close(): Promise<void>;
}

/** Logs a failure of the world that stops nothing: what it keeps from being durable is done without or tried again. */
export function logFault(log: Log, what: string, error: unknown): void {
  // unreached: the world throws errors only
  log("journal.fault", { what, why: error instanceof Error ? error.message : String(error) });
}
