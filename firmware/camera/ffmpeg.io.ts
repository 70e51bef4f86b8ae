import { type ChildProcess, spawn } from "node:child_process";
import { Readable, type Writable } from "node:stream";
import fluent from "fluent-ffmpeg";
import { assert } from "../../shared/kernel/assert.js";
import { LastWords } from "./lastwords.js";
import type { Plan } from "./plan.js";

/** A running program with its pipes. */
export interface Child {
  readonly pid: number | undefined;
  readonly lastWords: LastWords;
  /** After `gone` it does nothing. */
  signal(signal: "SIGTERM" | "SIGKILL"): void;
  /** How it ended, such as `exit code 1`, when its pipes are closed too. Never rejects. */
  readonly gone: Promise<string>;
}

export interface FfmpegChild extends Child {
  /** Undefined where the plan feeds nothing. */
  readonly input: Writable | undefined;
  readonly video: Readable;
  readonly luma: Readable;
}

/** The exit of a child that did all it was asked to. */
export const cleanExit = "exit code 0";

/**
 * Starts one ffmpeg with two outputs. fluent-ffmpeg builds the command; we spawn it, because its own `run()` knows no
 * second pipe, keeps stderr lines of any length, and asks ffmpeg for its formats in a way that breaks from ffmpeg 7 on.
 */
export function startFfmpeg(path: string, plan: Plan): FfmpegChild {
  const input = plan.feed === "nobody" ? "ignore" : "pipe";
  const child: ChildProcess = spawn(path, argumentsOf(plan), { stdio: [input, "pipe", "pipe", "pipe"] });
  const video = child.stdout;
  const luma = child.stdio[3];
  assert(video !== null && luma instanceof Readable, "ffmpeg was started without its pipes");
  return { ...watched(child), input: child.stdin ?? undefined, video, luma };
}

/** Any child: remembers its last words, and is killed when this process ends before it. */
export function watched(child: ChildProcess): Child {
  const lastWords = new LastWords();
  child.stderr?.setEncoding("utf8").on("data", (text: string) => lastWords.push(text));
  // Should this process be killed outright, the child's next write meets a closed pipe and ends it.
  const killAtExit = (): void => void child.kill("SIGKILL");
  process.once("exit", killAtExit);
  const gone = new Promise<string>((resolve) => {
    child.once("error", ({ message }) => {
      lastWords.push(`could not be started: ${message}\n`);
      resolve(`could not be started: ${message}`);
    });
    child.once("close", (code, signal) =>
      resolve(signal === null ? `exit code ${code}` : `killed by ${signal}`),
    );
  }).finally(() => process.off("exit", killAtExit));
  return { pid: child.pid, lastWords, gone, signal: (signal) => void child.kill(signal) };
}

/** Exported for those who compare with plain ffmpeg. */
export function argumentsOf(plan: Plan): readonly string[] {
  const quiet = ["-hide_banner", "-nostats", "-loglevel", "warning"];
  const command = fluent();
  for (const [i, { target, options }] of plan.inputs.entries())
    command.input(target).inputOptions(...(i === 0 ? [...quiet, "-nostdin"] : []), ...options);
  if (plan.graph !== undefined) command.complexFilter(plan.graph);
  for (const output of plan.outputs) command.output(output.target).outputOptions(...output.options);
  const build: unknown = Reflect.get(command, "_getArguments");
  assert(typeof build === "function", "fluent-ffmpeg has no _getArguments: another version is installed");
  const args: unknown = Reflect.apply(build, command, []);
  assert(Array.isArray(args), "fluent-ffmpeg gave no list of arguments");
  return args.map(String);
}
