import { unreachable } from "../../shared/kernel/assert.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { Mode } from "./plan.js";

/** A running child must give a fragment and a luma frame at least this often; with the timer's grain it is below 5 s. */
export const silentMillisMax = 4_500;
/** A starting child must give a first sign within `silentMillisMax`; each failed start doubles that, up to this. */
const firstSignMillisMax = 30_000;
/** From its first sign a child has this long for the first fragment and the first luma frame. */
export const startMillisMax = 10_000;
/** From the polite signal to the last one. */
export const graceMillis = 2_000;
const backoffMillisMin = 1_000;
export const backoffMillisMax = 60_000;
/** After this long without trouble the back-off starts anew. */
const healthyMillis = 60_000;

/** What is to happen when the child is gone. */
type Next = "retry" | "encode" | "stop";

export type SupervisorState =
  | { readonly kind: "waiting"; readonly until: Millis; readonly failures: number; readonly mode: Mode }
  | {
      readonly kind: "running";
      readonly since: Millis;
      /** The first output of any kind. Before the first one, this and the next two are undefined. */
      readonly heardAt: Millis | undefined;
      readonly fragmentAt: Millis | undefined;
      readonly lumaAt: Millis | undefined;
      readonly failures: number;
      readonly mode: Mode;
    }
  | {
      readonly kind: "ending";
      readonly since: Millis;
      readonly killed: boolean;
      readonly next: Next;
      readonly failures: number;
      readonly mode: Mode;
    }
  | { readonly kind: "over" };

export type SupervisorEvent =
  | { readonly kind: "tick" }
  /** The recording's header: the child has understood its source. */
  | { readonly kind: "init" }
  | { readonly kind: "fragment" }
  | { readonly kind: "luma" }
  /** Our own consumer holds the pipes back: silence is not the child's fault. */
  | { readonly kind: "held" }
  /** The child's output is not what it must be. */
  | { readonly kind: "babble"; readonly why: string }
  /** The source's own stream cannot be copied. */
  | { readonly kind: "unfit"; readonly why: string }
  /** Exit is final: all output was read. `chance` in [0, 1) spreads the retries of many cameras. */
  | { readonly kind: "exited"; readonly how: string; readonly finished: boolean; readonly chance: number }
  | { readonly kind: "stop" };

export type TroubleKind = "dead" | "silent" | "babbling";

export type SupervisorEffect =
  | { readonly kind: "spawn"; readonly mode: Mode }
  | { readonly kind: "signal"; readonly signal: "SIGTERM" | "SIGKILL" }
  | { readonly kind: "trouble"; readonly trouble: TroubleKind; readonly why: string }
  | { readonly kind: "switch"; readonly why: string }
  /** Nothing runs any more. `finished`: the source came to its end; else we were told to stop. */
  | { readonly kind: "over"; readonly finished: boolean };

export interface Step {
  readonly state: SupervisorState;
  readonly effects: readonly SupervisorEffect[];
}

/** Spawns at the first tick. */
export function startSupervisor(mode: Mode, now: Millis): SupervisorState {
  return { kind: "waiting", until: now, failures: 0, mode };
}

/** Keeps one child alive: a dead, silent or babbling one is ended and started again, later each time. */
export function step(state: SupervisorState, event: SupervisorEvent, now: Millis): Step {
  switch (state.kind) {
    case "waiting":
      return whileWaiting(state, event, now);
    case "running":
      return whileRunning(state, event, now);
    case "ending":
      return whileEnding(state, event, now);
    case "over":
      return { state, effects: [] };
    default:
      return unreachable(state);
  }
}

/** When the next tick is due; undefined when none is. */
export function dueAt(state: SupervisorState): Millis | undefined {
  switch (state.kind) {
    case "waiting":
      return state.until;
    case "running":
      return deadline(state);
    case "ending":
      return state.killed ? undefined : millis(state.since + graceMillis);
    case "over":
      return undefined;
    default:
      return unreachable(state);
  }
}

type Waiting = Extract<SupervisorState, { kind: "waiting" }>;
type Running = Extract<SupervisorState, { kind: "running" }>;
type Ending = Extract<SupervisorState, { kind: "ending" }>;

function whileWaiting(state: Waiting, event: SupervisorEvent, now: Millis): Step {
  if (event.kind === "stop") return over(false);
  if (now < state.until) return { state, effects: [] };
  const { mode, failures } = state;
  const running: Running = {
    kind: "running",
    since: now,
    heardAt: undefined,
    fragmentAt: undefined,
    lumaAt: undefined,
    failures,
    mode,
  };
  return { state: running, effects: [{ kind: "spawn", mode }] };
}

