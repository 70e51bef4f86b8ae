import { test } from "tap";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import {
  agencyIdOf,
  cameraIdOf,
  householdIdOf,
  newReleaseId,
  newRequestId,
  type OfficerId,
  officerIdOf,
} from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import type { OpenedClaim } from "../../shared/release/emergency.js";
import { type Emergency, type EmergencyEvent, emergencyMachine, isHandedOver, isOpen } from "./emergency.js";

/** A Friday. */
const t0 = millis(Date.UTC(2027, 0, 15, 12));
const minute = 60_000;
const hour = 60 * minute;
const person = (n: number): OfficerId => officerIdOf(Uint8Array.of(n));
const [fay, gus, olga, omar] = [person(1), person(2), person(3), person(4)];

const facts: OpenedClaim = {
  ...{ id: newRequestId(t0, seededPrng(1)), agency: agencyIdOf(Uint8Array.of(5)), agreement: "a" },
  ...{ file: "24-119", danger: "abduction", household: householdIdOf(Uint8Array.of(6)) },
  ...{ camera: cameraIdOf(Uint8Array.of(7)), from: millis(t0 - 2 * hour), to: millis(t0 - hour) },
  ...{ recipient: "age1", submitted: t0, hash: "claim" },
};
const claim: EmergencyEvent & { kind: "claim" } = {
  ...{ kind: "claim", by: fay, note: "note", claim: facts, place: "outdoor", salt: "salt" },
};
const cosign = (by = gus, role: "officer" | "supervisor" = "supervisor"): EmergencyEvent => ({
  ...{ kind: "cosign", by, role, note: "cosigned" },
});
const callBack = (called = "+15550100"): EmergencyEvent => ({
  ...{ kind: "call-back", by: olga, called, registered: "+15550100" },
});
const agree = (by = omar): EmergencyEvent => ({ kind: "agree", by });
const deny: EmergencyEvent = { kind: "deny", by: olga };
const paper: EmergencyEvent = { kind: "file-paper", by: fay, paper: "hash" };
const find = (by: OfficerId, genuine = true): EmergencyEvent => ({ kind: "find", by, genuine });
const clock: EmergencyEvent = { kind: "clock" };
const asked = [claim, cosign(), callBack(), agree()];
const over = [...asked, clock];

function run(...events: readonly EmergencyEvent[]) {
  let emergency: Emergency | undefined;
  let now: Millis = t0;
  const said: string[] = [];
  for (const event of events) {
    if (event.kind === "clock" && emergency !== undefined) now = emergencyMachine.deadline(emergency) ?? now;
    const turn = emergencyMachine.step(emergency, event, now);
    if (!turn.ok) return { outcome: turn.error.kind, said, now, emergency: undefined };
    emergency = turn.value.state;
    if (turn.value.entry !== undefined) said.push(turn.value.entry.state);
  }
  return { outcome: emergency?.kind, said, now, emergency };
}

test("an indoor camera, a window before the last 72 hours or to come, is out of reach", (t) => {
  for (const wrong of [
    { place: "indoor" as const },
    { claim: { ...facts, from: millis(t0 - 73 * hour) } },
    { claim: { ...facts, to: millis(t0 + minute) } },
  ])
    t.equal(run({ ...claim, ...wrong }).outcome, "emergency-out-of-reach");
  t.end();
});

test("it takes a supervisor beside the officer, the registry's number, and two operators", (t) => {
  t.equal(run(claim, cosign(gus, "officer")).outcome, "supervisors-only");
  t.equal(run(claim, cosign(fay)).outcome, "second-person-needed");
  t.equal(run(claim, callBack()).outcome, "not-its-turn");
  t.equal(run(claim, cosign(), callBack("+15550199")).outcome, "other-number");
  t.equal(run(claim, cosign(), agree()).outcome, "not-its-turn");
  t.equal(run(claim, cosign(), callBack(), agree(olga)).outcome, "second-person-needed");
  t.equal(run(...asked).outcome, "asked");
  t.end();
});

