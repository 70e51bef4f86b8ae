import { type Fragment, rebase } from "../../shared/clip/fmp4.js";
import type { InitSegment } from "../../shared/clip/init.js";
import { manifestFragmentsMax } from "../../shared/clip/manifest.js";
import { type SegmentEnd, segmentBytesMax } from "../../shared/clip/segment.js";
import type { TriggerKind } from "../../shared/clip/trigger.js";
import { unreachable } from "../../shared/kernel/assert.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { type ClipId, newClipId } from "../../shared/kernel/ids.js";
import type { Random } from "../../shared/kernel/ports.js";
import type { NewEvent } from "./journal.js";
import { type Arrived, emptyRing, keep, type Moment, type Ring, ringBytesMax } from "./ring.js";

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

/** A longer fragment is no picture that can be cut: the source is broken. */
const fragmentMillisMax = 10_000;
/** What fits into one segment beside init segment, manifest and what sealing adds. */
const fragmentBytesMax = segmentBytesMax - 512 * 1024;
/** A press without a picture is answered by a clip if the picture is back within this, else by a gap. */
const pictureWaitMillisMax = 30_000;

export type CutEvent =
  /** The source started anew: what came before has ended. */
  | { readonly kind: "init"; readonly init: InitSegment; readonly at: Moment }
  | { readonly kind: "fragment"; readonly fragment: Fragment; readonly at: Moment }
  /** Begins a clip, or keeps the one that is open. A press always does; motion not while a stuck trigger is muted. */
  | { readonly kind: "trigger"; readonly trigger: TriggerKind; readonly at: Moment }
  /** Motion goes on, and has ended. Alone they begin no clip. */
  | { readonly kind: "active" | "inactive"; readonly at: Moment }
  | { readonly kind: "source-lost"; readonly at: Moment }
  /** Nothing is to be recorded any more. The source may go on, and a later trigger begins a clip. */
  | { readonly kind: "stop"; readonly at: Moment };

/** What the sealer is told of a clip. Times inside count from 0, sequence numbers from 1. */
export type ClipEffect =
  | {
      readonly kind: "begin";
      readonly clip: ClipId;
      /** Of the first frame. */
      readonly start: Moment;
      readonly trigger: TriggerKind;
      readonly init: InitSegment;
    }
  | {
      readonly kind: "append";
      readonly clip: ClipId;
      readonly fragment: Fragment;
      /** The newest so far: what a power cut would cost is at most this and what follows, so it goes out at once. */
      readonly live: boolean;
      /** Other than `no`: the clip ends with this fragment. */
      readonly end: SegmentEnd;
    }
  /** The clip ends, and its last fragment was handed out before. */
  | { readonly kind: "end"; readonly clip: ClipId; readonly end: Exclude<SegmentEnd, "no"> };

export type CutEffect = ClipEffect | { readonly kind: "happened"; readonly event: NewEvent };

interface OpenClip {
  readonly id: ClipId;
  readonly trigger: TriggerKind;
  readonly start: Moment;
  /** Decode time of the first frame, in ticks of the source. */
  readonly origin: number;
  readonly ticks: number;
  readonly fragments: number;
}

type Phase =
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
interface Picture {
  readonly init: InitSegment;
  readonly ring: Ring;
  /** The newest fragment; the next must start where it ends. */
  readonly last?: Arrived;
}

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

/** Cuts clips out of the picture: which fragments, from when to when, whole and each once. */
export function step(cutter: Cutter, event: CutEvent): Cut {
  switch (event.kind) {
    case "init": {
      const ended = breakOff(cutter, event.at);
      return { ...ended, cutter: { ...ended.cutter, picture: { init: event.init, ring: emptyRing } } };
    }
    case "fragment":
      return addFragment(cutter, event);
    case "trigger":
      return pull(cutter, event.trigger, event.at);
    case "active":
    case "inactive": {
      const active = event.kind === "active";
      const seen = active || cutter.active;
      const lastActive = seen ? event.at.monotonic : cutter.lastActive;
      return { cutter: { ...cutter, active, lastActive }, effects: [] };
    }
    case "source-lost":
      return breakOff(cutter, event.at);
    case "stop":
      return stop(cutter, event.at);
    default:
      return unreachable(event);
  }
}

function addFragment(cutter: Cutter, arrived: Arrived): Cut {
  const { picture } = cutter;
  if (picture === undefined || arrived.fragment.track !== picture.init.track) return { cutter, effects: [] };
  if (!isFit(arrived.fragment, picture)) {
    const broken = breakOff(cutter, picture.last?.at ?? arrived.at);
    return { ...broken, cutter: { ...broken.cutter, picture: { init: picture.init, ring: emptyRing } } };
  }
  if (!continues(picture, arrived.fragment)) {
    const broken = breakOff(cutter, picture.last?.at ?? arrived.at);
    const anew = { ...broken.cutter, picture: { init: picture.init, ring: emptyRing } };
    return after(broken, record(anew, anew.picture, arrived));
  }
  return record(cutter, picture, arrived);
}

