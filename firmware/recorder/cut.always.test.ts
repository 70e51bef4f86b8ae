import fc from "fast-check";
import { test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { type Clip, numbers, type Rig, started } from "./cut.contract.js";
import { numberOf } from "./fixture.contract.js";

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
