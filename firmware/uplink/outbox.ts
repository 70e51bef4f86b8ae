import { unreachable } from "../../shared/kernel/assert.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { ClipId, EventId } from "../../shared/kernel/ids.js";
import { stalledMillis } from "../../shared/protocol/limits.js";
import type { Progress, RefusalCode } from "../../shared/protocol/messages.js";
import { addSegment, dropClip, findClip, type Place, removeSegment, replace, samePlace } from "./queue.js";
import { type Backoff, waitBefore } from "./retry.js";
import { fill, isRemote, nextLength, park } from "./send.js";
import type {
  Answered,
  Effect,
  Outbox,
  OutboxEvent,
  OwnCopySound,
  Phase,
  QueuedEvent,
  Sending,
  Step,
  UnderWay,
} from "./state.js";
import { acknowledged, openWindow } from "./window.js";

/** A chunk without PUBACK for this long ends the connection. */
export const unacknowledgedMillisMax = 60_000;
/** An event is repeated after this long without the cloud's word. */
export const eventRepeatMillis = 5_000;
/** Answers with the same `stored` after which the camera goes back to it. */
const repeatsMax = 3;
/** Pauses after `full`, `busy` and `unknown-camera`, and for one clip after `damaged` and `forged`. */
const pauseBackoff: Backoff = { first: millis(1_000), most: millis(60_000) };
const clipBackoff: Backoff = { first: millis(4_000), most: millis(600_000) };
const never = millis(Number.MAX_SAFE_INTEGER);

const eventRanks = { press: 0, motion: 1, gap: 2 } as const;

/** An empty outbox. `windowMax`: chunks that the broker allows on their way. */
export function emptyOutbox(windowMax: number): Outbox {
  return {
    connected: false,
    clips: [],
    underWay: [],
    inFlight: [],
    window: openWindow(windowMax),
    events: [],
    pausedUntil: millis(0),
    pauses: 0,
  };
}

/** Whether waiting would bring nothing more to the vault: clips that it calls deleted wait for the deletion itself. */
export function isDrained({ clips, events }: Outbox): boolean {
  return events.length === 0 && clips.every(({ heldUntil }) => heldUntil === never);
}

/** `now` is monotonic. */
export function step(outbox: Outbox, event: OutboxEvent, now: Millis): Step {
  const { outbox: changed, effects } = apply(outbox, event, now);
  const sent = fill(changed, now);
  return sent.effects.length === 0
    ? { outbox: sent.outbox, effects }
    : { outbox: sent.outbox, effects: [...effects, ...sent.effects] };
}

function apply(outbox: Outbox, event: OutboxEvent, now: Millis): Step {
  switch (event.kind) {
    case "sealed":
      return only({ ...outbox, clips: addSegment(outbox.clips, event.segment) });
    case "happened":
      return only({ ...outbox, events: addEvent(outbox.events, event.id, eventRanks[event.what]) });
    case "connected":
      return only({ ...quiet(outbox), connected: true });
    case "disconnected":
      return only({ ...quiet(outbox), connected: false });
    case "tick":
      return tick(outbox, now);
    case "puback":
      return only(puback(outbox, event.place, event.offset, now));
    case "answer":
      return answer(outbox, event, now);
    case "event-stored":
      return only({ ...outbox, events: outbox.events.filter(({ id }) => !event.ids.includes(id)) });
    case "acknowledged":
      return only(delivered(outbox, event.place));
    case "not-now":
      return only(notNow(outbox, event.place, now));
    case "own-copy-sound":
      return only(sendAgain(outbox, event, now));
    case "gone":
      return only(forget(outbox, event.place));
    case "clip-removed":
      return only(removeClip(outbox, event.clip));
    // unreached: the compiler proves that no other kind comes
    default:
      return unreachable(event);
  }
}

function only(outbox: Outbox, ...effects: readonly Effect[]): Step {
  return { outbox, effects };
}

function addEvent(events: readonly QueuedEvent[], id: EventId, rank: number): readonly QueuedEvent[] {
  if (events.some((one) => one.id === id)) return events;
  const at = events.findIndex((one) => one.rank > rank);
  const place = at < 0 ? events.length : at;
  return [...events.slice(0, place), { id, rank, sentAt: undefined }, ...events.slice(place)];
}

