// A machine's disk in memory. What was not synced when the power goes is lost, kept or torn as chance has it: names one by one,
// contents to any length.
import type { Prng } from "../../../shared/kernel/prng.js";
import { countWrite, type Machine, powerOff, prng, running, wallNow } from "./clockwork.js";

export interface File {
  readonly kind: "file";
  bytes: Uint8Array;
  /** What a power cut leaves for sure: the content at the last sync. */
  synced: Uint8Array;
  mode: number;
  changedAt: number;
  names: number;
}
export interface Directory {
  readonly kind: "directory";
  readonly names: Map<string, Node>;
  /** Names as they were at the last sync. */
  readonly synced: Map<string, Node>;
  /** Changes since then, each of which a power cut keeps or not. */
  readonly changes: Change[];
  mode: number;
}
export type Node = File | Directory;
type Change = readonly { readonly name: string; readonly node: Node | undefined }[];

const nothing = new Uint8Array();
const sectorBytes = 512;

const newDirectory = (mode: number): Directory => ({
  kind: "directory",
  names: new Map(),
  synced: new Map(),
  changes: [],
  mode,
});

export class Disk {
  readonly machine: Machine;
  readonly root = newDirectory(0o700);
  /** Room for file contents, in bytes. */
  capacity = Number.POSITIVE_INFINITY;
  /** It takes no writes any more. */
  isReadOnly = false;
  /** Chance that an operation fails with EIO. */
  failing = 0;
  used = 0;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  find(path: string): Node | undefined {
    let node: Node | undefined = this.root;
    for (const name of namesOf(path)) node = node?.kind === "directory" ? node.names.get(name) : undefined;
    return node;
  }

  /** What stands under this path after any power cut. */
  durable(path: string): Uint8Array | undefined {
    let node: Node | undefined = this.root;
    for (const name of namesOf(path)) node = node?.kind === "directory" ? node.synced.get(name) : undefined;
    return node?.kind === "file" ? node.synced : undefined;
  }

  directory(path: string): Directory {
    const node = this.find(path);
    if (node === undefined) throw fault("ENOENT", path);
    if (node.kind !== "directory") throw fault("ENOTDIR", path);
    return node;
  }

  file(path: string): File {
    const node = this.find(path);
    if (node === undefined) throw fault("ENOENT", path);
    if (node.kind !== "file") throw fault("EISDIR", path);
    return node;
  }

  /** As the system's open(2) with these flags. */
  openFile(path: string, { create, exclusive, truncate, mode }: OpenFlags): Node {
    const before = this.find(path);
    if (before !== undefined && exclusive) throw fault("EEXIST", path);
    if (before === undefined && !create) throw fault("ENOENT", path);
    if (before?.kind === "directory" && (create || truncate)) throw fault("EISDIR", path);
    if (before === undefined) {
      const file: File = {
        kind: "file",
        bytes: nothing,
        synced: nothing,
        mode,
        changedAt: wallNow(),
        names: 0,
      };
      this.rename(path, [{ name: nameIn(path), node: file }]);
      return file;
    }
    if (truncate && before.kind === "file") this.change(() => this.put(before, nothing));
    return before;
  }

  makeDirectory(path: string, mode: number): void {
    if (this.find(path) !== undefined) throw fault("EEXIST", path);
    this.rename(path, [{ name: nameIn(path), node: newDirectory(mode) }]);
  }

  /** As much as there is room for. How many bytes that was. */
  write(file: File, at: number, data: Uint8Array): number {
    this.work();
    const room = Math.max(this.capacity - this.used, 0) + Math.max(file.bytes.length - at, 0);
    const length = Math.min(data.length, room);
    if (length === 0 && data.length > 0) throw fault("ENOSPC", "the disk is full");
    this.change(() => {
      const grown = new Uint8Array(Math.max(file.bytes.length, at + length));
      grown.set(file.bytes);
      grown.set(data.subarray(0, length), at);
      this.put(file, grown);
      file.changedAt = wallNow();
    });
    return length;
  }

  sync(node: Node): void {
    this.work();
    this.change(() => syncNode(node));
  }

  /** Names that come and go together, in the directory of `path`. */
  rename(path: string, change: Change): void {
    this.work();
    const parent = this.directory(parentOf(path));
    this.change(
      () => {
        this.apply(parent, change);
        parent.changes.push(change);
      },
      () => syncNode(parent),
    );
  }

  /** Between two directories: the new name may be lost and the old one with it, as without a sync of both. */
  move(from: string, to: string): void {
    const node = this.find(from);
    if (node === undefined) throw fault("ENOENT", from);
    const there = this.find(to);
    if (there?.kind === "directory" && there.names.size > 0) throw fault("ENOTEMPTY", to);
    if (parentOf(from) === parentOf(to))
      return void this.rename(to, [
        { name: nameIn(from), node: undefined },
        { name: nameIn(to), node },
      ]);
    this.rename(to, [{ name: nameIn(to), node }]);
    this.rename(from, [{ name: nameIn(from), node: undefined }]);
  }

