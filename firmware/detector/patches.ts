import { cellHeld } from "./background.js";
import { cellShift, cellSize, evenGain } from "./grid.js";
import { farthestShift, offsetOf, type Shift } from "./shake.js";
import type { CellRules } from "./zones.js";

/**
 * Light that is other in one part of the picture than in the rest: a cloud's shadow that drifts over the street. For
 * patches of 16 by 16 pixels it follows by how much they are brighter than the light of the whole explains. Each sample
 * moves its patch by one small step up or down, so that what most of the patch says counts, and no object smaller than that.
 */
export interface Patches {
  /** Of each cell, what its brightness is over the expected, times 256: all 256 while the light is even. */
  readonly gains: Int16Array;
  /** Compares with the background (luma × 256). What `owners` says is held by an object tells nothing about the light. */
  follow(scene: PatchScene, background: Uint16Array): void;
  /** The background is another one from now on, in even light. */
  renew(): void;
}

export interface PatchScene {
  readonly luma: Uint8Array;
  readonly expected: Int16Array;
  readonly shift: Readonly<Shift>;
  readonly owners: Uint8Array;
}

interface Field {
  readonly width: number;
  readonly height: number;
  readonly wide: number;
  readonly high: number;
  /** Each patch's gain in 4096ths. */
  readonly own: Int16Array;
  readonly gains: Int16Array;
  readonly rules: CellRules;
}

const patchShift = 4;
const unity = 4096;
/** A cloud darkens by a third within a second: some 45 samples a frame, when all agree, do that three times over. */
const sampleStep = 6;
/** How far a patch may be from the mean of those around: a cloud's rim is soft. */
const mostBend = 400;
/** The light is uneven when one patch in so many is off by this much: less is an object's doing. */
const unevenOff = 200;
const unevenShare = 4;
/** One pixel of a row in so many is looked at, in the next row the ones beside. */
const stride = 7;

export function createPatches(width: number, height: number, rules: CellRules): Patches {
  const wide = ((width - 1) >> patchShift) + 1;
  const high = ((height - 1) >> patchShift) + 1;
  const gains = new Int16Array(rules.watched.length).fill(evenGain);
  const own = new Int16Array(wide * high).fill(unity);
  const field = { width, height, wide, high, own, gains, rules };
  return {
    gains,
    renew: () => {
      own.fill(unity);
      gains.fill(evenGain);
    },
    follow: (scene, background) => {
      for (let y = farthestShift; y < height - farthestShift; y++) sampleRow(field, scene, background, y);
      smooth(field);
      if (isUneven(own)) spread(field);
      else gains.fill(evenGain);
    },
  };
}

function sampleRow(
  { width, wide, own, rules }: Field,
  scene: PatchScene,
  background: Uint16Array,
  y: number,
): void {
  const { luma, expected, owners } = scene;
  const line = y * width;
  const offset = line + offsetOf({ shift: scene.shift, width });
  const cells = (y >> cellShift) * ((width + cellSize - 1) >> cellShift);
  const first = (y >> patchShift) * wide;
  for (let x = farthestShift + ((y * 3) % stride); x < width - farthestShift; x += stride) {
    const cell = cells + (x >> cellShift);
    if (rules.watched[cell] === 0 || owners[cell] === cellHeld) continue;
    const patch = first + (x >> patchShift);
    const gain = own[patch] ?? unity;
    const known = expected[(background[line + x] ?? 0) >> 8] ?? 0;
    const off = (luma[offset + x] ?? 0) - ((known * gain + (unity >> 1)) >> 12);
    if (off > 1) own[patch] = gain + sampleStep;
    else if (off < -1) own[patch] = gain - sampleStep;
  }
}

function smooth(field: Field): void {
  const { own, wide, high } = field;
  for (let y = 0, at = 0; y < high; y++) {
    for (let x = 0; x < wide; x++, at++) {
      const mean = meanAround(field, at, x, y);
      own[at] = Math.max(mean - mostBend, Math.min(mean + mostBend, own[at] ?? unity));
    }
  }
}

/** At the picture's rim the patch on the other side counts twice. */
function meanAround({ own, wide, high }: Field, at: number, x: number, y: number): number {
  const left = own[x > 0 ? at - 1 : at + 1] ?? unity;
  const right = own[x + 1 < wide ? at + 1 : at - 1] ?? unity;
  const above = own[y > 0 ? at - wide : at + wide] ?? unity;
  const below = own[y + 1 < high ? at + wide : at - wide] ?? unity;
  return (left + right + above + below) >> 2;
}

function isUneven(own: Int16Array): boolean {
  let uneven = 0;
  for (let at = 0; at < own.length; at++) {
    const off = (own[at] ?? unity) - unity;
    if (off > unevenOff || off < -unevenOff) uneven++;
  }
  return uneven * unevenShare >= own.length;
}

/** Each cell's gain lies between those of the four patches around its middle; there are eight steps from one to the next. */
function spread(field: Field): void {
  const { gains, width, height, high, wide } = field;
  let cell = 0;
  for (let row = 0; row << cellShift < height; row++) {
    const y = Math.max(0, Math.min((high - 1) << 3, 2 * row - 3));
    const top = (y >> 3) * wide;
    const bottom = Math.min((y >> 3) + 1, high - 1) * wide;
    for (let column = 0; column << cellShift < width; column++, cell++) {
      const x = Math.max(0, Math.min((wide - 1) << 3, 2 * column - 3));
      const upper = between(field, top, x);
      gains[cell] = (upper * 8 + (between(field, bottom, x) - upper) * (y & 7)) >> 10;
    }
  }
}

/** Times eight, along one row of patches. */
function between({ own, wide }: Field, row: number, x: number): number {
  const left = own[row + (x >> 3)] ?? unity;
  const right = own[row + Math.min((x >> 3) + 1, wide - 1)] ?? unity;
  return left * 8 + (right - left) * (x & 7);
}