test("what is not authenticated within 30 minutes of the claim is denied, wherever it had come to", (t) => {
  for (const begun of [[claim], [claim, cosign()], [claim, cosign(), callBack()]]) {
    const late = run(...begun, clock);
    t.equal(late.outcome, "denied");
    t.equal(late.now, t0 + 30 * minute);
    t.equal(run(...begun, deny).outcome, "denied");
    t.equal(late.emergency && emergencyMachine.deadline(late.emergency), undefined);
  }
  t.end();
});

test("silence is no, and the agency hears it at a time that tells nothing; no operator can end it otherwise", (t) => {
  const end = run(...over);
  t.equal(end.outcome, "not-released");
  t.equal(end.now, t0 + 90 * minute);
  for (const event of [agree(), agree(gus), deny, callBack(), find(olga), paper, cosign()])
    t.equal(run(...asked, event).outcome, "not-its-turn", event.kind);
  t.same(end.said, ["claimed", "asked", "not-released"]);
  t.end();
});

test("what the household released lies still until the fixed time; withdrawn before, it was never there", (t) => {
  const [one, two] = [newReleaseId(t0, seededPrng(2)), newReleaseId(t0, seededPrng(3))];
  const event = (kind: "ready" | "gone", release = one): EmergencyEvent => ({ kind, release });
  const held = run(...asked, event("ready"), event("ready"));
  t.equal(held.outcome, "asked");
  t.same(held.said, ["claimed", "asked"], "the log says nothing of it");
  t.same(held.emergency?.releases, [one]);
  t.equal(held.emergency && isHandedOver(held.emergency, one), false);
  const told = run(...asked, event("ready"), event("ready", two), event("gone"), clock);
  t.equal(told.outcome, "released");
  t.equal(told.now, t0 + 90 * minute, "at the time at which a no is told, too");
  t.same(
    [one, two].map((release) => told.emergency && isHandedOver(told.emergency, release)),
    [false, true],
  );
  t.equal(run(...asked, event("ready"), event("gone"), clock).outcome, "not-released");
  const late = run(...over, event("ready"));
  t.equal(late.outcome, "not-released");
  t.same(late.emergency?.releases, [], "what comes late counts for nothing");
  const end = held.emergency?.until ?? t0;
  t.same(
    [millis(end - 1), end].map((at) => held.emergency && isOpen(held.emergency, at)),
    [true, false],
  );
  t.equal(
    run(...asked, event("ready"), clock, clock).outcome,
    "unconfirmed",
    "the court's paper is due all the same",
  );
  t.end();
});

test("without court paper within three court days it is unconfirmed; with it, two operators say whether it is genuine", (t) => {
  const late = run(...over, clock);
  t.equal(late.outcome, "unconfirmed");
  t.equal(new Date(late.now).getUTCDay(), 3, "from Friday over the weekend to Wednesday");
  const filed = run(...over, paper);
  t.equal(
    filed.emergency && emergencyMachine.deadline(filed.emergency),
    undefined,
    "the agency has done its part",
  );
  t.equal(run(...over, paper, find(olga)).outcome, "not-released");
  t.equal(run(...over, paper, find(olga), find(olga)).outcome, "second-person-needed");
  t.equal(run(...over, paper, find(olga), find(omar)).outcome, "confirmed");
  const rejected = run(...over, paper, find(olga, false), find(omar, false));
  t.match(rejected.emergency, { kind: "not-released", paper: undefined, until: late.now }, "its days run on");
  t.equal(run(...over, paper, find(olga, false), find(omar, false), clock).outcome, "unconfirmed");
  const again = [paper, find(olga, false), find(omar, false), paper, find(olga), find(omar)];
  t.equal(run(...over, ...again).outcome, "confirmed", "it may file the right one until then");
  const filedFirst = run(...over, paper).emergency;
  const looked = filedFirst && emergencyMachine.step(filedFirst, find(olga, false), late.now);
  const late2 = looked?.ok && emergencyMachine.step(looked.value.state, find(omar, false), late.now);
  t.match(
    late2,
    { ok: true, value: { state: { kind: "unconfirmed" } } },
    "once they are over it is too late",
  );
  t.equal(run(...over, paper, find(olga, false), find(omar)).outcome, "not-released", "they disagree");
  t.equal(run(...over, paper, paper).outcome, "not-its-turn");
  t.equal(run(...over, find(olga)).outcome, "not-its-turn");
  t.end();
});
