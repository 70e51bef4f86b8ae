import { createHash } from "node:crypto";
import { join } from "node:path";
import { openSegment, parseSegment } from "../../shared/clip/segment.js";
import type { Millis } from "../../shared/kernel/brand.js";
import type { ClipId } from "../../shared/kernel/ids.js";
import { textOf, type Verifier } from "../../shared/seal/note.js";
import { errorCode } from "./disk.io.js";
import type { Disk } from "./disk.js";
import { decodeFrame, type Frame, frameBytes } from "./frame.js";
import type { ShelvedSegment } from "./shelf.js";

/** Bytes that are read at once to compare a segment with its note. */
const readBytes = 256 * 1024;

/** In the name of a segment file that was set aside; the time follows. */
export const asideMark = ".damaged-";

export interface SegmentPlace {
  readonly dir: string;
  readonly clip: ClipId;
  readonly index: number;
}

export const segmentPath = ({ dir, index }: Pick<SegmentPlace, "dir" | "index">): string =>
  join(dir, `${index}.seg`);
export const receiptPath = ({ dir, index }: Pick<SegmentPlace, "dir" | "index">): string =>
  join(dir, `${index}.done`);

/** Reads a segment's frame; `undefined` when it is not whole, not this segment's, or the file is not as long as it says. */
export async function readSegment(
  disk: Disk,
  place: SegmentPlace,
): Promise<{ readonly segment: Omit<ShelvedSegment, "acknowledged">; readonly frame: Frame } | undefined> {
  const path = segmentPath(place);
  const head = await readFile(disk, path, frameBytes);
  const fileBytes = await disk.size(path);
  const frame = head === undefined ? undefined : decodeFrame(head);
  if (frame === undefined || fileBytes === undefined) return undefined;
  const note = parseSegment(textOf(frame.note));
  if (!note.ok || note.value.clip !== place.clip || note.value.index !== place.index) return undefined;
  if (fileBytes !== frameBytes + note.value.bytes || frame.headerBytes > note.value.bytes) return undefined;
  const { end, sha256 } = note.value;
  const { headerBytes, from, to } = frame;
  return { segment: { index: place.index, fileBytes, headerBytes, end, sha256, from, to }, frame };
}

/** A file's first bytes; `undefined` of what is none or empty, such as a directory or a pipe. */
export async function readFile(disk: Disk, path: string, length: number): Promise<Uint8Array | undefined> {
  try {
    // A pipe has no bytes, and to open one is to wait for whoever writes into it.
    const size = await disk.size(path);
    return size === undefined || size === 0 ? undefined : await disk.read(path, 0, length);
  } catch (error) {
    if (isNoFile(error)) return undefined;
    throw error;
  }
}

/** Whether the world refused because what has this name is not what it should be. */
export function isNoFile(error: unknown): boolean {
  return ["EISDIR", "ERR_FS_EISDIR", "ENOTDIR"].includes(errorCode(error) ?? "");
}

/** Whether a segment is what its note says and the camera signed it. */
export async function isWhole(disk: Disk, place: SegmentPlace, camera: Verifier): Promise<boolean> {
  const found = await readSegment(disk, place);
  if (found === undefined) return false;
  const note = openSegment(found.frame.note, camera);
  if (!note.ok) return false;
  const hash = createHash("sha256");
  for (let at = 0; at < note.value.bytes; at += readBytes) {
    const length = Math.min(readBytes, note.value.bytes - at);
    const part = await disk.read(segmentPath(place), frameBytes + at, length);
    if (part?.length !== length) return false;
    hash.update(part);
  }
  return hash.digest("base64") === note.value.sha256;
}

/** Renames a segment file so that it is never read again; its bytes stay for whoever wants to know. */
export async function setAside(
  disk: Disk,
  place: Pick<SegmentPlace, "dir" | "index">,
  now: Millis,
): Promise<number> {
  const aside = segmentPath(place) + asideMark + now;
  await disk.rename(segmentPath(place), aside);
  await disk.syncDir(place.dir);
  return (await disk.size(aside)) ?? 0;
}
