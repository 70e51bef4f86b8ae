import { join } from "node:path";
import type { Proof } from "./proof.js";

/** For each target. */
const seconds = 60;
const secondsMax = 3 * 3_600;

interface Fuzzed {
  readonly target: string;
  readonly runs: number;
  readonly broken: readonly { readonly what: string }[];
}

/** Issue 6: the parsers, for as long as it takes to reach what a few seconds do not. */
export const fuzzProofs: readonly Proof[] = [
  {
    issue: 6,
    line: "Fuzzing of every parser that meets foreign bytes with a kept corpus (fuzz)",
    async run({ root, command }) {
      const program = join(root, ".build/hil-tests/fuzz/main.js");
      const { output, status } = await command(
        process.execPath,
        ["--enable-source-maps", program, "--json", "--seconds", `${seconds}`],
        secondsMax,
      );
      const targets = output
        .split("\n")
        .filter((line) => line.startsWith('{"target"'))
        .map((line): Fuzzed => JSON.parse(line));
      const broken = targets.flatMap((one) => one.broken.map(({ what }) => `${one.target}: ${what}`));
      return {
        ok: status === 0 && targets.length > 0 && broken.length === 0,
        figures: {
          targets: targets.length,
          inputs: targets.reduce((sum, { runs }) => sum + runs, 0),
          broken: broken.length,
        },
        note: broken.join("; "),
      };
    },
  },
];
