/** A figure at a moment: seconds, and whatever is measured. */
export type Sample = readonly [seconds: number, value: number];

/** The straight line through the samples by least squares: how much an hour brings. */
export function perHour(samples: readonly Sample[]): number {
  if (samples.length < 2) return 0;
  const mean = (of: 0 | 1): number => samples.reduce((sum, sample) => sum + sample[of], 0) / samples.length;
  const [time, value] = [mean(0), mean(1)];
  const covered = samples.reduce((sum, [at]) => sum + (at - time) ** 2, 0);
  const shared = samples.reduce((sum, [at, is]) => sum + (at - time) * (is - value), 0);
  return covered === 0 ? 0 : (shared / covered) * 3_600;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** How much more the last third has than the first, each by its median: a jump that comes back is no growth. */
export function growth(samples: readonly Sample[]): number {
  const third = Math.floor(samples.length / 3);
  const middle = (from: number, to: number): number =>
    median(samples.slice(from, to).map(([, value]) => value));
  return third === 0 ? 0 : middle(samples.length - third, samples.length) - middle(0, third);
}
