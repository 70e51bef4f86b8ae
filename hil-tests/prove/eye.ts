import { existsSync } from "node:fs";
import { join } from "node:path";
import { footageFolder, scoreFootage } from "../../scripts/bench/motion/footage.js";
import { scoreMog2 } from "../../scripts/bench/motion/peer.js";
import { sceneMatrix } from "../scenarios/motionmatrix.js";
import { proofByTests } from "./bytests.js";
import { proveByBench } from "./journey.js";
import type { Outcome, Proof } from "./proof.js";

const disturbedMax = 1;
const quietOnMax = 3;
const eventOnMin = 80;
const latencySecondsMax = 1;
const cpuMax = 0.005;
const seeds = 20;
const aloneMinutes = 10;
const recallMin = 0.99;
const preRollMillis = 6_000;

const motion = "firmware/detector/motion.test";
const health = "firmware/detector/health.slow.test";

/** Issue 3: the camera's eye. */
export const eyeProofs: readonly Proof[] = [
  {
    issue: 3,
    line: "score.py on all clips of ../shared/footage at defaults: all events hit, at most 1 quiet stretch disturbed, quiet on ≤ 3 %, event on ≥ 80 %, p95 latency ≤ 1 s; CPU ≤ .005 s per second of video, beside MOG2",
    run: proveFootageScore,
  },
  {
    issue: 3,
    line: "The generated scene, every nuisance × 20 seeds: recall ≥ 0.99, no false trigger in 10 minutes of each alone, the clip starts before the object enters",
    run: async ({ progress }) => proveMatrix(progress),
  },
  {
    issue: 3,
    line: "scripts/bench: core (≤ 25 ms a frame and ≤ 256 KB of heap on JerryScript)",
    run: (context) => proveByBench(context, "core"),
  },
  proofByTests(
    3,
    "Properties: no crash or drift on any frames; flicker never triggers; an empty, black, frozen or torn picture is camera trouble within 60 s, not motion; the core's bytes are the same on every engine; masks and sound as the charter says",
    [
      {
        what: "no crash or drift",
        tests: [
          [motion, "any sequence of frames"],
          [health, "any frames of any size"],
        ],
      },
      { what: "flicker", tests: [[motion, "a picture that brightens, darkens or flickers"]] },
      {
        what: "camera trouble",
        tests: [
          ...["an empty frame", "a black frame", "a frozen frame", "rows that repeat"].map(
            (title) => [health, title] as const,
          ),
          ["firmware/capture.slow.test", "a picture of nothing is trouble"],
        ],
      },
      {
        what: "one core on every engine",
        tests: [
          ["firmware/core.test", "on Node"],
          ["firmware/core.test", "on QuickJS"],
        ],
      },
      {
        what: "masks and sound",
        tests: [
          ["firmware/camera/mask.slow.test", "under a mask every pixel is black"],
          ["firmware/opened.slow.test", "an opened clip has no sound without the charter's word"],
          ["firmware/camera/sound.slow.test", "without leave a source's sound is no track"],
          ["hil-tests/scenarios/sound.slow.test", "sound and masks come with the owner's charter"],
        ],
      },
      {
        what: "thumbnails",
        tests: [
          ["firmware/thumbnail.slow.test", "the first take shows the visitor"],
          ["firmware/thumbnail.slow.test", "a thumbnail leaves sealed"],
        ],
      },
    ],
  ),
];

async function proveFootageScore(): Promise<Outcome> {
  if (!existsSync(join(footageFolder, "score.py")))
    return { ok: false, figures: {}, note: "the folder with footage is not beside the project" };
  const [ours] = await scoreFootage(footageFolder);
  const total = ours?.table.trimEnd().split("\n").at(-1) ?? "";
  const figure = (pattern: RegExp): number => Number(pattern.exec(total)?.[1] ?? Number.NaN);
  const hits = figure(/events +(\d+)\//);
  const events = figure(/events +\d+\/ *(\d+)/);
  const disturbed = figure(/disturbed +(\d+)\//);
  const quietOn = figure(/quiet_on +([\d.]+)%/);
  const eventOn = figure(/event_on +([\d.]+)%/);
  const latencySecondsP95 = figure(/p95 +([\d.]+) s/);
  const cpuPerSecond = (ours?.cost.cpuSeconds ?? Number.NaN) / (ours?.cost.seconds ?? 1);
  const peer = scoreMog2(footageFolder);
  const mog2 = peer === undefined ? "not installed" : peer.cost.cpuSeconds / peer.cost.seconds;
  const complete = hits === events && eventOn >= eventOnMin && latencySecondsP95 <= latencySecondsMax;
  const calm = disturbed <= disturbedMax && quietOn <= quietOnMax;
  return {
    ok: complete && calm && cpuPerSecond <= cpuMax,
    figures: {
      hits,
      events,
      disturbed,
      quietOn,
      eventOn,
      latencySecondsP95,
      cpuPerSecond,
      mog2CpuPerSecond: mog2,
    },
    note: peer === undefined ? "" : `MOG2: ${peer.table.trimEnd().split("\n").at(-1)}`,
  };
}

function proveMatrix(progress: (line: string) => void): Outcome {
  const { rows, people, recall, latestMs, falseTriggers } = sceneMatrix({
    seeds,
    minutes: aloneMinutes,
    onProgress: ({ nuisance, found, people: here, falseTriggers: here0, missed }) =>
      progress([`${nuisance}: ${found} of ${here} found, ${here0} false triggers`, ...missed].join("; ")),
  });
  return {
    ok: recall >= recallMin && falseTriggers === 0 && latestMs < preRollMillis,
    figures: { nuisances: rows.length, people, recall, latestMs, falseTriggers },
    note: "",
  };
}
