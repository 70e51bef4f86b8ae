import { ok, type Result, refuse } from "../../shared/kernel/result.js";

/** A corner of a mask: fractions of the picture's width and height, from its upper left corner. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A privacy mask: what lies inside is painted black before anything is encoded or looked at. */
export type Mask = readonly Point[];

/** One black rectangle, in cells of the grid. */
export interface Bar {
  readonly column: number;
  readonly row: number;
  readonly columns: number;
  readonly rows: number;
}

/** Cells a side: at 1280x720 a cell is 10 x 7.5 pixels. Coarser than the pixels, so that a mask is a few bars. */
export const gridColumns = 128;
export const gridRows = 96;

export const masksMax = 16;
export const maskPointsMax = 64;

export type MaskRefusal = { readonly kind: "bad-mask"; readonly mask: number; readonly message: string };

/** Refuses what is no polygon: then nothing must run, since something unmasked would be recorded. */
export function checkMasks(masks: readonly Mask[]): Result<readonly Mask[], MaskRefusal> {
  if (masks.length > masksMax) return refused(masksMax, `there are more than ${masksMax} masks`);
  for (const [index, mask] of masks.entries()) {
    if (mask.length < 3 || mask.length > maskPointsMax) {
      return refused(index, `a mask has 3 to ${maskPointsMax} corners, not ${mask.length}`);
    }
    const outside = mask.some(({ x, y }) => !(x >= 0 && x <= 1 && y >= 0 && y <= 1));
    if (outside) return refused(index, "a corner lies outside the picture (x and y go from 0 to 1)");
  }
  return ok(masks);
}

/** Most bars: each is a filter that ffmpeg runs for each frame, and all stand in one argument of at most 128 KiB. */
export const barsMax = 400;

/**
 * Bars that cover every cell which a polygon touches: never less than the polygon, at most a cell more. Where that takes
 * too many bars, the cells grow taller.
 */
export function barsOf(masks: readonly Mask[]): readonly Bar[] {
  let bars = barsIn(masks, gridRows);
  for (let rows = gridRows / 2; bars.length > barsMax && rows >= 6; rows /= 2) bars = barsIn(masks, rows);
  return bars;
}

/** In `rows` rows; the bars still count in the grid's own. */
function barsIn(masks: readonly Mask[], rows: number): readonly Bar[] {
  const bars: Bar[] = [];
  for (let row = 0; row < rows; row++) {
    const cells = new Uint8Array(gridColumns);
    for (const mask of masks) coverRow(cells, mask, row / rows, (row + 1) / rows);
    addRuns(bars, cells, row);
  }
  const scale = gridRows / rows;
  return bars.map((bar) => ({ ...bar, row: bar.row * scale, rows: bar.rows * scale }));
}

function coverRow(cells: Uint8Array, mask: Mask, top: number, bottom: number): void {
  const middle = (top + bottom) / 2;
  const crossings: number[] = [];
  for (let i = 0; i < mask.length; i++) {
    const from = mask[i];
    const to = mask[(i + 1) % mask.length];
    if (from === undefined || to === undefined) continue;
    if (Math.max(from.y, to.y) > top && Math.min(from.y, to.y) < bottom)
      coverEdge(cells, { from, to, top, bottom });
    if (from.y > middle !== to.y > middle) crossings.push(xAt(from, to, middle));
  }
  // Between an odd crossing and the next lies the inside (even-odd rule); what the edges touch is covered already.
  crossings.sort((a, b) => a - b);
  for (let i = 0; i + 1 < crossings.length; i += 2) cover(cells, crossings[i] ?? 0, crossings[i + 1] ?? 1);
}

interface EdgeInRow {
  readonly from: Point;
  readonly to: Point;
  readonly top: number;
  readonly bottom: number;
}

function coverEdge(cells: Uint8Array, { from, to, top, bottom }: EdgeInRow): void {
  const level = from.y === to.y;
  const a = level ? from.x : xAt(from, to, top);
  const b = level ? to.x : xAt(from, to, bottom);
  cover(cells, Math.min(a, b), Math.max(a, b));
}

/** Where a slanting edge is at this height; its end if it does not reach so far. */
function xAt(from: Point, to: Point, y: number): number {
  const along = Math.min(1, Math.max(0, (y - from.y) / (to.y - from.y)));
  return from.x + along * (to.x - from.x);
}

function cover(cells: Uint8Array, left: number, right: number): void {
  const first = Math.min(gridColumns - 1, Math.floor(left * gridColumns));
  const end = Math.max(first + 1, Math.ceil(right * gridColumns));
  cells.fill(1, first, end);
}

/** Grows the bars that end just above with the same columns; else begins new ones. */
function addRuns(bars: Bar[], cells: Uint8Array, row: number): void {
  for (let column = 0; column < gridColumns; column++) {
    if (cells[column] === 0) continue;
    const gap = cells.indexOf(0, column);
    const columns = (gap < 0 ? gridColumns : gap) - column;
    const at = bars.findIndex(
      (bar) => bar.column === column && bar.columns === columns && bar.row + bar.rows === row,
    );
    const above = bars[at];
    if (above === undefined) bars.push({ column, row, columns, rows: 1 });
    else bars[at] = { ...above, rows: above.rows + 1 };
    column += columns;
  }
}

function refused(mask: number, why: string): Result<never, MaskRefusal> {
  return refuse({ kind: "bad-mask", mask, message: `Privacy mask ${mask + 1} cannot be painted: ${why}.` });
}
