import { setTimeout as wait } from "node:timers/promises";
import { toUtf8 } from "../../shared/kernel/bytes.js";
import { textOf } from "../../shared/seal/note.js";
import { parseCheckpoint } from "../../shared/tlog/checkpoint.js";
import { isCovered, type Tile, tilePath } from "../../shared/tlog/tiles.js";
import type { LogStore } from "./files.io.js";
import { checkpointPath } from "./recover.io.js";

/** Between two tries to publish, in milliseconds: the first pause, and the longest. */
const pauseMillis = { first: 1_000, longest: 30_000 };

/** What stands between a log's own state and the world. */
export interface Publication {
  /** The checkpoint with the cosignatures that it needs; `undefined` while they are not to be had. */
  readonly witnessed?: ((checkpoint: string) => Promise<string | undefined>) | undefined;
  /** Called with each checkpoint before anybody is told of it. What it throws is tried again. */
  readonly onPublished?: (checkpoint: string, size: number) => Promise<void>;
}

interface Awaiting {
  readonly size: number;
  resolve(): void;
  reject(error: Error): void;
}

/** Shows the log's newest state to the world, once it has the cosignatures that it needs and as soon as the disk allows. */
export class Publisher {
  private readonly files: LogStore;
  private readonly publication: Publication;
  private readonly ending = new AbortController();
  private newest: string;
  /** The state that is shown, before anybody cosigned it. */
  private shownState: string | undefined;
  private shown: string;
  private awaiting: Awaiting[] = [];
  private filled: Tile[] = [];
  private running: Promise<void> | undefined;
  /** Since when there is something to show, by the monotonic clock. */
  private lateSince: number | undefined;

  constructor(files: LogStore, shown: string, publication: Publication) {
    this.files = files;
    this.publication = publication;
    this.shown = shown;
    this.newest = shown;
  }

  checkpoint(): string {
    return this.shown;
  }

  get size(): number {
    return sizeOf(this.shown);
  }

  /** For how long something has waited to be shown. */
  lateMillis(): number {
    return this.lateSince === undefined ? 0 : performance.now() - this.lateSince;
  }

  /** The log's newest state, and the tiles that it filled: their partial ones go once a reader has the full ones. */
  offer(state: string, filled: readonly Tile[]): void {
    this.newest = state;
    this.lateSince ??= performance.now();
    this.filled.push(...filled);
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
  }

  /** Resolves once a published checkpoint covers so many entries. */
  async until(size: number): Promise<void> {
    if (this.size >= size) return;
    if (this.ending.signal.aborted) throw closed();
    await new Promise<void>((resolve, reject) => this.awaiting.push({ size, resolve, reject }));
  }

  /** Publishes what it can at once; who still waits is told that it is over. */
  async close(): Promise<void> {
    this.ending.abort();
    await this.running;
    for (const { reject } of this.awaiting.splice(0)) reject(closed());
  }

  private async run(): Promise<void> {
    for (let pause = pauseMillis.first; this.newest !== this.shownState; ) {
      const done = await this.publish(this.newest).catch(() => false);
      if (done) pause = pauseMillis.first;
      else if (this.ending.signal.aborted) return;
      else {
        await wait(pause, undefined, { signal: this.ending.signal }).catch(() => undefined);
        pause = Math.min(2 * pause, pauseMillis.longest);
      }
    }
  }

  private async publish(state: string): Promise<boolean> {
    const { witnessed, onPublished } = this.publication;
    const checkpoint = witnessed === undefined ? state : await witnessed(state);
    if (checkpoint === undefined) return false;
    await onPublished?.(checkpoint, sizeOf(checkpoint));
    // Power lost before it resolves: the one before is shown, and the next start publishes the state that is kept.
    await this.files.write(checkpointPath, toUtf8(checkpoint));
    this.shown = checkpoint;
    this.shownState = state;
    this.lateSince = state === this.newest ? undefined : performance.now();
    const size = this.size;
    const waited = this.awaiting;
    this.awaiting = waited.filter((one) => one.size > size);
    for (const one of waited) if (one.size <= size) one.resolve();
    await this.tidy(size);
    return true;
  }

  /** A full tile holds what its partial ones held (C2SP tlog-tiles, "Partial Tiles"); whoever comes late takes it. */
  private async tidy(size: number): Promise<void> {
    const over = this.filled.filter((tile) => isCovered(tile, size));
    this.filled = this.filled.filter((tile) => !over.includes(tile));
    for (const tile of over) await this.files.remove(`${tilePath(tile)}.p`).catch(() => undefined);
  }
}

export function sizeOf(checkpoint: string): number {
  // unreached: a log's own checkpoint has a size
  return parseCheckpoint(textOf(checkpoint))?.size ?? 0;
}

function closed(): Error {
  return new Error("The log is closed.");
}
