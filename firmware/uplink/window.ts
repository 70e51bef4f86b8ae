import { type Millis, millis } from "../../shared/kernel/brand.js";

/**
 * How many chunks may be on their way without PUBACK. It grows while the line is idle and shrinks as soon as chunks queue up,
 * so that a press that is published during an upload does not wait behind footage.
 */
export interface Window {
  /** Chunks. */
  readonly size: number;
  readonly most: number;
  /** Shortest round trip of the present and of the last period: what the line takes when nothing queues. */
  readonly base: Millis;
  readonly nextBase: Millis;
  readonly periodEnd: Millis;
  /** The window changes once a round trip. */
  readonly changeAt: Millis;
}

export const windowChunksMin = 2;
/** 64 chunks of 30 KiB: 1.9 MB of memory, and 19 MB/s at 100 ms round trip. */
export const windowChunksMax = 64;
/** Below this queueing delay the window grows, above the second it shrinks. */
const idleDelayMillis = 100;
const busyDelayMillis = 200;
/** The base is forgotten after one to two periods: a line may change. */
const basePeriodMillis = 60_000;
const unknown = millis(3_600_000);

export function openWindow(most: number): Window {
  const start = millis(0);
  return {
    size: windowChunksMin,
    most: Math.max(windowChunksMin, Math.min(most, windowChunksMax)),
    base: unknown,
    nextBase: unknown,
    periodEnd: start,
    changeAt: start,
  };
}

/** A chunk was acknowledged after `roundTrip`. `full`: the window was used up, so that growing it is of use. */
export function acknowledged(window: Window, roundTrip: Millis, full: boolean, now: Millis): Window {
  const aged = now < window.periodEnd ? window : nextPeriod(window, now);
  const base = millis(Math.min(aged.base, roundTrip));
  const measured = { ...aged, base, nextBase: millis(Math.min(aged.nextBase, roundTrip)) };
  if (now < aged.changeAt) return measured;
  const size = aged.size + change(roundTrip - base, full);
  return {
    ...measured,
    size: Math.max(windowChunksMin, Math.min(aged.most, size)),
    changeAt: millis(now + roundTrip),
  };
}

function nextPeriod(window: Window, now: Millis): Window {
  const periodEnd = millis(now + basePeriodMillis);
  return { ...window, base: window.nextBase, nextBase: unknown, periodEnd };
}

function change(queueing: number, full: boolean): number {
  if (queueing > busyDelayMillis) return -1;
  return full && queueing < idleDelayMillis ? 1 : 0;
}
