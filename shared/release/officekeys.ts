import { x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bech32 } from "@scure/base";
import { toUtf8 } from "../kernel/bytes.js";
import { type OfficerId, officerIdOf } from "../kernel/ids.js";
import type { Recipient } from "../seal/age.js";
import { verifierOf } from "../seal/note.js";

/** Secrets of somebody who works for an agency or the operator. They open no recording and never leave their own machine. */
export interface OfficeKeys {
  /** Ed25519 secret keys, 32 bytes each: one signs notes, the other only logs in. */
  readonly noteSecret: Uint8Array;
  readonly loginSecret: Uint8Array;
  /** X25519, as `identityOf` writes it: opens what members seal to the review board. */
  readonly ageSecret: Uint8Array;
}

/** What others know of them. The id is that of the note key. */
export interface OfficePublicKeys {
  readonly id: OfficerId;
  readonly noteKey: Uint8Array;
  readonly loginKey: Uint8Array;
  readonly recipient: Recipient;
}

export const officeSeedBytes = 32;

/** The keys of a seed (HKDF-SHA-256, RFC 5869), apart from those that the same seed would give a member. */
export function officeKeys(seed: Uint8Array): OfficeKeys {
  const derive = (use: string): Uint8Array =>
    hkdf(sha256, seed, undefined, toUtf8(`lintel/v1 office ${use}`), 32);
  return { noteSecret: derive("note"), loginSecret: derive("login"), ageSecret: derive("age") };
}

export function publicOfficeKeys({ noteSecret, loginSecret, ageSecret }: OfficeKeys): OfficePublicKeys {
  const noteKey = verifierOf({ name: "", secretKey: noteSecret }).publicKey;
  const loginKey = verifierOf({ name: "", secretKey: loginSecret }).publicKey;
  const recipient = bech32.encodeFromBytes("age", x25519.getPublicKey(ageSecret));
  return { id: officerIdOf(noteKey), noteKey, loginKey, recipient };
}
