import type { Millis } from "./brand.js";

/** ISO 8601 of a wall time, in UTC, to the millisecond: `2026-03-01T07:30:00.000Z`. */
export function utcText(at: Millis): string {
  // biome-ignore lint/style/noRestrictedGlobals: a moment that is given, not the clock.
  return new Date(at).toISOString();
}
