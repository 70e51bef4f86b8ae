import { type CharterCamera, type Member, maySee } from "../../../shared/charter/lines.js";
import type { Identity } from "../../../shared/seal/age.js";
import { Refused } from "../refused.js";
import { type CameraKeyFile, keyFileFor, nextEpoch } from "./camerakey.js";
import { cameraIdentities } from "./cameras.io.js";
import type { Cloud } from "./cloud.io.js";
import type { Household } from "./household.js";

/**
 * The cameras and their keys for other members than those of the newest charter: whoever gains sight of a camera gets its present
 * key; a camera that somebody loses gets a new one, without them.
 */
export async function withKeysFor(
  cloud: Cloud,
  household: Household,
  members: readonly Member[],
): Promise<{
  readonly members: readonly Member[];
  readonly cameras: readonly CharterCamera[];
  readonly keyFiles: readonly CameraKeyFile[];
}> {
  const cameras: CharterCamera[] = [];
  const keyFiles: CameraKeyFile[] = [];
  for (const camera of household.newest.cameras) {
    const before = viewersOf(camera, household.newest.members);
    const after = viewersOf(camera, members);
    const lost = before.some((id) => !after.includes(id));
    const gained = after.some((id) => !before.includes(id));
    const next = lost ? await nextEpoch(members, camera) : undefined;
    cameras.push(next?.line ?? camera);
    if (next !== undefined) keyFiles.push(next.keyFile);
    else if (gained)
      keyFiles.push(await keyFileFor(members, camera, await presentKey(cloud, household, camera)));
  }
  return { members, cameras, keyFiles };
}

function viewersOf(camera: CharterCamera, members: readonly Member[]): readonly string[] {
  return members.filter((member) => maySee(member, camera)).map(({ recipient }) => recipient);
}

async function presentKey(cloud: Cloud, household: Household, camera: CharterCamera): Promise<Identity> {
  const held = await cameraIdentities(cloud, household, camera.id);
  const present = held.find(({ epoch }) => epoch === camera.epoch);
  if (present !== undefined) return present.identity;
  throw new Refused(`You do not hold the present key of camera ${camera.name}; another owner must do this.`);
}
