import { createPublicKey, X509Certificate } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import qrcode from "qrcode";
import {
  type Claim,
  type ClaimAnswer,
  claimIdOf,
  claimMillisMax,
  claimSecretBytes,
  fingerprintOf,
  formatClaim,
  isAnswerTo,
} from "../../../shared/charter/claim.js";
import { type CharterCamera, isName } from "../../../shared/charter/lines.js";
import { fromBase64 } from "../../../shared/kernel/bytes.js";
import { cameraIdOf } from "../../../shared/kernel/ids.js";
import { type Identity, newIdentity, recipientOf } from "../../../shared/seal/age.js";
import { hashOf } from "../../../shared/seal/hash.js";
import type { Fields } from "../fields.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock, systemRandom } from "../world.io.js";
import { keyFileFor } from "./camerakey.js";
import { awaitConfirmation, changeCharter } from "./charter.io.js";
import { type Cloud, openCloud } from "./cloud.io.js";

const pollMillis = 500;
const confirmMillisMax = 120_000;

export interface ClaimOptions {
  readonly cameraName: string;
  readonly place: CharterCamera["place"];
  readonly qr?: boolean;
  /** Longest wait for the camera's first connection; 2 minutes without it. */
  readonly confirmMillis?: number;
}

interface NewCamera {
  readonly line: CharterCamera;
  readonly identity: Identity;
}

/** Brings one camera into the household: shows the claim, checks who answers it, signs the camera in. */
export async function memberClaim(folder: string, options: ClaimOptions, terminal: Terminal): Promise<void> {
  if (!isName(options.cameraName))
    throw new Refused("--camera-name must have 1 to 64 characters, without a space at an end.");
  const cloud = openCloud(folder);
  const { newest } = await cloud.household();
  const claim = newClaim(cloud, newest.hash);
  const claimId = claimIdOf(claim.secret);
  const expires = systemClock.wall() + claimMillisMax;
  const body = { claimId, charter: claim.charter, expiresAt: new Date(expires).toISOString() };
  await cloud.create("/v1/claims", body);
  await showClaim(formatClaim(claim), options, terminal);
  const answer = await awaitAnswer(cloud, claim, expires, terminal);
  const fingerprint = fingerprintOf(answer);
  terminal.say(`A camera answered. Its fingerprint is ${fingerprint}.`);
  if (!(await terminal.agreed(`Does the installer's screen show the same fingerprint, ${fingerprint}?`)))
    throw new Refused(
      "Nothing was signed. Somebody else may have read the claim: make a new one, and show it to the installer only.",
    );
  const camera = await newCamera(answer, options);
  const version = await signIn(cloud, camera, terminal);
  terminal.json({ event: "signed", camera: camera.line.id, fingerprint, charter: version });
  terminal.say(`Camera ${camera.line.id} (${options.cameraName}) stands in charter ${version}.`);
  const { confirmMillis: millisMax = confirmMillisMax } = options;
  const silence = await awaitConfirmation(cloud, { camera: camera.line.id, version, millisMax }, () =>
    terminal.progress("waiting for the camera to start and confirm the charter …"),
  );
  const confirmed = silence === undefined;
  terminal.json({ event: confirmed ? "confirmed" : "unconfirmed", camera: camera.line.id, charter: version });
  terminal.say(
    confirmed
      ? `The camera confirmed charter ${version}: it seals to your household from now on.`
      : `Not yet in force: the camera has not confirmed charter ${version}. "lintel member cameras" shows when it does.`,
  );
}

function newClaim({ profile }: Cloud, charter: string): Claim {
  return {
    cloudUrl: profile.cloudUrl,
    caHash: hashOf(new X509Certificate(profile.ca).raw),
    household: profile.household,
    charter,
    secret: systemRandom.bytes(claimSecretBytes),
  };
}

async function showClaim(text: string, { qr }: ClaimOptions, terminal: Terminal): Promise<void> {
  terminal.json({ event: "claim", claim: text });
  if (qr) terminal.say(await qrcode.toString(text, { type: "terminal", small: true }), "drawing");
  terminal.say("Show this to the installer only; it works once, for 10 minutes:");
  terminal.say(`  ${text}`);
  terminal.say("On the camera: lintel install --claim <that line> --state DIR");
}

/** The answer that a holder of the claim's secret made. The cloud cannot make one, so one that fails is refused loudly. */
async function awaitAnswer(
  cloud: Cloud,
  claim: Claim,
  expires: number,
  terminal: Terminal,
): Promise<ClaimAnswer> {
  const path = `/v1/claims/${claimIdOf(claim.secret)}`;
  while (systemClock.wall() < expires) {
    const fields = await cloud.get(path);
    const answer = fields.maybe("answer", readAnswer);
    if (answer !== undefined) {
      if (isAnswerTo(claim, answer)) return answer;
      throw new Refused(
        "Somebody answered the claim without knowing its secret. Nothing was signed; make a new claim.",
      );
    }
    if (fields.text("state") === "expired") break;
    terminal.progress(`waiting for the camera … ${Math.ceil((expires - systemClock.wall()) / 1000)} s left`);
    await wait(pollMillis);
  }
  throw new Refused(
    "No camera answered within 10 minutes, and the claim is dead. Make a new one: lintel member claim",
  );
}

function readAnswer(fields: Fields): ClaimAnswer {
  return { noteKey: fields.text("noteKey"), tlsKey: fields.text("tlsKey"), mac: fields.text("mac") };
}

/** One key has one form: other bytes for the same key would have another hash and fingerprint. */
export function isCanonicalSpki(bytes: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(bytes), format: "der", type: "spki" });
    return key.export({ format: "der", type: "spki" }).equals(bytes);
  } catch {
    return false;
  }
}

async function newCamera(answer: ClaimAnswer, { cameraName, place }: ClaimOptions): Promise<NewCamera> {
  const noteKey = fromBase64(answer.noteKey);
  const tlsKey = fromBase64(answer.tlsKey);
  if (!noteKey.ok || noteKey.value.length !== 32 || !tlsKey.ok || !isCanonicalSpki(tlsKey.value))
    throw new Refused("The camera's keys are not whole. Run its installation again with a new claim.");
  const identity = await newIdentity();
  const line: CharterCamera = {
    id: cameraIdOf(noteKey.value),
    noteKey: noteKey.value,
    tlsKeyHash: hashOf(tlsKey.value),
    epoch: 1,
    recipient: await recipientOf(identity),
    place,
    audio: false,
    modes: ["off", "detect", "record"],
    masks: [],
    zones: [],
    name: cameraName,
  };
  return { line, identity };
}

function signIn(cloud: Cloud, camera: NewCamera, terminal: Terminal): Promise<number> {
  return changeCharter(cloud, terminal, async (household) => {
    const { newest } = household;
    const known = newest.cameras.find(({ id }) => id === camera.line.id);
    // Signed in by this claim in vain of an answer, or by an earlier one whose board lost power before it was enrolled.
    if (known?.tlsKeyHash === camera.line.tlsKeyHash) return undefined;
    if (known !== undefined)
      throw new Refused(
        `Camera ${camera.line.id} already stands in charter ${newest.version}. To claim it anew, reset it to factory state first.`,
      );
    const file = await keyFileFor(newest.members, camera.line, camera.identity);
    return { cameras: [...newest.cameras, camera.line], keyFiles: [file] };
  });
}
