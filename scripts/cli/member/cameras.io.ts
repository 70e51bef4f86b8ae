import { maySee } from "../../../shared/charter/lines.js";
import { fromBase64, fromUtf8 } from "../../../shared/kernel/bytes.js";
import { type Identity, isIdentity, open, recipientOf } from "../../../shared/seal/age.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { settingLines, settingsOf } from "./camera.io.js";
import { type Cloud, openCloud } from "./cloud.io.js";
import { epochsOf, findCamera, type Household } from "./household.js";
import { type KeyFile, keptKeyFiles, readKeyFile } from "./profile.io.js";
import { renewalOf } from "./renewal.io.js";

export async function memberCameras(folder: string, terminal: Terminal): Promise<void> {
  const cloud = openCloud(folder);
  const { newest } = await cloud.household();
  const states = await cloud.list("/v1/cameras", "cameras", (fields) => ({
    id: fields.text("id"),
    state: fields.maybeText("state") ?? "unknown",
    lastSeen: fields.maybeText("lastSeen"),
    charter: fields.maybeNumber("charter"),
  }));
  const you = newest.members.find(({ id }) => id === cloud.profile.member);
  const cameras = newest.cameras.filter((camera) => you !== undefined && maySee(you, camera));
  if (you?.role === "contact") return tellContact(cameras, terminal);
  for (const camera of cameras) {
    const { id, name, place } = camera;
    const known = states.find((one) => one.id === id);
    const follows =
      known?.charter === newest.version
        ? ""
        : `, not yet in force: it follows charter ${known?.charter ?? "none"}, not ${newest.version}`;
    const asks = known?.state !== "online" && (await renewalOf(cloud, id))?.text("state") === "waiting";
    terminal.json({ ...settingsOf(camera), ...known, asksForCertificate: asks });
    terminal.say(`${id}  ${name}  ${place}, ${known?.state ?? "never connected"}${follows}`);
    for (const line of settingLines(camera)) terminal.say(line);
    if (asks)
      terminal.say(`  asks for a certificate, for its own has ended: lintel member camera renew ${id}`);
  }
  if (cameras.length === 0) terminal.say("No camera yet. Run: lintel member claim");
}

/** How a camera is, the cloud tells no contact. */
function tellContact(cameras: Household["newest"]["cameras"], terminal: Terminal): void {
  for (const { id, name, place } of cameras) {
    terminal.json({ id, name, place });
    terminal.say(`${id}  ${name}  ${place}`);
  }
}

interface EpochIdentity {
  readonly epoch: number;
  readonly identity: Identity;
}

/** Those identities of a camera that this computer keeps, each checked against its charter. Asks nobody. */
export async function keptIdentities(
  cloud: Cloud,
  household: Household,
  camera: string,
): Promise<readonly EpochIdentity[]> {
  const recipients = epochsOf(household, camera);
  const found: EpochIdentity[] = [];
  for (const kept of keptKeyFiles(cloud.folder, camera)) {
    const identity = await openKeyFile(cloud, kept);
    if (identity !== undefined && (await isOf(identity, recipients.get(kept.epoch))))
      found.push({ epoch: kept.epoch, identity });
  }
  return found;
}

/**
 * Every identity of a camera that was wrapped to this member, newest epoch first, each checked against its charter. What
 * this computer kept goes before what the cloud shows.
 */
export async function cameraIdentities(
  cloud: Cloud,
  household: Household,
  camera: string,
): Promise<readonly EpochIdentity[]> {
  const recipients = epochsOf(household, camera);
  const kept = await keptIdentities(cloud, household, camera);
  const found = new Map(kept.map(({ epoch, identity }) => [epoch, identity]));
  for (const shown of await cloud.list(`/v1/cameras/${camera}/keys`, "keys", readKeyFile)) {
    if (found.has(shown.epoch)) continue;
    const identity = await openKeyFile(cloud, shown);
    if (identity === undefined) continue; // an epoch from before this member came
    if (!(await isOf(identity, recipients.get(shown.epoch))))
      throw new Refused(
        `The cloud's key file for camera ${camera}, epoch ${shown.epoch}, holds another key than the charter names. Do not use it; ask the operator.`,
      );
    found.set(shown.epoch, identity);
  }
  if (found.size === 0)
    throw new Refused(
      `No key of camera ${camera} is wrapped to you. Ask an owner of the household to give it to you.`,
    );
  return [...found].map(([epoch, identity]) => ({ epoch, identity })).sort((a, b) => b.epoch - a.epoch);
}

/** Whether the file gives this member the key that seals to `recipient`. */
export async function opensKey(cloud: Cloud, file: KeyFile, recipient: string): Promise<boolean> {
  const identity = await openKeyFile(cloud, file);
  return identity !== undefined && isOf(identity, recipient);
}

/** What the file holds; `undefined` when it is not sealed to this member. */
async function openKeyFile({ profile }: Cloud, { file }: KeyFile): Promise<string | undefined> {
  const sealed = fromBase64(file);
  if (!sealed.ok) throw new Refused("A key file is not base64. Ask the cloud's operator.");
  const opened = await open(sealed.value, [profile.keys.identity]);
  const text = opened.ok ? fromUtf8(opened.value) : undefined;
  return text && (text.ok ? text.value.trim() : "");
}

async function isOf(identity: string, recipient: string | undefined): Promise<boolean> {
  return isIdentity(identity) && (await recipientOf(identity)) === recipient;
}

/** For stock `age`: the camera's identities as an identity file. */
export async function memberExportIdentity(
  folder: string,
  wanted: string | undefined,
  terminal: Terminal,
): Promise<void> {
  const cloud = openCloud(folder);
  const household = await cloud.household();
  if (wanted !== undefined && findCamera(household, wanted) === undefined)
    throw new Refused(
      `Your household never had a camera "${wanted}". "lintel member cameras" lists those it has.`,
    );
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
