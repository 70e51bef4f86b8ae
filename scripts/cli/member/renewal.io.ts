import { fingerprintOf } from "../../../shared/charter/claim.js";
import { type CharterCamera, cameraKeyName } from "../../../shared/charter/lines.js";
import { parseRenewal } from "../../../shared/charter/renewal.js";
import { fromBase64, toBase64 } from "../../../shared/kernel/bytes.js";
import { hashOf } from "../../../shared/seal/hash.js";
import { openNote } from "../../../shared/seal/note.js";
import { type Fields, fieldsOf } from "../fields.js";
import { Problem } from "../http.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { chooseCamera } from "./camera.io.js";
import { type Cloud, openCloud } from "./cloud.io.js";

export interface RenewOptions {
  readonly camera: string;
  readonly refuse?: boolean;
}

/** Lets a camera in again whose certificate ended while it was away; or keeps it out. */
export async function memberRenewCamera(
  folder: string,
  { camera: wanted, refuse = false }: RenewOptions,
  terminal: Terminal,
): Promise<void> {
  const cloud = openCloud(folder);
  const household = await cloud.household();
  const line = chooseCamera(household, wanted);
  const asked = await renewalOf(cloud, line.id);
  if (asked === undefined)
    throw new Refused(
      `Camera ${line.name} (${line.id}) asks for no certificate. It asks by itself when the broker turns it away because its certificate has ended: look at its power and network.`,
    );
  const fingerprint = fingerprintIn(asked.text("note"), line, household.newest.household);
  terminal.json({ event: "asked", camera: line.id, askedAt: asked.text("askedAt"), fingerprint });
  terminal.say(`Camera ${line.name} asks since ${asked.text("askedAt")}. Its fingerprint is  ${fingerprint}`);
  if (!refuse && !(await terminal.agreed("Does lintel doctor on it show the same, and shall it come back?")))
    throw new Refused("Nothing was answered: the camera goes on asking.");
  const path = pathOf(line.id);
  const answer = refuse ? "refuse" : "approve";
  const { state } = readState(await cloud.call({ method: "PUT", path, body: { answer } }), path);
  terminal.json({ event: state, camera: line.id });
  terminal.say(
    refuse
      ? `Camera ${line.name} gets no certificate. The same command without --refuse lets it in after all; lintel member camera remove takes it out of the household.`
      : `Camera ${line.name} fetches its certificate when it asks next, within a minute or so, and connects.`,
  );
}

/** What the camera asks for; `undefined` when it asks for nothing. */
export async function renewalOf(cloud: Cloud, camera: string): Promise<Fields | undefined> {
  try {
    return await cloud.get(pathOf(camera));
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return undefined;
    throw error;
  }
}

const pathOf = (camera: string): string => `/v1/cameras/${camera}/renewal`;

function readState(answer: unknown, path: string): { readonly state: string } {
  return { state: fieldsOf(answer, path).text("state") };
}

/** The fingerprint of the keys that the charter names, if the camera itself asks with them. */
function fingerprintIn(note: string, { id, noteKey, tlsKeyHash }: CharterCamera, household: string): string {
  const opened = openNote(note, [{ name: cameraKeyName(id), publicKey: noteKey }]);
  const renewal = opened.ok ? parseRenewal(opened.value.text) : opened;
  const key = renewal.ok ? fromBase64(renewal.value.tlsKey) : renewal;
  const isIts = renewal.ok && key.ok && renewal.value.camera === id && renewal.value.household === household;
  if (!isIts || hashOf(key.value) !== tlsKeyHash)
    throw new Refused(
      "What the cloud shows was not asked by this camera with its own keys. Answer nothing; ask the cloud's operator.",
    );
  return fingerprintOf({ noteKey: toBase64(noteKey), tlsKey: renewal.value.tlsKey });
}
