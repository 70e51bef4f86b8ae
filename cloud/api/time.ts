import { type Millis, millis } from "../../shared/kernel/brand.js";

const dayMillis = 24 * 60 * 60_000;
/** The day of the time written last, as `2026-11-22T`. */
let lastDay = { day: 0, text: "1970-01-01T" };

/**
 * RFC 3339, UTC, with milliseconds: how the API writes times. A page of clips holds a hundred of them on few days, and
 * `toISOString` of each would be a tenth of the answer's cost: only a new day is asked for.
 */
export function timeTextOf(time: Millis | number): string {
  const day = Math.floor(time / dayMillis);
  if (day !== lastDay.day) lastDay = { day, text: new Date(day * dayMillis).toISOString().slice(0, 11) };
  const rest = Math.floor(time) - day * dayMillis;
  const hours = twoDigits(Math.floor(rest / 3_600_000));
  const minutes = twoDigits(Math.floor(rest / 60_000) % 60);
  const seconds = twoDigits(Math.floor(rest / 1_000) % 60);
  return `${lastDay.text}${hours}:${minutes}:${seconds}.${`${rest % 1_000}`.padStart(3, "0")}Z`;
}

/** A time that the contract's pattern has let through; `undefined` for the 31st of February. */
export function parseTime(text: string): Millis | undefined {
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : millis(time);
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}
