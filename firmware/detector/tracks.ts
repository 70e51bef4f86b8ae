import type { Blob, Blobs } from "./blobs.js";
import { cellShift } from "./cells.js";

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
  area: number;
  /** Farthest from where it was born, and the way it took in whole steps. */
  travel: number;
  path: number;
  /** It proved to be an object and no leaf, drop or shadow. */
  object: boolean;
  /** It is what the background remembers of something that has gone. */
  ghost: boolean;
  /** The blob of this frame, or -1. */
  blob: number;
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

const mostTracks = 16;
/** A candidate that is lost for so long was nothing; an object may be hidden for longer. */
const candidatePatienceMs = 450;
const objectPatienceMs = 900;
const leastAgeMs = 250;
const largeAgeMs = 500;
const ghostAfterMs = 700;
const leastHits = 3;
const steadyHits = 6;
/** A step shorter than this, in sixteenths of a pixel, is a blob's outline trembling. */
const shortestStep = 24;
const leastPixels = 5;
/** Luma steps a pixel that an outline has and the edge of a light has not. */
const sharpRim = 9;

export function createTracks(): readonly Track[] {
  return Array.from({ length: mostTracks }, deadTrack);
}

function deadTrack(): Track {
  const places = { x: 0, y: 0, birthX: 0, birthY: 0, stepX: 0, stepY: 0 };
  const times = { born: 0, seen: 0, moved: 0 };
  const figures = { hits: 0, area: 0, travel: 0, path: 0, blob: -1 };
  return { alive: false, ...places, ...times, ...figures, object: false, ghost: false };
}

/** Gives every blob to the track that it continues, or to a new one, and judges what the tracks are. */
export function follow(
  tracks: readonly Track[],
  blobs: Blobs,
  found: number,
  at: number,
  size: PictureSize,
): void {
  for (const track of tracks) forget(track, at);
  for (let index = 0; index < found; index++) {
    const blob = blobs.list[index];
    if (blob !== undefined && worthwhile(blob)) assign(tracks, blob, index, at, size);
  }
  for (const track of tracks) {
    const blob = blobs.list[track.blob];
    if (track.alive && blob !== undefined) judge(track, blob, at, size);
  }
}

function forget(track: Track, at: number): void {
  track.blob = -1;
  const patience = track.object ? objectPatienceMs : candidatePatienceMs;
  if (at - track.seen > patience) track.alive = false;
}

/** Light alone changes no structure and ends softly. */
function worthwhile(blob: Blob): boolean {
  const structured = blob.structural * 6 >= blob.cells;
  const sharp = blob.rimNow - blob.rimBefore > blob.rim * sharpRim;
  return blob.area >= leastPixels && (structured || sharp);
}

function assign(tracks: readonly Track[], blob: Blob, index: number, at: number, size: PictureSize): void {
  const track = nearest(tracks, blob, size) ?? begin(tracks, blob, at);
  if (track !== undefined) advance(track, blob, index, at);
}

function nearest(tracks: readonly Track[], blob: Blob, { width }: PictureSize): Track | undefined {
  let best: Track | undefined;
  let bestWay = 0x7fff_ffff;
  const gate = ((blob.right - blob.left + blob.bottom - blob.top + 2) << (cellShift + 2)) + width;
  for (const track of tracks) {
    if (!track.alive || track.blob >= 0) continue;
    const way = octile(blob.x - track.x, blob.y - track.y);
    const cost = track.object ? way >> 1 : way;
    if (way > gate || cost >= bestWay) continue;
    best = track;
    bestWay = cost;
  }
  return best;
}

/** The first free track; none when all are in use: then a blob waits for the next frame. */
function begin(tracks: readonly Track[], blob: Blob, at: number): Track | undefined {
  const track = tracks.find(({ alive }) => !alive);
  if (track === undefined) return undefined;
  track.alive = true;
  track.x = blob.x;
  track.y = blob.y;
  track.birthX = blob.x;
  track.birthY = blob.y;
  track.stepX = blob.x;
  track.stepY = blob.y;
  track.born = at;
  track.moved = at;
  track.hits = 0;
  track.travel = 0;
  track.path = 0;
  track.object = false;
  track.ghost = false;
  return track;
}

function advance(track: Track, blob: Blob, index: number, at: number): void {
  track.x = blob.x;
  track.y = blob.y;
  track.area = blob.area;
  track.seen = at;
  track.blob = index;
  if (blob.active === 0) return;
  track.moved = at;
  track.hits++;
  track.travel = Math.max(track.travel, octile(blob.x - track.birthX, blob.y - track.birthY));
  const way = octile(blob.x - track.stepX, blob.y - track.stepY);
  if (way < shortestStep) return;
  track.path += way;
  track.stepX = blob.x;
  track.stepY = blob.y;
}

function judge(track: Track, blob: Blob, at: number, { width, height }: PictureSize): void {
  track.ghost = at - track.moved > ghostAfterMs && blob.rimBefore * 2 > blob.rimNow * 3;
  const age = at - track.born;
  if (track.object || age < leastAgeMs || track.hits < leastHits) return;
  const net = octile(track.x - track.birthX, track.y - track.birthY);
  const girth = (blob.right - blob.left + blob.bottom - blob.top + 2) << (cellShift + 3);
  const far = net >= Math.max(width >> 1, girth >> 2);
  const straight = net * 2 >= track.path;
  const large = blob.area * 40 >= width * height && blob.active * 3 >= blob.cells && age >= largeAgeMs;
  const steady = track.hits >= steadyHits && net >= (width * 16) / 53 && net * 4 >= track.path * 3;
  track.object = (far && straight) || steady || large;
}

/** Length of a step, within 7 %, without a root. */
function octile(dx: number, dy: number): number {
  const x = dx < 0 ? -dx : dx;
  const y = dy < 0 ? -dy : dy;
  return x > y ? x + ((y * 3) >> 3) : y + ((x * 3) >> 3);
}
