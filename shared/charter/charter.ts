import type { Millis } from "../kernel/brand.js";
import { equal } from "../kernel/bytes.js";
import { type HouseholdId, householdIdOf, isHouseholdId, type MemberId } from "../kernel/ids.js";
import type { Random } from "../kernel/ports.js";
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
import { type NoteRefusal, openNote, type Signer, signNote, textOf } from "../seal/note.js";
import { close, commitment, formatOpening, type OpeningRefusal, openLines } from "../seal/opening.js";
import {
  charterLinesMax,
  formatLines,
  type LineRefusal,
  type Member,
  memberVerifier,
  parseLines,
} from "./lines.js";
import {
  allSignatures,
  faultBetween,
  ownersOf,
  type Rules,
  type Signatures,
  type SuccessionRefusal,
  signersNeeded,
} from "./succession.js";

/** The household's signed rules, one link of a chain. */
export interface Charter extends Rules {
  readonly household: HouseholdId;
  /** 1, 2, 3 … */
  readonly version: number;
  readonly previous: Hash | "none";
  readonly issued: Millis;
}

/** The note and, beside it, the opening of each line (`null` where it was kept back). Travels as JSON. */
export interface SignedCharter {
  readonly note: string;
  readonly openings: readonly (string | null)[];
}

export type CharterRefusal =
  | NoteRefusal
  | FieldsRefusal
  | OpeningRefusal
  | LineRefusal
  | SuccessionRefusal
  | { readonly kind: "no-owner" }
  | { readonly kind: "other-household"; readonly found: string }
  | { readonly kind: "not-the-next-charter"; readonly have: number; readonly found: number }
  | { readonly kind: "missing-signature"; readonly member: MemberId };

/** A charter whose note, form and signatures held; `hash` is its name in the next one. */
export interface OpenedCharter extends Charter {
  readonly hash: Hash;
}

const shape: NoteShape = {
  type: "charter/v1",
  fields: ["version", "previous", "issued", "change", "release", "line*"],
};

/** Signs a charter. Throws on one that `openFirstCharter` or `openNextCharter` would refuse for its form. */
export function signCharter(charter: Charter, signers: readonly Signer[], random: Random): SignedCharter {
  const { household, members, cameras, ...values } = charter;
  const openings = formatLines({ members, cameras }).map((line) => close(line, random));
  const text = formatFields(shape, household, { ...values, line: openings.map(commitment) });
  return { note: signNote(text, signers), openings: openings.map(formatOpening) };
}

/** Opens version 1: the household's id is that of its first owner's key, and every owner in it signed it. */
export function openFirstCharter(signed: SignedCharter): Result<OpenedCharter, CharterRefusal> {
  const charter = parseCharter(signed);
  if (!charter.ok) return charter;
  const { household, version, previous, members } = charter.value;
  if (version !== 1 || previous !== "none")
    return refuse({ kind: "not-the-next-charter", have: 0, found: version });
  const founder = members.find(({ role }) => role === "owner");
  if (founder === undefined) return refuse({ kind: "no-owner" });
  if (householdIdOf(founder.noteKey) !== household)
    return refuse({ kind: "other-household", found: household });
  const owners = ownersOf(charter.value);
  return whole(signedBy(charter.value, signed, owners, owners));
}

/** A charter that signatures may still be missing from. */
export interface ProposedCharter {
  readonly charter: OpenedCharter;
  /** The owners who signed it; never empty. */
  readonly signers: readonly Member[];
  /** The owners without whose signature it is not the next. */
  readonly missing: readonly Member[];
}

/**
 * Opens version n+1 as version n demands: chained by its hash, signed by n's owners under n's rule and by every owner whom it
 * takes a right from, with an owner left. Camera, cloud and members decide by this function alone what follows.
 */
export function openNextCharter(
  current: OpenedCharter,
  signed: SignedCharter,
): Result<OpenedCharter, CharterRefusal> {
  return whole(openProposal(current, signed));
}

/** As `openNextCharter`, while only some of those who must sign have signed. Nothing follows it before all have. */
export function openProposal(
  current: OpenedCharter,
  signed: SignedCharter,
): Result<ProposedCharter, CharterRefusal> {
  const next = parseCharter(signed);
  if (!next.ok) return next;
  const { household, version, previous } = next.value;
  if (household !== current.household) return refuse({ kind: "other-household", found: household });
  if (version !== current.version + 1 || previous !== current.hash) {
    return refuse({ kind: "not-the-next-charter", have: current.version, found: version });
  }
  if (ownersOf(next.value).length === 0) return refuse({ kind: "no-owner" });
  const fault = faultBetween(current, next.value);
  if (fault !== undefined) return refuse(fault);
  return signedBy(next.value, signed, ownersOf(current), signersNeeded(current, next.value));
}

