// Test-only: a disk in memory whose power can be cut at any operation. What was not synced is then lost, kept or torn
// as chance has it: names one by one, contents to any length.
import { concat } from "../../shared/kernel/bytes.js";
import type { Prng } from "../../shared/kernel/prng.js";
import type { Disk } from "./disk.js";

interface File {
  readonly kind: "file";
  content: Uint8Array;
  /** What a power cut leaves for sure; the rest of `content` to any length. */
  durable: boolean;
}
interface Directory {
  readonly kind: "directory";
  readonly names: Map<string, Node>;
  /** Names as they were at the last sync. */
  readonly synced: Map<string, Node>;
  /** Changes since then, each of which a power cut keeps or not. */
  readonly changes: Change[];
}
type Node = File | Directory;
type Change = readonly { readonly name: string; readonly node: Node | undefined }[];

/** When the power goes: at the n-th operation that changes something, which is then lost or just made durable. */
export interface Cut {
  readonly operation: number;
  readonly persisted: boolean;
}

const emptyDirectory = (): Directory => ({
  kind: "directory",
  names: new Map(),
  synced: new Map(),
  changes: [],
});

export class CrashDisk implements Disk {
  /** Whether the power is off: every operation rejects. */
  off = false;
  /** Operations that changed something since the last power-on. */
  operations = 0;
  /** Told when the power goes. */
  onOff: () => void = () => {};
  private cut: Cut | undefined;
  private readonly root = emptyDirectory();
  private readonly chance: Prng;

  constructor(chance: Prng) {
    this.chance = chance;
  }

  cutAt(cut: Cut): void {
    this.cut = cut;
    this.operations = 0;
  }

  /** The power is cut now if it is not already, and comes back. */
  reboot(): void {
    settle(this.root, this.chance);
    this.off = false;
    this.cut = undefined;
    this.operations = 0;
  }

  async makeDir(path: string): Promise<void> {
    this.needPower();
    const names = path.split("/").filter((name) => name !== "");
    names.forEach((name, i) => {
      const parent = `/${names.slice(0, i).join("/")}`;
      if (this.directory(parent).names.has(name)) return;
      this.changeName(`${parent}/${name}`, [{ name, node: emptyDirectory() }]);
    });
  }

  async list(path: string): Promise<readonly string[]> {
    this.needPower();
    const node = this.find(path);
    if (node?.kind === "file") throw fault("ENOTDIR", path);
    return node === undefined ? [] : [...node.names.keys()];
  }

  async kind(path: string): Promise<"file" | "directory" | undefined> {
    this.needPower();
    return this.find(path)?.kind;
  }

  async size(path: string): Promise<number | undefined> {
    this.needPower();
    const node = this.find(path);
    return node?.kind === "file" ? node.content.length : undefined;
  }

  async read(path: string, offset: number, length: number): Promise<Uint8Array | undefined> {
    this.needPower();
    const node = this.find(path);
    return node?.kind === "file" ? node.content.slice(offset, offset + length) : undefined;
  }

  async write(path: string, parts: readonly Uint8Array[], { sync }: { sync: boolean }): Promise<void> {
    const file: File = { kind: "file", content: concat(...parts), durable: false };
    this.changeName(path, [{ name: nameIn(path), node: file }]);
    if (sync) this.change(() => makeDurable(file));
  }

  async rename(from: string, to: string): Promise<void> {
    const node = this.find(from);
    if (node === undefined) throw fault("ENOENT", from);
    this.changeName(to, [
      { name: nameIn(from), node: undefined },
      { name: nameIn(to), node },
    ]);
  }

  async syncDir(path: string): Promise<void> {
    const node = this.directory(path);
    this.change(() => syncNames(node));
  }

  async remove(path: string): Promise<void> {
    this.needPower();
    if (this.find(path)?.kind === "file") this.changeName(path, [{ name: nameIn(path), node: undefined }]);
  }

  async removeDir(path: string): Promise<void> {
    this.needPower();
    const node = this.find(path);
    if (node?.kind === "directory" && node.names.size > 0) throw fault("ENOTEMPTY", path);
    if (node !== undefined) this.changeName(path, [{ name: nameIn(path), node: undefined }]);
  }

  private find(path: string): Node | undefined {
    let node: Node | undefined = this.root;
    for (const name of path.split("/").filter((part) => part !== ""))
      node = node?.kind === "directory" ? node.names.get(name) : undefined;
    return node;
  }

  private directory(path: string): Directory {
    const node = this.find(path);
    if (node?.kind !== "directory") throw fault("ENOENT", path);
    return node;
  }

  private needPower(): void {
    if (this.off) throw fault("EIO", "the power is off");
  }

  private changeName(path: string, change: Change): void {
    const parent = this.directory(path.slice(0, path.lastIndexOf("/")));
    this.change(
      () => rename(parent, change),
      () => syncNames(parent),
    );
  }

  /** Counts a change and carries it out, unless the power goes before it; `persist` makes it durable at once. */
  private change(work: () => void, persist: () => void = () => {}): void {
    this.needPower();
    this.operations++;
    const here = this.cut?.operation === this.operations;
    if (!here || this.cut?.persisted) work();
    if (!here) return;
    if (this.cut?.persisted) persist();
    this.off = true;
    this.onOff();
    this.needPower();
  }
}

function rename(parent: Directory, change: Change): void {
  for (const { name, node } of change) {
    if (node === undefined) parent.names.delete(name);
    else parent.names.set(name, node);
  }
  parent.changes.push(change);
}

function syncNames(parent: Directory): void {
  parent.synced.clear();
  for (const [name, node] of parent.names) parent.synced.set(name, node);
  parent.changes.length = 0;
}

function makeDurable(file: File): void {
  file.durable = true;
}

/** What a power cut leaves of a node. */
function settle(node: Node, chance: Prng): void {
  if (node.kind === "file") {
    if (!node.durable) node.content = node.content.slice(0, chance.between(0, node.content.length + 1));
    makeDurable(node);
    return;
  }
  node.names.clear();
  for (const [name, kept] of node.synced) node.names.set(name, kept);
  for (const one of node.changes.splice(0)) if (chance.next() < 0.5) rename(node, one);
  syncNames(node);
  for (const kept of node.names.values()) settle(kept, chance);
}

function nameIn(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function fault(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
