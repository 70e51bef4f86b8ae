import type { EndClip } from "../../shared/clip/cutting.js";
import type { Fragment } from "../../shared/clip/fmp4.js";
import type { InitSegment } from "../../shared/clip/init.js";
import { segmentBytesMax } from "../../shared/clip/segment.js";
import type { TriggerKind } from "../../shared/clip/trigger.js";
import { unreachable } from "../../shared/kernel/assert.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { type ClipId, newClipId } from "../../shared/kernel/ids.js";
import { append, begin, startOf } from "./clip.js";
import type { Cut, CutEffect, Cutter, Phase, Picture } from "./cutter.js";
import { type Arrived, emptyRing, keep, type Moment, ringBytesMax } from "./ring.js";

/** A longer fragment is no picture that can be cut: the source is broken. */
const fragmentMillisMax = 10_000;
/** What fits into one segment beside init segment, manifest and what sealing adds. */
const fragmentBytesMax = segmentBytesMax - 512 * 1024;
/** A press without a picture is answered by a clip if the picture is back within this, else by a gap. */
const pictureWaitMillisMax = 30_000;

export type CutEvent =
  /** The source started anew: what came before has ended. */
  | { readonly kind: "init"; readonly init: InitSegment; readonly at: Moment }
  | ({ readonly kind: "fragment" } & Arrived)
  /** Begins a clip, or keeps the one that is open. A press always does; motion not while a stuck trigger is muted. */
  | { readonly kind: "trigger"; readonly trigger: TriggerKind; readonly at: Moment }
  /** Motion goes on, and has ended. Alone they begin no clip. */
  | { readonly kind: "active" | "inactive"; readonly at: Moment }
  | { readonly kind: "source-lost"; readonly at: Moment }
  /** Nothing is to be recorded any more. The source may go on, and a later trigger begins a clip. */
  | { readonly kind: "stop"; readonly at: Moment }
  /** The source came to its end: the clip that was open is whole. */
  | { readonly kind: "source-over"; readonly at: Moment };

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
      return stop(cutter, event.at, "interrupted");
    case "source-over":
      return stop(cutter, event.at, "complete");
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

function ticksOf(time: Millis, { init }: Picture): number {
  return Math.ceil((time * init.timescale) / 1000);
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
  if (phase.kind === "following" || phase.kind === "waiting") {
    // Nothing of the clip is there yet: it is the press's clip, and says so.
    const due = trigger === "press" ? { ...phase, trigger } : phase;
    return { cutter: { ...seen, phase: due }, effects: [happened(phase.clip)] };
  }
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
function breakOff(cutter: Cutter, at: Moment, end: EndClip["end"] = "interrupted"): Cut {
  const { picture: _, ...blind } = { ...cutter, active: false };
  const { phase } = cutter;
  switch (phase.kind) {
    case "recording": {
      const { id, trigger } = phase.clip;
      const clip = newClipId(at.wall, cutter.random);
      return {
        cutter: { ...blind, phase: { kind: "waiting", clip, trigger, since: at } },
        effects: [{ kind: "end", clip: id, end }],
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

function stop(cutter: Cutter, at: Moment, end: EndClip["end"]): Cut {
  const waited = cutter.phase.kind === "waiting" ? gap(cutter.phase.since, at, cutter.phase.clip) : [];
  const { cutter: stopped, effects } = breakOff(cutter, at, end);
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
