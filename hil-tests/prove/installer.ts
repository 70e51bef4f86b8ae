import { openInstallGround } from "../scenarios/install.js";
import type { Outcome, Proof, ProofContext } from "./proof.js";

/** Issue 4: the installer. */
export const installerProofs: readonly Proof[] = [
  {
    issue: 4,
    line: "installer: fresh board directory to acknowledged, verified clip in one command; wall time printed by step; killed at every step and rerun, it completes",
    run: killEverywhere,
  },
];

async function killEverywhere({ progress }: ProofContext): Promise<Outcome> {
  const ground = await openInstallGround();
  try {
    const { points, steps } = await ground.inPeace();
    const faults: string[] = [];
    for (const point of points) {
      const rerun = await ground.killedAt(point);
      progress(`killed ${point.name}: ${rerun.faults.join("; ") || "completed"}`);
      faults.push(...rerun.faults.map((fault) => `${point.name}: ${fault}`));
      if (!rerun.killed) faults.push(`${point.name}: it had ended before the kill`);
    }
    const seconds = Object.entries(steps).map(([step, ms]) => [`${step} (s)`, ms / 1_000]);
    const figures = { kills: points.length, completed: points.length - faults.length };
    return {
      ok: faults.length === 0,
      figures: { ...figures, ...Object.fromEntries(seconds) },
      note: faults.join("; "),
    };
  } finally {
    await ground.close();
  }
}