function isFit({ duration, bytes, keyframe }: Fragment, { init }: Picture): boolean {
  return (
    keyframe && bytes.length <= fragmentBytesMax && duration * 1000 <= fragmentMillisMax * init.timescale
  );
}

function continues({ last }: Picture, { time }: Fragment): boolean {
  return last === undefined || time === last.fragment.time + last.fragment.duration;
}

/** The fragment goes into the clip that is open or due, else into the ring; never into both. */
function record(cutter: Cutter, picture: Picture, arrived: Arrived): Cut {
  const { phase } = cutter;
  const next = { ...cutter, picture: { ...picture, last: arrived } };
  switch (phase.kind) {
    case "recording":
      return append(next, picture, phase.clip, arrived);
    case "following":
      return begin(next, picture, phase, [arrived], phase.start);
    case "waiting":
      return endWait(next, picture, phase, arrived);
    case "idle":
    case "muted": {
      const { preRoll, postRoll } = cutter.settings;
      const limits = { ticks: ticksOf(preRoll, picture), bytes: ringBytesMax };
      const kept = { ...picture, ring: keep(picture.ring, arrived, limits), last: arrived };
      const quiet = !cutter.active && arrived.at.monotonic >= cutter.lastActive + postRoll;
      return { cutter: { ...next, picture: kept, phase: quiet ? { kind: "idle" } : phase }, effects: [] };
    }
    default:
      return unreachable(phase);
  }
}

function append(cutter: Cutter, picture: Picture, clip: OpenClip, arrived: Arrived): Cut {
  const { fragment, at } = arrived;
  if (!fits(cutter, picture, clip, 1, fragment.duration)) {
    // Longer than the one before it, and so not foreseen.
    const ended: CutEffect = { kind: "end", clip: clip.id, end: "complete" };
    const due = followOn(cutter, picture, clip, at);
    const next = begin({ ...cutter, picture }, picture, due, [arrived], due.start);
    return { ...next, effects: [ended, ...next.effects] };
  }
  const place = { origin: clip.origin, sequence: clip.fragments + 1 };
  const grown = { ...clip, ticks: clip.ticks + fragment.duration, fragments: clip.fragments + 1 };
  const phase = phaseAfter(cutter, picture, grown, arrived);
  const end = phase.kind === "recording" ? "no" : "complete";
  return {
    cutter: { ...cutter, phase },
    effects: [{ kind: "append", clip: clip.id, fragment: rebase(fragment, place), live: true, end }],
  };
}

function phaseAfter(cutter: Cutter, picture: Picture, clip: OpenClip, { fragment, at }: Arrived): Phase {
  const { postRoll, stuckMax } = cutter.settings;
  const wanted = cutter.active || at.monotonic < cutter.lastActive + postRoll;
  if (!wanted) return { kind: "idle" };
  if (at.monotonic - cutter.runSince >= stuckMax) return { kind: "muted" };
  if (!fits(cutter, picture, clip, 1, fragment.duration)) return followOn(cutter, picture, clip, at);
  return { kind: "recording", clip };
}

/** Whether the clip can grow by so many fragments and ticks. */
function fits(cutter: Cutter, { init }: Picture, clip: OpenClip, fragments: number, ticks: number): boolean {
  const longest = cutter.settings.clipMax * init.timescale;
  return (clip.ticks + ticks) * 1000 <= longest && clip.fragments + fragments <= manifestFragmentsMax;
}

function followOn(cutter: Cutter, picture: Picture, clip: OpenClip, at: Moment) {
  const passed = millisOf(clip.ticks, picture);
  const start = { wall: later(clip.start.wall, passed), monotonic: later(clip.start.monotonic, passed) };
  const id = newClipId(at.wall, cutter.random);
  return { kind: "following", clip: id, trigger: clip.trigger, start } as const;
}

interface Due {
  readonly clip: ClipId;
  readonly trigger: TriggerKind;
}

/** Opens a clip with these fragments, all but the newest being pre-roll. */
function begin(
  cutter: Cutter,
  picture: Picture,
  { clip, trigger }: Due,
  arrived: readonly Arrived[],
  start: Moment,
): Cut {
  const { init } = picture;
  const origin = arrived[0]?.fragment.time ?? 0;
  const ticks = arrived.reduce((sum, { fragment }) => sum + fragment.duration, 0);
  const open: OpenClip = { id: clip, trigger, start, origin, ticks, fragments: arrived.length };
  const effects = arrived.map(({ fragment }, i): CutEffect => {
    const rebased = rebase(fragment, { origin, sequence: i + 1 });
    return { kind: "append", clip, fragment: rebased, live: i === arrived.length - 1, end: "no" };
  });
  const last = arrived[arrived.length - 1];
  const left: Picture = { init, ring: emptyRing, ...(last === undefined ? {} : { last }) };
  return {
    cutter: { ...cutter, picture: left, phase: { kind: "recording", clip: open } },
    effects: [{ kind: "begin", clip, start, trigger, init }, ...effects],
  };
}

