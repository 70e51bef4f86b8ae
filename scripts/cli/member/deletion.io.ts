import { rmSync } from "node:fs";
import { join } from "node:path";
import { memberKeyName } from "../../../shared/charter/lines.js";
import { formatDeletion } from "../../../shared/clip/custody.js";
import type { ClipId } from "../../../shared/kernel/ids.js";
import { signNote } from "../../../shared/seal/note.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock } from "../world.io.js";
import { clipIdOf } from "./clips.io.js";
import { type Cloud, openCloud } from "./cloud.io.js";
import { copiesIn } from "./copy.io.js";
import { findCamera } from "./household.js";

/** Deletes a clip in the vault and, by a signed note, on the camera's own card. */
export async function memberDelete(folder: string, clipText: string, terminal: Terminal): Promise<void> {
  const clip = clipIdOf(clipText);
  const cloud = openCloud(folder);
  const note = await deletionNote(cloud, clip);
  if (!(await terminal.agreed(`Delete clip ${clip} for everybody, for ever?`)))
    throw new Refused("Nothing was deleted.");
  await cloud.call({ method: "DELETE", path: `/v1/clips/${clip}`, body: { note } });
  rmSync(join(copiesIn(cloud), clip), { recursive: true, force: true });
  terminal.json({ deleted: clip });
  terminal.say(
    `Clip ${clip} is gone: its key in the vault is destroyed, and the camera is told to delete its copy.`,
  );
}

async function deletionNote(cloud: Cloud, clip: ClipId): Promise<string> {
  const { household, member, keys } = cloud.profile;
  const entry = await cloud.get(`/v1/clips/${clip}`);
  const camera = findCamera(await cloud.household(), entry.text("camera"));
  if (camera === undefined)
    throw new Refused("No charter of your household names this clip's camera. Nothing was deleted.");
  const text = formatDeletion({ household, camera: camera.id, clip, at: systemClock.wall() });
  return signNote(text, [{ name: memberKeyName(member), secretKey: keys.noteSecret }]);
}
