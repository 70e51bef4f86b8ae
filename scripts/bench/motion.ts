// npm run bench -- motion --source FILE --trig OUT     one video: writes `t_seconds trigger_start|trigger_end` lines
// npm run bench -- motion [--footage DIR]              every marked clip there, and its scorer's table
// npm run bench -- motion --under all|NAME,NAME        the same footage under other light, noise, weather and mounts
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { MotionReading } from "../../firmware/detector/motion.js";
import { lumaFps, lumaFrames } from "./motion/decode.js";
import { footageFolder, scoreFootage } from "./motion/footage.js";
import { perturbations } from "./motion/perturb.js";
import { costOf, createWatch } from "./motion/watch.js";

export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      source: { type: "string" },
      trig: { type: "string" },
      footage: { type: "string", default: footageFolder },
      under: { type: "string" },
      explain: { type: "boolean", default: false },
    },
  });
  if (values.source !== undefined) await one(values.source, values.trig, values.explain);
  else if (values.under !== undefined) await perturbed(values.footage, values.under, values.explain);
  else await marked(values.footage);
}

async function one(source: string, trig: string | undefined, explain: boolean): Promise<void> {
  const watch = createWatch();
  for await (const frame of lumaFrames(source)) {
    const reading = watch.look(frame, frame.index);
    if (explain) process.stdout.write(`${explainReading(reading, frame.index)}\n`);
  }
  const lines = watch.lines.map((line) => `${line}\n`).join("");
  if (trig === undefined) process.stdout.write(lines);
  else writeFileSync(trig, lines);
  process.stdout.write(`${costOf(watch.cost)}\n`);
}

async function marked(footage: string): Promise<void> {
  for (const { table, cost } of await scoreFootage(footage))
    process.stdout.write(`${table}${costOf(cost)}\n`);
}

async function perturbed(footage: string, under: string, clips: boolean): Promise<void> {
  const names = under === "all" ? Object.keys(perturbations) : under.split(",");
  for (const { table } of await scoreFootage(footage, names)) {
    process.stdout.write(clips ? table : `${table.trimEnd().split("\n").at(-1)}\n`);
  }
}

function explainReading(reading: MotionReading, index: number): string {
  const { area, travel, persistence, light } = reading.reasons;
  const boxes = reading.boxes.slice(0, reading.boxCount).map((b) => `${b.x},${b.y} ${b.width}x${b.height}`);
  const reasons = `area ${area} travel ${travel} persistence ${persistence} light ${light}`;
  return `${(index / lumaFps).toFixed(1)} score ${reading.score} ${reasons} ${boxes.join(" | ")}`;
}
