import type { Background } from "./background.js";
import { bitsOf, cellShift, cellSize, evenGain } from "./grid.js";
import { offsetOf, type Shift } from "./shake.js";
import type { CellRules } from "./zones.js";

/** A cell with fewer foreground pixels is empty. */
const leastPixels = 3;
const noCell = 255;
/** Of a cell's sixteen pixels together, above the noise. */
const leastStructure = 40;
const leastChange = 48;

export interface Cells {
  readonly rules: CellRules;
  readonly wide: number;
  readonly high: number;
  /** Foreground pixels in each cell. */
  readonly counts: Uint8Array;
  /** 1 where the structure changed, `noCell` where too few pixels did for a blob. */
  readonly structural: Uint8Array;
  readonly active: Uint8Array;
  /** Length of the foreground's rim and the contrast along it, in the picture and in the background. */
  readonly rim: Uint8Array;
  readonly rimNow: Uint16Array;
  readonly rimBefore: Uint16Array;
}

export function createCells(width: number, height: number, rules: CellRules): Cells {
  const wide = (width + cellSize - 1) >> cellShift;
  const high = (height + cellSize - 1) >> cellShift;
  const cells = wide * high;
  return {
    rules,
    wide,
    high,
    counts: new Uint8Array(cells),
    structural: new Uint8Array(cells),
    active: new Uint8Array(cells),
    rim: new Uint8Array(cells),
    rimNow: new Uint16Array(cells),
    rimBefore: new Uint16Array(cells),
  };
}

export interface Picture {
  readonly luma: Uint8Array;
  readonly shift: Readonly<Shift>;
  readonly expected: Int16Array;
  readonly gains: Int16Array;
  readonly width: number;
  readonly height: number;
}

/** Counts the foreground of every cell and looks closer at those that have some; answers how many do. */
export function fillCells(cells: Cells, background: Background, picture: Picture): number {
  const { counts, structural } = cells;
  countPixels(counts, background.foreground);
  let occupied = 0;
  for (let row = 0, cell = 0; row < cells.high; row++) {
    for (let column = 0; column < cells.wide; column++, cell++) {
      structural[cell] = noCell;
      if (counts[cell] === 0 || !isOccupied(cells, cell)) continue;
      examine(cells, cell, column, row, background, picture);
      occupied++;
    }
  }
  for (let cell = 0; cell < counts.length; cell++) if (structural[cell] === noCell) counts[cell] = 0;
  return occupied;
}

function countPixels(counts: Uint8Array, foreground: Uint16Array): void {
  for (let cell = 0; cell < counts.length; cell++) {
    const pixels = foreground[cell] ?? 0;
    counts[cell] = pixels === 0 ? 0 : bitsOf(pixels);
  }
}

/** Two pixels count when the cell above or below has two as well: somebody far away is narrow and upright. */
function isOccupied({ rules, counts, wide }: Cells, cell: number): boolean {
  if (rules.watched[cell] === 0) return false;
  const here = counts[cell] ?? 0;
  return (
    here >= leastPixels ||
    (here === 2 && ((counts[cell - wide] ?? 0) >= 2 || (counts[cell + wide] ?? 0) >= 2))
  );
}

/**
 * Compares the cell with its background after taking out brightness: light falling on a wall keeps the wall's
 * structure, an object brings its own.
 */
function examine(
  cells: Cells,
  cell: number,
  column: number,
  row: number,
  background: Background,
  picture: Picture,
): void {
  const { width, height, shift } = picture;
  const x0 = Math.max(-shift.dx, Math.min(column << cellShift, width - cellSize - Math.max(0, shift.dx)));
  const y0 = Math.max(-shift.dy, Math.min(row << cellShift, height - cellSize - Math.max(0, shift.dy)));
  const offset = offsetOf(picture);
  const first = y0 * width + x0;
  const factor = brightening(background, picture, first);
  // A lamp multiplies what the scene reflects; dim and far headlights, seen through the camera's curve, rather add to it.
  const structure = Math.min(
    structureOf(background, picture, first, factor, 0),
    structureOf(background, picture, first, evenGain, addedLight(background, picture, first)),
  );
  let spread = 0;
  let change = 0;
  for (let y = 0, line = first; y < cellSize; y++, line += width) {
    for (let i = line; i < line + cellSize; i++) {
      spread += background.deviation[i] ?? 0;
      change += distance(picture.luma[i + offset] ?? 0, background.previous[i] ?? 0);
    }
  }
  const noise = (spread * 5) >> 5;
  cells.structural[cell] = structure > leastStructure + noise ? 1 : 0;
  cells.active[cell] = change > leastChange + noise + (noise >> 1) ? 1 : 0;
  compareRims(cells, cell, column, row, background, picture);
}

