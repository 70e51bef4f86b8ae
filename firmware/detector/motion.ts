import type { Polygon, Zone } from "../../shared/charter/areas.js";
import { assert } from "../../shared/kernel/assert.js";
import type { Millis } from "../../shared/kernel/brand.js";
import {
  type Background,
  beginPass,
  cellFree,
  cellGhost,
  cellHeld,
  cellLit,
  createBackground,
  type Pass,
  type PassSettings,
  passRow,
  startFrom,
} from "./background.js";
import { type Blobs, createBlobs, findBlobs } from "./blobs.js";
import { createCells, fillCells } from "./cells.js";
import { type Follower, isWalking } from "./faint.js";
import { createFleeting } from "./fleeting.js";
import { cellShift } from "./grid.js";
import { type CameraTrouble, createHealth } from "./health.js";
import { createLight } from "./light.js";
import { createPatches } from "./patches.js";
import { createShake, offsetOf } from "./shake.js";
import {
  createTracks,
  follow,
  forgetAll,
  isInZone,
  isLight,
  isWatching,
  leastArea,
  type Track,
  type Tracks,
} from "./tracks.js";
import { createRules } from "./zones.js";

export interface MotionSettings {
  /** Of the luma frames, in pixels. */
  readonly width: number;
  readonly height: number;
  /** None: the whole picture at the usual sensitivity. */
  readonly zones?: readonly Zone[];
  /** Masked areas: nothing in them is looked at. */
  readonly ignore?: readonly Polygon[];
  /** False for files and generated scenes, which may stand still. */
  readonly live?: boolean;
}

