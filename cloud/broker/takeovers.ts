import type { Millis } from "../../shared/kernel/brand.js";

/** Takeovers of one identity within `conflictMillis` that mean two devices; a flapping link makes fewer. */
export const conflictTakeovers = 4;
export const conflictMillis = 60_000;

/** The times at which newer connections replaced living ones, per identity. */
export type Takeovers = Map<string, readonly Millis[]>;

/** Notes one takeover; true once per `conflictTakeovers` within the time. */
export function noteTakeover(takeovers: Takeovers, name: string, now: Millis): boolean {
  for (const [other, times] of takeovers) {
    if (now - (times.at(-1) ?? 0) > conflictMillis) takeovers.delete(other);
  }
  const recent = [...(takeovers.get(name) ?? []), now].filter((at) => now - at <= conflictMillis);
  const conflict = recent.length >= conflictTakeovers;
  if (conflict) takeovers.delete(name);
  else takeovers.set(name, recent);
  return conflict;
}
