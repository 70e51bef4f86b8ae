import type { Cells } from "./cells.js";
import { cellShift, cellSize } from "./grid.js";

/** One connected patch of foreground. Positions in sixteenths of a pixel, the box in cells, last ones included. */
export interface Blob {
  area: number;
  x: number;
  y: number;
  left: number;
  top: number;
  right: number;
  bottom: number;
  /** Of its cells: all; those whose structure changed, not only their light; those that changed since the last frame. */
  cells: number;
  structural: number;
  active: number;
  /** Length of its rim in pixels and the contrast along it, in the picture and in the background. */
  rim: number;
  rimNow: number;
  rimBefore: number;
  /** The most sensitive zone that it is in, how many of its cells are in any, and what size that zone asks for. */
  sensitivity: number;
  inside: number;
  sizeMin: number;
  /** A track has it. */
  taken: boolean;
}

export interface Blobs {
  readonly list: readonly Blob[];
  /** Number of the blob that a cell belongs to, plus one; 0 for none. */
  readonly labels: Uint8Array;
  /** The cells of the blob at hand, in the order in which they were found. */
  readonly queue: Uint16Array;
  /** Smaller blobs are passed over: none while the list has room for all. */
  floor: number;
}

/** In a picture with more, the ones below the first so many wait, and the smallest are left out of the next frames. */
const mostBlobs = 48;
const leastFloor = 2;
/** Cells of a blob that is too small to be followed. */
const passedOver = 255;

export function createBlobs(cells: number): Blobs {
  return {
    list: Array.from({ length: mostBlobs }, emptyBlob),
    labels: new Uint8Array(cells),
    queue: new Uint16Array(cells),
    floor: leastFloor,
  };
}

function emptyBlob(): Blob {
  const box = { left: 0, top: 0, right: 0, bottom: 0 };
  const rims = { rim: 0, rimNow: 0, rimBefore: 0 };
  const zone = { sensitivity: 0, inside: 0, sizeMin: 0 };
  return { area: 0, x: 0, y: 0, ...box, ...zone, cells: 0, structural: 0, active: 0, ...rims, taken: false };
}

/**
 * Joins cells that touch, corners included, into blobs; answers how many there are. Those of `enough` pixels are all in. One
 * empty cell between two above each other is bridged: a coat of the background's colour does not part head from legs.
 */
export function findBlobs(blobs: Blobs, cells: Cells, enough: number): number {
  const { counts } = cells;
  const { labels, list } = blobs;
  labels.fill(0);
  blobs.floor = Math.min(blobs.floor, enough);
  let found = 0;
  for (let cell = 0; cell < counts.length && found < mostBlobs; cell++) {
    if (counts[cell] === 0 || labels[cell] !== 0) continue;
    const blob = list[found];
    if (blob === undefined) break;
    const size = flood(blobs, cells, cell, found + 1, blob);
    if (blob.area >= blobs.floor) found++;
    else passOver(blobs, size);
  }
  moveFloor(blobs, found);
  return found;
}

function moveFloor(blobs: Blobs, found: number): void {
  if (found === mostBlobs) blobs.floor += 2;
  else if (found * 2 < mostBlobs && blobs.floor > leastFloor) blobs.floor--;
}

function passOver({ labels, queue }: Blobs, size: number): void {
  for (let at = 0; at < size; at++) labels[queue[at] ?? 0] = passedOver;
}

/** Answers how many cells it has: the first so many of the queue. */
function flood(blobs: Blobs, cells: Cells, start: number, label: number, blob: Blob): number {
  const { queue, labels } = blobs;
  const { wide } = cells;
  clear(blob, cells);
  let end = 1;
  queue[0] = start;
  labels[start] = label;
  for (let at = 0; at < end; at++) {
    const cell = queue[at] ?? 0;
    const row = (cell / wide) | 0;
    const column = cell - row * wide;
    include(cells, cell, column, row, blob);
    end = addNeighbours(blobs, cells, column, row, label, end);
  }
  blob.x = ((blob.x / blob.area) | 0) + (cellSize << 3);
  blob.y = ((blob.y / blob.area) | 0) + (cellSize << 3);
  return end;
}

function clear(blob: Blob, cells: Cells): void {
  blob.area = 0;
  blob.x = 0;
  blob.y = 0;
  blob.left = cells.wide;
  blob.top = cells.high;
  blob.right = 0;
  blob.bottom = 0;
  blob.cells = 0;
  blob.structural = 0;
  blob.active = 0;
  blob.rim = 0;
  blob.rimNow = 0;
  blob.rimBefore = 0;
  blob.sensitivity = 0;
  blob.inside = 0;
  blob.sizeMin = 0;
  blob.taken = false;
}

function include(cells: Cells, cell: number, column: number, row: number, blob: Blob): void {
  const pixels = cells.counts[cell] ?? 0;
  blob.area += pixels;
  blob.x += pixels * (column << (cellShift + 4));
  blob.y += pixels * (row << (cellShift + 4));
  if (column < blob.left) blob.left = column;
  if (column > blob.right) blob.right = column;
  if (row < blob.top) blob.top = row;
  if (row > blob.bottom) blob.bottom = row;
  blob.cells++;
  blob.structural += cells.structural[cell] ?? 0;
  blob.active += cells.active[cell] ?? 0;
  blob.rim += cells.rim[cell] ?? 0;
  blob.rimNow += cells.rimNow[cell] ?? 0;
  blob.rimBefore += cells.rimBefore[cell] ?? 0;
  includeZone(cells, cell, blob);
}

function includeZone({ rules }: Cells, cell: number, blob: Blob): void {
  const sensitivity = rules.sensitivity[cell] ?? 0;
  if (sensitivity === 0) return;
  blob.inside++;
  const sizeMin = rules.sizeMin[cell] ?? 0;
  if (sensitivity > blob.sensitivity) blob.sizeMin = sizeMin;
  else if (sensitivity === blob.sensitivity) blob.sizeMin = Math.min(blob.sizeMin, sizeMin);
  blob.sensitivity = Math.max(blob.sensitivity, sensitivity);
}

/** Puts the cells around that belong to the blob into the queue; answers the queue's new end. */
function addNeighbours(
  blobs: Blobs,
  cells: Cells,
  column: number,
  row: number,
  label: number,
  end: number,
): number {
  const lastRow = Math.min(row + 2, cells.high - 1);
  const lastColumn = Math.min(column + 1, cells.wide - 1);
  const firstColumn = Math.max(column - 1, 0);
  let last = end;
  for (let y = Math.max(row - 2, 0); y <= lastRow; y++) {
    for (let next = y * cells.wide + firstColumn; next <= y * cells.wide + lastColumn; next++) {
      if (cells.counts[next] === 0 || blobs.labels[next] !== 0) continue;
      blobs.labels[next] = label;
      blobs.queue[last] = next;
      last++;
    }
  }
  return last;
}
