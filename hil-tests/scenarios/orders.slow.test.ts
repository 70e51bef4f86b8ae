import { type Test, test } from "tap";
import {
  keeps,
  type Preservation,
  type PreservationEvent,
  preservationMachine,
} from "../../cloud/legal/preservation.js";
import {
  type LegalProcess,
  type ProcessEvent,
  type Proposal,
  processMachine,
  proposalHash,
} from "../../cloud/legal/process.js";
import type { ProcessItem } from "../../cloud/legal/scope.js";
import {
  type Access,
  type AccessEvent,
  accessMachine,
  type MetadataKind,
  mayRead,
  metadataKinds,
} from "../../cloud/operator/access.js";
import { millis } from "../../shared/kernel/brand.js";
import {
  agencyIdOf,
  cameraIdOf,
  householdIdOf,
  type OfficerId,
  officerIdOf,
} from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import {
  byTheClock,
  type Exploration,
  ended,
  explore,
  type Nevers,
  type Place,
  type Step,
  start,
  walk,
} from "./explorer.js";

// What operators look at, and what courts and agencies have kept or handed over: every state that can be reached, and long random ways.

const random = seededPrng(6);
const newPerson = (): OfficerId => officerIdOf(random.bytes(32));
const [oscar, olga, omar, oona] = [newPerson(), newPerson(), newPerson(), newPerson()];
const agency = agencyIdOf(random.bytes(32));
const household = householdIdOf(random.bytes(32));
const camera = cameraIdOf(random.bytes(32));
const walks = Number(process.env.LINTEL_WALKS ?? 200);
const minute = 60_000;
const day = 24 * 60 * minute;
const salt = "c2FsdA==";
const number = "+33123456789";
const calls = (by: OfficerId) => [
  { kind: "authenticate", by, called: number, registered: number } as const,
  { kind: "authenticate", by, called: "+33100000000", registered: number } as const,
  { kind: "deny", by } as const,
];

test("an operator looks at nothing that another did not approve, for 60 minutes at most, and at nothing else", (t) => {
  const eventsBy = (operators: readonly OfficerId[]): AccessEvent[] =>
    operators.flatMap((by): AccessEvent[] => [
      { kind: "approve", by },
      { kind: "refuse", by },
      { kind: "end", by },
      { kind: "review", by, finding: "in-order" },
    ]);
  const exploration: Exploration<Access, AccessEvent, unknown> = {
    machine: accessMachine,
    begin: { kind: "request", household, by: olga, ticket: "T-1", scope: ["clips"], minutes: 600, salt },
    events: eventsBy([olga, omar]),
    waits: [30 * minute, 61 * minute],
    never: {
      "approved by whoever asked": ({ to }) => to.kind === "active" && to.second === to.by,
      "reviewed by whoever looked": ({ to }) => to.kind === "reviewed" && to.reviewer === to.by,
      "looked at by nobody's approval": ({ event, from, to }) =>
        to.kind === "active" && from.kind !== "active" && event.kind !== "approve",
      "came back": ended("refused", "lapsed", "reviewed"),
      "active again": ({ from, to }) => from.kind === "expired" && to.kind === "active",
    },
  };
  const { places, kinds } = explore(exploration);
  const steps = walk(
    { ...exploration, events: eventsBy([olga, omar, oona]) },
    { seed: 4, runs: walks, waitMax: 90 * minute },
  );
  t.comment(`access: ${places.length} states, ${steps} steps at random`);
  t.same(kinds, ["active", "expired", "lapsed", "refused", "requested", "reviewed"]);
  for (const place of places)
    for (const [by, wanted] of [olga, omar].flatMap((by) =>
      metadataKinds.map((wanted) => [by, wanted] as const),
    ))
      if (mayRead(place.state, by, wanted, place.now) && !isCovered(place, by, wanted))
        t.fail(`${by} reads ${wanted} at ${place.now}`);
  t.ok(
    places.every((place) => byTheClock(accessMachine, place).at(-1)?.state.kind !== "active"),
    "the clock alone ends each",
  );
  t.end();
});

/** Asked for by her, of that kind, and approved within the hour. */
function isCovered({ now, path }: Place<Access, AccessEvent>, by: OfficerId, wanted: MetadataKind): boolean {
  const approved = path.find(({ event }) => event.kind === "approve")?.at;
  return by === olga && wanted === "clips" && approved !== undefined && now - approved < 60 * minute;
}