/** The picture is back: the clip that was due begins late, or not at all when what it was for is long over. */
function endWait(
  cutter: Cutter,
  picture: Picture,
  phase: Extract<Phase, { kind: "waiting" }>,
  arrived: Arrived,
): Cut {
  const { at } = arrived;
  const start = startOf([arrived], picture, at);
  const missed = gap(phase.since, start, phase.clip);
  if (at.monotonic - phase.since.monotonic > pictureWaitMillisMax) {
    const rest = record({ ...cutter, phase: { kind: "idle" } }, picture, arrived);
    return { ...rest, effects: [...missed, ...rest.effects] };
  }
  const wanted = cutter.active || at.monotonic < cutter.lastActive + cutter.settings.postRoll;
  // After an outage of some length a press or motion still gets its whole post-roll.
  const lastActive = wanted ? cutter.lastActive : at.monotonic;
  const begun = begin({ ...cutter, lastActive }, picture, phase, [arrived], start);
  return { ...begun, effects: [...missed, ...begun.effects] };
}

function pull(cutter: Cutter, trigger: TriggerKind, at: Moment): Cut {
  const { phase, picture } = cutter;
  const fresh = phase.kind === "idle" || trigger === "press";
  const seen = { ...cutter, lastActive: at.monotonic, runSince: fresh ? at.monotonic : cutter.runSince };
  const happened = (clip?: ClipId): CutEffect => ({
    kind: "happened",
    event: { kind: trigger, at: at.wall, ...(clip === undefined ? {} : { clip }) },
  });
  if (phase.kind === "recording") return { cutter: seen, effects: [happened(phase.clip.id)] };
  if (phase.kind === "following" || phase.kind === "waiting")
    return { cutter: seen, effects: [happened(phase.clip)] };
  if (!fresh) return { cutter: seen, effects: [happened()] };
  const clip = newClipId(at.wall, cutter.random);
  if (picture === undefined || picture.ring.kept.length === 0) {
    const waiting: Phase = { kind: "waiting", clip, trigger, since: at };
    return { cutter: { ...seen, phase: waiting }, effects: [happened(clip)] };
  }
  const start = startOf(picture.ring.kept, picture, at);
  const begun = begin(seen, picture, { clip, trigger }, picture.ring.kept, start);
  return { ...begun, effects: [happened(clip), ...begun.effects] };
}

/** The picture has ended at `at`. What was being recorded ends there, and goes on as a new clip if it comes back. */
function breakOff(cutter: Cutter, at: Moment): Cut {
  const { picture: _, ...blind } = { ...cutter, active: false };
  const { phase } = cutter;
  switch (phase.kind) {
    case "recording": {
      const { id, trigger } = phase.clip;
      const clip = newClipId(at.wall, cutter.random);
      return {
        cutter: { ...blind, phase: { kind: "waiting", clip, trigger, since: at } },
        effects: [{ kind: "end", clip: id, end: "interrupted" }],
      };
    }
    case "following":
      return {
        cutter: {
          ...blind,
          phase: { kind: "waiting", clip: phase.clip, trigger: phase.trigger, since: at },
        },
        effects: [],
      };
    case "idle":
    case "muted":
    case "waiting":
      return { cutter: blind, effects: [] };
    default:
      return unreachable(phase);
  }
}

function stop(cutter: Cutter, at: Moment): Cut {
  const waited = cutter.phase.kind === "waiting" ? gap(cutter.phase.since, at, cutter.phase.clip) : [];
  const { cutter: stopped, effects } = breakOff(cutter, at);
  const picture = cutter.picture && { picture: { init: cutter.picture.init, ring: emptyRing } };
  return { cutter: { ...stopped, ...picture, phase: { kind: "idle" } }, effects: [...waited, ...effects] };
}

function after(first: Cut, second: Cut): Cut {
  return { cutter: second.cutter, effects: [...first.effects, ...second.effects] };
}

function gap(from: Moment, to: Moment, clip: ClipId): readonly CutEffect[] {
  if (to.monotonic <= from.monotonic) return [];
  const wall = millis(Math.max(from.wall, to.wall));
  return [
    { kind: "happened", event: { kind: "gap", from: from.wall, to: wall, reason: "camera-fault", clip } },
  ];
}

/** When the first frame was taken: pipes only delay, so the least delayed fragment says it best. */
function startOf(arrived: readonly Arrived[], picture: Picture, now: Moment): Moment {
  const origin = arrived[0]?.fragment.time ?? 0;
  let monotonic: number = now.monotonic;
  for (const { fragment, at } of arrived) {
    const passed = millisOf(fragment.time + fragment.duration - origin, picture);
    monotonic = Math.min(monotonic, at.monotonic - passed);
  }
  const ago = now.monotonic - monotonic;
  return { wall: later(now.wall, -ago), monotonic: later(now.monotonic, -ago) };
}

/** Whole milliseconds, never before the clock's zero: notes know no other times. */
function later(time: Millis, by: number): Millis {
  return millis(Math.max(0, Math.floor(time + by)));
}

function millisOf(ticks: number, { init }: Picture): number {
  return Math.floor((ticks * 1000) / init.timescale);
}

function ticksOf(time: Millis, { init }: Picture): number {
  return Math.ceil((time * init.timescale) / 1000);
}
