import { sha256 } from "@noble/hashes/sha2.js";
import { fromBase64, toBase64, toUtf8 } from "../kernel/bytes.js";

/** SHA-256 as notes write it: 44 characters of base64. */
export type Hash = string;

export function hashOf(data: Uint8Array): Hash {
  return toBase64(sha256(data));
}

/** The same hash function, which hashes each array once: for whoever hands the same bytes through several hands. */
export function rememberingHash(hash: (data: Uint8Array) => Hash): (data: Uint8Array) => Hash {
  const known = new WeakMap<Uint8Array, Hash>();
  return (data) => {
    const before = known.get(data);
    if (before !== undefined) return before;
    const found = hash(data);
    known.set(data, found);
    return found;
  };
}

/** The hash by which a note is named: of its text, so that adding a co-signature does not rename it. */
export function hashOfText(text: string): Hash {
  return hashOf(toUtf8(text));
}

export function isHash(text: string): text is Hash {
  const decoded = fromBase64(text);
  return decoded.ok && decoded.value.length === 32;
}
