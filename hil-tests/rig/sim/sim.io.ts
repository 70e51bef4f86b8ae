// The sim rig: the product's own code in one process, in virtual time (hil-tests/sim), told to by a story instead of by a seed.
import { fileURLToPath } from "node:url";
import { bundleWorld } from "../../sim/bundle.js";
import type * as ToldModule from "../../sim/world/told.js";
import type { Capability, Drivers, OpenRequest, Rig } from "../rig.js";

const root = fileURLToPath(new URL("../../../..", import.meta.url)); // from .build/hil-tests/rig/sim/

const missing: Readonly<Partial<Record<Capability, string>>> = {
  lens: "the simulation has no pictures: its lens gives footage, and its detector sees nothing",
  meter: "in the simulation all parts are one process",
};

export async function openSimRig(): Promise<Rig> {
  const told: typeof ToldModule = await import(await bundleWorld(root, undefined, "told"));
  return {
    name: "sim",
    lacks: (capability) => missing[capability],
    cannot: () => undefined,
    open: (request) => open(told, request),
  };
}

/** The world drains Node's own queues itself, which it can only in a turn of its own. */
function turn<T>(work: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(work());
      } catch (error) {
        reject(error);
      }
    });
  });
}

async function open({ ToldHouse }: typeof ToldModule, request: OpenRequest): Promise<Drivers> {
  const house = await turn(() => new ToldHouse(request));
  return {
    time: { now: () => house.now(), pass: (millis) => turn(() => house.pass(millis)) },
    power: {
      cut: (part) => turn(() => house.cut(part)),
      restore: (part) => turn(() => house.restore(part)),
      isOn: (part) => house.isOn(part),
    },
    line: {
      cut: (from) => turn(() => house.cutLine(from)),
      swallow: () => turn(() => house.cutLine("camera")),
      heal: () => turn(() => house.healLine()),
      shape: (quality) => turn(() => house.shape(quality)),
      carriedBytes: () => house.carriedBytes(),
    },
    disk: {
      fill: (part) => turn(() => house.fill(part)),
      protect: (part) => turn(() => house.protect(part)),
      fail: (part) => turn(() => house.fail(part)),
      mend: (part) => turn(() => house.mend(part)),
      rot: (part) => turn(() => house.rot(part)),
    },
    clock: { step: (millis) => turn(() => house.stepClock(millis)) },
    button: { move: (edges) => turn(() => house.move(edges)) },
    evidence: {
      onCard: () => turn(() => house.onCard()),
      inVault: () => turn(() => house.inVault()),
      doorEvents: () => turn(() => house.doorEvents()),
      waiting: () => turn(() => house.waiting()),
      saidStored: () => turn(() => house.saidStored()),
      open: (clip) => turn(() => house.open(clip)),
      status: () => turn(() => house.status()),
      said: (part, event) => house.said(part, event),
      picture: async () => undefined,
    },
    close: () => turn(() => house.close()),
  };
}
