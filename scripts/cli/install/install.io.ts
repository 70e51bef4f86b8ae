import { X509Certificate } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type CameraIdentity, type Keystore, openKeystore } from "../../../firmware/board/keystore.io.js";
import {
  answerClaim,
  type Claim,
  type ClaimAnswer,
  claimIdOf,
  fingerprintOf,
  parseClaim,
} from "../../../shared/charter/claim.js";
import { toBase64 } from "../../../shared/kernel/bytes.js";
import type { CameraId } from "../../../shared/kernel/ids.js";
import { hashOf } from "../../../shared/seal/hash.js";
import { verifierOf } from "../../../shared/seal/note.js";
import { checkInstallable, type Installable } from "../doctor/checks.io.js";
import { checkClock } from "../doctor/installed.io.js";
import { type Fields, fieldsOf } from "../fields.js";
import { call, fetchUnverifiedCa, Problem, type Server } from "../http.io.js";
import { readSignedCharter } from "../member/profile.io.js";
import { Refused } from "../refused.js";
import { sentenceOf } from "../sentences.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock, systemRandom } from "../world.io.js";
import { checkBroker, checkCharters, checkVaultKey, type Enrolled, type Enrolment } from "./enrolment.js";
import { writeHandover } from "./handover.io.js";
import { homeBroker } from "./homebroker.io.js";
import { service, startService } from "./service.io.js";
import { recordTestClip } from "./testclip.io.js";

/** How long one run waits for the owner; the next run goes on where this one stopped. */
const ownerMillisMax = 30 * 60_000;
const pollMillis = 1_000;

export interface InstallOptions {
  readonly claim: string;
  readonly state: string;
  readonly source?: string;
  readonly ffmpeg?: string;
  /** Record a clip, and wait until the vault has signed for it; write the hand-over. */
  readonly test?: boolean;
  /** On which Home Assistant finds the doorbell. */
  readonly homeBroker?: string;
}

/** Makes this board a camera of the household that shows the claim. Killed anywhere, the same command goes on. */
export async function install(options: InstallOptions, terminal: Terminal): Promise<void> {
  const state = resolve(options.state);
  const parsed = parseClaim(options.claim);
  if (!parsed.ok) throw new Refused(sentenceOf(parsed.error));
  const claim = parsed.value;
  const keystore = openKeystore(state, systemClock, () => undefined);
  const step = timedSteps(terminal);
  const known = installedFor(claim, state, keystore);
  if (known === undefined) await enrol({ ...options, state }, { claim, keystore, step }, terminal);
  else terminal.say(`This board is camera ${known} of the household already; going on.`);
  if (options.homeBroker !== undefined) await homeBroker({ state, url: options.homeBroker }, terminal);
  if (options.test) {
    const test = await step("test clip", () => recordTestClip(state, terminal));
    terminal.json({ event: "tested", ...test });
    terminal.say(`The test clip ${test.clip} is in the vault: it signed for all ${test.segments} segments.`);
    const files = await step("hand-over", async () => writeHandover(state, keystore, test));
    terminal.json({ event: "handed-over", files });
    terminal.say(`Hand this to the household: ${files.join(" and ")}`);
  }
  const runs = await startService(state);
  if (runs) terminal.json({ event: "started", service });
  terminal.say(
    runs ? `It runs as the service ${service}.` : `Start it: node .build/firmware/main.js --state ${state}`,
  );
  terminal.say(`See how it is with: lintel doctor --state ${state}`);
}

type Step = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** Tells of each step how long it took. */
function timedSteps(terminal: Terminal): Step {
  return async (step, work) => {
    const since = performance.now();
    const result = await work();
    const ms = Math.round(performance.now() - since);
    terminal.json({ event: "step", step, ms });
    terminal.say(`done  ${step.padEnd(12)} ${(ms / 1000).toFixed(1)} s`);
    return result;
  };
}

/** The camera that an earlier run made of this board for this household; refuses where it is another's, or damaged. */
function installedFor({ household }: Claim, state: string, keystore: Keystore): CameraId | undefined {
  if (!existsSync(join(state, "charter.json"))) return undefined;
  const enrolment = keystore.readEnrolment();
  if (enrolment.ok && enrolment.value.charter.household === household) return enrolment.value.identity.camera;
  const what = enrolment.ok
    ? `a camera of household ${enrolment.value.charter.household}`
    : "a damaged camera";
  throw new Refused(
    `${state} already holds ${what}. lintel reset --state ${state} wipes it; or move that folder away: recordings that were not sent yet stay in it, under journal/clips.`,
  );
}

interface Enrolling {
  readonly claim: Claim;
  readonly keystore: Keystore;
  readonly step: Step;
}

/** Checks the board, answers the claim, waits for the owner and keeps what the cloud then hands over, if all of it holds. */
async function enrol(
  options: InstallOptions,
  { claim, keystore, step }: Enrolling,
  terminal: Terminal,
): Promise<void> {
  const { state } = options;
  const server = await step("cloud", () => findCloud(claim));
  const settings = await step("board", () => checkInstallable(options, terminal));
  const clock = await checkClock({ cloudUrl: claim.cloudUrl, ca: server.ca });
  if (clock.state !== "good") terminal.warn(`warning: ${clock.says} ${clock.todo ?? ""}`);
  const fresh = !existsSync(join(state, "identity", "note.key"));
  const identity = keystore.createIdentity(systemRandom);
  const answer = answerClaim(claim, verifierOf(identity.signer).publicKey, identity.tlsPublicKey);
  await sendAnswer(server, claim, answer, () => {
    if (fresh) rmSync(join(state, "identity"), { recursive: true, force: true }); // as it was before
  });
  const fingerprint = fingerprintOf(answer);
  terminal.json({ event: "answered", fingerprint });
  terminal.say(`The claim is answered. This camera's fingerprint is  ${fingerprint}`);
  terminal.say("The owner's screen must show the same; only then may the owner say yes.");
  const enrolment = await step("owner's yes", () => awaitEnrolment(server, claim, answer.mac, terminal));
  const enrolled = checkEnrolment(claim, enrolment, { ...answer, camera: identity.camera });
  save(keystore, { ...enrolment, charters: enrolled.charters }, claim.cloudUrl, settings);
  const { camera, newest } = enrolled;
  const { household, version } = newest;
  terminal.json({ event: "installed", camera: camera.id, household, charter: version, state });
  terminal.say(
    `Installed: camera ${camera.id} ("${camera.name}") of household ${household}, charter ${version}.`,
  );
}

