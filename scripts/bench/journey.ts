import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pressBell } from "../cli/bell.io.js";
import { placesIn, settle, startCamera, startCloud } from "../demo/home.io.js";
import type { LogEvent } from "../demo/program.io.js";
import { compete } from "./paired.js";

const rounds = 3;
const source = "scene:seed=5,size=640x360,fps=15,quiet";
/** From the press to the first segment that the vault holds for good, its receipt included. */
const firstMillisMax = 1_000;
/** From the clip's last sealed moment to the receipt for its last segment. */
const lastMillisMax = 1_000;

interface Times {
  readonly first: number;
  readonly last: number;
}

/** How long footage is on the camera alone, on loopback, with real processes; against limits of one second. */
export async function bench(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lintel-bench-"));
  const places = placesIn(folder);
  const heard = listen();
  const cloud = await startCloud(places, { http: 0, mqtt: 0 });
  await settle(places, cloud.ready.text("http"), source);
  const camera = await startCamera(places, heard.onEvent);
  try {
    const times: Times[] = [];
    for (let round = 0; round <= rounds; round++)
      times.push(await pressed(() => pressBell(places.camera), heard));
    await within(
      firstMillisMax,
      "press to first segment in the vault",
      times.map(({ first }) => first),
    );
    await within(
      lastMillisMax,
      "last sealed moment to clip acknowledged",
      times.map(({ last }) => last),
    );
  } finally {
    await camera.stop();
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The times that were taken, the first of them as the warm-up, against a limit. */
async function within(limit: number, name: string, taken: readonly number[]): Promise<void> {
  const times = taken.values();
  await compete({
    name,
    unit: "ms",
    rounds,
    ours: async () => times.next().value ?? Number.NaN,
    rival: { name: "limit", measure: async () => limit },
    bound: { ratioMax: 1 },
  });
}

interface Heard {
  onEvent(event: LogEvent): void;
  /** Resolves at the next event that `wanted` picks, with the wall time at which it was logged. */
  next(wanted: (event: LogEvent) => boolean): Promise<number>;
}

function listen(): Heard {
  const waiting = new Set<(event: LogEvent) => void>();
  return {
    onEvent(event) {
      for (const one of waiting) one(event);
    },
    next: (wanted) =>
      new Promise((resolve) => {
        const one = (event: LogEvent): void => {
          if (!wanted(event)) return;
          waiting.delete(one);
          resolve(event.fields.number("time"));
        };
        waiting.add(one);
      }),
  };
}

/** One press and its whole clip. */
async function pressed(press: () => Promise<void>, heard: Heard): Promise<Times> {
  const first = heard.next(({ event }) => event === "uplink.acknowledged");
  const end = heard.next(({ event, fields }) => event === "clip.sealed" && fields.maybeText("end") !== "no");
  const at = Date.now();
  await press();
  const sealed = await end;
  const last = await heard.next(({ event }) => event === "uplink.acknowledged");
  return { first: (await first) - at, last: last - sealed };
}
