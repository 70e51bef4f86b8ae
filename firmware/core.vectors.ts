// Feeds stories to the core and prints what it does, a line each. Bundled like the core: the same lines on every engine,
// or the core may not run there.
import type { InitSegment } from "../shared/clip/init.js";
import { unreachable } from "../shared/kernel/assert.js";
import { millis } from "../shared/kernel/brand.js";
import { seededPrng } from "../shared/kernel/prng.js";
import type { SupervisorEvent } from "./camera/supervisor.js";
import type * as Core from "./core.js";
import { type SceneStory, sceneOf } from "./core.scene.js";
import type { MotionSettings } from "./detector/motion.js";
import type { TriggerEvent, TriggerSettings } from "./detector/trigger.js";
import type { CutEvent } from "./recorder/cut.js";
import type { CutEffect, CutSettings } from "./recorder/cutter.js";
import type { TurnEnd } from "./uplink/retry.js";
import type { OutboxEvent } from "./uplink/state.js";

type LintelCore = typeof Core;
type Say = (line: string) => void;
/** An event and its time in milliseconds. A `chance` counts 65,536ths: stories hold integers only. */
type At<Event> = Event & { readonly at: number };

export type Story =
  | { readonly machine: "motion"; readonly scene: SceneStory; readonly rules?: Partial<MotionSettings> }
  | {
      readonly machine: "motion";
      readonly width: number;
      readonly height: number;
      readonly frames: readonly string[];
    }
  /** Draws the scene and looks at nothing: what a measurement takes off. */
  | { readonly machine: "none"; readonly scene: SceneStory }
  | {
      readonly machine: "trigger";
      readonly settings: Partial<TriggerSettings>;
      readonly steps: readonly At<TriggerEvent>[];
    }
  | CutterStory
  | { readonly machine: "outbox"; readonly window: number; readonly steps: readonly At<OutboxEvent>[] }
  | { readonly machine: "retry"; readonly steps: readonly RetryStep[] }
  | { readonly machine: "supervisor"; readonly steps: readonly At<SupervisorEvent>[] };

interface CutterStory {
  readonly machine: "cutter";
  readonly settings: Partial<CutSettings>;
  /** One fragment of footage, hex; only its place in time differs. */
  readonly fragment: string;
  readonly steps: readonly CutStep[];
}

/** `fragments`: the picture goes on for so many seconds, a keyframe each, 1,000 ticks a second. */
type CutStep =
  | At<{ readonly kind: "fragments"; readonly count: number }>
  | At<{
      readonly kind:
        | "init"
        | "press"
        | "motion"
        | "active"
        | "inactive"
        | "source-lost"
        | "source-over"
        | "stop";
    }>;

type RetryStep =
  | { readonly attempt: number; readonly first: number; readonly most: number; readonly chance: number }
  | { readonly turn: TurnEnd };

/** Plays one story and prints what comes of it; the last line says that it ran to its end. */
export function run(core: LintelCore, name: string, story: Story, print: Say): void {
  let lines = 0;
  play(core, story, (line) => {
    lines++;
    print(line);
  });
  print(`end of ${name}: ${lines} lines`);
}

function play(core: LintelCore, story: Story, say: Say): void {
  switch (story.machine) {
    case "motion":
      if ("scene" in story) watchScene(core, story.scene, story.rules, say);
      else watchFrames(core, story, say);
      break;
    case "none":
      drawScene(story.scene);
      break;
    case "trigger":
      pull(core, story.settings, story.steps, say);
      break;
    case "cutter":
      cut(core, story, say);
      break;
    case "outbox":
      send(core, story.window, story.steps, say);
      break;
    case "retry":
      for (const step of story.steps) say(retry(core, step));
      break;
    case "supervisor":
      supervise(core, story.steps, say);
      break;
    default:
      unreachable(story);
  }
}

const frameMillis = 100;

function drawScene(story: SceneStory): void {
  const draw = sceneOf(story);
  for (let frame = 0; frame < story.frames; frame++) draw(frame);
}

function watchScene(
  core: LintelCore,
  story: SceneStory,
  rules: Partial<MotionSettings> | undefined,
  say: Say,
): void {
  const draw = sceneOf(story);
  const look = watch(core, { ...rules, width: story.width, height: story.height }, say);
  for (let frame = 0; frame < story.frames; frame++) look(draw(frame), frame * frameMillis);
}

function watchFrames(
  core: LintelCore,
  story: { readonly width: number; readonly height: number; readonly frames: readonly string[] },
  say: Say,
): void {
  const look = watch(core, story, say);
  for (let i = 0; i < story.frames.length; i++) look(bytesOf(story.frames[i] ?? ""), i * frameMillis);
}

