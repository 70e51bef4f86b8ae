// Takes the place of `node:crypto`: the real one, but for chance, which comes from the seed.
import {
  X509Certificate as Certificate,
  createECDH,
  createPrivateKey,
  type KeyObject,
  createPublicKey as publicKeyOf,
} from "node:crypto";
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
  return { privateKey, publicKey: publicKeyOf(privateKey) };
}

/** What was read once of a text; to read it takes longer than all that is done with it. */
const known = new Map<string, unknown>();
const knownMax = 200;

function once<T>(name: string, make: () => T): T {
  const before = known.get(name);
  if (before !== undefined) return before as T;
  if (known.size >= knownMax) known.clear();
  const made = make();
  known.set(name, made);
  return made;
}

type PublicKeySource = Parameters<typeof publicKeyOf>[0];

export function createPublicKey(source: PublicKeySource): KeyObject {
  return typeof source === "string"
    ? once(`public key ${source}`, () => publicKeyOf(source))
    : publicKeyOf(source);
}

export const X509Certificate = new Proxy(Certificate, {
  construct: (_, [pem]: [string]) => once(`certificate ${pem}`, () => new Certificate(pem)),
});