test("a preservation is called back about, keeps for two terms at most, ends by itself, and holds nothing that opens", (t) => {
  const eventsBy = (people: readonly OfficerId[]): PreservationEvent[] => [
    ...people.flatMap(calls),
    { kind: "renew", by: oscar },
    { kind: "convert", process: "legal-1" },
  ];
  const exploration: Exploration<Preservation, PreservationEvent, unknown> = {
    machine: preservationMachine,
    begin: {
      ...{ kind: "ask", agency, by: oscar, file: "F-1", jurisdiction: "us", household, camera },
      ...{ from: millis(start - day), to: start, salt },
    },
    events: eventsBy([olga]),
    waits: [day, 45 * day],
    never: {
      "kept without a call": ({ from, event, to }) =>
        keeps(to) && !keeps(from) && (event.kind !== "authenticate" || event.called !== event.registered),
      "kept for longer than a term": (step) => termIn(step) > 90 * day,
      "renewed again": ({ from, event }) =>
        keeps(from) && "renewed" in from && from.renewed && event.kind === "renew",
      "came back": ended("unanswered", "denied", "purged", "converted"),
      "kept again": ({ from, to }) => !keeps(from) && keeps(to) && from.kind !== "asked",
    },
  };
  const { places, kinds } = explore(exploration);
  const steps = walk(
    { ...exploration, events: eventsBy([olga, omar]) },
    { seed: 5, runs: walks, waitMax: 100 * day },
  );
  t.comment(`preservation: ${places.length} states, ${steps} steps at random`);
  t.same(kinds, ["active", "asked", "converted", "denied", "lapsed", "purged", "unanswered"]);
  for (const place of places) {
    const end = byTheClock(preservationMachine, place).at(-1)?.state.kind ?? "";
    if (!["unanswered", "denied", "purged", "converted"].includes(end)) t.fail(`${end} for ever`);
  }
  const held = new Set(places.flatMap(({ state }) => Object.keys(state)));
  const named = [
    "agency",
    "by",
    "calledBy",
    "camera",
    "file",
    "household",
    "jurisdiction",
    "kind",
    "process",
  ];
  t.same([...held].sort(), [...named, "askedAt", "from", "renewed", "salt", "to", "until"].sort());
  t.end();
});

/** By how much an order's end moved, from when it was made or from its end before. */
function termIn({ from, to, at }: Step<Preservation, PreservationEvent>): number {
  if (!("until" in to)) return 0;
  return to.until - ("until" in from ? from.until : at);
}

type ProcessStep = Step<LegalProcess, ProcessEvent>;

const lines: readonly ProcessItem[] = [
  { data: "content", camera, from: millis(start - day), to: start, indoor: false, place: "outdoor" },
  { data: "metadata", camera, from: millis(start - day), to: start, indoor: false, place: "outdoor" },
  // The whole account.
  { data: "content", indoor: false },
];

function processEvents(operators: readonly OfficerId[]): readonly ProcessEvent[] {
  const proposals = operators.flatMap((by): readonly Proposal[] => [
    ...[[0], [0, 1], [2], []].map((keep) => ({ by, verdict: "produce" as const, keep })),
    { by, verdict: "reject", keep: [] },
    { by, verdict: "challenge", keep: [] },
  ]);
  return [
    ...proposals.map((proposal): ProcessEvent => ({ kind: "propose", ...proposal })),
    ...operators.flatMap((by): ProcessEvent[] => [
      ...calls(by),
      ...proposals.flatMap((proposal): ProcessEvent[] => [
        { kind: "confirm", by, proposal: proposalHash(proposal) },
        { kind: "object", by, proposal: proposalHash(proposal) },
      ]),
    ]),
    { kind: "withdraw", by: oscar },
    { kind: "count", clips: 0 },
    { kind: "count", clips: 2 },
  ];
}

const decided: readonly string[] = ["scoped", "narrowed", "rejected", "challenged"];
const handedOver: readonly string[] = ["due", "produced"];

