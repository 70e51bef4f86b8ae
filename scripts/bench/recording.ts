// npm run bench -- recording [--seconds N] [--rounds R]
// CPU seconds per minute while a clip is recorded without a break: the whole firmware (detecting, cutting, sealing, signing,
// keeping, pushing to a cloud on this machine) with its ffmpeg, against the same ffmpeg with the same arguments alone.
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs, promisify } from "node:util";
import { argumentsOf } from "../../firmware/camera/ffmpeg.io.js";
import { type Ffmpeg, findFfmpeg } from "../../firmware/camera/finder.io.js";
import { defaultSettings, type Mode, planOf } from "../../firmware/camera/plan.js";
import { pressBell } from "../cli/bell.io.js";
import { placesIn, settle, startCamera, startCloud } from "../demo/home.io.js";
import { compete } from "./paired.js";

const ratioMax = 1.5;
/** Less than the post-roll, so that the recording never ends. */
const pressEveryMillis = 8_000;
/** A process that has just begun still compiles its own code, which is no measure of a camera that runs for months. */
const warmUpMillis = 60_000;
/** USER_HZ: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;
/** How the source is coded decides how the camera takes it. */
const codecs: Readonly<Record<Mode, readonly string[]>> = {
  copy: ["libx264", "-preset", "veryfast", "-g", "15", "-bf", "0"],
  encode: ["mpeg4"],
};

interface Load {
  readonly ffmpeg: Ffmpeg;
  readonly mode: Mode;
  readonly folder: string;
  readonly video: string;
  readonly seconds: number;
}

export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: "string", default: "40" }, rounds: { type: "string", default: "2" } },
  });
  const ffmpeg = await findFfmpeg({ searchPath: process.env.PATH ?? "" });
  if (!ffmpeg.ok) throw new Error(ffmpeg.error.message);
  const folder = mkdtempSync(join(tmpdir(), "lintel-bench-"));
  try {
    for (const mode of ["copy", "encode"] as const) {
      const video = await material(ffmpeg.value, folder, mode);
      const load = { ffmpeg: ffmpeg.value, mode, folder, video, seconds: Number(values.seconds) };
      await compete({
        name: `firmware, ${mode}, recording`,
        unit: "CPU s per minute",
        rounds: Number(values.rounds),
        ours: () => firmware(load),
        rival: { name: "plain ffmpeg with the same arguments", measure: () => plain(load) },
        bound: { ratioMax },
      });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** 720p at 15 frames a second, as a doorbell's camera gives: moving shapes under noise. */
async function material(ffmpeg: Ffmpeg, folder: string, mode: Mode): Promise<string> {
  const video = join(folder, `${mode}.mp4`);
  const picture = ["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=15,noise=alls=6:allf=t", "-t", "20"];
  const encoder = ["-c:v", ...codecs[mode], "-b:v", "2M", "-pix_fmt", "yuv420p"];
  await promisify(execFile)(ffmpeg.path, ["-v", "error", ...picture, ...encoder, video]);
  return video;
}

async function firmware({ folder, video, seconds }: Load): Promise<number> {
  const home = join(folder, "home");
  const places = placesIn(home);
  const cloud = await startCloud(places, { http: 0, mqtt: 0 });
  await settle(places, cloud.ready.text("http"), `file:${video}?loop=1`);
  const camera = await startCamera(places);
  const pressing = setInterval(() => void pressBell(places.camera), pressEveryMillis);
  try {
    await pressBell(places.camera);
    return await cpuPerMinute(camera.pid, seconds);
  } finally {
    clearInterval(pressing);
    await camera.stop();
    await cloud.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

async function plain({ ffmpeg, mode, video, seconds }: Load): Promise<number> {
  const [encoder = "libx264"] = ffmpeg.encoders;
  const source = { kind: "file", path: video, loop: true } as const;
  const { libavformat } = ffmpeg;
  const plan = planOf({
    source,
    mode,
    encoder,
    libavformat,
    masks: [],
    pace: "own",
    settings: defaultSettings,
  });
  // Somebody must take both outputs; what that costs is not counted.
  const child = spawn(ffmpeg.path, argumentsOf(plan), { stdio: ["ignore", "pipe", "ignore", "pipe"] });
  for (const output of [child.stdout, child.stdio[3]]) if (output && "resume" in output) output.resume();
  const ended = new Promise((resolve) => child.once("close", resolve));
  const used = await cpuPerMinute(child.pid ?? 0, seconds);
  child.kill("SIGKILL");
  await ended;
  return used;
}

async function cpuPerMinute(pid: number, seconds: number): Promise<number> {
  await wait(warmUpMillis);
  const before = cpuSeconds(pid);
  await wait(seconds * 1_000);
  return ((cpuSeconds(pid) - before) / seconds) * 60;
}

/** Of a living process, its living children, and those that ended (proc(5): ppid, utime, stime, cutime, cstime). */
function cpuSeconds(pid: number): number {
  const fieldsOf = (one: string): readonly string[] => {
    try {
      return readFileSync(`/proc/${one}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    } catch {
      return []; // it ended meanwhile
    }
  };
  const family = readdirSync("/proc").filter((name) => name === `${pid}` || fieldsOf(name)[1] === `${pid}`);
  const ticks = family
    .flatMap((one) => fieldsOf(one).slice(11, 15))
    .reduce((sum, field) => sum + Number(field), 0);
  return ticks / ticksPerSecond;
}
