import { parseDecimal } from "../../shared/seal/fields.js";

/** Bytes from `start` to before `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * One range of bytes (RFC 9110 §14.1.2, §14.2). `whole` when the header is absent or is one that a server may ignore: another
 * unit, malformed, several ranges. `unsatisfiable` when it lies behind the end.
 */
export function parseRange(
  header: string | undefined,
  length: number,
): ByteRange | "whole" | "unsatisfiable" {
  const [, firstText = "", lastText = ""] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  const first = parseDigits(firstText);
  const last = parseDigits(lastText);
  if (first === undefined) return last === undefined ? "whole" : suffix(last, length);
  if (last !== undefined && last < first) return "whole";
  if (first >= length) return "unsatisfiable";
  return { start: first, end: Math.min(last === undefined ? length : last + 1, length) };
}

function suffix(wanted: number, length: number): ByteRange | "unsatisfiable" {
  return wanted === 0 || length === 0
    ? "unsatisfiable"
    : { start: Math.max(length - wanted, 0), end: length };
}

/** Ranges may have leading zeros, notes' numbers may not. */
function parseDigits(text: string): number | undefined {
  return text === "" ? undefined : parseDecimal(text.replace(/^0+(?=\d)/, ""));
}
