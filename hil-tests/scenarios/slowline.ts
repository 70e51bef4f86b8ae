import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { inVault, onCard, untilArrived } from "../rig/host/evidence.io.js";
import { openHouse } from "../rig/host/house.io.js";

/** A camera behind a slow line that breaks again and again. */
export interface SlowLineOptions {
  readonly minutes: number;
}

export interface SlowLineReport {
  readonly clips: number;
  readonly sealedBytes: number;
  /** Over the line, the protocol's own bytes included. */
  readonly carriedBytes: number;
  readonly outages: number;
  readonly missing: readonly string[];
  /** Resident memory of the firmware: least and most in the first and in the second half of the time, in MB. */
  readonly memoryMegabytes: readonly [readonly [number, number], readonly [number, number]];
}

const quality = { bitsPerSecond: 1_000_000, delayMillis: 150 };
const outageMillis = 5_000;
const outageEveryMillis = 25_000;
const pressEveryMillis = 15_000;
const arriveMillisMax = 10 * 60_000;

export async function slowLineStory({ minutes }: SlowLineOptions): Promise<SlowLineReport> {
  const source = "scene:seed=5,size=1280x720,fps=15,quiet";
  const house = await openHouse({ source, broker: "embedded", quality });
  const memory: number[] = [];
  const sampling = setInterval(() => memory.push(residentMegabytes(house.pid("camera"))), 1_000);
  let outages = 0;
  try {
    const end = performance.now() + minutes * 60_000;
    const pressing = repeat(pressEveryMillis, end, () => house.press());
    await repeat(outageEveryMillis, end, async () => {
      house.link.cut();
      await wait(outageMillis);
      house.link.heal();
      outages++;
    });
    await pressing;
    const missing = await untilArrived(house, arriveMillisMax);
    const stored = new Set(
      (await inVault(house)).flatMap(({ segments }) => segments.map(({ sha256 }) => sha256)),
    );
    const sealed = [...onCard(house).values()].flat();
    const half = Math.floor(memory.length / 2);
    return {
      clips: onCard(house).size,
      sealedBytes: sealed.reduce((sum, { bytes }) => sum + bytes, 0),
      carriedBytes: house.link.carriedBytes(),
      outages,
      missing: [
        ...missing,
        ...sealed.filter(({ sha256 }) => !stored.has(sha256)).map(({ sha256 }) => sha256),
      ],
      memoryMegabytes: [extremes(memory.slice(0, half)), extremes(memory.slice(half))],
    };
  } finally {
    clearInterval(sampling);
    await house.close();
  }
}

async function repeat(everyMillis: number, end: number, act: () => Promise<void>): Promise<void> {
  while (performance.now() + everyMillis < end) {
    await wait(everyMillis);
    await act();
  }
}

function residentMegabytes(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Math.round(Number(kilobytes) / 1_000);
}

function extremes(values: readonly number[]): readonly [number, number] {
  return [Math.min(...values), Math.max(...values)];
}
