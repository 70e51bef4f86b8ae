import type { Blob, Blobs } from "./blobs.js";
import type { Cells } from "./cells.js";
import { createFaint, type Faint } from "./faint.js";
import { cellShift } from "./grid.js";
import { demandOf } from "./zones.js";

/** A blob followed from frame to frame. Positions in sixteenths of a pixel, times in milliseconds. */
export interface Track {
  alive: boolean;
  x: number;
  y: number;
  birthX: number;
  birthY: number;
  /** Where the last counted step ended. */
  stepX: number;
  stepY: number;
  born: number;
  seen: number;
  /** When it last changed. */
  moved: number;
  /** Frames in which it was there and changed. */
  hits: number;
  /** How much it was there in the last frames, out of 256. */
  presence: number;
  area: number;
  /** Its blob's longer side. */
  longest: number;
  /** Farthest from where it was born, and the way it took in whole steps. */
  travel: number;
  path: number;
  /** It proved to be an object and no leaf, drop or shadow. */
  object: boolean;
  /** Since when it is in a zone, and when it last was; -1 for never. */
  entered: number;
  inside: number;
  /** It is what the background remembers of something that has gone. */
  ghost: boolean;
  /** The blob of this frame, or -1. */
  blob: number;
}

/**
 * What comes and goes without ever becoming an object: drops, flakes, insects, leaves, noise. The more there is of it,
 * the more an object has to show.
 */
export interface Clutter {
  /** Candidates lost in a second, times 256, of the last seconds. */
  rate: number;
  /** Their usual area in pixels, times 16. */
  area: number;
}

export interface Moment {
  /** Of the picture, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly at: number;
  /** Since the frame before. */
  readonly elapsed: number;
  /** How far the light is off the background's, in luma steps. */
  readonly light: number;
}

const mostTracks = 24;
/** A candidate that is lost for so long was nothing; an object may be hidden for longer. */
const candidatePatienceMs = 450;
const objectPatienceMs = 900;
/** Each loss a second makes the patience with candidates shorter by so much, down to the least. */
const clutterHurryMs = 60;
const leastPatienceMs = 200;
const leastAgeMs = 250;
const largeAgeMs = 500;
const ghostAfterMs = 700;
const leastHits = 3;
/** It was there in the last four frames, or in three of four for long: drops that follow each other have gaps. */
const leastPresence = 175;
/** Smaller than this, in pixels, it is somebody far away or the tip of a branch: it has to last and to change. */
const tinyArea = 12;
const tinyHits = 5;
const tinyAgeMs = 800;
/** What has been there without a gap for so long need not be larger than the clutter. */
const lastingAgeMs = 1500;
const lastingPresence = 200;
const steadyHits = 6;
/** A thing that flies by its own length within a frame or two is an insect or a flake until it stays for so long. */
const quickAgeMs = 1200;
/** Milliseconds to wait for each length that it flies in a second, times 1000. */
const quickness = 300_000;
/** The time over which clutter is remembered, and what each lost candidate adds: 256 a second. */
const clutterMs = 4000;
const lostCandidate = 64;
/** An object must be larger than four times the clutter at 8 losses a second. */
const mostClutter = 8 << 8;
const usualClutter = 2 << 8;
/** Each loss a second makes us wait so much longer. */
const clutterAgeMs = 40;
/** More things than this at once are weather. */
const usualCrowd = 8;
const closeMs = 500;
const entryMs = 200;
const exitMs = 1000;
const leastGate = 48;
/** In how many milliseconds a thing moves by its own length, and how many more for each loss a second. */
const usualSlowness = 160;
const clutterSlowness = 60;
const longestWaitMs = 300;
/** A step shorter than this, in sixteenths of a pixel, is a blob's outline trembling; drops that touch it shift it more. */
const shortestStep = 24;
const leastPixels = 5;
/** In sixteenths of a pixel, beyond three times the distance from where it set out. */
const leastDetour = 64;
/** Luma steps a pixel that an outline has and the edge of a light has not. */
const sharpRim = 9;

export interface Tracks {
  readonly list: readonly Track[];
  readonly clutter: Clutter;
  /** What is too little to be a blob. */
  readonly faint: Faint;
}

/** `foreground`: a bit for each of a cell's sixteen pixels. */
export function createTracks(cells: Cells, foreground: Uint16Array): Tracks {
  const list = Array.from({ length: mostTracks }, deadTrack);
  return { list, clutter: { rate: 0, area: 0 }, faint: createFaint(cells, foreground) };
}

function deadTrack(): Track {
  const places = { x: 0, y: 0, birthX: 0, birthY: 0, stepX: 0, stepY: 0 };
  const times = { born: 0, seen: 0, moved: 0, entered: -1, inside: -1 };
  const figures = { hits: 0, presence: 0, area: 0, longest: 0, travel: 0, path: 0, blob: -1 };
  return { alive: false, ...places, ...times, ...figures, object: false, ghost: false };
}

