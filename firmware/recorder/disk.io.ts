import { lstat, mkdir, open, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Disk } from "./disk.js";

/** Sealed footage is nobody's to read but the firmware's, though it opens for the household alone. */
const fileMode = 0o600;
const dirMode = 0o700;

/** Ends the name of a file that is being written; what a power cut leaves of one is removed at boot. */
export const unfinished = ".part";

export const systemDisk: Disk = {
  async makeDir(path) {
    await mkdir(path, { recursive: true, mode: dirMode });
  },
  async list(path) {
    return (await unlessAbsent(readdir(path))) ?? [];
  },
  async kind(path) {
    const found = (await unlessAbsent(stat(path))) ?? (await unlessAbsent(lstat(path)));
    if (found === undefined) return undefined;
    return found.isFile() ? "file" : found.isDirectory() ? "directory" : "other";
  },
  async size(path) {
    return (await unlessAbsent(stat(path)))?.size;
  },
  async read(path, offset, length) {
    const file = await unlessAbsent(open(path, "r"));
    if (file === undefined) return undefined;
    try {
      const buffer = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await file.read(buffer, filled, length - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    } finally {
      await file.close();
    }
  },
  async write(path, parts, { sync }) {
    const file = await open(path, "w", fileMode);
    try {
      for (const part of parts) await writeWhole(file, part);
      // fdatasync writes the length too; times may be lost.
      if (sync) await file.datasync();
    } finally {
      await file.close();
    }
  },
  rename,
  async syncDir(path) {
    const directory = await open(path, "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },
  async remove(path) {
    await rm(path, { force: true });
  },
  async removeDir(path) {
    await unlessAbsent(rmdir(path));
  },
};

/** Puts a file in place, whole or not at all, whatever stood there before; durable when resolved. */
export async function replaceFile(disk: Disk, path: string, parts: readonly Uint8Array[]): Promise<void> {
  const half = path + unfinished;
  try {
    // Power lost here: the old file stands; what there is of the new one is removed at boot.
    await disk.write(half, parts, { sync: true });
  } catch (error) {
    await disk.remove(half).catch(() => {}); // gives back the room that it took; the first failure is the one to tell
    throw error;
  }
  // Power lost here: the old file or the whole new one stands, never a part: the content was durable before its name.
  await disk.rename(half, path);
  await disk.syncDir(dirname(path));
}

interface WritableFile {
  write(data: Uint8Array, offset: number, length: number): Promise<{ bytesWritten: number }>;
}

async function writeWhole(file: WritableFile, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.length; ) at += (await file.write(data, at, data.length - at)).bytesWritten;
}

async function unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    // A link that leads round to itself leads to nothing.
    if (["ENOENT", "ELOOP"].includes(errorCode(error) ?? "")) return undefined;
    throw error;
  }
}

/** The system's name for what went wrong. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Whether the world refused for want of room: the card is full, or our share of it is. */
export function isFull(error: unknown): boolean {
  const code = errorCode(error);
  return code === "ENOSPC" || code === "EDQUOT";
}
