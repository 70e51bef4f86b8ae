import type { Random } from "./ports.js";

/** A repeatable stream of numbers: the same seed gives the same stream on every engine. Never for keys. */
export interface Prng extends Random {
  /** A number in [0, 1) with 32 bits. */
  next(): number;
  /** An integer in [from, below). */
  between(from: number, below: number): number;
}

/** mulberry32 (public domain, Tommy Ettinger): 32-bit integer arithmetic only, so that all engines agree. */
export function seededPrng(seed: number): Prng {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    between: (from, below) => from + Math.floor(next() * (below - from)),
    bytes: (length) => Uint8Array.from({ length }, () => Math.floor(next() * 256)),
  };
}
