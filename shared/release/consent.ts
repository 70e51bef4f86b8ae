import type { DisclosedCharter } from "../charter/charter.js";
import type { CharterCamera } from "../charter/lines.js";
import { ownersOf } from "../charter/succession.js";
import type { Millis } from "../kernel/brand.js";
import type { CameraId, ClipId, MemberId } from "../kernel/ids.js";
import { isClaim, needsNoHold, purposeOf } from "./ask.js";
import type { ReleasedClip } from "./authorisation.js";
import { type ContactsRefusal, faultInContacts, faultInWords } from "./contacts.js";
import { isWithinReach } from "./emergency.js";
import type { Facts } from "./facts.js";
import { floorPolicy } from "./floor.js";
import { noticeHash } from "./notice.js";
import { faultsOf } from "./request.js";

/** Why what was signed is no consent to this release, by the rules that no operator loosens. */
export type ConsentRefusal =
  | ContactsRefusal
  | {
      readonly kind: "signed-for-another";
      readonly what: "request" | "agency" | "recipient" | "purpose" | "jurisdiction" | "household" | "notice";
    }
  /** Only owners' consent answers a request. */
  | { readonly kind: "not-by-consent" }
  | { readonly kind: "request-against-the-rules"; readonly fault: string }
  /** A charter that the authorisation or a clip names is not shown, or one is shown that nothing names. */
  | { readonly kind: "other-charters" }
  | { readonly kind: "nobody-who-may-signed" }
  | { readonly kind: "owner-did-not-sign"; readonly member: MemberId }
  | { readonly kind: "camera-not-then" | "camera-not-now" | "outside-window"; readonly clip: ClipId }
  /** An emergency is about one outdoor camera. */
  | { readonly kind: "other-camera" | "indoor-camera"; readonly clip: ClipId }
  | { readonly kind: "signed-in-the-future" | "hold-too-short" | "kept-too-long" };

/** Clocks may differ so much. */
export const clockMillis = 5 * 60_000;

/** The first rule that a release breaks, in what all of its signatures say together. */
export function faultInConsent(facts: Facts, now: Millis): ConsentRefusal | undefined {
  const { authorisation, charters } = facts;
  const faultInSigners = authorisation.basis === "contacts" ? faultInContacts : faultInOwners;
  return (
    otherThan(facts) ??
    faultInRequest(facts) ??
    faultInTimes(facts, now) ??
    faultInCharters(facts) ??
    first(charters, (charter) => faultInSigners(charter, facts)) ??
    faultInWords(facts) ??
    first(authorisation.clips, (clip) => faultInClip(clip, facts))
  );
}

/** The charter with this hash, of those that are shown. */
export function charterOf({ charters }: Facts, hash: string): DisclosedCharter | undefined {
  return charters.find((charter) => charter.hash === hash);
}

export function cameraIn(charter: DisclosedCharter | undefined, id: CameraId): CharterCamera | undefined {
  return charter?.cameras.find((camera) => camera.id === id);
}

function otherThan({ authorisation: said, request, agreement, charters }: Facts): ConsentRefusal | undefined {
  const another = {
    request: said.request !== request.id || said.requestHash !== request.hash,
    agency: said.agency !== request.agency,
    recipient: said.recipient !== request.recipient,
    purpose: said.purpose !== purposeOf(request),
    jurisdiction: said.jurisdiction !== agreement.jurisdiction,
    household:
      charters.some(({ household }) => household !== said.household) ||
      (isClaim(request) && request.household !== said.household),
    notice: said.notice !== noticeHash(request, agreement, said.language),
  };
  const what = (Object.keys(another) as (keyof typeof another)[]).find((name) => another[name]);
  if (what !== undefined) return { kind: "signed-for-another", what };
  return said.basis === "contacts" && !isClaim(request) ? { kind: "not-by-consent" } : undefined;
}

function faultInRequest({ request, agreement }: Facts): ConsentRefusal | undefined {
  if (isClaim(request))
    return isWithinReach(request) ? undefined : { kind: "request-against-the-rules", fault: "out-of-reach" };
  const [fault] = faultsOf(request, agreement, floorPolicy);
  return fault && { kind: "request-against-the-rules", fault: fault.kind };
}

function faultInTimes({ authorisation: said, request }: Facts, now: Millis): ConsentRefusal | undefined {
  if (said.signed > now + clockMillis) return { kind: "signed-in-the-future" };
  if (said.hold < (needsNoHold(request) ? 0 : floorPolicy.holdCut)) return { kind: "hold-too-short" };
  return said.keep > floorPolicy.agencyKeepsFor ? { kind: "kept-too-long" } : undefined;
}

/** Exactly those that are named, by rising version. */
function faultInCharters({ authorisation: said, charters }: Facts): ConsentRefusal | undefined {
  const named = new Set([said.charter, ...said.clips.map(({ charter }) => charter)]);
  // unreached: each but the first has one before it
  const rising = charters.every(({ version }, at) => at === 0 || version > (charters[at - 1]?.version ?? 0));
  const exact = charters.length === named.size && charters.every(({ hash }) => named.has(hash));
  return rising && exact ? undefined : { kind: "other-charters" };
}

/** Each charter, of then and of now, must have whose signatures it asks for. */
function faultInOwners(charter: DisclosedCharter, { signers }: Facts): ConsentRefusal | undefined {
  const owners = ownersOf(charter);
  const missing = owners.filter(({ id }) => !signers.some((signer) => signer.id === id));
  if (missing.length === owners.length) return { kind: "nobody-who-may-signed" };
  const [member] = charter.release === "all-owners" ? missing : [];
  return member && { kind: "owner-did-not-sign", member: member.id };
}

function faultInClip(released: ReleasedClip, facts: Facts): ConsentRefusal | undefined {
  const { clip, camera, from, to } = released;
  const { request, authorisation } = facts;
  if (cameraIn(charterOf(facts, released.charter), camera) === undefined)
    return { kind: "camera-not-then", clip };
  if (cameraIn(charterOf(facts, authorisation.charter), camera) === undefined)
    return { kind: "camera-not-now", clip };
  if (isClaim(request) && camera !== request.camera) return { kind: "other-camera", clip };
  if (isClaim(request) && isIndoors(released, facts)) return { kind: "indoor-camera", clip };
  return from < request.from || to > request.to ? { kind: "outside-window", clip } : undefined;
}

/** By the charter of then or by that of now. */
function isIndoors({ camera, charter }: ReleasedClip, facts: Facts): boolean {
  const both = [charter, facts.authorisation.charter];
  return both.some((hash) => cameraIn(charterOf(facts, hash), camera)?.place === "indoor");
}

/** The first fault among many. */
function first<T, Fault>(
  all: readonly T[],
  faultOf: (one: T, at: number) => Fault | undefined,
): Fault | undefined {
  for (const [at, one] of all.entries()) {
    const fault = faultOf(one, at);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
