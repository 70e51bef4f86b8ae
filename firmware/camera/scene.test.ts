import { createHash } from "node:crypto";
import { test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { nuisances, parseSceneSpec, type SceneSpec } from "./scene/spec.js";
import { openScene } from "./scene.io.js";
import { bellPresses, createScene, type Scene, type SceneEvent, truth } from "./scene.js";

const small = "size=320x180,fps=10";

function spec(options: string): SceneSpec {
  const parsed = parseSceneSpec(`scene:${options}`);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}

function hashOf(options: string, frames: readonly number[]): string {
  const scene = createScene(spec(options));
  const hash = createHash("sha256");
  for (const index of frames) hash.update(scene.frame(index));
  return hash.digest("hex").slice(0, 16);
}

test("a seed gives the same pixels each time, on every machine", (t) => {
  t.equal(hashOf(`seed=7,${small}`, [0, 120, 165, 450]), "2e8dcae2d9356a66");
  t.equal(hashOf(`seed=7,${small}`, [165]), hashOf(`seed=7,${small}`, [165]), "whatever was painted before");
  t.not(hashOf(`seed=8,${small}`, [0]), hashOf(`seed=7,${small}`, [0]));
  t.end();
});

test("every nuisance changes the picture and keeps it in the legal range", (t) => {
  const options = "seed=3,size=128x72,fps=10,quiet";
  const calm = createScene(spec(options));
  for (const nuisance of nuisances) {
    const scene = createScene(spec(`${options},nuisance=${nuisance}`));
    let changed = 0;
    let illegal = 0;
    for (let index = 0; index < 90; index += 3) {
      const frame = scene.frame(index);
      if (!Buffer.from(frame).equals(calm.frame(index))) changed++;
      illegal += frame.subarray(0, 128 * 72).filter((luma) => luma < 16 || luma > 235).length;
    }
    t.ok(changed > 3, `${nuisance} changes ${changed} of 30 frames`);
    t.equal(illegal, 0, `${nuisance} keeps luma within 16 to 235`);
  }
  t.end();
});

/** The rectangle in which two frames' luma differs. */
function difference(a: Uint8Array, b: Uint8Array, width: number, height: number) {
  const box = { left: width, top: height, right: 0, bottom: 0 };
  for (let at = 0; at < width * height; at++) {
    if (a[at] === b[at]) continue;
    const x = at % width;
    const y = (at - x) / width;
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x + 1);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y + 1);
  }
  return box;
}

test("what a mover changes lies in its box, and fills it when nothing hides the mover", (t) => {
  for (const seed of [1, 2]) {
    const options = `seed=${seed},${small},first=1,every=120`;
    const empty = createScene(spec(`${options},quiet`));
    for (const kind of ["visitor", "walker", "car"] as const) {
      const wanted = spec(`${options},movers=${kind}`);
      const [event] = truth(wanted, millis(60_000));
      if (event === undefined) throw new Error("no event");
      t.same(faultsOf(createScene(wanted), empty, event), [], `seed ${seed}, ${kind}: every other frame`);
    }
  }
  t.end();
});

function faultsOf(full: Scene, empty: Scene, event: SceneEvent): readonly string[] {
  const faults: string[] = [];
  let widest = 0;
  for (let index = 0; index <= event.to / 100 + 5; index += 2) {
    const box = event.boxAt(millis(index * 100)) ?? { x: 0, y: 0, width: 0, height: 0 };
    const changed = difference(full.frame(index), empty.frame(index), 320, 180);
    if (changed.right === 0) continue;
    const beside = changed.left < box.x || changed.right > box.x + box.width;
    const above = changed.top < box.y || changed.bottom > box.y + box.height;
    if (beside || above) faults.push(`frame ${index} differs outside the box`);
    widest = Math.max(widest, (changed.right - changed.left) / box.width);
  }
  return widest > 0.8 ? faults : [...faults, `fills only ${widest} of its box`];
}

test("the truth says when somebody is in the picture and when the bell rings", (t) => {
  const scene = spec("seed=5,first=2,every=20,movers=visitor+car");
  const events = truth(scene, millis(70_000));
  t.same(
    events.map(({ kind }) => kind),
    ["visitor", "car", "visitor", "car"],
  );
  for (const event of events) {
    t.not(event.boxAt(event.from), undefined);
    t.equal(event.boxAt(millis(event.from - 10)), undefined);
    t.equal(event.boxAt(millis(event.to + 10)), undefined);
  }
  const [press = 0] = bellPresses(scene, millis(70_000));
  const [visit] = events;
  t.ok(press > (visit?.from ?? 0) && press < (visit?.to ?? 0), "the visitor rings while there");
  t.equal(bellPresses(scene, millis(70_000)).length, 2);
  t.same(truth(spec("quiet"), millis(1e7)), []);
  t.end();
});

test("a scene source is refused with what is wrong and what would be right", (t) => {
  const refusals: readonly (readonly [string, RegExp])[] = [
    ["scenery", /written scene or scene:option=value/],
    ["scene:size=1280", /WIDTHxHEIGHT/],
    ["scene:size=1281x720", /even pixels/],
    ["scene:size=16x16", /64x64 to 3840x2160/],
    ["scene:fps=0", /from 1 to 60, not "0"/],
    ["scene:fps=7.5", /whole number/],
    ["scene:seed=-1", /from 0 to 4294967295/],
    ["scene:seed=", /no value/],
    ["scene:every=1", /from 5/],
    ["scene:first=soon", /a number/],
    ["scene:movers=dog", /visitor, car, walker joined by \+/],
    ["scene:nuisance=frogs", /one of foliage/],
    ["scene:colour=red", /known are seed, fps/],
    ["scene:toString=1", /not known/],
    ["scene:seed=1,seed=2", /twice/],
    ["scene:quiet=1", /not known/],
  ];
  for (const [source, reason] of refusals) {
    const parsed = parseSceneSpec(source);
    t.match(parsed.ok ? "accepted" : parsed.error.message, reason, source);
  }
  t.match(spec("seed=9,size=640x360,fps=25,first=1.5,every=30,movers=car,nuisance=rain,noise=2.5"), {
    seed: 9,
    width: 640,
    height: 360,
    fps: 25,
    first: 1500,
    every: 30_000,
    movers: ["car"],
    nuisance: "rain",
    noise: 25,
  });
  t.ok(parseSceneSpec("scene").ok, "every option has a default");
  t.end();
});

test("an open scene gives every frame in order, at its pace, until it is stopped", async (t) => {
  const played = spec(`seed=7,${small}`);
  const scene = openScene(played, { pace: "fast" });
  t.match(scene, { width: 320, height: 180, fps: 10 });
  const own = createScene(played);
  let index = 0;
  for await (const frame of scene.frames()) {
    t.ok(Buffer.from(frame).equals(own.frame(index)), `frame ${index}`);
    if (++index === 5) scene.stop();
  }
  t.equal(index, 5);
  const paced = openScene(spec("size=64x64,fps=50"), { pace: "real" });
  const times: number[] = [];
  for await (const _ of paced.frames()) {
    times.push(performance.now());
    if (times.length === 11) paced.stop();
  }
  const took = (times[10] ?? 0) - (times[0] ?? 0);
  t.ok(took >= 195, `11 frames at 50 a second take 200 ms, took ${took}`);
});
