import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { base32, base64, base64urlnopad, utf8 } from "@scure/base";
import { ok, type Result, refuse } from "./result.js";

export const concat = concatBytes;
export const toHex = bytesToHex;
export const fromHex = hexToBytes;
export const toUtf8 = utf8ToBytes;
export const toBase64 = (data: Uint8Array): string => base64.encode(data);
export const toBase64Url = (data: Uint8Array): string => base64urlnopad.encode(data);

/** Lower-case base32 without padding, for ids: safe in topics, file names and host names. */
export function toBase32(data: Uint8Array): string {
  return base32.encode(data).toLowerCase().replace(/=+$/, "");
}

/** Canonical base64 only: what does not encode back to the same text is refused. */
export function fromBase64(text: string): Result<Uint8Array, "not-base64"> {
  return decodeWith(base64, text);
}

export function fromBase64Url(text: string): Result<Uint8Array, "not-base64"> {
  return decodeWith(base64urlnopad, text);
}

/** Text of valid UTF-8 bytes; anything that does not encode back to the same bytes is refused. */
export function fromUtf8(data: Uint8Array): Result<string, "not-utf8"> {
  try {
    const text = utf8.encode(data);
    // unreached: the decoder is strict already; ours says so for others
    return equal(utf8ToBytes(text), data) ? ok(text) : refuse("not-utf8");
  } catch {
    return refuse("not-utf8");
  }
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The same answer as `equal`, in a time that does not depend on where the two differ: for MACs and tokens. */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  // unreached: other lengths have differed before
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

interface Coder {
  encode(data: Uint8Array): string;
  decode(text: string): Uint8Array;
}

function decodeWith(coder: Coder, text: string): Result<Uint8Array, "not-base64"> {
  try {
    const data = coder.decode(text);
    // unreached: the decoder is strict already; ours says so for others
    return coder.encode(data) === text ? ok(data) : refuse("not-base64");
  } catch {
    return refuse("not-base64");
  }
}
