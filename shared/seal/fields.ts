import { type Millis, millis } from "../kernel/brand.js";
import { ok, type Result, refuse } from "../kernel/result.js";

/**
 * The text of a Lintel note: line 1 its type and version, line 2 whose it is, then one `name value` line a field, in one
 * order. There is exactly one text for given values: unknown, repeated, missing or reordered lines are refused.
 */
export interface NoteShape {
  readonly type: string;
  /** Field names in their order. A name ending in `*` stands for any number of lines. */
  readonly fields: readonly string[];
}

export type FieldsRefusal =
  | { readonly kind: "other-note-type"; readonly expected: string; readonly found: string }
  | { readonly kind: "not-canonical"; readonly line: number; readonly expected: string }
  | { readonly kind: "bad-field"; readonly field: string };

/** Values by field name: one text, a number, or a list for a `*` field. */
export type FieldValues = Readonly<Record<string, string | number | readonly string[]>>;

export function formatFields(shape: NoteShape, subject: string, values: FieldValues): string {
  const lines = shape.fields.flatMap((name) => {
    const field = name.replace("*", "");
    // unreached: every format function gives all its fields
    return [values[field] ?? ""].flat().map((value) => `${field} ${value}`);
  });
  return `${[shape.type, subject, ...lines].join("\n")}\n`;
}

/** Hands each field to a parser; the first that fails refuses the whole text by the field's name. */
export interface FieldReader {
  subject<T extends string>(is: (text: string) => text is T): T;
  text<T extends string>(field: string, is: (text: string) => text is T): T;
  plain(field: string): string;
  /** A decimal without sign or leading zero, at most `max`. */
  number(field: string, max?: number): number;
  /** A wall time that a calendar has. */
  time(field: string): Millis;
  list(field: string, max: number): readonly string[];
  /** Refuses the text for this field unless the condition holds. */
  check(condition: boolean, field: string): void;
}

/** Reads a note's text into a value, or refuses it. `read` must not fail in any other way than through its reader. */
export function readFields<T>(
  shape: NoteShape,
  text: string,
  read: (reader: FieldReader) => T,
): Result<T, FieldsRefusal> {
  const split = splitLines(shape, text);
  if (!split.ok) return split;
  try {
    return ok(read(readerOf(split.value)));
  } catch (error) {
    if (error instanceof BadField) return refuse({ kind: "bad-field", field: error.field });
    throw error;
  }
}

/** A decimal without sign or leading zero, below 2^53: the only way in which notes write numbers. */
export function parseDecimal(text: string): number | undefined {
  const value = Number(text);
  return /^(0|[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(value) ? value : undefined;
}

/** The last moment that ECMAScript's calendar has (ECMA-262 §21.4.1.1): nobody can be shown a later one. */
const timeMax = 8_640_000_000_000_000;

/** Milliseconds since 1970, as `parseDecimal`, that can be shown to people. */
export function parseTime(text: string): Millis | undefined {
  const value = parseDecimal(text);
  return value !== undefined && value <= timeMax ? millis(value) : undefined;
}

/** A test for one of a closed list of words. */
export function oneOf<T extends string>(...words: readonly T[]): (text: string) => text is T {
  return (text): text is T => (words as readonly string[]).includes(text);
}

class BadField extends Error {
  readonly field: string;
  constructor(field: string) {
    super(field);
    this.field = field;
  }
}

interface Split {
  readonly subject: string;
  readonly values: Readonly<Record<string, readonly string[]>>;
}

function splitLines(shape: NoteShape, text: string): Result<Split, FieldsRefusal> {
  const lines = text.split("\n");
  const [type = "", subject = ""] = lines;
  if (type !== shape.type) return refuse({ kind: "other-note-type", expected: shape.type, found: type });
  const values: Record<string, readonly string[]> = {};
  let at = 2;
  for (const name of shape.fields) {
    const field = name.replace("*", "");
    const found = linesNamed(lines, at, field);
    if (!name.endsWith("*") && found.length !== 1)
      return refuse({ kind: "not-canonical", line: at + 1, expected: field });
    values[field] = found;
    at += found.length;
  }
  const complete = subject !== "" && lines.length === at + 1 && lines[at] === "";
  return complete
    ? ok({ subject, values })
    : refuse({ kind: "not-canonical", line: at + 1, expected: "the end" });
}

/** The values of the lines from `at` on that carry this name, without a gap. */
function linesNamed(lines: readonly string[], at: number, name: string): readonly string[] {
  const values: string[] = [];
  for (let i = at; lines[i]?.startsWith(`${name} `); i++)
    // unreached: the loop has seen that the line is there
    values.push((lines[i] ?? "").slice(name.length + 1));
  return values;
}

function readerOf({ subject, values }: Split): FieldReader {
  // unreached: readers ask for fields of their own shape only
  const plain = (field: string): string => values[field]?.[0] ?? "";
  const check = (condition: boolean, field: string): void => {
    if (!condition) throw new BadField(field);
  };
  return {
    plain,
    check,
    subject(is) {
      if (!is(subject)) throw new BadField("subject");
      return subject;
    },
    text(field, is) {
      const value = plain(field);
      if (!is(value)) throw new BadField(field);
      return value;
    },
    number(field, max = Number.MAX_SAFE_INTEGER) {
      const value = parseDecimal(plain(field));
      if (value === undefined || value > max) throw new BadField(field);
      return value;
    },
    time(field) {
      const value = parseTime(plain(field));
      if (value === undefined) throw new BadField(field);
      return value;
    },
    list(field, max) {
      // unreached: readers ask for fields of their own shape only
      const list = values[field] ?? [];
      check(list.length <= max, field);
      return list;
    },
  };
}
