import type { Millis } from "../kernel/brand.js";
import { type AgencyId, isAgencyId, isReleaseId, type ReleaseId } from "../kernel/ids.js";
import { ok, type Result } from "../kernel/result.js";
import { type FieldsRefusal, formatFields, type NoteShape, oneOf, readFields } from "../seal/fields.js";
import { type Hash, isHash } from "../seal/hash.js";
import { type NoteRefusal, openNote, textOf } from "../seal/note.js";
import { type Officer, officerVerifier } from "./agreement.js";

/**
 * `custody/v1`: an officer's word on what became of a release: it was `received` and verified, all copies are `disposed` of, or
 * it is `retained` under a legal ground of its own.
 */
export interface CustodyWord {
  readonly release: ReleaseId;
  readonly agency: AgencyId;
  readonly act: "received" | "disposed" | "retained";
  /** Of the sealed package, as it was fetched. */
  readonly package: Hash;
  /** The order under which it is retained; `none` for the other acts. */
  readonly ground: string;
  readonly at: Millis;
}

export type CustodyRefusal = NoteRefusal | FieldsRefusal;

const shape: NoteShape = { type: "custody/v1", fields: ["agency", "act", "package", "ground", "at"] };

export function formatCustodyWord({ release, ...values }: CustodyWord): string {
  return formatFields(shape, release, { ...values });
}

/** Opens what an officer of the agency signed. */
export function openCustodyWord(
  note: string,
  officers: readonly Officer[],
): Result<CustodyWord, CustodyRefusal> {
  const word = readFields(shape, textOf(note), (read) => {
    const act = read.text("act", oneOf<CustodyWord["act"]>("received", "disposed", "retained"));
    const ground = read.text("ground", isGround);
    read.check((act === "retained") === (ground !== "none"), "ground");
    return {
      release: read.subject(isReleaseId),
      agency: read.text("agency", isAgencyId),
      act,
      package: read.text("package", isHash),
      ground,
      at: read.time("at"),
    };
  });
  if (!word.ok) return word;
  const opened = openNote(note, officers.map(officerVerifier));
  return opened.ok ? ok(word.value) : opened;
}

/** A court's own number. */
function isGround(text: string): text is string {
  return text === "none" || /^[A-Z0-9][A-Za-z0-9/. -]{2,31}$/.test(text);
}
