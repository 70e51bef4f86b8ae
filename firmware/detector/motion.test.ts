import fc from "fast-check";
import { test } from "tap";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { parseSceneSpec, type SceneSpec } from "../camera/scene/spec.js";
import { createScene, type SceneEvent, truth } from "../camera/scene.js";
import { createMotion, type MotionReading, motionThreshold } from "./motion.js";

const frameMs = 100;

function sceneSpec(options: string): SceneSpec {
  const parsed = parseSceneSpec(`scene:size=320x180,fps=10,${options}`);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}

/** The scene's luma as the camera gives it to the detector: 160x90. */
function lumaOf(frame: Uint8Array, into: Uint8Array): Uint8Array {
  for (let y = 0, at = 0; y < 90; y++) {
    for (let x = 0; x < 160; x++, at++) {
      const from = y * 640 + x * 2;
      const upper = (frame[from] ?? 0) + (frame[from + 1] ?? 0);
      into[at] = (upper + (frame[from + 320] ?? 0) + (frame[from + 321] ?? 0)) >> 2;
    }
  }
  return into;
}

/** When the score says motion, in frame times. */
function motionIn(spec: SceneSpec, seconds: number): readonly Millis[] {
  const scene = createScene(spec);
  const motion = createMotion({ width: 160, height: 90 });
  const luma = new Uint8Array(160 * 90);
  const times: Millis[] = [];
  for (let index = 0; index < seconds * 10; index++) {
    const at = millis(index * frameMs);
    if (motion.feed(lumaOf(scene.frame(index), luma), at).score >= motionThreshold) times.push(at);
  }
  return times;
}

/** The first moment in which at least half of it is in the picture. */
function halfInside(event: SceneEvent): Millis {
  const widthAt = (at: number): number => event.boxAt(millis(at))?.width ?? 0;
  let widest = 0;
  for (let at = Number(event.from); at < event.from + 4000; at += 50) widest = Math.max(widest, widthAt(at));
  let at = Number(event.from);
  while (widthAt(at) * 2 < widest) at += 10;
  return millis(at);
}

test("every visitor, walker and car of the scene is found within a second of coming into view", (t) => {
  for (const seed of [2, 3]) {
    const spec = sceneSpec(`seed=${seed},first=4,every=38`);
    const times = motionIn(spec, 108);
    const events = truth(spec, millis(100_000));
    t.equal(events.length, 3);
    for (const event of events) {
      const found = times.find((at) => at >= event.from && at <= event.to);
      const late = (found ?? Number.POSITIVE_INFINITY) - halfInside(event);
      t.ok(late <= 1000, `seed ${seed}: ${event.kind} found ${late} ms after it was half inside`);
    }
    const stray = times.filter((at) => !events.some(({ from, to }) => at >= from && at <= to + 1500));
    t.same(stray, [], `seed ${seed}: no motion while nobody is there`);
  }
  t.end();
});

test("leaves, light, flicker, clouds, headlights and sensor noise alone are no motion", (t) => {
  for (const nuisance of ["foliage", "noise", "light", "switch", "flicker", "headlights", "clouds"]) {
    t.same(motionIn(sceneSpec(`seed=4,quiet,nuisance=${nuisance}`), 20), [], nuisance);
  }
  t.end();
});

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
