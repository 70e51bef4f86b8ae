import { type CharterCamera, type Member, maySee } from "../../../shared/charter/lines.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { chooseCamera } from "./camera.io.js";
import { type CameraKeyFile, nextEpoch } from "./camerakey.js";
import { changeCharter } from "./charter.io.js";
import { openCloud } from "./cloud.io.js";
import type { Household } from "./household.js";

export async function memberList(folder: string, terminal: Terminal): Promise<void> {
  const cloud = openCloud(folder);
  const { newest } = await cloud.household();
  for (const { id, role, name } of newest.members) {
    const you = id === cloud.profile.member;
    terminal.json({ id, role, name, you });
    terminal.say(`${id}  ${role.padEnd(7)}  ${name}${you ? " (you)" : ""}`);
  }
}

/** Takes a member out of the household, and gives the cameras that they saw new keys without them. */
export async function memberRemove(folder: string, wanted: string, terminal: Terminal): Promise<void> {
  const cloud = openCloud(folder);
  const leaving = chooseMember(await cloud.household(), wanted);
  const sees = ({ place }: CharterCamera): boolean => maySee(leaving.role, place);
  if (!(await terminal.agreed(`Remove ${leaving.name} (${leaving.id}, ${leaving.role}) from the household?`)))
    throw new Refused("Nothing was signed.");
  const version = await changeCharter(cloud, async ({ newest }) => {
    const members = newest.members.filter(({ id }) => id !== leaving.id);
    if (members.length === newest.members.length) return undefined;
    return { members, ...(await withNewKeys(newest.cameras, members, sees)) };
  });
  terminal.json({ event: "removed", member: leaving.id, charter: version });
  terminal.say(
    `${leaving.name} is no member any more since charter ${version}; the cloud lets them in no more.`,
  );
  terminal.say(
    "Cameras seal to new keys once they follow it. Recordings of before stay readable to whoever held the old ones.",
  );
}

/** New keys for the cameras of `which`, sealed to `members`. */
async function withNewKeys(
  all: readonly CharterCamera[],
  members: readonly Member[],
  which: (camera: CharterCamera) => boolean,
): Promise<{ readonly cameras: readonly CharterCamera[]; readonly keyFiles: readonly CameraKeyFile[] }> {
  const cameras: CharterCamera[] = [];
  const keyFiles: CameraKeyFile[] = [];
  for (const camera of all) {
    const renewed = which(camera) ? await nextEpoch(members, camera) : undefined;
    cameras.push(renewed?.line ?? camera);
    if (renewed !== undefined) keyFiles.push(renewed.keyFile);
  }
  return { cameras, keyFiles };
}

/** By id, or by a name that only one has. */
function chooseMember({ newest }: Household, wanted: string): Member {
  const found = newest.members.filter(({ id, name }) => id === wanted || name === wanted);
  const [one, ...others] = found;
  if (one === undefined)
    throw new Refused(
      `Your household has no member "${wanted}". "lintel member members" lists those it has.`,
    );
  if (others.length > 0)
    throw new Refused(
      `Several members are called "${wanted}". Give the id of the one you mean; "lintel member members" lists them.`,
    );
  return one;
}

/** Gives a camera a new key, or takes it out of the household, as `change` says. */
export async function memberCameraKeys(
  folder: string,
  { camera: wanted, change }: { readonly camera: string; readonly change: "rotate" | "remove" },
  terminal: Terminal,
): Promise<void> {
  const cloud = openCloud(folder);
  const { id, name } = chooseCamera(await cloud.household(), wanted);
  if (change === "remove" && !(await terminal.agreed(`Remove camera ${name} (${id}) from the household?`)))
    throw new Refused("Nothing was signed.");
  const version = await changeCharter(cloud, async ({ newest }) => {
    const cameras = newest.cameras.filter((camera) => camera.id !== id);
    if (cameras.length === newest.cameras.length) return undefined;
    if (change === "remove") return { cameras };
    return withNewKeys(newest.cameras, newest.members, (camera) => camera.id === id);
  });
  terminal.json({ event: change === "remove" ? "removed" : "rotated", camera: id, charter: version });
  terminal.say(
    change === "remove"
      ? `Camera ${name} is out of the household since charter ${version}: it records no more once it hears so. Its recordings stay. For another household, reset it there and claim it anew.`
      : `Camera ${name} seals to a new key once it follows charter ${version}. Recordings of before stay readable to whoever held the old one.`,
  );
}
