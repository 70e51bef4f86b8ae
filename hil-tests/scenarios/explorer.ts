import fc from "fast-check";
import type { Machine, Stated } from "../../cloud/docket/machine.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";

// Every state that a machine can reach, with whoever may act and a clock that goes from deadline to deadline; and walks through it
// where there are too many.

export const start = millis(1_800_000_000_000);
const day = 24 * 60 * 60_000;
const statesMax = 20_000;
/** Steps by the clock alone until nothing moves any more. */
const clockStepsMax = 50;

export interface Taken<Event> {
  readonly event: Event;
  readonly at: Millis;
}

export interface Step<State, Event> extends Taken<Event> {
  readonly from: State;
  readonly to: State;
  /** What led here, from nothing on, this event as its last. */
  readonly path: readonly Taken<Event>[];
}

/** What must never be, and of which step it is true. */
export type Nevers<State, Event> = Readonly<Record<string, (step: Step<State, Event>) => boolean>>;

export interface Exploration<State extends Stated, Event, Refusal> {
  readonly machine: Machine<State, Event, Refusal>;
  readonly begin: Event;
  readonly events: readonly Event[];
  readonly never: Nevers<State, Event>;
  /** For how long nobody does anything, besides until the next deadline. */
  readonly waits?: readonly number[];
}

/** A state, and when somebody looks at it. */
export interface Place<State, Event> {
  readonly state: State;
  readonly now: Millis;
  readonly path: readonly Taken<Event>[];
}

/** Breadth first: the first fault that is found is the shortest way to it. */
export function explore<State extends Stated, Event, Refusal>(
  exploration: Exploration<State, Event, Refusal>,
): { readonly places: readonly Place<State, Event>[]; readonly kinds: readonly string[] } {
  const { machine } = exploration;
  const places = new Map<string, Place<State, Event>>();
  const open = [beginning(exploration)];
  for (let place = open.shift(); place !== undefined; place = open.shift()) {
    const key = keyOf(machine, place);
    if (places.has(key)) continue;
    places.set(key, place);
    if (places.size > statesMax) throw new Error(`more than ${statesMax} states`);
    open.push(...after(exploration, place));
  }
  const kinds = new Set([...places.values()].map(({ state }) => state.kind));
  return { places: [...places.values()], kinds: [...kinds].sort() };
}

function beginning<State extends Stated, Event, Refusal>({
  machine,
  begin,
}: Exploration<State, Event, Refusal>): Place<State, Event> {
  const first = machine.step(undefined, begin, start);
  if (!first.ok) throw new Error(`the machine does not begin: ${JSON.stringify(first.error)}`);
  return { state: first.value.state, now: start, path: [{ event: begin, at: start }] };
}

/** Times count from now, and what lies behind is over: what differs only by when it happened is one state. */
function keyOf<State extends Stated>(
  machine: Pick<Machine<State, unknown, unknown>, "deadline">,
  { state, now }: Pick<Place<State, unknown>, "state" | "now">,
): string {
  const until = machine.deadline(state);
  const since = "publicSince" in state ? Math.min(now - Number(state.publicSince), 30 * day) : undefined;
  return JSON.stringify({ ...state, deadline: until && until - now, publicSince: since }, (_, value) => {
    if (typeof value !== "number" || value < start - 365 * day) return value;
    return value > now ? value - now : "over";
  });
}

function after<State extends Stated, Event, Refusal>(
  exploration: Exploration<State, Event, Refusal>,
  place: Place<State, Event>,
): readonly Place<State, Event>[] {
  const { machine, events, waits = [] } = exploration;
  const deadline = machine.deadline(place.state);
  const coming = events.map((event) => ({ event, at: place.now }));
  const due = deadline === undefined ? [] : [{ event: machine.due, at: deadline }];
  const later = waits.map((wait) => ({ ...place, now: millis(place.now + wait) }));
  return [
    ...[...coming, ...due].flatMap((taken) => taking(exploration, place, taken) ?? []),
    ...later.filter(({ now }) => deadline === undefined || now < deadline),
  ];
}

