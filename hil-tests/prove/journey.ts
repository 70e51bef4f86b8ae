import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openHostRig } from "../rig/host/host.io.js";
import { runStory, type StoryRun } from "../rig/run.js";
import type { Story } from "../rig/story.js";
import { type ClipFinding, footageStory } from "../scenarios/footage.js";
import { killed } from "../scenarios/killed.story.js";
import { type SlowLineReport, slowLineStory } from "../scenarios/slowline.js";
import { badInputProof } from "./badinput.js";
import type { Outcome, Proof, ProofContext } from "./proof.js";

const killsTotal = 200;
const pressesTotal = 50;
const benchSecondsMax = 1_800;
const slowLineMinutes = 5;
/** What a garbage-collected process may grow by over minutes without growing for ever. */
const growthMegabytesMax = 20;

/** Issue 2: the clip's journey. */
export const journeyProofs: readonly Proof[] = [
  {
    issue: 2,
    line: "On each clip of ../shared/footage played as the camera: clips opened with stock age and cat, H.264, keyframe first, constant spacing, duration as the manifest says, decoded without errors",
    run: proveFootage,
  },
  ...(["embedded", "mosquitto"] as const).map(
    (broker): Proof => ({
      issue: 2,
      line: `Kill -9 of firmware, broker and cloud at ${killsTotal} random moments during ${pressesTotal} clips (${broker} broker): every triggered clip arrives once, byte-equal; at most 2 s lost`,
      run: async () =>
        judgeKills(
          await runStory(killStory(broker), {
            rig: await openHostRig(),
            seed: 1,
            now: () => performance.now(),
          }),
        ),
    }),
  ),
  {
    issue: 2,
    line: "Uplink capped at 1 Mbit/s with 300 ms round trip and 5 s outages: everything still arrives; memory flat",
    run: async () => judgeSlowLine(await slowLineStory({ minutes: slowLineMinutes })),
  },
  ...["journey", "camera", "recording", "ingest", "memory"].map(
    (name): Proof => ({
      issue: 2,
      line: `scripts/bench: ${name}`,
      run: (context) => proveByBench(context, name),
    }),
  ),
  badInputProof,
];

async function proveFootage({ root, progress }: ProofContext): Promise<Outcome> {
  const folder = join(root, "../shared/footage");
  if (!existsSync(folder))
    return { ok: false, figures: {}, note: "the folder with footage is not beside the project" };
  const videos = readdirSync(folder).filter((name) => /\.(avi|mp4)$/.test(name));
  const findings: (ClipFinding & { readonly name: string })[] = [];
  const faults: string[] = videos.length === 0 ? [`no video is in ${folder}`] : [];
  for (const name of videos) {
    const report = await footageStory(join(folder, name), playMillisOf(join(folder, name)));
    progress(`${name}: ${report.video}; ${report.clips.length} clips`);
    findings.push(...report.clips.map((clip) => ({ ...clip, name })));
    faults.push(...report.notArrived.map((segment) => `${name}: ${segment} did not arrive`));
    if (report.clips.length === 0) faults.push(`${name}: no clip`);
  }
  faults.push(...findings.flatMap(faultsOf));
  const segments = findings.reduce((sum, clip) => sum + clip.segments, 0);
  const seconds = findings.reduce((sum, clip) => sum + clip.seconds[1], 0);
  const figures = { videos: videos.length, clips: findings.length, segments, seconds };
  return { ok: faults.length === 0, figures, note: faults.join("; ") };
}

function faultsOf(clip: ClipFinding & { readonly name: string }): readonly string[] {
  const [shortest, longest] = clip.spacing;
  const wrong = {
    codec: clip.codec !== "h264",
    keyframe: !clip.startsWithKeyframe,
    decoding: clip.decodeErrors !== "",
    bytes: !clip.sameBytes,
    duration: Math.abs(clip.seconds[0] - clip.seconds[1]) > 0.002,
    spacing: !variableRate.has(clip.name) && longest - shortest > 0.002,
  };
  const named = Object.entries(wrong).flatMap(([fault, found]) => (found ? [fault] : []));
  return named.map((fault) => `${clip.name} ${clip.clip}: ${fault} ${JSON.stringify(clip)}`);
}

/** These were recorded with a varying rate: their own pictures are not evenly spaced. */
const variableRate = new Set(["nest_atv.mp4", "nest_atv3.mp4", "nest_bicycle.mp4"]);

/** The marks beside the video end where it ends. */
function playMillisOf(video: string): number {
  const marks: unknown = JSON.parse(readFileSync(video.replace(/\.(avi|mp4)$/, ".events.json"), "utf8"));
  const seconds =
    typeof marks === "object" && marks !== null && "duration_s" in marks ? Number(marks.duration_s) : 60;
  return seconds * 1_000;
}

function killStory(broker: "embedded" | "mosquitto"): Story {
  const outside = broker === "mosquitto";
  return killed(
    {
      cuts: killsTotal,
      presses: pressesTotal,
      parts: outside ? ["camera", "cloud", "broker"] : ["camera", "cloud"],
    },
    {
      name: "killed at random moments, every clip arrives once",
      row: "cut-in-clip",
      broker: outside ? "external" : "embedded",
    },
  );
}

function judgeKills({ verdict, why, measurements, ...run }: StoryRun): Outcome {
  const cuts = measurements.map(({ value }) => value).toSorted((a, b) => a - b);
  const { faults, clips, lost, twice, seconds } = run;
  const figures = {
    ...{ cuts: faults, clips, lost: lost.length, twice: twice.length, seconds, cutClips: cuts.length },
    cutMillisMedian: cuts[cuts.length >> 1] ?? 0,
    cutMillisMax: cuts.at(-1) ?? 0,
  };
  return { ok: verdict === "passed", figures, note: why };
}

function judgeSlowLine({ missing, memoryMegabytes, ...figures }: SlowLineReport): Outcome {
  const [[, firstMost], [, lastMost]] = memoryMegabytes;
  const ok = missing.length === 0 && figures.clips > 0 && lastMost - firstMost <= growthMegabytesMax;
  const memory = { firstHalfMegabytesMost: firstMost, secondHalfMegabytesMost: lastMost };
  return {
    ok,
    figures: { ...figures, ...memory, missing: missing.length },
    note: missing.slice(0, 5).join(", "),
  };
}

/** A bench prints `ok` or `not ok` before each comparison. */
export async function proveByBench({ command }: ProofContext, name: string): Promise<Outcome> {
  const { status, output, seconds } = await command(
    "npm",
    ["run", "--silent", "bench", "--", name],
    benchSecondsMax,
  );
  const verdicts = output.split("\n").filter((line) => /^(ok|not ok) /.test(line));
  const ok = status === 0 && verdicts.length > 0 && verdicts.every((line) => line.startsWith("ok"));
  return { ok, figures: { seconds }, note: verdicts.join("; ") };
}
