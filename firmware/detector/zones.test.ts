import { test } from "tap";
import type { Polygon, Zone } from "../../shared/charter/areas.js";
import { millis } from "../../shared/kernel/brand.js";
import { createMotion, type MotionSettings, motionThreshold } from "./motion.js";
import { createRules } from "./zones.js";

const left: Polygon = [
  { x: 0, y: 0 },
  { x: 5000, y: 0 },
  { x: 5000, y: 10_000 },
  { x: 0, y: 10_000 },
];
const whole: Polygon = left.map(({ x, y }) => ({ x: x * 2, y }));
const usual: Zone = { corners: whole, sensitivity: 50, sizeMin: 0 };

/** The times, in tenths of a second, at which a box of `size` that walks from left to right is motion. */
function walk(settings: Partial<MotionSettings>, size: number): readonly number[] {
  const motion = createMotion({ width: 160, height: 90, ...settings });
  const found: number[] = [];
  for (let tenth = 0; tenth < 140; tenth++) {
    const luma = Uint8Array.from(
      { length: 14_400 },
      (_, i) => 100 + ((i >> 3) % 25) + ((i * 31 + tenth * 7) % 3),
    );
    const x = Math.min(150, Math.max(0, (tenth - 40) * 2));
    for (let y = 40; tenth > 40 && y < 40 + size; y++)
      luma.fill(30 + (y % 9), y * 160 + x, y * 160 + x + size / 2);
    if (motion.feed(luma, millis(tenth * 100)).score >= motionThreshold) found.push(tenth);
  }
  return found;
}

test("a walker counts in a zone only, and stays for a moment as it leaves", (t) => {
  const everywhere = walk({}, 20);
  const inLeft = walk({ zones: [{ ...usual, corners: left }] }, 20);
  t.ok(
    (everywhere[0] ?? 0) < 52 && (everywhere.at(-1) ?? 0) > 115,
    `everywhere ${everywhere[0]} to ${everywhere.at(-1)}`,
  );
  t.same(inLeft[0], everywhere[0], "in the zone as soon");
  t.ok((inLeft.at(-1) ?? 0) > 80 && (inLeft.at(-1) ?? 0) < 100, `until ${inLeft.at(-1)}`);
  t.end();
});

test("sensitivity 0 is never, a sensitive zone is sooner, a dull one later, and small things can be left out", (t) => {
  const first = (zone: Partial<Zone>): number =>
    walk({ zones: [{ ...usual, ...zone }] }, 20)[0] ?? Number.NaN;
  t.same(walk({ zones: [{ ...usual, sensitivity: 0 }] }, 20), []);
  const times = [first({ sensitivity: 100 }), first({}), first({ sensitivity: 10 })];
  t.same(
    times,
    times.toSorted((a, b) => a - b),
    `${times}`,
  );
  t.ok((times[0] ?? 0) + 3 <= (times[2] ?? 0), "by three frames");
  t.same(
    walk({ zones: [{ ...usual, sizeMin: 400 }] }, 20),
    [],
    "200 of 14,400 pixels are 139 ten-thousandths",
  );
  t.ok(walk({ zones: [{ ...usual, sizeMin: 50 }] }, 20).length > 50);
  t.end();
});

test("what is masked is not looked at", (t) => {
  const found = walk({ ignore: [left] }, 20);
  t.ok((found[0] ?? 0) > 75, `found at ${found[0]}`);
  t.same(walk({ ignore: [whole] }, 20), []);
  t.end();
});

test("where zones overlap 0 wins and then the more sensitive; outside of them nothing counts, unless all are 0", (t) => {
  const at = (zones: readonly Zone[]): readonly (number | undefined)[] => {
    const { sensitivity } = createRules({ width: 160, height: 90, zones, ignore: [] });
    return [sensitivity[0], sensitivity[39]];
  };
  const half = { ...usual, corners: left };
  t.same(at([]), [50, 50]);
  t.same(at([half]), [50, 0]);
  t.same(at([{ ...half, sensitivity: 0 }]), [0, 50]);
  t.same(
    at([
      { ...half, sensitivity: 0 },
      { ...usual, sensitivity: 70 },
    ]),
    [0, 70],
  );
  t.same(at([half, { ...usual, sensitivity: 70 }]), [70, 70]);
  t.end();
});
