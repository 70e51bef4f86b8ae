import fc from "fast-check";
import { test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { createMotion, type MotionReading, motionThreshold } from "./motion.js";

const frameMs = 100;

test("noise alone is no motion in ten minutes", (t) => {
  const random = seededPrng(11);
  const motion = createMotion({ width: 96, height: 54 });
  const luma = new Uint8Array(96 * 54);
  let highest = 0;
  for (let index = 0; index < 6000; index++) {
    for (let i = 0; i < luma.length; i++) luma[i] = 90 + (i % 96) + random.next() * 12 + random.next() * 12;
    highest = Math.max(highest, motion.feed(luma, millis(index * frameMs)).score);
  }
  t.ok(highest < motionThreshold, `highest score ${highest}`);
  t.end();
});

function isSound(reading: MotionReading): boolean {
  const { score, reasons, boxes, boxCount } = reading;
  const inside = boxes.slice(0, boxCount).every(({ x, y, width, height }) => {
    return x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= 40 && y + height <= 24;
  });
  const whole = Object.values(reasons).every((value) => Number.isSafeInteger(value) && value >= 0);
  return Number.isInteger(score) && score >= 0 && score <= 100 && inside && whole;
}

test("any sequence of frames at any times gives sound readings", (t) => {
  const frame = fc.oneof(
    fc.uint8Array({ minLength: 960, maxLength: 960 }),
    fc.nat(255).map((value) => new Uint8Array(960).fill(value)),
    fc.nat(40).map((edge) => Uint8Array.from({ length: 960 }, (_, i) => (i % 40 < edge ? 30 : 220))),
  );
  const steps = fc.array(fc.tuple(frame, fc.nat(20_000)), { maxLength: 30 });
  fc.assert(
    fc.property(steps, (sequence) => {
      const motion = createMotion({ width: 40, height: 24 });
      let at = 0;
      return sequence.every(([luma, wait]) => {
        at += wait;
        return isSound(motion.feed(luma, millis(at)));
      });
    }),
    { seed: 20261121, numRuns: 150 },
  );
  t.end();
});

test("a picture that brightens, darkens or flickers as a whole is no motion, nor is one that never changes", (t) => {
  const textured = Uint8Array.from({ length: 960 }, (_, i) => 60 + ((i * 37) % 90));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -50, max: 60 }), { minLength: 60, maxLength: 60 }), (shifts) => {
      const motion = createMotion({ width: 40, height: 24 });
      return [...new Array<number>(30).fill(0), ...shifts].every((shift, index) => {
        const luma = textured.map((value) => value + shift);
        return motion.feed(luma, millis(index * frameMs)).score < motionThreshold;
      });
    }),
    { seed: 20261121, numRuns: 60 },
  );
  const still = createMotion({ width: 40, height: 24 });
  for (let index = 0; index < 3000; index++) {
    if (still.feed(textured, millis(index * frameMs)).score !== 0) t.fail(`frame ${index}`);
  }
  t.end();
});

test("after any 100 wild frames the scene is quiet again within 30 s, and who walks in is found", (t) => {
  const pixels = 96 * 54;
  const scene = Uint8Array.from({ length: pixels }, (_, i) => 90 + ((i * 37) % 41));
  const walkIn = (x: number): Uint8Array => {
    const luma = scene.slice();
    for (let y = 20; y < 40; y++) luma.fill(40 + ((y * 7) % 11), y * 96 + x, y * 96 + x + 8);
    return luma;
  };
  const wild = fc.record({ seed: fc.nat(), kinds: fc.array(fc.nat(3), { minLength: 100, maxLength: 100 }) });
  fc.assert(
    fc.property(wild, ({ seed, kinds }) => {
      const random = seededPrng(seed);
      const motion = createMotion({ width: 96, height: 54, live: false });
      let at = 0;
      const feed = (luma: Uint8Array): number => {
        at += frameMs;
        return motion.feed(luma, millis(at)).score;
      };
      const repeat = (frames: number, luma: (index: number) => Uint8Array): readonly number[] =>
        Array.from({ length: frames }, (_, index) => feed(luma(index)));
      repeat(30, () => scene);
      repeat(100, (index) => wildFrame(kinds[index] ?? 0, scene, random.next));
      const after = repeat(300, () => scene).slice(250);
      const walking = repeat(20, (index) => walkIn(5 + index * 2));
      return Math.max(...after) < motionThreshold && Math.max(...walking) >= motionThreshold;
    }),
    { seed: 20261121, numRuns: 30 },
  );
  t.end();
});

/** Noise, one grey, the scene in another light, or a large thing somewhere. */
function wildFrame(kind: number, scene: Uint8Array, next: () => number): Uint8Array {
  if (kind === 0) return scene.map(() => next() * 256);
  if (kind === 1) return new Uint8Array(scene.length).fill(next() * 256);
  const by = next();
  if (kind === 2) return scene.map((luma) => luma * (0.2 + by));
  return scene.map((luma, i) => (i % 96 > by * 96 ? 255 - luma : luma));
}

test("the detector settles for two seconds after the start and after a gap, and says so", (t) => {
  const motion = createMotion({ width: 40, height: 24 });
  const luma = new Uint8Array(960).fill(90);
  const settling = (at: number): boolean => motion.feed(luma, millis(at)).settling;
  t.same([0, 100, 1900, 2000, 2100].map(settling), [true, true, true, false, false]);
  t.same([14_000, 14_100, 16_100].map(settling), [true, true, false], "after 11.9 s without a frame");
  t.throws(() => motion.feed(new Uint8Array(10), millis(20_000)), /another size/);
  t.end();
});

test("a thing that stays becomes part of the scene and leaves no ghost when it goes", (t) => {
  const motion = createMotion({ width: 160, height: 90 });
  const background = Uint8Array.from({ length: 14_400 }, (_, i) => 100 + ((i * 31) % 23));
  const scoreAt = (seconds: number, boxX: number | undefined): number => {
    const luma = background.slice();
    if (boxX !== undefined) {
      for (let y = 40; y < 70; y++) luma.fill(30 + ((y * 7) % 11), y * 160 + boxX, y * 160 + boxX + 14);
    }
    return motion.feed(luma, millis(seconds * 1000)).score;
  };
  const scores = (from: number, to: number, place: (at: number) => number | undefined): readonly number[] => {
    const found: number[] = [];
    for (let tenth = from * 10; tenth < to * 10; tenth++) found.push(scoreAt(tenth / 10, place(tenth / 10)));
    return found;
  };
  scores(0, 4, () => undefined);
  const walksIn = scores(4, 6, (at) => Math.floor((at - 4) * 30));
  t.ok(Math.max(...walksIn) >= motionThreshold, "it is found as it comes");
  t.ok(
    scores(6, 9, () => 60).every((score) => score >= motionThreshold),
    "it is still motion while it rests",
  );
  t.ok(
    scores(9, 30, () => 60)
      .slice(-50)
      .every((score) => score < motionThreshold),
    "then it is scenery",
  );
  const gone = scores(30, 40, () => undefined);
  t.ok(
    gone.slice(30).every((score) => score < motionThreshold),
    "3 s after it went nothing is left",
  );
  t.end();
});
