import { assert } from "../kernel/assert.js";
import { type Millis, millis } from "../kernel/brand.js";
import { fromUtf8, toUtf8 } from "../kernel/bytes.js";
import { type Result, refuse } from "../kernel/result.js";
import { type FieldsRefusal, formatFields, type NoteShape, oneOf, readFields } from "../seal/fields.js";
import { type Hash, isHash } from "../seal/hash.js";

/** What a line of the public log may be about. */
export type EntryKind = (typeof entryKinds)[number];

/** `entry/v1`: one line of the public log, for ever. What it is about stands elsewhere; whoever has it compares its hash. */
export interface LogEntry {
  readonly kind: EntryKind;
  /** Of what the entry is about: where that must stay unknown, a tag that says nothing to strangers. */
  readonly id: string;
  readonly at: Millis;
  /** The agency's id, or `none`. */
  readonly agency: string;
  /** What became of it with this entry, as the kind's machine calls it. */
  readonly state: string;
  /** Of the text behind it; salted where the text could be guessed. */
  readonly hash: Hash;
}

export type EntryRefusal = FieldsRefusal | { readonly kind: "not-utf8" };

export const entryKinds = [
  "charter",
  "agency",
  "request",
  "releases",
  "emergency",
  "legal",
  "preservation",
  "operator",
  "footage",
  "package",
] as const;

const shape: NoteShape = { type: "entry/v1", fields: ["kind", "at", "agency", "state", "hash"] };

/** Ids and states have no room for a text about anybody, nor for anything that a terminal obeys. */
const isEntryId = (text: string): text is string => /^[a-z0-9][a-z0-9._-]{0,63}$/.test(text);
const isEntryState = (text: string): text is string => /^[a-z][a-z0-9-]{0,31}$/.test(text);
export const isEntryKind = oneOf(...entryKinds);

/** An entry without a canonical form is a bug of whoever made it, and nothing that may be written down for ever. */
export function formatEntry({ id, ...values }: LogEntry): Uint8Array {
  const bytes = toUtf8(formatFields(shape, id, { ...values }));
  assert(parseEntry(bytes).ok, `an entry of kind ${values.kind} has no canonical form`);
  return bytes;
}

export function parseEntry(bytes: Uint8Array): Result<LogEntry, EntryRefusal> {
  const text = fromUtf8(bytes);
  if (!text.ok) return refuse({ kind: "not-utf8" });
  return readFields(shape, text.value, (read) => ({
    kind: read.text("kind", isEntryKind),
    id: read.subject(isEntryId),
    // Later than a calendar goes, too: so the vectors have it since the first log.
    at: millis(read.number("at")),
    agency: read.text("agency", isEntryId),
    state: read.text("state", isEntryState),
    hash: read.text("hash", isHash),
  }));
}
