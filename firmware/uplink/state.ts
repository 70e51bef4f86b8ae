import type { Millis } from "../../shared/kernel/brand.js";
import type { ClipId, EventId } from "../../shared/kernel/ids.js";
import type { ClipAnswer, RefusalCode } from "../../shared/protocol/messages.js";
import type { Clip, Place, Segment } from "./queue.js";
import type { Window } from "./window.js";

/** What is sealed and not yet safe, and how far it got. Rebuilt at each start: the files on the disk are the queue. */
export interface Outbox {
  readonly connected: boolean;
  /** The oldest first. */
  readonly clips: readonly Clip[];
  /** Segments that were announced, at most `underWayMax`, the most urgent first. */
  readonly underWay: readonly UnderWay[];
  /** Chunks without PUBACK, in the order of sending. */
  readonly inFlight: readonly InFlight[];
  readonly window: Window;
  /** The most urgent first. */
  readonly events: readonly QueuedEvent[];
  /** No segment is announced before this, after the cloud said that it cannot take one. */
  readonly pausedUntil: Millis;
  /** Pauses in a row. */
  readonly pauses: number;
}

export interface UnderWay extends Segment {
  /** Its clip's. */
  readonly order: number;
  readonly phase: Phase;
}

export type Phase =
  /** Announced; the cloud has not said what it has. */
  | { readonly kind: "asking"; readonly since: Millis; readonly asks: number }
  | Sending
  /** The vault has it; its receipt is checked and written down. */
  | { readonly kind: "confirming" }
  /** The cloud found it wrong; our own copy is checked. */
  | { readonly kind: "checking" };

export interface Sending {
  readonly kind: "sending";
  readonly node: string;
  /** Bytes of the body that the cloud has, all from the start. */
  readonly stored: number;
  /** The cloud takes bytes up to here. */
  readonly limit: number;
  /** The next byte to send. */
  readonly next: number;
  readonly activeAt: Millis;
  /** Answers in a row that named the same `stored`: a chunk on the way may be lost. */
  readonly repeats: number;
}

export interface InFlight extends Place {
  readonly offset: number;
  readonly sentAt: Millis;
}

export interface QueuedEvent {
  readonly id: EventId;
  /** 0 goes first: press, then motion, then gap. */
  readonly rank: number;
  readonly sentAt: Millis | undefined;
}

export type OutboxEvent =
  | { readonly kind: "sealed"; readonly segment: Segment }
  | { readonly kind: "happened"; readonly id: EventId; readonly what: "press" | "motion" | "gap" }
  | { readonly kind: "connected" | "disconnected" | "tick" }
  | { readonly kind: "puback"; readonly place: Place; readonly offset: number }
  | Answered
  | { readonly kind: "event-stored"; readonly ids: readonly string[] }
  /** The vault's receipt held and is on the disk. */
  | { readonly kind: "acknowledged"; readonly place: Place }
  /** The receipt does not hold, or the disk failed: the segment is announced again after a while. */
  | { readonly kind: "not-now"; readonly place: Place }
  | OwnCopySound
  /** The segment is not on the disk any more. */
  | { readonly kind: "gone"; readonly place: Place }
  | { readonly kind: "clip-removed"; readonly clip: ClipId };

/** What the cloud said of a segment. `chance` in [0, 1) spreads the pauses of a fleet. */
export interface Answered {
  readonly kind: "answer";
  readonly place: Place;
  readonly answer: ClipAnswer;
  readonly chance: number;
}

/** Our own copy is what its note says; a damaged one is `gone`. */
export interface OwnCopySound {
  readonly kind: "own-copy-sound";
  readonly place: Place;
  readonly chance: number;
}

export type Effect =
  | { readonly kind: "publishInit"; readonly place: Place }
  | PublishChunk
  | { readonly kind: "publishEvent"; readonly id: EventId }
  /** Check the receipt, write it down, then say `acknowledged` or `not-now`. */
  | { readonly kind: "acknowledge"; readonly place: Place; readonly receipt: string }
  /** Answer with `own-copy-sound` or `gone`. */
  | { readonly kind: "checkOwnCopy"; readonly place: Place }
  | { readonly kind: "askCharter" }
  /** PUBACKs stay away: the connection is dead, whatever TCP says. */
  | { readonly kind: "reconnect" }
  /** For the log and the camera's trouble list. */
  | { readonly kind: "refused"; readonly place: Place; readonly code: RefusalCode };

export interface PublishChunk {
  readonly kind: "publishChunk";
  readonly place: Place;
  readonly node: string;
  readonly offset: number;
  readonly length: number;
}

export interface Step {
  readonly outbox: Outbox;
  readonly effects: readonly Effect[];
}
