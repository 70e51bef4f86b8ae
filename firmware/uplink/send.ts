import type { Millis } from "../../shared/kernel/brand.js";
import { chunkBytesMax } from "../../shared/protocol/limits.js";
import { addSegment, mostUrgent, removeSegment } from "./queue.js";
import type { Effect, Outbox, PublishChunk, Sending, Step, UnderWay } from "./state.js";

/** Segments that are announced at one time: enough to fill the line while the vault syncs and commits. */
export const underWayMax = 4;
/** Events that are published without the cloud's word. */
const eventsUnderWayMax = 16;

/** Uses what connection, window and credit allow, the most urgent first: events, then the newest clip. */
export function fill(outbox: Outbox, now: Millis): Step {
  if (!outbox.connected) return { outbox, effects: [] };
  const effects: Effect[] = [];
  const published = publishEvents(outbox, now, effects);
  const announced = announce(published, now, effects);
  return { outbox: sendChunks(announced, now, effects), effects };
}

function publishEvents(outbox: Outbox, now: Millis, effects: Effect[]): Outbox {
  const due = outbox.events.slice(0, eventsUnderWayMax).filter(({ sentAt }) => sentAt === undefined);
  if (due.length === 0) return outbox;
  for (const { id } of due) effects.push({ kind: "publishEvent", id });
  const events = outbox.events.map((event) => (due.includes(event) ? { ...event, sentAt: now } : event));
  return { ...outbox, events };
}

function announce(outbox: Outbox, now: Millis, effects: Effect[]): Outbox {
  let box = outbox;
  while (now >= box.pausedUntil) {
    const clip = mostUrgent(box.clips, now);
    const segment = clip?.waiting[0];
    if (clip === undefined || segment === undefined) return box;
    if (box.underWay.length >= underWayMax) {
      const parked = leastUrgent(box.underWay, clip.order);
      if (parked === undefined) return box;
      box = park(box, parked);
    }
    const asking: UnderWay = {
      ...segment,
      order: clip.order,
      phase: { kind: "asking", since: now, asks: 1 },
    };
    box = {
      ...box,
      clips: removeSegment(box.clips, segment),
      underWay: [...box.underWay, asking].sort((a, b) => b.order - a.order || a.index - b.index),
    };
    effects.push({ kind: "publishInit", place: { clip: segment.clip, index: segment.index } });
  }
  return box;
}

/** The last of an older clip's segments that only the cloud must answer: it makes room for a newer clip's. */
function leastUrgent(underWay: readonly UnderWay[], order: number): UnderWay | undefined {
  for (let i = underWay.length - 1; i >= 0; i--) {
    const one = underWay[i];
    if (one !== undefined && one.order < order && isRemote(one)) return one;
  }
  return undefined;
}

export function isRemote({ phase }: UnderWay): boolean {
  return phase.kind === "asking" || phase.kind === "sending";
}

/** The segment waits again; what the cloud has of it, it keeps. */
export function park(outbox: Outbox, one: UnderWay): Outbox {
  const { clip, index, size } = one;
  return {
    ...outbox,
    underWay: outbox.underWay.filter((other) => other !== one),
    clips: addSegment(outbox.clips, { clip, index, size }),
  };
}

function sendChunks(outbox: Outbox, now: Millis, effects: Effect[]): Outbox {
  let box = outbox;
  while (box.inFlight.length < box.window.size) {
    const found = nextChunk(box.underWay);
    if (found === undefined) return box;
    const { one, phase, chunk } = found;
    const sent = { ...one, phase: { ...phase, next: phase.next + chunk.length, activeAt: now } };
    box = {
      ...box,
      inFlight: [...box.inFlight, { ...chunk.place, offset: chunk.offset, sentAt: now }],
      underWay: box.underWay.map((other) => (other === one ? sent : other)),
    };
    effects.push(chunk);
  }
  return box;
}

interface Found {
  readonly one: UnderWay;
  readonly phase: Sending;
  readonly chunk: PublishChunk;
}

function nextChunk(underWay: readonly UnderWay[]): Found | undefined {
  for (const one of underWay) {
    const { phase, clip, index, size } = one;
    const length = phase.kind === "sending" ? nextLength(size, phase) : 0;
    if (phase.kind !== "sending" || length === 0) continue;
    const { node, next: offset } = phase;
    return { one, phase, chunk: { kind: "publishChunk", place: { clip, index }, node, offset, length } };
  }
  return undefined;
}

/**
 * Bytes of the next chunk, 0 when the cloud must speak first. Less than a whole chunk goes only when the cloud has all before
 * it and still allows no more: crumbs cost a message each.
 */
export function nextLength(size: number, { next, limit, stored }: Sending): number {
  const whole = Math.min(chunkBytesMax, size - next);
  const allowed = Math.max(0, Math.min(whole, limit - next));
  return allowed === whole || next === stored ? allowed : 0;
}
