import type { ClipEffect } from "../../shared/clip/cutting.js";
import type { InitSegment } from "../../shared/clip/init.js";
import type { TriggerKind } from "../../shared/clip/trigger.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { ClipId } from "../../shared/kernel/ids.js";
import type { Random } from "../../shared/kernel/ports.js";
import type { NewEvent } from "./journal.js";
import type { Arrived, Moment, Ring } from "./ring.js";

/** What the cutter knows between two events. */
export interface Cutter {
  readonly settings: CutSettings;
  readonly random: Random;
  readonly picture?: Picture;
  readonly phase: Phase;
  readonly active: boolean;
  /** When motion was last seen or the bell last pressed (monotonic). */
  readonly lastActive: Millis;
  /** When this activity began to be recorded (monotonic). */
  readonly runSince: Millis;
}

/** The cutter after an event, and what is to happen. */
export interface Cut {
  readonly cutter: Cutter;
  readonly effects: readonly CutEffect[];
}

export function newCutter(random: Random, settings: CutSettings = cutDefaults): Cutter {
  const never = millis(-1e9);
  return { settings, random, phase: { kind: "idle" }, active: false, lastActive: never, runSince: never };
}

export function isRecording(cutter: Cutter): boolean {
  return cutter.phase.kind === "recording" || cutter.phase.kind === "following";
}

/** The clip that was announced, or goes on from the last one, and of which no footage has come yet; and since when. */
export function dueIn({ phase }: Cutter): { readonly clip: ClipId; readonly since: Millis } | undefined {
  if (phase.kind === "waiting") return { clip: phase.clip, since: phase.since.wall };
  if (phase.kind === "following") return { clip: phase.clip, since: phase.start.wall };
  return undefined;
}

/** How much footage a clip holds, and how much at most. */
export interface CutSettings {
  /** Footage before the trigger, 0 to `preRollMillisMax`. */
  readonly preRoll: Millis;
  /** Footage after the last activity. */
  readonly postRoll: Millis;
  /** Longest clip, pre-roll included; while activity goes on the next one follows without a seam. */
  readonly clipMax: Millis;
  /** Longest time for which one activity is recorded without a press or quiet in between. */
  readonly stuckMax: Millis;
}

export const preRollMillisMax = 15_000;
/** With less, somebody who stands still for a moment would be cut into many clips. */
export const postRollMillisMin = 2_000;
export const postRollMillisMax = 30_000;
export const cutDefaults: CutSettings = {
  preRoll: millis(6_000),
  postRoll: millis(10_000),
  clipMax: millis(60_000),
  stuckMax: millis(15 * 60_000),
};

export type CutEffect = ClipEffect | { readonly kind: "happened"; readonly event: NewEvent };

export interface OpenClip {
  readonly id: ClipId;
  readonly trigger: TriggerKind;
  readonly start: Moment;
  /** Decode time of the first frame, in ticks of the source. */
  readonly origin: number;
  readonly ticks: number;
  readonly fragments: number;
}

export type Phase =
  | { readonly kind: "idle" }
  | { readonly kind: "recording"; readonly clip: OpenClip }
  /** The longest clip ended, activity goes on: the next fragment begins the next clip. */
  | {
      readonly kind: "following";
      readonly clip: ClipId;
      readonly trigger: TriggerKind;
      readonly start: Moment;
    }
  /** There is a reason to record and no picture. */
  | {
      readonly kind: "waiting";
      readonly clip: ClipId;
      readonly trigger: TriggerKind;
      readonly since: Moment;
    }
  /** A stuck trigger: nothing is recorded until quiet or a press. */
  | { readonly kind: "muted" };

/** One unbroken stretch of the source's picture. */
export interface Picture {
  readonly init: InitSegment;
  readonly ring: Ring;
  /** The newest fragment; the next must start where it ends. */
  readonly last?: Arrived;
}
