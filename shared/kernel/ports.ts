import type { Millis } from "./brand.js";

/** The two clocks: wall time for people, monotonic time for waiting. */
export interface Clock {
  /** Wall time, UTC. May jump when the clock is set. */
  wall(): Millis;
  /** Never jumps back; says nothing about the hour. */
  monotonic(): Millis;
}

/** An event for the log: a name and fields. Never keys, footage, addresses. */
export type Log = (event: string, fields: Readonly<Record<string, string | number | boolean>>) => void;

/** A source of chance: the system's for keys and salts, a seeded one in simulations. */
export interface Random {
  /** `length` fresh random bytes. */
  bytes(length: number): Uint8Array;
}
