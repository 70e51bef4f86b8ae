import { type Member, memberVerifier } from "../charter/lines.js";
import { type Millis, millis } from "../kernel/brand.js";
import {
  type AgencyId,
  type CameraId,
  type ClipId,
  type HouseholdId,
  isAgencyId,
  isCameraId,
  isClipId,
  isHouseholdId,
  isReleaseId,
  isRequestId,
  type MemberId,
  memberIdOf,
  type ReleaseId,
  type RequestId,
} from "../kernel/ids.js";
import { ok, type Result } from "../kernel/result.js";
import { isRecipient, type Recipient } from "../seal/age.js";
import {
  type FieldReader,
  type FieldsRefusal,
  formatFields,
  type NoteShape,
  oneOf,
  parseDecimal,
  parseTime,
  readFields,
} from "../seal/fields.js";
import { type Hash, hashOfText, isHash } from "../seal/hash.js";
import { type NoteRefusal, openNote, textOf } from "../seal/note.js";
import { allPurposes, type Purpose } from "./ask.js";
import { allJurisdictions, type Jurisdiction } from "./floor.js";

/** Why the household may release: its owners consent, or its contacts answer an emergency. */
export type Basis = "consent" | "contacts";
const allBases: readonly Basis[] = ["consent", "contacts"];

/** Whole fragments of one clip, unchanged. */
export interface ReleasedClip {
  readonly clip: ClipId;
  readonly camera: CameraId;
  /** The charter that was in force when it was recorded, as its manifest names it. */
  readonly charter: Hash;
  /** Of the manifest's text: which recording it is taken from. */
  readonly manifest: Hash;
  /** Wall time of the first frame and of the end of the last one released. */
  readonly from: Millis;
  readonly to: Millis;
  /** First and last line of the manifest between which fragments are released. */
  readonly first: number;
  readonly last: number;
  readonly audio: boolean;
  /** Of the MP4 that is released, byte for byte. */
  readonly sha256: Hash;
}

/**
 * `authorisation/v1`: the household's word for exactly these fragments, to this agency, for this request or emergency. Its fields follow
 * ISO/IEC TS 27560 (consent records); who signed is who its signatures are from.
 */
export interface Authorisation {
  readonly record: ReleaseId;
  readonly household: HouseholdId;
  /** Of the request, or of the emergency's claim. */
  readonly request: RequestId;
  readonly requestHash: Hash;
  readonly agency: AgencyId;
  readonly recipient: Recipient;
  /** The household's newest charter when it was written. */
  readonly charter: Hash;
  readonly basis: Basis;
  readonly purpose: Purpose;
  readonly jurisdiction: Jurisdiction;
  /** Of the text that was shown to whoever signed, and its language. */
  readonly notice: Hash;
  readonly language: "en" | "fr";
  readonly signed: Millis;
  /** How long after the last signature it rests. */
  readonly hold: Millis;
  /** Until when the release may begin. */
  readonly expires: Millis;
  /** For how long the agency may keep it. */
  readonly keep: Millis;
  /** As whoever signed saw them in the pictures. */
  readonly thirdParties: boolean;
  readonly child: boolean;
  /** Where contacts sign: the owners' words that they read, by their hashes, and found no no in. */
  readonly words?: readonly Hash[];
  readonly clips: readonly ReleasedClip[];
}

export interface OpenedAuthorisation extends Authorisation {
  readonly hash: Hash;
  /** Whose signatures stand under it. */
  readonly signers: readonly MemberId[];
}

export type AuthorisationRefusal = NoteRefusal | FieldsRefusal;

const shape: NoteShape = {
  type: "authorisation/v1",
  fields: [
    "household",
    "request",
    "request-hash",
    "agency",
    "recipient",
    "charter",
    "basis",
    "purpose",
    "jurisdiction",
    "notice",
    "language",
    "signed",
    "hold",
    "expires",
    "keep",
    "third-parties",
    "child",
    "word*",
    "clip*",
  ],
};
/** Clips of one release. */
const releasedClipsMax = 20;
/** One of each owner: a charter names no more members. */
const wordsMax = 32;

