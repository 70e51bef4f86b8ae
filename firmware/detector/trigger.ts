import type { TriggerKind } from "../../shared/clip/trigger.js";
import { unreachable } from "../../shared/kernel/assert.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";

/** When motion becomes a trigger and when it ends. Scores as in `MotionReading`, times in milliseconds. */
export interface TriggerSettings {
  /** From this score on there is motion; below `releaseScore` there is none any more. */
  readonly onsetScore: number;
  readonly releaseScore: number;
  /** Motion must last so long before it triggers. */
  readonly onsetMs: Millis;
  /** The trigger lasts so long after the last motion; motion that returns meanwhile is the same trigger. */
  readonly holdMs: Millis;
  /** After a trigger by motion the next one by motion waits so long. */
  readonly coolDownMs: Millis;
  /** A press is a trigger for so long. */
  readonly pressMs: Millis;
  /** Motion that lasts longer than this is a fault to report (a flag in the wind, a broken lens), not a visit. */
  readonly stuckMs: Millis;
  /** So long after a stuck trigger, or when motion has stopped for `holdMs`, motion may trigger again. */
  readonly stuckRestMs: Millis;
}

export const defaultTriggerSettings: TriggerSettings = {
  onsetScore: 50,
  releaseScore: 50,
  onsetMs: millis(0),
  holdMs: millis(1500),
  coolDownMs: millis(0),
  pressMs: millis(5000),
  stuckMs: millis(300_000),
  stuckRestMs: millis(300_000),
};

type MotionState =
  | { readonly kind: "idle" }
  | { readonly kind: "onset"; readonly since: Millis }
  | { readonly kind: "on"; readonly since: Millis; readonly seen: Millis }
  | { readonly kind: "holding"; readonly since: Millis; readonly seen: Millis }
  | { readonly kind: "cooling"; readonly until: Millis }
  | { readonly kind: "stuck"; readonly seen: Millis; readonly until: Millis }
  | { readonly kind: "off" };

export interface TriggerState {
  readonly settings: TriggerSettings;
  readonly motion: MotionState;
  /** Until when the last press counts; undefined when none does. */
  readonly pressedUntil: Millis | undefined;
}

export type TriggerEvent =
  | { readonly kind: "reading"; readonly score: number; readonly settling: boolean }
  | { readonly kind: "press" }
  /** The household turned motion on or off. */
  | { readonly kind: "mode"; readonly motion: boolean }
  /** Time went by: at least once a second, also when the camera gives no frames. */
  | { readonly kind: "tick" };

export type TriggerEffect =
  /** Something happened that a clip is for. Comes again for a press while the trigger is already active. */
  | { readonly kind: "trigger"; readonly trigger: TriggerKind; readonly at: Millis }
  /** Motion joined an active trigger. */
  | { readonly kind: "extend"; readonly at: Millis }
  /** Neither motion nor press any more. */
  | { readonly kind: "end"; readonly at: Millis }
  /** Motion never stopped since `since`: somebody should look at the camera. Motion triggers no more for a while. */
  | { readonly kind: "stuck"; readonly since: Millis; readonly at: Millis };

export interface TriggerStep {
  readonly state: TriggerState;
  readonly effects: readonly TriggerEffect[];
}

export function idleTrigger(settings: TriggerSettings = defaultTriggerSettings): TriggerState {
  return { settings, motion: { kind: "idle" }, pressedUntil: undefined };
}

export function isTriggered({ motion, pressedUntil }: TriggerState): boolean {
  return motion.kind === "on" || motion.kind === "holding" || pressedUntil !== undefined;
}

/** One event at monotonic time `now`. */
export function step(before: TriggerState, event: TriggerEvent, now: Millis): TriggerStep {
  const effects: TriggerEffect[] = [];
  const aged = age(before, now, effects);
  const after = apply(aged, event, now, effects);
  if (isTriggered(before) && !isTriggered(after)) effects.push({ kind: "end", at: now });
  return { state: after, effects };
}

function apply(
  state: TriggerState,
  event: TriggerEvent,
  now: Millis,
  effects: TriggerEffect[],
): TriggerState {
  switch (event.kind) {
    case "press":
      effects.push({ kind: "trigger", trigger: "press", at: now });
      return { ...state, pressedUntil: millis(now + state.settings.pressMs) };
    case "mode":
      return setMotion(state, event.motion);
    case "reading": {
      const { onsetScore, releaseScore } = state.settings;
      const least = state.motion.kind === "on" ? releaseScore : onsetScore;
      const moving = !event.settling && event.score >= least;
      const motion = moving ? rise(state, now, effects) : fall(state.motion);
      return motion === state.motion ? state : { ...state, motion };
    }
    case "tick":
      return state;
    default:
      return unreachable(event);
  }
}

function setMotion(state: TriggerState, wanted: boolean): TriggerState {
  if (!wanted) return { ...state, motion: { kind: "off" } };
  return state.motion.kind === "off" ? { ...state, motion: { kind: "idle" } } : state;
}

/** What time alone ends: presses, holds, cool-downs, stuck triggers. */
function age(state: TriggerState, now: Millis, effects: TriggerEffect[]): TriggerState {
  const { pressedUntil } = state;
  const over = pressedUntil !== undefined && now >= pressedUntil;
  const motion = ageMotion(state.motion, state.settings, now, effects);
  if (!over && motion === state.motion) return state;
  return { ...state, motion, pressedUntil: over ? undefined : pressedUntil };
}

function ageMotion(
  motion: MotionState,
  settings: TriggerSettings,
  now: Millis,
  effects: TriggerEffect[],
): MotionState {
  switch (motion.kind) {
    case "on":
    case "holding":
      if (now - motion.seen >= settings.holdMs) return cool(settings, now);
      if (now - motion.since < settings.stuckMs) return motion;
      effects.push({ kind: "stuck", since: motion.since, at: now });
      return { kind: "stuck", seen: motion.seen, until: millis(now + settings.stuckRestMs) };
    case "cooling":
      return now >= motion.until ? { kind: "idle" } : motion;
    case "stuck":
      return now >= motion.until || now - motion.seen >= settings.holdMs ? { kind: "idle" } : motion;
    case "idle":
    case "onset":
    case "off":
      return motion;
    default:
      return unreachable(motion);
  }
}

function cool(settings: TriggerSettings, now: Millis): MotionState {
  return settings.coolDownMs > 0
    ? { kind: "cooling", until: millis(now + settings.coolDownMs) }
    : { kind: "idle" };
}

function rise(state: TriggerState, now: Millis, effects: TriggerEffect[]): MotionState {
  const { motion, settings } = state;
  switch (motion.kind) {
    case "idle":
    case "onset": {
      const since = motion.kind === "onset" ? motion.since : now;
      if (now - since < settings.onsetMs) return { kind: "onset", since };
      const pressed = state.pressedUntil !== undefined;
      effects.push(pressed ? { kind: "extend", at: now } : { kind: "trigger", trigger: "motion", at: now });
      return { kind: "on", since, seen: now };
    }
    case "holding":
      effects.push({ kind: "extend", at: now });
      return { kind: "on", since: motion.since, seen: now };
    case "on":
    case "stuck":
      return { ...motion, seen: now };
    case "cooling":
    case "off":
      return motion;
    default:
      return unreachable(motion);
  }
}

function fall(motion: MotionState): MotionState {
  if (motion.kind === "onset") return { kind: "idle" };
  return motion.kind === "on" ? { ...motion, kind: "holding" } : motion;
}
