// npm run bench -- motion --source FILE --trig OUT     one video: writes `t_seconds trigger_start|trigger_end` lines
// npm run bench -- motion --source FILE --debug OUT.mp4  the same, drawn: zones, cells that changed, boxes, score, reasons
//   --zone "X,Y X,Y X,Y sensitivity=N size=N%"  --mask "X,Y X,Y X,Y"   as `lintel member camera` takes them, each as often as wanted
// npm run bench -- motion [--footage DIR]              every marked clip there, its scorer's table, and OpenCV's MOG2 beside it
// npm run bench -- motion --alone                      without MOG2
// npm run bench -- motion --under all|NAME,NAME        the same footage under other light, noise, weather and mounts
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { MotionReading } from "../../firmware/detector/motion.js";
import type { Polygon, Zone } from "../../shared/charter/areas.js";
import type { Result } from "../../shared/kernel/result.js";
import { parseMask, parseZone } from "../cli/member/areas.js";
import { type DebugVideo, openDebugVideo } from "./motion/debug.js";
import { lumaFps, lumaFrames } from "./motion/decode.js";
import { footageFolder, scoreFootage } from "./motion/footage.js";
import { scoreMog2 } from "./motion/peer.js";
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
      alone: { type: "boolean", default: false },
      debug: { type: "string" },
      explain: { type: "boolean", default: false },
      zone: { type: "string", multiple: true, default: [] },
      mask: { type: "string", multiple: true, default: [] },
    },
  });
  const zones = values.zone.map((text) => parsedOf("--zone", text, parseZone(text)));
  const ignore = values.mask.map((text) => parsedOf("--mask", text, parseMask(text)));
  if (values.source !== undefined) await one(values.source, { ...values, zones, ignore });
  else if (values.under !== undefined) await perturbed(values.footage, values.under, values.explain);
  else await marked(values.footage, values.alone);
}

interface OneOptions {
  readonly trig?: string;
  readonly debug?: string;
  readonly explain: boolean;
  readonly zones: readonly Zone[];
  readonly ignore: readonly Polygon[];
}

function parsedOf<T>(option: string, text: string, parsed: Result<T, string>): T {
  if (!parsed.ok) throw new Error(`${option} "${text}" is not usable: ${parsed.error}.`);
  return parsed.value;
}

async function one(source: string, { trig, debug, explain, zones, ignore }: OneOptions): Promise<void> {
  const watch = createWatch({ zones, ignore });
  let video: DebugVideo | undefined;
  for await (const frame of lumaFrames(source)) {
    const reading = watch.look(frame, frame.index);
    if (explain) process.stdout.write(`${explainReading(reading, frame.index)}\n`);
    if (debug === undefined) continue;
    video ??= openDebugVideo(debug, { ...frame, fps: lumaFps, zones, masks: ignore });
    await video.paint(frame.luma, reading, watch.isTriggered());
  }
  await video?.end();
  const lines = watch.lines.map((line) => `${line}\n`).join("");
  if (trig === undefined) process.stdout.write(lines);
  else writeFileSync(trig, lines);
  process.stdout.write(`${costOf(watch.cost)}\n`);
}

async function marked(footage: string, alone: boolean): Promise<void> {
  const [ours] = await scoreFootage(footage);
  if (ours === undefined) return;
  process.stdout.write(`${ours.table}${costOf(ours.cost)}\n`);
  if (alone) return;
  const peer = scoreMog2(footage);
  if (peer === undefined) {
    process.stdout.write(
      "No Python here has OpenCV (apt-get install python3-opencv): not compared with MOG2.\n",
    );
    return;
  }
  const ratio = ours.cost.cpuSeconds / ours.cost.seconds / (peer.cost.cpuSeconds / peer.cost.seconds);
  process.stdout.write(`${peer.table.trimEnd().split("\n").at(-1)}\nMOG2's ${costOf(peer.cost)}\n`);
  process.stdout.write(`detector CPU, ours over MOG2's: ${ratio.toFixed(3)}\n`);
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
