import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { lumaFrames } from "./decode.js";
import { type Perturb, perturbations } from "./perturb.js";
import { createWatch, type Watch } from "./watch.js";

/** Videos with marked events and their scorer; optional, and never part of the project. */
export const footageFolder =
  process.env.LINTEL_FOOTAGE ?? fileURLToPath(new URL("../../../../../shared/footage", import.meta.url));

export interface Score {
  readonly name: string;
  /** What the scorer says: one line a clip and a last one of all. */
  readonly table: string;
  readonly cost: Watch["cost"];
}

/** Detects on every video in `footage`, under each of the named perturbations, and has its scorer compare with the marks. */
export async function scoreFootage(
  footage: string,
  names: readonly string[] = ["plain"],
): Promise<readonly Score[]> {
  if (!existsSync(join(footage, "score.py"))) {
    throw new Error(`No marked footage in ${footage}: give --footage DIR, or --source FILE for one video.`);
  }
  const work = mkdtempSync(join(tmpdir(), "lintel-motion-"));
  try {
    const costs = names.map(() => ({ seconds: 0, cpuSeconds: 0 }));
    for (const file of readdirSync(footage).filter((name) => /\.(mp4|avi)$/.test(name))) {
      const runs = await detectUnder(join(footage, file), names);
      runs.forEach(({ lines, cost }, at) => {
        const clip = file.replace(/\.\w+$/, "");
        writeFileSync(join(work, `${clip}.${names[at]}.trig`), lines.map((line) => `${line}\n`).join(""));
        const total = costs[at];
        if (total === undefined) return;
        total.seconds += cost.seconds;
        total.cpuSeconds += cost.cpuSeconds;
      });
    }
    return names.map((name, at) => {
      return { name, table: scored(footage, work, name), cost: costs[at] ?? { seconds: 0, cpuSeconds: 0 } };
    });
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Decodes once for all perturbations. */
async function detectUnder(source: string, names: readonly string[]): Promise<readonly Watch[]> {
  const runs = names.map((name) => {
    const perturb: (() => Perturb) | undefined = perturbations[name];
    if (perturb === undefined) {
      throw new Error(`No perturbation "${name}"; there are ${Object.keys(perturbations).join(", ")}.`);
    }
    return { perturb: perturb(), watch: createWatch() };
  });
  for await (const frame of lumaFrames(source)) {
    for (const { perturb, watch } of runs) {
      const seen = perturb(frame, frame.index);
      if (seen !== undefined) watch.look(seen, frame.index);
    }
  }
  return runs.map(({ watch }) => watch);
}

export function scored(footage: string, work: string, name: string): string {
  const score = [join(footage, "score.py"), work, name, "--clips", "dev", "--per-clip"];
  const env = { ...process.env, FOOTAGE: footage };
  const { status, stdout, stderr } = spawnSync("python3", score, { encoding: "utf8", env });
  if (status !== 0) throw new Error(`The footage's scorer failed; it needs python3. ${stderr}`);
  return stdout;
}
