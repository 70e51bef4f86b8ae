import { type Member, memberVerifier, type Role } from "../charter/lines.js";
import type { Millis } from "../kernel/brand.js";
import { fromUtf8, toUtf8 } from "../kernel/bytes.js";
import {
  type AgencyId,
  type CourseId,
  type HouseholdId,
  isAgencyId,
  isCourseId,
  isHouseholdId,
  isMemberId,
  type MemberId,
  type RequestId,
} from "../kernel/ids.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import { type FieldsRefusal, formatFields, type NoteShape, oneOf, readFields } from "../seal/fields.js";
import { type Hash, hashOfText, isHash } from "../seal/hash.js";
import { type NoteRefusal, openNote, textOf } from "../seal/note.js";

/** What an agency or one of its officers did. */
export const pressureKinds = [
  "came-to-the-door",
  "called",
  "wrote",
  "threatened",
  "offered-a-reward",
  "cited-a-refusal",
  "other",
] as const;
export type PressureKind = (typeof pressureKinds)[number];

/**
 * `pressure/v1`: a member's word to the review board that an agency pressed the household. What happened, in their own words, is
 * sealed beside it to the operators; the agency never reads either.
 */
export interface Pressure {
  readonly household: HouseholdId;
  /** The report's own id, made by the member's client. */
  readonly report: CourseId;
  readonly member: MemberId;
  readonly agency: AgencyId;
  readonly kind: PressureKind;
  /** When it happened. */
  readonly at: Millis;
  /** The request or order that it was about. */
  readonly about: RequestId | CourseId | "none";
  /** Of the age file. */
  readonly sealed: Hash;
  readonly signed: Millis;
}

export interface OpenedPressure extends Pressure {
  /** Of the note's text. */
  readonly hash: Hash;
}

export type PressureRefusal = NoteRefusal | FieldsRefusal;

const shape: NoteShape = {
  type: "pressure/v1",
  fields: ["report", "member", "agency", "kind", "at", "about", "sealed", "signed"],
};
/** What is sealed has this length, whatever it says. */
const plainBytes = 2 * 1024;

/** Who may speak for the household here. */
export const mayReport = (role: Role): boolean => role === "owner" || role === "adult";

export function formatPressure({ household, ...values }: Pressure): string {
  return formatFields(shape, household, { ...values });
}

/** The form alone; says nothing of the signature. */
export function parsePressure(text: string): Result<Pressure, FieldsRefusal> {
  return readFields(shape, text, (read) => {
    const pressure = {
      household: read.subject(isHouseholdId),
      report: read.text("report", isCourseId),
      member: read.text("member", isMemberId),
      agency: read.text("agency", isAgencyId),
      kind: read.text("kind", oneOf<PressureKind>(...pressureKinds)),
      at: read.time("at"),
      about: read.text("about", isAbout),
      sealed: read.text("sealed", isHash),
      signed: read.time("signed"),
    };
    read.check(pressure.at <= pressure.signed, "at");
    return pressure;
  });
}

/** Opens a report that the member whom it names signed: one of `members` who may. */
export function openPressure(
  note: string,
  members: readonly Member[],
): Result<OpenedPressure, PressureRefusal> {
  const text = textOf(note);
  const pressure = parsePressure(text);
  if (!pressure.ok) return pressure;
  const own = members.filter(({ id, role }) => id === pressure.value.member && mayReport(role));
  const opened = openNote(note, own.map(memberVerifier));
  return opened.ok ? ok({ ...pressure.value, hash: hashOfText(text) }) : opened;
}

/** What happened, in the member's own words, padded with spaces; refused where it does not fit. */
export function formatTelling(words: string): Result<Uint8Array, { readonly kind: "too-long" }> {
  const bytes = toUtf8(words.trim());
  if (bytes.length > plainBytes) return refuse({ kind: "too-long" });
  const plain = new Uint8Array(plainBytes).fill(0x20);
  plain.set(bytes);
  return ok(plain);
}

export function parseTelling(plain: Uint8Array): Result<string, FieldsRefusal> {
  const text = fromUtf8(plain);
  if (!text.ok || plain.length !== plainBytes) return refuse({ kind: "bad-field", field: "telling" });
  return ok(text.value.trimEnd());
}

const isAbout = (text: string): text is RequestId | CourseId | "none" => text === "none" || isCourseId(text);
