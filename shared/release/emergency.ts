import type { Millis } from "../kernel/brand.js";
import {
  type AgencyId,
  type CameraId,
  type HouseholdId,
  isAgencyId,
  isCameraId,
  isHouseholdId,
  isRequestId,
  type RequestId,
} from "../kernel/ids.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import { isRecipient, type Recipient } from "../seal/age.js";
import {
  type FieldReader,
  type FieldsRefusal,
  formatFields,
  type NoteShape,
  oneOf,
  readFields,
} from "../seal/fields.js";
import { type Hash, hashOfText, isHash } from "../seal/hash.js";
import { textOf } from "../seal/note.js";
import type { OpenedAgreement } from "./agreement.js";
import { faultInTwo, isFile, type RequestRefusal, signersOf } from "./request.js";
import { sealedHash } from "./sealedfacts.js";

const minute = 60_000;
/** A claim reaches no further back. */
const backMillisMax = 72 * 60 * minute;
/** For supervisor, call-back and second operator together; then the claim is denied. */
export const authenticateMillisMax = 30 * minute;
/** From the household's question to the agency's answer, whatever happens in between: the time tells nothing. */
export const answerMillis = 90 * minute;
/** So long the household's owners alone are asked; then its contacts may answer for owners who did not. */
export const ownersAloneMillis = 30 * minute;

/** What an agency may claim. No word of its own reaches anybody. */
export const dangers = ["threat-to-life", "abduction", "serious-injury"] as const;
export type Danger = (typeof dangers)[number];

/** `emergency/v1`: an agency's word that a life is in danger, about one household's one camera. It holds no free text. */
export interface EmergencyClaim {
  readonly id: RequestId;
  readonly agency: AgencyId;
  /** The agreement under which it is made. */
  readonly agreement: Hash;
  readonly file: string;
  readonly danger: Danger;
  readonly household: HouseholdId;
  readonly camera: CameraId;
  readonly from: Millis;
  readonly to: Millis;
  /** What is released is sealed to this key, made for this claim alone. */
  readonly recipient: Recipient;
  readonly submitted: Millis;
}

export interface OpenedClaim extends EmergencyClaim {
  /** Of the note's text: its name in authorisations. */
  readonly hash: Hash;
}

const shape: NoteShape = {
  type: "emergency/v1",
  fields: [
    ...["agency", "agreement", "file", "danger", "household", "camera", "from", "to", "recipient"],
    "submitted",
  ],
};

export function formatClaim({ id, ...values }: EmergencyClaim): string {
  return formatFields(shape, id, { ...values });
}

/** The form alone; says nothing of signatures. */
export function parseClaim(text: string): Result<EmergencyClaim, FieldsRefusal> {
  return readFields(shape, text, readClaim);
}

/** Opens a claim that an officer and another person, a supervisor, of the agreement's agency signed. */
export function openClaim(
  note: string,
  agreement: Pick<OpenedAgreement, "hash" | "agency" | "officers">,
): Result<OpenedClaim, RequestRefusal> {
  const text = textOf(note);
  const claim = parseClaim(text);
  if (!claim.ok) return claim;
  if (claim.value.agreement !== agreement.hash || claim.value.agency !== agreement.agency)
    return refuse({ kind: "other-agreement" });
  const signers = signersOf(note, agreement);
  if (!signers.ok) return signers;
  const fault = faultInTwo(signers.value);
  return fault === undefined ? ok({ ...claim.value, hash: hashOfText(text) }) : refuse(fault);
}

/** Whether its window is over, and within the last 72 hours. Whether its camera stands outdoors, only a charter says. */
export function isWithinReach({ from, to, submitted }: EmergencyClaim): boolean {
  return to <= submitted && from >= submitted - backMillisMax;
}

/** By which the public log names a claim's state: whoever has claim and salt finds it there, and nobody else. */
export function claimEntryHash(salt: string, claim: Hash, state: string): Hash {
  return sealedHash(salt, { claim, state });
}

function readClaim(read: FieldReader): EmergencyClaim {
  const claim = {
    id: read.subject(isRequestId),
    agency: read.text("agency", isAgencyId),
    agreement: read.text("agreement", isHash),
    file: read.text("file", isFile),
    danger: read.text("danger", oneOf<Danger>(...dangers)),
    household: read.text("household", isHouseholdId),
    camera: read.text("camera", isCameraId),
    from: read.time("from"),
    to: read.time("to"),
    recipient: read.text("recipient", isRecipient),
    submitted: read.time("submitted"),
  };
  read.check(claim.from < claim.to, "to");
  return claim;
}
