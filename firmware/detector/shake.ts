/**
 * A mount that shakes moves the whole picture by a pixel or a few: sums along rows and columns tell by how many, since
 * what moves in the scene changes only some of them.
 */
export interface Shake {
  /** The picture as it were without the shake: `luma` itself, or a copy moved into place. The next call uses it again. */
  steady(luma: Uint8Array, background: Uint16Array, expected: Int16Array): Uint8Array;
}

/** Farthest shift that is looked for, in pixels. */
const farthest = 3;
/** The background's sums are taken anew every so many frames: it changes slowly. */
const renewFrames = 8;

interface Sums {
  /** Differences between neighbouring sums: an even change of light leaves them alone. */
  readonly now: Int32Array;
  readonly before: Int32Array;
}

export function createShake(width: number, height: number): Shake {
  const moved = new Uint8Array(width * height);
  const columns = sumsOf(width);
  const rows = sumsOf(height);
  let frames = 0;
  return {
    steady: (luma, background, expected) => {
      if (frames === 0) project(background, width, columns.before, rows.before, 8);
      frames = (frames + 1) % renewFrames;
      project(luma, width, columns.now, rows.now, 0);
      const dx = shiftOf(columns);
      const dy = shiftOf(rows);
      if (dx === 0 && dy === 0) return luma;
      for (let i = 0; i < moved.length; i++) moved[i] = expected[(background[i] ?? 0) >> 8] ?? 0;
      for (let y = Math.max(0, -dy); y < Math.min(height, height - dy); y++) {
        moveRow(luma, moved, width, y, dx, dy);
      }
      return moved;
    },
  };
}

function sumsOf(length: number): Sums {
  return { now: new Int32Array(length), before: new Int32Array(length) };
}

function moveRow(
  luma: Uint8Array,
  moved: Uint8Array,
  width: number,
  y: number,
  dx: number,
  dy: number,
): void {
  const to = y * width;
  const from = (y + dy) * width + dx;
  const end = Math.min(width, width - dx);
  for (let x = Math.max(0, -dx); x < end; x++) moved[to + x] = luma[from + x] ?? 0;
}

function project(
  picture: Uint8Array | Uint16Array,
  width: number,
  columns: Int32Array,
  rows: Int32Array,
  shift: number,
): void {
  columns.fill(0);
  for (let row = 0, i = 0; row < rows.length; row++) {
    let sum = 0;
    for (let x = 0; x < width; x++, i++) {
      const value = (picture[i] ?? 0) >> shift;
      sum += value;
      columns[x] = (columns[x] ?? 0) + value;
    }
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
  const still = mismatch(sums, 0);
  let best = 0;
  let least = still - (still >> 2);
  for (let shift = -farthest; shift <= farthest; shift++) {
    const off = mismatch(sums, shift);
    if (off >= least) continue;
    best = shift;
    least = off;
  }
  return best;
}

function mismatch({ now, before }: Sums, shift: number): number {
  let sum = 0;
  for (let i = farthest; i < now.length - 1 - farthest; i++) {
    const off = (now[i + shift] ?? 0) - (before[i] ?? 0);
    sum += off < 0 ? -off : off;
  }
  return sum;
}
