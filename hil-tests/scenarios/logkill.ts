import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { LogFiles, type LogStore } from "../../cloud/tlog/files.io.js";
import { openLog } from "../../cloud/tlog/sequencer.io.js";
import { toHex, toUtf8 } from "../../shared/kernel/bytes.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { type Signer, textOf } from "../../shared/seal/note.js";
import { parseSigner } from "../../shared/seal/skey.js";
import { parseCheckpoint } from "../../shared/tlog/checkpoint.js";
import { parseEntry } from "../../shared/tlog/entry.js";
import { parseBundle, tilePath, tileWidth } from "../../shared/tlog/tiles.js";
import {
  emptyRoot,
  leafHash,
  type NodeReader,
  nodeHash,
  rootOf,
  type TreeHash,
} from "../../shared/tlog/tree.js";
import { killedProgram } from "./logkilled.js";

// A log whose writes fail, or whose process dies, at random moments; and what may never come of it.

/** What was seen of a log on its way, and what it became. */
export interface LogStory {
  readonly crashes: number;
  readonly acknowledged: number;
  readonly entries: number;
  /** Checkpoints that somebody was shown. */
  readonly shown: number;
  /** What must not be; none of it was. */
  readonly faults: readonly string[];
}

/** What callers and readers know. */
interface Known {
  /** Entry by index, as callers were answered. */
  readonly acknowledged: Map<number, string>;
  /** Root by size, as anybody was shown it. */
  readonly roots: Map<number, string>;
  readonly faults: string[];
}

const signer: Signer = { name: "log.example/tlog", secretKey: seededPrng(3).bytes(32) };
const newKnown = (): Known => ({ acknowledged: new Map(), roots: new Map(), faults: [] });

interface Plan {
  readonly directory: string;
  readonly crashes: number;
  readonly seed: number;
}

/** Each round some write fails, without an effect or with it, and the process is over; or it lives on, and the next round stops it. */
export async function crashLog({ directory, crashes, seed }: Plan): Promise<LogStory> {
  const random = seededPrng(seed);
  const upTo = (max: number): number => {
    const [a = 0, b = 0] = random.bytes(2);
    return (a * 256 + b) % max;
  };
  const known = newKnown();
  let number = 0;
  for (let round = 0; round < crashes; round++) {
    const failing = new FailingFiles(new LogFiles(directory), {
      after: upTo(40),
      takesEffect: upTo(2) === 0,
      livesOn: upTo(4) === 0,
    });
    const onPublished = async (note: string): Promise<void> => see(known, note);
    const log = await openLog(failing, signer, { onPublished }).catch(() => undefined);
    for (let burst = upTo(5); log !== undefined && burst >= 0 && !failing.isOver; burst--) {
      const some = Array.from({ length: 1 + upTo(120) }, () => `entry-${number++}`);
      const answers = some.map((one) =>
        log.append(toUtf8(one)).then(
          (index) => acknowledge(known, index, one),
          () => undefined,
        ),
      );
      // Once the machine is off nobody is answered any more.
      await Promise.race([Promise.all(answers), failing.over]);
    }
    await log?.close();
  }
  return storyOf({ directory, signer, crashes, nameOf: (entry) => new TextDecoder().decode(entry) }, known);
}

interface Failure {
  /** Writes that still succeed. */
  readonly after: number;
  readonly takesEffect: boolean;
  /** The disk failed once; else nothing is written any more: the machine is off. */
  readonly livesOn: boolean;
}

/** Files of which one write fails. */
class FailingFiles implements LogStore {
  readonly root: string;
  isOver = false;
  readonly over: Promise<void>;
  private endMachine: () => void = () => undefined;
  private readonly files: LogFiles;
  private readonly failure: Failure;
  private writes = 0;

  constructor(files: LogFiles, failure: Failure) {
    this.root = files.root;
    this.files = files;
    this.failure = failure;
    this.over = new Promise((resolve) => {
      this.endMachine = resolve;
    });
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.files.read(path);
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    const { after, takesEffect, livesOn } = this.failure;
    if (this.isOver) throw new Error("The machine is off.");
    if (this.writes++ !== after) return this.files.write(path, bytes);
    if (takesEffect) await this.files.write(path, bytes);
    this.isOver = !livesOn;
    if (this.isOver) this.endMachine();
    throw Object.assign(new Error("EIO: the disk failed"), { code: "EIO" });
  }

  async remove(path: string): Promise<void> {
    if (this.isOver) throw new Error("The machine is off.");
    await this.files.remove(path);
  }
}

function acknowledge({ acknowledged, faults }: Known, index: number, entry: string): void {
  const before = acknowledged.get(index);
  if (before !== undefined && before !== entry) faults.push(`${entry} and ${before} were both told ${index}`);
  acknowledged.set(index, entry);
}

