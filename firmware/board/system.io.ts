import { randomBytes } from "node:crypto";
import { millis } from "../../shared/kernel/brand.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";

export const systemClock: Clock = {
  wall: () => millis(Date.now()),
  monotonic: () => millis(Math.floor(performance.now())),
};

export const systemRandom: Random = { bytes: (length) => new Uint8Array(randomBytes(length)) };
