import type { AppendFragment, BeginClip, ClipEffect } from "../../shared/clip/cutting.js";
import type { Fragment } from "../../shared/clip/fmp4.js";
import type { InitSegment } from "../../shared/clip/init.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { ClipId } from "../../shared/kernel/ids.js";

/** The frame that shows best what a clip is about, and the second of the clip that holds it. */
export interface PickedFrame {
  readonly clip: ClipId;
  /** 1: seconds after the trigger. 2: a better one, when the clip has ended. */
  readonly take: number;
  readonly init: InitSegment;
  readonly fragment: Fragment;
  /** Which frame of the fragment, from 0. */
  readonly frame: number;
  /** The moment that it shows (wall time). */
  readonly at: Millis;
}

/** Footage from the trigger on in which the first take is looked for. */
const firstTakeMillis = 3_000;
/** Scores that wait for the fragment of their frame: some seconds at 10 frames a second. */
const scoresMax = 64;

interface Score {
  /** Of the frame, by the camera's run. */
  readonly time: Millis;
  readonly score: number;
}

interface Open {
  readonly begun: BeginClip;
  /** Where its triggered footage begins, in ticks from its own start. */
  since: number | undefined;
  best: { readonly score: number; readonly fragment: Fragment; readonly frame: number } | undefined;
  /** The first take's score, once there is one. */
  taken: number | undefined;
}

export interface Picker {
  /** A frame's score. Its time counts as the fragments of its run do. */
  look(time: Millis, score: number): void;
  /**
   * What the cutter did, and what to take now, if anything. `arrived` is the fragment as it came, in its run's time, where
   * it is one that just arrived: footage from before the trigger is not looked at.
   */
  take(effect: ClipEffect, arrived: Fragment | undefined): PickedFrame | undefined;
  /** The source started anew, and its times with it. */
  restart(): void;
}

/** Chooses the best frame of each clip. Only frames whose fragment is in the clip count. */
export function createPicker(): Picker {
  let scores: readonly Score[] = [];
  let open: Open | undefined;

  const append = (effect: AppendFragment, arrived: Fragment): PickedFrame | undefined => {
    if (open === undefined || effect.fragment.track !== open.begun.init.track) return undefined;
    const { init } = open.begun;
    const candidate = bestOf(scores, arrived, init);
    const end = millisOf(arrived.time + arrived.duration, init);
    scores = scores.filter(({ time }) => time >= end);
    if (open.best === undefined || candidate.score > open.best.score)
      open.best = { ...candidate, fragment: effect.fragment };
    open.since ??= effect.fragment.time;
    const seen = millisOf(effect.fragment.time + effect.fragment.duration - open.since, init);
    if (effect.end !== "no") return finish(open);
    return open.taken === undefined && seen >= firstTakeMillis ? pick(open, 1) : undefined;
  };
  const finish = (ended: Open): PickedFrame | undefined => {
    open = undefined;
    if (ended.best === undefined) return undefined;
    if (ended.taken === undefined) return pick(ended, 1);
    return ended.best.score * 2 >= ended.taken * 3 ? pick(ended, 2) : undefined;
  };
  return {
    look(time, score) {
      scores = [...scores.slice(1 - scoresMax), { time, score }];
    },
    take(effect, arrived) {
      switch (effect.kind) {
        case "begin":
          open = { begun: effect, since: undefined, best: undefined, taken: undefined };
          return undefined;
        case "append":
          return arrived === undefined ? undefined : append(effect, arrived);
        case "end":
          return open === undefined ? undefined : finish(open);
      }
    },
    restart() {
      scores = [];
    },
  };
}

/** The best frame inside the fragment; the one in the middle when none was looked at. */
function bestOf(
  scores: readonly Score[],
  fragment: Fragment,
  init: InitSegment,
): { readonly score: number; readonly frame: number } {
  const from = millisOf(fragment.time, init);
  const length = Math.max(1, millisOf(fragment.duration, init));
  let score = -1;
  let time = length >> 1;
  for (const one of scores) {
    const into = one.time - from;
    if (into < 0 || into >= length || one.score <= score) continue;
    score = one.score;
    time = into;
  }
  const frame = Math.min(fragment.frames - 1, Math.floor((time * fragment.frames) / length));
  return { score: Math.max(0, score), frame };
}

function pick(open: Open, take: number): PickedFrame | undefined {
  const { begun, best } = open;
  if (best === undefined) return undefined;
  if (take === 1) open.taken = best.score;
  const { fragment, frame } = best;
  const ticks = fragment.time + (fragment.duration * frame) / fragment.frames;
  const at = millis(begun.start.wall + millisOf(ticks, begun.init));
  return { clip: begun.clip, take, init: begun.init, fragment, frame, at };
}

function millisOf(ticks: number, { timescale }: InitSegment): number {
  return Math.floor((ticks * 1000) / timescale);
}
