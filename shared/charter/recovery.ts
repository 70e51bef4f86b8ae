import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { toBase32, toUtf8 } from "../kernel/bytes.js";

/** 32 characters of base32. */
const idBytes = 20;

/**
 * Where the cloud keeps what a recovery passphrase opens. It says nothing of whose it is; whoever holds it must still try all
 * passphrases (HKDF-SHA-256, RFC 5869; a drawn passphrase of 90 bits).
 */
export function recoveryIdOf(passphrase: string): string {
  return toBase32(hkdf(sha256, toUtf8(passphrase), undefined, toUtf8("lintel/v1 recovery id"), idBytes));
}
