import type { Result } from "../kernel/result.js";
import { type FieldsRefusal, formatFields, type NoteShape, readFields } from "./fields.js";
import { type Hash, isHash } from "./hash.js";

/** `package/v1`: the project's word, by its offline release key, for exactly these bytes. Line 2 is the package's name. */
export interface PackageWord {
  readonly name: string;
  readonly version: string;
  /** As Debian calls them: `all`, `arm64` … */
  readonly architecture: string;
  readonly bytes: number;
  readonly sha256: Hash;
}

const shape: NoteShape = { type: "package/v1", fields: ["version", "architecture", "bytes", "sha256"] };

/** Under which name the release key signs. */
export const releaseKeyName = "lintel-release";

export function formatPackageWord({ name, ...values }: PackageWord): string {
  return formatFields(shape, name, values);
}

export function parsePackageWord(text: string): Result<PackageWord, FieldsRefusal> {
  return readFields(shape, text, (read) => ({
    name: read.subject(isName),
    version: read.text("version", isVersion),
    architecture: read.text("architecture", isName),
    bytes: read.number("bytes"),
    sha256: read.text("sha256", isHash),
  }));
}

/** Debian policy §5.6.1; also a word that no shell and no program takes for an option. */
function isName(text: string): text is string {
  return /^[a-z0-9][a-z0-9-]{1,63}$/.test(text);
}

/** Debian policy §5.6.12, without an epoch. */
function isVersion(text: string): text is string {
  return /^[0-9][A-Za-z0-9.+~-]{0,63}$/.test(text);
}
