// Time in the simulation: one queue of things to come, and the machines whose they are. Nothing here waits for the real clock.
import type { Prng } from "../../../shared/kernel/prng.js";

/** A board or a server: it has power or not, a clock of its own, and a disk under `/name`. */
export interface Machine {
  readonly name: string;
  /** Which start this is; what belongs to an earlier one never happens. */
  life: number;
  on: boolean;
  /** How far its wall clock is from the true one, in milliseconds. */
  clockOff: number;
  /** Durable writes until the power goes, and whether the last of them still happens. */
  cut: { left: number; readonly persisted: boolean } | undefined;
  onCut: () => void;
}

interface Coming {
  readonly at: number;
  readonly order: number;
  readonly machine: Machine | undefined;
  readonly life: number;
  run: (() => void) | undefined;
}

/** What a timer function gives back; Node's own have these words, too. */
export interface Handle {
  readonly coming: { current: Coming | undefined };
  unref(): Handle;
  ref(): Handle;
  hasRef(): boolean;
}

/** The true time at which every world begins. */
export const epochMillis = 1_790_000_000_000;
/** Never rises above this: a world in which things beget things for ever is a fault of its own. */
const eventsMax = 4_000_000;

/** Runs what Node has queued behind the running code, as Node itself does between two callbacks. */
const settle = (globalThis.process as unknown as { _tickCallback(): void })._tickCallback;

let now = 0;
/** How far the world's wall time has been moved forward. */
let ahead = 0;
let order = 0;
let events = 0;
let current: Machine | undefined;
let queue: Coming[] = [];
let machines = new Map<string, Machine>();
let chance: Prng | undefined;
let slowDisk = 0;

/** An empty world. */
export function reset(prng: Prng): void {
  now = 0;
  ahead = 0;
  order = 0;
  events = 0;
  current = undefined;
  queue = [];
  machines = new Map();
  chance = prng;
  slowDisk = 0;
}

export function setSlowDisk(probability: number): void {
  slowDisk = probability;
}

export function newMachine(name: string): Machine {
  const machine: Machine = { name, life: 0, on: false, clockOff: 0, cut: undefined, onCut: () => undefined };
  machines.set(name, machine);
  return machine;
}

export function machineNamed(name: string): Machine | undefined {
  return machines.get(name);
}

export function prng(): Prng {
  if (chance === undefined) throw new Error("no world has begun");
  return chance;
}

/** Milliseconds since the world began. */
export function elapsed(): number {
  return now;
}

/** Wall time as the running machine has it. */
export function wallNow(): number {
  return epochMillis + ahead + Math.floor(now) + (current?.clockOff ?? 0);
}

/** Days go by on every wall, and nothing else happens in them. */
export function advanceWall(millis: number): void {
  ahead += millis;
}

export function countEvents(): number {
  return events;
}

/** Whose code runs. */
export function running(): Machine | undefined {
  return current;
}

/** The power comes on: from here on this is another life. */
export function powerOn(machine: Machine): void {
  machine.life++;
  machine.on = true;
  machine.cut = undefined;
}

/** Everything that the machine was about to do never happens. */
export function powerOff(machine: Machine): void {
  if (!machine.on) return;
  machine.on = false;
  machine.life++;
  machine.cut = undefined;
  machine.onCut();
}

/** Called before each durable write: `gone` when the power went instead of it, `last` when it goes right after it. */
export function countWrite(machine: Machine): "go on" | "last" | "gone" {
  const { cut } = machine;
  if (cut === undefined || --cut.left > 0) return "go on";
  if (cut.persisted) return "last";
  powerOff(machine);
  return "gone";
}

/** Of the running machine's; dropped when its power goes before. */
export function later(millis: number, run: () => void): Coming {
  return on(current, millis, run);
}

/** As `later`, of a machine that may be another one than the running one, or of nobody's. */
export function on(machine: Machine | undefined, millis: number, run: () => void): Coming {
  const coming: Coming = {
    at: now + Math.max(millis, 0),
    order: order++,
    machine,
    life: machine?.life ?? 0,
    run,
  };
  push(coming);
  return coming;
}

/** A promise of the running machine that a slow disk keeps back for a while. */
export async function diskTurn(): Promise<void> {
  if (slowDisk === 0 || prng().next() >= slowDisk) return;
  const wait = prng().between(1, 60);
  await new Promise<void>((resolve) => later(wait, resolve));
}

/** Lets the world run until this time, or until `done` says so. */
export function runUntil(time: number, done: () => boolean = () => false): void {
  while (!done()) {
    const next = queue[0];
    if (next === undefined || next.at > time) {
      now = time;
      return;
    }
    pop();
    const { machine, life, run } = next;
    if (run === undefined || (machine !== undefined && machine.life !== life)) continue;
    if (++events > eventsMax) throw new Error(`the world does not come to rest: ${eventsMax} events`);
    now = next.at;
    within(machine, run);
  }
}

/** Runs code as this machine's, and all that follows from it at once. */
export function within(machine: Machine | undefined, run: () => void): void {
  current = machine;
  try {
    run();
  } catch (error) {
    // What a machine's code throws while its power goes is nobody's to hear.
    if (machine === undefined || machine.on) throw error;
  } finally {
    settle();
    current = undefined;
  }
}

export function setTimer(run: () => void, millis: number): Handle {
  const held = { current: later(millis, run) as Coming | undefined };
  return handleOf(held);
}

export function setRepeating(run: () => void, millis: number): Handle {
  const held: { current: Coming | undefined } = { current: undefined };
  const again = (): void => {
    held.current = later(Math.max(millis, 1), () => {
      again();
      run();
    });
  };
  again();
  return handleOf(held);
}

export function clearTimer(handle: Handle | undefined): void {
  if (handle?.coming.current !== undefined) handle.coming.current.run = undefined;
}

function handleOf(coming: { current: Coming | undefined }): Handle {
  const handle: Handle = { coming, unref: () => handle, ref: () => handle, hasRef: () => true };
  return handle;
}

function before(a: Coming, b: Coming): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** A binary heap, the next to come in front. */
function push(coming: Coming): void {
  let at = queue.length;
  queue.push(coming);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = queue[parent];
    if (above === undefined || before(above, coming)) break;
    queue[at] = above;
    at = parent;
  }
  queue[at] = coming;
}

function pop(): void {
  const last = queue.pop();
  if (last === undefined || queue.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const [a, b] = [queue[left], queue[left + 1]];
    if (a === undefined) break;
    const [least, place] = b !== undefined && before(b, a) ? [b, left + 1] : [a, left];
    if (before(last, least)) break;
    queue[at] = least;
    at = place;
  }
  queue[at] = last;
}
