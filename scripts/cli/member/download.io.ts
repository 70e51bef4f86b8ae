import { readFileSync, statSync } from "node:fs";
import { open as openFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { segmentBytesMax, segmentsMax } from "../../../shared/clip/segment.js";
import type { ClipId } from "../../../shared/kernel/ids.js";
import { bytesFree, makeFolder } from "../disk.io.js";
import { UnexpectedAnswer } from "../fields.js";
import { Problem } from "../http.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { readClipHead } from "./clips.io.js";
import type { Cloud } from "./cloud.io.js";
import type { SealedRecording } from "./recording.js";

/** Tries to go on with one segment, and with a whole clip: a cloud that always breaks off must not hold us for hours. */
const resumesMax = { segment: 8, clip: 64 };
const resumePauseMillis = 500;
/** A cloud that sends less than this in a window drips: nobody could watch such a clip. */
const drip = { windowMillis: 60_000, bytesMin: 60 * 1024 };

export interface Place {
  readonly clip: ClipId;
  readonly folder: string;
  /** Stays free on the disk, whatever the cloud says or sends. */
  readonly spareBytes?: number;
}

export interface Download {
  readonly sealed: SealedRecording;
  readonly camera: string;
}

/** The clip's notes and sealed bytes, unopened. What was loaded before stays on the disk (it is sealed) and is not loaded again. */
export async function download(
  cloud: Cloud,
  { clip, folder, spareBytes = 0 }: Place,
  terminal: Terminal,
): Promise<Download> {
  const path = `/v1/clips/${clip}`;
  const detail = await cloud.get(path);
  const { state, camera } = readClipHead(detail);
  const entries = detail.list("segments", (fields) => ({
    index: fields.number("index"),
    note: fields.text("note"),
    bytes: Math.min(fields.number("bytes"), segmentBytesMax),
  }));
  if (entries.length > segmentsMax)
    throw new UnexpectedAnswer(`the clip lists ${entries.length} segments, and the most is ${segmentsMax}`);
  makeFolder(folder, 0o700);
  const segments: { note: string; sealed: Uint8Array }[] = [];
  const tries: Tries = { left: 2 * entries.length + resumesMax.clip }; // one to load, one to see that it is whole
  for (const { index, note, bytes } of entries) {
    terminal.progress(`loading segment ${index + 1} of ${entries.length} …`);
    if (bytesFree(folder) < bytes + spareBytes)
      throw new Refused(`The disk is full at ${folder}. Make room on it.`);
    const file = join(folder, `${index}.age`);
    const isThere =
      bytes > 0 && (await downloadSegment(cloud, { path: `${path}/segments/${index}`, file, bytes }, tries));
    segments.push({ note, sealed: isThere ? readFileSync(file) : new Uint8Array(0) });
  }
  return { sealed: { clip, state, segments }, camera };
}

interface Tries {
  left: number;
}

interface Segment {
  readonly path: string;
  readonly file: string;
  readonly bytes: number;
}

/**
 * Appends to what is there until all is there: a lost connection costs only what was under way. False when the vault has
 * not the segment, or breaks off each time: one that is lost must not withhold those before it.
 */
async function downloadSegment(cloud: Cloud, segment: Segment, tries: Tries): Promise<boolean> {
  for (let resumes = 0; resumes <= resumesMax.segment && tries.left-- > 0; resumes++) {
    const have = lengthOf(segment.file);
    if (have === segment.bytes) return true;
    if (resumes > 1) await wait(resumePauseMillis);
    if (!(await append(cloud, segment, have < segment.bytes ? have : 0))) return false;
  }
  return lengthOf(segment.file) === segment.bytes;
}

function lengthOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** False when the vault gives nothing. A connection that breaks ends this without an error; what came before stays. */
async function append(cloud: Cloud, { path, file }: Segment, from: number): Promise<boolean> {
  const headers = { accept: "application/octet-stream", ...(from > 0 && { range: `bytes=${from}-` }) };
  const answer = await cloud.stream({ method: "GET", path, headers }).catch(noneOrThrow);
  if (answer === undefined) return false;
  const resumed = answer.statusCode === 206;
  const handle = await openFile(file, resumed ? "a" : "w", 0o600);
  try {
    for await (const part of take(answer, segmentBytesMax - (resumed ? from : 0))) await handle.write(part);
  } finally {
    await handle.close();
  }
  return true;
}

function noneOrThrow(error: unknown): undefined {
  if (error instanceof Problem && (error.status >= 500 || [404, 410, 416].includes(error.status)))
    return undefined;
  throw error;
}

/** At most `bytesMax` of an answer's bytes, and no error where the connection breaks. */
async function* take(answer: IncomingMessage, bytesMax: number): AsyncGenerator<Uint8Array> {
  let left = bytesMax;
  let wanted = bytesMax - drip.bytesMin;
  const timer = setInterval(() => {
    if (left > wanted)
      answer.destroy(new Refused("The cloud's bytes only drip. Try again later; ask its operator."));
    wanted = left - drip.bytesMin;
  }, drip.windowMillis);
  try {
    for await (const part of answer) {
      left -= part.length;
      if (left < 0) throw new Refused("The cloud sends more than a segment can hold. Ask its operator.");
      yield part;
    }
  } catch (error) {
    if (error instanceof Refused) throw error;
  } finally {
    clearInterval(timer);
  }
}
