/** A file as istanbul's report has it: each branch with where it begins, and how often it ran. */
export interface CoveredFile {
  readonly path: string;
  readonly branchMap: Readonly<
    Record<string, { readonly loc: { readonly start: { readonly line: number } } }>
  >;
  readonly b: Readonly<Record<string, readonly number[]>>;
}

/** What a file's branches come to. */
export interface Judged {
  readonly branches: number;
  readonly covered: number;
  /** Branches that nothing ran, with the reason beside them. */
  readonly excused: readonly { readonly line: number; readonly reason: string }[];
  /** Lines of branches that nothing ran and nobody excused. */
  readonly holes: readonly number[];
  /** Lines of excuses beside which everything ran, or that give no reason. */
  readonly idle: readonly number[];
}

/** `// unreached: REASON`, at the end of the branch's first line or on the line above it. */
const excuse = /\/\/ unreached:(.*)$/;
/** Anything shorter explains nothing. */
const reasonCharsMin = 12;

/** Holds a file's branches against the reasons that its source gives. */
export function judge({ branchMap, b }: CoveredFile, source: string): Judged {
  const lines = source.split("\n");
  const reasons = lines.map((line) => excuse.exec(line)?.[1]?.trim());
  const missed = Object.entries(branchMap).flatMap(([id, { loc }]) =>
    (b[id] ?? []).some((count) => count === 0) ? [loc.start.line] : [],
  );
  const stands = (line: number): boolean => (reasons[line - 1]?.length ?? 0) >= reasonCharsMin;
  const isAlone = (line: number): boolean => lines[line - 1]?.trimStart().startsWith("//") === true;
  const placeOf = (line: number): number | undefined => {
    if (stands(line)) return line;
    return isAlone(line - 1) && stands(line - 1) ? line - 1 : undefined;
  };
  const excused = missed.flatMap((line) => {
    const place = placeOf(line);
    return place === undefined ? [] : [{ line, reason: reasons[place - 1] ?? "" }];
  });
  const used = missed.map(placeOf);
  const idle = reasons.flatMap((reason, at) =>
    reason !== undefined && !used.includes(at + 1) ? [at + 1] : [],
  );
  const branches = Object.keys(branchMap).length;
  const holes = missed.filter((line) => placeOf(line) === undefined);
  return { branches, covered: branches - missed.length, excused, holes, idle };
}