function see({ roots, faults }: Known, note: string): void {
  const checkpoint = parseCheckpoint(textOf(note));
  if (checkpoint === undefined) return void faults.push("a checkpoint that is none was shown");
  const root = toHex(checkpoint.root);
  if ((roots.get(checkpoint.size) ?? root) !== root) faults.push(`size ${checkpoint.size} has two roots`);
  roots.set(checkpoint.size, root);
}

/** Real processes with a real database, each killed at a random moment; the next one asks for what was not answered once more. */
export async function killLog({ directory, crashes, seed }: Plan): Promise<LogStory> {
  const random = seededPrng(seed);
  const known = newKnown();
  mkdirSync(join(directory, "identity"), { recursive: true, mode: 0o700 });
  for (let kill = 0; kill < crashes; kill++) {
    const [a = 0, b = 0] = random.bytes(2);
    const child = spawn(process.execPath, [killedProgram, directory, `${firstUnanswered(known)}`], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await killAfter(child, (a * 256 + b) % 250, (line) => {
      const [what = "", index = "", text = ""] = line.split(" ");
      if (what === "answered") acknowledge(known, Number(index), text);
    });
    see(known, readFileSync(join(logIn(directory), "checkpoint"), "utf8"));
  }
  const key = parseSigner(readFileSync(join(directory, "identity/log.key"), "utf8"));
  if (key === undefined) throw new Error("the log has no key");
  return storyOf({ directory: logIn(directory), signer: key, crashes, nameOf: nameOfEntry }, known);
}

/** From here on entries are asked for once more: some stand in the log already, answered or not. */
function firstUnanswered({ acknowledged }: Known): number {
  const answered = new Set(acknowledged.values());
  let first = 0;
  while (answered.has(`${first}`)) first++;
  return first;
}

function nameOfEntry(bytes: Uint8Array): string {
  const entry = parseEntry(bytes);
  return entry.ok ? entry.value.id.replace("entry-", "") : "no entry";
}

/** Milliseconds count from its first word on. */
async function killAfter(child: ChildProcess, millis: number, onLine: (line: string) => void): Promise<void> {
  if (child.stdout === null) throw new Error("the program has no output");
  const lines = createInterface(child.stdout);
  const ended = once(lines, "close");
  await once(lines, "line");
  lines.on("line", onLine);
  await wait(millis);
  child.kill("SIGKILL");
  await ended;
}

function logIn(directory: string): string {
  const [name = ""] = readdirSync(join(directory, "log"));
  return join(directory, "log", name);
}

interface End {
  readonly directory: string;
  readonly signer: Signer;
  readonly crashes: number;
  readonly nameOf: (entry: Uint8Array) => string;
}

/** Opens what is left on a disk that works, and compares it with all that anybody was told. */
async function storyOf({ directory, signer: by, crashes, nameOf }: End, known: Known): Promise<LogStory> {
  const files = new LogFiles(directory);
  const log = await openLog(files, by, { onPublished: async (note) => see(known, note) });
  const entries = await entriesOf(files, log.size());
  await log.close();
  const { acknowledged, roots, faults } = known;
  const names = entries.map(nameOf);
  for (const [index, name] of acknowledged)
    if (names[index] !== name) faults.push(`${name} was told ${index}, where now ${names[index]} stands`);
  if (new Set(names).size !== names.length) faults.push("an entry stands twice");
  const node = nodesOf(entries);
  for (const [size, root] of roots)
    if (size > entries.length || toHex(rootOf(node, size)) !== root)
      faults.push(`the log is not the one of which size ${size} was shown`);
  const counts = { acknowledged: acknowledged.size, entries: entries.length, shown: roots.size };
  return { crashes, ...counts, faults };
}

async function entriesOf(files: LogFiles, size: number): Promise<readonly Uint8Array[]> {
  const entries: Uint8Array[] = [];
  for (let index = 0; index * tileWidth < size; index++) {
    const width = Math.min(size - index * tileWidth, tileWidth);
    const bundle = await files.read(tilePath({ level: "entries", index, width }));
    entries.push(...((bundle && parseBundle(bundle)) ?? []));
  }
  return entries;
}

/** The tree over the entries, each node computed once, from them alone. */
function nodesOf(entries: readonly Uint8Array[]): NodeReader {
  const levels: TreeHash[][] = [entries.map(leafHash)];
  for (let below = levels[0] ?? []; below.length > 1; ) {
    const above: TreeHash[] = [];
    for (let at = 0; at + 1 < below.length; at += 2)
      above.push(nodeHash(below[at] ?? emptyRoot, below[at + 1] ?? emptyRoot));
    levels.push(above);
    below = above;
  }
  return (level, index) => levels[level]?.[index] ?? emptyRoot;
}