/** Opens a whole chain from version 1 on. */
export function openCharterChain(chain: readonly SignedCharter[]): Result<OpenedCharter, CharterRefusal> {
  const [first, ...later] = chain;
  if (first === undefined) return refuse({ kind: "not-the-next-charter", have: 0, found: 0 });
  let opened = openFirstCharter(first);
  for (const signed of later) {
    if (!opened.ok) return opened;
    opened = openNextCharter(opened.value, signed);
  }
  return opened;
}

/**
 * Opens a charter that was pinned by its hash out of band (the claim that an owner's client showed), as a camera does that
 * never saw the charters before it.
 */
export function openPinnedCharter(signed: SignedCharter, pin: Hash): Result<OpenedCharter, CharterRefusal> {
  const charter = parseCharter(signed);
  if (!charter.ok) return charter;
  if (charter.value.hash !== pin)
    return refuse({ kind: "not-the-next-charter", have: 0, found: charter.value.version });
  return whole(signedBy(charter.value, signed, ownersOf(charter.value), []));
}

/** As much of a charter as somebody outside of the household is shown. */
export interface DisclosedCharter extends OpenedCharter {
  /** Lines that were kept back. */
  readonly kept: number;
}

/**
 * Opens a charter of which only some lines are shown, signed by one at least of the owners whose lines are. Whether an owner
 * stands in a line that was kept back, it cannot say.
 */
export function openDisclosedCharter(signed: SignedCharter): Result<DisclosedCharter, CharterRefusal> {
  const charter = parseCharter(signed, (lines) => lines.filter((line) => line !== undefined));
  if (!charter.ok) return charter;
  const kept = signed.openings.filter((opening) => opening === null).length;
  const proposed = signedBy(charter.value, signed, ownersOf(charter.value), []);
  return proposed.ok ? ok({ ...charter.value, kept }) : proposed;
}

/** The same charter with the lines of these members and cameras alone. */
export function discloseCharter({ note, openings }: SignedCharter, ids: readonly string[]): SignedCharter {
  const isShown = (opening: string): boolean => {
    const [, kind = "", id = ""] = opening.split(" ");
    return ["member", "camera"].includes(kind) && ids.includes(id);
  };
  return {
    note,
    openings: openings.map((opening) => (opening !== null && isShown(opening) ? opening : null)),
  };
}

/** At least one of `owners` signed it; which of `needed` have not is told. */
function signedBy(
  charter: OpenedCharter,
  signed: SignedCharter,
  owners: readonly Member[],
  needed: readonly Member[],
): Result<ProposedCharter, CharterRefusal> {
  const note = openNote(signed.note, owners.map(memberVerifier));
  if (!note.ok) return note;
  const hasSigned = ({ noteKey }: Member): boolean =>
    note.value.signers.some(({ publicKey }) => equal(publicKey, noteKey));
  const missing = needed.filter((owner) => !hasSigned(owner));
  return ok({ charter, signers: owners.filter(hasSigned), missing });
}

function whole(proposed: Result<ProposedCharter, CharterRefusal>): Result<OpenedCharter, CharterRefusal> {
  if (!proposed.ok) return proposed;
  const { charter, missing } = proposed.value;
  const [first] = missing;
  return first === undefined ? ok(charter) : refuse({ kind: "missing-signature", member: first.id });
}

/** The form alone; says nothing of signatures. `shown` may let lines be kept back. */
function parseCharter(
  signed: SignedCharter,
  shown = (lines: readonly (string | undefined)[]) => lines,
): Result<OpenedCharter, CharterRefusal> {
  const text = textOf(signed.note);
  const head = readFields(shape, text, readHead);
  if (!head.ok) return head;
  const { commitments, ...rules } = head.value;
  const lines = openLines(commitments, signed.openings);
  if (!lines.ok) return lines;
  const body = parseLines(shown(lines.value));
  return body.ok ? ok({ ...rules, ...body.value, hash: hashOfText(text) }) : body;
}

function readHead(
  read: FieldReader,
): Omit<Charter, "members" | "cameras"> & { readonly commitments: readonly string[] } {
  const head = {
    household: read.subject(isHouseholdId),
    version: read.number("version"),
    previous: read.text("previous", (text): text is Hash => text === "none" || isHash(text)),
    issued: read.time("issued"),
    change: read.text("change", oneOf<Signatures>(...allSignatures)),
    release: read.text("release", oneOf<Signatures>(...allSignatures)),
    commitments: read.list("line", charterLinesMax),
  };
  read.check(head.version > 0, "version");
  read.check((head.version === 1) === (head.previous === "none"), "previous");
  return head;
}
