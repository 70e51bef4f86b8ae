// The life of one world: it begins, suffers, is healed, comes to rest; and is looked at all the time.
import { elapsed, on, running, within } from "../edges/clockwork.js";
import { PowerLost } from "../edges/disk.js";
import type { Doorbell } from "./doorbell.js";
import { type FaultName, faultNames } from "./drawn.js";
import { checkDisks, checkKept, OracleFailed } from "./oracles.js";
import { makeTemplates } from "./template.js";
import { World } from "./world.js";

/** What became of a world. */
export interface Report {
  readonly seed: number;
  readonly ok: boolean;
  /** The same for the same seed and the same program. */
  readonly trace: string;
  readonly oracle?: string;
  readonly why?: string;
  readonly story?: readonly string[];
  readonly virtualMillis: number;
  readonly events: number;
  readonly clips: number;
  readonly segments: number;
  /** How often each fault was injected. */
  readonly faults: Readonly<Record<string, number>>;
}

const storyLinesMax = 60;
const restMillisMax = 30 * 60_000;
const lastClipMillis = 15_000;

/** Once before all worlds, in a turn of its own. */
export function prepare(): void {
  makeTemplates();
}

let living: World | undefined;

// A promise that nobody waits for must not fail, unless the power went.
globalThis.process.on("unhandledRejection", (error) => {
  if (running()?.on !== false && !(error instanceof PowerLost)) living?.failed(error);
});

/** Lives through one world. Must be called in a turn of its own, outside of any promise. */
export function live(seed: number): Report {
  const began = new Beginning();
  try {
    const world = new World(seed);
    living = began.world = world;
    suffer(world, began.faults);
    comeToRest(world);
    look(world);
    return began.report(seed, undefined);
  } catch (error) {
    return began.report(seed, error);
  }
}

/** What there is to report of, also when the world did not get far. */
class Beginning {
  world: World | undefined;
  readonly faults: Record<string, number> = {};

  report(seed: number, error: unknown): Report {
    const { world, faults } = this;
    const doorbells = world?.doorbells ?? [];
    const sum = (of: (doorbell: Doorbell) => number): number =>
      doorbells.reduce((all, one) => all + of(one), 0);
    const found =
      error === undefined
        ? {}
        : {
            oracle: error instanceof OracleFailed ? error.oracle : "no-crash",
            why: error instanceof OracleFailed ? error.message : textOf(error),
            story: world?.trace.story().slice(-storyLinesMax) ?? [],
          };
    return {
      ...{ seed, ok: error === undefined, trace: world?.trace.hash() ?? "", ...found },
      ...{ virtualMillis: Math.round(elapsed()), events: world?.events ?? 0, faults },
      clips: sum(({ truth }) => truth.clips.size),
      segments: sum(({ truth }) => truth.offered.size),
    };
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function suffer(world: World, counts: Record<string, number>): void {
  const { drawn, chance, doorbells } = world;
  const until = elapsed() + drawn.faultMillis;
  const repeat = (mean: number, work: () => void): void => {
    const wait = -Math.log(1 - chance.next()) * mean;
    if (elapsed() + wait >= until) return;
    on(undefined, wait, () => {
      work();
      repeat(mean, work);
    });
  };
  world.startFaults();
  for (const doorbell of doorbells) repeat(drawn.pressEvery, () => doorbell.press());
  for (const name of faultNames) {
    const mean = drawn.every[name];
    if (mean === undefined) continue;
    repeat(mean, () => {
      if (befall[name](world)) counts[name] = (counts[name] ?? 0) + 1;
    });
  }
  world.run(drawn.faultMillis);
}

/** Durable writes that may pass before a cut that was decided on. */
const writesMax = 40;

/** False where there was nothing to befall. */
const befall: Readonly<Record<FaultName, (world: World) => boolean>> = {
  partition({ weather, chance, doorbells, cloud, trace }) {
    const machine = chance.next() < 0.3 ? cloud.machine : oneOf(doorbells, chance).machine;
    weather.cutOff.add(machine);
    trace.note(machine.name, "cut off");
    on(undefined, chance.between(1_000, 90_000), () => weather.cutOff.delete(machine));
    return true;
  },
  cameraPower(world) {
    return cutSoon(world, oneOf(world.doorbells, world.chance));
  },
  cameraKill({ doorbells, chance, trace }) {
    const doorbell = oneOf(doorbells, chance);
    if (!doorbell.machine.on) return false;
    trace.note(doorbell.machine.name, "killed");
    doorbell.kill();
    return true;
  },
  cloudPower(world) {
    return cutSoon(world, world.cloud);
  },
  cloudKill({ cloud, trace }) {
    if (!cloud.machine.on) return false;
    trace.note("cloud", "killed");
    cloud.kill();
    return true;
  },
  brokerRestart(world) {
    if (!world.drawn.ownBroker) return false;
    world.trace.note("broker", "restarted");
    world.restartBroker();
    return true;
  },
};

function oneOf<T>(list: readonly T[], chance: { between(from: number, below: number): number }): T {
  const found = list[chance.between(0, list.length)];
  if (found === undefined) throw new Error("nothing to choose from");
  return found;
}

/** The power goes at one of the next durable writes, and comes back after a while. */
function cutSoon({ chance, trace }: World, what: Doorbell | World["cloud"]): boolean {
  const { machine } = what;
  if (!machine.on || machine.cut !== undefined) return false;
  machine.cut = { left: chance.between(1, writesMax), persisted: chance.next() < 0.5 };
  const back = chance.between(1_000, 30_000);
  machine.onCut = () => {
    machine.onCut = () => undefined;
    trace.note(machine.name, "power cut");
    on(undefined, 0, () => what.cutPower());
    on(undefined, back, () => {
      trace.note(machine.name, "power back");
      what.restorePower();
    });
  };
  return true;
}

/** No fault any more: everything must arrive now. */
function comeToRest(world: World): void {
  const { doorbells, cloud } = world;
  world.heal();
  for (const { machine } of [cloud, ...doorbells]) machine.cut = undefined;
  world.trace.note("world", "healed");
  world.run(lastClipMillis);
  for (const doorbell of doorbells) doorbell.press();
  world.run(lastClipMillis);
  const rests = (doorbell: Doorbell): boolean => {
    const journal = doorbell.running?.journal;
    return journal !== undefined && journal.pending().length === 0 && journal.pendingEvents().length === 0;
  };
  world.run(restMillisMax, () => doorbells.every(rests));
  const restless = doorbells.find((doorbell) => !rests(doorbell));
  if (restless !== undefined)
    throw new OracleFailed("comes-to-rest", `${restless.machine.name} still waits: ${waiting(restless)}`);
}

function waiting({ running }: Doorbell): string {
  if (running === undefined) return "it does not run";
  const { journal, uplink } = running;
  const facts = { troubles: uplink.troubles(), connected: uplink.isConnected() };
  return JSON.stringify({
    segments: journal.pending().length,
    events: journal.pendingEvents().length,
    ...facts,
  });
}

function look(world: World): void {
  const { doorbells, cloud, home } = world;
  let left = doorbells.length;
  for (const doorbell of doorbells)
    within(undefined, () => {
      checkKept({ cloud, home, doorbell }).then(
        () => left--,
        (error: unknown) => world.failed(error),
      );
    });
  world.run(0, () => left === 0);
  checkDisks(cloud, doorbells);
}
