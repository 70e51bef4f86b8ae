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
      const ran = new Map<string, Ran>();
      for (const file of files) ran.set(file, await runFile(context, file));
      const unshown = cases.flatMap(({ what, tests }) =>
        tests.flatMap(([file, title]) =>
          ran.get(file)?.passed.some((one) => one.startsWith(title)) ? [] : [`${what}: ${file}: ${title}`],
        ),
      );
      return outcomeOf(
        cases,
        unshown,
        [...ran.values()].flatMap(({ told }) => told),
      );
    },
  };
}

function outcomeOf(cases: readonly Case[], unshown: readonly string[], told: readonly string[]): Outcome {
  const tests = cases.reduce((sum, one) => sum + one.tests.length, 0);
  return {
    ok: unshown.length === 0,
    figures: { cases: cases.length, tests, shown: tests - unshown.length },
    note: (unshown.length > 0 ? unshown : told).join("; "),
  };
}

export interface Ran {
  /** Titles of its own tests that passed. */
  readonly passed: readonly string[];
  /** What its tests told of themselves: figures. */
  readonly told: readonly string[];
}

/** Runs a built test file. */
export async function runFile({ root, command, progress }: ProofContext, file: string): Promise<Ran> {
  const program = [join(root, ".build", `${file}.js`)];
  const { output, seconds } = await command(process.execPath, program, fileSecondsMax);
  const titles = output.split("\n").flatMap((line) => {
    const title = /^ok \d+ - (.*)$/.exec(line)?.[1];
    return title === undefined || / # (SKIP|TODO)/i.test(title) ? [] : [title];
  });
  progress(`${file}: ${titles.length} tests passed, ${seconds.toFixed(0)} s`);
  const told = [...output.matchAll(/^ {4}# (?!Subtest)(.*)$/gm)].flatMap(([, line]) => line ?? []);
  return { passed: titles, told };
}
