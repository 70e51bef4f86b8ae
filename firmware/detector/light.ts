import { leastSlack } from "./background.js";
import { cellShift, cellSize } from "./grid.js";
import { farthestShift, offsetOf, type Shift } from "./shake.js";
import type { CellRules } from "./zones.js";

/**
 * What a change of light did to the whole picture: for each background luma, the luma to expect now. Exposure, a
 * lamp, a cloud shift most pixels of one brightness alike, and an object only few; so the median tells.
 */
export interface Light {
  /** Expected luma by background luma, 256 entries. */
  readonly expected: Int16Array;
  /** How far a pixel may be off it by background luma, 256 entries: the larger the shift, the rougher the guess. */
  readonly slack: Uint8Array;
  /** Compares `luma` with the background (luma × 256) and fills `expected`; the answer is the largest shift. */
  measure(luma: Uint8Array, background: Uint16Array, shift: Readonly<Shift>): number;
}

const bands = 8;
const bandWidth = 256 / bands;
/** Of the differences between a luma and one of the band's. */
const bins = 255 + bandWidth;
/** A band counts when one pixel in so many belongs to it. */
const leastShare = 32;
/** One pixel of a row in so many is looked at, in the next row the ones beside. */
const stride = 7;

/** Areas that are not watched tell nothing about the light: a mask stays black. */
export function createLight(width: number, rules: CellRules): Light {
  const expected = new Int16Array(256);
  const slack = new Uint8Array(256).fill(leastSlack);
  const histogram = new Uint16Array(bands * bins);
  const counts = new Uint16Array(bands);
  const shifts = new Int16Array(bands);
  return {
    expected,
    slack,
    measure: (luma, background, shift) => {
      histogram.fill(0);
      counts.fill(0);
      const seen = countDifferences(luma, background, shift, width, rules.watched, histogram, counts);
      const largest = measureBands(histogram, counts, shifts, seen);
      interpolate(shifts, expected, slack);
      return largest;
    },
  };
}

/** Each band's median shift; a band with too few pixels takes the one of the band before, or of the first that has. */
function measureBands(histogram: Uint16Array, counts: Uint16Array, shifts: Int16Array, seen: number): number {
  let largest = 0;
  let known = -1;
  for (let band = 0; band < bands; band++) {
    shifts[band] = known < 0 ? 0 : (shifts[known] ?? 0);
    if ((counts[band] ?? 0) * leastShare < seen) continue;
    const shift = median(histogram, counts, band);
    shifts[band] = shift;
    if (known < 0) shifts.fill(shift, 0, band);
    known = band;
    largest = Math.max(largest, shift < 0 ? -shift : shift);
  }
  return largest;
}

function countDifferences(
  luma: Uint8Array,
  background: Uint16Array,
  shift: Readonly<Shift>,
  width: number,
  watched: Uint8Array,
  histogram: Uint16Array,
  counts: Uint16Array,
): number {
  const wide = (width + cellSize - 1) >> cellShift;
  const end = width - farthestShift;
  const offset = offsetOf({ shift, width });
  let seen = 0;
  for (
    let line = farthestShift * width, y = farthestShift;
    line < luma.length - farthestShift * width;
    line += width, y++
  ) {
    const cells = (y >> cellShift) * wide;
    for (let x = farthestShift + ((y * 3) % stride); x < end; x += stride) {
      if (watched[cells + (x >> cellShift)] === 0) continue;
      const before = (background[line + x] ?? 0) >> 8;
      const band = before >> 5;
      const at = band * bins + (luma[line + x + offset] ?? 0) - (before & 31) + 31;
      histogram[at] = (histogram[at] ?? 0) + 1;
      counts[band] = (counts[band] ?? 0) + 1;
      seen++;
    }
  }
  return seen;
}

function median(histogram: Uint16Array, counts: Uint16Array, band: number): number {
  const half = (counts[band] ?? 0) >> 1;
  const first = band * bins;
  let below = 0;
  for (let i = 0; i < bins; i++) {
    below += histogram[first + i] ?? 0;
    if (below > half) return i - 31 - band * bandWidth;
  }
  return 0;
}

/** From the middle of each band to that of the next one. */
function interpolate(shifts: Int16Array, expected: Int16Array, slack: Uint8Array): void {
  for (let band = -1, luma = 0; band < bands; band++) {
    const low = shifts[band < 0 ? 0 : band] ?? 0;
    const rise = (shifts[band + 1] ?? low) - low;
    const middle = band * bandWidth + bandWidth / 2;
    for (const end = middle + bandWidth; luma < end && luma < 256; luma++) {
      const shift = low + ((rise * (luma - middle)) >> 5);
      expected[luma] = luma + shift;
      slack[luma] = leastSlack + ((shift < 0 ? -shift : shift) >> 4);
    }
  }
}
