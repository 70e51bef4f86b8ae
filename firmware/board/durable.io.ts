import { randomUUID } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** Code of the error where something else stands in the place of one of our files. */
export const notAFile = "LINTEL_NOT_A_FILE";

/** The file's bytes; `undefined` when there is none. Throws when it is there and cannot be read. */
export function readIfThere(path: string): Buffer | undefined {
  try {
    // To open a pipe is to wait for whoever writes into it.
    if (!statSync(path).isFile()) throw Object.assign(new Error(`${path} is not a file`), { code: notAFile });
    return readFileSync(path);
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Replaces a small file as a whole, in a directory that is made when there is none; durable when it returns. Readable by its owner only. */
export function writeDurably(path: string, content: string | Uint8Array): void {
  const half = `${path}.${randomUUID()}.half`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    writeHalf(half, content);
    // Power lost before this: the old file stands, beside a half that nobody reads.
    renameSync(half, path);
  } catch (error) {
    rmSync(half, { force: true });
    throw error;
  }
  // Power lost before this: the directory may name the old file or the new one; either is whole.
  syncDirectory(dirname(path));
}

/** Takes a file that cannot be understood out of the way, keeping it for whoever wants to look. */
export function setAside(path: string, now: number): string {
  const aside = `${path}.damaged-${now}`;
  renameSync(path, aside);
  syncDirectory(dirname(path));
  return aside;
}

function writeHalf(half: string, content: string | Uint8Array): void {
  const file = openSync(half, "wx", 0o600);
  try {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