function whileRunning(state: Running, event: SupervisorEvent, now: Millis): Step {
  switch (event.kind) {
    case "init":
    case "fragment":
    case "luma":
    case "held":
      return { state: heard(state, event.kind, now), effects: [] };
    case "tick":
      return now < deadline(state)
        ? { state, effects: [] }
        : end(state, now, trouble("silent", silence(state, now)));
    case "babble":
      return end(state, now, trouble("babbling", event.why));
    case "unfit":
      return end({ ...state, mode: "encode" }, now, { kind: "switch", why: event.why }, "encode");
    case "stop":
      return end(state, now, undefined, "stop");
    case "exited":
      return event.finished ? over(true) : retry(state, event.chance, now, [trouble("dead", event.how)]);
    default:
      return unreachable(event);
  }
}

function whileEnding(state: Ending, event: SupervisorEvent, now: Millis): Step {
  if (event.kind === "stop") return { state: { ...state, next: "stop" }, effects: [] };
  if (event.kind === "exited") return afterEnding(state, event.chance, now);
  if (event.kind !== "tick" || state.killed || now < state.since + graceMillis) return { state, effects: [] };
  return { state: { ...state, killed: true }, effects: [{ kind: "signal", signal: "SIGKILL" }] };
}

function afterEnding(state: Ending, chance: number, now: Millis): Step {
  switch (state.next) {
    case "stop":
      return over(false);
    case "encode":
      return {
        state: { kind: "waiting", until: now, failures: state.failures, mode: "encode" },
        effects: [],
      };
    case "retry":
      return retry(state, chance, now, []);
    default:
      return unreachable(state.next);
  }
}

function heard(state: Running, what: "init" | "fragment" | "luma" | "held", now: Millis): Running {
  // What is held back before the first sign has not begun yet.
  if (what === "held" && state.heardAt === undefined) return { ...state, since: now };
  const { heardAt = now } = state;
  const fragmentAt = what === "fragment" || what === "held" ? now : state.fragmentAt;
  const lumaAt = what === "luma" || what === "held" ? now : state.lumaAt;
  return { ...state, heardAt, fragmentAt, lumaAt };
}

/** Both outputs count: a child that only decodes records nothing, one that only copies sees nothing. */
function deadline({ since, heardAt, fragmentAt, lumaAt, failures }: Running): Millis {
  const patience = Math.min(firstSignMillisMax, silentMillisMax * 2 ** Math.min(failures, 16));
  if (heardAt === undefined) return millis(since + patience);
  if (fragmentAt === undefined || lumaAt === undefined) return millis(heardAt + startMillisMax);
  return millis(Math.min(fragmentAt, lumaAt) + silentMillisMax);
}

function silence({ since, fragmentAt, lumaAt }: Running, now: Millis): string {
  const [what, from] =
    (fragmentAt ?? since) <= (lumaAt ?? since) ? ["fragment", fragmentAt] : ["luma frame", lumaAt];
  return `no ${what} for ${Math.round(now - (from ?? since))} ms`;
}

function trouble(kind: TroubleKind, why: string): SupervisorEffect {
  return { kind: "trouble", trouble: kind, why };
}

function end(state: Running, now: Millis, told: SupervisorEffect | undefined, next: Next = "retry"): Step {
  const failures = failuresOf(state, now);
  const ending: Ending = { kind: "ending", since: now, killed: false, next, failures, mode: state.mode };
  const signal: SupervisorEffect = { kind: "signal", signal: "SIGTERM" };
  return { state: ending, effects: told === undefined ? [signal] : [told, signal] };
}

function retry(
  state: Running | Ending,
  chance: number,
  now: Millis,
  effects: readonly SupervisorEffect[],
): Step {
  const failures = state.kind === "running" ? failuresOf(state, now) : state.failures;
  const plain = Math.min(backoffMillisMax, backoffMillisMin * 2 ** Math.min(failures, 16));
  const until = millis(now + plain * (0.75 + chance / 4));
  return { state: { kind: "waiting", until, failures: failures + 1, mode: state.mode }, effects };
}

function failuresOf(state: Running, now: Millis): number {
  return now - state.since >= healthyMillis ? 0 : state.failures;
}

function over(finished: boolean): Step {
  return { state: { kind: "over" }, effects: [{ kind: "over", finished }] };
}