  /** The power was cut and comes back. */
  settle(chance: Prng): void {
    settleNode(this.root, chance);
    this.used = bytesIn(this.root);
  }

  /** What stands here has stood for long. */
  syncAll(node: Node = this.root): void {
    syncNode(node);
    if (node.kind === "directory") for (const below of node.names.values()) this.syncAll(below);
  }

  /** Every file's path. */
  *files(node: Node = this.root, path = ""): Generator<{ readonly path: string; readonly file: File }> {
    if (node.kind === "file") yield { path, file: node };
    else for (const [name, below] of node.names) yield* this.files(below, `${path}/${name}`);
  }

  /** Bit rot: nobody is told. */
  flip(file: File, at: number): void {
    const rotten = file.bytes.slice();
    rotten[at] = (rotten[at] ?? 0) ^ 0x10;
    file.bytes = file.synced = rotten;
  }

  private put(file: File, bytes: Uint8Array): void {
    if (file.names > 0) this.used += bytes.length - file.bytes.length;
    file.bytes = bytes;
  }

  private apply(parent: Directory, change: Change): void {
    for (const { name, node } of change) {
      this.count(parent.names.get(name), -1);
      if (node === undefined) parent.names.delete(name);
      else parent.names.set(name, node);
      this.count(node, 1);
    }
  }

  private count(node: Node | undefined, by: 1 | -1): void {
    if (node?.kind !== "file") return;
    const before = node.names;
    node.names += by;
    if (before === 0 && by === 1) this.used += node.bytes.length;
    if (node.names === 0) this.used -= node.bytes.length;
  }

  private work(): void {
    if (this.failing > 0 && prng().next() < this.failing) throw fault("EIO", "the disk does not answer");
  }

  /** Carries a change out, unless the power goes before it; `persist` makes it durable when the power goes right after it. */
  private change(work: () => void, persist: () => void = () => undefined): void {
    if (this.isReadOnly) throw fault("EROFS", "the disk is read-only");
    const goes = countWrite(this.machine);
    if (goes === "gone") throw new PowerLost();
    work();
    if (goes !== "last") return;
    persist();
    powerOff(this.machine);
    throw new PowerLost();
  }
}

interface OpenFlags {
  readonly create: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
  readonly mode: number;
}

/** Whoever sees this has no power any more. */
export class PowerLost extends Error {}

let disks = new Map<string, Disk>();

export function resetDisks(): void {
  disks = new Map();
}

export function newDisk(machine: Machine): Disk {
  const disk = new Disk(machine);
  disks.set(machine.name, disk);
  return disk;
}

/** The disk that a path lies on, and the path on it. A machine reaches no other's. */
export function place(path: string): { readonly disk: Disk; readonly path: string } {
  const [, name = "", ...rest] = path.split("/");
  const disk = disks.get(name);
  const machine = running();
  if (disk === undefined) throw fault("ENOENT", path);
  if (machine !== undefined && machine !== disk.machine)
    throw new Error(`${machine.name} reaches for ${path}`);
  if (!disk.machine.on) throw new PowerLost();
  return { disk, path: `/${rest.join("/")}` };
}

export function nameIn(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

export function fault(code: string, what: string): Error & { readonly code: string } {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}

function namesOf(path: string): readonly string[] {
  return path.split("/").filter((name) => name !== "");
}

function syncNode(node: Node): void {
  if (node.kind === "file") {
    node.synced = node.bytes;
    return;
  }
  node.synced.clear();
  for (const [name, below] of node.names) node.synced.set(name, below);
  node.changes.length = 0;
}

/** What a power cut leaves of a node. */
function settleNode(node: Node, chance: Prng): void {
  if (node.kind === "file") {
    if (node.bytes !== node.synced) node.bytes = torn(node, chance);
    node.synced = node.bytes;
    return;
  }
  if (node.changes.length > 0) settleNames(node, chance);
  for (const below of node.names.values()) settleNode(below, chance);
}

function settleNames(node: Directory, chance: Prng): void {
  node.names.clear();
  for (const [name, kept] of node.synced) node.names.set(name, kept);
  for (const change of node.changes) {
    if (chance.next() < 0.5) continue;
    for (const { name, node: below } of change)
      if (below === undefined) node.names.delete(name);
      else node.names.set(name, below);
  }
  syncNode(node);
}

/** The old content, the new one, or a part of the new one whose last sector may hold nothing. */
function torn({ bytes, synced }: File, chance: Prng): Uint8Array {
  const kind = chance.next();
  if (kind < 0.3) return synced;
  if (kind < 0.5) return bytes;
  const part = bytes.slice(0, chance.between(0, bytes.length + 1));
  if (chance.next() < 0.3) part.fill(0, Math.max(0, part.length - sectorBytes));
  return part;
}

function bytesIn(root: Node): number {
  const seen = new Map<File, number>();
  const count = (node: Node): void => {
    if (node.kind === "directory") for (const below of node.names.values()) count(below);
    else seen.set(node, (seen.get(node) ?? 0) + 1);
  };
  count(root);
  let sum = 0;
  for (const [file, names] of seen) {
    file.names = names;
    sum += file.bytes.length;
  }
  return sum;
}
