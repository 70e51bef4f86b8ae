import { resolve } from "node:path";
import { thumbnailBytesMax } from "../../../shared/clip/thumbnail.js";
import type { ClipId } from "../../../shared/kernel/ids.js";
import { refuseUnwritable, writeDurably } from "../disk.io.js";
import { Refused } from "../refused.js";
import { sentenceOf } from "../sentences.js";
import type { Terminal } from "../terminal.io.js";
import { cameraIdentities } from "./cameras.io.js";
import { clipIdOf, readClipHead } from "./clips.io.js";
import { type Cloud, openCloud } from "./cloud.io.js";
import { findCamera, type Household } from "./household.js";
import { openPicture } from "./picture.js";

export interface ThumbnailOptions {
  readonly clip: string;
  readonly out?: string;
}

/** A cloud that is silent for longer sends nothing any more. */
const silenceMillisMax = 30_000;

/** Downloads a clip's picture, opens it here and writes the JPEG, or says exactly why it is not what the camera signed. */
export async function memberThumbnail(
  folder: string,
  options: ThumbnailOptions,
  terminal: Terminal,
): Promise<void> {
  const clip = clipIdOf(options.clip);
  const out = resolve(options.out ?? `${clip}.jpg`);
  refuseUnwritable(out);
  const cloud = openCloud(folder);
  const household = await cloud.household();
  let { opened, camera } = await openNewest(cloud, household, clip);
  // A later take may have come between its note and its bytes.
  if (!opened.ok && opened.error.kind === "thumbnail-differs")
    ({ opened, camera } = await openNewest(cloud, household, clip));
  if (!opened.ok)
    throw new Refused(
      `The picture of clip ${clip} does not verify. ${sentenceOf(opened.error)} Nothing was written.`,
    );
  writeDurably(out, opened.value.jpeg);
  const at = new Date(opened.value.note.at).toISOString();
  terminal.json({ file: out, clip, camera: camera.id, at });
  terminal.say(`Verified: the picture is what ${camera.name} (${camera.id}) signed for this clip.`);
  terminal.say(`  the door at ${at}, written to ${out}`);
}

async function openNewest(cloud: Cloud, household: Household, clip: ClipId) {
  const detail = await cloud.get(`/v1/clips/${clip}`);
  const note = detail.maybe("thumbnail", (fields) => fields.text("note"));
  if (note === undefined)
    throw new Refused(
      `Clip ${clip} has no picture: the camera made none, or lost it with its power. See the clip itself: lintel member open ${clip}`,
    );
  const camera = findCamera(household, readClipHead(detail).camera);
  if (camera === undefined)
    throw new Refused("No charter of your household names this clip's camera. Nothing was written.");
  const keys = await cameraIdentities(cloud, household, camera.id);
  const identities = keys.map(({ identity }) => identity);
  const sealed = await downloadPicture(cloud, clip);
  const trust = { household: cloud.profile.household, camera, identities };
  return { opened: await openPicture({ clip, note, sealed }, trust), camera };
}

/** The sealed picture, unopened. */
export async function downloadPicture(cloud: Cloud, clip: ClipId): Promise<Uint8Array> {
  const headers = { accept: "application/octet-stream" };
  const path = `/v1/clips/${clip}/thumbnail`;
  const answer = await cloud.stream({ method: "GET", path, headers, silenceMillis: silenceMillisMax });
  const pieces: Uint8Array[] = [];
  let left = thumbnailBytesMax;
  for await (const piece of answer) {
    left -= piece.length;
    if (left < 0) throw new Refused("The cloud sends more than a picture can hold. Ask its operator.");
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