/** Where a step leads; `undefined` where the machine refuses it. */
function taking<State extends Stated, Event, Refusal>(
  { machine, never }: Pick<Exploration<State, Event, Refusal>, "machine" | "never">,
  { state: from, path: way }: Place<State, Event>,
  { event, at }: Taken<Event>,
): Place<State, Event> | undefined {
  const turn = machine.step(from, event, at);
  if (!turn.ok) return undefined;
  const { state: to } = turn.value;
  const path = [...way, { event, at }];
  for (const [what, isTrue] of Object.entries(never))
    if (isTrue({ from, event, to, at, path })) throw new Error(`${what}: ${told(path)}`);
  return { state: to, now: at, path };
}

function told(path: readonly Taken<unknown>[]): string {
  return path
    .map(({ event, at }) => `${(at - start) / 60_000} min ${JSON.stringify(event).slice(0, 80)}`)
    .join(" → ");
}

/** What the clock alone makes of a state, step by step. */
export function byTheClock<State extends Stated, Event, Refusal>(
  machine: Machine<State, Event, Refusal>,
  place: Place<State, Event>,
): readonly Place<State, Event>[] {
  const places = [place];
  for (let last = place; ; ) {
    const deadline = machine.deadline(last.state);
    if (deadline === undefined) return places;
    if (places.length > clockStepsMax) throw new Error(`it does not end by the clock: ${told(last.path)}`);
    const at = millis(Math.max(deadline, last.now));
    const next = taking({ machine, never: {} }, last, { event: machine.due, at });
    if (next === undefined) throw new Error(`the clock is refused: ${told(last.path)}`);
    places.push(next);
    last = next;
  }
}

/**
 * Random ways, longer than all that can be explored; each stops for what is due first, as the docket does. Answers how many steps
 * were taken.
 */
export function walk<State extends Stated, Event, Refusal>(
  exploration: Exploration<State, Event, Refusal>,
  { seed, runs, waitMax }: { readonly seed: number; readonly runs: number; readonly waitMax: number },
): number {
  let steps = 0;
  const waiting = fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.nat(waitMax) },
  );
  const turns = fc.array(fc.tuple(fc.nat(), waiting), { minLength: 20, maxLength: 40 });
  const goes = fc.property(turns, (way) => {
    let place = beginning(exploration);
    for (const [chance, wait] of way) {
      place = atTime(exploration, place, millis(place.now + wait));
      const next = anything(exploration, place, chance);
      if (next === undefined) continue;
      place = next;
      steps++;
    }
  });
  fc.assert(goes, { seed, numRuns: runs });
  return steps;
}

/** The first event that the machine takes, from a random one on. */
function anything<State extends Stated, Event, Refusal>(
  exploration: Exploration<State, Event, Refusal>,
  place: Place<State, Event>,
  chance: number,
): Place<State, Event> | undefined {
  const { events } = exploration;
  for (const at of events.keys()) {
    const event = events[(chance + at) % events.length];
    const next = event && taking(exploration, place, { event, at: place.now });
    if (next !== undefined) return next;
  }
  return undefined;
}

function atTime<State extends Stated, Event, Refusal>(
  exploration: Exploration<State, Event, Refusal>,
  place: Place<State, Event>,
  now: Millis,
): Place<State, Event> {
  const { machine } = exploration;
  let last = place;
  for (
    let at = machine.deadline(last.state);
    at !== undefined && at <= now;
    at = machine.deadline(last.state)
  ) {
    const next = taking(exploration, last, { event: machine.due, at: now });
    if (next === undefined) throw new Error(`the clock is refused: ${told(last.path)}`);
    last = next;
  }
  return { ...last, now };
}

/** What has ended in one of these stays so. */
export const ended =
  (...kinds: readonly string[]) =>
  ({ from, to }: Pick<Step<Stated, unknown>, "from" | "to">): boolean =>
    kinds.includes(from.kind) && to.kind !== from.kind;
