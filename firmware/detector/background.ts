import { cellShift, cellSize, evenGain } from "./grid.js";
import { offsetOf, type Shift } from "./shake.js";

/**
 * The empty scene, pixel by pixel: its luma and how much that usually varies. A pixel is foreground when neither its
 * own background nor a neighbour's explains it: leaves, a shaking mount and edges move by a pixel, people by many. A
 * neighbour explains much only where the scene is known to sway, or while all of it does: who is far away is a few
 * pixels wide and must not vanish in front of a hedge that stands still.
 */
export interface Background {
  readonly luma: Uint16Array;
  /** In eighths of a luma step. */
  readonly deviation: Uint8ClampedArray;
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
  /** Counts the frames: every other row learns in each. */
  readonly frame: number;
  /** Time since the frame before, in tenths of a second. */
  readonly tenths: number;
  /** After so many tenths without change an object belongs to the scene. */
  readonly absorbTenths: number;
}

const firstDeviation = 2 << 3;
/** A neighbour explains so many luma steps anywhere. */
const leastSway = 8;
/** When the mount shakes, at least one pixel in so many sways. */
const shakenShare = 50;

export function createBackground(pixels: number, cells: number): Background {
  return {
    luma: new Uint16Array(pixels),
    deviation: new Uint8ClampedArray(pixels).fill(firstDeviation),
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
/** Light fell on it: that says nothing about how much it usually varies. */
export const cellLit = 3;

export interface Pass {
  readonly luma: Uint8Array;
  readonly shift: Readonly<Shift>;
  readonly expected: Int16Array;
  readonly slack: Uint8Array;
  /** Of each cell: what its light is over the expected, times 256. */
  readonly gains: Int16Array;
  readonly width: number;
  readonly height: number;
  readonly owners: Uint8Array;
  readonly cellsWide: number;
}

/**
 * Marks the foreground and learns the rest, where the picture shows the scene. One call a row keeps the code that an
 * engine compiles at once small.
 */
export function passRow(background: Background, pass: Pass, settings: PassSettings, row: number): void {
  const { width, height, shift } = pass;
  if (row + shift.dy < 0 || row + shift.dy >= height) return;
  const start = row * width + (shift.dx < 0 ? -shift.dx : 0);
  const end = (row + 1) * width - (shift.dx > 0 ? shift.dx : 0);
  if ((row + settings.frame) & 1) learnRow(background, pass, settings, row, start, end);
  else compareRow(background, pass, settings, row, start, end);
}

/** What is within this of what was expected is never unusual: no slack is less. */
export const leastSlack = 7;

function compareRow(
  background: Background,
  pass: Pass,
  settings: PassSettings,
  row: number,
  start: number,
  end: number,
): void {
  const model = background.luma;
  const { luma, expected, gains } = pass;
  const cells = (row >> cellShift) * pass.cellsWide;
  const line = row * pass.width;
  const most = leastSlack;
  for (let i = start, at = start + offsetOf(pass); i < end; i++, at++) {
    const gain = gains[cells + ((i - line) >> cellShift)] ?? evenGain;
    const off = (luma[at] ?? 0) - (((expected[(model[i] ?? 0) >> 8] ?? 0) * gain) >> 8);
    if (off > most || off < -most) passDoubtful(background, pass, settings, row, i, off < 0 ? -off : off);
  }
}

/** Learns for two frames at once. */
function learnRow(
  background: Background,
  pass: Pass,
  settings: PassSettings,
  row: number,
  start: number,
  end: number,
): void {
  const { luma: model, deviation } = background;
  const { luma, expected, gains } = pass;
  const cells = (row >> cellShift) * pass.cellsWide;
  const line = row * pass.width;
  const learn = settings.learn << 1;
  const most = leastSlack;
  const dither = ditherOf(settings, row);
  for (let i = start, at = start + offsetOf(pass); i < end; i++, at++) {
    const value = luma[at] ?? 0;
    const known = model[i] ?? 0;
    const gain = gains[cells + ((i - line) >> cellShift)] ?? evenGain;
    const off = value - (((expected[known >> 8] ?? 0) * gain) >> 8);
    const away = off < 0 ? -off : off;
    if (away > most && passDoubtful(background, pass, settings, row, i, away)) continue;
    const spread = deviation[i] ?? 0;
    model[i] = known + ((((value << 8) - known) * learn) >> 8);
    deviation[i] = spread + ((((away << 3) - spread) * learn + dither) >> 8);
  }
}

/** What is too little for a deviation's eighths is rounded up as often as it is worth, over the frames. */
function ditherOf({ frame }: PassSettings, row: number): number {
  return (frame * 157 + row * 61) & 0xff;
}

/** Looks closer at a pixel that is further away than the least; answers whether its own background does not explain it. */
function passDoubtful(
  background: Background,
  pass: Pass,
  settings: PassSettings,
  row: number,
  i: number,
  away: number,
): boolean {
  const known = (background.luma[i] ?? 0) >> 8;
  const gain = gainAt(pass, row, i);
  const bent = (known * (gain < evenGain ? evenGain - gain : gain - evenGain)) >> 8;
  const tolerance = (pass.slack[known] ?? 0) + (bent >> 3) + (((background.deviation[i] ?? 0) * 3) >> 3);
  if (away <= tolerance) return false;
  passUnusual(background, pass, settings, row, i, tolerance, away);
  return true;
}

function gainAt({ gains, width, cellsWide }: Pass, row: number, i: number): number {
  return gains[(row >> cellShift) * cellsWide + ((i - row * width) >> cellShift)] ?? evenGain;
}

/** A pixel that its own background does not explain. */
function passUnusual(
  background: Background,
  pass: Pass,
  settings: PassSettings,
  row: number,
  i: number,
  tolerance: number,
  away: number,
): void {
  const value = pass.luma[i + offsetOf(pass)] ?? 0;
  const dither = ditherOf(settings, row);
  const sways = neighbourExplains(background, pass, row, i, 4 + (tolerance >> 2));
  if (sways) background.swaying++;
  if (sways && (background.shaken || away <= reachOf(background, pass, i))) {
    learnSway(background, settings.learn, dither, i, value, away);
    return;
  }
  const x = i - row * pass.width;
  const cell = (row >> cellShift) * pass.cellsWide + (x >> cellShift);
  const bit = ((row & (cellSize - 1)) << cellShift) | (x & (cellSize - 1));
  background.foreground[cell] = (background.foreground[cell] ?? 0) | (1 << bit);
  learnForeground(background, settings, dither, pass.owners[cell] ?? cellFree, i, value, away);
}

/**
 * How many luma steps a neighbour explains: more where the scene is known to sway, and while the light changes, which
 * moves edges as well.
 */
function reachOf({ luma, deviation }: Background, { slack }: Pass, i: number): number {
  return leastSway + (((slack[(luma[i] ?? 0) >> 8] ?? 0) - leastSlack) << 3) + ((deviation[i] ?? 0) >> 1);
}

/** Whether the background within one pixel is as dark and as bright as this pixel, give or take `most`. */
function neighbourExplains(
  background: Background,
  pass: Pass,
  row: number,
  i: number,
  most: number,
): boolean {
  const { luma: model } = background;
  const { width, expected } = pass;
  const x = i - row * width;
  const left = x > 0 ? 1 : 0;
  const right = x + 1 < width ? 1 : 0;
  const first = row > 0 ? i - width : i;
  const last = row + 1 < pass.height ? i + width : i;
  const value = pass.luma[i + offsetOf(pass)] ?? 0;
  const gain = gainAt(pass, row, i);
  // Negative as soon as one of them was: of the same luma or darker, of the same luma or brighter.
  let darker = 0;
  let brighter = 0;
  for (let line = first; line <= last; line += width) {
    for (let at = line - left; at <= line + right; at++) {
      const off = value - (((expected[(model[at] ?? 0) >> 8] ?? 0) * gain) >> 8);
      darker |= -1 - most - off;
      brighter |= off - most - 1;
    }
    if ((darker & brighter) < 0) return true;
  }
  return false;
}

function learnSway(
  { luma: model, deviation }: Background,
  learn: number,
  dither: number,
  i: number,
  value: number,
  away: number,
): void {
  const known = model[i] ?? 0;
  const spread = deviation[i] ?? 0;
  model[i] = known + ((((value << 8) - known) * learn) >> 9);
  const learned = spread + ((((away << 3) - spread) * learn + (dither << 1)) >> 9);
  deviation[i] = learned < mostDeviation ? learned : mostDeviation;
}

const mostDeviation = 20 << 3;

/** Held foreground teaches nothing until it has stopped for long; what nobody tracks raises the tolerance. */
function learnForeground(
  background: Background,
  settings: PassSettings,
  dither: number,
  owner: number,
  i: number,
  value: number,
  away: number,
): void {
  const { luma: model, deviation, still, previous } = background;
  const change = value - (previous[i] ?? 0);
  const spread = deviation[i] ?? 0;
  const limit = 5 + (spread >> 2);
  const calm = change <= limit && change >= -limit;
  const waited = calm ? Math.min((still[i] ?? 0) + settings.tenths, 255) : (still[i] ?? 0) >> 1;
  still[i] = waited;
  if (waited >= settings.absorbTenths || owner === cellGhost) {
    model[i] = value << 8;
    still[i] = 0;
    return;
  }
  if (owner === cellHeld) return;
  const known = model[i] ?? 0;
  model[i] = known + ((((value << 8) - known) * settings.learn) >> 10);
  if (owner === cellLit) return;
  const learned = spread + ((((away << 3) - spread) * settings.learn + dither) >> 8);
  deviation[i] = learned < mostDeviation ? learned : mostDeviation;
}
