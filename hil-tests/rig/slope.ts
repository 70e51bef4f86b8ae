/** A figure at a moment: seconds, and whatever is measured. */
export type Sample = readonly [seconds: number, value: number];

/** How much an hour brings: the median of the slopes between any two samples (Theil and Sen), which single outliers do not bend. */
export function perHour(samples: readonly Sample[]): number {
  const slopes = samples.flatMap(([at, value], index) =>
    samples.slice(index + 1).flatMap(([later, then]) => (later > at ? [(then - value) / (later - at)] : [])),
  );
  return median(slopes) * 3_600;
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
