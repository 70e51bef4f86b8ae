import { copyFile, mkdir, open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { CameraId, ClipId } from "../../shared/kernel/ids.js";
import type { Hash } from "../../shared/seal/hash.js";
import { ignoreMissing } from "../disk.io.js";
import { BetterSqlite3 } from "../sqlite.io.js";
import type { BodyName } from "../vault/bodies.io.js";

export interface StoredBody extends BodyName {
  readonly household: string;
  /** Of the file: the segment without its header. */
  readonly fileBytes: number;
}

/** The bodies that a database names, in the order of its rows. */
export function* bodiesIn(database: string): Generator<StoredBody> {
  const db = new BetterSqlite3(database, { readonly: true });
  try {
    const rows = db.prepare<[], BodyRow>(
      `select segment.household, camera, clip, segment, sha256, segment.bytes - header_bytes as fileBytes
       from segment join clip on clip.household = segment.household and clip.id = segment.clip
       where deleted_at is null and segment.bytes > 0`,
    );
    for (const { household, camera, clip, segment, sha256, fileBytes } of rows.iterate())
      yield {
        household,
        camera: camera as CameraId,
        clip: clip as ClipId,
        index: segment,
        sha256: sha256 as Hash,
        fileBytes,
      };
  } finally {
    db.close();
  }
}

interface BodyRow {
  readonly household: string;
  readonly camera: string;
  readonly clip: string;
  readonly segment: number;
  readonly sha256: string;
  readonly fileBytes: number;
}

/** Durable when it resolves. False when there is nothing to copy; `bytes` is the length that a copy which is there has. */
export async function copyOnce(
  from: string,
  to: string,
  bytes: number,
): Promise<"copied" | "there" | "missing"> {
  if ((await sizeOf(to)) === bytes) return "there";
  if ((await sizeOf(from)) !== bytes) return "missing";
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  return (await copyDurably(from, to)) ? "copied" : "missing";
}

/** False when the file was taken away. Power lost before the rename: a half-written file under a name that nothing reads. */
export async function copyDurably(from: string, to: string): Promise<boolean> {
  const half = `${to}.half`;
  try {
    await copyFile(from, half);
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
  await syncFile(half);
  await rename(half, to);
  return true;
}

/** For its owner only, and durable. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.chmod(0o600);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** `undefined` when there is nothing. */
async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(ignoreMissing))?.size;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
