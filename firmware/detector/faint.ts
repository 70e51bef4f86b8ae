import type { Cells } from "./cells.js";
import { bitsOf, cellShift, cellSize } from "./grid.js";
import { type CellRules, demandOf } from "./zones.js";

/**
 * Somebody far away is a few pixels of foreground, in most frames too few to be a blob and in some none. What tells them
 * from drops, leaves and noise is time: they go on to one side at the pace of a walk, and nothing moves beside them. A
 * follower expects them where their pace takes them, looks there, and counts in how many stretches of half a second they
 * kept on.
 */
export interface Follower {
  alive: boolean;
  /** Where it is expected, in sixteenths of a pixel. */
  x: number;
  y: number;
  /** To the right, in sixteenths of a pixel a second. */
  pace: number;
  /** How often something was where it was expected in the last frames, out of 256. */
  presence: number;
  /** Foreground pixels, when it was last seen. */
  area: number;
  /** Where and when the stretch at hand began. */
  markX: number;
  markY: number;
  markAt: number;
  /** Stretches in a row that went on to one side, and where and when the first of them began. */
  kept: number;
  startX: number;
  startAt: number;
  /** When a stretch of a walk last ended; -1 for never. */
  walked: number;
}

export interface Faint {
  readonly followers: readonly Follower[];
  /** Looks at the frame's foreground: `elapsed` milliseconds after the one before, `light` luma steps off the background. */
  follow(at: number, elapsed: number, light: number): void;
  /** The scene is another one from now on. */
  forget(): void;
}

const mostFollowers = 12;
/** Foreground within so many pixels to either side may be part of it, within the second so many there may be hardly any. */
const coreHalf = 3;
const flankHalf = 8;
/** And above and below. */
const tallHalf = 5;
const leastPixels = 3;
/** Sixteenths of a pixel: no follower begins nearer to another, and two that came nearer follow the same. */
const apart = 7 << 4;
const twins = 2 << 4;
const firstPresence = 128;
const leastPresence = 80;
/** What is seen less often is too often not there to tell how it moves. */
const knownPresence = 140;
const stretchMs = 500;
/** Sixteenths of a pixel in a stretch. */
const shortestStretch = 18;
const longestStretch = 96;
/** Luma steps: under another light the guess of what to expect is rough, and what it leaves over goes as the light goes. */
const mostLight = 12;
/** A walk is so many stretches, at a pace of so many sixteenths of a pixel a second: for 8 pixels' height a metre a second. */
const walkStretches = 4;
const leastPace = 72;
/** A walk counts for so long after the last stretch that was part of it. */
const lastsMs = 1500;

export function createFaint({ rules, wide, high }: Cells, foreground: Uint16Array): Faint {
  const followers = Array.from({ length: mostFollowers }, idleFollower);
  const scene = { rules, wide, high, foreground, light: 0 };
  const seen = { core: 0, flank: 0, x: 0, y: 0 };
  return {
    followers,
    forget: () => {
      for (const follower of followers) follower.alive = false;
    },
    follow: (at, elapsed, light) => {
      scene.light = light;
      for (const follower of followers) if (follower.alive) pursue(follower, scene, seen, at, elapsed);
      for (const follower of followers) if (follower.alive) leaveTwins(follower, followers);
      beginAll(followers, scene, at);
    },
  };
}

interface Scene {
  readonly rules: CellRules;
  /** Of the picture, in cells. */
  readonly wide: number;
  readonly high: number;
  /** A bit for each of a cell's sixteen pixels, row by row. */
  readonly foreground: Uint16Array;
  readonly light: number;
}

function idleFollower(): Follower {
  const place = { x: 0, y: 0, pace: 0, presence: 0, area: 0 };
  const stretch = { markX: 0, markY: 0, markAt: 0, kept: 0, startX: 0, startAt: 0 };
  return { alive: false, ...place, ...stretch, walked: -1 };
}

export function isWalking({ alive, walked }: Follower, at: number): boolean {
  return alive && walked >= 0 && at - walked <= lastsMs;
}

/** The foreground around a follower: pixels, and the sums of how far those of the core are off. */
interface Seen {
  core: number;
  flank: number;
  x: number;
  y: number;
}

function pursue(follower: Follower, scene: Scene, seen: Seen, at: number, elapsed: number): void {
  follower.x += ((follower.pace * elapsed) / 1000) | 0;
  follower.presence -= follower.presence >> 3;
  look(follower, scene, seen);
  if (seen.core >= leastPixels && seen.flank * 2 <= seen.core) {
    const off = ((seen.x << 4) / seen.core) | 0;
    follower.x += (off * 5) >> 4;
    follower.pace += (off * 5) >> 3;
    follower.y += ((seen.y << 1) / seen.core) | 0;
    follower.presence += 32;
    follower.area = seen.core;
  }
  if (follower.presence < leastPresence) follower.alive = false;
  else if (at - follower.markAt >= stretchMs) endStretch(follower, scene, at);
}

