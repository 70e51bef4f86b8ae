import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sample } from "../slope.js";

/** What a program of ours keeps alive, as its own engine says behind each full collection. */
export interface HeapWatch {
  /** Of the program that is to be watched. */
  readonly environment: Readonly<Record<string, string>>;
  /** Megabytes, by seconds since `began`, a wall time. */
  samples(pid: number, began: number): readonly Sample[];
}

export function openHeapWatch(folder: string): HeapWatch {
  const file = join(folder, "heap");
  return {
    environment: { HIL_HEAP: file, NODE_OPTIONS: `--import ${new URL("heap/main.js", import.meta.url)}` },
    samples: (pid, began) =>
      (existsSync(file) ? readFileSync(file, "utf8") : "")
        .split("\n")
        .map((line) => line.split(" ").map(Number))
        .filter(([of, at = 0]) => of === pid && at >= began)
        .map(([, at = 0, bytes = 0]) => [(at - began) / 1_000, bytes / 1e6]),
  };
}
