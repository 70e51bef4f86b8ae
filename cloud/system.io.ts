import { randomBytes } from "node:crypto";
import { millis } from "../shared/kernel/brand.js";
import type { Clock, Random } from "../shared/kernel/ports.js";

/** The machine's own clock. */
export const systemClock: Clock = {
  wall: () => millis(Date.now()),
  monotonic: () => millis(performance.now()),
};

/** The kernel's randomness: for keys, nonces and salts. */
export const systemRandom: Random = {
  bytes: (length) => new Uint8Array(randomBytes(length)),
};
