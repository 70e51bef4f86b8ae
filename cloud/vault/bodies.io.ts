import { createHash } from "node:crypto";
import { constants, type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { assert } from "../../shared/kernel/assert.js";
import { fromBase64, toHex } from "../../shared/kernel/bytes.js";
import type { CameraId, ClipId } from "../../shared/kernel/ids.js";
import type { Hash } from "../../shared/seal/hash.js";
import { ignoreMissing, makeDirectory, namesIn, syncDirectory } from "../disk.io.js";

/**
 * A segment's body on its way: a file that grows from the front. Its size is what is stored, for any node that opens it;
 * after a power cut the file may be shorter or hold damage, which the whole hash catches.
 */
export interface Part {
  readonly stored: number;
  /** Puts pieces behind what is stored. Promises no durability. */
  append(pieces: readonly Uint8Array[]): Promise<void>;
  /** SHA-256 of header and body so far. */
  digest(): Hash;
  /** Makes what is stored durable under the part's own name. */
  sync(): Promise<void>;
  /** May be called more than once. */
  close(): Promise<void>;
  /** Closes and forgets what is stored. */
  discard(): Promise<void>;
  readonly path: string;
}

export interface IdlePart {
  readonly path: string;
  /** Wall time of the last chunk, in milliseconds. */
  readonly idleSince: number;
  remove(): Promise<void>;
}

/** Where a body lies. The name holds its hash, so that no second body ever comes into the place of a stored one. */
export interface BodyName {
  readonly camera: CameraId;
  readonly clip: ClipId;
  readonly index: number;
  readonly sha256: Hash;
}

/** `parts/<camera>/<clip>.<index>.part` and `clips/<camera>/<clip>/<index>-<hash>.body` under one directory. */
export class Bodies {
  readonly root: string;
  /** Directories that are known to exist durably. */
  private readonly made = new Set<string>();

  constructor(root: string) {
    this.root = root;
  }

  async openPart(name: Omit<BodyName, "sha256">, header: Uint8Array): Promise<Part> {
    const path = join(this.root, "parts", name.camera, `${name.clip}.${name.index}.part`);
    await this.makeDirectory(dirname(path));
    return FilePart.open(path, header);
  }

  async partCount(camera: string): Promise<number> {
    return (await namesIn(join(this.root, "parts", camera))).length;
  }

  /** The camera's parts, the longest idle first. */
  async partsOf(camera: string): Promise<readonly IdlePart[]> {
    const directory = join(this.root, "parts", camera);
    const parts: IdlePart[] = [];
    for (const name of await namesIn(directory)) {
      const path = join(directory, name);
      const found = await stat(path).catch(ignoreMissing);
      if (found?.isFile() !== true) continue;
      parts.push({ path, idleSince: found.mtimeMs, remove: () => rm(path, { force: true }) });
    }
    return parts.sort((a, b) => a.idleSince - b.idleSince);
  }

  async camerasWithParts(): Promise<readonly string[]> {
    return namesIn(join(this.root, "parts"));
  }

  /** Moves synced parts to where clips lie. When it resolves the moves are durable. */
  async adopt(bodies: readonly { readonly name: BodyName; readonly part: Part }[]): Promise<void> {
    const directories = new Set<string>();
    for (const { name, part } of bodies) {
      const path = this.path(name);
      await this.makeDirectory(dirname(path));
      // Power lost here: the body lies in one of the two places or in both, without a row; the camera sends it again.
      await rename(part.path, path);
      directories.add(dirname(path));
    }
    await Promise.all([...directories].map(syncDirectory));
  }

  /** The body's bytes from `start` to before `end`. Throws when the file is missing or shorter. */
  async *read(name: BodyName, start: number, end: number): AsyncGenerator<Uint8Array> {
    if (start >= end) return;
    const file = await open(this.path(name), "r");
    try {
      for (let at = start; at < end; ) {
        const buffer = Buffer.allocUnsafe(Math.min(readBytes, end - at));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
        if (bytesRead === 0)
          throw new Error(`The stored body ${this.path(name)} ends at byte ${at} of ${end}.`);
        yield buffer.subarray(0, bytesRead);
        at += bytesRead;
      }
    } finally {
      await file.close();
    }
  }

  /** SHA-256 of the header and of all that lies in the body's file; `undefined` when there is no file. */
  async digest(name: BodyName, header: Uint8Array): Promise<Hash | undefined> {
    const file = await open(this.path(name), "r").catch(ignoreMissing);
    if (file === undefined) return undefined;
    const hash = createHash("sha256").update(header);
    try {
      for await (const piece of piecesOf(file)) hash.update(piece);
    } finally {
      await file.close();
    }
    return hash.digest("base64");
  }

  /** Writes a file durably and takes it away again. Throws when that fails. */
  async tryWrite(): Promise<void> {
    const path = join(this.root, "probe");
    const file = await open(path, "w", 0o600);
    try {
      await file.writeFile("probe");
      await file.datasync();
    } finally {
      await file.close();
    }
    await rm(path);
  }

  async removeClip(camera: CameraId, clip: ClipId): Promise<void> {
    const path = join(this.root, "clips", camera, clip);
    this.made.delete(path);
    // Power lost here: some bodies stay without a row and a shred key; the sweep removes them.
    await rm(path, { recursive: true, force: true });
    for (const part of await this.partsOf(camera)) {
      if (part.path.includes(`${clip}.`)) await rm(part.path, { force: true });
    }
  }

  /** Every file under `clips`, with the time of its last change. */
  async *stored(): AsyncGenerator<{ camera: string; clip: string; path: string; changedAt: number }> {
    const root = join(this.root, "clips");
    for (const camera of await namesIn(root)) {
      for (const clip of await namesIn(join(root, camera))) {
        for (const name of await namesIn(join(root, camera, clip))) {
          const path = join(root, camera, clip, name);
          const found = await stat(path).catch(ignoreMissing);
          if (found?.isFile() === true) yield { camera, clip, path, changedAt: found.mtimeMs };
        }
      }
    }
  }

  path({ camera, clip, index, sha256 }: BodyName): string {
    const hash = fromBase64(sha256);
    assert(hash.ok, "a stored hash is not base64");
    return join(this.root, "clips", camera, clip, `${index}-${toHex(hash.value.subarray(0, 8))}.body`);
  }

  /** Durable when it resolves; asks the disk once. */
  private async makeDirectory(path: string): Promise<void> {
    if (this.made.has(path)) return;
    await makeDirectory(path);
    if (this.made.size >= knownDirectoriesMax) this.made.clear();
    this.made.add(path);
  }
}

const readBytes = 256 * 1024;
/** More than there are clips that are being recorded; of an older one nobody asks again. */
const knownDirectoriesMax = 1_000;

class FilePart implements Part {
  readonly path: string;
  stored = 0;
  private readonly file: FileHandle;
  private readonly hash;

  private constructor(path: string, file: FileHandle, header: Uint8Array) {
    this.path = path;
    this.file = file;
    this.hash = createHash("sha256").update(header);
  }

  static async open(path: string, header: Uint8Array): Promise<FilePart> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const part = new FilePart(path, file, header);
    if ((await file.stat()).size === 0) return part;
    for await (const piece of piecesOf(file)) {
      part.hash.update(piece);
      part.stored += piece.length;
    }
    return part;
  }

  async append(pieces: readonly Uint8Array[]): Promise<void> {
    let at = this.stored;
    for (const piece of await this.writeAll(pieces)) {
      this.hash.update(piece);
      at += piece.length;
    }
    this.stored = at;
  }

  digest(): Hash {
    return this.hash.copy().digest("base64");
  }

  sync(): Promise<void> {
    // Power lost before this: a prefix, or damage, under the part's own name; after it: the whole body.
    return this.file.datasync();
  }

  close(): Promise<void> {
    return this.file.close();
  }

  async discard(): Promise<void> {
    await this.close();
    await rm(this.path, { force: true });
  }

  /** At a place of its own rather than at the end: two nodes that hold one part write the same bytes twice, not one after the other. */
  private async writeAll(pieces: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const { bytesWritten } = await this.file.writev([...pieces], this.stored);
    if (bytesWritten === bytes) return pieces;
    // A short write means a full disk: the next write says so with its code.
    const rest = Buffer.concat(pieces).subarray(bytesWritten);
    await this.file.write(rest, 0, rest.length, this.stored + bytesWritten);
    return pieces;
  }
}

/** A file from its front to its end. A piece's memory is used again for the next one. */
async function* piecesOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(readBytes);
  for (let at = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}
