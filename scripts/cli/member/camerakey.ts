import { type CharterCamera, type Member, maySee } from "../../../shared/charter/lines.js";
import { toBase64, toUtf8 } from "../../../shared/kernel/bytes.js";
import type { CameraId } from "../../../shared/kernel/ids.js";
import { type Identity, newIdentity, recipientOf, seal } from "../../../shared/seal/age.js";
import type { KeyFile } from "./profile.io.js";

export type CameraKeyFile = KeyFile & { readonly camera: CameraId };

/** A camera's identity of the line's epoch, sealed to every member who may see what it films. */
export async function keyFileFor(
  members: readonly Member[],
  camera: Pick<CharterCamera, "id" | "epoch" | "place">,
  identity: Identity,
): Promise<CameraKeyFile> {
  const viewers = members.filter((member) => maySee(member, camera));
  const recipients = viewers.map(({ recipient }) => recipient);
  const file = await seal(toUtf8(`${identity}\n`), recipients);
  return { camera: camera.id, epoch: camera.epoch, file: toBase64(file) };
}

/** The camera's next epoch: a new key, for `members` only. What it recorded before stays readable to who held the old one. */
export async function nextEpoch(
  members: readonly Member[],
  before: CharterCamera,
): Promise<{ readonly line: CharterCamera; readonly keyFile: CameraKeyFile }> {
  const identity = await newIdentity();
  const line = { ...before, epoch: before.epoch + 1, recipient: await recipientOf(identity) };
  return { line, keyFile: await keyFileFor(members, line, identity) };
}
