import { test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import {
  backoffMillisMax,
  dueAt,
  graceMillis,
  type SupervisorEffect,
  type SupervisorEvent,
  type SupervisorState,
  silentMillisMax,
  startMillisMax,
  startSupervisor,
  step,
} from "./supervisor.js";

const tick: SupervisorEvent = { kind: "tick" };
const fragment: SupervisorEvent = { kind: "fragment" };
const luma: SupervisorEvent = { kind: "luma" };
const stop: SupervisorEvent = { kind: "stop" };
const died: SupervisorEvent = { kind: "exited", how: "exit code 1", finished: false, chance: 0 };

interface Ran {
  readonly state: SupervisorState;
  readonly effects: readonly SupervisorEffect[];
}

/** Runs `[at, event]` pairs from a copying start at 0. */
function run(...events: readonly (readonly [number, SupervisorEvent])[]): Ran {
  let ran: Ran = { state: startSupervisor("copy", millis(0)), effects: [] };
  for (const [at, event] of events) {
    const next = step(ran.state, event, millis(at));
    ran = { state: next.state, effects: [...ran.effects, ...next.effects] };
  }
  return ran;
}

const names = ({ effects }: Ran): readonly string[] =>
  effects.map((effect) => {
    if (effect.kind === "signal") return effect.signal;
    if (effect.kind === "spawn") return `spawn ${effect.mode}`;
    return effect.kind === "trouble" ? effect.trouble : effect.kind;
  });

test("a child that dies is started again after a pause", async (t) => {
  const dead = run([0, tick], [10, died]);
  t.same(names(dead), ["spawn copy", "dead"]);
  t.same(dead.state, { kind: "waiting", until: 760, failures: 1, mode: "copy" });
  t.same(names(run([0, tick], [10, died], [759, tick])), ["spawn copy", "dead"]);
  t.same(names(run([0, tick], [10, died], [760, tick])), ["spawn copy", "dead", "spawn copy"]);
});

test("the pauses double up to a minute, and start anew after a healthy minute", async (t) => {
  let state = startSupervisor("copy", millis(0));
  let now = 0;
  const pauses: number[] = [];
  for (let i = 0; i < 9; i++) {
    now = dueAt(state) ?? now;
    state = step(state, tick, millis(now)).state;
    state = step(state, { ...died, chance: 0.999 }, millis(now)).state;
    pauses.push(Math.round(((dueAt(state) ?? 0) - now) / 1000));
  }
  t.same(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
  now = dueAt(state) ?? now;
  state = step(state, tick, millis(now)).state;
  state = step(state, died, millis(now + 60_000)).state;
  t.equal((dueAt(state) ?? 0) - now - 60_000, 750);
});

test("a silent child is noticed within 5 s, whichever of its outputs is silent, and ended", async (t) => {
  const both = [
    [0, tick],
    [900, luma],
    [1000, fragment],
  ] as const;
  t.equal(dueAt(run(...both).state), 900 + silentMillisMax);
  t.same(names(run(...both, [5399, tick])), ["spawn copy"]);
  const silent = run(...both, [5000, fragment], [5400, tick]);
  t.same(names(silent), ["spawn copy", "silent", "SIGTERM"]);
  t.match(silent.effects[1], { why: "no luma frame for 4500 ms" });
  t.match(run(...both, [5300, luma], [5500, tick]).effects[1], { why: "no fragment for 4500 ms" });
  t.same(
    names(run(...both, [5400, { kind: "held" }], [9000, tick])),
    ["spawn copy"],
    "a slow reader is no silence",
  );
});

test("a child that never gives a sign is noticed within 5 s, and has longer each time", async (t) => {
  t.same(names(run([0, tick], [4499, tick])), ["spawn copy"]);
  const silent = run([0, tick], [4500, tick], [4600, died], [5600, tick]);
  t.same(names(silent), ["spawn copy", "silent", "SIGTERM", "spawn copy"]);
  t.equal(dueAt(silent.state), 5600 + 9000);
  t.equal(
    dueAt(run([0, tick], [4000, { kind: "held" }]).state),
    4000 + silentMillisMax,
    "what we hold back has not begun",
  );
});

test("a child that gave a sign has ten seconds for both outputs", async (t) => {
  for (const sign of [{ kind: "init" }, luma, fragment] as const) {
    const begun = [
      [0, tick],
      [4000, sign],
    ] as const;
    t.equal(dueAt(run(...begun).state), 4000 + startMillisMax);
    t.same(names(run(...begun, [4000 + startMillisMax, tick])), ["spawn copy", "silent", "SIGTERM"]);
  }
});

test("a child that does not end when told is killed, and only then started again", async (t) => {
  const babble: SupervisorEvent = { kind: "babble", why: "noise" };
  const told = run([0, tick], [100, babble], [100 + graceMillis, tick], [9000, tick], [9100, fragment]);
  t.same(names(told), ["spawn copy", "babbling", "SIGTERM", "SIGKILL"]);
  t.equal(dueAt(told.state), undefined);
  t.match(step(told.state, died, millis(9200)), { state: { kind: "waiting", until: 9950 }, effects: [] });
});

test("a source that cannot be copied is encoded at once, and stays so", async (t) => {
  const unfit: SupervisorEvent = { kind: "unfit", why: "its codec is hvc1" };
  const switched = run([0, tick], [100, unfit], [150, died], [150, tick], [200, died], [5000, tick]);
  t.same(names(switched), ["spawn copy", "switch", "SIGTERM", "spawn encode", "dead", "spawn encode"]);
});

test("stop ends whatever runs, and nothing starts afterwards", async (t) => {
  t.same(names(run([0, stop], [1, tick])), ["over"]);
  t.same(names(run([0, tick], [5, stop], [50, died], [99_999, tick])), ["spawn copy", "SIGTERM", "over"]);
  t.same(
    names(run([0, tick], [5, { kind: "babble", why: "" }], [6, stop], [50, died], [60, stop])),
    ["spawn copy", "babbling", "SIGTERM", "over"],
    "also while it is being ended for another reason",
  );
  t.equal(dueAt(run([0, stop]).state), undefined);
});

test("a file that played to its end is over, not dead", async (t) => {
  t.same(run([0, tick], [9, { ...died, finished: true }]).effects[1], { kind: "over", finished: true });
});

test("whatever happens in whatever order, at most one child runs and pauses stay bounded", async (t) => {
  for (let seed = 1; seed <= 300; seed++) t.equal(faultIn(seed), undefined, `seed ${seed}`);
});

function faultIn(seed: number): string | undefined {
  const prng = seededPrng(seed);
  const others: readonly SupervisorEvent[] = [
    tick,
    tick,
    fragment,
    luma,
    { kind: "babble", why: "" },
    { kind: "unfit", why: "" },
  ];
  let state = startSupervisor("copy", millis(0));
  let now = 0;
  let children = 0;
  for (let i = 0; i < 200; i++) {
    now += prng.between(0, 4000);
    const exits = children > 0 && prng.next() < 0.2;
    const event = exits ? { ...died, chance: prng.next() } : (others[prng.between(0, others.length)] ?? tick);
    const next = step(state, event, millis(now));
    children += next.effects.filter((effect) => effect.kind === "spawn").length - (exits ? 1 : 0);
    state = next.state;
    if (children > 1) return "two children";
    if (state.kind === "waiting" && state.until - now > backoffMillisMax) return "a long pause";
  }
  return undefined;
}
