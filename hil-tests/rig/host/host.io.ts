// The host rig: the real programs as processes, in a network and on disks of their own.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { seededPrng } from "../../../shared/kernel/prng.js";
import type { Capability, Drivers, OpenRequest, Rig } from "../rig.js";
import { cardMissing, houseName, openCard, sweepHouses } from "./card.io.js";
import { clockMissing, openClock } from "./clock.io.js";
import {
  buttonDriver,
  type Cards,
  diskDriver,
  evidenceDriver,
  lineDriver,
  meterDriver,
  powerDriver,
} from "./drivers.io.js";
import { openHouse } from "./house.io.js";
import { openLens } from "./lens.io.js";
import { openWire, wireMissing } from "./wire.io.js";

/** Small pictures in which nobody comes by: this machine's two cores carry everything. */
const quietSource = "scene:seed=5,size=320x180,fps=10,quiet";

/** Looks at what this machine can do; takes away what earlier runs left behind that were killed. */
export async function openHostRig(): Promise<Rig> {
  sweepHouses();
  const disk = await cardMissing();
  const missing: Readonly<Partial<Record<Capability, string | undefined>>> = {
    line: await wireMissing(),
    disk,
    clock: clockMissing,
    lens: lacks("ffmpeg", "-version") ? "a lens needs ffmpeg" : undefined,
  };
  const noFfmpeg = lacks("ffmpeg", "-version");
  const noMosquitto = lacks("mosquitto", "-h");
  return {
    name: "host",
    lacks: (capability) => missing[capability],
    cannot({ broker }) {
      if (noFfmpeg) return "the camera needs ffmpeg";
      return broker === "external" && noMosquitto ? "Mosquitto is not installed" : undefined;
    },
    open: (request) => open(request, disk),
  };
}

/** What a house stands on: made before it, taken away after it. */
async function openGround({ needs, seed, onConsole }: OpenRequest, noDisk: string | undefined) {
  const folder = mkdtempSync(join(tmpdir(), houseName(process.pid)));
  const losesPower = needs.includes("disk") || needs.includes("power");
  if (losesPower && noDisk !== undefined) onConsole("rig", `power is cut by SIGKILL alone: ${noDisk}`);
  const cards: Cards =
    losesPower && noDisk === undefined
      ? { camera: openCard(folder, "camera"), cloud: openCard(folder, "cloud") }
      : {};
  const wire = needs.includes("line") ? await openWire(randomBytes, seededPrng(seed)) : undefined;
  return {
    ...{ folder, cards, wire },
    clock: needs.includes("clock") ? openClock(folder) : undefined,
    lens: needs.includes("lens") ? openLens(folder) : undefined,
    async close(): Promise<void> {
      await wire?.close();
      for (const card of Object.values(cards)) await card.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function open(request: OpenRequest, noDisk: string | undefined): Promise<Drivers> {
  const ground = await openGround(request, noDisk);
  const { folder, cards, wire, clock, lens } = ground;
  try {
    const { broker, preRoll, postRoll } = request.house;
    const rolls = { LINTEL_PREROLL: `${preRoll}`, LINTEL_POSTROLL: `${postRoll}` };
    const house = await openHouse({
      ...{ folder, source: quietSource, onLine: request.onConsole },
      broker: broker === "external" ? "mosquitto" : "embedded",
      camera: { ...rolls, ...clock?.environment, ...lens?.environment },
      ...(wire && { wire }),
    });
    return {
      time: { now: () => Date.now(), pass: (millis) => wait(millis) },
      evidence: evidenceDriver(house),
      power: powerDriver(house, cards),
      button: buttonDriver(house),
      meter: meterDriver(house),
      disk: diskDriver(house, cards),
      ...(wire && { line: lineDriver(house, wire) }),
      ...(clock && { clock }),
      ...(lens && { lens: lens.driver(() => house.pid("camera")) }),
      async close() {
        await house.close();
        await ground.close();
      },
    };
  } catch (error) {
    await ground.close();
    throw error;
  }
}

function lacks(program: string, question: string): boolean {
  return spawnSync(program, [question], { stdio: "ignore" }).error !== undefined;
}
