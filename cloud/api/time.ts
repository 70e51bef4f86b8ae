import { type Millis, millis } from "../../shared/kernel/brand.js";

/** RFC 3339, UTC, with milliseconds: how the API writes times. */
export function timeTextOf(time: Millis | number): string {
  return new Date(time).toISOString();
}

/** A time that the contract's pattern has let through; `undefined` for the 31st of February. */
export function parseTime(text: string): Millis | undefined {
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : millis(time);
}
