import { sha256 } from "@noble/hashes/sha2.js";
import { concat, fromBase64, toBase64, toUtf8 } from "../kernel/bytes.js";
import type { Random } from "../kernel/ports.js";
import { ok, type Result, refuse } from "../kernel/result.js";

/**
 * A line that a note commits to without showing it: the note holds SHA-256(salt ‖ line), the opening stands beside the note.
 * Whoever passes the note on opens only the lines that the reader needs.
 */
export interface Opening {
  /** 16 random bytes, so that a short line cannot be guessed from its hash. */
  readonly salt: Uint8Array;
  readonly line: string;
}

export type OpeningRefusal =
  | { readonly kind: "malformed-opening"; readonly index: number }
  | { readonly kind: "opening-does-not-match"; readonly index: number }
  | { readonly kind: "wrong-number-of-openings"; readonly expected: number; readonly found: number };

export const saltBytes = 16;

export function close(line: string, random: Random): Opening {
  return { salt: random.bytes(saltBytes), line };
}

/** What the note shows of a line: base64 of its salted hash. */
export function commitment({ salt, line }: Opening): string {
  return toBase64(sha256(concat(salt, toUtf8(line))));
}

/** `base64(salt) line`, as it stands beside a note. */
export function formatOpening({ salt, line }: Opening): string {
  return `${toBase64(salt)} ${line}`;
}

/** The lines behind a note's commitments; `undefined` where one was kept back. */
export function openLines(
  commitments: readonly string[],
  openings: readonly (string | null)[],
): Result<readonly (string | undefined)[], OpeningRefusal> {
  if (commitments.length !== openings.length) {
    return refuse({ kind: "wrong-number-of-openings", expected: commitments.length, found: openings.length });
  }
  const lines: (string | undefined)[] = [];
  for (const [index, text] of openings.entries()) {
    const opening = text === null ? undefined : parseOpening(text);
    if (text !== null && opening === undefined) return refuse({ kind: "malformed-opening", index });
    if (opening !== undefined && commitment(opening) !== commitments[index]) {
      return refuse({ kind: "opening-does-not-match", index });
    }
    lines.push(opening?.line);
  }
  return ok(lines);
}

function parseOpening(text: string): Opening | undefined {
  const split = text.indexOf(" ");
  const salt = fromBase64(text.slice(0, Math.max(split, 0)));
  return split > 0 && salt.ok && salt.value.length === saltBytes
    ? { salt: salt.value, line: text.slice(split + 1) }
    : undefined;
}
