// Takes the place of `node:fs/promises`: the same disks, sometimes slow. Whoever lost power waits for ever.
import { diskTurn } from "./clockwork.js";
import { PowerLost, place } from "./disk.js";
import {
  accessSync,
  chmodSync,
  fileOf,
  linkSync,
  mkdirSync,
  type Opened,
  openFile,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  Stats,
  statSync,
  constants as systemConstants,
} from "./fs.js";

export const constants = systemConstants;

/** The same with a promise. */
function promised<Values extends readonly unknown[], T>(
  work: (...values: Values) => T,
): (...values: Values) => Promise<T> {
  return async (...values) => {
    await diskTurn();
    try {
      return work(...values);
    } catch (error) {
      if (error instanceof PowerLost) return new Promise(() => undefined);
      throw error;
    }
  };
}

export const stat = promised((path: string) => statSync(path));
export const lstat = promised((path: string) => statSync(path));
export const access = promised(accessSync);
export const chmod = promised(chmodSync);
export const link = promised(linkSync);
export const mkdir = promised(mkdirSync);
export const readdir = promised(readdirSync);
export const readFile = promised(readFileSync);
export const rename = promised(renameSync);
export const rm = promised(rmSync);
export const rmdir = promised(rmdirSync);

const blockBytes = 512;

export const statfs = promised((path: string) => {
  const { disk } = place(path);
  const free = Math.min(disk.capacity - disk.used, 2 ** 40);
  return { bavail: Math.max(Math.floor(free / blockBytes), 0), bsize: blockBytes };
});

class FileHandle {
  private readonly opened: Opened;

  constructor(opened: Opened) {
    this.opened = opened;
  }

  private readonly diskOf = () => place(this.opened.path).disk;

  readonly read = promised((buffer: Uint8Array, offset: number, length: number, at: number) => {
    this.diskOf();
    const found = fileOf(this.opened).bytes.subarray(at, at + length);
    buffer.set(found, offset);
    return { bytesRead: found.length };
  });

  /** Without a place of its own it goes behind what was written last. */
  readonly write = promised((data: Uint8Array, offset: number, length: number, place?: number) => {
    const at = place ?? this.opened.at;
    const bytesWritten = this.diskOf().write(fileOf(this.opened), at, data.subarray(offset, offset + length));
    this.opened.at = at + bytesWritten;
    return { bytesWritten };
  });

  readonly writev = promised((pieces: readonly Uint8Array[], at: number) => {
    const all = pieces.length === 1 ? (pieces[0] ?? new Uint8Array()) : Buffer.concat(pieces);
    const bytesWritten = this.diskOf().write(fileOf(this.opened), at, all);
    return { bytesWritten };
  });

  readonly writeFile = promised((data: string | Uint8Array) => {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    const disk = this.diskOf();
    for (let at = 0; at < bytes.length; ) at += disk.write(fileOf(this.opened), at, bytes.subarray(at));
  });

  readonly sync = promised(() => this.diskOf().sync(this.opened.node));
  readonly datasync = this.sync;
  readonly stat = promised(() => new Stats(this.opened.node));
  readonly close = promised(() => undefined);
}

export const open = promised(
  (path: string, flags?: string | number, mode?: number) => new FileHandle(openFile(path, flags, mode)),
);
