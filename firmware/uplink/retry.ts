import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { Random } from "../../shared/kernel/ports.js";

/** How long to wait before one more try. */
export interface Backoff {
  /** The first wait. */
  readonly first: Millis;
  /** Waits double up to here. */
  readonly most: Millis;
}

/**
 * The wait before try `attempt` (0 for the first one that failed): doubling, then half of it left to chance, so that a fleet
 * that lost its broker does not come back in one wave. `chance` lies in [0, 1).
 */
export function waitBefore(attempt: number, { first, most }: Backoff, chance: number): Millis {
  const whole = Math.min(most, first * 2 ** Math.min(attempt, 30));
  return millis(Math.floor(whole / 2 + (whole / 2) * chance));
}

/** A number in [0, 1) with 16 bits of chance. */
export function chanceOf(random: Random): number {
  const [high = 0, low = 0] = random.bytes(2);
  return (high * 256 + low) / 65_536;
}

/** What the last connections were like, as far as it tells whether somebody else uses this camera's identity. */
export interface Turns {
  /** Connections in a row that the broker accepted and then closed soon, without a failed attempt in between. */
  readonly short: number;
}

export type TurnEnd =
  /** The broker did not take us: refused, unreachable, timed out. */
  | { readonly kind: "not-connected" }
  | { readonly kind: "closed"; readonly byBroker: boolean; readonly lasted: Millis };

/** A connection that the broker ends sooner than this is a short turn. */
export const shortTurnMillis = 15_000;
/** Short turns in a row that mean: two devices with one identity kick each other off (MQTT-3.1.4-2). */
export const conflictTurns = 3;

export const noTurns: Turns = { short: 0 };

export function endTurn(turns: Turns, end: TurnEnd): Turns {
  if (end.kind === "not-connected") return noTurns;
  return end.byBroker && end.lasted < shortTurnMillis ? { short: turns.short + 1 } : noTurns;
}

export const isConflict = (turns: Turns): boolean => turns.short >= conflictTurns;
