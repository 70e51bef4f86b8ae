import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import type { Fragment } from "../../shared/clip/fmp4.js";
import type { InitSegment } from "../../shared/clip/init.js";
import { millis } from "../../shared/kernel/brand.js";
import { concat } from "../../shared/kernel/bytes.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import {
  type CameraHandle,
  type CameraOptions,
  type CameraPlan,
  type LumaFrame,
  startCamera,
  type Trouble,
} from "./camera.io.js";
import { type Ffmpeg, findFfmpeg } from "./finder.io.js";
import { parseSource, type Source } from "./source.js";

/** A test, as far as this needs one. */
export interface Teardown {
  teardown(tidy: () => void | Promise<void>): void;
}

/** What the camera's tests and benches share: a camera that is watched, and material for it. */
export const run = promisify(execFile);
export const searchPath = process.env.PATH ?? "";
const found = await findFfmpeg({ searchPath });
export const clock: Clock = { monotonic: () => millis(performance.now()), wall: () => millis(Date.now()) };
export const skip = found.ok ? false : found.error.message;
const probes = await run("ffprobe", ["-version"]).then(
  () => false as const,
  () => "needs ffprobe",
);
export const skipProbe = skip || probes;

interface Seen {
  readonly plan?: CameraPlan;
  readonly init?: InitSegment;
  readonly sound?: Fragment;
  readonly fragment?: Fragment;
  readonly luma?: LumaFrame;
  readonly trouble?: Trouble;
  readonly end?: true;
}

/** A camera under test: what it told, in order, and a way to wait for what it tells next. */
export class Watch {
  readonly seen: Seen[] = [];
  private waiting: (() => void)[] = [];
  readonly handle: CameraHandle;

  constructor(t: Teardown, options: Pick<CameraOptions, "source"> & Partial<CameraOptions>) {
    const note = (seen: Seen): void => {
      this.seen.push(seen);
      for (const wake of this.waiting.splice(0)) wake();
    };
    const camera = startCamera(
      { ffmpeg: ffmpeg(), clock, random: seededPrng(1), ...options },
      {
        onPlan: (plan) => note({ plan }),
        onInit: (init) => note({ init }),
        onFragment: (fragment, _, sound) => note({ ...(sound && { sound }), fragment }),
        onLuma: (luma) => note({ luma }),
        onTrouble: (trouble) => note({ trouble }),
        onEnd: () => note({ end: true }),
      },
    );
    if (!camera.ok) throw new Error(camera.error.message);
    this.handle = camera.value;
    t.teardown(() => this.handle.stop());
  }

  /** The first value of this kind that fits, now or later. */
  async first<K extends keyof Seen>(kind: K, fits: (value: NonNullable<Seen[K]>) => boolean = () => true) {
    for (let at = 0; ; at++) {
      while (at >= this.seen.length) await new Promise<void>((resolve) => this.waiting.push(resolve));
      const value = this.seen[at]?.[kind];
      if (value !== undefined && fits(value)) return value;
    }
  }

  all<K extends keyof Seen>(kind: K): readonly NonNullable<Seen[K]>[] {
    return this.seen.flatMap((seen) => (seen[kind] === undefined ? [] : [seen[kind]]));
  }

  /** The same, of the newest run only. */
  lastRun<K extends keyof Seen>(kind: K): readonly NonNullable<Seen[K]>[] {
    return this.lastSeen().flatMap((seen) => (seen[kind] === undefined ? [] : [seen[kind]]));
  }

  private lastSeen(): readonly Seen[] {
    return this.seen.slice(this.seen.findLastIndex((seen) => seen.plan !== undefined));
  }

  /** The newest run's recording. */
  recording(): Uint8Array {
    return concat(
      ...this.lastRun("init").map(({ bytes }) => bytes),
      ...this.lastSeen().flatMap(({ sound, fragment }) =>
        [sound, fragment].flatMap((one) => one?.bytes ?? []),
      ),
    );
  }
}

export function ffmpeg(): Ffmpeg {
  if (!found.ok) throw new Error(found.error.message);
  return found.value;
}

export function source(text: string): Source {
  const parsed = parseSource(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}

export async function directory(t: Teardown): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "lintel-camera-"));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Six seconds of a test card, keyframes as often as said. */
export async function card(t: Teardown, name: string, ...encode: readonly string[]): Promise<string> {
  const path = join(await directory(t), name);
  const picture = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10", "-t", "6", "-pix_fmt", "yuv420p"];
  await run(ffmpeg().path, ["-v", "error", ...picture, ...encode, path]);
  return path;
}

/** The first seconds of a video, as they are in it. */
export async function beginningOf(t: Teardown, video: string, seconds: number): Promise<string> {
  const path = join(await directory(t), basename(video));
  await run(ffmpeg().path, [
    "-v",
    "error",
    "-i",
    video,
    "-t",
    `${seconds}`,
    "-map",
    "0:v:0",
    "-c",
    "copy",
    path,
  ]);
  return path;
}

/** Six seconds of a test picture with a tone; a keyframe each second. */
export async function soundingCard(t: Teardown, name: string): Promise<string> {
  const path = join(await directory(t), name);
  const picture = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10"];
  const tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"];
  const encode = [...h264(10), "-c:a", "aac", "-t", "6", "-pix_fmt", "yuv420p"];
  await run(ffmpeg().path, ["-v", "error", ...picture, ...tone, ...encode, path]);
  return path;
}

/** What a stranger's tool finds in a recording: each track's kind and where it starts, in seconds. */
export async function tracksOf(
  t: Teardown,
  recording: Uint8Array,
): Promise<readonly (readonly [string, number])[]> {
  const path = join(await directory(t), "recording.mp4");
  await writeFile(path, recording);
  const asked = ["-v", "error", "-show_entries", "stream=codec_type,start_time", "-of", "csv=p=0", path];
  const { stdout } = await run("ffprobe", asked);
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.split(","))
    .map(([kind = "", start]) => [kind, Number(start)]);
}

export const h264 = (gop: number): readonly string[] => [
  "-c:v",
  "libx264",
  "-preset",
  "ultrafast",
  "-g",
  `${gop}`,
  "-bf",
  "0",
];

export async function program(t: Teardown, name: string, code: string): Promise<string> {
  const path = join(await directory(t), name);
  await writeFile(path, `#!${process.execPath}\n${code}\n`, { mode: 0o755 });
  return path;
}

/** Decodes a recording; every error is a line. */
export async function decodeErrors(t: Teardown, recording: Uint8Array): Promise<string> {
  const path = join(await directory(t), "recording.mp4");
  await writeFile(path, recording);
  return (await run(ffmpeg().path, ["-v", "error", "-i", path, "-f", "null", "-"])).stderr;
}
