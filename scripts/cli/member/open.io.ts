import { existsSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { CharterCamera } from "../../../shared/charter/lines.js";
import type { ClipId } from "../../../shared/kernel/ids.js";
import { nativeHashOf, nativeVerifier } from "../../../shared/seal/native.io.js";
import { refuseUnwritable, writeDurably } from "../disk.io.js";
import { Refused } from "../refused.js";
import { sentenceOf } from "../sentences.js";
import type { Terminal } from "../terminal.io.js";
import { cameraIdentities, keptIdentities } from "./cameras.io.js";
import { clipIdOf } from "./clips.io.js";
import { type Cloud, openCloud } from "./cloud.io.js";
import { copiesIn, readCopy } from "./copy.io.js";
import { type Download, download, type Place } from "./download.io.js";
import { findCamera } from "./household.js";
import { type Hole, openRecording, type Recording } from "./recording.js";

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

/** Opens a clip here: from the copy that lies here, else from the vault. Refuses what its camera did not sign so. */
export async function openVerified(cloud: Cloud, clip: ClipId, terminal: Terminal): Promise<Verified> {
  const copied = await openCopy(cloud, clip);
  if (copied !== undefined) return copied;
  if (existsSync(copiesIn(cloud)))
    terminal.warn(`No copy of clip ${clip} lies here: it is fetched now, and the cloud sees which.`);
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

/** Asks the cloud for nothing that depends on the clip. `undefined` where no copy lies here, or one that does not hold. */
async function openCopy(cloud: Cloud, clip: ClipId): Promise<Verified | undefined> {
  const copy = readCopy(copiesIn(cloud), clip);
  if (copy === undefined) return undefined;
  const { opened, camera } = await openSealed(cloud, copy, keptIdentities);
  return opened.ok && !opened.value.hole ? { recording: opened.value, camera, forget() {} } : undefined;
}

interface Opened {
  readonly opened: Awaited<ReturnType<typeof openRecording>>;
  readonly camera: CharterCamera;
}

async function openDownload(cloud: Cloud, place: Place, terminal: Terminal): Promise<Opened> {
  const found = await openSealed(cloud, await download(cloud, place, terminal), cameraIdentities);
  if (!found.opened.ok || found.opened.value.hole) rmSync(place.folder, { recursive: true, force: true }); // it would stay damaged
  return found;
}

async function openSealed(
  cloud: Cloud,
  { sealed, camera: id }: Download,
  identitiesOf: typeof cameraIdentities,
): Promise<Opened> {
  const household = await cloud.household();
  const camera = findCamera(household, id);
  if (camera === undefined)
    throw new Refused(
      `No charter of your household names camera ${id}. This clip is not yours, or the cloud mixed it up.`,
    );
  const identities = await identitiesOf(cloud, household, camera.id);
  const opened = await openRecording(sealed, {
    household: cloud.profile.household,
    camera,
    charters: household.charters.map(({ hash }) => hash),
    identities: identities.map(({ identity }) => identity),
    native: { hashOf: nativeHashOf, verifier: nativeVerifier },
  });
  return { opened, camera };
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
