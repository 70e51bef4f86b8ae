// Test-only: the engines that the core must run on, and the stories that are played on each of them.
import { spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { createContext, runInContext, runInNewContext } from "node:vm";
import { getQuickJS, type QuickJSContext } from "quickjs-emscripten";
import type { Story } from "./core.vectors.js";

/** What a run printed, its CPU time, and the most memory that the engine held meanwhile, where it tells. */
export interface Ran {
  readonly lines: readonly string[];
  readonly cpuMillis: number;
  readonly heapBytesMax?: number;
}

export interface Engine {
  readonly name: string;
  /** Runs scripts that share one global scope and print by `print`. */
  run(scripts: readonly string[]): Promise<Ran>;
}

/** Without the globals that Node has and other engines lack. */
export const node: Engine = {
  name: "Node",
  run: async (scripts) => {
    const lines: string[] = [];
    let heapBytesMax = 0;
    const print = (line: string): void => {
      if (lines.push(line) % linesPerLook === 0) heapBytesMax = Math.max(heapBytesMax, heldBytes() - before);
    };
    const context = createContext({ print });
    const before = heldBytes();
    const start = process.cpuUsage();
    runInContext(scripts.join("\n"), context);
    return { lines, cpuMillis: cpuMillisSince(start), heapBytesMax };
  },
};

/** To look at the heap takes time. */
const linesPerLook = 50;

/** What is still in use, typed arrays too. */
function heldBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function cpuMillisSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** Stands in for JerryScript where that is not installed. */
export const quickjs: Engine = {
  name: "QuickJS",
  run: async (scripts) => {
    const runtime = (await getQuickJS()).newRuntime({ memoryLimitBytes: quickjsBytesMax });
    const context = runtime.newContext();
    try {
      const before = usedBytes(context);
      let heapBytesMax = 0;
      const lines: string[] = [];
      const print = context.newFunction("print", (line) => {
        if (lines.push(context.getString(line)) % linesPerLook !== 0) return;
        heapBytesMax = Math.max(heapBytesMax, usedBytes(context) - before);
      });
      context.setProp(context.global, "print", print);
      print.dispose();
      const start = process.cpuUsage();
      for (const script of scripts) context.unwrapResult(context.evalCode(script)).dispose();
      return { lines, cpuMillis: cpuMillisSince(start), heapBytesMax };
    } finally {
      context.dispose();
      runtime.dispose();
    }
  },
};

/** As much as JerryScript's heap; 90 KB of it QuickJS needs for itself. */
const quickjsBytesMax = 512 * 1024;

function usedBytes({ runtime }: QuickJSContext): number {
  const usage = runtime.computeMemoryUsage();
  const used: unknown = runtime.context?.dump(usage).memory_used_size;
  usage.dispose();
  return Number(used);
}

/** Where JerryScript is: `JERRY`, else `jerry` on the path. */
const jerryPath = process.env.JERRY ?? onPath("jerry");

export const jerryMissing =
  jerryPath === undefined &&
  "JerryScript is not installed: name its binary in JERRY, or put jerry on the path";

function onPath(program: string): string | undefined {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

export const jerry: Engine = {
  name: "JerryScript",
  run: async (scripts) => {
    const folder = mkdtempSync(join(tmpdir(), "lintel-core-"));
    try {
      const files = scripts.map((script, i) => {
        const file = join(folder, `${i}.js`);
        writeFileSync(file, script);
        return file;
      });
      return runJerry(files);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

/** The shell says what its children's CPU time was. */
const timed = '"$0" --mem-stats "$@"; code=$?; times >&2; exit $code';

function runJerry(files: readonly string[]): Ran {
  const told = { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 } as const;
  const { status, stdout, stderr } = spawnSync("sh", ["-c", timed, jerryPath ?? "", ...files], told);
  const reason = status === 10 ? " (out of memory)" : "";
  if (status !== 0) throw new Error(`JerryScript ended with ${status}${reason}: ${stderr}`);
  const lines = stdout.split("\n").slice(0, -1);
  const times = stderr.trim().split("\n").at(-1) ?? "";
  const seconds = [...times.matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => Number(m) * 60 + Number(s));
  const cpuMillis = seconds.reduce((sum, one) => sum + one, 0) * 1000;
  const peak = /Peak allocated = (\d+) bytes/.exec(stderr)?.[1];
  return peak === undefined ? { lines, cpuMillis } : { lines, cpuMillis, heapBytesMax: Number(peak) };
}

export const bundlePath = fileURLToPath(new URL("core.bundle.js", import.meta.url));
const playerPath = fileURLToPath(new URL("core.vectors.bundle.js", import.meta.url));

/** The core, its player and one story, as an engine takes them. */
export function scriptsFor(name: string, story: Story): readonly string[] {
  const play = `LintelVectors.run(LintelCore, ${JSON.stringify(name)}, ${JSON.stringify(story)}, print);\n`;
  return [readFileSync(bundlePath, "utf8"), readFileSync(playerPath, "utf8"), play];
}

const folder = new URL("../../shared/vectors/core/", import.meta.url);

export interface Vector {
  readonly name: string;
  readonly story: Story;
  readonly expected: string;
}

/** Every story in shared/vectors/core, with the lines that its play must print. */
export function readVectors(): readonly Vector[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => {
      const name = file.replace(/\.json$/, "");
      const story = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Story;
      return { name, story, expected: readOrNothing(new URL(`${name}.txt`, folder)) };
    });
}

function readOrNothing(file: URL): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

export const textOf = ({ lines }: Ran): string => lines.map((line) => `${line}\n`).join("");

/** Takes what Node prints now as what is expected. */
export async function writeExpected(): Promise<void> {
  for (const { name, story } of readVectors())
    writeFileSync(new URL(`${name}.txt`, folder), textOf(await node.run(scriptsFor(name, story))));
}
