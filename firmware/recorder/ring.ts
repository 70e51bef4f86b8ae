import type { Fragment } from "../../shared/clip/fmp4.js";
import type { Millis } from "../../shared/kernel/brand.js";

/** One moment on both clocks. */
export interface Moment {
  readonly wall: Millis;
  readonly monotonic: Millis;
}

/** A fragment and when it was whole, which is about when its last frame was taken. */
export interface Arrived {
  readonly fragment: Fragment;
  /** What was heard meanwhile, where sound is recorded. */
  readonly sound?: Fragment;
  readonly at: Moment;
}

/** The newest fragments of one unbroken stretch of picture, oldest first: what came before a trigger. */
export interface Ring {
  readonly kept: readonly Arrived[];
  readonly ticks: number;
  readonly bytes: number;
}

export interface RingLimits {
  /** Length to keep at least, in ticks; the oldest fragment goes when the others cover it. */
  readonly ticks: number;
  /** Never more than this, whatever the length. */
  readonly bytes: number;
}

/** Memory of the pre-roll: 6 s at 30 Mbit/s. */
export const ringBytesMax = 24 * 1024 * 1024;

export const emptyRing: Ring = { kept: [], ticks: 0, bytes: 0 };

export function keep(ring: Ring, arrived: Arrived, limits: RingLimits): Ring {
  const kept = [...ring.kept, arrived];
  let ticks = ring.ticks + arrived.fragment.duration;
  let bytes = ring.bytes + bytesIn(arrived);
  let from = 0;
  for (const oldest of kept) {
    const { duration } = oldest.fragment;
    if (ticks - duration < limits.ticks && bytes <= limits.bytes) break;
    ticks -= duration;
    bytes -= bytesIn(oldest);
    from++;
  }
  return { kept: kept.slice(from), ticks, bytes };
}

function bytesIn({ fragment, sound }: Arrived): number {
  return fragment.bytes.length + (sound === undefined ? 0 : sound.bytes.length);
}
