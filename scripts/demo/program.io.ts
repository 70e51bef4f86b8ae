import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Fields, fieldsOf } from "../cli/fields.js";

/** A line of a program's log that is JSON: an event and its fields. */
export interface LogEvent {
  readonly event: string;
  readonly fields: Fields;
}

export interface ProgramOptions {
  /** How the screen calls it. */
  readonly name: string;
  /** Its main file, as built: `cloud/main.js`. */
  readonly main: string;
  readonly environment: Readonly<Record<string, string>>;
  /** A command that becomes the program, its words before Node's own: `nsenter`, for a network that is not ours. */
  readonly through?: readonly string[];
  readonly onLine?: (line: string) => void;
  readonly onEvent?: (event: LogEvent) => void;
}

/** One of our programs, running as a process of its own. */
export interface Program {
  readonly name: string;
  readonly pid: number;
  /** The fields of its ready line. */
  readonly ready: Fields;
  /** Resolves when it ended, with how. */
  readonly ended: Promise<string>;
  /** What it said last. */
  lastLines(): readonly string[];
  /** Politely, then not. Resolves when it is gone. */
  stop(): Promise<void>;
  /** As if power were lost. Resolves when it is gone. */
  kill(): Promise<void>;
}

/** A program that did not start, with its last words. */
export class ProgramFailed extends Error {
  readonly program: string;
  readonly lines: readonly string[];
  constructor(program: string, why: string, lines: readonly string[]) {
    super(`the ${program} ${why}`);
    this.program = program;
    this.lines = lines;
  }
}

/** Answered calls, which come by the dozen, are not among them. */
const lastLinesMax = 12;
const readyMillisMax = 60_000;
const stopMillisMax = 10_000;
/** Runs in the program before its own first line: when we are gone, killed too, its standard input ends, and so does it. */
const tether = 'data:text/javascript,process.stdin.on("end",()=>process.exit(1)).resume()';

/** The shell may be set up for a cloud or a camera of its own: that is none of the ones that are started here. */
export function forgetSettings(): void {
  for (const name of Object.keys(process.env))
    if (name.startsWith("LINTEL_") && name !== "LINTEL_FOOTAGE") delete process.env[name];
}

/** Resolves when somebody ends us: by a signal, or by reading no further what we print. */
export function interruption(): Promise<"stop"> {
  return new Promise((done) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => done("stop"));
    for (const stream of [process.stdout, process.stderr]) stream.on("error", () => done("stop"));
  });
}

/** As built, or in a package, where `firmware.js` lies beside the program that runs. */
function programFile(main: string): string {
  const built = fileURLToPath(new URL(`../../${main}`, import.meta.url));
  return existsSync(built) ? built : fileURLToPath(new URL(main.replace("/main", ""), import.meta.url));
}

/** Starts a program and waits until it is ready. */
export function startProgram(options: ProgramOptions): Promise<Program> {
  const { name, main, environment, through = [], onEvent, onLine: onEach } = options;
  const [first = "", ...words] = [...through, process.execPath, "--enable-source-maps", "--import", tether];
  const child = spawn(first, [...words, programFile(main)], {
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const killed = (): void => void child.kill("SIGKILL");
  process.once("exit", killed); // however we end: it must not outlive us
  child.once("close", () => process.off("exit", killed));
  const lines: string[] = [];
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(`did not start: ${error.message}`));
    child.once("close", (code, signal) => resolve(`ended (${signal ?? `exit code ${code}`})`));
  });
  return new Promise((resolve, reject) => {
    const failed = (why: string): void => reject(new ProgramFailed(name, why, lines));
    const timer = setTimeout(() => {
      failed(`was not ready within ${readyMillisMax / 1000} s`);
      child.kill("SIGKILL");
    }, readyMillisMax);
    void ended.then((how) => {
      clearTimeout(timer);
      failed(`${how} before it was ready`);
    });
    const program = {
      pid: child.pid ?? 0,
      name,
      ended,
      lastLines: () => [...lines],
      stop: () => stop(child, ended),
      kill: () => kill(child, ended),
    };
    const onLine = (line: string): void => {
      onEach?.(line);
      const event = readEvent(line);
      if (event?.event !== "http.answered") lines.push(line);
      if (lines.length > lastLinesMax) lines.shift();
      if (event?.event === "ready") {
        clearTimeout(timer);
        resolve({ ...program, ready: event.fields });
      }
      if (event !== undefined) onEvent?.(event);
    };
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", onLine);
  });
}

async function kill(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill("SIGKILL");
  await ended;
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopMillisMax);
  await ended;
  clearTimeout(timer);
}

export function readEvent(line: string): LogEvent | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const fields = fieldsOf(JSON.parse(line), "log");
    const event = fields.maybeText("event") ?? fields.maybeText("msg");
    return event === undefined ? undefined : { event, fields };
  } catch {
    return undefined;
  }
}