/** Half a second is over: it went on like somebody who walks, or it did not, or it cannot be told. */
function endStretch(follower: Follower, { rules, wide, high, light }: Scene, at: number): void {
  const { x, y, markX, markY, markAt } = follower;
  follower.markX = x;
  follower.markY = y;
  follower.markAt = at;
  const row = y >> (cellShift + 4);
  const column = x >> (cellShift + 4);
  if (row < 0 || row >= high || column < 0 || column >= wide) follower.alive = false;
  if (!follower.alive || follower.presence < knownPresence || light > mostLight) return;
  if (!isStep(x - markX, y - markY, at - markAt)) {
    follower.kept = 0;
    return;
  }
  if (follower.kept === 0 || (markX - follower.startX) * (x - markX) < 0) {
    follower.kept = 0;
    follower.startX = markX;
    follower.startAt = markAt;
  }
  follower.kept++;
  if (isWalk(follower, rules, row * wide + column, at)) follower.walked = at;
}

function isStep(way: number, fall: number, time: number): boolean {
  const length = way < 0 ? -way : way;
  const height = fall < 0 ? -fall : fall;
  const even = length * stretchMs;
  return even >= shortestStretch * time && even <= longestStretch * time && height * 2 <= length + 16;
}

function isWalk(
  { kept, area, x, startX, startAt }: Follower,
  rules: CellRules,
  cell: number,
  at: number,
): boolean {
  const sensitivity = rules.sensitivity[cell] ?? 0;
  if (sensitivity === 0 || area < (rules.sizeMin[cell] ?? 0)) return false;
  const way = x > startX ? x - startX : startX - x;
  return kept * 100 >= walkStretches * demandOf(sensitivity) && way * 1000 >= leastPace * (at - startAt);
}

function look({ x, y }: Follower, { foreground, rules, wide, high }: Scene, seen: Seen): void {
  const middleX = x >> 4;
  const middleY = y >> 4;
  seen.core = 0;
  seen.flank = 0;
  seen.x = 0;
  seen.y = 0;
  const left = Math.max(0, (middleX - flankHalf) >> cellShift);
  const right = Math.min(wide - 1, (middleX + flankHalf) >> cellShift);
  const bottom = Math.min(high - 1, (middleY + tallHalf) >> cellShift);
  for (let row = Math.max(0, (middleY - tallHalf) >> cellShift); row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const cell = row * wide + column;
      const pixels = foreground[cell] ?? 0;
      if (pixels === 0 || rules.watched[cell] === 0) continue;
      count(seen, pixels, (column << cellShift) - middleX, (row << cellShift) - middleY);
    }
  }
}

function count(seen: Seen, pixels: number, left: number, top: number): void {
  for (let bit = 0; bit < cellSize * cellSize; bit++) {
    if (((pixels >> bit) & 1) === 0) continue;
    const x = left + (bit & (cellSize - 1));
    const y = top + (bit >> cellShift);
    if (x < -flankHalf || x > flankHalf || y < -tallHalf || y > tallHalf) continue;
    if (x < -coreHalf || x > coreHalf) seen.flank++;
    else {
      seen.core++;
      seen.x += x;
      seen.y += y;
    }
  }
}

/** Of two that follow the same, the one goes on that kept on for longer. */
function leaveTwins(follower: Follower, followers: readonly Follower[]): void {
  for (const other of followers) {
    if (other === follower || other.kept > follower.kept) continue;
    if (other.alive && isNear(other, follower.x, follower.y, twins)) other.alive = false;
  }
}

function isNear(follower: Follower, x: number, y: number, most: number): boolean {
  const dx = follower.x - x;
  const dy = follower.y - y;
  return dx < most && dx > -most && dy < most && dy > -most;
}

/** Where a cell and the one below have enough foreground that nobody follows. */
function beginAll(
  followers: readonly Follower[],
  { foreground, rules, wide, high }: Scene,
  at: number,
): void {
  for (let row = 0, cell = 0; row < high; row++) {
    for (let column = 0; column < wide; column++, cell++) {
      const pixels = foreground[cell] ?? 0;
      if (pixels === 0 || rules.watched[cell] === 0) continue;
      if (bitsOf(pixels) + bitsOf(foreground[cell + wide] ?? 0) < leastPixels) continue;
      begin(followers, (column << 6) + 32, (row << 6) + 64, at);
    }
  }
}

function begin(followers: readonly Follower[], x: number, y: number, at: number): void {
  for (const follower of followers) if (follower.alive && isNear(follower, x, y, apart)) return;
  const free = spare(followers);
  if (free === undefined) return;
  free.alive = true;
  free.x = x;
  free.y = y;
  free.pace = 0;
  free.presence = firstPresence;
  free.area = 0;
  free.markX = x;
  free.markY = y;
  free.markAt = at;
  free.kept = 0;
  free.walked = -1;
}

/** One that is not in use, or of those that are doubtful the one that was seen the least. */
function spare(followers: readonly Follower[]): Follower | undefined {
  let least: Follower | undefined;
  for (const follower of followers) {
    if (!follower.alive) return follower;
    if (follower.kept > 0 || follower.presence >= firstPresence) continue;
    if (least === undefined || follower.presence < least.presence) least = follower;
  }
  return least;
}
