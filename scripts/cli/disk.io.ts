import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** A folder that only this user may look into. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
}

/** Whole and on the disk when this returns; `mode` 0600 unless said otherwise. */
export function writeDurably(path: string, data: string | Uint8Array, mode = 0o600): void {
  const half = `${path}.${randomBytes(4).toString("hex")}.half`;
  const file = openSync(half, "wx", mode);
  try {
    const bytes = Buffer.from(data);
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file); // power lost before here: the old file stands, a *.half lies beside it
  } finally {
    closeSync(file);
  }
  renameSync(half, path);
  syncFolder(dirname(path)); // power lost before this: the old or the new file stands, whole
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  fsyncSync(folder);
  closeSync(folder);
}

/** The file's text, or `undefined` where there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
