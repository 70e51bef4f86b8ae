import type { OpenedCharter } from "../../shared/charter/charter.js";
import type { CharterCamera, Member } from "../../shared/charter/lines.js";
import { contactsOf, ownersOf } from "../../shared/charter/succession.js";
import type { Millis } from "../../shared/kernel/brand.js";
import type { CameraId, ClipId, HouseholdId, MemberId, OfficerId } from "../../shared/kernel/ids.js";
import type { AgencyState, OpenedAgreement } from "../../shared/release/agreement.js";
import type { Purpose } from "../../shared/release/ask.js";
import type { OpenedAuthorisation, ReleasedClip } from "../../shared/release/authorisation.js";
import { contactsNeeded, isTooEarly } from "../../shared/release/contacts.js";
import { ownersAloneMillis } from "../../shared/release/emergency.js";
import type { Policy } from "../../shared/release/floor.js";
import type { Language } from "../../shared/release/notice.js";
import type { OpenedWord } from "../../shared/release/ownersword.js";
import type { OpenedRequest, RequestState } from "../../shared/release/request.js";
import type { Hash } from "../../shared/seal/hash.js";

/** What is asked, and how: only a published request or an authenticated emergency can end in a release. */
export interface Ask extends Pick<OpenedRequest, "id" | "hash" | "agency" | "recipient" | "from" | "to"> {
  readonly kind: "request" | "emergency" | "legal";
  readonly state: RequestState;
  readonly purpose: Purpose;
  /** A life may hang on it: what is signed for it need not rest. */
  readonly urgent: boolean;
  /** An emergency's alone. */
  readonly about?: { readonly household: HouseholdId; readonly camera: CameraId };
  /** Since when it could be answered. */
  readonly published: Millis;
  /** Something else that the household signed for it lies ready. */
  readonly isAnswered?: boolean;
  /** Of the text by which a household is told of it, in each language. */
  readonly notices: Readonly<Record<Language, Hash>>;
}

export interface Asker extends Pick<OpenedAgreement, "agency" | "jurisdiction"> {
  readonly state: AgencyState;
}

/** The charters of the authorisation's household. */
export interface ChartersThenAndNow {
  readonly now: OpenedCharter;
  /** Those that were in force when its clips were recorded, as far as they are in the household's chain. */
  readonly recorded: readonly OpenedCharter[];
}

export interface StoredClip {
  readonly id: ClipId;
  readonly camera: CameraId;
  /** When its first segment came. */
  readonly arrivedAt: Millis;
}

/** What is decided about. All signatures have been verified. */
export interface Matter {
  readonly ask: Ask;
  readonly asker: Asker;
  readonly authorisation: OpenedAuthorisation | undefined;
  readonly charters: ChartersThenAndNow;
  /** Of the clips that it names those that the vault has. */
  readonly stored: readonly StoredClip[];
  /** Each owner's newest one. What it says is sealed: contacts read whether it says no, and sign for what they read. */
  readonly words: readonly Pick<OpenedWord, "member" | "at" | "hash">[];
  /** Operators who looked at a release that needs it, and had nothing against it. */
  readonly reviewers: readonly OfficerId[];
}

export type Reason =
  /** Legal process yields what the cloud has, and that is sealed. */
  | { readonly kind: "never-readable" }
  | { readonly kind: "not-open"; readonly state: RequestState }
  | { readonly kind: "agency-may-not-ask"; readonly state: AgencyState }
  | { readonly kind: "not-authorised" }
  /** It was signed for something else. */
  | {
      readonly kind: "signed-for-another";
      readonly what:
        | "request"
        | "agency"
        | "recipient"
        | "purpose"
        | "jurisdiction"
        | "household"
        | "basis"
        | "notice";
    }
  /** The household's rules have changed since it was signed. */
  | { readonly kind: "charter-has-changed" }
  | { readonly kind: "unknown-charter" | "camera-not-then" | "camera-not-now"; readonly clip: ClipId }
  /** The vault has no such clip of that camera, or it came before the charter that it is said to be recorded under. */
  | { readonly kind: "not-in-the-vault" | "charter-after-clip"; readonly clip: ClipId }
  | {
      readonly kind: "outside-window" | "recorded-too-early" | "indoor-camera" | "other-camera";
      readonly clip: ClipId;
    }
  | { readonly kind: "missing-signature"; readonly member: MemberId }
  | { readonly kind: "nobody-who-may-signed" }
  | { readonly kind: "too-few-contacts"; readonly found: number; readonly needed: number }
  /** Nobody can tell whether this owner says no: nothing of theirs came since the household was asked. */
  | { readonly kind: "owner-not-heard"; readonly member: MemberId }
  /** Contacts answer for owners who did not, and only after these had their time. */
  | { readonly kind: "contacts-too-early"; readonly from: Millis }
  | { readonly kind: "answered-already" }
  | { readonly kind: "signed-in-the-future" | "signed-before-it-was-asked" }
  | { readonly kind: "hold-too-short" | "kept-too-long" | "open-too-long" }
  | { readonly kind: "expired" | "on-hold"; readonly at: Millis }
  /** These two ask for people, not for a no. */
  | { readonly kind: "agency-on-probation" | "child-visible" };