/** Gives every track the blob that continues it, the rest new tracks, and judges what the tracks are. */
export function follow(tracks: Tracks, blobs: Blobs, found: number, moment: Moment): void {
  const { list, clutter } = tracks;
  loseTracks(tracks, moment);
  pursueAll(list, true, 0, blobs, found, moment);
  pursueAll(list, false, Math.min(clutter.rate, mostClutter), blobs, found, moment);
  for (let index = 0; index < found; index++) {
    const blob = blobs.list[index];
    if (blob !== undefined && !blob.taken && worthwhile(blob)) begin(list, blob, index, moment.at);
  }
  for (const track of list) {
    const blob = blobs.list[track.blob];
    if (track.alive && blob !== undefined) judge(track, blob, clutter, moment);
  }
  tracks.faint.follow(moment.at, moment.elapsed, moment.light);
}

/** Forgets what was not seen for too long and measures the clutter by it. */
function loseTracks({ list, clutter }: Tracks, { at, elapsed }: Moment): void {
  clutter.rate -= Math.min(clutter.rate, ((clutter.rate * elapsed) / clutterMs) | 0);
  let crowd = 0;
  for (const track of list) {
    forget(track, clutter, at);
    if (track.alive) crowd++;
  }
  if (crowd > usualCrowd) clutter.rate += ((crowd - usualCrowd) * Math.min(elapsed, clutterMs)) >> 5;
}

function pursueAll(
  list: readonly Track[],
  objects: boolean,
  clutter: number,
  blobs: Blobs,
  found: number,
  moment: Moment,
): void {
  for (const track of list) {
    if (track.alive && track.object === objects && track.blob < 0) {
      pursue(track, clutter, blobs, found, moment);
    }
  }
}

export function forgetAll({ list, clutter, faint }: Tracks): void {
  faint.forget();
  for (const track of list) track.alive = false;
  clutter.rate = 0;
  clutter.area = 0;
}

/** Whether an object has been there for a while: who comes close may fill the picture. */
export function isWatching({ list }: Tracks, at: number): boolean {
  return list.some(({ alive, object, born }) => alive && object && at - born > closeMs);
}

/** It counts once it has been in a zone for a moment, and for a while after it left: at a zone's edge it does not flicker. */
export function isInZone({ entered, inside }: Track, at: number): boolean {
  return inside >= 0 && at - inside <= exitMs && inside - entered >= entryMs;
}

function visit(track: Track, blob: Blob, at: number): void {
  if (blob.inside * 3 < blob.cells || blob.area < blob.sizeMin) return;
  if (track.inside < 0 || at - track.inside > exitMs) track.entered = at;
  track.inside = at;
}

/** What a blob needs at least, in pixels, to be told from the clutter. */
export function leastArea({ rate, area }: Clutter): number {
  return leastPixels + ((((area * Math.min(rate, mostClutter)) / usualClutter) | 0) >> 4);
}

function forget(track: Track, clutter: Clutter, at: number): void {
  if (!track.alive) return;
  track.blob = -1;
  track.presence -= track.presence >> 2;
  const patience = track.object ? objectPatienceMs : patienceFor(clutter);
  if (at - track.seen <= patience) return;
  track.alive = false;
  if (track.object || track.area * 2 < leastArea(clutter)) return;
  clutter.rate += lostCandidate;
  const more = (track.area << 4) - clutter.area;
  clutter.area += more > 0 ? more >> 3 : more >> 5;
}

function patienceFor({ rate }: Clutter): number {
  return Math.max(leastPatienceMs, candidatePatienceMs - ((rate * clutterHurryMs) >> 8));
}

/**
 * A thing moves by less than its own length in a tenth of a second; its size does not change at once. Among clutter a
 * candidate is expected nearer to where it was: else it would be made of one drop after the other.
 */
function pursue(track: Track, clutter: number, blobs: Blobs, found: number, moment: Moment): void {
  const slowness = usualSlowness + ((clutter * clutterSlowness) >> 8);
  const least = leastGate - (clutter >> 7);
  const waited = Math.min(moment.at - track.moved, longestWaitMs);
  let best = -1;
  let bestWay = 0x7fff_ffff;
  for (let index = 0; index < found; index++) {
    const blob = blobs.list[index];
    if (blob === undefined || blob.taken || !worthwhile(blob) || blob.area * 8 < track.area) continue;
    const longest = Math.max(track.longest, longestSide(blob));
    const gate = least + (((longest * waited) / slowness) | 0);
    const way = octile(blob.x - track.x, blob.y - track.y);
    if (way > gate || way >= bestWay) continue;
    best = index;
    bestWay = way;
  }
  const blob = blobs.list[best];
  if (blob === undefined) return;
  blob.taken = true;
  advance(track, blob, best, moment.at, shortestStep + (clutter >> 6));
}

