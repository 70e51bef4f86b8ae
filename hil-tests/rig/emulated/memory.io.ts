import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The kernel's two generations of control groups. Tried here with the first; the second's names are from its documentation. */
const generations = [
  {
    root: "/sys/fs/cgroup/memory",
    mark: "memory.limit_in_bytes",
    limit: "memory.limit_in_bytes",
    peak: "memory.max_usage_in_bytes",
    kills: "memory.oom_control",
    anonymous: "total_rss",
  },
  {
    root: "/sys/fs/cgroup",
    mark: "cgroup.controllers",
    limit: "memory.max",
    peak: "memory.peak",
    kills: "memory.events",
    anonymous: "anon",
  },
] as const;
const prefix = "lintel-emulated-";

/** Processes that together never have more memory than the board; the kernel ends one of them before. */
export interface MemoryGroup {
  /** Whoever writes its process id in here belongs to it. */
  readonly entrance: string;
  pids(): readonly number[];
  /** What its processes hold now, without the page cache of files. */
  anonymousBytes(): number;
  /** The most it ever used, page cache included. */
  peakBytes(): number;
  /** Processes that the kernel ended because there was no memory left. */
  outOfMemoryKills(): number;
  /** When its last process has ended. */
  close(): void;
}

/** Opens a group of its own. `undefined`: this kernel, or this container, gives none. */
export function openMemoryGroup(bytes: number): MemoryGroup | undefined {
  const found = generations.find(({ root, mark }) => existsSync(join(root, mark)));
  if (found === undefined) return undefined;
  sweep(found.root);
  const folder = join(found.root, `${prefix}${process.pid}`);
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  const field = (file: string, name: string): number =>
    Number(new RegExp(`^${name} (\\d+)`, "m").exec(read(file))?.[1] ?? 0);
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, found.limit), `${bytes}`);
  } catch {
    return undefined;
  }
  return {
    entrance: join(folder, "cgroup.procs"),
    pids: () => read("cgroup.procs").split("\n").filter(Boolean).map(Number),
    anonymousBytes: () => field("memory.stat", found.anonymous),
    peakBytes: () => Number(read(found.peak)),
    outOfMemoryKills: () => field(found.kills, "oom_kill"),
    close: () => rmdirSync(folder),
  };
}

/** Groups of runs that were killed: the kernel removes none that somebody still runs in. */
function sweep(root: string): void {
  for (const name of readdirSync(root).filter((one) => one.startsWith(prefix))) {
    try {
      rmdirSync(join(root, name));
    } catch {
      // another run's
    }
  }
}
