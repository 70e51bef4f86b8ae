// Takes the place of `node:fs`, as far as the product uses it, on the disks of the simulation.
import { wallNow } from "./clockwork.js";
import { type File, fault, type Node, nameIn, parentOf, place } from "./disk.js";

export const constants = { O_RDWR: 2, O_CREAT: 64, O_EXCL: 128, O_TRUNC: 512, R_OK: 4, W_OK: 2, X_OK: 1 };

interface Mode {
  readonly mode?: number;
  readonly recursive?: boolean;
  readonly force?: boolean;
}

export class Stats {
  readonly size: number;
  readonly mode: number;
  readonly mtimeMs: number;
  private readonly kind: Node["kind"];

  constructor(node: Node) {
    this.kind = node.kind;
    this.size = node.kind === "file" ? node.bytes.length : 4096;
    this.mode = (node.kind === "file" ? 0o100000 : 0o040000) | node.mode;
    this.mtimeMs = node.kind === "file" ? node.changedAt : wallNow();
  }

  isFile(): boolean {
    return this.kind === "file";
  }

  isDirectory(): boolean {
    return this.kind === "directory";
  }
}

export function statSync(
  path: string,
  { throwIfNoEntry = true }: { readonly throwIfNoEntry?: boolean } = {},
): Stats | undefined {
  const { disk, path: inner } = place(path);
  const node = disk.find(inner);
  if (node === undefined && throwIfNoEntry) throw fault("ENOENT", path);
  return node && new Stats(node);
}

export function existsSync(path: string): boolean {
  const { disk, path: inner } = place(path);
  return disk.find(inner) !== undefined;
}

export function accessSync(path: string): void {
  statSync(path);
}

export function chmodSync(path: string, mode: number): void {
  const { disk, path: inner } = place(path);
  const node = disk.find(inner);
  if (node === undefined) throw fault("ENOENT", path);
  node.mode = mode;
}

/** The first directory that was made, as Node gives it. */
export function mkdirSync(path: string, { mode = 0o777, recursive = false }: Mode = {}): string | undefined {
  const { disk, path: inner } = place(path);
  if (!recursive) return void disk.makeDirectory(inner, mode);
  let first: string | undefined;
  const names = inner.split("/").filter((name) => name !== "");
  for (let count = 1; count <= names.length; count++) {
    const at = `/${names.slice(0, count).join("/")}`;
    const found = disk.find(at);
    if (found?.kind === "file") throw fault("EEXIST", at);
    if (found !== undefined) continue;
    disk.makeDirectory(at, mode);
    first ??= path.slice(0, path.length - inner.length) + at;
  }
  return first;
}

export function readdirSync(path: string): string[] {
  const { disk, path: inner } = place(path);
  return [...disk.directory(inner).names.keys()];
}

export function readFileSync(path: string, encoding?: string | { encoding?: string }): Buffer | string {
  const { disk, path: inner } = place(path);
  const { bytes } = disk.file(inner);
  const buffer = Buffer.from(bytes);
  return encoding === undefined ? buffer : buffer.toString("utf8");
}

export function renameSync(from: string, to: string): void {
  const { disk, path } = place(from);
  disk.move(path, place(to).path);
}

export function linkSync(from: string, to: string): void {
  const { disk, path } = place(from);
  const target = place(to).path;
  if (disk.find(target) !== undefined) throw fault("EEXIST", to);
  disk.rename(target, [{ name: nameIn(target), node: disk.file(path) }]);
}

export function rmSync(path: string, { force = false, recursive = false }: Mode = {}): void {
  const { disk, path: inner } = place(path);
  const node = disk.find(inner);
  if (node === undefined && force) return;
  if (node === undefined) throw fault("ENOENT", path);
  if (node.kind === "directory" && !recursive) throw fault("ERR_FS_EISDIR", path);
  if (node.kind === "directory")
    for (const name of [...node.names.keys()]) rmSync(`${path}/${name}`, { recursive, force });
  disk.rename(inner, [{ name: nameIn(inner), node: undefined }]);
}

export function rmdirSync(path: string): void {
  const { disk, path: inner } = place(path);
  if (disk.directory(inner).names.size > 0) throw fault("ENOTEMPTY", path);
  disk.rename(inner, [{ name: nameIn(inner), node: undefined }]);
}

/** An open file, by number as the system has it. */
export interface Opened {
  readonly path: string;
  readonly node: Node;
  at: number;
}

const opened = new Map<number, Opened>();
let lastNumber = 2;

export function openFile(path: string, flags: string | number = "r", mode = 0o666): Opened {
  const { disk, path: inner } = place(path);
  const has = (letter: string, bit: number): boolean =>
    typeof flags === "string" ? flags.includes(letter) : (flags & bit) !== 0;
  const create = has("w", constants.O_CREAT);
  const [exclusive, truncate] = [has("x", constants.O_EXCL), has("w", constants.O_TRUNC)];
  if (create) disk.directory(parentOf(inner));
  return { path, node: disk.openFile(inner, { create, exclusive, truncate, mode }), at: 0 };
}

export function fileOf({ node, path }: Opened): File {
  if (node.kind !== "file") throw fault("EISDIR", path);
  return node;
}

export function openSync(path: string, flags: string, mode?: number): number {
  opened.set(++lastNumber, openFile(path, flags, mode));
  return lastNumber;
}

export function closeSync(number: number): void {
  opened.delete(number);
}

export function fsyncSync(number: number): void {
  const { path, node } = heldBy(number);
  place(path).disk.sync(node);
}

export function writeSync(number: number, data: Uint8Array, from = 0): number {
  const held = heldBy(number);
  const written = place(held.path).disk.write(fileOf(held), held.at, data.subarray(from));
  held.at += written;
  return written;
}

function heldBy(number: number): Opened {
  const held = opened.get(number);
  if (held === undefined) throw fault("EBADF", `${number}`);
  return held;
}
