import { soaked } from "../hil/soaked.js";
import type { Proof } from "./proof.js";

const hilSecondsMax = 3 * 3_600;

/** Issue 6: the host rig. */
export const rigProofs: readonly Proof[] = [
  {
    issue: 6,
    line: "The reliability table: every row that this machine can run is run in npm run hil",
    async run({ command }) {
      const { status, output, seconds } = await command("npm", ["run", "--silent", "hil"], hilSecondsMax);
      const [, held, failed, skipped] =
        /^(\d+) held, (\d+) failed, (\d+) not possible here/m.exec(output) ?? [];
      const figures = { held: Number(held), failed: Number(failed), notPossible: Number(skipped), seconds };
      const wrong = output.split("\n").filter((line) => line.startsWith("failed"));
      return { ok: status === 0, figures, note: wrong.join("; ") };
    },
  },
  {
    issue: 6,
    line: "Soak: 20 simulated cameras against the real cloud for 30 minutes at low fault rates: memory and file descriptors flat (slope in the report), 0 lost, 0 twice",
    async run({ progress }) {
      const { why, measurements, faults, lost, twice } = await soaked({
        ...{ minutes: 30, cameras: 20, say: progress },
      });
      const figures = Object.fromEntries(measurements.map(({ name, value }) => [name, value]));
      return {
        ok: why === "",
        figures: { ...figures, faults, lost: lost.length, twice: twice.length },
        note: why,
      };
    },
  },
];
