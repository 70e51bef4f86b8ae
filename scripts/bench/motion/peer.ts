import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Score, scored } from "./footage.js";

const script = fileURLToPath(new URL("../../../../scripts/bench/motion/mog2.py", import.meta.url));

/** OpenCV's MOG2 on the same footage; undefined where no Python here has OpenCV (Debian: python3-opencv). */
export function scoreMog2(footage: string): Score | undefined {
  const python = ["python3", "/usr/bin/python3"].find((path) => {
    return spawnSync(path, ["-c", "import cv2"]).status === 0;
  });
  if (python === undefined) return undefined;
  const work = mkdtempSync(join(tmpdir(), "lintel-mog2-"));
  try {
    const cost = { seconds: 0, cpuSeconds: 0 };
    for (const file of readdirSync(footage).filter((name) => /\.(mp4|avi)$/.test(name))) {
      const out = join(work, `${file.replace(/\.\w+$/, "")}.mog2.trig`);
      const run = spawnSync(python, [script, join(footage, file), out], { encoding: "utf8" });
      if (run.status !== 0) throw new Error(`MOG2 could not read ${file}. ${run.stderr}`);
      const [cpuSeconds = 0, seconds = 0] = run.stdout.split(" ").map(Number);
      cost.cpuSeconds += cpuSeconds;
      cost.seconds += seconds;
    }
    return { name: "mog2", table: scored(footage, work, "mog2"), cost };
  } finally {
    rmSync(work, { recursive: true });
  }
}
