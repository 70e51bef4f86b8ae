import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fromBase64, toBase64 } from "../../../shared/kernel/bytes.js";
import { verifierOf } from "../../../shared/seal/note.js";
import { makePrivateFolder, readIfThere, writeDurably } from "../disk.io.js";
import { Refused } from "../refused.js";
import { systemRandom } from "../world.io.js";
import type { Enrolment } from "./enrolment.js";

/** The camera's public keys as a claim's answer carries them: base64. */
export interface BoardKeys {
  readonly noteKey: string;
  readonly tlsKey: string;
  /** These keys did not exist before. */
  readonly fresh: boolean;
}

export interface Installation extends Enrolment {
  readonly cloudUrl: string;
  readonly settings: object;
}

const paths = (state: string) => ({
  folder: join(state, "identity"),
  noteKey: join(state, "identity/note.key"),
  tlsKey: join(state, "identity/tls.key"),
  certificate: join(state, "identity/tls.crt"),
  ca: join(state, "identity/ca.pem"),
  cloud: join(state, "identity/cloud.json"),
  charter: join(state, "charter.json"),
  settings: join(state, "settings.json"),
});

/** The camera is enrolled: `cloud.json` is written last. */
export function isInstalled(state: string): boolean {
  return existsSync(paths(state).cloud);
}

/** The keys of this board: those of an earlier try, else new ones. They are on the disk when this returns. */
export function ensureKeys(state: string): BoardKeys {
  const { folder, noteKey, tlsKey } = paths(state);
  makePrivateFolder(state);
  makePrivateFolder(folder);
  const fresh = readIfThere(noteKey) === undefined;
  // Power lost between the two: the note key stays, the TLS key is made at the next try. Nobody knows either yet.
  if (fresh) writeDurably(noteKey, `${toBase64(systemRandom.bytes(32))}\n`);
  if (readIfThere(tlsKey) === undefined) writeDurably(tlsKey, newTlsKey());
  return { ...readKeys(state), fresh };
}

/** Takes fresh keys back after a refusal: the board is as it was. */
export function dropKeys(state: string): void {
  rmSync(paths(state).folder, { recursive: true, force: true });
}

/** Power lost at any point: either `cloud.json` is there and all else with it, or the installation goes on from here. */
export function saveInstallation(state: string, installation: Installation): void {
  const { cloudUrl, mqttUrl, vaultKey, certificate, ca, charters, settings } = installation;
  const files = paths(state);
  writeDurably(files.settings, `${JSON.stringify(settings, undefined, 2)}\n`);
  writeDurably(files.certificate, certificate, 0o644);
  writeDurably(files.ca, ca, 0o644);
  writeDurably(files.charter, JSON.stringify(charters));
  writeDurably(files.cloud, `${JSON.stringify({ mqttUrl, vaultKey, cloudUrl }, undefined, 2)}\n`);
}

function readKeys(state: string): Pick<BoardKeys, "noteKey" | "tlsKey"> {
  const { noteKey, tlsKey } = paths(state);
  const secretKey = fromBase64((readIfThere(noteKey) ?? "").trim());
  if (!secretKey.ok || secretKey.value.length !== 32)
    throw new Refused(
      `${noteKey} is damaged. Remove ${paths(state).folder} and install again with a new claim.`,
    );
  const { publicKey } = verifierOf({ name: "", secretKey: secretKey.value });
  const tls = createPublicKey(createPrivateKey(readIfThere(tlsKey) ?? ""));
  return {
    noteKey: toBase64(publicKey),
    tlsKey: tls.export({ format: "der", type: "spki" }).toString("base64"),
  };
}

function newTlsKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ format: "pem", type: "pkcs8" }).toString();
}
