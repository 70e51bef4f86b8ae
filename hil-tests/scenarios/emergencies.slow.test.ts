import { test } from "tap";
import { type AgencyEvent, type AgencyRecord, agencyMachine } from "../../cloud/agency/agency.js";
import {
  type Emergency,
  type EmergencyEvent,
  emergencyMachine,
  isHandedOver,
  isOpen,
} from "../../cloud/legal/emergency.js";
import { millis } from "../../shared/kernel/brand.js";
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
import { answerMillis, authenticateMillisMax } from "../../shared/release/emergency.js";
import { floorPolicy } from "../../shared/release/floor.js";
import { newAgency } from "../../shared/release/testing.contract.js";
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

// Somebody's life is said to be in danger: every state that can be reached, and long random ways.

const random = seededPrng(9);
const newPerson = (): OfficerId => officerIdOf(random.bytes(32));
const [oscar, sofia, olga, omar, oona] = [newPerson(), newPerson(), newPerson(), newPerson(), newPerson()];
const releases = [newReleaseId(start, random), newReleaseId(start, random)];
const walks = Number(process.env.LINTEL_WALKS ?? 200);
const minute = 60_000;
const day = 24 * 60 * minute;
const number = "+33123456789";

const begin: EmergencyEvent = {
  ...{ kind: "claim", by: oscar, note: "note", place: "outdoor", salt: "c2FsdA==" },
  claim: {
    ...{ id: newRequestId(start, random), agency: agencyIdOf(random.bytes(32)), agreement: "a", file: "F-1" },
    ...{ danger: "abduction", household: householdIdOf(random.bytes(32)) },
    ...{ camera: cameraIdOf(random.bytes(32)), from: millis(start - day), to: start },
    ...{ recipient: "age1", submitted: start, hash: "claim" },
  },
};

/** What anybody may try at any time; `ready` is what the household alone can cause, by an authorisation that held. */
function eventsBy(operators: readonly OfficerId[]): readonly EmergencyEvent[] {
  return [
    { kind: "cosign", by: oscar, role: "supervisor", note: "cosigned" },
    { kind: "cosign", by: sofia, role: "officer", note: "cosigned" },
    { kind: "cosign", by: sofia, role: "supervisor", note: "cosigned" },
    ...operators.flatMap((by): EmergencyEvent[] => [
      { kind: "call-back", by, called: number, registered: number },
      { kind: "call-back", by, called: "+33100000000", registered: number },
      { kind: "agree", by },
      { kind: "deny", by },
      { kind: "find", by, genuine: true },
      { kind: "find", by, genuine: false },
    ]),
    ...releases.flatMap((release): EmergencyEvent[] => [
      { kind: "ready", release },
      { kind: "gone", release },
    ]),
    { kind: "file-paper", by: oscar, paper: "hash" },
  ];
}

type Told = Step<Emergency, EmergencyEvent>;
const answers: readonly Emergency["kind"][] = ["released", "not-released"];

/** A way that leads to a state known already is not followed: each step is held against the one before. */
function changesUnasked({ from, event, to }: Told): boolean {
  const wanted = new Set(from.releases);
  if (event.kind === "ready") wanted.add(event.release);
  if (event.kind === "gone") wanted.delete(event.release);
  const after = from.kind === "asked" && to.kind === "asked" ? wanted : new Set(from.releases);
  return after.size !== to.releases.length || to.releases.some((release) => !after.has(release));
}

/** Whoever is said to have called is who did, at the registry's number; another one agreed. */
function isByOne({ from, event, to }: Told): boolean {
  const isCaller =
    event.kind === "call-back" && event.by === to.calledBy && event.called === event.registered;
  if (to.calledBy !== from.calledBy && !isCaller) return true;
  if (to.askedAt === from.askedAt) return false;
  return event.kind !== "agree" || from.calledBy === undefined || event.by === from.calledBy;
}

const isSettled = ({ kind }: Emergency): boolean => kind === "confirmed" || kind === "unconfirmed";

