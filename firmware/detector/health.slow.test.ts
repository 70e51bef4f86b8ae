import fc from "fast-check";
import { test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { createHealth } from "./health.js";
import { createMotion, motionThreshold } from "./motion.js";

const width = 160;
const height = 90;
const random = seededPrng(7);

/** A street with walls and posts, and sensor noise that never repeats. */
function street(noise = 3): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    const post = (x * 7 + (((x >> 4) * 53) % 90)) % 60;
    return 60 + post + (y >> 1) + Math.floor(random.next() * noise);
  });
}

const faults: { readonly [name: string]: { readonly kind: string; readonly frame: () => Uint8Array } } = {
  "an empty frame": { kind: "empty", frame: () => new Uint8Array(0) },
  "a black frame": { kind: "blank", frame: () => new Uint8Array(width * height) },
  "a covered lens with noise": { kind: "blank", frame: () => street().map((luma) => 20 + (luma & 3)) },
  "a frozen frame": {
    kind: "frozen",
    frame: (
      (still) => () =>
        still
    )(street()),
  },
  "a frozen frame behind an encoder, which makes a hundred pictures of it,": {
    kind: "frozen",
    frame: (
      (group, sent = 0) =>
      () =>
        group[sent++ % group.length] ?? street()
    )(Array.from({ length: 100 }, () => street())),
  },
  "rows that repeat": {
    kind: "torn",
    frame: () =>
      street().map((luma, i, all) => (i > 5000 ? (all[5000 - (5000 % width) + (i % width)] ?? 0) : luma)),
  },
  "a lower half that is shifted": {
    kind: "torn",
    frame: () => {
      const luma = street();
      return luma.map((own, i) => (i > 45 * width ? (luma[i - 17] ?? 0) : own));
    },
  },
  "noise for a picture": { kind: "torn", frame: () => random.bytes(width * height) },
};

for (const [name, { kind, frame }] of Object.entries(faults)) {
  test(`${name} is camera trouble within 60 s, and over once the picture is back`, (t) => {
    const health = createHealth({ width, height });
    const at = (tenth: number): ReturnType<typeof millis> => millis(tenth * 100);
    for (let tenth = 0; tenth < 300; tenth++) {
      if (health.feed(street(), at(tenth)) !== undefined) t.fail(`trouble with a sound picture at ${tenth}`);
    }
    let told = Number.POSITIVE_INFINITY;
    for (let tenth = 300; tenth < 800; tenth++) {
      if (health.feed(frame(), at(tenth))?.kind === kind) told = Math.min(told, tenth - 300);
    }
    t.ok(told > 0 && told <= 600, `told after ${told / 10} s`);
    for (let tenth = 800; tenth < 840; tenth++) health.feed(street(), at(tenth));
    t.equal(health.feed(street(), at(840)), undefined);
    t.end();
  });

  if (kind !== "empty") {
    test(`${name}, once, in bursts or for long, is no motion`, (t) => {
      const motion = createMotion({ width, height });
      for (let tenth = 0; tenth < 900; tenth++) {
        const broken = tenth === 100 || (tenth > 150 && tenth < 300 && tenth % 3 > 0) || tenth > 400;
        const { score } = motion.feed(broken && tenth < 800 ? frame() : street(), millis(tenth * 100));
        if (score >= motionThreshold) t.fail(`score ${score} at ${tenth}`);
      }
      t.end();
    });
  }
}

test("a file or a generated scene may stand still without trouble, and a live camera may repeat frames", (t) => {
  const still = street();
  const file = createHealth({ width, height, live: false });
  const slow = createHealth({ width, height });
  let luma = street();
  for (let tenth = 0; tenth < 1200; tenth++) {
    if (tenth % 50 === 0) luma = street();
    const told = [file.feed(still, millis(tenth * 100)), slow.feed(luma, millis(tenth * 100))];
    if (told.some((trouble) => trouble !== undefined)) t.fail(`at ${tenth}`);
  }
  t.end();
});

test("a camera that was turned is torn for a minute at most, then its new view is the scene", (t) => {
  const health = createHealth({ width, height });
  const turned = (): Uint8Array =>
    street().map((luma, i, all) => (i > 60 * width ? (all[i - 30] ?? 0) : luma));
  for (let tenth = 0; tenth < 100; tenth++) health.feed(street(), millis(tenth * 100));
  for (let tenth = 100; tenth < 700; tenth++) health.feed(turned(), millis(tenth * 100));
  t.equal(health.feed(turned(), millis(70_000)), undefined);
  t.end();
});

test("any frames of any size are watched without a crash, and an even or sound end is judged as at the start", (t) => {
  const frame = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.uint8Array({ minLength: 960, maxLength: 960 }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(frame, fc.nat(20_000)), { maxLength: 40 }), (frames) => {
      const health = createHealth({ width: 40, height: 24 });
      let at = 0;
      for (const [luma, wait] of frames) {
        at += wait;
        health.feed(luma, millis(at));
      }
      for (let tenth = 0; tenth < 300; tenth++) health.feed(new Uint8Array(960), millis(at + tenth * 100));
      return health.feed(new Uint8Array(960), millis(at + 30_000))?.kind === "blank";
    }),
    { seed: 20261122, numRuns: 100 },
  );
  t.end();
});