export function formatAuthorisation(authorisation: Authorisation): string {
  const { record, requestHash, thirdParties, child, words, clips, ...values } = authorisation;
  return formatFields(shape, record, {
    ...values,
    "request-hash": requestHash,
    "third-parties": yesOrNo(thirdParties),
    child: yesOrNo(child),
    word: words ?? [],
    clip: clips.map(formatReleasedClip),
  });
}

/** The form alone; says nothing of signatures. */
export function parseAuthorisation(text: string): Result<Authorisation, FieldsRefusal> {
  return readFields(shape, text, readAuthorisation);
}

/**
 * Opens an authorisation that some of `members` signed: those whose word may count, of the charters then and now. Whether it is
 * enough, only a decision says.
 */
export function openAuthorisation(
  note: string,
  members: readonly Member[],
): Result<OpenedAuthorisation, AuthorisationRefusal> {
  const text = textOf(note);
  const parsed = parseAuthorisation(text);
  if (!parsed.ok) return parsed;
  const opened = openNote(note, members.map(memberVerifier));
  if (!opened.ok) return opened;
  const signers = opened.value.signers.map(({ publicKey }) => memberIdOf(publicKey));
  return ok({ ...parsed.value, hash: hashOfText(text), signers });
}

function readAuthorisation(read: FieldReader): Authorisation {
  const lines = read.list("clip", releasedClipsMax);
  const clips = lines.flatMap((line) => parseReleasedClip(line) ?? []);
  read.check(clips.length === lines.length && clips.length > 0, "clip");
  // Both are told to people as one moment.
  read.check(parseTime(`${read.time("signed") + read.number("hold")}`) !== undefined, "hold");
  read.check(new Set(clips.map(({ clip }) => clip)).size === clips.length, "clip");
  const words = read.list("word", wordsMax);
  const basis = read.text("basis", oneOf<Basis>(...allBases));
  read.check(words.every(isHash) && words.length > 0 === (basis === "contacts"), "word");
  return {
    record: read.subject(isReleaseId),
    household: read.text("household", isHouseholdId),
    request: read.text("request", isRequestId),
    requestHash: read.text("request-hash", isHash),
    agency: read.text("agency", isAgencyId),
    recipient: read.text("recipient", isRecipient),
    charter: read.text("charter", isHash),
    basis,
    purpose: read.text("purpose", oneOf<Purpose>(...allPurposes)),
    jurisdiction: read.text("jurisdiction", oneOf<Jurisdiction>(...allJurisdictions)),
    notice: read.text("notice", isHash),
    language: read.text("language", oneOf<"en" | "fr">("en", "fr")),
    signed: read.time("signed"),
    hold: millis(read.number("hold")),
    expires: read.time("expires"),
    keep: millis(read.number("keep")),
    thirdParties: read.text("third-parties", isYesOrNo) === "yes",
    child: read.text("child", isYesOrNo) === "yes",
    ...(words.length > 0 && { words }),
    clips,
  };
}

/** `clip camera charter manifest from to first last audio sha256`. */
function formatReleasedClip({ audio, ...clip }: ReleasedClip): string {
  const { charter, manifest, from, to, first, last, sha256 } = clip;
  return [clip.clip, clip.camera, charter, manifest, from, to, first, last, yesOrNo(audio), sha256].join(" ");
}

function parseReleasedClip(line: string): ReleasedClip | undefined {
  const words = line.split(" ");
  const [clip = "", camera = "", charter = "", manifest = ""] = words;
  const [from, to] = words.slice(4, 6).map(parseTime);
  const [first, last] = words.slice(6, 8).map(parseDecimal);
  const [audio = "", sha256 = ""] = words.slice(8);
  if (words.length !== 10 || !isClipId(clip) || !isCameraId(camera) || !isYesOrNo(audio)) return undefined;
  if (!isHash(charter) || !isHash(manifest) || !isHash(sha256)) return undefined;
  if (from === undefined || to === undefined || first === undefined || last === undefined) return undefined;
  if (from >= to || first > last) return undefined;
  return { clip, camera, charter, manifest, from, to, first, last, audio: audio === "yes", sha256 };
}

const yesOrNo = (value: boolean): "yes" | "no" => (value ? "yes" : "no");
const isYesOrNo = oneOf<"yes" | "no">("yes", "no");
