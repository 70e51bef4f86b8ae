import { join } from "node:path";
import type { Outcome, Proof, ProofContext } from "./proof.js";

/** A case of a Show line, and the tests that show it, by the beginning of their titles. */
export interface Case {
  readonly what: string;
  readonly tests: readonly (readonly [file: string, title: string])[];
}

/** Longer than any of the test files takes. */
const fileSecondsMax = 900;

/** Each case must have its tests, and each of them must run and pass. */
export function proofByTests(issue: number, line: string, cases: readonly Case[]): Proof {
  return {
    issue,
    line,
    async run(context) {
      const files = new Set(cases.flatMap(({ tests }) => tests.map(([file]) => file)));
      const passed = new Map<string, readonly string[]>();
      for (const file of files) passed.set(file, await passedIn(context, file));
      const unshown = cases.flatMap(({ what, tests }) =>
        tests.flatMap(([file, title]) =>
          (passed.get(file) ?? []).some((one) => one.startsWith(title)) ? [] : [`${what}: ${file}: ${title}`],
        ),
      );
      return outcomeOf(cases, unshown);
    },
  };
}

function outcomeOf(cases: readonly Case[], unshown: readonly string[]): Outcome {
  const tests = cases.reduce((sum, one) => sum + one.tests.length, 0);
  return {
    ok: unshown.length === 0,
    figures: { cases: cases.length, tests, shown: tests - unshown.length },
    note: unshown.join("; "),
  };
}

/** Titles of a built test file's own tests that ran and passed. */
export async function passedIn(
  { root, command, progress }: ProofContext,
  file: string,
): Promise<readonly string[]> {
  const program = [join(root, ".build", `${file}.js`)];
  const { output, seconds } = await command(process.execPath, program, fileSecondsMax);
  const titles = output.split("\n").flatMap((line) => {
    const title = /^ok \d+ - (.*)$/.exec(line)?.[1];
    return title === undefined || / # (SKIP|TODO)/i.test(title) ? [] : [title];
  });
  progress(`${file}: ${titles.length} tests passed, ${seconds.toFixed(0)} s`);
  return titles;
}
