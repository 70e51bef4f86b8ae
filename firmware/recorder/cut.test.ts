import { test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { at, type Clip, numbers, range, rig, seconds, started } from "./cut.contract.js";
import { testFragment, testWall } from "./fixture.contract.js";
import { emptyRing, keep } from "./ring.js";

test("the ring keeps the fewest fragments that cover the pre-roll, and never more than its bytes", async (t) => {
  const arrived = (i: number, size = 64) => ({
    fragment: testFragment({ time: i * 1000, size }),
    at: at(i * 1000),
  });
  const fill = (limits: { ticks: number; bytes: number }, size?: number) =>
    range(0, 20).reduce((ring, i) => keep(ring, arrived(i, size), limits), emptyRing);
  t.equal(fill({ ticks: 6000, bytes: 1e9 }).kept.length, 6);
  t.equal(fill({ ticks: 5500, bytes: 1e9 }).kept.length, 6);
  t.equal(fill({ ticks: 0, bytes: 1e9 }).kept.length, 0);
  const bounded = fill({ ticks: 6000, bytes: 5000 }, 1500);
  t.equal(bounded.kept.length, 3);
  t.ok(bounded.bytes <= 5000);
  t.equal(bounded.ticks, 3000);
});

test("a press cuts a clip of 6 s before it and 10 s after it", async (t) => {
  const camera = started();
  camera.seconds(20);
  camera.press();
  camera.seconds(15);
  t.equal(camera.clips.length, 1);
  t.same(numbers(camera.clips[0]), range(14, 30));
  t.equal(camera.clips[0]?.end, "complete");
  t.equal(camera.clips[0]?.start, 14_000);
  t.equal(camera.clips[0]?.trigger, "press");
  t.same(camera.happened, [{ kind: "press", at: testWall + 20_000, clip: camera.clips[0]?.id }]);
});

test("a clip's times count from 0 and its sequence from 1, without a seam at the trigger", async (t) => {
  const camera = started();
  camera.seconds(8);
  camera.motion();
  camera.seconds(4);
  const { fragments = [], live } = camera.clips[0] ?? {};
  t.same(
    fragments.map(({ time }) => time),
    range(0, 10).map((i) => i * 1000),
  );
  t.same(
    fragments.map(({ sequence }) => sequence),
    range(1, 11),
  );
  t.same(live, [false, false, false, false, false, true, true, true, true, true]);
});

test("without pre-roll the clip starts with the fragment in which the press came", async (t) => {
  const camera = started({ preRoll: millis(0) });
  camera.seconds(5);
  camera.pass(0);
  camera.press();
  camera.seconds(20);
  t.same(numbers(camera.clips[0]), range(5, 15));
  t.equal(camera.clips[0]?.start, 5000);
});

test("motion that goes on is recorded to 60 s, and the next clip follows without a seam", async (t) => {
  const camera = started();
  camera.seconds(10);
  camera.motion();
  camera.say("active");
  camera.seconds(100);
  camera.say("inactive");
  camera.seconds(20);
  t.same(camera.clips.map(seconds), [60, 56]);
  t.same(camera.clips.flatMap(numbers), range(4, 120));
  t.same(
    camera.clips.map(({ end }) => end),
    ["complete", "complete"],
  );
  t.equal(camera.clips[1]?.start, 64_000);
  t.equal(camera.clips[1]?.fragments[0]?.time, 0);
});

test("two clips that follow each other have no time between them, whatever their fragments last", async (t) => {
  const camera = started();
  const durations = [1000, 967, 1033, 500, 2000, 1001];
  const recorded = (clip: Clip | undefined): number =>
    (clip?.fragments ?? []).reduce((sum, { duration }) => sum + duration, 0);
  camera.seconds(10);
  camera.motion();
  camera.say("active");
  for (let i = 0; i < 200; i++) camera.fragment({ duration: durations[i % durations.length] ?? 1000 });
  t.ok(camera.clips.length >= 4);
  for (const [i, clip] of camera.clips.slice(1).entries()) {
    const before = camera.clips[i];
    t.equal(clip.start, (before?.start ?? 0) + recorded(before));
    t.equal(numbers(clip)[0], (numbers(before).at(-1) ?? 0) + 1);
    t.equal(before?.end, "complete");
  }
});

test("a press between two clips of motion makes the second a press's, and a press within one is told with its id", async (t) => {
  const camera = started();
  camera.seconds(10);
  camera.motion();
  camera.say("active");
  camera.seconds(54);
  camera.press();
  camera.seconds(3);
  camera.press();
  t.same(
    camera.clips.map(({ trigger }) => trigger),
    ["motion", "press"],
  );
  const [first, second] = camera.clips;
  t.match(camera.happened, [
    { kind: "motion", clip: first?.id },
    { kind: "press", at: testWall + 64_000, clip: second?.id },
    { kind: "press", at: testWall + 67_000, clip: second?.id },
  ]);
});

test("a press while a clip is open belongs to it and keeps it open for another 10 s", async (t) => {
  const camera = started();
  camera.seconds(10);
  camera.motion();
  camera.seconds(8);
  camera.press();
  camera.seconds(20);
  t.same(numbers(camera.clips[0]), range(4, 28));
  t.same(
    camera.happened.map(({ kind }) => kind),
    ["motion", "press"],
  );
  t.equal(new Set(camera.happened.map(({ clip }) => clip)).size, 1);
});

test("a clip's pre-roll holds nothing that the clip before it has", async (t) => {
  const camera = started();
  camera.seconds(10);
  camera.press();
  camera.seconds(12);
  camera.press();
  camera.seconds(12);
  t.same(camera.clips.map(numbers), [range(4, 20), range(20, 32)]);
});

test("a stuck trigger is recorded for 15 minutes, then not until quiet or a press", async (t) => {
  const camera = started();
  camera.seconds(10);
  camera.motion();
  camera.say("active");
  camera.seconds(2000);
  const recorded = camera.clips.flatMap(numbers);
  t.same(recorded, range(4, 910));
  camera.motion();
  camera.seconds(5);
  t.equal(camera.clips.flatMap(numbers).length, recorded.length);
  camera.press();
  camera.seconds(5);
  t.equal(camera.clips.at(-1)?.trigger, "press");
  t.equal(camera.clips.at(-1)?.fragments.length, 11);

  const quiet = started();
  quiet.seconds(10);
  quiet.motion();
  quiet.say("active");
  quiet.seconds(1000);
  const before = quiet.clips.length;
  quiet.say("inactive");
  quiet.seconds(11);
  quiet.motion();
  quiet.seconds(1);
  t.equal(quiet.clips.length, before + 1);
});

test("a source that is lost interrupts the clip; when it is back a new one begins and the gap is told", async (t) => {
  const camera = started();
  camera.seconds(10);
  camera.press();
  camera.seconds(3);
  camera.say("source-lost");
  camera.pass(7_000);
  camera.start();
  camera.seconds(20);
  t.same(
    camera.clips.map(({ end }) => end),
    ["interrupted", "complete"],
  );
  t.equal(camera.clips[1]?.fragments.length, 11, "the press still gets its post-roll");
  t.match(camera.happened.at(-1), {
    kind: "gap",
    from: testWall + 13_000,
    to: testWall + 20_000,
    reason: "camera-fault",
    clip: camera.clips[1]?.id,
  });
});

test("a press without a picture is answered when the picture comes within 30 s, else by a gap", async (t) => {
  const soon = rig();
  soon.press();
  soon.pass(20_000);
  soon.start();
  soon.seconds(15);
  t.same(
    soon.clips.map(({ id }) => id),
    [soon.happened[0]?.clip],
  );
  t.equal(soon.clips[0]?.fragments.length, 11);

  const late = rig();
  late.press();
  late.pass(31_000);
  late.start();
  late.seconds(15);
  t.equal(late.clips.length, 0);
  t.match(late.happened[1], {
    kind: "gap",
    from: testWall,
    to: testWall + 31_000,
    clip: late.happened[0]?.clip,
  });
});

test("a fragment of another track, without a keyframe or of absurd size gets into no clip", async (t) => {
  const camera = started();
  camera.seconds(10);
  camera.press();
  camera.send({
    kind: "fragment",
    fragment: { ...testFragment({ time: 10_000 }), track: 2 },
    at: at(10_500),
  });
  camera.seconds(2);
  const refused = [camera.fragment({ keyframe: false }), camera.fragment({ duration: 11_000 })];
  camera.seconds(3);
  t.notOk(camera.clips.flatMap(numbers).some((number) => refused.includes(number)));
  t.equal(camera.clips[0]?.end, "interrupted");
  t.equal(camera.clips[0]?.fragments.length, 8);
});

test("stop interrupts the open clip; a later press begins one with nothing from before the stop", async (t) => {
  const camera = started();
  camera.seconds(10);
  camera.press();
  camera.seconds(2);
  camera.say("stop");
  camera.seconds(3);
  t.equal(camera.clips.length, 1);
  t.equal(camera.clips[0]?.end, "interrupted");
  t.same(numbers(camera.clips[0]), range(4, 12));
  camera.press();
  camera.seconds(1);
  t.same(numbers(camera.clips[1]), range(12, 16));
  camera.say("source-over");
  t.equal(camera.clips[1]?.end, "complete", "what a source gave to its end is whole");
});
