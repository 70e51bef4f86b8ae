// Takes the place of `@noble/hashes/sha2.js`: the same SHA-256 on OpenSSL.
import { createHash } from "node:crypto";
import { sha256 as slow } from "@noble/hashes/sha2.js";

export const sha256 = Object.assign(
  (data: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(data).digest()),
  slow,
);
