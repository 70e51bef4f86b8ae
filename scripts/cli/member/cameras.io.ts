import { fromBase64, fromUtf8 } from "../../../shared/kernel/bytes.js";
import { type Identity, isIdentity, open, recipientOf } from "../../../shared/seal/age.js";
import type { Fields } from "../fields.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { type Cloud, openCloud } from "./cloud.io.js";
import { epochsOf, type Household } from "./household.js";

export async function memberCameras(folder: string, terminal: Terminal): Promise<void> {
  const cloud = openCloud(folder);
  const { newest } = await cloud.household();
  const states = (await cloud.get("/v1/cameras")).list("cameras", (fields) => ({
    id: fields.text("id"),
    state: fields.maybeText("state") ?? "unknown",
    lastSeen: fields.maybeText("lastSeen"),
    charter: fields.maybeNumber("charter"),
  }));
  for (const { id, name, place } of newest.cameras) {
    const known = states.find((one) => one.id === id);
    const follows = known?.charter === newest.version ? "" : `, follows charter ${known?.charter ?? "none"}`;
    terminal.json({ id, name, place, ...known });
    terminal.say(`${id}  ${name}  ${place}, ${known?.state ?? "never connected"}${follows}`);
  }
  if (newest.cameras.length === 0) terminal.say("No camera yet. Run: lintel member claim");
}

/** Every identity of a camera that was wrapped to this member, newest epoch first, each checked against its charter. */
export async function cameraIdentities(
  cloud: Cloud,
  household: Household,
  camera: string,
): Promise<readonly { readonly epoch: number; readonly identity: Identity }[]> {
  const epochs = epochsOf(household, camera);
  const files = (await cloud.get(`/v1/cameras/${camera}/keys`)).list("keys", readKeyFile);
  const found: { epoch: number; identity: Identity }[] = [];
  for (const { epoch, file } of files) {
    const opened = await open(file, [cloud.profile.keys.identity]);
    if (!opened.ok) continue; // an epoch from before this member came
    const text = fromUtf8(opened.value);
    const identity = text.ok ? text.value.trim() : "";
    if (!isIdentity(identity) || (await recipientOf(identity)) !== epochs.get(epoch))
      throw new Refused(
        `The cloud's key file for camera ${camera}, epoch ${epoch}, holds another key than the charter names. Do not use it; ask the operator.`,
      );
    found.push({ epoch, identity });
  }
  if (found.length === 0)
    throw new Refused(
      `No key of camera ${camera} is wrapped to you. Ask an owner of the household to give it to you.`,
    );
  return found.sort((a, b) => b.epoch - a.epoch);
}

function readKeyFile(fields: Fields): { epoch: number; file: Uint8Array } {
  const file = fromBase64(fields.text("file"));
  if (!file.ok) throw new Refused("A key file from the cloud is not base64. Ask its operator.");
  return { epoch: fields.number("epoch"), file: file.value };
}

/** For stock `age`: the camera's identities as an identity file. */
export async function memberExportIdentity(
  folder: string,
  wanted: string | undefined,
  terminal: Terminal,
): Promise<void> {
  const cloud = openCloud(folder);
  const household = await cloud.household();
  const camera = wanted ?? onlyCamera(household);
  const identities = await cameraIdentities(cloud, household, camera);
  terminal.warn(
    `This opens every recording of camera ${camera}, for whoever has it. Keep it as you keep a door key.`,
  );
  terminal.json({ camera, identities });
  for (const { epoch, identity } of identities) {
    terminal.say(`# camera ${camera}, epoch ${epoch}`);
    terminal.say(identity);
  }
}

function onlyCamera({ newest }: Household): string {
  const [first, ...others] = newest.cameras;
  if (first === undefined) throw new Refused("The household has no camera. Run: lintel member claim");
  if (others.length === 0) return first.id;
  const names = newest.cameras.map(({ id, name }) => `${id} (${name})`).join(", ");
  throw new Refused(`The household has several cameras; choose one with --camera ID: ${names}`);
}
