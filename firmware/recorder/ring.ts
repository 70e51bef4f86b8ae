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
  let bytes = ring.bytes + arrived.fragment.bytes.length;
  let from = 0;
  for (const { fragment } of kept) {
    if (ticks - fragment.duration < limits.ticks && bytes <= limits.bytes) break;
    ticks -= fragment.duration;
    bytes -= fragment.bytes.length;
    from++;
  }
  return { kept: kept.slice(from), ticks, bytes };
}
