import type { Millis } from "../../shared/kernel/brand.js";

/** Per name: what was left of its allowance, and when. */
export type Rates = Map<string, { readonly left: number; readonly at: Millis }>;

const minuteMillis = 60_000;

/** Takes one from a name's allowance, which fills up again evenly. False when nothing is left. */
export function takeOne(rates: Rates, name: string, perMinute: number, now: Millis): boolean {
  const before = rates.get(name);
  const gained = before === undefined ? perMinute : ((now - before.at) * perMinute) / minuteMillis;
  const left = Math.min(perMinute, (before?.left ?? 0) + gained);
  const taken = left >= 1;
  rates.set(name, { left: taken ? left - 1 : left, at: now });
  return taken;
}