/** As on the camera: each picture's reading goes to the trigger. */
function watch(core: LintelCore, settings: MotionSettings, say: Say) {
  const motion = core.createMotion(settings);
  let trigger = core.idleTrigger();
  return (luma: Uint8Array, at: number): void => {
    const reading = motion.feed(luma, millis(at));
    const { score, settling, reasons, trouble, boxCount } = reading;
    const boxes = reading.boxes.slice(0, boxCount).map((box) => [box.x, box.y, box.width, box.height]);
    const pulled = core.stepTrigger(trigger, { kind: "reading", score, settling }, millis(at));
    trigger = pulled.state;
    say(`${at} ${text({ score, settling, reasons, trouble, boxes, effects: pulled.effects })}`);
  };
}

function pull(
  core: LintelCore,
  settings: Partial<TriggerSettings>,
  steps: readonly At<TriggerEvent>[],
  say: Say,
): void {
  let state = core.idleTrigger();
  state = { ...state, settings: { ...state.settings, ...settings } };
  for (const step of steps) {
    const next = core.stepTrigger(state, step, millis(step.at));
    state = next.state;
    say(`${step.at} ${step.kind} ${state.motion.kind} ${text(next.effects)}`);
  }
}

const wallAtStart = 1_790_000_000_000;

function cut(core: LintelCore, story: CutterStory, say: Say): void {
  const bytes = bytesOf(story.fragment);
  let cutter = core.newCutter(seededPrng(7), { ...core.cutDefaults, ...story.settings });
  let time = 0;
  for (const step of story.steps) {
    const count = step.kind === "fragments" ? step.count : 1;
    for (let i = 0; i < count; i++) {
      const next = core.stepCutter(cutter, cutEventOf(step, step.at + i * 1000, time, bytes));
      cutter = next.cutter;
      if (step.kind === "fragments") time += 1000;
      for (const effect of next.effects) say(`${step.at + i * 1000} ${shortly(effect)}`);
    }
  }
  say(`recording ${core.isRecording(cutter)}`);
}

function cutEventOf({ kind }: CutStep, now: number, time: number, bytes: Uint8Array): CutEvent {
  const at = { wall: millis(wallAtStart + now), monotonic: millis(now) };
  switch (kind) {
    case "init":
      return { kind, init: initOf(), at };
    case "fragments": {
      const fragment = { bytes, track: 1, sequence: 1, time, duration: 1000, frames: 1, keyframe: true };
      return { kind: "fragment", fragment, at };
    }
    case "press":
    case "motion":
      return { kind: "trigger", trigger: kind, at };
    default:
      return { kind, at };
  }
}

function initOf(): InitSegment {
  const codec = { codec: "avc1", codecs: "avc1.64001f" };
  return {
    bytes: new Uint8Array(0),
    track: 1,
    timescale: 1000,
    ...codec,
    width: 1280,
    height: 720,
    tracks: [],
  };
}

/** Footage as a checksum, header and place as they are. */
function shortly(effect: CutEffect): string {
  if (effect.kind !== "append") return text({ ...effect, init: undefined });
  const { bytes, time, sequence } = effect.fragment;
  return `append ${effect.clip} time ${time} sequence ${sequence} fnv ${fnv(bytes)} live ${effect.live} end ${effect.end}`;
}

function send(core: LintelCore, window: number, steps: readonly At<OutboxEvent>[], say: Say): void {
  let outbox = core.emptyOutbox(window);
  for (const step of steps) {
    const event = "chance" in step ? { ...step, chance: step.chance / 65_536 } : step;
    const next = core.stepOutbox(outbox, event, millis(step.at));
    outbox = next.outbox;
    say(`${step.at} ${step.kind} window ${outbox.window.size} ${text(next.effects)}`);
  }
  say(`drained ${core.isDrained(outbox)}`);
}

function retry(core: LintelCore, step: RetryStep): string {
  if ("turn" in step) {
    let turns = core.noTurns;
    let closed = 0;
    while (closed < 5 && !core.isConflict(turns)) {
      turns = core.endTurn(turns, step.turn);
      closed++;
    }
    return `${text(step.turn)} conflict ${core.isConflict(turns)} after ${closed}`;
  }
  const { attempt, first, most, chance } = step;
  const wait = core.waitBefore(attempt, { first: millis(first), most: millis(most) }, chance / 65_536);
  return `attempt ${attempt} chance ${chance} wait ${wait}`;
}

function supervise(core: LintelCore, steps: readonly At<SupervisorEvent>[], say: Say): void {
  let state = core.startSupervisor("copy", millis(0));
  for (const step of steps) {
    const event = "chance" in step ? { ...step, chance: step.chance / 65_536 } : step;
    const next = core.stepSupervisor(state, event, millis(step.at));
    state = next.state;
    const due = core.dueAt(state);
    const whole = due === undefined ? "never" : Math.floor(due);
    say(`${step.at} ${step.kind} ${state.kind} due ${whole} ${text(next.effects)}`);
  }
}

const text = (value: unknown): string => JSON.stringify(value);

function bytesOf(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length >> 1);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** FNV-1a, 32 bits. */
function fnv(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
