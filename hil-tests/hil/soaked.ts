import type { Measurement } from "../rig/teller.js";
import { type SoakReport, soakStory } from "../scenarios/soak.js";
import type { Soaked } from "./report/results.js";

/** What a garbage-collected process may have more at the end than at the beginning without growing for ever. */
const growthMegabytesMax = 20;
/** Of what is alive: buffers with a bound fill up, as that of the newest events. */
const heapMegabytesMax = 4;
/** Without a look behind some of them nothing is known of what is alive. */
const collectionsMin = 3;
/** A shorter soak may see none. */
const wholeMinutes = 30;
/** Connections that are made anew at the moment of a look. */
const growthFilesMax = 5;

export interface SoakedOptions {
  readonly minutes: number;
  readonly cameras: number;
  readonly say: (line: string) => void;
}

export async function soaked({ minutes, cameras, say }: SoakedOptions): Promise<Soaked> {
  const report = await soakStory({ minutes, cameras, seed: 1, onProgress: (line) => say(`  ${line}`) });
  return judged(report);
}

function judged({
  minutes,
  cameras,
  faults,
  lost,
  twice,
  clips,
  memory,
  heap,
  openFiles,
}: SoakReport): Soaked {
  const least = minutes < wholeMinutes ? 0 : collectionsMin;
  const measurements: readonly Measurement[] = [
    { name: "clips that arrived once", value: clips - lost.length, unit: "", least: 1 },
    { name: "memory of the cloud, slope", value: memory.perHour, unit: "MB/h" },
    { name: "memory, last third over first", value: memory.growth, unit: "MB", most: growthMegabytesMax },
    { name: "full collections that were seen", value: heap.samples.length, unit: "", least },
    { name: "alive behind full collections, slope", value: heap.perHour, unit: "MB/h" },
    { name: "alive, last third over first", value: heap.growth, unit: "MB", most: heapMegabytesMax },
    { name: "open files of the cloud, slope", value: openFiles.perHour, unit: "/h" },
    { name: "open files, last third over first", value: openFiles.growth, unit: "", most: growthFilesMax },
  ];
  const beyond = measurements.filter(
    ({ value, most, least }) => value > (most ?? value) || value < (least ?? value),
  );
  const why = [
    ...(lost.length > 0 ? [`lost: ${lost.slice(0, 5).join(", ")}`] : []),
    ...(twice.length > 0 ? [`twice: ${twice.slice(0, 5).join(", ")}`] : []),
    ...beyond.map(({ name, value, unit }) => `${name}: ${value.toFixed(1)} ${unit}`),
  ];
  return {
    ...{ minutes, cameras, lost, twice, measurements, why: why.join("; ") },
    faults: faults.cut + faults.stall + faults.slow,
    curves: [
      { name: "Memory of the cloud", unit: "MB", samples: memory.samples },
      { name: "Alive behind its full collections", unit: "MB", samples: heap.samples },
      { name: "Open files of the cloud", unit: "", samples: openFiles.samples },
    ],
  };
}
