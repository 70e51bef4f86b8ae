import { test } from "tap";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { agencyIdOf, cameraIdOf, householdIdOf, officerIdOf } from "../../shared/kernel/ids.js";
import {
  faultsOf,
  keepsFor,
  keptItems,
  type LegalProcess,
  type ProcessEvent,
  processMachine,
  proposalHash,
} from "./process.js";
import { match, type ProcessItem, processTypes } from "./scope.js";

const t0 = millis(1_800_000_000_000);
const day = 24 * 60 * 60_000;
const [fay, olga, omar] = [1, 2, 3].map((n) => officerIdOf(Uint8Array.of(n))) as [never, never, never];
const camera = cameraIdOf(Uint8Array.of(5));
const item: ProcessItem = {
  ...{ data: "content", camera, indoor: false, place: "outdoor" },
  ...{ from: millis(t0 - 2 * day), to: millis(t0 - day) },
};
const receive: ProcessEvent & { kind: "receive" } = {
  ...{ kind: "receive", agency: agencyIdOf(Uint8Array.of(4)), by: fay, file: "24-117" },
  ...{ type: "warrant", items: [item], household: householdIdOf(Uint8Array.of(6)), salt: "salt" },
};
const authenticate: ProcessEvent = {
  ...{ kind: "authenticate", by: olga, called: "+15550100", registered: "+15550100" },
};
const propose = (
  verdict: "produce" | "reject" | "challenge",
  keep: readonly number[] = [0],
): ProcessEvent => ({
  ...{ kind: "propose", by: olga, verdict, keep },
});
/** About whatever is proposed then. */
const confirm: ProcessEvent = { kind: "confirm", by: omar, proposal: "" };
const clock: ProcessEvent = { kind: "clock" };
const count = (clips: number): ProcessEvent => ({ kind: "count", clips });
const scoped = [receive, authenticate, propose("produce"), confirm];

function about(process: LegalProcess | undefined, event: ProcessEvent): ProcessEvent {
  const isAnswer = (event.kind === "confirm" || event.kind === "object") && event.proposal === "";
  return isAnswer && process?.proposed ? { ...event, proposal: proposalHash(process.proposed) } : event;
}

/** What becomes of it, and the log's words; the clock's steps come at their deadlines, the others at once. */
function run(events: readonly ProcessEvent[], start: Millis = t0) {
  let process: LegalProcess | undefined;
  let now = start;
  const said: string[] = [];
  for (const given of events) {
    const event = about(process, given);
    if (event.kind === "clock" && process !== undefined) now = processMachine.deadline(process) ?? now;
    const turn = processMachine.step(process, event, now);
    if (!turn.ok) return { refused: turn.error.kind, said, now };
    process = turn.value.state;
    if (turn.value.entry !== undefined) said.push(turn.value.entry.state);
  }
  return { process, said, now };
}
const kindOf = (events: readonly ProcessEvent[]) => run(events).refused ?? run(events).process?.kind;

test("type × data × camera × window: what a line reaches, and why it reaches nothing", (t) => {
  const { camera: _, ...everywhere } = item;
  const { from: _from, ...ever } = item;
  for (const type of processTypes) {
    t.equal(match(type, everywhere), "no-camera-and-window", "a whole account");
    t.equal(match(type, ever), "no-camera-and-window", "no window");
    t.equal(match(type, { ...item, to: millis(t0 + 40 * day) }), "window-too-wide");
    t.equal(match(type, { ...item, data: "metadata", place: "indoor" }), "indoor-not-named");
    t.equal(match(type, { ...item, data: "metadata", place: "indoor", indoor: true }), undefined);
    t.equal(match(type, { ...item, data: "metadata" }), undefined);
    t.equal(match(type, item), type === "subpoena" ? "subpoena-reaches-no-content" : undefined);
  }
  t.end();
});

test("no operator scopes, rejects or challenges alone, nor believes a call to another number", (t) => {
  const same: ProcessEvent = { kind: "confirm", by: olga, proposal: "" };
  for (const verdict of ["produce", "reject", "challenge"] as const)
    t.equal(kindOf([receive, authenticate, propose(verdict), same]), "second-person-needed");
  t.equal(kindOf([receive, { ...authenticate, called: "+15550199" } as ProcessEvent]), "other-number");
  t.equal(kindOf([receive, propose("produce"), confirm]), "not-its-turn", "nothing before the call-back");
  t.equal(kindOf([receive, authenticate, confirm]), "not-its-turn");
  t.equal(
    kindOf([receive, authenticate, propose("produce"), { kind: "object", by: omar, proposal: "" }, confirm]),
    "not-its-turn",
  );
  t.end();
});

test("a second operator answers the very proposal that they looked at, within thirty days", (t) => {
  const two = { ...receive, items: [item, item] };
  const narrow = propose("produce", [0]);
  const looked = run([two, authenticate, narrow]).process?.proposed;
  const proposal = looked ? proposalHash(looked) : "";
  for (const kind of ["confirm", "object"] as const) {
    const answer: ProcessEvent = { kind, by: omar, proposal };
    const wider = [two, authenticate, narrow, propose("produce", [0, 1]), answer];
    t.equal(kindOf(wider), "proposal-changed", "a colleague widened it meanwhile");
    t.equal(
      kindOf([...wider.slice(0, 4), narrow, answer]),
      kind === "confirm" ? "narrowed" : "authenticated",
    );
  }
  const lapsed = run([two, authenticate, narrow, clock]);
  t.equal(lapsed.now, t0 + 30 * day);
  t.same([lapsed.process?.kind, lapsed.process?.proposed], ["authenticated", undefined]);
  t.same(lapsed.said, ["received", "authenticated"], "which is nobody's decision");
  t.equal(kindOf([two, authenticate, narrow, clock, confirm]), "not-its-turn");
  t.end();
});