function save(
  keystore: Keystore,
  { charters, certificate, ca, mqttUrl, vaultKey }: Enrolment,
  cloudUrl: string,
  settings: Installable,
): void {
  keystore.saveSettings({ ...settings });
  keystore.saveEnrolment({ charters, certificate, ca, cloud: { mqttUrl, vaultKey, cloudUrl } });
}

/** The cloud that the claim names, trusted by the CA hash in the claim and by nothing else. */
async function findCloud({ cloudUrl, caHash }: Claim): Promise<Server & { readonly ca: string }> {
  const ca = await fetchUnverifiedCa(cloudUrl);
  if (hashOf(certificateOf(ca).raw) !== caHash) throw new Refused(sentenceOf({ kind: "other-ca" }));
  return { url: cloudUrl, ca, onlyCa: true };
}

function certificateOf(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new Refused(sentenceOf({ kind: "certificate-refused", why: "it is not an X.509 certificate" }));
  }
}

async function sendAnswer(server: Server, claim: Claim, body: object, takeBack: () => void): Promise<void> {
  const path = `/v1/claims/${claimIdOf(claim.secret)}/answer`;
  try {
    await call(server, { method: "POST", path, body, repeatable: true });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if ([404, 409, 410].includes(error.status)) takeBack();
    throw new Refused(answerSentence(error));
  }
}

function answerSentence({ status, message }: Problem): string {
  switch (status) {
    case 404:
      return "The cloud knows no such claim. Ask the owner to show it again, and copy the whole line.";
    case 409:
      return "Another board has answered this claim. If you did not do that, tell the owner not to confirm it. Ask for a new claim.";
    case 410:
      return "The claim has expired (it lives 10 minutes). Ask the owner for a new one: lintel member claim";
    default:
      return `The cloud refused the answer: ${message}`;
  }
}

/** Waits until an owner signed the camera in. */
async function awaitEnrolment(
  server: Server,
  claim: Claim,
  mac: string,
  terminal: Terminal,
): Promise<Enrolment> {
  const path = `/v1/claims/${claimIdOf(claim.secret)}/enrolment`;
  const until = systemClock.monotonic() + ownerMillisMax;
  while (systemClock.monotonic() < until) {
    const answer = await call(server, { method: "GET", path, headers: { "lintel-answer": mac } });
    const fields = fieldsOf(answer, "enrolment");
    if (fields.maybeText("state") !== "waiting") return readEnrolment(fields);
    terminal.progress("waiting for the owner to compare the fingerprint and confirm …");
    await wait(pollMillis);
  }
  throw new Refused("The owner has not confirmed within 30 minutes. The same command goes on waiting.");
}

function readEnrolment(fields: Fields): Enrolment {
  const pinned = fields.maybe("pinned", readSignedCharter);
  return {
    charters: [...(pinned === undefined ? [] : [pinned]), ...fields.list("charters", readSignedCharter)],
    certificate: fields.text("certificate"),
    ca: fields.text("ca"),
    mqttUrl: fields.text("mqttUrl"),
    vaultKey: fields.text("vaultKey"),
  };
}

interface OwnKeys extends Pick<ClaimAnswer, "noteKey" | "tlsKey"> {
  readonly camera: CameraIdentity["camera"];
}

/** Nothing is written unless all of this holds. */
function checkEnrolment(claim: Claim, enrolment: Enrolment, own: OwnKeys): Enrolled {
  const enrolled = checkCharters(claim, enrolment.charters, own);
  if (!enrolled.ok) throw new Refused(sentenceOf(enrolled.error));
  const vault = checkVaultKey(enrolment.vaultKey);
  if (!vault.ok) throw new Refused(sentenceOf(vault.error));
  const broker = checkBroker(enrolment.mqttUrl);
  if (!broker.ok) throw new Refused(sentenceOf(broker.error));
  const ca = certificateOf(enrolment.ca);
  if (hashOf(ca.raw) !== claim.caHash) throw new Refused(sentenceOf({ kind: "other-ca" }));
  const why = faultInCertificate(certificateOf(enrolment.certificate), ca, own);
  if (why !== undefined) throw new Refused(sentenceOf({ kind: "certificate-refused", why }));
  return enrolled.value;
}

/** Its dates are not looked at: this board's clock may not be set yet. */
function faultInCertificate(
  certificate: X509Certificate,
  ca: X509Certificate,
  { tlsKey, camera }: OwnKeys,
): string | undefined {
  if (!certificate.checkIssued(ca) || !certificate.verify(ca.publicKey)) return "the CA did not issue it";
  if (toBase64(certificate.publicKey.export({ format: "der", type: "spki" })) !== tlsKey)
    return "it is for another key";
  const names = certificate.subject.split("\n");
  return names.includes(`CN=${camera}`) ? undefined : "it names another camera";
}
