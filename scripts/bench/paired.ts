/** The same work done by us and by a named rival, in turns, so that a busy machine is busy for both. */
export interface Contest {
  readonly name: string;
  readonly unit: string;
  /** Pairs that count; one more pair before them warms up and is thrown away. */
  readonly rounds: number;
  ours(): Promise<number>;
  readonly rival: { readonly name: string; measure(): Promise<number> };
  /** What the ratio ours / rival must keep to. */
  readonly bound: { readonly ratioMax: number } | { readonly ratioMin: number };
}

export interface ContestResult {
  readonly name: string;
  readonly ours: number;
  readonly rival: number;
  /** Median of the pairs' own ratios, with the smallest and the largest. */
  readonly ratio: number;
  readonly ratioLeast: number;
  readonly ratioMost: number;
  readonly ok: boolean;
}

/** Runs the contest, prints one line, hands back the medians. */
export async function compete(contest: Contest): Promise<ContestResult> {
  const pairs: { readonly ours: number; readonly rival: number }[] = [];
  for (let round = 0; round <= contest.rounds; round += 1) pairs.push(await pair(contest, round % 2 === 0));
  const counted = pairs.slice(1);
  const ratios = counted.map(({ ours, rival }) => ours / rival).sort((a, b) => a - b);
  const ratio = median(ratios);
  const { bound } = contest;
  const result: ContestResult = {
    name: contest.name,
    ours: median(counted.map(({ ours }) => ours)),
    rival: median(counted.map(({ rival }) => rival)),
    ratio,
    ratioLeast: ratios[0] ?? Number.NaN,
    ratioMost: ratios.at(-1) ?? Number.NaN,
    ok: "ratioMax" in bound ? ratio <= bound.ratioMax : ratio >= bound.ratioMin,
  };
  process.stdout.write(`${sentence(contest, result)}\n`);
  return result;
}

/** Who goes first alternates: the second finds warm caches. */
async function pair({ ours, rival }: Contest, oursFirst: boolean): Promise<{ ours: number; rival: number }> {
  if (oursFirst) return { ours: await ours(), rival: await rival.measure() };
  const second = await rival.measure();
  return { ours: await ours(), rival: second };
}

/** Of the middle one or two; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? (upper + (sorted[middle - 1] ?? Number.NaN)) / 2 : upper;
}

function sentence({ name, unit, rounds, rival, bound }: Contest, result: ContestResult): string {
  const short = (value: number): string => value.toPrecision(3);
  const wanted = "ratioMax" in bound ? `≤ ${bound.ratioMax}` : `≥ ${bound.ratioMin}`;
  const spread = `${short(result.ratioLeast)} to ${short(result.ratioMost)} in ${rounds} pairs`;
  const figures = `${short(result.ours)} ${unit}, ${rival.name} ${short(result.rival)} ${unit}`;
  return `${result.ok ? "ok    " : "not ok"} ${name}: ${figures}; ratio ${short(result.ratio)} (${spread}), wanted ${wanted}`;
}
