import type { AppendFragment, BeginClip, ClipEffect, EndClip } from "../../shared/clip/cutting.js";
import { assert } from "../../shared/kernel/assert.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { ClipId } from "../../shared/kernel/ids.js";
import type { GapReason } from "../../shared/protocol/messages.js";
import { finish, type Gathering, gather, type PlannedSegment } from "./plan.js";

/** Footage of a clip that could not be sealed in time and is lost. */
export interface Shortfall {
  readonly kind: "gap";
  readonly clip: ClipId;
  readonly from: Millis;
  readonly to: Millis;
  readonly reason: GapReason;
}

export type Job =
  | BeginClip
  | {
      readonly kind: "segment";
      readonly planned: PlannedSegment;
      /** Wall times of the footage inside. */
      readonly from: Millis;
      readonly to: Millis;
    };

/** The clip that the cutter is telling of. */
export interface Incoming {
  readonly clip: ClipId;
  readonly start: Millis;
  readonly gathering: Gathering;
  /** Where its footage ends, in ticks from its start. */
  readonly ticks: number;
  /** Set once footage of it had to be given up: the rest goes too. */
  readonly lost?: { readonly from: Millis; readonly reason: GapReason };
}

/** How full the queue of what waits to be sealed is. */
export interface Pressure {
  readonly waitingBytes: number;
  readonly limitBytes: number;
  /** Why footage would be lost now. */
  readonly reason: GapReason;
}

export interface Taken {
  readonly incoming: Incoming | undefined;
  readonly jobs: readonly Job[];
  /** Bytes of footage that wait from now on. */
  readonly bytes: number;
  readonly shortfall?: Shortfall;
}

/** Plans what is to be sealed, within a bounded queue: what does not fit is given up from there to its clip's end. */
export function take(incoming: Incoming | undefined, effect: ClipEffect, pressure: Pressure): Taken {
  if (effect.kind === "begin") return beginClip(effect, pressure);
  assert(incoming?.clip === effect.clip, "the cutter told of another clip than the one that began");
  return effect.kind === "end" ? endClip(incoming, effect.end) : appendFragment(incoming, effect, pressure);
}

function beginClip(effect: BeginClip, { waitingBytes, limitBytes, reason }: Pressure): Taken {
  const { clip, start, init } = effect;
  const { track, timescale } = init;
  const gathering = { track, timescale, fragments: [] };
  const fresh = { clip, start: start.wall, gathering, ticks: 0 };
  return waitingBytes < limitBytes
    ? { incoming: fresh, jobs: [effect], bytes: 0 }
    : { incoming: { ...fresh, lost: { from: start.wall, reason } }, jobs: [], bytes: 0 };
}

function appendFragment(incoming: Incoming, effect: AppendFragment, pressure: Pressure): Taken {
  const { fragment, end } = effect;
  const size = fragment.bytes.length;
  const { waitingBytes, limitBytes, reason } = pressure;
  // A clip that has begun seals its first fragment, however long the queue: else nothing would say that it was there.
  const tooMuch = incoming.ticks > 0 && waitingBytes + size > limitBytes;
  if (incoming.lost === undefined && tooMuch) {
    const from = wallAt(incoming, incoming.ticks);
    const jobs = [segment(incoming, finish(incoming.gathering, "interrupted"))];
    const rest = appendFragment({ ...incoming, lost: { from, reason } }, effect, pressure);
    return { ...rest, jobs };
  }
  const isPicture = fragment.track === incoming.gathering.track;
  const grown = isPicture ? { ...incoming, ticks: fragment.time + fragment.duration } : incoming;
  if (grown.lost !== undefined)
    return end === "no" ? { incoming: grown, jobs: [], bytes: 0 } : endClip(grown, end);
  const { gathering, segments } = gather(incoming.gathering, effect);
  const jobs = segments.map((planned) => segment(incoming, planned));
  return { incoming: end === "no" ? { ...grown, gathering } : undefined, jobs, bytes: size };
}

function endClip(incoming: Incoming, end: EndClip["end"]): Taken {
  const { clip, lost, gathering, ticks } = incoming;
  if (lost === undefined)
    return { incoming: undefined, jobs: [segment(incoming, finish(gathering, end))], bytes: 0 };
  const shortfall: Shortfall = { kind: "gap", clip, ...lost, to: wallAt(incoming, ticks) };
  return { incoming: undefined, jobs: [], bytes: 0, shortfall };
}

function segment(incoming: Incoming, planned: PlannedSegment): Job {
  const pictures = planned.fragments.filter(({ track }) => track === incoming.gathering.track);
  const first = pictures[0];
  const last = pictures[pictures.length - 1];
  const from = wallAt(incoming, first?.time ?? incoming.ticks);
  const to = wallAt(incoming, last === undefined ? incoming.ticks : last.time + last.duration);
  return { kind: "segment", planned, from, to };
}

function wallAt({ start, gathering }: Incoming, ticks: number): Millis {
  return millis(start + Math.floor((ticks * 1000) / gathering.timescale));
}
