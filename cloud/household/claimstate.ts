import { claimMillisMax } from "../../shared/charter/claim.js";
import type { Millis } from "../../shared/kernel/brand.js";

/** How long an answered claim waits for the owner's signature and for the board to fetch its enrolment. */
const enrolmentMillisMax = 24 * 60 * 60_000;

export type ClaimState = "waiting" | "answered" | "enrolled" | "expired";

/** What is known of a claim when its state is asked. */
export interface ClaimFacts {
  readonly madeAt: Millis;
  readonly expiresAt: Millis;
  readonly answered: boolean;
  /** The household's newest charter names a camera with exactly the answer's keys. */
  readonly signedIn: boolean;
}

export function claimStateOf({ madeAt, expiresAt, answered, signedIn }: ClaimFacts, now: Millis): ClaimState {
  if (!answered) return now < expiresAt ? "waiting" : "expired";
  if (now >= madeAt + enrolmentMillisMax) return "expired";
  return signedIn ? "enrolled" : "answered";
}

/** When a claim really ends: as its maker asked, never later than `claimMillisMax` from now; `undefined` for an end in the past. */
export function claimEnd(asked: Millis, now: Millis): Millis | undefined {
  if (asked <= now) return undefined;
  const latest = (now + claimMillisMax) as Millis;
  return asked > latest ? latest : asked;
}
