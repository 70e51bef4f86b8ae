// Takes the place of `shared/seal/native.io.ts`: there is no faster code to go to.
import { createHash } from "node:crypto";
import type { Signer, Verifier } from "../../../shared/seal/note.js";

export const nativeVerifier = (verifier: Verifier): Verifier => verifier;
export const nativeSigner = (signer: Signer): Signer => signer;
export const nativeHashOf = (data: Uint8Array): string => createHash("sha256").update(data).digest("base64");
