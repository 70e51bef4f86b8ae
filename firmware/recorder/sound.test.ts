import fc from "fast-check";
import { test } from "tap";
import type { Fragment } from "../../shared/clip/fmp4.js";
import { millis } from "../../shared/kernel/brand.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { at } from "./cut.contract.js";
import { type CutEvent, step } from "./cut.js";
import { cutDefaults, newCutter } from "./cutter.js";
import { testFragment, testInit } from "./fixture.contract.js";

/** Ticks a second of the sound; the picture's are 1000. */
const rate = 48_000;
const frameTicks = 1024;
const init = testInit();
const [picture] = init.tracks;
const sounding = {
  ...init,
  tracks: [...init.tracks, { ...picture, id: 2, kind: "audio", timescale: rate, codec: "mp4a" }],
} as typeof init;

/** Of `second`: as an encoder gives them, the sound begins at the first of its frames that begins in that second. */
function heardIn(second: number, time: (second: number) => number): Fragment {
  const [from = 0, to = 0] = [second, second + 1].map(
    (one) => Math.ceil((time(one) * rate) / 1000 / frameTicks) * frameTicks,
  );
  return { ...testFragment({ time: 0, duration: to - from, number: 100 + second }), time: from, track: 2 };
}

interface Told {
  readonly kind: "begin" | "picture" | "sound";
  readonly time: number;
  readonly sequence: number;
  readonly end: string;
}

/** Footage from `from` on, a press after each of `presses`; everything that was cut. */
function cutOf(
  presses: readonly number[],
  { from = 0, seconds = 40, tracks = sounding, clipMax = 60_000, each = 1000, early = 0 } = {},
): readonly Told[] {
  let cutter = newCutter(seededPrng(3), { ...cutDefaults, clipMax: millis(clipMax) });
  const told: Told[] = [];
  const send = (event: CutEvent): void => {
    const next = step(cutter, event);
    cutter = next.cutter;
    for (const effect of next.effects) {
      if (effect.kind === "begin") told.push({ kind: "begin", time: 0, sequence: 0, end: "no" });
      if (effect.kind !== "append") continue;
      const { track, time, sequence } = effect.fragment;
      told.push({ kind: track === 2 ? "sound" : "picture", time, sequence, end: effect.end });
    }
  };
  const time = (second: number): number => from + second * each;
  send({ kind: "init", init: tracks, at: at(0) });
  for (let second = 0; second < seconds; second++) {
    const heard = heardIn(second, time);
    const sound = second === 0 && early > 0 ? { ...heard, time: Math.max(0, heard.time - early) } : heard;
    const fragment = testFragment({ time: time(second), duration: each, number: second });
    send({ kind: "fragment", fragment, sound, at: at(time(second + 1) - from) });
    if (presses.includes(second))
      send({ kind: "trigger", trigger: "press", at: at(time(second + 1) - from) });
  }
  return told;
}

test("each second's sound stands before its picture, at its own place, also from the pre-roll", async (t) => {
  const [begun, ...parts] = cutOf([10], { from: 7_000_003 });
  t.equal(begun?.kind, "begin");
  t.equal(parts.length, 32, "six seconds before and ten after");
  t.same(
    parts.map(({ kind, sequence }) => [kind, sequence]),
    parts.map((_, i) => [i % 2 === 0 ? "sound" : "picture", i + 1]),
  );
  for (let i = 0; i < parts.length; i += 2) {
    const late = (parts[i]?.time ?? 0) / rate - (parts[i + 1]?.time ?? 0) / 1000;
    t.ok(late >= 0 && late < frameTicks / rate + 1 / rate, `sound ${late} s after its picture`);
  }
  t.same([parts.at(-1)?.end, parts.slice(0, -1).filter(({ end }) => end !== "no")], ["complete", []]);
});

test("sound that begins before the clip's first picture, or of a track that nothing announced, is left out", async (t) => {
  const kinds = (told: readonly Told[]): string => told.map(({ kind }) => kind[0]).join("");
  t.match(kinds(cutOf([0], { from: 5000, early: rate })), /^bpspsp/);
  t.match(kinds(cutOf([0], { from: 5000 })), /^bspsp/);
  t.notMatch(kinds(cutOf([0], { tracks: init })), /s/);
});

/** What is wrong with the parts of clips, if anything. */
function faultIn(told: readonly Told[]): string | undefined {
  const parts = told.filter(({ kind }) => kind !== "begin");
  const early = parts.findIndex(({ time }) => time < 0);
  if (early >= 0) return `part ${early} stands before its clip`;
  const alone = parts.findIndex(({ kind }, i) => kind !== (i % 2 === 0 ? "sound" : "picture"));
  return alone < 0 ? undefined : `part ${alone} is without its other half`;
}

test("whatever the lengths, sound stands before its picture, and none is lost between two clips", async (t) => {
  const settings = fc.record({
    from: fc.integer({ min: 0, max: 2_000_000_000 }),
    each: fc.integer({ min: 300, max: 2000 }),
    clipMax: fc.integer({ min: 8000, max: 30_000 }),
  });
  fc.assert(
    fc.property(settings, fc.array(fc.integer({ min: 0, max: 59 })), (footage, presses) => {
      const fault = faultIn(cutOf(presses, { ...footage, seconds: 60 }));
      if (fault !== undefined) throw new Error(fault);
    }),
    { numRuns: 300, seed: 4 },
  );
  t.pass();
});
