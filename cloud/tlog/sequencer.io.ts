import { setTimeout as wait } from "node:timers/promises";
import { equal, toUtf8 } from "../../shared/kernel/bytes.js";
import { openNote, type Signer, textOf, verifierOf } from "../../shared/seal/note.js";
import { parseCheckpoint, signCheckpoint } from "../../shared/tlog/checkpoint.js";
import {
  entryBytesMax,
  isCovered,
  parseBundle,
  parseTile,
  parseTilePath,
  tilePath,
  tileWidth,
} from "../../shared/tlog/tiles.js";
import { type Edge, emptyEdge, grow, rootOfEdge } from "./edge.js";
import { LogFiles } from "./files.io.js";

/** Entries of one batch, that is of one checkpoint. */
const batchMax = 1_000;
/** Entries that may wait; a further one is refused at once. */
const waitingMax = 20_000;
/** How long a batch gathers, in milliseconds. */
const gatherMillis = 20;
/** Between two tries to publish, in milliseconds. */
const publishMillis = 1_000;

const statePath = "state";
const checkpointPath = "checkpoint";

/** A public log (C2SP tlog-tiles) of which this process is the one sequencer. */
export interface TransparencyLog {
  /** The entry's index, once a checkpoint that covers it is durable and published. Rejects when it cannot be: then it is not in the log. */
  append(entry: Uint8Array): Promise<number>;
  /** The newest published checkpoint, a signed note. */
  checkpoint(): string;
  /** A file below the log's address, as far as the published checkpoint covers it. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Writes what waits, and takes nothing more. */
  close(): Promise<void>;
}

interface Waiting {
  readonly entry: Uint8Array;
  resolve(index: number): void;
  reject(error: unknown): void;
}

/** Opens the log in `directory`, or begins it. Throws where its files are not those that its signed state names. */
export async function openLog(directory: string, signer: Signer): Promise<TransparencyLog> {
  const files = new LogFiles(directory);
  return new Sequencer(files, signer, await recover(files, signer));
}

/** What is durable and shown. */
interface Standing {
  readonly edge: Edge;
  readonly published: string;
}

class Sequencer implements TransparencyLog {
  private readonly files: LogFiles;
  private readonly signer: Signer;
  private edge: Edge;
  private published: string;
  private waiting: Waiting[] = [];
  private running: Promise<void> | undefined;
  /** Why nothing more is taken. */
  private over: Error | undefined;

  constructor(files: LogFiles, signer: Signer, { edge, published }: Standing) {
    this.files = files;
    this.signer = signer;
    this.edge = edge;
    this.published = published;
  }

  checkpoint(): string {
    return this.published;
  }

  async append(entry: Uint8Array): Promise<number> {
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
    const tile = parseTilePath(path);
    const size = parseCheckpoint(textOf(this.published))?.size ?? 0;
    return tile !== undefined && isCovered(tile, size) ? this.files.read(path) : undefined;
  }

  async close(): Promise<void> {
    this.over ??= new Error("The log is closed.");
    await this.running;
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
    const first = this.edge.size;
    const { edge, files } = grow(
      this.edge,
      batch.map(({ entry }) => entry),
    );
    // Power lost here: the signed state knows nothing of these tiles, and the next batch writes over them.
    for (const { tile, bytes } of files) await this.files.write(tilePath(tile), bytes);
    const checkpoint = checkpointOf(edge, this.signer);
    await this.keepState(checkpoint);
    this.edge = edge;
    await this.publish(checkpoint);
    for (const [at, { resolve }] of batch.entries()) resolve(first + at);
    // A full tile holds what its partial ones held (C2SP tlog-tiles, "Partial Tiles"); whoever comes late takes it.
    for (const { tile } of files)
      if (tile.width === tileWidth) await this.files.remove(`${tilePath(tile)}.p`).catch(() => undefined);
  }

  /** Power lost before it resolves: the log of before, and no caller was answered. After it: the next start publishes it. */
  private async keepState(checkpoint: string): Promise<void> {
    try {
      await this.files.write(statePath, toUtf8(checkpoint));
    } catch (cause) {
      // Perhaps it is durable after all: never again may this process sign another root for that size.
      this.over = new Error("The log's state could not be written. Make room, and start the cloud again.", {
        cause,
      });
      throw this.over;
    }
  }

  /** What is durable is in the log: it is shown as soon as the disk allows. */
  private async publish(checkpoint: string): Promise<void> {
    while (!(await this.shown(checkpoint))) await wait(publishMillis);
    this.published = checkpoint;
  }

  private shown(checkpoint: string): Promise<boolean> {
    return this.files.write(checkpointPath, toUtf8(checkpoint)).then(
      () => true,
      () => false,
    );
  }
}

function checkpointOf(edge: Edge, signer: Signer): string {
  return signCheckpoint({ origin: signer.name, size: edge.size, root: rootOfEdge(edge) }, signer);
}

/** The edge that the signed state names, with its checkpoint published. */
async function recover(files: LogFiles, signer: Signer): Promise<Standing> {
  const kept = await files.read(statePath);
  const state = kept === undefined ? checkpointOf(emptyEdge, signer) : new TextDecoder().decode(kept);
  if (kept === undefined) await files.write(statePath, toUtf8(state));
  const opened = openNote(state, [verifierOf(signer)]);
  const checkpoint = opened.ok ? parseCheckpoint(opened.value.text) : undefined;
  if (checkpoint === undefined)
    throw new Error(`${files.root}/${statePath} is not signed by this log's key.`);
  const edge = await edgeOf(files, checkpoint.size);
  if (!equal(rootOfEdge(edge), checkpoint.root))
    throw new Error(`The log's tiles in ${files.root} are not those of its signed state. Restore a backup.`);
  // Power lost before this at the last stop: now it is published.
  await files.write(checkpointPath, toUtf8(state));
  return { edge, published: state };
}

async function edgeOf(files: LogFiles, size: number): Promise<Edge> {
  const levels = [];
  for (let [level, count] = [0, size]; count > 0; level++) {
    const width = count % tileWidth;
    const tile = { level, index: Math.floor(count / tileWidth), width };
    levels.push(
      width === 0 ? [] : needed(parseTile(await bytesAt(files, tilePath(tile)), width), tilePath(tile)),
    );
    count = Math.floor(count / tileWidth);
  }
  const width = size % tileWidth;
  const path = tilePath({ level: "entries", index: Math.floor(size / tileWidth), width });
  const entries = width === 0 ? [] : needed(parseBundle(await bytesAt(files, path)), path);
  return { size, levels, entries };
}

async function bytesAt(files: LogFiles, path: string): Promise<Uint8Array> {
  return needed(await files.read(path), path);
}

function needed<T>(found: T | undefined, path: string): T {
  if (found === undefined) throw new Error(`The log's file ${path} is missing or cut. Restore a backup.`);
  return found;
}
