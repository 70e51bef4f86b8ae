// What the detector makes of the generated scene, whose truth is known, and of marked real footage where it is there.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import t, { test } from "tap";
import { type SceneEvent, truth } from "../../firmware/camera/scene.js";
import { footageFolder, scoreFootage } from "../../scripts/bench/motion/footage.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { motionIn, sceneMatrix, sceneSpec } from "./motionmatrix.js";

t.setTimeout(300_000);

/** The first moment in which at least half of it is in the picture. */
function halfInside(event: SceneEvent): Millis {
  const widthAt = (at: number): number => event.boxAt(millis(at))?.width ?? 0;
  let widest = 0;
  for (let at = Number(event.from); at < event.from + 4000; at += 50) widest = Math.max(widest, widthAt(at));
  let at = Number(event.from);
  while (widthAt(at) * 2 < widest) at += 10;
  return millis(at);
}

/** From half inside to found, by kind, over consecutive seeds; and the motion there was while nobody was there. */
function latencies(seeds: number, finer: number) {
  const late: { readonly [kind in SceneEvent["kind"]]: number[] } = { visitor: [], car: [], walker: [] };
  const stray: string[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const spec = sceneSpec(`seed=${seed},first=4,every=38`, finer);
    const times = motionIn(spec, 108);
    const events = truth(spec, millis(100_000));
    for (const event of events) {
      const found = times.find((at) => at >= event.from && at <= event.to) ?? Number.POSITIVE_INFINITY;
      late[event.kind].push(found - halfInside(event));
    }
    const alone = times.filter((at) => !events.some(({ from, to }) => at >= from && at <= to + 1500));
    stray.push(...alone.map((at) => `seed ${seed} at ${at}`));
  }
  return { late, stray };
}

// A walker on the far pavement covers about 4 by 9 pixels of the luma frame.
test("on 4 seeds visitors and cars are found within a second, walkers within two, and nothing else is", (t) => {
  const { late, stray } = latencies(4, 4);
  t.same([late.visitor.length, late.car.length, late.walker.length], [4, 4, 4]);
  t.ok(Math.max(...late.visitor, ...late.car) <= 1000, `visitors ${late.visitor}, cars ${late.car}`);
  t.ok(Math.max(...late.walker) <= 2000, `walkers ${late.walker}`);
  t.same(stray, [], "no motion while nobody is there");
  t.end();
});

// One of 12 walkers on the far pavement is found late, none is missed.
test("of a small source, too, nine walkers in ten are found within a second", (t) => {
  const { late, stray } = latencies(12, 2);
  t.ok(Math.max(...late.visitor, ...late.car) <= 1000, `visitors ${late.visitor}, cars ${late.car}`);
  t.ok(late.walker.filter((ms) => ms <= 1000).length >= 11, `walkers ${late.walker}`);
  t.ok(late.walker.every(Number.isFinite), "no walker is missed");
  t.same(stray, [], "no motion while nobody is there");
  t.end();
});

const hasScorer = existsSync(join(footageFolder, "score.py"));
const hasPython = spawnSync("python3", ["--version"]).status === 0;
const skip = !hasScorer
  ? `no marked footage in ${footageFolder} (LINTEL_FOOTAGE names another folder)`
  : !hasPython && "the footage's scorer needs python3";

test("on the marked footage every event is hit and at most one quiet stretch disturbed", {
  skip,
}, async (t) => {
  const [plain] = await scoreFootage(footageFolder);
  const total = (plain?.table ?? "").trimEnd().split("\n").at(-1) ?? "";
  const [, hits, events] = /events +(\d+)\/ *(\d+)/.exec(total) ?? [];
  const [, disturbed] = /disturbed +(\d+)\//.exec(total) ?? [];
  const [, quietOn] = /quiet_on +([\d.]+)%/.exec(total) ?? [];
  const [, eventOn] = /event_on +([\d.]+)%/.exec(total) ?? [];
  const [, p95] = /p95 +([\d.]+) s/.exec(total) ?? [];
  t.comment(total);
  t.equal(hits, events);
  t.ok(Number(events) >= 23 && Number(disturbed) <= 1, "23 events, at most one disturbed stretch");
  t.ok(Number(quietOn) <= 3 && Number(eventOn) >= 80 && Number(p95) <= 1, "quiet on, event on, latency");
});

// Of 5 % of the picture's height and more: a walker on the far pavement is 4 by 9 pixels.
test("under each nuisance everybody is found before the pre-roll is over, and none of them alone is motion", (t) => {
  const { rows, people } = sceneMatrix({ seeds: 2, minutes: 0.5 });
  t.equal(people, 44);
  t.same(
    rows.flatMap(({ nuisance, missed }) => missed.map((event) => `${nuisance}: ${event}`)),
    [],
  );
  t.same(
    rows.filter(({ falseTriggers }) => falseTriggers > 0),
    [],
  );
  t.end();
});
