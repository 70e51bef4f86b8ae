import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Millis } from "../kernel/brand.js";
import { toBase32, toUtf8 } from "../kernel/bytes.js";
import { commitment, saltBytes } from "../seal/opening.js";
import type { LogEntry } from "../tlog/entry.js";
import type { OpenedCharter, SignedCharter } from "./charter.js";

/**
 * What makes a household's charters findable in the public log for whoever knows its first charter with all its lines: members
 * and their cloud. To everybody else an entry says that some household has changed something, and of no two that they are of one.
 */
export interface HouseholdLog {
  readonly tagKey: Uint8Array;
  readonly saltKey: Uint8Array;
}

/** From the salts of the first charter's lines, in their order (HKDF-SHA-256, RFC 5869). */
export function householdLogOf({ openings }: SignedCharter): HouseholdLog {
  // unreached: a split text has a first part
  const salts = openings.map((opening) => `${opening?.split(" ")[0] ?? ""}\n`).join("");
  const derive = (use: string): Uint8Array =>
    hkdf(sha256, toUtf8(salts), undefined, toUtf8(`lintel/v1 log ${use}`), 32);
  return { tagKey: derive("tag"), saltKey: derive("salt") };
}

/** The entry's id: there is at most one of each version, and of a version that no member was shown, none. */
export function charterTag({ tagKey }: HouseholdLog, version: number): string {
  return toBase32(hmac(sha256, tagKey, toUtf8(`${version}`)));
}

/** Whoever is shown a version's salt and the charter sees that its entry is this charter's; of other versions it says nothing. */
export function charterSalt({ saltKey }: HouseholdLog, version: number): Uint8Array {
  return hmac(sha256, saltKey, toUtf8(`${version}`)).slice(0, saltBytes);
}

/** What stands in the log of one charter: its hash under a salt that follows from the household's, and when it came. */
export function charterEntry(
  keys: HouseholdLog,
  { version, hash, at }: Pick<OpenedCharter, "version" | "hash"> & { readonly at: Millis },
): LogEntry {
  return {
    kind: "charter",
    id: charterTag(keys, version),
    at,
    agency: "none",
    state: "charter",
    hash: commitment({ salt: charterSalt(keys, version), line: hash }),
  };
}
