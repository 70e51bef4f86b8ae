import { isDeepStrictEqual } from "node:util";
import type { Member, Role } from "../../../shared/charter/lines.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { chooseCamera } from "./camera.io.js";
import { nextEpoch } from "./camerakey.js";
import { changeCharter } from "./charter.io.js";
import { openCloud } from "./cloud.io.js";
import type { Household } from "./household.js";
import { withKeysFor } from "./sight.io.js";

export async function memberList(folder: string, terminal: Terminal): Promise<void> {
  const cloud = openCloud(folder);
  const { newest } = await cloud.household();
  for (const { id, role, name, sees } of newest.members) {
    const you = id === cloud.profile.member;
    terminal.json({ id, role, name, you, ...(sees && { sees }) });
    terminal.say(`${id}  ${role.padEnd(7)}  ${name}${you ? " (you)" : ""}${sightText(newest.cameras, sees)}`);
  }
}

function sightText(cameras: Household["newest"]["cameras"], sees: Member["sees"]): string {
  if (sees === undefined) return "";
  const names = cameras.filter(({ id }) => sees.includes(id)).map(({ name }) => name);
  return `, sees ${names.join(", ") || "no camera"} only`;
}

export interface SightOptions {
  /** These cameras alone, by id or name. */
  readonly camera?: readonly string[];
}

export interface ChangeOptions extends SightOptions {
  readonly role?: Role;
  readonly allCameras?: boolean;
}

/** `member` as the options say. Owners see every camera. */
export function standingOf(
  household: Household,
  member: Member,
  { role = member.role, camera: cameras, allCameras = false }: ChangeOptions,
): Member {
  const { sees: before, ...others } = member;
  if (role === "owner" && cameras !== undefined)
    throw new Refused("An owner sees every camera: leave --camera out, or give another role.");
  const named = cameras?.map((wanted) => chooseCamera(household, wanted).id);
  const sees = role === "owner" || allCameras ? undefined : (named ?? before);
  return { ...others, role, ...(sees && { sees }) };
}

/** Gives a member another role or other cameras to see. */
export async function memberChange(
  folder: string,
  { member: wanted, ...options }: ChangeOptions & { readonly member: string },
  terminal: Terminal,
): Promise<void> {
  if (options.role === undefined && options.camera === undefined && options.allCameras === undefined)
    throw new Refused("Say what changes: --role ROLE, --camera CAMERA, or --all-cameras.");
  const cloud = openCloud(folder);
  const { id, name } = chooseMember(await cloud.household(), wanted);
  const version = await changeCharter(cloud, terminal, (household) => {
    const before = chooseMember(household, id);
    const after = standingOf(household, before, options);
    if (isDeepStrictEqual(before, after)) return undefined;
    return withKeysFor(
      cloud,
      household,
      household.newest.members.map((one) => (one.id === id ? after : one)),
    );
  });
  const { newest } = await cloud.household();
  const { role, sees } = newest.members.find((one) => one.id === id) ?? {};
  terminal.json({ event: "changed", member: id, role, ...(sees && { sees }), charter: version });
  terminal.say(`${name} is ${role}${sightText(newest.cameras, sees)}, by charter ${version}.`);
}

/** Takes a member out of the household, and gives the cameras that they saw new keys without them. */
export async function memberRemove(folder: string, wanted: string, terminal: Terminal): Promise<void> {
  const cloud = openCloud(folder);
  const leaving = chooseMember(await cloud.household(), wanted);
  if (!(await terminal.agreed(`Remove ${leaving.name} (${leaving.id}, ${leaving.role}) from the household?`)))
    throw new Refused("Nothing was signed.");
  const version = await changeCharter(cloud, terminal, (household) => {
    const { members } = household.newest;
    const staying = members.filter(({ id }) => id !== leaving.id);
    return staying.length === members.length ? undefined : withKeysFor(cloud, household, staying);
  });
  terminal.json({ event: "removed", member: leaving.id, charter: version });
  terminal.say(
    `${leaving.name} is no member any more since charter ${version}; the cloud lets them in no more.`,
  );
  terminal.say(
    "Cameras seal to new keys once they follow it. Recordings of before stay readable to whoever held the old ones.",
  );
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
  const version = await changeCharter(cloud, terminal, async (household) => {
    const { newest } = household;
    const cameras = newest.cameras.filter((camera) => camera.id !== id);
    if (cameras.length === newest.cameras.length) return undefined;
    if (change === "remove") return { cameras };
    const { line, keyFile } = await nextEpoch(newest.members, chooseCamera(household, id));
    return {
      cameras: newest.cameras.map((camera) => (camera.id === id ? line : camera)),
      keyFiles: [keyFile],
    };
  });
  terminal.json({ event: change === "remove" ? "removed" : "rotated", camera: id, charter: version });
  terminal.say(
    change === "remove"
      ? `Camera ${name} is out of the household since charter ${version}: it records no more once it hears so. Its recordings stay. For another household, reset it there and claim it anew.`
      : `Camera ${name} seals to a new key once it follows charter ${version}. Recordings of before stay readable to whoever held the old one.`,
  );
}