/** Differences from the background in the cell at hand, row by row. */
const differences = new Int16Array(cellSize * cellSize);

/** What of the cell's difference from its background is neither a factor, nor an addition, nor an even slope, as light's would be. */
function structureOf(
  background: Background,
  picture: Picture,
  first: number,
  factor: number,
  more: number,
): number {
  const offset = offsetOf(picture);
  let slopeX = 0;
  let slopeY = 0;
  for (let y = 0, line = first, at = 0; y < cellSize; y++, line += picture.width) {
    for (let x = 0; x < cellSize; x++, at++) {
      const before = picture.expected[(background.luma[line + x] ?? 0) >> 8] ?? 0;
      const difference = (picture.luma[line + x + offset] ?? 0) - ((before * factor) >> 8) - more;
      differences[at] = difference;
      slopeX += difference * (2 * x - 3);
      slopeY += difference * (2 * y - 3);
    }
  }
  let structure = 0;
  for (let at = 0; at < cellSize * cellSize; at++) {
    const slope = ((slopeX * (2 * (at & 3) - 3) + slopeY * (2 * (at >> 2) - 3)) / slopeNorm) | 0;
    structure += distance(differences[at] ?? 0, slope);
  }
  return structure;
}

/** The sum of the squares of -3, -1, 1, 3 over a cell's sixteen pixels. */
const slopeNorm = 80;

/** What light adds to each pixel of the cell alike. */
function addedLight(background: Background, picture: Picture, first: number): number {
  const offset = offsetOf(picture);
  let more = (cellSize * cellSize) >> 1;
  for (let y = 0, line = first; y < cellSize; y++, line += picture.width) {
    for (let i = line; i < line + cellSize; i++) {
      more += (picture.luma[i + offset] ?? 0) - (picture.expected[(background.luma[i] ?? 0) >> 8] ?? 0);
    }
  }
  return more >> (2 * cellShift);
}

/** The cell's brightness over its background's, times 256. */
function brightening(background: Background, picture: Picture, first: number): number {
  const offset = offsetOf(picture);
  let now = 0;
  let before = 0;
  for (let y = 0, line = first; y < cellSize; y++, line += picture.width) {
    for (let i = line; i < line + cellSize; i++) {
      now += picture.luma[i + offset] ?? 0;
      before += picture.expected[(background.luma[i] ?? 0) >> 8] ?? 0;
    }
  }
  return Math.min(640, (((now + 16) << 8) / (before + 16)) | 0);
}

/**
 * Along the rim of the foreground an object has an edge in the picture. Where the edge is in the background instead,
 * the background remembers something that has gone: a ghost.
 */
function compareRims(
  cells: Cells,
  cell: number,
  column: number,
  row: number,
  background: Background,
  picture: Picture,
): void {
  const { foreground } = background;
  const { width, height } = picture;
  cells.rim[cell] = 0;
  cells.rimNow[cell] = 0;
  cells.rimBefore[cell] = 0;
  const here = foreground[cell] ?? 0;
  const right = ((here >> 1) & 0x7777) | (((foreground[cell + 1] ?? 0) & 0x1111) << 3);
  const below = (here >> cellSize) | (((foreground[cell + cells.wide] ?? 0) & 0xf) << 12);
  const across = here ^ right;
  const down = here ^ below;
  if ((across | down) === 0) return;
  const first = ((row * width) << cellShift) + (column << cellShift);
  for (let bit = 0; bit < cellSize * cellSize; bit++) {
    const x = bit & (cellSize - 1);
    const y = bit >> cellShift;
    const i = first + y * width + x;
    if ((across >> bit) & 1 && (column << cellShift) + x + 1 < width)
      addRim(cells, cell, background, picture, i, i + 1);
    if ((down >> bit) & 1 && (row << cellShift) + y + 1 < height)
      addRim(cells, cell, background, picture, i, i + width);
  }
}

function addRim(
  cells: Cells,
  cell: number,
  { luma: model }: Background,
  picture: Picture,
  a: number,
  b: number,
): void {
  const { luma, expected } = picture;
  const offset = offsetOf(picture);
  const before = distance(expected[(model[a] ?? 0) >> 8] ?? 0, expected[(model[b] ?? 0) >> 8] ?? 0);
  cells.rim[cell] = (cells.rim[cell] ?? 0) + 1;
  cells.rimNow[cell] = (cells.rimNow[cell] ?? 0) + distance(luma[a + offset] ?? 0, luma[b + offset] ?? 0);
  cells.rimBefore[cell] = (cells.rimBefore[cell] ?? 0) + ((before * (picture.gains[cell] ?? evenGain)) >> 8);
}

function distance(a: number, b: number): number {
  return a > b ? a - b : b - a;
}
