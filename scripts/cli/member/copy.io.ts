import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type CharterCamera, cameraVerifier } from "../../../shared/charter/lines.js";
import { checkThumbnail } from "../../../shared/clip/thumbnail.js";
import type { ClipId } from "../../../shared/kernel/ids.js";
import { readIfThere, spareBytes, writeDurably } from "../disk.io.js";
import { fieldsOf } from "../fields.js";
import { Problem } from "../http.io.js";
import { Refused } from "../refused.js";
import { sentenceOf } from "../sentences.js";
import type { Terminal } from "../terminal.io.js";
import { type ClipEntry, readClipHead } from "./clips.io.js";
import type { Cloud } from "./cloud.io.js";
import { type Download, download } from "./download.io.js";
import { findCamera, type Household } from "./household.js";
import { faultOfSealed } from "./recording.js";
import { downloadPicture } from "./thumbnail.io.js";

/** Where copies of a household's clips come to lie, a folder each. */
export interface Copying {
  readonly cloud: Cloud;
  readonly household: Household;
  readonly folder: string;
}

/**
 * A clip's sealed segments with their notes; `clip.json` comes last, so that one without it is begun anew. What is wrong with it,
 * if anything is.
 */
export async function copyClip(
  copying: Copying,
  clip: ClipEntry,
  terminal: Terminal,
): Promise<string | undefined> {
  const place = join(copying.folder, clip.id);
  const done = join(place, "clip.json");
  const whole = { ...clip };
  const before = readIfThere(done);
  if (before === jsonOf(whole)) return undefined;
  // A copy that was whole stays until the new one is: a cloud that turned bad takes nothing from here.
  const making = before === undefined ? place : `${place}.new`;
  const first = await tryClip(copying, { clip, place: making }, terminal);
  if (first !== undefined) {
    rmSync(making, { recursive: true, force: true }); // what lay here may be what is damaged
    const again = await tryClip(copying, { clip, place: making }, terminal);
    if (again !== undefined) return again;
  }
  // Power lost before this: the next run finds the segments, sees that they are whole, and comes here again.
  writeDurably(join(making, "clip.json"), jsonOf(whole));
  if (making === place) return undefined;
  rmSync(place, { recursive: true });
  renameSync(making, place); // power lost before this: the next run loads the clip anew
  return undefined;
}

export const jsonOf = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`;

async function tryClip(
  { cloud, household }: Copying,
  {
    clip: { id, camera: cameraId, hasThumbnail },
    place,
  }: { readonly clip: ClipEntry; readonly place: string },
  terminal: Terminal,
): Promise<string | undefined> {
  const camera = findCamera(household, cameraId);
  if (camera === undefined) return `No charter of your household names its camera ${cameraId}.`;
  try {
    const { sealed } = await download(cloud, { clip: id, folder: place, spareBytes }, terminal);
    if (sealed.segments.length === 0) return "The vault shows no segment of it.";
    for (const [index, { note }] of sealed.segments.entries()) writeDurably(notePath(place, index), note);
    const fault = faultOfSealed(sealed, { household: cloud.profile.household, camera });
    if (fault !== undefined) return sentenceOf(fault);
    return hasThumbnail ? await writePicture(cloud, place, { id, camera }) : undefined;
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return "It was deleted while it was copied.";
    throw fullOr(error, place);
  }
}

async function writePicture(
  cloud: Cloud,
  place: string,
  { id, camera }: Pick<ClipEntry, "id"> & { readonly camera: CharterCamera },
): Promise<string | undefined> {
  const note = (await cloud.get(`/v1/clips/${id}`)).maybe("thumbnail", (fields) => fields.text("note"));
  if (note === undefined) return undefined;
  const sealed = await downloadPicture(cloud, id).catch((error: unknown) => {
    if (error instanceof Problem && error.status >= 500) return undefined;
    throw error;
  });
  const checked = sealed && checkThumbnail({ note, sealed }, cameraVerifier(camera));
  if (sealed === undefined || !checked?.ok || checked.value.clip !== id)
    return "Its picture is not what the camera signed, or the cloud lost it.";
  writeDurably(join(place, "thumbnail.age"), sealed);
  writeDurably(join(place, "thumbnail.note"), note);
  return undefined;
}

function fullOr(error: unknown, place: string): unknown {
  const full =
    error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
  return full
    ? new Refused(
        `The disk is full at ${place}. Make room, then give the same command: it goes on where it stopped.`,
      )
    : error;
}

/** Where those lie that this computer fetches by itself. */
export const copiesIn = ({ folder }: Pick<Cloud, "folder">): string => join(folder, "copies");

/** A copy that was whole when it was made, unopened; `undefined` where there is none that can be read. */
export function readCopy(folder: string, clip: ClipId): Download | undefined {
  const place = join(folder, clip);
  try {
    const { state, camera } = readClipHead(
      fieldsOf(JSON.parse(readIfThere(join(place, "clip.json")) ?? ""), place),
    );
    const segments: { note: string; sealed: Uint8Array }[] = [];
    // As many as lie here, whatever the cloud's list had said.
    for (let note = notePath(place, 0); existsSync(note); note = notePath(place, segments.length))
      segments.push({
        note: readFileSync(note, "utf8"),
        sealed: readFileSync(join(place, `${segments.length}.age`)),
      });
    return { sealed: { clip, state, segments }, camera };
  } catch {
    return undefined;
  }
}

const notePath = (place: string, index: number): string => join(place, `${index}.note`);
