import { assert } from "../../shared/kernel/assert.js";
import { toHex } from "../../shared/kernel/bytes.js";
import { parseEntry } from "../../shared/tlog/entry.js";
import { parseBundle, tilePath, tileWidth } from "../../shared/tlog/tiles.js";
import { leafHash } from "../../shared/tlog/tree.js";
import type { LogStore } from "./files.io.js";
import type { Nodes } from "./nodes.io.js";
import { type LogRecords, type Meant, meant } from "./records.io.js";
import type { TransparencyLog } from "./sequencer.io.js";

/** Entries whose rows are written in one transaction. */
const atOnceMax = 1_000;

interface Asked {
  readonly one: Meant;
  resolve(place: number): void;
  reject(error: unknown): void;
}

/** Brings entries into the log, each once: first the row that says so, then the log, then the row that says where. */
export class Entering {
  private readonly log: TransparencyLog;
  private readonly records: LogRecords;
  private readonly underWay = new Map<string, Promise<number>>();
  private asked: Asked[] = [];
  /** In the log, but the write of the rows that say where failed: entered once more, they would stand twice. */
  private readonly unrecorded = new Map<string, number>();

  constructor(log: TransparencyLog, records: LogRecords) {
    this.log = log;
    this.records = records;
  }

  /** Its index, once the log's own state has it durably. */
  enter(one: Meant): Promise<number> {
    const known = this.underWay.get(one.key);
    if (known !== undefined) return known;
    const entering = new Promise<number>((resolve, reject) => {
      this.asked.push({ one, resolve, reject });
      if (this.asked.length === 1) setImmediate(() => void this.flush());
    }).finally(() => this.underWay.delete(one.key));
    this.underWay.set(one.key, entering);
    return entering;
  }

  /** What an earlier run meant for the log: looked for in it, and only else entered. How many. */
  async complete(nodes: Nodes): Promise<number> {
    const pending = await this.records.pending();
    const from = Math.min(...pending.map((one) => one.from));
    const wanted = new Map(pending.map((one) => [toHex(leafHash(one.text)), one.key]));
    const places = new Map<string, number>();
    if (pending.length > 0)
      for await (const { first, hashes } of nodes.leaves(from, this.log.size()))
        for (const [at, hash] of hashes.entries()) {
          const key = wanted.get(toHex(hash));
          if (key !== undefined) places.set(key, first + at);
        }
    await this.records.place(places);
    const missing = pending.filter(({ key }) => !places.has(key));
    for (let at = 0; at < missing.length; at += atOnceMax)
      await this.place(missing.slice(at, at + atOnceMax));
    return pending.length;
  }

  /** What stands at the log's end and has no row gets one: the database is older than the log's files. How many. */
  async adopt(files: Pick<LogStore, "read">): Promise<number> {
    const [from, size] = [await this.records.end(), this.log.size()];
    for (let tile = Math.floor(from / tileWidth); from < size && tile * tileWidth < size; tile++) {
      const first = tile * tileWidth;
      const all = (await bundleAt(files, tile, Math.min(size - first, tileWidth))).map((bytes) => {
        const entry = parseEntry(bytes);
        assert(entry.ok, "what stands in the log has the form of an entry");
        return meant(entry.value);
      });
      await this.records.mean(all, first);
      await this.records.place(new Map(all.map(({ key }, at) => [key, first + at])));
    }
    return Math.max(size - from, 0);
  }

  private async flush(): Promise<void> {
    const batch = this.asked.splice(0, atOnceMax);
    if (this.asked.length > 0) setImmediate(() => void this.flush());
    try {
      const all = batch.map(({ one }) => one);
      await this.record();
      await this.records.mean(all, this.log.size());
      const known = await this.records.placesOf(all.map(({ key }) => key));
      const placed = await this.place(all.filter(({ key }) => !known.has(key)));
      for (const { one, resolve, reject } of batch) {
        const place = known.get(one.key) ?? placed.get(one.key);
        // unreached: the log takes part of what it is given only where its queue is full
        if (place === undefined) reject(new Error("The entry could not be written into the log. Try again."));
        else resolve(place);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  private async record(): Promise<void> {
    const places = new Map(this.unrecorded);
    await this.records.place(places);
    for (const key of places.keys()) this.unrecorded.delete(key);
  }

  /** Throws the log's own error where it took none of them. */
  private async place(all: readonly Meant[]): Promise<ReadonlyMap<string, number>> {
    const outcomes = await Promise.allSettled(all.map(({ text }) => this.log.place(text)));
    const places = new Map<string, number>();
    for (const [at, { key }] of all.entries()) {
      const outcome = outcomes[at];
      if (outcome?.status === "fulfilled") places.set(key, outcome.value);
    }
    for (const [key, place] of places) this.unrecorded.set(key, place);
    await this.record();
    const [failed] = outcomes.filter((outcome) => outcome.status === "rejected");
    if (failed !== undefined && places.size === 0) throw failed.reason;
    return places;
  }
}

async function bundleAt(
  files: Pick<LogStore, "read">,
  index: number,
  width: number,
): Promise<readonly Uint8Array[]> {
  const path = tilePath({ level: "entries", index, width });
  const bytes = await files.read(path);
  const entries = bytes && parseBundle(bytes);
  if (entries === undefined) throw new Error(`The log's file ${path} is missing or cut. Restore a backup.`);
  return entries;
}
