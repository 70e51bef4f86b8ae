/** What one look at the board showed. */
export interface Finding {
  readonly check: string;
  /** `warning`: the camera works, but not as well as it should. */
  readonly state: "good" | "warning" | "bad";
  readonly says: string;
  /** What to do about it. Always there unless all is good. */
  readonly todo?: string;
}

export const good = (check: string, says: string): Finding => ({ check, state: "good", says });
export const warning = (check: string, says: string, todo: string): Finding => ({
  check,
  state: "warning",
  says,
  todo,
});
export const bad = (check: string, says: string, todo: string): Finding => ({
  check,
  state: "bad",
  says,
  todo,
});

/** 0: all good. 1: works, with warnings. 2: does not work. */
export function exitCodeOf(findings: readonly Finding[]): 0 | 1 | 2 {
  if (findings.some(({ state }) => state === "bad")) return 2;
  return findings.some(({ state }) => state === "warning") ? 1 : 0;
}
