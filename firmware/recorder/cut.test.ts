import fc from "fast-check";
import { test } from "tap";
import type { Fragment } from "../../shared/clip/fmp4.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { type CutEvent, step } from "./cut.js";
import { type CutEffect, type CutSettings, cutDefaults, newCutter } from "./cutter.js";
import { numberOf, testFragment, testInit, testWall } from "./fixture.contract.js";
import { emptyRing, keep } from "./ring.js";

const init = testInit();
const at = (ms: number) => ({ wall: millis(testWall + ms), monotonic: millis(ms) });

interface Clip {
  readonly id: string;
  readonly start: Millis;
  readonly trigger: string;
  readonly fragments: Fragment[];
  readonly live: boolean[];
  end: string;
}

/** A camera on a virtual clock and everything that was cut from it. */
function rig(settings: Partial<CutSettings> = {}) {
  let cutter = newCutter(seededPrng(7), { ...cutDefaults, ...settings });
  const clips: Clip[] = [];
  const happened: Extract<CutEffect, { kind: "happened" }>["event"][] = [];
  let now = 0;
  let time = 0;
  let number = 0;

  const take = (effect: CutEffect): void => {
    if (effect.kind === "happened") return void happened.push(effect.event);
    if (effect.kind === "begin") {
      const { clip, start, trigger } = effect;
      return void clips.push({
        id: clip,
        start: start.monotonic,
        trigger,
        fragments: [],
        live: [],
        end: "no",
      });
    }
    const clip = clips.at(-1);
    if (clip === undefined || clip.id !== effect.clip || clip.end !== "no")
      throw new Error(`${effect.kind} of a clip that is not open`);
    if (effect.kind === "append") {
      clip.fragments.push(effect.fragment);
      clip.live.push(effect.live);
    }
    clip.end = effect.end;
  };
  const send = (event: CutEvent): void => {
    const { cutter: next, effects } = step(cutter, event);
    cutter = next;
    for (const effect of effects) take(effect);
  };
  const self = {
    clips,
    happened,
    send,
    now: () => now,
    start: () => {
      time = 0;
      send({ kind: "init", init, at: at(now) });
    },
    /** A fragment that took its duration to be recorded. Its number. */
    fragment: (of: { duration?: number; keyframe?: boolean; size?: number; skip?: number } = {}): number => {
      const { duration = 1000, skip = 0, ...rest } = of;
      now += duration;
      send({
        kind: "fragment",
        fragment: testFragment({ time: time + skip, duration, number, ...rest }),
        at: at(now),
      });
      time += duration + skip;
      return number++;
    },
    seconds: (count: number): void => {
      for (let i = 0; i < count; i++) self.fragment();
    },
    pass: (ms: number): void => {
      now += ms;
    },
    press: () => send({ kind: "trigger", trigger: "press", at: at(now) }),
    motion: () => send({ kind: "trigger", trigger: "motion", at: at(now) }),
    say: (kind: "active" | "inactive" | "source-lost" | "stop" | "source-over") =>
      send({ kind, at: at(now) }),
  };
  return self;
}
type Rig = ReturnType<typeof rig>;

function started(settings: Partial<CutSettings> = {}): Rig {
  const camera = rig(settings);
  camera.start();
  return camera;
}

const numbers = (clip: Clip | undefined): number[] => (clip?.fragments ?? []).map(numberOf);
const range = (from: number, below: number): number[] =>
  Array.from({ length: below - from }, (_, i) => from + i);
const seconds = (clip: Clip | undefined): number => clip?.fragments.length ?? 0;

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

type Command =
  | { readonly do: "fragment"; readonly duration: number }
  | { readonly do: "press" | "motion" | "active" | "inactive" | "source-lost" | "start" }
  | { readonly do: "broken" | "skip" }
  | { readonly do: "pass"; readonly ms: number };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("fragment" as const),
      duration: fc.integer({ min: 200, max: 2500 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...(["press", "motion", "active", "inactive"] as const).map((word) => ({ do: word }) as const),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...(["source-lost", "start", "broken", "skip"] as const).map((word) => ({ do: word }) as const),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
  },
);

/** Runs the commands; the fragments that came within 10 s after a press while there was a picture. */
function play(camera: Rig, commands: readonly Command[]): readonly number[] {
  const wanted: number[] = [];
  let pressed = Number.NEGATIVE_INFINITY;
  let picture = true;
  for (const one of commands) {
    const number = carryOut(camera, one);
    if (one.do === "press") pressed = camera.now();
    if (one.do === "start") picture = true;
    if (one.do === "source-lost") picture = false;
    if (one.do === "fragment" && picture && camera.now() - one.duration < pressed + 10_000)
      wanted.push(number);
  }
  return wanted;
}

function carryOut(camera: Rig, command: Command): number {
  switch (command.do) {
    case "fragment":
      return camera.fragment({ duration: command.duration });
    case "broken":
      return camera.fragment({ keyframe: false });
    case "skip":
      return camera.fragment({ skip: 40 });
    case "press":
    case "motion":
      camera[command.do]();
      return -1;
    case "start":
      camera.start();
      return -1;
    case "pass":
      camera.pass(command.ms);
      return -1;
    default:
      camera.say(command.do);
      return -1;
  }
}

/** What is wrong with a clip's fragments, if anything. */
function faultIn({ fragments }: Clip, longest: number): string | undefined {
  let time = 0;
  for (const [i, fragment] of fragments.entries()) {
    const number = numberOf(fragment);
    if (number !== numberOf(fragments[0] ?? fragment) + i) return `a fragment was lost before ${number}`;
    if (!fragment.keyframe || fragment.time !== time) return `fragment ${number} is out of place`;
    if (fragment.sequence !== i + 1) return `fragment ${number} has a wrong sequence number`;
    time += fragment.duration;
  }
  return time === 0 || time > longest ? `a clip of ${time} ms` : undefined;
}

test("whatever comes, clips are whole: keyframe first, contiguous, at most 60 s, no fragment twice", async (t) => {
  const settings = { clipMax: millis(30_000), stuckMax: millis(100_000) };
  fc.assert(
    fc.property(fc.array(command, { maxLength: 250 }), (commands) => {
      const camera = started(settings);
      play(camera, commands);
      for (const clip of camera.clips) {
        const fault = faultIn(clip, settings.clipMax);
        if (fault !== undefined) throw new Error(fault);
      }
      const recorded = camera.clips.flatMap(numbers);
      if (new Set(recorded).size !== recorded.length) throw new Error("a fragment is in two places");
      camera.say("stop");
      return camera.clips.every(({ end }) => end !== "no");
    }),
    { numRuns: 500, seed: 11 },
  );
  t.pass();
});

test("whatever comes, each press is in a clip or told as a gap, and no second after it is lost", async (t) => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 250 }), (commands) => {
      const camera = started();
      const wanted = play(camera, commands);
      camera.start();
      camera.seconds(1);
      const ids = new Set(camera.clips.map(({ id }) => id));
      const gaps = new Set(camera.happened.filter(({ kind }) => kind === "gap").map(({ clip }) => clip));
      for (const { kind, clip } of camera.happened) {
        if (kind === "press" && (clip === undefined || !(ids.has(clip) || gaps.has(clip))))
          throw new Error("a press is in no clip and no gap");
      }
      const recorded = new Set(camera.clips.flatMap(numbers));
      const lost = wanted.filter((number) => !recorded.has(number));
      if (lost.length > 0) throw new Error(`lost ${lost.join(" ")}`);
    }),
    { numRuns: 500, seed: 12 },
  );
  t.pass();
});
