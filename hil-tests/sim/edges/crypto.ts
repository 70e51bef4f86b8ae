// Takes the place of `node:crypto`: the real one, but for chance, which comes from the seed.
import { createECDH, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { prng } from "./clockwork.js";

// biome-ignore lint/performance/noBarrelFile: what is not exchanged stays what it is.
export * from "node:crypto";

export function randomBytes(length: number): Buffer {
  return Buffer.from(prng().bytes(length));
}

export function randomUUID(): string {
  const hex = randomBytes(16).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** The only kind that the product makes this way: P-256. */
export function generateKeyPairSync(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  const pair = createECDH("prime256v1");
  const secret = randomBytes(32);
  secret[0] = 0x3f & (secret[0] ?? 0); // below the group's order
  secret[31] = 1 | (secret[31] ?? 0);
  pair.setPrivateKey(secret);
  const point = pair.getPublicKey();
  const [x, y] = [point.subarray(1, 33).toString("base64url"), point.subarray(33).toString("base64url")];
  const jwk = { kty: "EC", crv: "P-256", x, y, d: secret.toString("base64url") };
  const privateKey = createPrivateKey({ key: jwk, format: "jwk" });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