/** A box in pixels of the luma frame. */
export interface MotionBox {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Why a frame has its score; shares in thousandths of the picture, times in milliseconds. */
export interface MotionReasons {
  /** Of all objects together. */
  area: number;
  /** How far the farthest travelled, in thousandths of the picture's width. */
  travel: number;
  /** How long the oldest has been there. */
  persistence: number;
  /** The largest shift of luma that the light caused. */
  light: number;
}

/** One frame's result: the same object each time, overwritten by the next `feed`. */
export interface MotionReading {
  /** 0 nothing; below 50 something that may become motion; 50 and above motion; 100 certain. */
  score: number;
  readonly reasons: MotionReasons;
  /** The empty scene is still being learnt: the score stays 0. */
  settling: boolean;
  /** What keeps the camera from seeing; a frame that shows nothing of the scene is no motion. */
  trouble: CameraTrouble | undefined;
  /** Changed pixels in each cell of 4 by 4, row by row: for people who want to see it. */
  readonly cells: Uint8Array;
  /** The objects' boxes; only the first `boxCount` are of this frame. */
  readonly boxes: readonly MotionBox[];
  boxCount: number;
}

export interface Motion {
  /** Frames in order, each `width` × `height` bytes; `at` never goes back. */
  feed(luma: Uint8Array, at: Millis): MotionReading;
}

export const motionThreshold = 50;

const settleMs = 2000;
/**
 * When most of the picture changed at once, as by the night filter, the scene is learnt anew; and again within the
 * first time until it is steady, but then not before the second time is over: what keeps on changing is motion.
 */
const unsteadyMs = 2500;
const renewMs = 8000;
const drasticShift = 48;
const resettleMs = 1000;
const absorbTenths = 120;
/** An object that rests is an event for so long; it belongs to the scene when it has been absorbed. */
const restMs = 6000;
/** And for no more than three times as long as it moved. */
const restEachMs = 300;
const learnMs = 4000;
const learnMsSettling = 500;
/** After a gap like this the scene is learnt anew. */
const gapMs = 10_000;
const mostBoxes = 8;
/** A glow is larger than so many cells; a leaf that turns its bright side is not. */
const litCells = 24;

/** A detector with its memory: about 5 bytes a pixel, nothing allocated after this. */
export function createMotion({
  width,
  height,
  zones = [],
  ignore = [],
  live = true,
}: MotionSettings): Motion {
  const rules = createRules({ width, height, zones, ignore });
  const cells = createCells(width, height, rules);
  const background = createBackground(width * height, cells.counts.length);
  const light = createLight(width, rules);
  const patches = createPatches(width, height, rules);
  const fleeting = createFleeting(cells.counts.length);
  const health = createHealth({ width, height, live });
  const shake = createShake(width, height);
  const tracks = createTracks(cells, background.foreground);
  const owners = new Uint8Array(cells.wide * cells.high);
  const blobs = createBlobs(owners.length);
  const ownerOf = new Uint8Array(256);
  const settings = { learn: 0, frame: 0, tenths: 0, absorbTenths };
  const pass: Pass & { luma: Uint8Array } = {
    ...{ luma: new Uint8Array(0), shift: shake.shift, expected: light.expected, slack: light.slack },
    ...{ gains: patches.gains, width, height, owners, cellsWide: cells.wide },
  };
  const moment = { width, height, at: 0, elapsed: 0, settling: true, light: 0 };
  const reading = emptyReading(cells.counts);
  let settled = -1;
  let renewed = 0;

  return {
    feed: (luma, at) => {
      assert(luma.length === width * height, "a luma frame has another size than the detector was made for");
      reading.trouble = health.feed(luma, at);
      const elapsed = at - moment.at;
      moment.at = at;
      moment.elapsed = elapsed;
      moment.settling = at < settled;
      if (settled < 0 || elapsed > gapMs) return restart(luma, at, settleMs);
      if (health.isBroken()) return nothing(reading, moment.settling);
      setPace(settings, elapsed, moment.settling);
      compare(luma);
      const occupied = fillCells(cells, background, pass);
      if (mayRenew(at - renewed) && isAnother(occupied / owners.length, moment.light, tracks, at)) {
        return restart(luma, at, resettleMs);
      }
      const found = findBlobs(blobs, cells, leastArea(tracks.clutter) >> 1);
      follow(tracks, blobs, found, moment);
      own(owners, blobs, found, tracks.list, ownerOf);
      remember(background, pass);
      return report(reading, tracks, blobs, moment);
    },
  };

  /** Marks the foreground of a picture, whatever the light and the mount did to it. */
  function compare(luma: Uint8Array): void {
    shake.measure(luma, background.luma);
    pass.luma = luma;
    moment.light = light.measure(luma, background.luma, shake.shift);
    patches.follow(pass, background.luma);
    passPicture(background, pass, settings);
    fleeting.drop(background.foreground);
  }

  function restart(luma: Uint8Array, at: Millis, settleFor: number): MotionReading {
    startFrom(background, luma);
    shake.renew();
    patches.renew();
    forgetAll(tracks);
    if (at - renewed > renewMs) renewed = at;
    settled = at + settleFor;
    return nothing(reading, true);
  }
}

function mayRenew(since: number): boolean {
  return since < unsteadyMs || since > renewMs;
}

/** More than half of the picture changed and nobody came close before, or a quarter and the light with it. */
function isAnother(share: number, shift: number, tracks: Tracks, at: number): boolean {
  return share > 0.5
    ? shift >= drasticShift || !isWatching(tracks, at)
    : share > 0.25 && shift >= drasticShift;
}

type Pace = { -readonly [K in keyof PassSettings]: PassSettings[K] };

function setPace(settings: Pace, elapsed: number, settling: boolean): void {
  const constant = settling ? learnMsSettling : learnMs;
  settings.learn = Math.max(1, Math.min(128, Math.round((elapsed * 256) / constant)));
  settings.frame++;
  settings.tenths = Math.max(1, Math.round(elapsed / 100));
}

function passPicture(background: Background, pass: Pass, settings: PassSettings): void {
  beginPass(background);
  for (let row = 0; row < pass.height; row++) passRow(background, pass, settings, row);
}

/** Keeps the picture as it were without the shake. */
function remember({ previous }: Background, pass: Pass): void {
  const offset = offsetOf(pass);
  if (offset === 0) previous.set(pass.luma);
  else if (offset > 0) previous.set(pass.luma.subarray(offset));
  else previous.set(pass.luma.subarray(0, offset), -offset);
}

/** Tells the next frame's pass what the tracker thinks of each cell. */
function own(
  owners: Uint8Array,
  blobs: Blobs,
  found: number,
  tracks: readonly Track[],
  ownerOf: Uint8Array,
): void {
  ownerOf.fill(cellFree);
  for (let index = 0; index < found; index++) {
    const blob = blobs.list[index];
    if (blob !== undefined && blob.cells > litCells && isLight(blob)) ownerOf[index + 1] = cellLit;
  }
  for (const track of tracks) if (track.alive && track.blob >= 0) ownTrack(track, ownerOf);
  for (let cell = 0; cell < owners.length; cell++)
    owners[cell] = ownerOf[blobs.labels[cell] ?? 0] ?? cellFree;
}

function ownTrack(track: Track, ownerOf: Uint8Array): void {
  if (track.ghost) ownerOf[track.blob + 1] = cellGhost;
  else if (track.object) ownerOf[track.blob + 1] = cellHeld;
}

interface Moment {
  readonly width: number;
  readonly height: number;
  readonly at: number;
  readonly settling: boolean;
  readonly light: number;
}

function emptyReading(cells: Uint8Array): MotionReading {
  return {
    score: 0,
    reasons: { area: 0, travel: 0, persistence: 0, light: 0 },
    settling: true,
    trouble: undefined,
    cells,
    boxes: Array.from({ length: mostBoxes }, () => ({ x: 0, y: 0, width: 0, height: 0 })),
    boxCount: 0,
  };
}

function nothing(reading: MotionReading, settling: boolean): MotionReading {
  const { reasons } = reading;
  reading.settling = settling;
  reading.score = 0;
  reading.boxCount = 0;
  reasons.area = 0;
  reasons.travel = 0;
  reasons.persistence = 0;
  reasons.light = 0;
  return reading;
}

function report(reading: MotionReading, tracks: Tracks, blobs: Blobs, moment: Moment): MotionReading {
  nothing(reading, moment.settling);
  reading.reasons.light = moment.light;
  for (const track of tracks.list) {
    if (!track.alive || track.blob < 0 || track.ghost || !isInZone(track, moment.at)) continue;
    if (track.object && moment.at - track.moved < Math.min(restMs, track.hits * restEachMs))
      addObject(reading, track, blobs, moment);
    else reading.score = Math.max(reading.score, Math.min(49, track.hits * 4));
  }
  if (reading.score < motionThreshold) addFaint(reading, tracks.faint.followers, moment);
  if (moment.settling) reading.score = 0;
  return reading;
}

function addObject(reading: MotionReading, track: Track, blobs: Blobs, { width, height, at }: Moment): void {
  const { reasons } = reading;
  const share = ((track.area * 1000) / (width * height)) | 0;
  reasons.area += share;
  reasons.travel = Math.max(reasons.travel, ((track.travel * 1000) / (width * 16)) | 0);
  reasons.persistence = Math.max(reasons.persistence, at - track.born);
  reading.score = Math.max(reading.score, Math.min(100, 60 + share));
  const box = reading.boxes[reading.boxCount];
  const blob = blobs.list[track.blob];
  if (box === undefined || blob === undefined) return;
  reading.boxCount++;
  box.x = blob.left << cellShift;
  box.y = blob.top << cellShift;
  box.width = Math.min(width - box.x, (blob.right - blob.left + 1) << cellShift);
  box.height = Math.min(height - box.y, (blob.bottom - blob.top + 1) << cellShift);
}

/** Of the box around somebody far away, in pixels. */
const faintWidth = 8;
const faintHeight = 12;

/** Those far away, whom nothing else found. */
function addFaint(
  reading: MotionReading,
  followers: readonly Follower[],
  { width, height, at }: Moment,
): void {
  const { reasons } = reading;
  for (const follower of followers) {
    if (!isWalking(follower, at)) continue;
    const share = ((follower.area * 1000) / (width * height)) | 0;
    const way = Math.abs(follower.x - follower.startX);
    reasons.area += share;
    reasons.travel = Math.max(reasons.travel, ((way * 1000) / (width * 16)) | 0);
    reasons.persistence = Math.max(reasons.persistence, at - follower.startAt);
    reading.score = Math.max(reading.score, 60 + share);
    const box = reading.boxes[reading.boxCount];
    if (box === undefined) return;
    reading.boxCount++;
    box.x = Math.max(0, Math.min((follower.x >> 4) - faintWidth / 2, width - faintWidth));
    box.y = Math.max(0, Math.min((follower.y >> 4) - faintHeight / 2, height - faintHeight));
    box.width = Math.min(faintWidth, width);
    box.height = Math.min(faintHeight, height);
  }
}
