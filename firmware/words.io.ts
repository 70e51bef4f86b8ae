import { notAFile } from "./board/durable.io.js";
import type { KeystoreRefusal } from "./board/keystore.io.js";

/** Why a state directory cannot be used, and what to do about it. */
export function unusableText(state: string, error: unknown): string {
  return codeOf(error) === notAFile
    ? `${messageOf(error)}. Move it away; then put back a copy of the file, or run lintel install with a new claim.`
    : `The state directory ${state} cannot be used (${messageOf(error)}); give with --state a directory that this user may read and write.`;
}

/** What a refused enrolment means, and what to do about it. */
export function sentenceOf(refusal: KeystoreRefusal): string {
  switch (refusal.kind) {
    case "not-enrolled":
      return `This camera is not enrolled: ${refusal.missing} is missing. Run lintel install with the claim that the owner shows.`;
    case "damaged":
      return `${refusal.file} could not be understood and was kept as ${refusal.aside}. Run lintel install with a new claim.`;
    case "bad-charter":
      return `The charters on the card do not hold (${refusal.why.kind}). Run lintel install with a new claim.`;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What the next start would meet again: the card cannot be written, or what is on it is not ours. */
export function isLasting(error: unknown): boolean {
  const code = codeOf(error);
  return ["EROFS", "EACCES", "EPERM", "ENOTDIR"].some((one) => one === code);
}