test("a whole-account warrant is narrowed to the line that names camera and window; alone it is rejected", (t) => {
  const { camera: _, ...account } = item;
  const warrant = { ...receive, items: [account, item] };
  t.same(faultsOf({ ...warrant, receivedAt: t0 }), ["no-camera-and-window", undefined]);
  t.equal(kindOf([warrant, authenticate, propose("produce", [0, 1])]), "wider-than-the-process");
  const { process } = run([warrant, authenticate, propose("produce", [1]), confirm]);
  t.equal(process?.kind, "narrowed");
  t.match(process && keptItems(process), [{ at: 1, camera }]);
  const alone = { ...receive, items: [account] };
  t.equal(kindOf([alone, authenticate, propose("produce", [0])]), "wider-than-the-process");
  t.equal(kindOf([alone, authenticate, propose("produce", []), confirm]), "rejected");
  t.equal(
    kindOf([{ ...receive, type: "subpoena" }, authenticate, propose("produce")]),
    "wider-than-the-process",
  );
  t.end();
});

test("the household is told at once, and nothing is handed over for ten days, or until the date of return", (t) => {
  const told = run(scoped);
  t.match(told.process, { kind: "scoped", notified: true, noticeAt: t0, dueAt: t0 + 10 * day });
  t.equal(
    run([{ ...receive, returnBy: millis(t0 + 30 * day) }, ...scoped.slice(1)]).process?.dueAt,
    t0 + 30 * day,
  );
  t.equal(
    run([{ ...receive, returnBy: millis(t0 - day) }, ...scoped.slice(1)]).process?.dueAt,
    t0 + 10 * day,
  );
  const due = run([...scoped, clock]);
  t.equal(due.now, t0 + 10 * day);
  t.equal(due.process?.kind, "due");
  t.equal(kindOf([...scoped, clock, count(0)]), "nothing-held");
  t.equal(kindOf([...scoped, clock, count(3)]), "produced");
  t.equal(kindOf([...scoped, clock, count(3), clock]), "closed");
  t.equal(kindOf([...scoped, count(3)]), "not-its-turn", "not before it is due");
  t.equal(processMachine.step(told.process, clock, millis(t0 + 10 * day - 1)).ok, false);
  t.end();
});

test("a gag takes a court and a date, and always ends in notice, whatever became of the process by then", (t) => {
  const gagged = { ...receive, gagUntil: millis(t0 + 60 * day) };
  t.equal(kindOf([{ ...gagged, type: "subpoena" }]), "gag-without-court-or-date");
  t.equal(kindOf([{ ...gagged, gagUntil: t0 }]), "gag-without-court-or-date");
  t.equal(kindOf([{ ...gagged, gagUntil: millis(t0 + 367 * day) }]), "gag-without-court-or-date");
  const begun = [gagged, ...scoped.slice(1)];
  t.match(run(begun).process, { notified: false, noticeAt: t0 + 60 * day });
  const endings: readonly (readonly ProcessEvent[])[] = [
    [clock, count(0)],
    [clock, count(2)],
    [clock, count(2), clock],
    [propose("challenge"), confirm],
    [propose("reject"), confirm],
    [propose("challenge"), confirm, propose("reject"), confirm],
    [{ kind: "withdraw", by: fay }],
  ];
  const early = run([gagged, authenticate, propose("reject"), confirm]).process;
  t.match(early, { kind: "rejected", notified: false, noticeAt: t0 + 60 * day }, "also before any scope");
  for (const ending of endings) {
    let { process } = run([...begun, ...ending]);
    t.equal(process?.notified, false, `${process?.kind}`);
    let steps = 0;
    let at: Millis | undefined;
    while (process !== undefined && !process.notified && steps < 5) {
      at = processMachine.deadline(process);
      const turn = processMachine.step(process, clock, at ?? t0);
      process = turn.ok ? turn.value.state : undefined;
      steps += 1;
    }
    t.equal(process?.notified, true);
    t.equal(at, t0 + 60 * day, "on the day, by the clock");
  }
  t.end();
});

test("what is challenged waits for the court; what is kept is kept until the end, and no longer", (t) => {
  t.equal(kindOf([...scoped, propose("challenge"), confirm]), "challenged");
  t.equal(
    processMachine.deadline(run([...scoped, propose("challenge"), confirm]).process as LegalProcess),
    undefined,
  );
  t.equal(kindOf([...scoped, propose("challenge"), confirm, propose("produce"), confirm]), "scoped");
  t.equal(kindOf([receive, { kind: "deny", by: olga }]), "rejected");
  for (const [events, wanted] of [
    [[receive], false],
    [scoped, true],
    [[...scoped, clock, count(1)], true],
    [[...scoped, clock, count(1), clock], false],
    [[...scoped, { kind: "withdraw", by: fay } as ProcessEvent], false],
  ] as const) {
    const { process } = run(events);
    t.equal(process !== undefined && keepsFor(process), wanted, `${process?.kind}`);
  }
  t.same(run([...scoped, clock, count(1), clock]).said, [
    ...["received", "authenticated", "scoped", "due", "produced", "closed"],
  ]);
  t.end();
});