/** Ten days, or the date of return, from when two operators said that it is handed over. */
function isTooSoon({ event, from, to, at }: ProcessStep): boolean {
  if (to.dueAt === undefined || to.dueAt === from.dueAt || event.kind === "count") return false;
  const { returnBy = 0 } = to;
  return event.kind !== "confirm" || to.dueAt < (returnBy > at ? returnBy : at + 10 * day);
}

function isTooEarly({ event, from, to, at }: ProcessStep): boolean {
  if (!handedOver.includes(to.kind) || handedOver.includes(from.kind)) return false;
  return event.kind !== "clock" || from.dueAt === undefined || at < from.dueAt;
}

const processNevers: Nevers<LegalProcess, ProcessEvent> = {
  "decided by one": ({ from, event, to }) =>
    decided.includes(to.kind) &&
    to.kind !== from.kind &&
    event.kind !== "deny" &&
    (event.kind !== "confirm" || from.proposed === undefined || event.by === from.proposed.by),
  "decided otherwise than was looked at": ({ from, event, to }) =>
    event.kind === "confirm" &&
    to !== from &&
    (from.proposed === undefined || proposalHash(from.proposed) !== event.proposal),
  "due before the household could ask a court": isTooSoon,
  "handed over before it was due": isTooEarly,
  "handed over without notice": ({ to }) =>
    handedOver.includes(to.kind) && !to.notified && to.gagUntil === undefined,
  "told while a court forbids it": ({ to, at }) => to.notified && at < (to.gagUntil ?? at),
  "a line that reaches nothing is handed over": ({ to }) => to.kept.includes(2),
  "a notice was taken back": ({ from, to }) => from.notified && !to.notified,
  "scoped without a call": ({ from, event, to }) =>
    from.kind === "received" &&
    !["received", "rejected", "withdrawn"].includes(to.kind) &&
    (event.kind !== "authenticate" || event.called !== event.registered),
  "came back": ended("rejected", "nothing-held", "withdrawn", "closed"),
};

function exploreProcess(
  t: Test,
  what: string,
  court: { readonly gagUntil?: number; readonly returnBy?: number },
) {
  const exploration: Exploration<LegalProcess, ProcessEvent, unknown> = {
    machine: processMachine,
    begin: {
      ...{ kind: "receive", agency, by: oscar, file: "F-1", type: "warrant", items: lines, household, salt },
      ...(court.gagUntil !== undefined && { gagUntil: millis(court.gagUntil) }),
      ...(court.returnBy !== undefined && { returnBy: millis(court.returnBy) }),
    },
    events: processEvents([olga, omar]),
    never: processNevers,
  };
  const found = explore(exploration);
  const events = processEvents([olga, omar, oona]);
  const steps = walk({ ...exploration, events }, { seed: 7, runs: walks, waitMax: 20 * day });
  t.comment(`legal process, ${what}: ${found.places.length} states, ${steps} steps at random`);
  return found;
}

test("legal process takes two operators, is handed over ten days after the household was told, and ends", (t) => {
  const returns = [undefined, start + 3 * day, start + 30 * day];
  for (const returnBy of returns) {
    const what = returnBy === undefined ? "no return date" : `return in ${(returnBy - start) / day} days`;
    const { kinds } = exploreProcess(t, what, returnBy === undefined ? {} : { returnBy });
    t.ok(["closed", "nothing-held", "challenged", "withdrawn"].every((kind) => kinds.includes(kind)));
  }
  t.end();
});

test("a gag always ends in notice, on the day that the court named, by the clock alone", (t) => {
  for (const days of [2, 60, 366]) {
    const gagUntil = start + days * day;
    const { places } = exploreProcess(t, `gagged for ${days} days`, { gagUntil });
    // What nobody has called back about is nobody's order yet.
    const gagged = places.filter(({ state }) => state.noticeAt !== undefined && !state.notified);
    for (const place of gagged) {
      const told = byTheClock(processMachine, place).find(({ state }) => state.notified);
      if (told?.now !== Math.max(gagUntil, place.now)) t.fail(`${place.state.kind}: told ${told?.now}`);
    }
    const authentic = places.filter(({ path }) =>
      path.some(({ event }) => event.kind === "authenticate" && event.called === event.registered),
    );
    t.ok(authentic.every(({ state }) => state.noticeAt !== undefined));
    t.ok(gagged.length > 20, `${gagged.length} gagged states`);
  }
  t.end();
});