/** Nothing is on its way: what was announced waits again, except what only our own disk must answer. */
function quiet(outbox: Outbox): Outbox {
  return {
    ...outbox.underWay.filter(isRemote).reduce(park, outbox),
    inFlight: [],
    window: openWindow(outbox.window.most),
    events: outbox.events.map((event) => ({ ...event, sentAt: undefined })),
  };
}

function tick(outbox: Outbox, now: Millis): Step {
  const [oldest] = outbox.inFlight;
  if (oldest !== undefined && now - oldest.sentAt >= unacknowledgedMillisMax)
    return only(outbox, { kind: "reconnect" });
  const stalled = outbox.underWay.filter((one) => isStalled(outbox, one, now));
  const asked = stalled.reduce((box, one) => setPhase(box, one, askAgain(one.phase, now)), outbox);
  const events = asked.events.some((event) => isOverdue(event, now))
    ? asked.events.map((event) => (isOverdue(event, now) ? { ...event, sentAt: undefined } : event))
    : asked.events;
  return only(
    { ...asked, events },
    ...stalled.map((place): Effect => ({ kind: "publishInit", place: placeOf(place) })),
  );
}

/** Silence counts only when the cloud has all that it allows: a chunk on a slow line, or one that waits its turn, is no stall. */
function isStalled({ inFlight }: Outbox, one: UnderWay, now: Millis): boolean {
  const { phase } = one;
  if (phase.kind === "asking") return now - phase.since >= stalledMillis * phase.asks;
  if (phase.kind !== "sending" || now - phase.activeAt < stalledMillis) return false;
  return nextLength(one.size, phase) === 0 && !inFlight.some((chunk) => samePlace(chunk, one));
}

function askAgain(phase: Phase, now: Millis): Phase {
  const asks = phase.kind === "asking" ? Math.min(phase.asks + 1, 5) : 1;
  return { kind: "asking", since: now, asks };
}

function isOverdue({ sentAt }: QueuedEvent, now: Millis): boolean {
  return sentAt !== undefined && now - sentAt >= eventRepeatMillis;
}

function puback(outbox: Outbox, place: Place, offset: number, now: Millis): Outbox {
  const chunk = outbox.inFlight.find((one) => one.offset === offset && samePlace(one, place));
  if (chunk === undefined) return outbox;
  const full = outbox.inFlight.length >= outbox.window.size;
  return {
    ...outbox,
    inFlight: outbox.inFlight.filter((one) => one !== chunk),
    window: acknowledged(outbox.window, millis(now - chunk.sentAt), full, now),
    underWay: outbox.underWay.map((one) =>
      samePlace(one, place) && one.phase.kind === "sending"
        ? { ...one, phase: { ...one.phase, activeAt: now } }
        : one,
    ),
  };
}

function answer(outbox: Outbox, { place, answer: said, chance }: Answered, now: Millis): Step {
  const one = outbox.underWay.find((other) => samePlace(other, place));
  switch (said.kind) {
    case "progress":
      return one === undefined ? only(outbox) : only(setPhase(outbox, one, progress(one.phase, said, now)));
    case "done":
      return done(outbox, place, one, said.receipt);
    case "refused":
      return one === undefined || !isRemote(one)
        ? only(outbox)
        : refused(outbox, one, said.code, { chance, now });
    // unreached: the compiler proves that no other kind comes
    default:
      return unreachable(said);
  }
}

/** A late answer may name a segment that waits again: its receipt is as good. */
function done(outbox: Outbox, place: Place, one: UnderWay | undefined, receipt: string): Step {
  const waits = findClip(outbox.clips, place.clip)?.waiting.some(({ index }) => index === place.index);
  if (one?.phase.kind === "confirming" || (one === undefined && waits !== true)) return only(outbox);
  return only(setPhase(outbox, place, { kind: "confirming" }), { kind: "acknowledge", place, receipt });
}

function progress(phase: Phase, { node, stored, credit }: Progress, now: Millis): Phase {
  const limit = stored + credit;
  const start: Sending = { kind: "sending", node, stored, limit, next: stored, activeAt: now, repeats: 0 };
  if (phase.kind === "asking") return start;
  if (phase.kind !== "sending") return phase;
  if (node !== phase.node || stored < phase.stored) return start;
  const next = Math.max(phase.next, stored);
  if (stored > phase.stored) return { ...start, next };
  const repeats = next > stored ? phase.repeats + 1 : 0;
  // Only once for each `stored`: the chunks that are still on their way are answered like this too.
  return repeats === repeatsMax
    ? { ...start, repeats }
    : { ...phase, limit, repeats, activeAt: repeats === 0 ? now : phase.activeAt };
}

