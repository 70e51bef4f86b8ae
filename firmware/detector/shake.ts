/** A pixel of the scene at x, y is in the picture at x + dx, y + dy. */
export interface Shift {
  dx: number;
  dy: number;
}

/**
 * A mount that shakes moves the whole picture by a pixel or a few: sums along rows and columns tell by how many, since
 * what moves in the scene changes only some of them. Where the scene has little for sums to hold on to, somebody who walks
 * would look like a shake: pixels here and there must agree.
 */
export interface Shake {
  /** Overwritten by the next `measure`. */
  readonly shift: Readonly<Shift>;
  /** Finds where the scene of the background (luma × 256) is in the picture. */
  measure(luma: Uint8Array, background: Uint16Array): void;
  /** The background is another one from now on. */
  renew(): void;
}

/** How far a pixel is from its place in the scene, in a picture's bytes. */
export function offsetOf({
  shift,
  width,
}: {
  readonly shift: Readonly<Shift>;
  readonly width: number;
}): number {
  return shift.dy * width + shift.dx;
}

/** Farthest shift that is looked for, in pixels. */
export const farthestShift = 3;
/** The background's sums are taken anew every so many frames: it changes slowly. */
const renewFrames = 8;

interface Sums {
  /** Differences between neighbouring sums: an even change of light leaves them alone. */
  readonly now: Int32Array;
  readonly before: Int32Array;
}

export function createShake(width: number, height: number): Shake {
  const shift = { dx: 0, dy: 0 };
  const columns = sumsOf(width);
  const rows = sumsOf(height);
  let frames = 0;
  return {
    shift,
    renew: () => {
      frames = 0;
    },
    measure: (luma, background) => {
      if (frames === 0) project(background, columns.before, rows.before, 8);
      frames = (frames + 1) % renewFrames;
      project(luma, columns.now, rows.now, 0);
      shift.dx = shiftOf(columns);
      shift.dy = shiftOf(rows);
      if (shift.dx === 0 && shift.dy === 0) return;
      const offset = offsetOf({ shift, width });
      const still = unlikeness(luma, background, width, 0);
      if (unlikeness(luma, background, width, offset) < still - (still >> 3)) return;
      shift.dx = 0;
      shift.dy = 0;
    },
  };
}

function sumsOf(length: number): Sums {
  return { now: new Int32Array(length), before: new Int32Array(length) };
}

/**
 * The sums over the middle half: what neighbouring rows and columns have in common stays in them when the picture moves,
 * which sums over every other one lose.
 */
function project(
  picture: Uint8Array | Uint16Array,
  columns: Int32Array,
  rows: Int32Array,
  bits: number,
): void {
  const width = columns.length;
  const height = rows.length;
  const top = (height >> 2) * width;
  const bottom = picture.length - top;
  for (let x = 0; x < width; x++) {
    let sum = 0;
    for (let i = top + x; i < bottom; i += width) sum += (picture[i] ?? 0) >> bits;
    columns[x] = sum;
  }
  const left = width >> 2;
  for (let row = 0; row < height; row++) {
    let sum = 0;
    const end = (row + 1) * width - left;
    for (let i = row * width + left; i < end; i++) sum += (picture[i] ?? 0) >> bits;
    rows[row] = sum;
  }
  differentiate(columns);
  differentiate(rows);
}

function differentiate(sums: Int32Array): void {
  for (let i = 0; i + 1 < sums.length; i++) sums[i] = (sums[i + 1] ?? 0) - (sums[i] ?? 0);
  sums[sums.length - 1] = 0;
}

/** The shift that explains the sums clearly better than none does. */
function shiftOf(sums: Sums): number {
  const still = mismatch(sums, 0, sumMax);
  let best = 0;
  let least = still - (still >> 2);
  for (let shift = -farthestShift; shift <= farthestShift; shift++) {
    const off = mismatch(sums, shift, least);
    if (off >= least) continue;
    best = shift;
    least = off;
  }
  return best;
}

/** More than any mismatch, and still a small integer where those have 28 bits. */
const sumMax = 0x7ff_ffff;

/** At `most` or above it does not matter how much it is. */
function mismatch({ now, before }: Sums, shift: number, most: number): number {
  const end = now.length - 1 - farthestShift;
  let sum = 0;
  for (let i = farthestShift; i < end && sum < most; i++) {
    const off = (now[i + shift] ?? 0) - (before[i] ?? 0);
    sum += off < 0 ? -off : off;
  }
  return sum;
}

/** One pixel in so many is looked at; prime, so that no column is preferred. */
const stride = 13;

/** How much the steps between neighbouring pixels are other than the scene's: even light leaves them alone. */
function unlikeness(luma: Uint8Array, background: Uint16Array, width: number, offset: number): number {
  const first = (farthestShift + 1) * width;
  const end = luma.length - first;
  let sum = 0;
  for (let i = first; i < end; i += stride) {
    const value = luma[i + offset] ?? 0;
    const known = (background[i] ?? 0) >> 8;
    const across = (luma[i + offset + 1] ?? 0) - value - ((background[i + 1] ?? 0) >> 8) + known;
    const down = (luma[i + offset + width] ?? 0) - value - ((background[i + width] ?? 0) >> 8) + known;
    sum += (across < 0 ? -across : across) + (down < 0 ? -down : down);
  }
  return sum;
}
