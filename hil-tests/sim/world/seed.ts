// The life of one world: it begins, suffers, is healed, comes to rest; and is looked at all the time.
import { elapsed, on, running, within } from "../edges/clockwork.js";
import { PowerLost } from "../edges/disk.js";
import { query } from "../edges/sqlite.js";
import { befall } from "./befall.js";
import { Course } from "./course.js";
import type { Doorbell } from "./doorbell.js";
import { faultNames } from "./drawn.js";
import { act, checkCharters, checkDeleted, isNamed } from "./household.js";
import { growOld, rot } from "./month.js";
import { checkDisks, checkKept, OracleFailed } from "./oracles.js";
import { comeToRest } from "./rest.js";
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
const lookMillisMax = 5_000;

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
    if (world.drawn.releases) {
      const course = new Course(world);
      course.found();
      world.course = course;
    }
    world.enrol();
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
  world.course?.begin();
  if (drawn.actEvery !== undefined) repeat(drawn.actEvery, () => act(world));
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

function look(world: World): void {
  const { doorbells, cloud, home, drawn, logWatch } = world;
  const rows = <Row>(text: string, ...values: readonly unknown[]) =>
    query("/cloud/cloud.db", text, values) as Row[];
  const keys = <Row>(text: string, ...values: readonly unknown[]) =>
    query("/cloud/vault/shred.db", text, values) as Row[];
  const tags = rows<{ id: string }>("select tag as id from charter");
  const steps = rows<{ id: string; place: number }>(
    "select id, log_index as place from docket_step where log_index is not null",
  );
  const checks = doorbells.filter(isNamed).map((doorbell) => () => checkKept({ cloud, home, doorbell }));
  const { parts } = cloud;
  if (parts !== undefined) checks.push(() => logWatch.check(parts, [...tags, ...steps]));
  let left = checks.length;
  for (const check of checks)
    within(undefined, () => {
      check().then(
        () => left--,
        (error: unknown) => world.failed(error),
      );
    });
  world.run(lookMillisMax, () => left === 0);
  if (left > 0) throw new Error(`${left} looks did not end`);
  checkCharters(world, rows);
  checkDeleted(world, rows, keys);
  checkDisks(cloud, doorbells);
  if (drawn.retention) growOld(world);
  else rot(world);
}