/** In sixteenths of a pixel. */
function longestSide({ left, right, top, bottom }: Blob): number {
  return (Math.max(right - left, bottom - top) + 1) << (cellShift + 4);
}

/** Light alone changes no structure and ends softly. */
export function isLight(blob: Blob): boolean {
  return blob.structural * 6 < blob.cells && blob.rimNow - blob.rimBefore <= blob.rim * sharpRim;
}

function worthwhile(blob: Blob): boolean {
  return blob.area >= leastPixels && !isLight(blob);
}

/** The first free track; none when all are in use: then a blob waits for the next frame. */
function begin(tracks: readonly Track[], blob: Blob, index: number, at: number): void {
  const track = freeTrack(tracks);
  if (track === undefined) return;
  track.alive = true;
  setOut(track, blob, at);
  track.moved = at;
  track.presence = 0;
  track.object = false;
  track.ghost = false;
  track.entered = -1;
  track.inside = -1;
  advance(track, blob, index, at, shortestStep);
}

function setOut(track: Track, { x, y }: Blob, at: number): void {
  track.birthX = x;
  track.birthY = y;
  track.stepX = x;
  track.stepY = y;
  track.born = at;
  track.hits = 0;
  track.travel = 0;
  track.path = 0;
}

/** One that is not in use, or of the candidates that are not there now the one that was there the least. */
function freeTrack(tracks: readonly Track[]): Track | undefined {
  let free: Track | undefined;
  for (const track of tracks) {
    if (!track.alive) return track;
    if (track.object || track.blob >= 0) continue;
    if (free === undefined || track.presence < free.presence) free = track;
  }
  return free;
}

function advance(track: Track, blob: Blob, index: number, at: number, leastStep: number): void {
  track.x = blob.x;
  track.y = blob.y;
  track.area = blob.area;
  track.longest = longestSide(blob);
  visit(track, blob, at);
  track.seen = at;
  track.presence += 64;
  track.blob = index;
  if (blob.active === 0) return;
  track.moved = at;
  track.hits++;
  track.travel = Math.max(track.travel, octile(blob.x - track.birthX, blob.y - track.birthY));
  const way = octile(blob.x - track.stepX, blob.y - track.stepY);
  if (way < leastStep) return;
  track.path += way;
  track.stepX = blob.x;
  track.stepY = blob.y;
}

function judge(track: Track, blob: Blob, clutter: Clutter, { width, height, at }: Moment): void {
  track.ghost = at - track.moved > ghostAfterMs && blob.rimBefore * 2 > blob.rimNow * 3;
  const least = leastArea(clutter);
  if (track.object) {
    if (blob.area * 2 < least) track.object = false;
    return;
  }
  const age = at - track.born;
  const demand = demandOf(blob.sensitivity);
  if (!isThere(track, age * 100, clutter, demand) || !isLargeEnough(track, age, least, demand)) return;
  const net = octile(track.x - track.birthX, track.y - track.birthY);
  const large = blob.area * 40 >= width * height && blob.active * 3 >= blob.cells && age >= largeAgeMs;
  if (age < quickAgeMs && age * age * track.longest < net * quickness && !large) return;
  track.object = large || travels(track, blob, net, demand, width);
  // So crooked a way tells nothing of where it goes from now on: a jolt of the mount may have begun it.
  if (!track.object && track.path > net * 3 + leastDetour) setOut(track, blob, at);
}

/** Farther than it is wide, and straight; or slowly and straighter. */
function travels({ hits, path }: Track, blob: Blob, net: number, demand: number, width: number): boolean {
  const girth = (blob.right - blob.left + blob.bottom - blob.top + 2) << (cellShift + 3);
  const far = net * 100 >= Math.max(width >> 1, girth >> 2) * demand;
  const straight = net * 2 >= path;
  const steady = hits >= steadyHits && net * 5300 >= width * 16 * demand && net * 4 >= path * 3;
  return (far && straight) || steady;
}

/** For long enough, and without gaps. */
function isThere({ hits, presence }: Track, age: number, { rate }: Clutter, demand: number): boolean {
  const due = leastAgeMs + ((rate * clutterAgeMs) >> 8);
  return age >= due * demand && hits >= leastHits && presence >= leastPresence;
}

function isLargeEnough({ area, hits, presence }: Track, age: number, least: number, demand: number): boolean {
  if (area < tinyArea && (hits < tinyHits || age < tinyAgeMs)) return false;
  const lasting = age >= lastingAgeMs && presence >= lastingPresence;
  return area * 100 >= (lasting ? leastPixels : least) * demand;
}

/** Length of a step, within 7 %, without a root. */
function octile(dx: number, dy: number): number {
  const x = dx < 0 ? -dx : dx;
  const y = dy < 0 ? -dy : dy;
  return x > y ? x + ((y * 3) >> 3) : y + ((x * 3) >> 3);
}
