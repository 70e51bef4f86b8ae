import type { Proof } from "./proof.js";

const checkSecondsMax = 60;
const testSecondsMax = 600;
const lastLines = (output: string, count: number): string =>
  output.trim().split("\n").slice(-count).join("; ");

/** The ground that everything stands on: issue 2's checks and tests within their times. */
export const groundProofs: readonly Proof[] = [
  {
    issue: 2,
    line: "`npm run check` (types, purity, lint, layers, unused, fast tests) under a minute",
    async run({ command }) {
      const { status, output, seconds } = await command(
        "npm",
        ["run", "--silent", "check"],
        5 * checkSecondsMax,
      );
      return {
        ok: status === 0 && seconds < checkSecondsMax,
        figures: { seconds },
        note: lastLines(output, 1),
      };
    },
  },
  {
    issue: 2,
    line: "`npm test` (every test, fixed seeds, under 10 minutes without the first install)",
    async run({ command }) {
      const { status, output, seconds } = await command("npm", ["test", "--silent"], 2 * testSecondsMax);
      return {
        ok: status === 0 && seconds < testSecondsMax,
        figures: { seconds },
        note: lastLines(output, 1),
      };
    },
  },
];
