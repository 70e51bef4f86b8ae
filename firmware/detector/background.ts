import { cellShift, cellSize } from "./grid.js";

/**
 * The empty scene, pixel by pixel: its luma and how much that usually varies. A pixel is foreground when neither its
 * own background nor a neighbour's explains it: leaves, a shaking mount and edges move by a pixel, people by many. A
 * neighbour explains much only where the scene is known to sway, or while all of it does: who is far away is a few
 * pixels wide and must not vanish in front of a hedge that stands still.
 */
export interface Background {
  readonly luma: Uint16Array;
  readonly deviation: Uint16Array;
  /** Tenths of a second that a foreground pixel has not changed for. */
  readonly still: Uint8Array;
  readonly previous: Uint8Array;
  /** The foreground, cell by cell: a bit for each of the sixteen pixels, row by row, the first the lowest. */
  readonly foreground: Uint16Array;
  /** Pixels of this frame that a neighbour may explain; and whether the frame before had so many that the mount shakes. */
  swaying: number;
  shaken: boolean;
}

/** What one pass over the pixels needs to know; lumas are 0–255, shares are out of 256. */
export interface PassSettings {
  /** How much of the difference the background takes over in one frame. */
  readonly learn: number;
  /** Time since the frame before, in tenths of a second. */
  readonly tenths: number;
  /** After so many tenths without change an object belongs to the scene. */
  readonly absorbTenths: number;
}

const firstDeviation = 2 << 8;
/** A neighbour explains so many luma steps anywhere. */
const leastSway = 8;
/** When the mount shakes, at least one pixel in so many sways. */
const shakenShare = 50;

export function createBackground(pixels: number, cells: number): Background {
  return {
    luma: new Uint16Array(pixels),
    deviation: new Uint16Array(pixels).fill(firstDeviation),
    still: new Uint8Array(pixels),
    previous: new Uint8Array(pixels),
    foreground: new Uint16Array(cells),
    swaying: 0,
    shaken: false,
  };
}

/** Before the first row of a frame. */
export function beginPass(background: Background): void {
  background.foreground.fill(0);
  background.shaken = background.swaying * shakenShare > background.luma.length;
  background.swaying = 0;
}

export function startFrom(background: Background, luma: Uint8Array): void {
  for (let i = 0; i < luma.length; i++) background.luma[i] = (luma[i] ?? 0) << 8;
  background.deviation.fill(firstDeviation);
  background.still.fill(0);
  background.previous.set(luma);
}

/** What the tracker decided about a cell's foreground after the frame before. */
export const cellFree = 0;
export const cellHeld = 1;
export const cellGhost = 2;

export interface Pass {
  readonly luma: Uint8Array;
  readonly expected: Int16Array;
  readonly slack: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly owners: Uint8Array;
  readonly cellsWide: number;
}

/** Marks the foreground and learns the rest. One call a row keeps the code that an engine compiles at once small. */
export function passRow(background: Background, pass: Pass, settings: PassSettings, row: number): void {
  const { luma: model, deviation } = background;
  const { luma, expected, slack, width } = pass;
  const { learn } = settings;
  const end = (row + 1) * width;
  for (let i = row * width; i < end; i++) {
    const value = luma[i] ?? 0;
    const known = model[i] ?? 0;
    const spread = deviation[i] ?? 0;
    const off = value - (expected[known >> 8] ?? 0);
    const away = off < 0 ? -off : off;
    const tolerance = (slack[known >> 8] ?? 0) + ((spread * 3) >> 8);
    if (away <= tolerance) {
      model[i] = known + ((((value << 8) - known) * learn) >> 8);
      deviation[i] = spread + ((((away << 8) - spread) * learn) >> 8);
    } else {
      passUnusual(background, pass, settings, row, i, tolerance);
    }
  }
}

/** A pixel that its own background does not explain. */
function passUnusual(
  background: Background,
  pass: Pass,
  settings: PassSettings,
  row: number,
  i: number,
  tolerance: number,
): void {
  const value = pass.luma[i] ?? 0;
  const off = value - (pass.expected[(background.luma[i] ?? 0) >> 8] ?? 0);
  const away = off < 0 ? -off : off;
  const sways = neighbourExplains(background, pass, row, i, 4 + (tolerance >> 2));
  if (sways) background.swaying++;
  if (sways && (background.shaken || away <= leastSway + ((background.deviation[i] ?? 0) >> 6))) {
    learnSway(background, settings, i, value, away);
  } else {
    const x = i - row * pass.width;
    const cell = (row >> cellShift) * pass.cellsWide + (x >> cellShift);
    const bit = ((row & (cellSize - 1)) << cellShift) | (x & (cellSize - 1));
    background.foreground[cell] = (background.foreground[cell] ?? 0) | (1 << bit);
    learnForeground(background, settings, pass.owners[cell] ?? cellFree, i, value, away);
  }
}

/** Whether the background within one pixel is as dark and as bright as this pixel, give or take `most`. */
function neighbourExplains(
  background: Background,
  pass: Pass,
  row: number,
  i: number,
  most: number,
): boolean {
  const { width } = pass;
  const x = i - row * width;
  const left = x > 0 ? 1 : 0;
  const right = x + 1 < width ? 1 : 0;
  const first = row > 0 ? i - width : i;
  const last = row + 1 < pass.height ? i + width : i;
  let darkest = 255;
  let brightest = 0;
  for (let line = first; line <= last; line += width) {
    for (let at = line - left; at <= line + right; at++) {
      const luma = pass.expected[(background.luma[at] ?? 0) >> 8] ?? 0;
      darkest = Math.min(darkest, luma);
      brightest = Math.max(brightest, luma);
    }
  }
  const value = pass.luma[i] ?? 0;
  return value + most >= darkest && value - most <= brightest;
}

function learnSway(
  background: Background,
  { learn }: PassSettings,
  i: number,
  value: number,
  away: number,
): void {
  const { luma: model, deviation } = background;
  const known = model[i] ?? 0;
  const spread = deviation[i] ?? 0;
  model[i] = known + ((((value << 8) - known) * learn) >> 9);
  deviation[i] = Math.min(spread + ((((away << 8) - spread) * learn) >> 9), mostDeviation);
}

const mostDeviation = 20 << 8;

/** Held foreground teaches nothing until it has stopped for long; what nobody tracks raises the tolerance. */
function learnForeground(
  background: Background,
  settings: PassSettings,
  owner: number,
  i: number,
  value: number,
  away: number,
): void {
  const { luma: model, deviation, still, previous } = background;
  const change = value - (previous[i] ?? 0);
  const spread = deviation[i] ?? 0;
  const limit = 5 + (spread >> 7);
  const calm = change <= limit && change >= -limit;
  const waited = calm ? Math.min((still[i] ?? 0) + settings.tenths, 255) : (still[i] ?? 0) >> 1;
  still[i] = waited;
  if (waited >= settings.absorbTenths || owner === cellGhost) {
    model[i] = value << 8;
    still[i] = 0;
  } else if (owner === cellFree) {
    const known = model[i] ?? 0;
    model[i] = known + ((((value << 8) - known) * settings.learn) >> 10);
    deviation[i] = Math.min(spread + ((((away << 8) - spread) * settings.learn) >> 8), mostDeviation);
  }
}
