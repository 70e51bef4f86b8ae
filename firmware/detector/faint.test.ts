import { test } from "tap";
import type { Zone } from "../../shared/charter/areas.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { createCells } from "./cells.js";
import { createFaint, isWalking } from "./faint.js";
import { createRules } from "./zones.js";

const width = 160;
const height = 90;
const frameMs = 100;

/** The foreground pixels of a frame. */
type Draw = (frame: number, paint: (x: number, y: number) => void) => void;

/** When the first walk is seen within `seconds`, in milliseconds; undefined when none is. */
function walkSeen(
  seconds: number,
  draw: Draw,
  zones: readonly Zone[] = [],
  lightAt: (frame: number) => number = () => 0,
): number | undefined {
  const cells = createCells(width, height, createRules({ width, height, zones, ignore: [] }));
  const foreground = new Uint16Array(cells.wide * cells.high);
  const faint = createFaint(cells, foreground);
  for (let frame = 0; frame < seconds * 10; frame++) {
    foreground.fill(0);
    draw(frame, (x, y) => {
      const cell = (y >> 2) * cells.wide + (x >> 2);
      foreground[cell] = (foreground[cell] ?? 0) | (1 << (((y & 3) << 2) | (x & 3)));
    });
    faint.follow(frame * frameMs, frameMs, lightAt(frame));
    if (faint.followers.some((follower) => isWalking(follower, frame * frameMs))) return frame * frameMs;
  }
  return undefined;
}

/** Four pixels above each other, as little as is left of somebody far away; in every fourth frame nothing at all. */
function somebody(placeAt: (second: number) => { x: number; y: number }): Draw {
  return (frame, paint) => {
    if (frame % 4 === 3) return;
    const { x, y } = placeAt(frame / 10);
    for (let row = 0; row < 4; row++) paint(Math.round(x), Math.round(y) + row);
  };
}

const walker = somebody((second) => ({ x: 10 + 6 * second, y: 40 }));

test("somebody of four pixels who walks is seen within three seconds, though every fourth frame shows nothing", (t) => {
  const toRight = walkSeen(6, walker);
  const toLeft = walkSeen(
    6,
    somebody((second) => ({ x: 150 - 6 * second, y: 40 })),
  );
  t.ok(toRight !== undefined && toRight <= 3000, `to the right after ${toRight} ms`);
  t.ok(toLeft !== undefined && toLeft <= 3000, `to the left after ${toLeft} ms`);
  t.end();
});

test("somebody who is hidden for half a second goes on with the walk", (t) => {
  const seen = walkSeen(6, (frame, paint) => {
    if (frame < 14 || frame >= 19) walker(frame, paint);
  });
  t.ok(seen !== undefined && seen <= 3500, `after ${seen} ms`);
  t.end();
});

test("while the light is another, nothing that goes on is a walk; from when it has settled, it is", (t) => {
  t.equal(
    walkSeen(20, walker, [], () => 13),
    undefined,
  );
  const seen = walkSeen(10, walker, [], (frame) => (frame < 50 ? 13 : 12));
  t.ok(seen !== undefined && seen > 5000 && seen <= 7500, `after ${seen} ms`);
  t.end();
});

test("what creeps, flies, sways, falls or goes on among others is no walk", (t) => {
  const others: { readonly [what: string]: Draw } = {
    creeps: somebody((second) => ({ x: 10 + 2 * second, y: 40 })),
    flies: somebody((second) => ({ x: (30 * second) % width, y: 40 })),
    sways: somebody((second) => ({ x: 80 + 4 * Math.sin(second * 2), y: 40 })),
    falls: somebody((second) => ({ x: 40 + 3 * second, y: (6 * second) % 80 })),
    among: (frame, paint) => {
      for (const beside of [-7, 0, 7]) walker(frame, (x, y) => paint(x + beside, y));
    },
  };
  for (const [what, draw] of Object.entries(others)) t.equal(walkSeen(20, draw), undefined, what);
  t.end();
});

test("drops in other places in each frame are no walk in ten minutes", (t) => {
  const random = seededPrng(7);
  const drops: Draw = (_, paint) => {
    for (let drop = 0; drop < 40; drop++) {
      const x = Math.floor(random.next() * width);
      const y = Math.floor(random.next() * (height - 4));
      for (let row = 0; row < 4; row++) paint(x, y + row);
    }
  };
  t.equal(walkSeen(600, drops), undefined);
  t.end();
});

test("outside of the zones, or smaller than a zone asks for, nobody walks", (t) => {
  const corners = (top: number, bottom: number): Zone["corners"] => [
    { x: 0, y: top },
    { x: 10_000, y: top },
    { x: 10_000, y: bottom },
    { x: 0, y: bottom },
  ];
  const zone = { sensitivity: 50, sizeMin: 0 };
  t.ok(walkSeen(6, walker, [{ ...zone, corners: corners(3000, 7000) }]) !== undefined, "in the zone");
  t.equal(walkSeen(6, walker, [{ ...zone, corners: corners(7000, 10_000) }]), undefined, "above it");
  t.equal(walkSeen(6, walker, [{ ...zone, sizeMin: 20, corners: corners(3000, 7000) }]), undefined, "small");
  t.end();
});
