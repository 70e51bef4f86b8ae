import { spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { core } from "../core.io.js";
import { type Child, watched } from "./ffmpeg.io.js";
import { rpicamArguments, type Settings, stamperArguments } from "./plan.js";
import { openScene } from "./scene.io.js";
import type { Source } from "./source.js";

/** What writes into ffmpeg's stdin. */
export interface Feed {
  /** Whether something was written yet, so that ffmpeg can be expected to answer. */
  started(): boolean;
  /** The last stderr lines of its programs. */
  lastWords(): readonly string[];
  /** Resolves when nothing of it runs any more, so that a camera can be opened again. */
  stop(): Promise<void>;
}

export interface FeedOptions {
  readonly source: Source;
  readonly settings: Settings;
  readonly pace: "own" | "fast";
  readonly ffmpeg: string;
  /** The program that reads the Pi's camera. */
  readonly rpicam: string;
}

/** A feed ends its `input` when its source ends; ffmpeg then ends too, and the supervisor says what happened. */
export function startFeed(options: FeedOptions, input: Writable | undefined): Feed {
  // An ffmpeg that died closes the pipe under us: its exit is told elsewhere.
  input?.on("error", () => undefined);
  const { source } = options;
  if (input !== undefined && source.kind === "scene") return feedScene(source, options.pace, input);
  if (input !== undefined && source.kind === "libcamera") return feedRpicam(source, options, input);
  return { started: () => true, lastWords: () => [], stop: () => Promise.resolve() };
}

function feedScene(source: Extract<Source, { kind: "scene" }>, pace: "own" | "fast", input: Writable): Feed {
  const scene = openScene(source.spec, { pace: pace === "own" ? "real" : "fast" });
  let started = false;
  const done = writeFrames(scene.frames(), input, () => {
    started = true;
  });
  return {
    started: () => started,
    lastWords: () => [],
    stop: () => {
      scene.stop();
      input.destroy();
      return done;
    },
  };
}

/** Waits for each frame to leave, so that at most one is in memory here. */
async function writeFrames(
  frames: AsyncIterable<Uint8Array>,
  input: Writable,
  onFrame: () => void,
): Promise<void> {
  for await (const frame of frames) {
    onFrame();
    const failed = await new Promise<boolean>((resolve) => {
      if (input.destroyed) return resolve(true);
      input.write(frame, (error) => resolve(error !== null && error !== undefined));
    });
    if (failed) return;
  }
  input.end();
}

function feedRpicam(
  source: Extract<Source, { kind: "libcamera" }>,
  { settings, ffmpeg, rpicam }: FeedOptions,
  input: Writable,
): Feed {
  const wish = { ...settings.wish, ...source.wish };
  const camera = spawn(rpicam, rpicamArguments(wish), { stdio: ["ignore", "pipe", "pipe"] });
  const stamper = spawn(ffmpeg, stamperArguments(wish), { stdio: ["pipe", "pipe", "pipe"] });
  const children: readonly Child[] = [watched(camera), watched(stamper)];
  const piped = [pipeline(camera.stdout, stamper.stdin), pipeline(stamper.stdout, input)];
  // A pipe that breaks has lost one of its programs; that one's end is told by `gone`.
  const quiet = piped.map((pipe) => pipe.catch(() => undefined));
  void children[0]?.gone.then(() => stamper.stdin.end());
  void children[1]?.gone.then(() => input.end());
  return {
    started: () => true,
    lastWords: () => children.flatMap((child) => child.lastWords.lines()),
    stop: async () => {
      await Promise.all([...children.map(ended), ...quiet]);
    },
  };
}

/** Politely, then not. */
async function ended(child: Child): Promise<void> {
  child.signal("SIGTERM");
  const timer = setTimeout(() => child.signal("SIGKILL"), core.graceMillis);
  await child.gone;
  clearTimeout(timer);
}
