import { test } from "tap";
import type { AppendFragment, ClipEffect } from "../../shared/clip/cutting.js";
import type { Fragment } from "../../shared/clip/fmp4.js";
import type { InitSegment } from "../../shared/clip/init.js";
import { millis } from "../../shared/kernel/brand.js";
import { newClipId } from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { type Box, type Grey, judge } from "./judge.js";
import { createPicker, type PickedFrame } from "./picker.js";

const [width, height] = [160, 90];
const box: Box = { x: 40, y: 20, width: 40, height: 50 };

/** A grey wall with a patterned object in the box, blurred so many times. */
function frameWith(blurs: number, { x, y, width: wide, height: high }: Box = box): Grey {
  const random = seededPrng(7);
  let pixels = new Uint8Array(width * height).fill(120);
  for (let row = y; row < y + high; row++)
    for (let column = x; column < x + wide; column++) pixels[row * width + column] = random.between(0, 255);
  for (let round = 0; round < blurs; round++)
    pixels = pixels.map((value, at) => {
      const left = pixels[at - 1] ?? value;
      const right = pixels[at + 1] ?? value;
      return (left + 2 * value + right) >> 2;
    });
  return { pixels, width, height };
}

test("the more an object is blurred, the worse its frame; any object is better than none", (t) => {
  const scores = [0, 1, 2, 4, 8].map((blurs) => judge(frameWith(blurs), [box], 1));
  t.same(
    scores,
    scores.toSorted((a, b) => b - a),
  );
  t.ok((scores[0] ?? 0) > 4 * (scores[4] ?? 0), `${scores}`);
  t.ok(judge(frameWith(0), [], 0) < 1_000, "without a box, however sharp");
  t.ok(judge(frameWith(3), [], 0) < judge(frameWith(0), [], 0), "and there the sharpest is best, too");
  t.ok(judge({ pixels: new Uint8Array(width * height), width, height }, [box], 1) >= 1_000);
  t.equal(
    judge(frameWith(0), [box], 0),
    judge(frameWith(0), [], 0),
    "boxes beyond the count are not looked at",
  );
  t.end();
});

test("a larger object is better, one that the picture cuts off worse, and beyond four tenths nothing is gained", (t) => {
  const at = (of: Box): number => judge(frameWith(0, of), [of], 1);
  const small = { ...box, width: 20, height: 25 };
  t.ok(at(box) > 2 * at(small));
  t.ok(at({ ...box, x: 0 }) < 0.6 * at(box), "at the edge");
  t.ok(at({ ...box, y: height - box.height }) < 0.6 * at(box));
  const whole = { x: 0, y: 0, width, height };
  t.ok(at(whole) < at({ x: 2, y: 2, width: 120, height: 50 }));
  const chessboard = Uint8Array.from({ length: width * height }, (_, i) => (((i + i / width) | 0) % 2) * 255);
  const most = judge({ pixels: chessboard, width, height }, [{ x: 1, y: 1, width: 150, height: 80 }], 1);
  t.ok(Number.isInteger(most) && most < 2 ** 27, `${most}`);
  t.end();
});

const clip = newClipId(millis(5), seededPrng(1));
const init = { track: 1, timescale: 1_000 } as InitSegment;
const begin: ClipEffect = {
  ...{ kind: "begin", clip, trigger: "motion", init },
  start: { wall: millis(100_000), monotonic: millis(0) },
};

/** Second `n` of the clip; the camera's run counts 50 s more. */
function second(n: number, more: Partial<AppendFragment> = {}) {
  const fragment: Fragment = {
    ...{ bytes: new Uint8Array(), track: 1, sequence: n + 1, duration: 1_000, frames: 15, keyframe: true },
    time: n * 1_000,
  };
  const effect: AppendFragment = { kind: "append", clip, fragment, live: true, end: "no", ...more };
  return { effect, arrived: { ...fragment, time: fragment.time + 50_000 } };
}

/** A clip with two seconds before its trigger; `scores` by run time in milliseconds, `last` its last second. */
function play(scores: Readonly<Record<number, number>>, last = 6): readonly PickedFrame[] {
  const picker = createPicker();
  const picked: (PickedFrame | undefined)[] = [picker.take(begin, undefined)];
  for (const n of [0, 1]) picked.push(picker.take(second(n).effect, undefined));
  for (let n = 2; n <= last; n++) {
    for (let at = 50_000 + n * 1_000; at < 51_000 + n * 1_000; at += 100)
      picker.look(millis(at), scores[at] ?? 10);
    const { effect, arrived } = second(n, { end: n === last ? "complete" : "no" });
    picked.push(picker.take(effect, arrived));
  }
  return picked.filter((one) => one !== undefined);
}

test("the best frame of three seconds from the trigger on is taken, with the second of the clip that holds it", (t) => {
  const [first, ...more] = play({ 51000: 900, 53400: 500, 54200: 400 });
  t.match(first, { clip, take: 1, frame: 6, at: 103_400, fragment: { time: 3_000 } });
  t.same(more, [], "51,000 is before the trigger, nothing later was half as good again");
  t.end();
});

test("a frame half as good again is taken when the clip ends, however much later it came", (t) => {
  const takes = play({ 53400: 500, 58700: 750 }, 9);
  t.match(takes, [
    { take: 1, at: 103_400 },
    { take: 2, fragment: { time: 8_000 } },
  ]);
  t.equal(play({ 53400: 500, 58700: 749 }, 9).length, 1);
  t.end();
});

test("a clip that ends early has one take, one without any frame scored the middle of a second, one without footage none", (t) => {
  t.match(play({ 53100: 70 }, 3), [{ take: 1, at: 103_066 }]);
  const picker = createPicker();
  picker.take(begin, undefined);
  const { effect, arrived } = second(2);
  picker.take(effect, arrived);
  t.match(picker.take({ kind: "end", clip, end: "interrupted" }, undefined), { take: 1, frame: 7 });
  picker.take(begin, undefined);
  t.equal(picker.take({ kind: "end", clip, end: "interrupted" }, undefined), undefined);
  t.end();
});

test("sound is not looked at, and scores of a run that ended count for no later one", (t) => {
  const picker = createPicker();
  picker.take(begin, undefined);
  const { effect, arrived } = second(2);
  picker.look(millis(52_900), 900);
  picker.restart();
  picker.look(millis(52_300), 20);
  const sound = { ...effect, fragment: { ...effect.fragment, track: 2 } };
  t.equal(picker.take(sound, arrived), undefined);
  picker.take(effect, arrived);
  t.match(picker.take({ kind: "end", clip, end: "interrupted" }, undefined), { frame: 4 });
  t.end();
});
