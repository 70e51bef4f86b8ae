import { test } from "tap";
import { type AgencyEvent, type AgencyRecord, agencyMachine } from "../../cloud/agency/agency.js";
import { type PressureEvent, type PressureReport, pressureMachine } from "../../cloud/agency/pressure.js";
import { millis } from "../../shared/kernel/brand.js";
import {
  agencyIdOf,
  householdIdOf,
  memberIdOf,
  type OfficerId,
  officerIdOf,
} from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { floorPolicy } from "../../shared/release/floor.js";
import { day, newAgency } from "../../shared/release/testing.contract.js";
import {
  byTheClock,
  type Exploration,
  ended,
  explore,
  type Place,
  type Step,
  start,
  walk,
} from "./explorer.js";

// What households report to the review board, and what follows for the agency: every state that can be reached, and long random ways.

const random = seededPrng(8);
const newPerson = (): OfficerId => officerIdOf(random.bytes(32));
const [olga, omar, oona, oscar] = [newPerson(), newPerson(), newPerson(), newPerson()];
const walks = Number(process.env.LINTEL_WALKS ?? 200);
const household = householdIdOf(random.bytes(32));
const member = memberIdOf(random.bytes(32));
const round = 28 * day;

const findings = (operators: readonly OfficerId[]): PressureEvent[] =>
  operators.flatMap((by) =>
    [true, false].map((upheld): PressureEvent => ({ kind: "find", by, upheld, agencysPeople: [oscar] })),
  );

/** How many operators found this last, whatever others found in between. */
function findersOf({ path }: Pick<Step<PressureReport, PressureEvent>, "path">, upheld: boolean): number {
  const newest = new Map<OfficerId, boolean>();
  for (const { event } of path)
    if (event.kind === "find" && event.by !== oscar) newest.set(event.by, event.upheld);
  return [...newest.values()].filter((finding) => finding === upheld).length;
}

/** What must not be of a state, whatever comes next. */
function faultsIn(
  place: Place<PressureReport, PressureEvent>,
  events: readonly PressureEvent[],
): readonly string[] {
  const { state, now } = place;
  const turns = events.map((event) => pressureMachine.step(state, event, now));
  const end = byTheClock(pressureMachine, place).at(-1);
  return [
    ...(state.kind === "upheld" && end?.state.kind !== "acted-on" ? ["upheld for ever"] : []),
    ...(state.household === undefined && JSON.stringify(state).includes(member) ? ["names who left"] : []),
    // The log has no entry of it: its hour would tell whose it is.
    ...(turns.some((turn) => turn.ok && turn.value.entry !== undefined) ? ["logged"] : []),
  ];
}

test("no report is upheld or not by one operator, nor by the agency's own; it takes effect at one time, and names nobody outside", (t) => {
  const decided = ["upheld", "not-upheld"];
  const exploration: Exploration<PressureReport, PressureEvent, unknown> = {
    machine: pressureMachine,
    begin: {
      ...{ kind: "report", household, from: { member, note: "n", file: "f" } },
      ...{ agency: agencyIdOf(random.bytes(32)), what: "called", at: start, about: "none" },
    },
    events: [...findings([olga, omar, oscar]), { kind: "forget" }],
    waits: [day, 13 * day, 15 * day],
    never: {
      "decided by one": (step) =>
        step.from.kind === "received" &&
        decided.includes(step.to.kind) &&
        findersOf(step, step.to.kind === "upheld") < 2,
      "two found the same, and it is open": (step) =>
        step.to.kind === "received" && [true, false].some((upheld) => findersOf(step, upheld) >= 2),
      "decided by the agency's own": ({ from, event, to }) =>
        event.kind === "find" && event.by === oscar && to !== from,
      "takes effect without two": ({ from, to }) =>
        to.kind === "acted-on" && !["upheld", "acted-on"].includes(from.kind),
      "takes effect at its own time": ({ to }) =>
        to.kind === "acted-on" && (to.round === undefined || to.round % round !== 0),
      "takes effect within two weeks": ({ to }) =>
        to.round !== undefined && to.round - to.receivedAt < 14 * day,
      "came back": ended("not-upheld", "acted-on"),
      "names the household again": ({ from, to }) =>
        from.household === undefined && to.household !== undefined,
    },
  };
  const { places, kinds } = explore(exploration);
  const three = { ...exploration, events: [...findings([olga, omar, oona]), { kind: "forget" } as const] };
  const steps = walk(three, { seed: 9, runs: walks, waitMax: 40 * day });
  t.comment(`pressure: ${places.length} states, ${steps} steps at random`);
  t.same(kinds, ["acted-on", "not-upheld", "received", "upheld"]);
  t.same(
    places.flatMap((place) => faultsIn(place, exploration.events)),
    [],
  );
  t.end();
});

test("what is upheld costs an agency one step a round: probation, then suspension, and nothing brings it back but two operators", (t) => {
  const agency = newAgency(start, random);
  const vetted: AgencyEvent[] = [olga, omar].map((operator) => ({ kind: "vet", operator }));
  const rounds = [1, 2, 3].map((at) => millis(Math.ceil(start / round) * round + at * round));
  const faults = rounds.map((at): AgencyEvent => ({ kind: "fault", why: "upheld-pressure", round: at }));
  const isPressure = ({ event }: Step<AgencyRecord, AgencyEvent>): boolean =>
    event.kind === "fault" && event.why === "upheld-pressure";
  const asks = ({ kind }: AgencyRecord): boolean => kind === "active" || kind === "probation";
  const exploration: Exploration<AgencyRecord, AgencyEvent, unknown> = {
    machine: agencyMachine(floorPolicy),
    begin: { kind: "apply", note: agency.note, terms: "terms\n" },
    events: [
      ...[...vetted, ...faults, { kind: "fault", why: "overdue-disposal" } as const],
      ...[olga, omar].map((operator): AgencyEvent => ({ kind: "sentence", to: "active", operator })),
    ],
    never: {
      "a round counted twice": (step) =>
        isPressure(step) &&
        step.event.kind === "fault" &&
        step.event.why === "upheld-pressure" &&
        step.to.kind !== step.from.kind &&
        step.event.round <= (step.from.pressedIn ?? 0),
      "punished for an old round": ({ from, event, to, path }) =>
        event.kind === "fault" &&
        event.why === "upheld-pressure" &&
        to.kind !== from.kind &&
        path
          .slice(0, -1)
          .some(({ event: told }) => told.kind === "fault" && "round" in told && told.round >= event.round),
      "suspended at once": ({ from, to }) =>
        from.kind === "active" && to.why === "upheld-pressure" && to.kind === "suspended",
      "punished, and still active": (step) =>
        isPressure(step) && step.to !== step.from && step.to.kind === "active",
      "asks again without two operators": ({ from, event, to }) =>
        !asks(from) &&
        to.kind !== "public" &&
        asks(to) &&
        from.why === "upheld-pressure" &&
        event.kind !== "sentence",
    },
  };
  const { places, kinds } = explore(exploration);
  const steps = walk(exploration, { seed: 10, runs: walks, waitMax: 60 * day });
  t.comment(`an agency under pressure reports: ${places.length} states, ${steps} steps at random`);
  t.ok(["active", "probation", "suspended"].every((kind) => kinds.includes(kind)));
  t.end();
});
