import { resolve } from "node:path";
import type { Millis } from "../../shared/kernel/brand.js";
import { backUp } from "./backup.io.js";
import { restore } from "./restore.io.js";

/** What the words after the program's name ask for: `undefined` when they are no backup's. */
export interface BackupOrder {
  readonly what: "backup" | "restore";
  readonly folder: string;
  readonly withoutClips: boolean;
}

/** `undefined` for words that are not those of a backup. */
export function parseOrder(words: readonly string[], withoutClips: boolean): BackupOrder | undefined {
  const [what, folder, ...more] = words;
  if ((what !== "backup" && what !== "restore") || folder === undefined || more.length > 0) return undefined;
  if (withoutClips && what === "backup") return undefined;
  return { what, folder: resolve(folder), withoutClips };
}

/** Carries the order out and prints one JSON line of what was done. Throws sentences. */
export async function carryOut(
  { what, folder, withoutClips }: BackupOrder,
  data: string,
  now: Millis,
): Promise<void> {
  const done =
    what === "backup" ? await backUp(data, folder, now) : await restore(folder, data, now, { withoutClips });
  process.stdout.write(
    `${JSON.stringify({ event: what === "backup" ? "backed-up" : "restored", ...done })}\n`,
  );
}
