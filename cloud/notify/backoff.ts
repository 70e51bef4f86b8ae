const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** Pauses before the second try, the third, and so on, as Standard Webhooks advises: given up after about three days. */
const pausesMillis = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];

/** How long to wait after the `tries`th try failed, spread by a fifth with `chance` from 0 to 1; `undefined` when it was the last. */
export function pauseMillisAfter(tries: number, chance: number): number | undefined {
  const pause = pausesMillis[tries - 1];
  return pause === undefined ? undefined : Math.round(pause * (0.9 + 0.2 * chance));
}
