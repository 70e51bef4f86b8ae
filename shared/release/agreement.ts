import { isName, publicKeyOf } from "../charter/lines.js";
import type { Millis } from "../kernel/brand.js";
import { equal, toBase64 } from "../kernel/bytes.js";
import { type AgencyId, agencyIdOf, isAgencyId, type OfficerId, officerIdOf } from "../kernel/ids.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import {
  type FieldReader,
  type FieldsRefusal,
  formatFields,
  type NoteShape,
  oneOf,
  readFields,
} from "../seal/fields.js";
import { type Hash, hashOfText, isHash } from "../seal/hash.js";
import { type NoteRefusal, openNote, textOf, type Verifier } from "../seal/note.js";
import { type Area, formatArea, isOutline, parseArea } from "./area.js";
import { allJurisdictions, type Jurisdiction } from "./floor.js";

/** Federal, immigration and private police have no word here: they cannot apply. */
export type AgencyKind = "municipal-police" | "county-police" | "regional-police" | "fire-and-rescue";
const allAgencyKinds: readonly AgencyKind[] = [
  "municipal-police",
  "county-police",
  "regional-police",
  "fire-and-rescue",
];

export interface Officer {
  readonly id: OfficerId;
  /** A supervisor signs beside an officer, never twice. */
  readonly role: "officer" | "supervisor";
  readonly noteKey: Uint8Array;
  readonly loginKey: Uint8Array;
  readonly name: string;
}

/** `agreement/v1`: what an agency binds itself to, and who speaks for it; one link of a chain, public as a whole. */
export interface Agreement {
  readonly agency: AgencyId;
  /** 1, 2, 3 … */
  readonly version: number;
  readonly previous: Hash | "none";
  readonly issued: Millis;
  readonly name: string;
  readonly kind: AgencyKind;
  readonly jurisdiction: Jurisdiction;
  /** Where it may ask. */
  readonly territory: Area;
  /** The number in the public registry, for call-backs. */
  readonly phone: string;
  /** Hash of the terms that it agrees to. */
  readonly terms: Hash;
  readonly officers: readonly Officer[];
}

export interface OpenedAgreement extends Agreement {
  /** Of the note's text: its name in the log, in requests and in the next version. */
  readonly hash: Hash;
}

/** Only one that is `active` may ask; `probation` may too, and each release to it is looked at by two people. */
export type AgencyState =
  | "applied"
  | "rejected"
  | "public"
  | "active"
  | "probation"
  | "suspended"
  | "revoked"
  | "compromised";

export type AgreementRefusal =
  | NoteRefusal
  | FieldsRefusal
  | { readonly kind: "other-agency"; readonly found: string }
  | { readonly kind: "no-supervisor" }
  | { readonly kind: "repeated-officer"; readonly id: OfficerId }
  | { readonly kind: "not-the-next-agreement"; readonly have: number; readonly found: number };

const shape: NoteShape = {
  type: "agreement/v1",
  fields: [
    "version",
    "previous",
    "issued",
    "name",
    "kind",
    "jurisdiction",
    "territory",
    "phone",
    "terms",
    "officer*",
  ],
};
const officersMax = 200;

export const officerKeyName = (id: OfficerId): string => `officer-${id}`;
export const officerVerifier = ({ id, noteKey }: Pick<Officer, "id" | "noteKey">): Verifier => ({
  name: officerKeyName(id),
  publicKey: noteKey,
});

export function formatAgreement({ agency, officers, territory, ...values }: Agreement): string {
  return formatFields(shape, agency, {
    ...values,
    territory: formatArea(territory),
    officer: officers.map(formatOfficer),
  });
}

/** `id role noteKey loginKey name`, keys as base64. */
export function formatOfficer({ id, role, noteKey, loginKey, name }: Officer): string {
  return [id, role, toBase64(noteKey), toBase64(loginKey), name].join(" ");
}

export function parseOfficer(line: string): Officer | undefined {
  const [id, role = "", note = "", login = "", ...nameWords] = line.split(" ");
  const [noteKey, loginKey] = [publicKeyOf(note), publicKeyOf(login)];
  const name = nameWords.join(" ");
  if (noteKey === undefined || loginKey === undefined || officerIdOf(noteKey) !== id) return undefined;
  if (!isOfficerRole(role) || !isName(name)) return undefined;
  return { id: officerIdOf(noteKey), role, noteKey, loginKey, name };
}

