// Test-only: a camera on a virtual clock and a cutter, and what was cut.
import type { Fragment } from "../../shared/clip/fmp4.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { type CutEvent, step } from "./cut.js";
import { type CutEffect, type CutSettings, cutDefaults, newCutter } from "./cutter.js";
import { numberOf, testFragment, testInit, testWall } from "./fixture.contract.js";

const init = testInit();
export const at = (ms: number) => ({ wall: millis(testWall + ms), monotonic: millis(ms) });

export interface Clip {
  readonly id: string;
  readonly start: Millis;
  readonly trigger: string;
  readonly fragments: Fragment[];
  readonly live: boolean[];
  end: string;
}

/** A camera on a virtual clock and everything that was cut from it. */
export function rig(settings: Partial<CutSettings> = {}) {
  let cutter = newCutter(seededPrng(7), { ...cutDefaults, ...settings });
  const clips: Clip[] = [];
  const happened: Extract<CutEffect, { kind: "happened" }>["event"][] = [];
  let now = 0;
  let time = 0;
  let number = 0;

  const take = (effect: CutEffect): void => {
    if (effect.kind === "happened") return void happened.push(effect.event);
    if (effect.kind === "begin") {
      const { clip, start, trigger } = effect;
      return void clips.push({
        id: clip,
        start: start.monotonic,
        trigger,
        fragments: [],
        live: [],
        end: "no",
      });
    }
    const clip = clips.at(-1);
    if (clip === undefined || clip.id !== effect.clip || clip.end !== "no")
      throw new Error(`${effect.kind} of a clip that is not open`);
    if (effect.kind === "append") {
      clip.fragments.push(effect.fragment);
      clip.live.push(effect.live);
    }
    clip.end = effect.end;
  };
  const send = (event: CutEvent): void => {
    const { cutter: next, effects } = step(cutter, event);
    cutter = next;
    for (const effect of effects) take(effect);
  };
  const self = {
    clips,
    happened,
    send,
    now: () => now,
    start: () => {
      time = 0;
      send({ kind: "init", init, at: at(now) });
    },
    /** A fragment that took its duration to be recorded. Its number. */
    fragment: (of: { duration?: number; keyframe?: boolean; size?: number; skip?: number } = {}): number => {
      const { duration = 1000, skip = 0, ...rest } = of;
      now += duration;
      send({
        kind: "fragment",
        fragment: testFragment({ time: time + skip, duration, number, ...rest }),
        at: at(now),
      });
      time += duration + skip;
      return number++;
    },
    seconds: (count: number): void => {
      for (let i = 0; i < count; i++) self.fragment();
    },
    pass: (ms: number): void => {
      now += ms;
    },
    press: () => send({ kind: "trigger", trigger: "press", at: at(now) }),
    motion: () => send({ kind: "trigger", trigger: "motion", at: at(now) }),
    say: (kind: "active" | "inactive" | "source-lost" | "stop" | "source-over") =>
      send({ kind, at: at(now) }),
  };
  return self;
}
export type Rig = ReturnType<typeof rig>;

export function started(settings: Partial<CutSettings> = {}): Rig {
  const camera = rig(settings);
  camera.start();
  return camera;
}

export const numbers = (clip: Clip | undefined): number[] => (clip?.fragments ?? []).map(numberOf);
export const range = (from: number, below: number): number[] =>
  Array.from({ length: below - from }, (_, i) => from + i);
export const seconds = (clip: Clip | undefined): number => clip?.fragments.length ?? 0;
