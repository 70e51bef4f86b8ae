import { cellShift, cellSize } from "./grid.js";
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
  measure(luma: Uint8Array, background: Uint16Array): number;
}

const leastSlack = 7;
const bands = 8;
const bandWidth = 256 / bands;
const differences = 511;
/** A band counts when one pixel in so many belongs to it. */
const leastShare = 32;
/** One pixel in so many is looked at; prime, so that no column is preferred. */
const stride = 5;

/** Areas that are not watched tell nothing about the light: a mask stays black. */
export function createLight(width: number, rules: CellRules): Light {
  const expected = new Int16Array(256);
  const slack = new Uint8Array(256).fill(leastSlack);
  const histogram = new Uint16Array(bands * differences);
  const counts = new Uint16Array(bands);
  const shifts = new Int16Array(bands);
  return {
    expected,
    slack,
    measure: (luma, background) => {
      histogram.fill(0);
      counts.fill(0);
      const seen = countDifferences(luma, background, width, rules.watched, histogram, counts);
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
  width: number,
  watched: Uint8Array,
  histogram: Uint16Array,
  counts: Uint16Array,
): number {
  const wide = (width + cellSize - 1) >> cellShift;
  let seen = 0;
  for (let i = 0, x = 0, y = 0; i < luma.length; i += stride, x += stride) {
    while (x >= width) {
      x -= width;
      y++;
    }
    if (watched[(y >> cellShift) * wide + (x >> cellShift)] === 0) continue;
    const before = (background[i] ?? 0) >> 8;
    const band = before >> 5;
    const at = band * differences + (luma[i] ?? 0) - before + 255;
    histogram[at] = (histogram[at] ?? 0) + 1;
    counts[band] = (counts[band] ?? 0) + 1;
    seen++;
  }
  return seen;
}

function median(histogram: Uint16Array, counts: Uint16Array, band: number): number {
  const half = (counts[band] ?? 0) >> 1;
  const first = band * differences;
  let below = 0;
  for (let i = 0; i < differences; i++) {
    below += histogram[first + i] ?? 0;
    if (below > half) return i - 255;
  }
  return 0;
}

function interpolate(shifts: Int16Array, expected: Int16Array, slack: Uint8Array): void {
  for (let luma = 0; luma < 256; luma++) {
    const position = luma - bandWidth / 2;
    const band = position < 0 ? 0 : Math.min(position >> 5, bands - 2);
    const part = Math.max(0, Math.min(bandWidth, position - band * bandWidth));
    const low = shifts[band] ?? 0;
    const high = shifts[band + 1] ?? 0;
    const shift = (low * (bandWidth - part) + high * part) >> 5;
    expected[luma] = luma + shift;
    slack[luma] = leastSlack + ((shift < 0 ? -shift : shift) >> 4);
  }
}