interface Circumstance {
  readonly chance: number;
  readonly now: Millis;
}

/** What the camera does on each code is written at `refusalCodes`. */
function refused(outbox: Outbox, one: UnderWay, code: RefusalCode, { chance, now }: Circumstance): Step {
  const place = placeOf(one);
  const said: Effect = { kind: "refused", place, code };
  switch (code) {
    case "full":
    case "busy":
      return only(pause(park(outbox, one), chance, now), said);
    case "unknown-camera":
      return only(pause(park(outbox, one), chance, now), said, { kind: "askCharter" });
    case "forged":
    case "damaged":
      return only(setPhase(outbox, one, { kind: "checking" }), said, { kind: "checkOwnCopy", place });
    case "conflict":
      // Nobody signed that: the card keeps it as footage that the vault has not, and it is announced again after a start.
      return only(forget(outbox, one), said);
    case "deleted":
      return only(hold(outbox, place, never), said);
    // unreached: the compiler proves that no other kind comes
    default:
      return unreachable(code);
  }
}

function pause(outbox: Outbox, chance: number, now: Millis): Outbox {
  if (now < outbox.pausedUntil) return outbox;
  const pausedUntil = millis(now + waitBefore(outbox.pauses, pauseBackoff, chance));
  return { ...outbox, pausedUntil, pauses: outbox.pauses + 1 };
}

/** A sound copy goes again from the start, after a pause that grows: the fault may lie with the cloud. */
function sendAgain(outbox: Outbox, { place, chance }: OwnCopySound, now: Millis): Outbox {
  const one = outbox.underWay.find((other) => samePlace(other, place));
  const failures = findClip(outbox.clips, place.clip)?.failures ?? 0;
  if (one === undefined) return outbox;
  return hold(park(outbox, one), place, millis(now + waitBefore(failures, clipBackoff, chance)));
}

/** As after silence: announced again by the next tick but some. */
function notNow(outbox: Outbox, place: Place, now: Millis): Outbox {
  const inFlight = outbox.inFlight.filter((chunk) => !samePlace(chunk, place));
  return { ...setPhase(outbox, place, { kind: "asking", since: now, asks: 1 }), inFlight };
}

/** Nothing of the clip is announced before `until`. */
function hold(outbox: Outbox, { clip }: Place, heldUntil: Millis): Outbox {
  const parked = outbox.underWay.filter((one) => one.clip === clip && isRemote(one)).reduce(park, outbox);
  const own = findClip(parked.clips, clip);
  // unreached: what is on its way is a segment of a clip that is known
  if (own === undefined) return parked;
  return { ...parked, clips: replace(parked.clips, { ...own, heldUntil, failures: own.failures + 1 }) };
}

/** The vault has it: the way is free again for what waited because of a refusal. */
function delivered(outbox: Outbox, place: Place): Outbox {
  const own = findClip(outbox.clips, place.clip);
  const clips = own === undefined ? outbox.clips : replace(outbox.clips, { ...own, failures: 0 });
  return { ...forget({ ...outbox, clips }, place), pausedUntil: millis(0), pauses: 0 };
}

/** The segment needs nothing more; its clip neither when it was the last. */
function forget(outbox: Outbox, place: Place): Outbox {
  const underWay = outbox.underWay.filter((one) => !samePlace(one, place));
  const clips = removeSegment(outbox.clips, place);
  const empty = findClip(clips, place.clip)?.waiting.length === 0;
  const over = empty && !underWay.some(({ clip }) => clip === place.clip);
  return { ...outbox, underWay, clips: over ? dropClip(clips, place.clip) : clips };
}

function removeClip(outbox: Outbox, clip: ClipId): Outbox {
  const underWay = outbox.underWay.filter((one) => one.clip !== clip);
  return { ...outbox, underWay, clips: dropClip(outbox.clips, clip) };
}

function setPhase(outbox: Outbox, place: Place, phase: Phase): Outbox {
  const underWay = outbox.underWay.map((one) => (samePlace(one, place) ? { ...one, phase } : one));
  return { ...outbox, underWay };
}

function placeOf({ clip, index }: Place): Place {
  return { clip, index };
}
