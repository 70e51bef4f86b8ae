import { setTimeout as wait } from "node:timers/promises";
import { toUtf8 } from "../../shared/kernel/bytes.js";
import type { Signer } from "../../shared/seal/note.js";
import { entryBytesMax, isCovered, parseTilePath, tilePath, tileWidth } from "../../shared/tlog/tiles.js";
import { type Edge, grow } from "./edge.js";
import type { LogStore } from "./files.io.js";
import { type Publication, Publisher } from "./publisher.io.js";
import { checkpointOf, recover, type Standing, statePath } from "./recover.io.js";

/** Entries of one batch, that is of one checkpoint. */
const batchMax = 1_000;
/** Entries that may wait; a further one is refused at once. */
const waitingMax = 20_000;
/** How long a batch gathers, in milliseconds. */
const gatherMillis = 20;

/** A public log (C2SP tlog-tiles) of which this process is the one sequencer. */
export interface TransparencyLog {
  /** The entry's index, once the log's own signed state has it durably. Rejects when it cannot be: then it is not in the log. */
  place(entry: Uint8Array): Promise<number>;
  /** As `place`, once a checkpoint that covers it is published. */
  append(entry: Uint8Array): Promise<number>;
  /** Resolves once a published checkpoint covers so many entries. */
  published(size: number): Promise<void>;
  /** Entries in its own state, published or not yet. */
  size(): number;
  health(): { readonly entries: number; readonly writable: boolean; readonly lateMillis: number };
  /** The newest published checkpoint, a signed note. */
  checkpoint(): string;
  /** A file below the log's address, as far as the published checkpoint covers it. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Writes what waits, publishes what it can, and takes nothing more. */
  close(): Promise<void>;
}

interface Waiting {
  readonly entry: Uint8Array;
  resolve(index: number): void;
  reject(error: unknown): void;
}

/** Opens the log in these files, or begins it. Throws where they are not those that its signed state names. */
export async function openLog(
  files: LogStore,
  signer: Signer,
  publication: Publication = {},
): Promise<TransparencyLog> {
  const standing = await recover(files, signer);
  const publisher = new Publisher(files, standing.published, publication);
  // What the last stop kept and did not show. Witnesses may be away, and nobody waits for them here.
  publisher.offer(standing.state, []);
  if (publication.witnessed === undefined) await publisher.until(standing.edge.size);
  return new Sequencer({ files, signer, publisher }, standing);
}

interface Parts {
  readonly files: LogStore;
  readonly signer: Signer;
  readonly publisher: Publisher;
}

class Sequencer implements TransparencyLog {
  private readonly parts: Parts;
  private edge: Edge;
  private waiting: Waiting[] = [];
  private running: Promise<void> | undefined;
  /** Why nothing more is taken. */
  private over: Error | undefined;
  /** Why nothing more is written. */
  private failed: Error | undefined;

  constructor(parts: Parts, { edge }: Standing) {
    this.parts = parts;
    this.edge = edge;
  }

  checkpoint(): string {
    return this.parts.publisher.checkpoint();
  }

  size(): number {
    return this.edge.size;
  }

  health() {
    const writable = this.failed === undefined;
    return { entries: this.edge.size, writable, lateMillis: this.parts.publisher.lateMillis() };
  }

  published(size: number): Promise<void> {
    return this.parts.publisher.until(size);
  }

  async append(entry: Uint8Array): Promise<number> {
    const index = await this.place(entry);
    await this.published(index + 1);
    return index;
  }

  async place(entry: Uint8Array): Promise<number> {
    if (this.over !== undefined) throw this.over;
    if (entry.length > entryBytesMax) throw new Error(`An entry has more than ${entryBytesMax} bytes.`);
    if (this.waiting.length >= waitingMax) throw new Error("Too many entries wait for the log. Try again.");
    const placed = new Promise<number>((resolve, reject) => this.waiting.push({ entry, resolve, reject }));
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
    return placed;
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    const { files, publisher } = this.parts;
    const tile = parseTilePath(path);
    return tile !== undefined && isCovered(tile, publisher.size) ? files.read(path) : undefined;
  }

  async close(): Promise<void> {
    this.over ??= new Error("The log is closed.");
    await this.running;
    await this.parts.publisher.close();
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      if (this.waiting.length < batchMax) await wait(gatherMillis);
      const batch = this.waiting.splice(0, batchMax);
      await this.write(batch).catch((error: unknown) => {
        for (const { reject } of batch) reject(error);
      });
    }
  }

  private async write(batch: readonly Waiting[]): Promise<void> {
    // What waited while the state failed: another root for that size is never signed.
    if (this.failed !== undefined) throw this.failed;
    const first = this.edge.size;
    const { edge, files } = grow(
      this.edge,
      batch.map(({ entry }) => entry),
    );
    // Power lost here: the signed state knows nothing of these tiles, and the next batch writes over them.
    for (const { tile, bytes } of files) await this.parts.files.write(tilePath(tile), bytes);
    const checkpoint = checkpointOf(edge, this.parts.signer);
    await this.keepState(checkpoint);
    this.edge = edge;
    const filled = files.map(({ tile }) => tile).filter(({ width }) => width === tileWidth);
    this.parts.publisher.offer(checkpoint, filled);
    for (const [at, { resolve }] of batch.entries()) resolve(first + at);
  }

  /** Power lost before it resolves: the log of before, and no caller was answered. After it: the next start publishes it. */
  private async keepState(checkpoint: string): Promise<void> {
    try {
      await this.parts.files.write(statePath, toUtf8(checkpoint));
    } catch (cause) {
      // Perhaps it is durable after all: never again may this process sign another root for that size.
      const advice = "The log's state could not be written. Make room, and start the cloud again.";
      this.failed = new Error(advice, { cause });
      this.over = this.failed;
      throw this.failed;
    }
  }
}
