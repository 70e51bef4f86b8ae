// Watches the public log as a stranger does: one root for a size, never shorter, and in the end every entry that was answered.
import { toHex } from "../../../shared/kernel/bytes.js";
import { textOf } from "../../../shared/seal/note.js";
import { parseCheckpoint } from "../../../shared/tlog/checkpoint.js";
import { formatEntry } from "../../../shared/tlog/entry.js";
import { leafHash, nodeHash, rootOf, type TreeHash } from "../../../shared/tlog/tree.js";
import type { Parts } from "./cloud.js";
import { OracleFailed } from "./oracles.js";

const entriesMax = 10_000;

/** Whose entry must stand in the log, and where it was said to. */
export interface Answered {
  readonly id: string;
  readonly place?: number | undefined;
}

export class LogWatch {
  /** Root by size, of every checkpoint that was shown. */
  private readonly roots = new Map<number, string>();
  private size = 0;

  look({ publicLog }: Parts): void {
    const shown = parseCheckpoint(textOf(publicLog.checkpoint()));
    if (shown === undefined) throw new OracleFailed("one-root-a-size", "the checkpoint cannot be read");
    const root = toHex(shown.root);
    const before = this.roots.get(shown.size);
    if (before !== undefined && before !== root)
      throw new OracleFailed("one-root-a-size", `${shown.size} entries had the root ${before}, now ${root}`);
    if (shown.size < this.size)
      throw new OracleFailed("one-root-a-size", `the log had ${this.size} entries, now ${shown.size}`);
    this.roots.set(shown.size, root);
    this.size = shown.size;
  }

  /** Every root that was shown is the one of the entries that stand; each of these `answered` subjects is among them. */
  async check({ publicLog }: Parts, answered: readonly Answered[]): Promise<void> {
    const entries = [...(await publicLog.list({ limit: entriesMax }))].reverse();
    const gap = entries.findIndex(({ index }, at) => index !== at);
    if (gap >= 0)
      throw new OracleFailed("every-entry-is-listed", `of ${this.size} entries number ${gap} is not listed`);
    const leaves = entries.map(({ index: _, ...entry }) => leafHash(formatEntry(entry)));
    for (const [size, root] of this.roots)
      if (toHex(treeRoot(leaves.slice(0, size))) !== root)
        throw new OracleFailed(
          "one-root-a-size",
          `the first ${size} entries do not have the root that was shown`,
        );
    const missing = answered.find(({ id, place }) =>
      place === undefined ? entries.every((entry) => entry.id !== id) : entries[place]?.id !== id,
    );
    if (missing !== undefined) throw new OracleFailed("answered-is-in-the-log", JSON.stringify(missing));
    const doubled = entries.find((entry, at) => entries.findIndex((other) => isSame(entry, other)) !== at);
    if (doubled !== undefined)
      throw new OracleFailed("nothing-twice", `${doubled.kind} ${doubled.id} in the log`);
  }
}

function isSame(a: object, b: object): boolean {
  const text = ({ index: _, ...entry }: { readonly index?: number }): string => JSON.stringify(entry);
  return text(a) === text(b);
}

function treeRoot(leaves: readonly TreeHash[]): TreeHash {
  const levels: (readonly TreeHash[])[] = [leaves];
  for (let level = leaves; level.length > 1; ) {
    level = Array.from({ length: Math.floor(level.length / 2) }, (_, at) =>
      nodeHash(level[2 * at] ?? new Uint8Array(), level[2 * at + 1] ?? new Uint8Array()),
    );
    levels.push(level);
  }
  return rootOf((level, index) => levels[level]?.[index] ?? new Uint8Array(), leaves.length);
}