/** Opens version 1: the agency's id is that of a supervisor in it, who signed it. */
export function openFirstAgreement(note: string): Result<OpenedAgreement, AgreementRefusal> {
  const agreement = parseAgreement(note);
  if (!agreement.ok) return agreement;
  const { agency, version, officers } = agreement.value;
  if (version !== 1) return refuse({ kind: "not-the-next-agreement", have: 0, found: version });
  const founder = supervisorsIn(officers).find(({ noteKey }) => agencyIdOf(noteKey) === agency);
  if (founder === undefined) return refuse({ kind: "other-agency", found: agency });
  return signedBy(note, agreement.value, [founder]);
}

/** Opens version n+1: chained to n by its hash, and signed by a supervisor of n. */
export function openNextAgreement(
  current: OpenedAgreement,
  note: string,
): Result<OpenedAgreement, AgreementRefusal> {
  const agreement = parseAgreement(note);
  if (!agreement.ok) return agreement;
  const { agency, version, previous, officers } = agreement.value;
  if (agency !== current.agency) return refuse({ kind: "other-agency", found: agency });
  if (version !== current.version + 1 || previous !== current.hash)
    return refuse({ kind: "not-the-next-agreement", have: current.version, found: version });
  if (supervisorsIn(officers).length === 0) return refuse({ kind: "no-supervisor" });
  return signedBy(note, agreement.value, supervisorsIn(current.officers));
}

/** Opens a whole chain from version 1 on; the last is in force. */
export function openAgreementChain(
  notes: readonly string[],
): Result<readonly OpenedAgreement[], AgreementRefusal> {
  const opened: OpenedAgreement[] = [];
  for (const note of notes) {
    const last = opened.at(-1);
    const next = last === undefined ? openFirstAgreement(note) : openNextAgreement(last, note);
    if (!next.ok) return next;
    opened.push(next.value);
  }
  return opened.length > 0 ? ok(opened) : refuse({ kind: "not-the-next-agreement", have: 0, found: 0 });
}

/** Whether nothing but its people differs: then the public has seen it already, and need not see it for 30 days again. */
export function bindsAsBefore(before: Agreement, now: Agreement): boolean {
  const substance = ({ name, kind, jurisdiction, territory, phone, terms }: Agreement): string =>
    [name, kind, jurisdiction, formatArea(territory), phone, terms].join("\n");
  return substance(before) === substance(now);
}

const supervisorsIn = (officers: readonly Officer[]): readonly Officer[] =>
  officers.filter(({ role }) => role === "supervisor");

function signedBy(
  note: string,
  agreement: OpenedAgreement,
  supervisors: readonly Officer[],
): Result<OpenedAgreement, AgreementRefusal> {
  const opened = openNote(note, supervisors.map(officerVerifier));
  return opened.ok ? ok(agreement) : opened;
}

function parseAgreement(note: string): Result<OpenedAgreement, AgreementRefusal> {
  const text = textOf(note);
  const read = readFields(shape, text, readAgreement);
  if (!read.ok) return read;
  const { officers } = read.value;
  const repeated = officers.find(({ noteKey, loginKey }, at) =>
    officers.some(
      (other, place) =>
        equal(other.loginKey, noteKey) ||
        (place > at && (equal(other.noteKey, noteKey) || equal(other.loginKey, loginKey))),
    ),
  );
  if (repeated !== undefined) return refuse({ kind: "repeated-officer", id: repeated.id });
  return ok({ ...read.value, hash: hashOfText(text) });
}

function readAgreement(read: FieldReader): Agreement {
  const agreement = {
    agency: read.subject(isAgencyId),
    version: read.number("version"),
    previous: read.text("previous", (text): text is Hash => text === "none" || isHash(text)),
    issued: read.time("issued"),
    name: read.text("name", (text): text is string => isName(text)),
    kind: read.text("kind", oneOf<AgencyKind>(...allAgencyKinds)),
    jurisdiction: read.text("jurisdiction", oneOf<Jurisdiction>(...allJurisdictions)),
    territory: parseArea(read.plain("territory")) ?? [],
    phone: read.text("phone", isPhone),
    terms: read.text("terms", isHash),
    officers: read.list("officer", officersMax).flatMap((line) => parseOfficer(line) ?? []),
  };
  read.check(agreement.version > 0, "version");
  read.check((agreement.version === 1) === (agreement.previous === "none"), "previous");
  read.check(isOutline(agreement.territory), "territory");
  read.check(agreement.officers.length === read.list("officer", officersMax).length, "officer");
  return agreement;
}

/** E.164. */
function isPhone(text: string): text is string {
  return /^\+[1-9][0-9]{6,14}$/.test(text);
}

const isOfficerRole = oneOf<Officer["role"]>("officer", "supervisor");
