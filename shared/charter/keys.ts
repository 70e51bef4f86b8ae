import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bech32 } from "@scure/base";
import { toUtf8 } from "../kernel/bytes.js";
import type { Identity } from "../seal/age.js";

/** A member's secrets in one household. None of them ever leaves the member's own client. */
export interface MemberKeys {
  /** Ed25519 secret keys, 32 bytes each: one signs notes, the other only logs in. */
  readonly noteSecret: Uint8Array;
  readonly loginSecret: Uint8Array;
  /** Opens what is sealed to the member: the camera keys. */
  readonly identity: Identity;
}

/** Length of a member's seed, the one secret that a recovery sheet holds. */
export const memberSeedBytes = 32;

/**
 * The keys that a member's seed gives for one household (HKDF-SHA-256, RFC 5869). `membership` counts the member's
 * households, 0 for the first: the seed alone finds them all again.
 */
export function memberKeys(seed: Uint8Array, membership: number): MemberKeys {
  const derive = (use: string): Uint8Array =>
    hkdf(sha256, seed, undefined, toUtf8(`lintel/v1 ${membership} ${use}`), 32);
  return { noteSecret: derive("note"), loginSecret: derive("login"), identity: identityOf(derive("age")) };
}

/** The age text of an X25519 secret (C2SP age, "The X25519 recipient type"): Bech32, upper case. */
export function identityOf(secret: Uint8Array): Identity {
  return bech32.encodeFromBytes("age-secret-key-", secret).toUpperCase();
}
