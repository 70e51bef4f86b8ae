import { statSync } from "node:fs";
import {
  bundlePath,
  type Engine,
  jerry,
  jerryMissing,
  node,
  quickjs,
  scriptsFor,
} from "../../firmware/core.contract.js";

/** The engine with a heap of 512 KB took this much source in, and not twice as much. */
const bundleBytesMax = 181 * 1024;
/** On JerryScript: for all at once, the core, the player of the scene and a picture. */
const heapBytesMax = 256 * 1024;
const frameMillisMax = 25;

/** The least counts: what else the machine does only adds. */
const rounds = 5;
const scene = {
  seed: 3,
  width: 160,
  height: 90,
  walkers: [{ from: 30, width: 14, height: 34, speed: 2, feet: 78 }],
  lights: [{ from: 80, gain: 200 }],
};

/** The camera's core on each engine: size, heap, CPU time of the detector and the trigger for a frame of 160 × 90. */
export async function bench(): Promise<void> {
  say("the bundle", statSync(bundlePath).size / 1024, "KB of source", bundleBytesMax / 1024);
  await measure(node, 2_000); // it compiles what runs often
  await measure(quickjs, 100);
  if (jerryMissing === false) await measure(jerry, 100, { frameMillisMax, heapBytesMax });
  else process.stdout.write(`skipped ${jerryMissing}\n`);
}

interface Limits {
  readonly frameMillisMax: number;
  readonly heapBytesMax: number;
}

async function measure(engine: Engine, frames: number, limits?: Limits): Promise<void> {
  const millis: number[] = [];
  let heap: number | undefined;
  for (let round = 0; round < rounds; round++) {
    const drawn = await engine.run(scriptsFor("scene", { machine: "none", scene: { ...scene, frames } }));
    const seen = await engine.run(scriptsFor("scene", { machine: "motion", scene: { ...scene, frames } }));
    millis.push((seen.cpuMillis - drawn.cpuMillis) / frames);
    heap = seen.heapBytesMax;
  }
  say(`${engine.name}, a frame`, Math.min(...millis), "CPU ms", limits?.frameMillisMax);
  if (heap === undefined) process.stdout.write(`       ${engine.name}, heap: this build does not tell\n`);
  else say(`${engine.name}, heap`, heap / 1024, "KB", limits && limits.heapBytesMax / 1024);
}

function say(what: string, figure: number, unit: string, limit?: number): void {
  const verdict = limit === undefined ? "      " : figure <= limit ? "ok    " : "not ok";
  const wanted = limit === undefined ? "" : `, wanted ≤ ${limit}`;
  process.stdout.write(`${verdict} ${what}: ${Number(figure.toPrecision(3))} ${unit}${wanted}\n`);
}