export type Decision =
  | { readonly kind: "release" }
  | { readonly kind: "needs-review"; readonly reasons: readonly Reason[] }
  | { readonly kind: "refuse"; readonly reasons: readonly Reason[] };

/** How far back from the claim an emergency reaches. */
const emergencyMillis = 72 * 60 * 60_000;
/** An authorisation's signer and the cloud may differ so much in their clocks. */
const clockMillis = 5 * 60_000;
const reviewersNeeded = 2;
const dayMillis = 24 * 60 * 60_000;

/** Whether exactly this may be released now. Says no unless everything says yes, and gives every reason. */
export function decide(matter: Matter, policy: Policy, now: Millis): Decision {
  const { ask, asker, authorisation, reviewers } = matter;
  const reasons = [...askFaults(ask, asker), ...authorisationFaults(matter, policy, now)];
  if (authorisation === undefined || reasons.length > 0) return { kind: "refuse", reasons };
  const doubts = doubtsAbout(asker, authorisation);
  return doubts.length > 0 && new Set(reviewers).size < reviewersNeeded
    ? { kind: "needs-review", reasons: doubts }
    : { kind: "release" };
}

function askFaults({ kind, state }: Ask, asker: Asker): readonly Reason[] {
  const may = asker.state === "active" || asker.state === "probation";
  return kept([
    kind === "legal" && { kind: "never-readable" },
    state !== "published" && { kind: "not-open", state },
    !may && { kind: "agency-may-not-ask", state: asker.state },
  ]);
}

function authorisationFaults(matter: Matter, policy: Policy, now: Millis): readonly Reason[] {
  const { authorisation, charters } = matter;
  if (authorisation === undefined) return [{ kind: "not-authorised" }];
  return [
    ...othersThan(matter, authorisation),
    ...timeFaults(matter.ask, authorisation, { policy, now }),
    ...authorisation.clips.flatMap((clip) => clipFaults(clip, matter.ask, charters)),
    ...authorisation.clips.flatMap((clip) => storeFaults(clip, matter)),
    ...signatureFaults(matter, authorisation),
    ...(authorisation.basis === "contacts" ? turnFaults(matter.ask, authorisation, now) : []),
  ];
}

function othersThan(
  { ask, asker, charters: { now } }: Matter,
  signed: OpenedAuthorisation,
): readonly Reason[] {
  const other = (what: (Reason & { kind: "signed-for-another" })["what"]): Reason => ({
    kind: "signed-for-another",
    what,
  });
  const basis = ask.kind === "emergency" ? "contacts" : "consent";
  return kept([
    (signed.request !== ask.id || signed.requestHash !== ask.hash) && other("request"),
    (signed.agency !== ask.agency || asker.agency !== ask.agency) && other("agency"),
    signed.recipient !== ask.recipient && other("recipient"),
    signed.purpose !== ask.purpose && other("purpose"),
    signed.jurisdiction !== asker.jurisdiction && other("jurisdiction"),
    !isOfHousehold(signed.household, ask, now) && other("household"),
    signed.notice !== ask.notices[signed.language] && other("notice"),
    // An owner's consent answers an emergency too; contacts answer nothing else.
    signed.basis !== "consent" && signed.basis !== basis && other("basis"),
    signed.charter !== now.hash && { kind: "charter-has-changed" },
  ]);
}

function isOfHousehold(signed: HouseholdId, { about }: Ask, { household }: OpenedCharter): boolean {
  return signed === household && (about === undefined || signed === about.household);
}

function timeFaults(
  { urgent, published }: Ask,
  { signed, hold, expires, keep }: OpenedAuthorisation,
  { policy, now }: { readonly policy: Policy; readonly now: Millis },
): readonly Reason[] {
  const holdMin = urgent ? 0 : policy.holdCut;
  const over = (signed + hold) as Millis;
  return kept([
    signed > now + clockMillis && { kind: "signed-in-the-future" },
    signed < published - clockMillis && { kind: "signed-before-it-was-asked" },
    // Owners sign within three days, it rests, and is handed over within a day.
    expires > signed + policy.coOwnersSignWithin + hold + dayMillis && { kind: "open-too-long" },
    hold < holdMin && { kind: "hold-too-short" },
    keep > policy.agencyKeepsFor && { kind: "kept-too-long" },
    now < over && { kind: "on-hold", at: over },
    now >= expires && { kind: "expired", at: expires },
  ]);
}

