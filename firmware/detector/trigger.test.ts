import fc from "fast-check";
import { test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import {
  defaultTriggerSettings,
  idleTrigger,
  isTriggered,
  step,
  type TriggerEvent,
  type TriggerSettings,
  type TriggerState,
  type TriggerStep,
} from "./trigger.js";

const moving: TriggerEvent = { kind: "reading", score: 80, settling: false };
const quiet: TriggerEvent = { kind: "reading", score: 0, settling: false };
const settling: TriggerEvent = { kind: "reading", score: 80, settling: true };
const press: TriggerEvent = { kind: "press" };
const tick: TriggerEvent = { kind: "tick" };

/** Plays [time in ms, event] pairs; answers the effects as short words: `motion@100`, `end@1600`. */
function play(events: readonly (readonly [number, TriggerEvent])[], settings: Partial<TriggerSettings> = {}) {
  let state = idleTrigger({ ...defaultTriggerSettings, ...settings });
  const told: string[] = [];
  for (const [at, event] of events) {
    const { state: next, effects } = step(state, event, millis(at));
    state = next;
    for (const effect of effects) {
      told.push(`${effect.kind === "trigger" ? effect.trigger : effect.kind}@${effect.at}`);
    }
  }
  return told;
}

test("motion triggers at once, holds through short pauses and ends 1.5 s after the last of it", (t) => {
  t.same(
    play([
      [0, quiet],
      [100, moving],
      [200, quiet],
      [1100, moving],
      [1200, quiet],
      [2500, quiet],
      [2600, quiet],
    ]),
    ["motion@100", "extend@1100", "end@2600"],
  );
  t.same(
    play([
      [0, moving],
      [1500, tick],
    ]),
    ["motion@0", "end@1500"],
    "also when the camera gives no frames",
  );
  t.end();
});

test("motion shorter than the onset triggers nothing", (t) => {
  const onset = { onsetMs: millis(300) };
  t.same(
    play(
      [
        [0, moving],
        [200, moving],
        [300, quiet],
        [400, moving],
        [600, moving],
      ],
      onset,
    ),
    [],
  );
  t.same(
    play(
      [
        [0, moving],
        [200, moving],
        [300, moving],
      ],
      onset,
    ),
    ["motion@300"],
  );
  t.end();
});

test("a press always triggers and never waits", (t) => {
  const cool = { coolDownMs: millis(10_000) };
  t.same(
    play([
      [0, press],
      [5000, tick],
    ]),
    ["press@0", "end@5000"],
    "when nothing moves",
  );
  t.same(
    play([
      [0, settling],
      [50, press],
    ]),
    ["press@50"],
    "while the detector settles",
  );
  t.same(
    play(
      [
        [0, moving],
        [1500, tick],
        [1600, press],
      ],
      cool,
    ),
    ["motion@0", "end@1500", "press@1600"],
    "in cool-down",
  );
  t.same(
    play([
      [0, { kind: "mode", motion: false }],
      [10, press],
    ]),
    ["press@10"],
    "when motion is off",
  );
  t.same(
    play([
      [0, moving],
      [10, press],
    ]),
    ["motion@0", "press@10"],
    "while motion is already active",
  );
  t.same(
    play([
      [0, press],
      [10, press],
    ]),
    ["press@0", "press@10"],
    "twice",
  );
  t.end();
});

test("a press keeps the trigger for 5 s and motion that outlasts it keeps it on", (t) => {
  t.same(
    play([
      [0, press],
      [100, moving],
      [4900, moving],
      [5000, quiet],
      [6400, quiet],
    ]),
    ["press@0", "extend@100", "extend@4900", "end@6400"],
  );
  t.end();
});

test("motion in cool-down waits for its end", (t) => {
  const cool = { coolDownMs: millis(3000) };
  t.same(
    play(
      [
        [0, moving],
        [1500, quiet],
        [1600, moving],
        [4400, moving],
        [4500, moving],
      ],
      cool,
    ),
    ["motion@0", "end@1500", "motion@4500"],
  );
  t.end();
});

test("settling and switched-off motion trigger nothing, and switching off ends a trigger by motion", (t) => {
  t.same(
    play([
      [0, settling],
      [100, settling],
    ]),
    [],
  );
  t.same(
    play([
      [0, moving],
      [100, { kind: "mode", motion: false }],
      [200, moving],
    ]),
    ["motion@0", "end@100"],
  );
  t.same(
    play([
      [0, { kind: "mode", motion: false }],
      [1, { kind: "mode", motion: true }],
      [2, moving],
    ]),
    ["motion@2"],
  );
  t.end();
});

test("motion that never stops is reported as stuck and not recorded for ever", (t) => {
  const often = [...new Array(6601).keys()].map((tenth): [number, TriggerEvent] => [tenth * 100, moving]);
  t.same(play(often), ["motion@0", "stuck@300000", "end@300000", "motion@600000"]);
  const rests: [number, TriggerEvent][] = [
    ...often.slice(0, 3100),
    [310_100, quiet],
    [311_500, quiet],
    [311_600, moving],
  ];
  t.same(play(rests).slice(-1), ["motion@311600"], "it may trigger again once it has stopped");
  const pressed: [number, TriggerEvent][] = [...often.slice(0, 3100), [310_000, press]];
  t.same(play(pressed).slice(-1), ["press@310000"], "a press still triggers");
  t.end();
});

test("whatever happens, triggers and ends alternate, presses all trigger, and quiet ends it", (t) => {
  const event: fc.Arbitrary<TriggerEvent> = fc.oneof(
    fc.record({ kind: fc.constant("reading"), score: fc.nat(100), settling: fc.boolean() }),
    fc.constantFrom<TriggerEvent>(
      press,
      tick,
      { kind: "mode", motion: true },
      { kind: "mode", motion: false },
    ),
  );
  const settings = {
    coolDownMs: millis(2000),
    onsetMs: millis(200),
    stuckMs: millis(20_000),
    stuckRestMs: millis(9000),
  };
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3000), event), { maxLength: 120 }), (moments) => {
      let state = idleTrigger({ ...defaultTriggerSettings, ...settings });
      let at = 0;
      for (const [wait, happening] of moments) {
        at += wait;
        const next = step(state, happening, millis(at));
        if (!isLawful(state, happening, next)) return false;
        state = next.state;
      }
      return !isTriggered(step(state, tick, millis(at + 25_000)).state);
    }),
    { seed: 20261121, numRuns: 500 },
  );
  t.end();
});

function isLawful(before: TriggerState, event: TriggerEvent, { state, effects }: TriggerStep): boolean {
  const triggers = effects.some(({ kind }) => kind === "trigger");
  const ends = effects.some(({ kind }) => kind === "end");
  const pressTriggers = event.kind !== "press" || triggers;
  const startsTriggered = isTriggered(before) || !isTriggered(state) || triggers;
  return pressTriggers && startsTriggered && ends === (isTriggered(before) && !isTriggered(state));
}
