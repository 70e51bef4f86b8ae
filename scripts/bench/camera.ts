// npm run bench -- camera [--source FILE] [--seconds N] [--rounds R] [--pace own|fast]
// CPU seconds per minute of video, for copy and for encode: our process and its ffmpeg together, against the same ffmpeg
// with the same arguments alone. `--pace own` plays in real time, as a camera does; `fast` does the same work at once.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startCamera } from "../../firmware/camera/camera.io.js";
import { argumentsOf } from "../../firmware/camera/ffmpeg.io.js";
import { type Ffmpeg, findFfmpeg } from "../../firmware/camera/finder.io.js";
import type { Mask } from "../../firmware/camera/mask.js";
import { defaultSettings, type Mode, planOf } from "../../firmware/camera/plan.js";
import type { Source } from "../../firmware/camera/source.js";
import { millis } from "../../shared/kernel/brand.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { compete } from "./paired.js";

interface Load {
  readonly ffmpeg: Ffmpeg;
  readonly source: Source;
  readonly mode: Mode;
  readonly masks: readonly Mask[];
  readonly pace: "own" | "fast";
}

/** A mask of a few pixels forces the encoder, on both sides. */
const speck: Mask = [
  { x: 0, y: 0 },
  { x: 0.01, y: 0 },
  { x: 0, y: 0.01 },
];
const ratioMax = 1.25;

export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      source: { type: "string" },
      seconds: { type: "string", default: "60" },
      rounds: { type: "string", default: "5" },
      pace: { type: "string", default: "fast" },
    },
  });
  const found = await findFfmpeg({ searchPath: process.env.PATH ?? "" });
  if (!found.ok) throw new Error(found.error.message);
  const ffmpeg = found.value;
  const directory = mkdtempSync(join(tmpdir(), "lintel-bench-"));
  try {
    const path = values.source ?? material(ffmpeg, directory, Number(values.seconds));
    const pace = values.pace === "own" ? "own" : "fast";
    for (const mode of ["copy", "encode"] as const) {
      const source: Source = { kind: "file", path, loop: false };
      await contest(
        { ffmpeg, source, mode, pace, masks: mode === "copy" ? [] : [speck] },
        Number(values.rounds),
      );
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function contest(load: Load, rounds: number): Promise<void> {
  const { videoSeconds } = await ours(load);
  const perMinute = (cpu: number): number => (cpu / videoSeconds) * 60;
  await compete({
    name: `camera ${load.mode}, idle, ${load.pace} pace`,
    unit: "CPU s per minute of video",
    rounds,
    ours: async () => perMinute((await ours(load)).cpuSeconds),
    rival: {
      name: "plain ffmpeg with the same arguments",
      measure: async () => perMinute(await plain(load)),
    },
    bound: { ratioMax },
  });
}

/** 720p at 15 frames a second with a keyframe each second, as a doorbell's camera gives: moving shapes under noise. */
function material(ffmpeg: Ffmpeg, directory: string, seconds: number): string {
  const path = join(directory, "material.mp4");
  const picture = [
    "-f",
    "lavfi",
    "-i",
    "testsrc2=size=1280x720:rate=15,noise=alls=6:allf=t",
    "-t",
    `${seconds}`,
  ];
  const encode = [
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-b:v",
    "2M",
    "-g",
    "15",
    "-bf",
    "0",
    "-pix_fmt",
    "yuv420p",
  ];
  const made = spawnSync(ffmpeg.path, ["-v", "error", ...picture, ...encode, path], { stdio: "inherit" });
  if (made.status !== 0) throw new Error("ffmpeg could not make the test material");
  return path;
}

/** Fragments and luma frames are parsed and dropped, as between two events. */
async function ours({
  ffmpeg,
  source,
  masks,
  pace,
  mode,
}: Load): Promise<{ readonly cpuSeconds: number; readonly videoSeconds: number }> {
  const clock = { monotonic: () => millis(performance.now()), wall: () => millis(Date.now()) };
  const before = cpuUsed();
  let seconds = 0;
  let timescale = 1;
  await new Promise<void>((resolve, reject) => {
    const started = startCamera(
      { ffmpeg, source, masks, pace, clock, random: seededPrng(1) },
      {
        onPlan: (plan) => {
          if (plan.mode !== mode)
            reject(new Error(`this source cannot be measured in ${mode} mode: ${plan.description}`));
        },
        onInit: (init) => {
          timescale = init.timescale;
        },
        onFragment: (fragment) => {
          seconds += fragment.duration / timescale;
        },
        onLuma: () => undefined,
        onTrouble: ({ message }) => reject(new Error(message)),
        onEnd: resolve,
      },
    );
    if (!started.ok) reject(new Error(started.error.message));
  });
  return { cpuSeconds: cpuUsed() - before, videoSeconds: seconds };
}

async function plain({ ffmpeg, source, masks, pace, mode }: Load): Promise<number> {
  const [encoder = "libx264"] = ffmpeg.encoders;
  const { libavformat } = ffmpeg;
  const plan = planOf({ source, mode, encoder, libavformat, masks, pace, settings: defaultSettings });
  const sink = openSync("/dev/null", "w");
  const before = cpuUsed();
  const child = spawn(ffmpeg.path, argumentsOf(plan), { stdio: ["ignore", sink, "inherit", sink] });
  await new Promise((resolve) => child.once("close", resolve));
  closeSync(sink);
  return cpuUsed() - before;
}

/** Our own CPU time and that of all children that have ended (proc(5): utime, stime, cutime, cstime). */
function cpuUsed(): number {
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1]?.split(" ") ?? [];
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return ticks / ticksPerSecond;
}

/** USER_HZ: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;