function clipFaults(
  released: ReleasedClip,
  { kind, from, to, about }: Ask,
  { now, recorded }: ChartersThenAndNow,
): readonly Reason[] {
  const { clip } = released;
  const charter = recorded.find(({ hash }) => hash === released.charter);
  const cameraThen = charter && cameraIn(charter, released.camera);
  const cameraNow = cameraIn(now, released.camera);
  const indoor = [cameraThen, cameraNow].some((camera) => camera?.place === "indoor");
  return kept([
    charter === undefined && { kind: "unknown-charter", clip },
    charter !== undefined && cameraThen === undefined && { kind: "camera-not-then", clip },
    cameraNow === undefined && { kind: "camera-not-now", clip },
    (released.from < from || released.to > to) && { kind: "outside-window", clip },
    kind === "emergency" && released.from < to - emergencyMillis && { kind: "recorded-too-early", clip },
    about !== undefined && about.camera !== released.camera && { kind: "other-camera", clip },
    kind === "emergency" && indoor && { kind: "indoor-camera", clip },
  ]);
}

/** What whoever signed claims of a clip must be what the vault and the chain of charters say of it. */
function storeFaults(
  { clip, camera, charter }: ReleasedClip,
  { stored, charters }: Matter,
): readonly Reason[] {
  const found = stored.find(({ id }) => id === clip);
  if (found === undefined || found.camera !== camera) return [{ kind: "not-in-the-vault", clip }];
  const then = charters.recorded.find(({ hash }) => hash === charter);
  const isLater = then !== undefined && then.issued > found.arrivedAt + clockMillis;
  return kept([isLater && { kind: "charter-after-clip", clip }]);
}

function cameraIn({ cameras }: OpenedCharter, id: CameraId): CharterCamera | undefined {
  return cameras.find((camera) => camera.id === id);
}

/** Each charter of then, and the one of now, must have whose signatures it asks for. */
function signatureFaults(
  { ask, charters: { now, recorded }, words }: Matter,
  authorisation: OpenedAuthorisation,
): readonly Reason[] {
  const charters = [now, ...recorded.filter(({ hash }) => hash !== now.hash)];
  const faults =
    ask.kind === "emergency" && authorisation.basis === "contacts"
      ? [
          ...charters.flatMap((charter) => contactFaults(charter, authorisation)),
          ...ownersOf(now).flatMap(({ id }) => silenceFaults(id, { ask, words }, authorisation)),
        ]
      : charters.flatMap((charter) => ownerFaults(charter, authorisation));
  // Two charters may lack the same signature: that is one reason.
  return faults.filter((fault, at) => faults.findIndex((other) => isSame(fault, other)) === at);
}

function ownerFaults(charter: OpenedCharter, { signers }: OpenedAuthorisation): readonly Reason[] {
  const owners = ownersOf(charter);
  const missing = owners.filter(({ id }) => !signers.includes(id));
  if (missing.length === owners.length) return [{ kind: "nobody-who-may-signed" }];
  return charter.release === "any-owner"
    ? []
    : missing.map(({ id }): Reason => ({ kind: "missing-signature", member: id }));
}

/** It is the contacts' turn once the owners had theirs, and did not take it. */
function turnFaults(
  { published, isAnswered = false }: Ask,
  signed: OpenedAuthorisation,
  now: Millis,
): readonly Reason[] {
  const from = (published + ownersAloneMillis) as Millis;
  return kept([
    (now < from || isTooEarly(signed, published)) && { kind: "contacts-too-early", from },
    isAnswered && { kind: "answered-already" },
  ]);
}

/** Whom the charter lets see only other cameras has no key to what they would sign for. */
function contactFaults(charter: OpenedCharter, { signers, clips }: OpenedAuthorisation): readonly Reason[] {
  const mayLook = ({ sees }: Member): boolean =>
    sees === undefined || clips.every(({ camera }) => sees.includes(camera));
  const signed = contactsOf(charter).filter(({ id }) => signers.includes(id));
  const found = signed.filter(mayLook).length;
  return found < contactsNeeded ? [{ kind: "too-few-contacts", found, needed: contactsNeeded }] : [];
}

/** Without proof that this owner's newest word came after the question, and was read by the contacts: not released. */
function silenceFaults(
  member: MemberId,
  { ask, words }: Pick<Matter, "ask" | "words">,
  signed: OpenedAuthorisation,
): readonly Reason[] {
  const isHeard = words.some(
    (word) =>
      word.member === member && word.at >= ask.published && signed.words?.includes(word.hash) === true,
  );
  return isHeard ? [] : [{ kind: "owner-not-heard", member }];
}

function isSame(a: Reason, b: Reason): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function doubtsAbout({ state }: Asker, { child }: OpenedAuthorisation): readonly Reason[] {
  return kept([state === "probation" && { kind: "agency-on-probation" }, child && { kind: "child-visible" }]);
}

function kept(reasons: readonly (Reason | false)[]): readonly Reason[] {
  return reasons.filter((reason) => reason !== false);
}
