// Takes the place of `@noble/curves/ed25519.js`.
import { holds, publicKeyOf, signWith } from "./signatures.js";

export const ed25519 = {
  getPublicKey: publicKeyOf,
  sign: (message: Uint8Array, secret: Uint8Array) => signWith(secret, message),
  verify: (signature: Uint8Array, message: Uint8Array, key: Uint8Array) => holds(signature, message, key),
};
