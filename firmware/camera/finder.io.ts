import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import type { Encoder } from "./plan.js";

/** An ffmpeg that was really run. */
export interface Ffmpeg {
  readonly path: string;
  /** As it calls itself: `5.1.9-0+deb12u1`. */
  readonly version: string;
  readonly libavformat: number;
  readonly from: "configuration" | "PATH" | "ffmpeg-static" | "@ffmpeg-installer/ffmpeg";
  /** Those that made a picture when they were tried: an encoder may be listed where its hardware is missing. */
  readonly encoders: readonly Encoder[];
}

export interface FfmpegRefusal {
  readonly kind: "no-ffmpeg" | "bad-ffmpeg";
  readonly message: string;
}

export interface FinderOptions {
  /** Used or refused, never replaced by another. */
  readonly path?: string | undefined;
  /** The directories to look in, as in the environment's PATH. */
  readonly searchPath: string;
}

/** Longest wait for one answer of a candidate. */
const answerMillisMax = 10_000;
const encoders: readonly Encoder[] = ["h264_v4l2m2m", "libx264"];

/**
 * The configured ffmpeg, else the first that runs: on PATH, `ffmpeg-static`'s, the one inside
 * `@ffmpeg-installer/ffmpeg` (a build of 2018).
 */
export async function findFfmpeg(options: FinderOptions): Promise<Result<Ffmpeg, FfmpegRefusal>> {
  if (options.path !== undefined) {
    const ffmpeg = await tried(options.path, "configuration");
    if (typeof ffmpeg !== "string") return ok(ffmpeg);
    const message = `The configured ffmpeg ${options.path} does not work: ${ffmpeg}. Correct the path, or remove it to let Lintel search.`;
    return refuse({ kind: "bad-ffmpeg", message });
  }
  const faults: string[] = [];
  for (const candidate of candidates(options.searchPath)) {
    const path = await candidate.path();
    if (path === undefined) continue;
    const ffmpeg = await tried(path, candidate.from);
    if (typeof ffmpeg !== "string") return ok(ffmpeg);
    faults.push(`${path}: ${ffmpeg}`);
  }
  const seen = faults.length === 0 ? "" : ` What was found does not work (${faults.join("; ")}).`;
  const message = `No ffmpeg was found.${seen} Install one ("apt-get install ffmpeg" on Debian), or configure the path to one.`;
  return refuse({ kind: "no-ffmpeg", message });
}

/** For the start-up message: `ffmpeg 5.1.9 from PATH (/usr/bin/ffmpeg), encodes with libx264`. */
export function describeFfmpeg(ffmpeg: Ffmpeg): string {
  const can =
    ffmpeg.encoders.length === 0 ? "cannot encode H.264" : `encodes with ${ffmpeg.encoders.join(", ")}`;
  return `ffmpeg ${ffmpeg.version} from ${ffmpeg.from} (${ffmpeg.path}), ${can}`;
}

interface Candidate {
  readonly from: Ffmpeg["from"];
  readonly path: () => Promise<string | undefined>;
}

function candidates(searchPath: string): readonly Candidate[] {
  return [
    { from: "PATH", path: () => firstExecutable(searchPath) },
    { from: "ffmpeg-static", path: () => packagePath("ffmpeg-static") },
    { from: "@ffmpeg-installer/ffmpeg", path: () => packagePath("@ffmpeg-installer/ffmpeg") },
  ];
}

async function firstExecutable(searchPath: string): Promise<string | undefined> {
  for (const directory of searchPath.split(delimiter)) {
    const path = join(directory, "ffmpeg");
    if (directory !== "" && (await executable(path))) return path;
  }
  return undefined;
}

/** Both packages are optional: npm leaves them out, or leaves a path to nothing, where their download fails. */
async function packagePath(name: string): Promise<string | undefined> {
  const found: unknown = await import(name).catch(() => undefined);
  const exported = field(found, "default");
  const path = typeof exported === "string" ? exported : field(exported, "path");
  return typeof path === "string" && (await executable(path)) ? path : undefined;
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

async function executable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The ffmpeg at this path, or why it is none. */
async function tried(path: string, from: Ffmpeg["from"]): Promise<Ffmpeg | string> {
  const about = await answer(path, ["-hide_banner", "-version"]);
  if (!about.ok) return about.error;
  const version = /^ffmpeg version (\S+)/.exec(about.value)?.[1];
  const libavformat = /^libavformat\s+(\d+)\./m.exec(about.value)?.[1];
  if (version === undefined || libavformat === undefined) return "it does not answer -version as ffmpeg does";
  const listed = await answer(path, ["-hide_banner", "-encoders"]);
  if (!listed.ok) return listed.error;
  const working: Encoder[] = [];
  for (const encoder of encoders) {
    if (listed.value.includes(` ${encoder} `) && (await encodes(path, encoder))) working.push(encoder);
  }
  return { path, version, libavformat: Number(libavformat), from, encoders: working };
}

async function encodes(path: string, encoder: Encoder): Promise<boolean> {
  const picture = ["-f", "lavfi", "-i", "color=black:size=640x384:rate=15", "-pix_fmt", "yuv420p"];
  const encode = ["-frames:v", "8", "-c:v", encoder, "-b:v", "500k", "-f", "null", "-"];
  return (await answer(path, ["-hide_banner", "-nostdin", "-loglevel", "error", ...picture, ...encode])).ok;
}

function answer(path: string, args: readonly string[]): Promise<Result<string, string>> {
  return new Promise((resolve) => {
    const options = { timeout: answerMillisMax, killSignal: "SIGKILL", maxBuffer: 4 * 1024 * 1024 } as const;
    execFile(path, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(ok(stdout));
      const said = stderr.trim().split("\n").at(-1) ?? "";
      resolve(refuse(error.killed ? `it gave no answer in ${answerMillisMax} ms` : said || error.message));
    });
  });
}
