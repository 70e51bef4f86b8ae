import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { ClipId } from "../../shared/kernel/ids.js";

/** Which segment. */
export interface Place {
  readonly clip: ClipId;
  readonly index: number;
}

export interface Segment extends Place {
  /** Bytes of the age file's body; 0 for a segment that only closes its clip. */
  readonly size: number;
}

/** A clip of which something is not yet safe. It stays while one of its segments waits or is under way. */
export interface Clip {
  readonly clip: ClipId;
  /** Counts clips in the order in which they came: a higher one is newer and goes first. */
  readonly order: number;
  /** By index, the lowest first. */
  readonly waiting: readonly Segment[];
  /** No segment is announced before this. */
  readonly heldUntil: Millis;
  /** Times in a row that the cloud found a segment of it wrong. */
  readonly failures: number;
}

export const samePlace = (a: Place, b: Place): boolean => a.index === b.index && a.clip === b.clip;

/** From the newest on: what is asked for is mostly there. */
export function findClip(clips: readonly Clip[], clip: ClipId): Clip | undefined {
  for (let i = clips.length - 1; i >= 0; i--) if (clips[i]?.clip === clip) return clips[i];
  return undefined;
}

/** A segment joins its clip in the order of index; one that is there already is not added twice. */
export function addSegment(clips: readonly Clip[], segment: Segment): readonly Clip[] {
  const own = findClip(clips, segment.clip);
  if (own !== undefined) return replace(clips, { ...own, waiting: inserted(own.waiting, segment) });
  const order = (clips[clips.length - 1]?.order ?? 0) + 1;
  const heldUntil = millis(0);
  return [...clips, { clip: segment.clip, order, waiting: [segment], heldUntil, failures: 0 }];
}

function inserted(waiting: readonly Segment[], segment: Segment): readonly Segment[] {
  let at = waiting.length;
  // unreached: the loop stops before the first
  while (at > 0 && (waiting[at - 1]?.index ?? 0) > segment.index) at--;
  if (waiting[at - 1]?.index === segment.index) return waiting;
  return [...waiting.slice(0, at), segment, ...waiting.slice(at)];
}

export function removeSegment(clips: readonly Clip[], place: Place): readonly Clip[] {
  const own = findClip(clips, place.clip);
  if (own === undefined) return clips;
  return replace(clips, { ...own, waiting: own.waiting.filter(({ index }) => index !== place.index) });
}

export function dropClip(clips: readonly Clip[], clip: ClipId): readonly Clip[] {
  return clips.filter((one) => one.clip !== clip);
}

/** The newest clip that has something to announce. */
export function mostUrgent(clips: readonly Clip[], now: Millis): Clip | undefined {
  for (let i = clips.length - 1; i >= 0; i--) {
    const one = clips[i];
    if (one !== undefined && one.waiting.length > 0 && one.heldUntil <= now) return one;
  }
  return undefined;
}

export function replace(clips: readonly Clip[], clip: Clip): readonly Clip[] {
  return clips.map((one) => (one.order === clip.order ? clip : one));
}
