import { type Profiler, Session } from "node:inspector";

/** Which of our own branches were never run so far, by V8's own count. */
export interface Branches {
  /** Whether something ran since the last look that had not run before; `learn` makes it known. */
  news(options: { readonly learn: boolean }): boolean;
  close(): void;
}

interface Block {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

type Stretch = readonly [from: number, to: number];

/** What is counted: the product, not the libraries. */
const ours = /\/\.build\/(shared|firmware|cloud|scripts)\/(?!.*\.contract\.js$)/;

/** Counts from now on. It slows down everything in this process, which is why a short run goes without. */
export function countBranches(): Branches {
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  /** By function: its blocks that never ran. */
  const never = new Map<string, readonly Stretch[]>();

  const isNews = (name: string, blocks: readonly Block[], learn: boolean): boolean => {
    const [whole] = blocks;
    if (whole === undefined || whole.count === 0) return false;
    const idle = blocks
      .filter(({ count }) => count === 0)
      .map(({ startOffset, endOffset }): Stretch => [startOffset, endOffset]);
    const before = never.get(name);
    const left = before === undefined ? idle : overlap(before, idle);
    if (learn) never.set(name, left);
    return before === undefined || lengthOf(left) < lengthOf(before);
  };

  return {
    news({ learn }) {
      let found = false;
      for (const { url, functions } of taken(session)) {
        if (!ours.test(url)) continue;
        for (const { ranges } of functions)
          found = isNews(`${url} ${ranges[0]?.startOffset}`, ranges, learn) || found;
      }
      return found;
    },
    close() {
      session.disconnect();
    },
  };
}

/** What ran since the last time. */
function taken(session: Session): readonly Profiler.ScriptCoverage[] {
  let scripts: readonly Profiler.ScriptCoverage[] = [];
  // The callback runs before `post` returns.
  session.post("Profiler.takePreciseCoverage", (error, { result }) => {
    if (error !== null) throw new Error(error.message);
    scripts = result;
  });
  return scripts;
}

function overlap(all: readonly Stretch[], others: readonly Stretch[]): readonly Stretch[] {
  return all.flatMap(([from, to]) =>
    others.flatMap(([start, end]): readonly Stretch[] =>
      Math.max(from, start) < Math.min(to, end) ? [[Math.max(from, start), Math.min(to, end)]] : [],
    ),
  );
}

/** Of stretches that may lie in one another. */
function lengthOf(stretches: readonly Stretch[]): number {
  let [length, reached] = [0, -1];
  for (const [from, to] of [...stretches].sort(([a], [b]) => a - b)) {
    length += Math.max(0, to - Math.max(from, reached));
    reached = Math.max(reached, to);
  }
  return length;
}
