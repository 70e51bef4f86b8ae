import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import {
  equalInConstantTime,
  fromBase64,
  fromBase64Url,
  fromUtf8,
  toBase32,
  toBase64,
  toBase64Url,
  toUtf8,
} from "../kernel/bytes.js";
import { type HouseholdId, isHouseholdId } from "../kernel/ids.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import type { Hash } from "../seal/hash.js";
import { isCloudUrl } from "./cloudurl.js";

/**
 * The one-time pairing right that an owner's client shows (QR or text) and an installer gives to the board. It carries what
 * the camera must believe without asking the cloud: which household, and which charter. The cloud never sees the secret.
 */
export interface Claim {
  /** Where the cloud's HTTP API is, `https://host[:port]` (`http://` on loopback only). */
  readonly cloudUrl: string;
  /** SHA-256 of the cloud's own CA certificate (DER): the only authority that the board trusts. */
  readonly caHash: Hash;
  readonly household: HouseholdId;
  /** The newest charter when the claim was made. Its owners sign the camera in. */
  readonly charter: Hash;
  /** 16 bytes; dies at first use or after `claimMillisMax`. */
  readonly secret: Uint8Array;
}

export const claimMillisMax = 10 * 60_000;
export const claimSecretBytes = 16;

/** What a board says of itself when it answers a claim. */
export interface ClaimAnswer {
  /** Base64 of the camera's note-signing public key. */
  readonly noteKey: string;
  /** Base64 of its TLS public key (DER SubjectPublicKeyInfo). */
  readonly tlsKey: string;
  /** Base64 of HMAC-SHA-256(secret, type ‖ household ‖ charter ‖ keys). */
  readonly mac: string;
}

export type ClaimRefusal = { readonly kind: "malformed-claim"; readonly why: string };

const prefix = "lintel1";

export function formatClaim({ cloudUrl, caHash, household, charter, secret }: Claim): string {
  const hash = (text: Hash): string => text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  return [
    prefix,
    toBase64Url(toUtf8(cloudUrl)),
    hash(caHash),
    household,
    hash(charter),
    toBase64Url(secret),
  ].join(".");
}

export function parseClaim(text: string): Result<Claim, ClaimRefusal> {
  const [head, url = "", ca = "", household = "", pin = "", secretText = "", ...rest] = text
    .trim()
    .split(".");
  if (head !== prefix || rest.length > 0)
    return malformed(`it does not start with ${prefix} and have six parts`);
  const decoded = [url, ca, pin, secretText].map((part) => fromBase64Url(part));
  const [urlBytes, caHash, charter, secret] = decoded.map((part) =>
    part.ok ? part.value : new Uint8Array(0),
  );
  // unreached: four parts are decoded, whatever stands in them
  const cloudUrl = fromUtf8(urlBytes ?? new Uint8Array(0));
  if (!cloudUrl.ok || !isCloudUrl(cloudUrl.value))
    return malformed("the cloud's address is not an http(s) URL");
  if (caHash?.length !== 32 || charter?.length !== 32) return malformed("a hash in it is not whole");
  if (!isHouseholdId(household)) return malformed("the household id is not whole");
  if (secret?.length !== claimSecretBytes) return malformed("the secret is not whole");
  return ok({
    cloudUrl: cloudUrl.value,
    caHash: toBase64(caHash),
    household,
    charter: toBase64(charter),
    secret,
  });
}

/** How the cloud files a claim: tells nothing of the secret. */
export function claimIdOf(secret: Uint8Array): string {
  return toBase32(hmac(sha256, secret, toUtf8("lintel claim id")).subarray(0, 10));
}

export function answerClaim(claim: Claim, noteKey: Uint8Array, tlsKey: Uint8Array): ClaimAnswer {
  const keys = { noteKey: toBase64(noteKey), tlsKey: toBase64(tlsKey) };
  return { ...keys, mac: toBase64(macOf(claim, keys)) };
}

/** True when the answer was made by somebody who holds the claim's secret, over exactly these keys. */
export function isAnswerTo(claim: Claim, answer: ClaimAnswer): boolean {
  const mac = fromBase64(answer.mac);
  return mac.ok && equalInConstantTime(mac.value, macOf(claim, answer));
}

/**
 * What owner and installer compare by eye: 80 bits of the hash of the camera's keys, in four groups. Who knows the secret
 * must not find keys of his own with the same fingerprint.
 */
export function fingerprintOf({ noteKey, tlsKey }: Pick<ClaimAnswer, "noteKey" | "tlsKey">): string {
  const text = toBase32(sha256(toUtf8(`${noteKey} ${tlsKey}`)).subarray(0, 10));
  return [0, 4, 8, 12].map((at) => text.slice(at, at + 4)).join("-");
}

function macOf(claim: Claim, keys: Pick<ClaimAnswer, "noteKey" | "tlsKey">): Uint8Array {
  const text = `enrolment/v1\n${claim.household}\n${claim.charter}\n${keys.noteKey}\n${keys.tlsKey}\n`;
  return hmac(sha256, claim.secret, toUtf8(text));
}

function malformed(why: string): { ok: false; error: ClaimRefusal } {
  return refuse({ kind: "malformed-claim", why });
}
