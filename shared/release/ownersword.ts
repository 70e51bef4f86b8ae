import { type Member, memberVerifier } from "../charter/lines.js";
import type { Millis } from "../kernel/brand.js";
import { fromUtf8, toUtf8 } from "../kernel/bytes.js";
import { type HouseholdId, isHouseholdId, isMemberId, type MemberId } from "../kernel/ids.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import { type FieldsRefusal, formatFields, type NoteShape, readFields } from "../seal/fields.js";
import { type Hash, hashOfText, isHash } from "../seal/hash.js";
import { type NoteRefusal, openNote, textOf } from "../seal/note.js";

/**
 * `owners-word/v1`: that an owner's client was at work at this time. What it says is sealed beside it, to owners and contacts: to which
 * emergencies this owner says no. Every owner's client hands one in at each of its rounds, of one length, whatever it says.
 */
export interface OwnersWord {
  readonly household: HouseholdId;
  readonly member: MemberId;
  readonly at: Millis;
  /** Of the age file. */
  readonly sealed: Hash;
}

export interface OpenedWord extends OwnersWord {
  /** Of the note's text. */
  readonly hash: Hash;
}

export type WordRefusal = NoteRefusal | FieldsRefusal;

const shape: NoteShape = { type: "owners-word/v1", fields: ["member", "at", "sealed"] };
/** An owner's clock and those that it is held against may differ so much. */
export const wordClockMillis = 10 * 60_000;
/** What is sealed has this length, whatever it says. */
const plainBytes = 4 * 1024;
/** Emergencies that one word says no to: those of the last days, and there are 45 bytes for each. */
export const noesMax = 64;

export function formatWord({ household, ...values }: OwnersWord): string {
  return formatFields(shape, household, { ...values });
}

/** Opens a word that one of `owners` signed about themselves. */
export function openWord(note: string, owners: readonly Member[]): Result<OpenedWord, WordRefusal> {
  const text = textOf(note);
  const word = readFields(shape, text, (read) => ({
    household: read.subject(isHouseholdId),
    member: read.text("member", isMemberId),
    at: read.time("at"),
    sealed: read.text("sealed", isHash),
  }));
  if (!word.ok) return word;
  const own = owners.filter(({ id }) => id === word.value.member);
  const opened = openNote(note, own.map(memberVerifier));
  return opened.ok ? ok({ ...word.value, hash: hashOfText(text) }) : opened;
}

/** The claims, by their hashes, to which an owner says no; padded with spaces. The oldest give way. */
export function formatNoes(claims: readonly Hash[]): Uint8Array {
  const plain = new Uint8Array(plainBytes).fill(0x20);
  plain.set(
    toUtf8(
      claims
        .slice(-noesMax)
        .map((claim) => `${claim}\n`)
        .join(""),
    ),
  );
  return plain;
}

export function parseNoes(plain: Uint8Array): Result<readonly Hash[], FieldsRefusal> {
  const text = fromUtf8(plain);
  const lines = text.ok && plain.length === plainBytes ? text.value.trimEnd().split("\n") : ["malformed"];
  const claims = lines.filter((line) => line !== "");
  return claims.every(isHash) ? ok(claims) : refuse({ kind: "bad-field", field: "noes" });
}