const nevers: Nevers<Emergency, EmergencyEvent> = {
  "asked by one of the agency's people": ({ to }) =>
    to.askedAt !== undefined && (to.supervisor === undefined || to.supervisor === to.by),
  "asked by one operator": isByOne,
  "asked after the time for it": ({ from, to, at }) =>
    to.kind === "asked" && from.kind !== "asked" && at > to.claimedAt + authenticateMillisMax,
  "answered by anything but the clock": ({ from, event, to }) =>
    answers.includes(to.kind) && from.kind === "asked" && event.kind !== "clock",
  "told at another time than the fixed one": ({ from, to, at }) =>
    from.kind === "asked" && to.kind !== "asked" && at < (from.askedAt ?? at) + answerMillis,
  "handed over before the fixed time": ({ to, at }) =>
    releases.some((release) => isHandedOver(to, release)) && at < (to.askedAt ?? at) + answerMillis,
  "lies ready without a yes, or though it was taken back": changesUnasked,
  "ready before it was asked": ({ to }) => to.askedAt === undefined && to.releases.length > 0,
  "released, and nothing lay ready": ({ to }) => to.kind === "released" && to.releases.length === 0,
  "settled by one operator": ({ from, event, to }) =>
    isSettled(to) &&
    !isSettled(from) &&
    event.kind === "find" &&
    (from.found === undefined || from.found.by === event.by),
  "confirmed without a court's paper": ({ to }) => to.kind === "confirmed" && to.paper === undefined,
  "came back": ended("denied", "confirmed", "unconfirmed"),
};

const exploration: Exploration<Emergency, EmergencyEvent, unknown> = {
  machine: emergencyMachine,
  begin,
  events: eventsBy([olga, omar]),
  waits: [10 * minute, 40 * minute],
  never: nevers,
};

test("an emergency is asked by two and two, released by its household alone, and told at one fixed time", (t) => {
  const { places, kinds } = explore(exploration);
  const three = { ...exploration, events: eventsBy([olga, omar, oona]) };
  const steps = walk(three, { seed: 10, runs: walks, waitMax: 60 * minute });
  t.comment(`emergency: ${places.length} states, ${steps} steps at random`);
  t.same(kinds, [
    ...["asked", "called-back", "claimed", "confirmed", "cosigned", "denied", "not-released", "released"],
    "unconfirmed",
  ]);
  const asked = places.filter(({ state }) => state.kind === "asked");
  t.ok(asked.some(({ state }) => state.releases.length === 2));
  t.same(asked.flatMap(faultsWhileAsked), []);
  t.same(places.flatMap(faultInEnd), []);
  t.end();
});

type Here = Place<Emergency, EmergencyEvent>;

/** A line of the log, another state or another deadline would tell what the household does; so would another time of the answer. */
function faultsWhileAsked(place: Here): readonly string[] {
  const { state, now } = place;
  const telling = eventsBy([olga, omar]).filter((event) => {
    const turn = emergencyMachine.step(state, event, now);
    if (!turn.ok) return false;
    const { entry, state: next } = turn.value;
    return entry !== undefined || next.kind !== state.kind || next.until !== state.until;
  });
  const [, told] = byTheClock(emergencyMachine, place);
  const isInTime = told?.now === (state.askedAt ?? now) + answerMillis && !isOpen(state, told.now);
  const isAsItLay = told?.state.kind === (state.releases.length > 0 ? "released" : "not-released");
  return [
    ...telling.map(({ kind }) => `${kind} tells`),
    ...(isInTime ? [] : [`told at ${told?.now}`]),
    ...(isAsItLay ? [] : [`${state.releases.length} lay ready, ${told?.state.kind}`]),
  ];
}

/** The clock alone ends each; but a court's paper waits for two operators, and for no clock. */
function faultInEnd(place: Here): readonly string[] {
  const end = byTheClock(emergencyMachine, place).at(-1)?.state ?? place.state;
  const waits = answers.includes(end.kind) && end.paper !== undefined;
  return waits || ["denied", "confirmed", "unconfirmed"].includes(end.kind) ? [] : [`${end.kind} for ever`];
}

test("whose emergency no court confirmed is on probation, until two operators end that", (t) => {
  const agency = newAgency(start, random);
  const found = explore<AgencyRecord, AgencyEvent, unknown>({
    machine: agencyMachine(floorPolicy),
    begin: { kind: "apply", note: agency.note, terms: "terms\n" },
    events: [
      { kind: "fault", why: "unconfirmed-emergency" },
      ...[olga, omar].flatMap((operator): AgencyEvent[] => [
        { kind: "vet", operator },
        { kind: "sentence", to: "active", operator },
      ]),
    ],
    never: {
      "asks as before": ({ event, to }) => event.kind === "fault" && to.kind === "active",
      "let off by nobody": ({ from, event, to }) =>
        from.kind === "probation" &&
        to.kind === "active" &&
        (event.kind !== "sentence" || from.proposed === undefined || from.proposed.by === event.operator),
    },
  });
  t.ok(found.kinds.includes("probation"));
  t.end();
});
