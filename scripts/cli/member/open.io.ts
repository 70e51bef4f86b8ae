import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { open as openFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { CharterCamera } from "../../../shared/charter/lines.js";
import { segmentBytesMax, segmentsMax } from "../../../shared/clip/segment.js";
import type { ClipId } from "../../../shared/kernel/ids.js";
import { nativeHashOf, nativeVerifier } from "../../../shared/seal/native.io.js";
import { makeFolder, refuseUnwritable, writeDurably } from "../disk.io.js";
import { UnexpectedAnswer } from "../fields.js";
import { Problem } from "../http.io.js";
import { Refused } from "../refused.js";
import { sentenceOf } from "../sentences.js";
import type { Terminal } from "../terminal.io.js";
import { cameraIdentities } from "./cameras.io.js";
import { clipIdOf, readClipHead } from "./clips.io.js";
import { type Cloud, openCloud } from "./cloud.io.js";
import { findCamera } from "./household.js";
import { type Hole, openRecording, type Recording, type SealedRecording } from "./recording.js";

/** Tries to go on with one segment, and with a whole clip: a cloud that always breaks off must not hold us for hours. */
const resumesMax = { segment: 8, clip: 64 };
const resumePauseMillis = 500;
/** A cloud that sends less than this in a window drips: nobody could watch such a clip. */
const drip = { windowMillis: 60_000, bytesMin: 60 * 1024 };

export interface OpenOptions {
  readonly clip: string;
  readonly out?: string;
}

/** Downloads a clip, opens it here and writes the MP4, or says exactly why it is not what the camera signed. */
export async function memberOpen(folder: string, options: OpenOptions, terminal: Terminal): Promise<void> {
  const clip = clipIdOf(options.clip);
  const out = resolve(options.out ?? `${clip}.mp4`);
  refuseUnwritable(out);
  const { recording, camera, forget } = await openVerified(openCloud(folder), clip, terminal);
  writeDurably(out, recording.mp4);
  forget();
  report(recording, { out, camera: camera.name }, terminal);
}

interface Verified {
  readonly recording: Recording;
  readonly camera: CharterCamera;
  /** Takes away the sealed copy from which an interrupted command goes on. */
  forget(): void;
}

/** Downloads a clip and opens it here. Refuses what its camera did not sign so. */
export async function openVerified(cloud: Cloud, clip: ClipId, terminal: Terminal): Promise<Verified> {
  const place = { clip, folder: join(cloud.folder, "downloads", clip) };
  const begun = existsSync(place.folder);
  let { opened, camera } = await openDownload(cloud, place, terminal);
  // What lay here from an earlier try may be what is damaged.
  if (begun && (!opened.ok || opened.value.hole))
    ({ opened, camera } = await openDownload(cloud, place, terminal));
  if (!opened.ok)
    throw new Refused(`Clip ${clip} does not verify. ${sentenceOf(opened.error)} Nothing was written.`);
  const forget = () => rmSync(place.folder, { recursive: true, force: true });
  return { recording: opened.value, camera, forget };
}

interface Opened {
  readonly opened: Awaited<ReturnType<typeof openRecording>>;
  readonly camera: CharterCamera;
}

async function openDownload(cloud: Cloud, place: Place, terminal: Terminal): Promise<Opened> {
  const { sealed, camera: id } = await download(cloud, place, terminal);
  const household = await cloud.household();
  const camera = findCamera(household, id);
  if (camera === undefined)
    throw new Refused(
      `No charter of your household names camera ${id}. This clip is not yours, or the cloud mixed it up.`,
    );
  const identities = await cameraIdentities(cloud, household, camera.id);
  const opened = await openRecording(sealed, {
    household: cloud.profile.household,
    camera,
    charters: household.charters.map(({ hash }) => hash),
    identities: identities.map(({ identity }) => identity),
    native: { hashOf: nativeHashOf, verifier: nativeVerifier },
  });
  if (!opened.ok || opened.value.hole) rmSync(place.folder, { recursive: true, force: true }); // it would stay damaged
  return { opened, camera };
}

interface Place {
  readonly clip: ClipId;
  readonly folder: string;
}

interface Download {
  readonly sealed: SealedRecording;
  readonly camera: string;
}

/** The clip's notes and sealed bytes, unopened. What was loaded before stays on the disk (it is sealed) and is not loaded again. */
export async function download(cloud: Cloud, { clip, folder }: Place, terminal: Terminal): Promise<Download> {
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

function report(
  { clip, segments, end, seconds, hole }: Recording,
  { out, camera }: { readonly out: string; readonly camera: string },
  terminal: Terminal,
): void {
  const { manifest, fragments, init } = clip;
  const start = new Date(manifest.start).toISOString();
  const facts = { start, seconds, trigger: manifest.trigger, clock: manifest.clock, end };
  const lacks = hole && { lacks: hole.lacks };
  terminal.json({ file: out, clip: manifest.clip, camera: manifest.camera, ...facts, segments, ...lacks });
  const none = end === "no" || hole ? "none of them changed" : "none missing or changed";
  terminal.say(
    `Verified: ${segments} sealed segments and ${fragments.length} fragments, all signed by ${camera} (${manifest.camera}), ${none}.`,
  );
  const sound = fragments.some(({ track }) => track !== init.track) ? ", with sound" : "";
  const clock =
    manifest.clock === "synchronised" ? "" : " (the camera's clock was not set: the time may be wrong)";
  terminal.say(
    `  ${manifest.trigger} at the door, from ${start}${clock}, ${seconds.toFixed(1)} s, ${init.width}x${init.height}${sound}`,
  );
  if (end === "interrupted")
    terminal.say(
      "  Interrupted: the camera was stopped, or lost its power or picture; up to 2 s before that are missing.",
    );
  if (hole) terminal.warn(holeSentence(hole));
  else if (end === "no")
    terminal.warn("No signed end: the camera still records, or it fell silent, or footage is withheld.");
  terminal.say(`  written to ${out}`);
}

function holeSentence({ why, lacks }: Hole): string {
  const which = lacks.length === 0 ? "" : ` Not here whole: segment ${lacks.join(", ")}.`;
  return `The vault does not give the clip's rest as the camera signed it. ${sentenceOf(why)}${which} Only what stands before was opened.`;
}
