import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Refused } from "../../../scripts/cli/refused.js";
import { type MemoryGroup, openMemoryGroup } from "./memory.io.js";

/** Of the project: this file runs from .build/hil-tests/rig/emulated. */
const enter = fileURLToPath(new URL("../../../../hil-tests/rig/emulated/enter.sh", import.meta.url));
/** The board's kernel has 100 of them a second in `/proc/PID/stat`, as every Linux that we run on. */
const ticksPerSecond = 100;
const lastLinesMax = 12;
const stopMillisMax = 20_000;

/** An arm64 board of which everything but the kernel is there: its processor is emulated, its network is ours. */
export interface Machine {
  /** Its /var/lib/lintel, seen from here. */
  readonly state: string;
  readonly memory: MemoryGroup;
  /** Starts a program of the board's; `onLine` gets what it prints. */
  start(command: readonly string[], onLine: (line: string) => void): BoardProgram;
  /** What the board's processes use, each with the words that it was started by. */
  processes(): readonly ProcessUse[];
  /** Ends everything that runs on it and removes it. */
  close(): Promise<void>;
}

export interface BoardProgram {
  /** Its exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  lastLines(): readonly string[];
  /** SIGTERM; later SIGKILL. */
  stop(): Promise<void>;
}

export interface ProcessUse {
  readonly words: string;
  /** The most it ever held in memory, the emulator's own included. */
  readonly peakBytes: number;
  readonly cpuSeconds: number;
}

/** Opens a board with the camera's package on it. Throws `Refused` where its memory cannot be limited. */
export function openMachine(userland: string, cameraPackage: string, memoryBytes: number): Machine {
  const memory = openMemoryGroup(memoryBytes);
  if (memory === undefined)
    throw new Refused(
      "No memory limit can be set here (control groups are absent or read-only), so nothing would be shown by a run.",
    );
  const folder = mkdtempSync(join(tmpdir(), "lintel-arm64-"));
  for (const name of ["package", "upper", "work", "root", "state"]) mkdirSync(join(folder, name));
  execFileSync("dpkg-deb", ["-x", cameraPackage, join(folder, "package")]);
  const programs = new Set<BoardProgram>();
  return {
    state: join(folder, "state"),
    memory,
    start(command, onLine) {
      const program = startProgram([userland, folder, ...command], memory, onLine);
      programs.add(program);
      void program.ended.then(() => programs.delete(program));
      return program;
    },
    processes: () => memory.pids().flatMap(useOf),
    async close() {
      await Promise.all([...programs].map((program) => program.stop()));
      memory.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * In its own mounts, users and process ids. It cannot outlive us: the kernel ends the outermost process with ours, and with that one
 * the first of the board, and with that one all others there.
 */
function startProgram(
  args: readonly string[],
  memory: MemoryGroup,
  onLine: (line: string) => void,
): BoardProgram {
  const apart = ["--mount", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"];
  const joinGroup = ["-c", 'echo $$ > "$0"; exec "$@"', memory.entrance];
  const words = [...joinGroup, "setpriv", "--pdeathsig", "KILL", "unshare", ...apart, "sh", enter, ...args];
  const child = spawn("sh", words, { stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      if (lines.length > lastLinesMax) lines.shift();
      onLine(line);
    });
  const ended = new Promise<number | string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(code ?? `${signal}`));
  });
  return {
    ended,
    lastLines: () => [...lines],
    async stop() {
      for (const pid of childrenOf(child.pid)) process.kill(pid, "SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), stopMillisMax);
      await ended;
      clearTimeout(timer);
    },
  };
}

function childrenOf(pid: number | undefined): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return []; // it has ended
  }
}

function useOf(pid: number): readonly ProcessUse[] {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ");
    const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    // The second field is a name in brackets, which may hold blanks; user and system time are the 14th and 15th.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    const ticks = Number(fields[11]) + Number(fields[12]);
    return [{ words, peakBytes: Number(kilobytes ?? 0) * 1024, cpuSeconds: ticks / ticksPerSecond }];
  } catch {
    return []; // it has just ended
  }
}
