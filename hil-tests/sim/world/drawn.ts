import type { Prng } from "../../../shared/kernel/prng.js";

/** A world's own rates, drawn from its seed: some are calm and some are brutal. Times in milliseconds, chances in [0, 1). */
export interface Drawn {
  readonly cameras: number;
  /** The broker runs on a machine of its own. */
  readonly ownBroker: boolean;
  readonly owners: number;
  /** An agency asks, and the owners answer. */
  readonly releases: boolean;
  /** The world ends with a month in which clips grow old. */
  readonly retention: boolean;
  /** Mean time between two acts of the household: it deletes, renames, removes, changes the mode. */
  readonly actEvery: number | undefined;
  /** Cameras begin with certificates that soon end. */
  readonly shortCertificates: boolean;
  readonly faultMillis: number;
  readonly pressEvery: number;
  readonly stall: number;
  readonly delayMost: number;
  readonly relay: { readonly loss: number; readonly duplicate: number; readonly reorderMillis: number };
  readonly slowDisk: number;
  /** Footage around a trigger, in milliseconds. */
  readonly rolls: { readonly preRoll: number; readonly postRoll: number };
  /** What the cameras' time sources say. */
  readonly clock: "synchronised" | "unsynchronised";
  readonly footage: { readonly usualBytes: number; readonly largeBytes: number; readonly large: number };
  /** Mean time between two of each; never where it is undefined. */
  readonly every: { readonly [Name in FaultName]?: number };
}

export const faultNames = [
  "partition",
  "cameraPower",
  "cameraKill",
  "cloudPower",
  "cloudKill",
  "brokerRestart",
  "cardFull",
  "cloudFull",
  "cardFails",
  "cardRot",
  "clockStep",
  "hostileCloud",
  "twin",
] as const;
export type FaultName = (typeof faultNames)[number];

const second = 1_000;
const minute = 60 * second;

/** Either none of it, or up to so much. */
function some(chance: Prng, most: number): number {
  return chance.next() < 0.4 ? 0 : chance.next() * most;
}

export function draw(chance: Prng): Drawn {
  const seldom = (least: number, most: number): number | undefined =>
    chance.next() < 0.6 ? undefined : chance.between(least, most);
  const every: Record<string, number> = {};
  for (const name of faultNames) {
    const mean = seldom(30 * second, 4 * minute);
    if (mean !== undefined) every[name] = mean;
  }
  const ownBroker = chance.next() < 0.5;
  const releases = chance.next() < 0.5;
  return {
    cameras: chance.next() < 0.6 ? 1 : chance.between(2, 4),
    ownBroker,
    owners: chance.next() < 0.5 ? 1 : 2,
    releases,
    // A cloud whose clock leapt, as over an agency's month, ends nothing.
    retention: !releases && chance.next() < 0.25,
    actEvery: seldom(20 * second, 90 * second),
    shortCertificates: chance.next() < 0.15,
    faultMillis: chance.between(90 * second, 4 * minute),
    pressEvery: chance.between(30 * second, 150 * second),
    stall: some(chance, 0.1),
    delayMost: chance.between(5, 600),
    relay: { loss: some(chance, 0.2), duplicate: some(chance, 0.3), reorderMillis: some(chance, 2 * second) },
    slowDisk: some(chance, 0.3),
    rolls: { preRoll: 3_000, postRoll: 4_000 },
    clock: "synchronised",
    footage: {
      usualBytes: chance.between(64, 4_000),
      largeBytes: chance.between(30_000, 200_000),
      large: some(chance, 0.1),
    },
    every,
  };
}
