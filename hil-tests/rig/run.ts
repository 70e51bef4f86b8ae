import { seededPrng } from "../../shared/kernel/prng.js";
import type { Part, Rig, RigName } from "./rig.js";
import type { Story } from "./story.js";
import { StoryFailed, type Tally } from "./teller.js";
import { Verbs } from "./verbs.js";

/** What came of one story on one rig. */
export interface StoryRun extends Tally {
  readonly story: Pick<Story, "name" | "row">;
  readonly rig: RigName;
  readonly seed: number;
  readonly verdict: "passed" | "failed" | "skipped";
  /** Why it failed or could not run; empty where it passed. */
  readonly why: string;
  /** Of the machine's time. */
  readonly seconds: number;
  /** Programs that waited for one of the machine's cores when it ended, its last minute's mean: what is late may be late by it. */
  readonly load?: number;
  readonly console: readonly ConsoleLine[];
  /** Out of its newest clip, as JPEG. */
  readonly picture: Uint8Array | undefined;
}

export interface ConsoleLine {
  readonly part: Part | "rig";
  readonly line: string;
}

export interface RunOptions {
  readonly rig: Rig;
  readonly seed: number;
  /** The machine's clock, in ms. */
  readonly now: () => number;
  readonly load?: () => number;
}

const nothing: Tally = { moments: [], measurements: [], faults: 0, clips: 0, lost: [], twice: [] };
/** The oldest go first. */
const consoleLinesMax = 2_000;

/** Why this rig cannot tell this story, or undefined. */
function obstacle(story: Story, rig: Rig): string | undefined {
  return [rig.cannot(story.house), ...story.needs.map((need) => rig.lacks(need))].find(
    (why) => why !== undefined,
  );
}

/** Runs one story in a house of its own; never throws. */
export async function runStory(story: Story, { rig, seed, now, load }: RunOptions): Promise<StoryRun> {
  const { name, row } = story;
  const began = now();
  const console: ConsoleLine[] = [];
  const told = (outcome: Pick<StoryRun, "verdict" | "why"> & Partial<StoryRun>): StoryRun => ({
    ...nothing,
    picture: undefined,
    ...{ story: { name, row }, rig: rig.name, seed, console, seconds: (now() - began) / 1_000 },
    ...(load && { load: load() }),
    ...outcome,
  });
  const why = obstacle(story, rig);
  if (why !== undefined) return told({ verdict: "skipped", why });
  const onConsole = (part: Part | "rig", line: string): void => {
    console.push({ part, line });
    if (console.length > consoleLinesMax) console.shift();
  };
  let tally = nothing;
  try {
    const drivers = await rig.open({ house: story.house, needs: story.needs, seed, onConsole });
    try {
      const verbs = new Verbs(drivers, story.secondsMax);
      tally = verbs.tally;
      await story.run(verbs, seededPrng(seed)).catch((error: unknown) => {
        verbs.tell("failed", reasonOf(error));
        throw error;
      });
      const [clip] = await drivers.evidence.inVault();
      const picture = clip && (await drivers.evidence.picture(clip));
      return told({ ...tally, verdict: "passed", why: "", picture });
    } finally {
      await drivers.close();
    }
  } catch (error) {
    return told({ ...tally, verdict: "failed", why: reasonOf(error) });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof StoryFailed) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
