import { millis } from "../../../shared/kernel/brand.js";
import { newRequestId } from "../../../shared/kernel/ids.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import {
  type EmergencyClaim,
  formatClaim,
  isWithinReach,
  parseClaim,
} from "../../../shared/release/emergency.js";
import { noticeOf } from "../../../shared/release/notice.js";
import { newIdentity, recipientOf } from "../../../shared/seal/age.js";
import { type Hash, hashOf } from "../../../shared/seal/hash.js";
import { cosign, signNote, textOf } from "../../../shared/seal/note.js";
import { agreeTo, everyOf, meIn, newestAgreement, signerOf } from "../agency/papers.io.js";
import { keepRequestKey } from "../agency/requestkeys.io.js";
import { paperSentence } from "../agency/sentences.js";
import { type Fields, fieldsOf } from "../fields.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock, systemRandom } from "../world.io.js";
import { type OfficeCloud, openOfficeCloud } from "./cloud.io.js";
import type { Side } from "./profile.io.js";

const claims = "/agency/v1/emergencies";

export interface ClaimWish extends Pick<EmergencyClaim, "file" | "danger"> {
  readonly household: string;
  readonly camera: string;
  readonly from: string;
  readonly to: string;
}

/** Says that a life is in danger: writes the claim, makes its own key, signs it and hands it in. */
export async function emergencyClaim(
  folder: string,
  { file, danger, household, camera, from, to }: ClaimWish,
  terminal: Terminal,
  clock: Clock = systemClock,
): Promise<void> {
  const cloud = openOfficeCloud(folder, "agency");
  const agreement = await newestAgreement(cloud);
  meIn(agreement, cloud.profile);
  const [now, identity] = [clock.wall(), await newIdentity()];
  const text = formatClaim({
    ...{ id: newRequestId(now, systemRandom), agency: agreement.agency, agreement: agreement.hash },
    ...{ file, danger, household: household as EmergencyClaim["household"] },
    ...{ camera: camera as EmergencyClaim["camera"] },
    ...{ from: millis(Date.parse(from)), to: millis(Date.parse(to)) },
    ...{ recipient: await recipientOf(identity), submitted: now },
  });
  const claim = parsed(text);
  await agreeTo(
    `${text}\nThe household will read:\n${noticeOf(claim, agreement, "en")}\n`,
    "Sign this claim?",
    terminal,
  );
  // Power lost between these: a key to a claim that nobody made. Never the other way round.
  keepRequestKey(folder, claim.id, identity);
  const note = signNote(text, [signerOf(cloud.profile)]);
  await send(cloud, claims, { note }, terminal);
  terminal.say(
    "Within 30 minutes a supervisor cosigns it (lintel agency emergency cosign ID), and operators call back.",
  );
  terminal.warn("Only this computer has the key to what the household may release for it.");
}

/** The supervisor's signature under what the officer signed, once it was read. */
export async function emergencyCosign(folder: string, id: string, terminal: Terminal): Promise<void> {
  const cloud = openOfficeCloud(folder, "agency");
  const agreement = await newestAgreement(cloud);
  if (meIn(agreement, cloud.profile).role !== "supervisor")
    throw new Refused("Only a supervisor cosigns a claim. You are an officer.");
  const all = await everyOf(
    cloud,
    claims,
    "emergencies",
    (one) => [one.text("id"), one.text("note")] as const,
  );
  const [, note = ""] = all.find(([found]) => found === id) ?? [];
  if (note === "") throw new Refused(`The agency has no emergency ${id}. See: lintel agency emergency list`);
  const text = textOf(note);
  const claim = parsed(text);
  if (claim.id !== id) throw new Refused("The cloud shows another claim under this id. Sign nothing.");
  await agreeTo(
    `${text}\nThe household will read:\n${noticeOf(claim, agreement, "en")}\n`,
    "Cosign this claim?",
    terminal,
  );
  const body = { note: cosign(note, signerOf(cloud.profile)) };
  await send(cloud, `${of("agency", id)}/cosignature`, body, terminal);
}

function parsed(text: string): EmergencyClaim {
  const claim = parseClaim(text);
  if (!claim.ok) throw new Refused(paperSentence(claim.error));
  if (isWithinReach(claim.value)) return claim.value;
  throw new Refused("An emergency reaches a window within the last 72 hours, and nothing that is to come.");
}

/** Files what a court says of it: the paper's hash; operators are shown the paper itself. */
export async function emergencyPaper(
  folder: string,
  id: string,
  paper: Uint8Array,
  terminal: Terminal,
): Promise<void> {
  const hash: Hash = hashOf(paper);
  await send(openOfficeCloud(folder, "agency"), `${of("agency", id)}/paper`, { paper: hash }, terminal);
}

export async function emergencyList(folder: string, side: Side, terminal: Terminal): Promise<void> {
  const answer = await openOfficeCloud(folder, side).get(`/${side}/v1/emergencies?limit=200`);
  if (answer.list("emergencies", (one) => show(one, terminal)).length === 0) terminal.say("There is none.");
}

/** The pair on call: the second one agrees, or either denies. */
export async function emergencyAnswer(
  folder: string,
  id: string,
  answer: "agree" | "deny",
  terminal: Terminal,
): Promise<void> {
  await send(openOfficeCloud(folder, "operator"), `${of("operator", id)}/answer`, { answer }, terminal);
}

/** What an operator found of the court's paper. */
export async function emergencyFinding(
  folder: string,
  id: string,
  genuine: boolean,
  terminal: Terminal,
): Promise<void> {
  await send(openOfficeCloud(folder, "operator"), `${of("operator", id)}/finding`, { genuine }, terminal);
}

const of = (side: Side, id: string): string => `/${side}/v1/emergencies/${encodeURIComponent(id)}`;

async function send(
  cloud: OfficeCloud,
  path: string,
  body: object | undefined,
  terminal: Terminal,
): Promise<void> {
  show(fieldsOf(await cloud.call({ method: "POST", path, ...(body && { body }) }), path), terminal);
}

function show(one: Fields, terminal: Terminal): void {
  const [id, state, file] = [one.text("id"), one.text("state"), one.text("file")];
  const [danger, camera, until] = [one.text("danger"), one.text("camera"), one.maybeText("until")];
  terminal.json({ id, state, file, danger, camera, until });
  const by = until === undefined ? "" : `  until ${until}`;
  terminal.say(`${id}  ${state}  ${danger}  ${file}  camera ${camera}${by}`);
}
