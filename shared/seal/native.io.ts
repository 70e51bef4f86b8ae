import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import type { Hash } from "./hash.js";
import { type Signer, type Verifier, verifierOf } from "./note.js";

/** DER around the 32 bytes of a key (RFC 8410). */
const publicPrefix = Buffer.from("302a300506032b6570032100", "hex");
const privatePrefix = Buffer.from("302e020100300506032b657004220420", "hex");

/** Keys as OpenSSL has them, by their bytes: to read one costs more than to verify with it. */
const keys = new Map<string, KeyObject>();
const keysMax = 10_000;

/** The same verifier on OpenSSL: some ten times faster, which is what an announcement costs. */
export function nativeVerifier({ name, publicKey }: Verifier): Verifier {
  const key = keyOf(publicKey);
  return { name, publicKey, native: (signature, text) => verify(null, text, key, signature) };
}

function keyOf(publicKey: Uint8Array): KeyObject {
  const der = Buffer.concat([publicPrefix, publicKey]);
  const name = der.toString("base64");
  const known = keys.get(name);
  if (known !== undefined) return known;
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  // unreached: ten thousand keys are more than a test makes
  if (keys.size >= keysMax) keys.clear();
  keys.set(name, key);
  return key;
}

/** The same signer on OpenSSL: some fifty times faster, which is what a sealed segment costs. */
export function nativeSigner({ name, secretKey }: Signer): Signer {
  const { publicKey } = verifierOf({ name, secretKey });
  const der = Buffer.concat([privatePrefix, secretKey]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return { name, secretKey, native: { publicKey, sign: (text) => sign(null, text, key) } };
}

/** The same SHA-256 on OpenSSL. */
export function nativeHashOf(data: Uint8Array): Hash {
  return createHash("sha256").update(data).digest("base64");
}
