import type { Millis } from "../kernel/brand.js";
import type { ClipId } from "../kernel/ids.js";
import type { Fragment } from "./fmp4.js";
import type { InitSegment } from "./init.js";
import type { SegmentEnd } from "./segment.js";
import type { TriggerKind } from "./trigger.js";

/** What is cut for a clip, in order; clips one after another. Times inside count from 0, sequence numbers from 1. */
export type ClipEffect = BeginClip | AppendFragment | EndClip;

export interface BeginClip {
  readonly kind: "begin";
  readonly clip: ClipId;
  /** Of the first frame. */
  readonly start: { readonly wall: Millis; readonly monotonic: Millis };
  readonly trigger: TriggerKind;
  readonly init: InitSegment;
}

/** At least one follows each `begin`. */
export interface AppendFragment {
  readonly kind: "append";
  readonly clip: ClipId;
  /** Of the picture, or the sound to the picture that follows. */
  readonly fragment: Fragment;
  /** The newest so far: what a power cut would cost is at most this and what follows, so it goes out at once. */
  readonly live: boolean;
  /** Other than `no`: the clip ends with this fragment. */
  readonly end: SegmentEnd;
}

/** The clip ends, and its last fragment was handed out before. */
export interface EndClip {
  readonly kind: "end";
  readonly clip: ClipId;
  readonly end: Exclude<SegmentEnd, "no">;
}
