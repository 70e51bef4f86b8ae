import { test } from "tap";
import { type AgencyEvent, type AgencyRecord, agencyMachine } from "../../cloud/agency/agency.js";
import { type ReleaseEvent, type ReleaseRecord, releaseMachine } from "../../cloud/release/release.js";
import { type RequestEvent, type RequestRecord, requestMachine } from "../../cloud/request/request.js";
import { millis } from "../../shared/kernel/brand.js";
import { householdIdOf, newReleaseId, type OfficerId, officerIdOf } from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { formatAgreement, openFirstAgreement } from "../../shared/release/agreement.js";
import { floorPolicy } from "../../shared/release/floor.js";
import type { CustodyWord } from "../../shared/release/receipt.js";
import { day, newAgency, newRequest, signRequest } from "../../shared/release/testing.contract.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { signNote } from "../../shared/seal/note.js";
import { type Exploration, ended, explore, type Nevers, type Step, start, walk } from "./explorer.js";

// Who may ask, what is asked and what is handed over: every state that can be reached, and long random ways.

const random = seededPrng(4);
const newOperator = (): OfficerId => officerIdOf(random.bytes(32));
const [olga, omar, oona] = [newOperator(), newOperator(), newOperator()];
const agency = newAgency(start, random);
const walks = Number(process.env.LINTEL_WALKS ?? 100);

test("an agency asks only after two operators and 30 days, and no operator does alone what takes two", (t) => {
  const text = formatAgreement({
    ...{ ...agency.agreement, version: 2, issued: millis(start + 1) },
    ...{ previous: hashOfText(formatAgreement(agency.agreement)), officers: [agency.supervisor] },
  });
  const people = signNote(text, [agency.supervisor.signer]);
  const other = signNote(text.replace("+33123456789", "+33123456780"), [agency.supervisor.signer]);
  const terms = "terms\n";
  const eventsBy = (operators: readonly OfficerId[]): AgencyEvent[] => [
    ...[people, other].map((note): AgencyEvent => ({ kind: "amend", note, terms })),
    ...operators.flatMap((operator): AgencyEvent[] => [
      { kind: "vet", operator },
      { kind: "reject", operator },
      ...(["active", "probation", "suspended", "revoked", "compromised"] as const).map(
        (to): AgencyEvent => ({ kind: "sentence", to, operator }),
      ),
    ]),
    ...[{ kind: "attest" } as const, { kind: "report-lost-key" } as const],
    { kind: "fault", why: "overdue-disposal" },
  ];
  const mayAsk = ({ kind }: AgencyRecord): boolean => kind === "active" || kind === "probation";
  const sentenced = ({ from, event, to }: Step<AgencyRecord, AgencyEvent>): boolean =>
    event.kind === "sentence" && to.kind !== from.kind;
  const exploration: Exploration<AgencyRecord, AgencyEvent, unknown> = {
    machine: agencyMachine(floorPolicy),
    begin: { kind: "apply", note: agency.note, terms },
    events: eventsBy([olga, omar]),
    never: {
      "asks without having been public": ({ to }) => mayAsk(to) && to.publicSince === undefined,
      "asks before 30 days": ({ to, at }) => mayAsk(to) && at - (to.publicSince ?? at) < 30 * day,
      "vetted by one": ({ from, event, to }) =>
        to.kind === "public" &&
        from.kind !== "public" &&
        (event.kind !== "vet" || from.vetters.every((one) => one === event.operator)),
      "vetted by whoever did not vet": ({ from, event, to }) =>
        to.vetters.some(
          (one) => !from.vetters.includes(one) && (event.kind !== "vet" || event.operator !== one),
        ),
      "sentenced by one": (step) =>
        sentenced(step) &&
        step.event.kind === "sentence" &&
        (step.from.proposed === undefined || step.from.proposed.by === step.event.operator),
      "came back": ended("revoked", "compromised", "rejected"),
    },
  };
  const found = explore(exploration);
  const three = { ...exploration, events: eventsBy([olga, omar, oona]) };
  const steps = walk(three, { seed: 1, runs: walks, waitMax: 400 * day });
  t.comment(`agency: ${found.places.length} states, ${steps} steps at random`);
  t.same(found.kinds, [
    ...["active", "applied", "compromised", "probation", "public", "rejected", "revoked", "suspended"],
  ]);
  t.end();
});

test("a request is published by a moderator of nobody's agency, once, and never changes or goes", (t) => {
  const opened = openFirstAgreement(agency.note);
  if (!opened.ok) throw new Error(opened.error.kind);
  const request = newRequest(agency, start);
  const people = [agency.supervisor.id, agency.officer.id];
  const moderators = [olga, agency.officer.id];
  const events: RequestEvent[] = [
    ...moderators.flatMap((operator): RequestEvent[] => [
      { kind: "approve", operator, agencysPeople: people },
      { kind: "reject", why: "not-plausible", operator, agencysPeople: people },
    ]),
    ...(["resolve", "withdraw", "freeze"] as const).map((kind): RequestEvent => ({ kind })),
    ...(["wrong-time", "wrong-area", "wrong-category"] as const).map(
      (what): RequestEvent => ({ kind: "erratum", what }),
    ),
  ];
  const moderated = ({ event }: Step<RequestRecord, RequestEvent>): boolean =>
    (event.kind === "approve" || event.kind === "reject") && people.includes(event.operator);
  const submission = {
    ...{ note: signRequest(agency, request), agreement: opened.value, speakers: opened.value },
    ...{ agency: "active" as const, earlier: [] },
  };
  const exploration: Exploration<RequestRecord, RequestEvent, unknown> = {
    machine: requestMachine(floorPolicy),
    begin: { kind: "submit", submission },
    events,
    never: {
      "moderated by its own agency": moderated,
      "published by nobody": ({ from, event, to }) =>
        to.kind === "published" && from.kind !== "published" && event.kind !== "approve",
      changed: ({ from, to }) => to.note !== from.note || to.request.hash !== from.request.hash,
      "an erratum went away": ({ from, to }) => from.errata.some((what) => !to.errata.includes(what)),
      "came back": ended("rejected", "resolved", "withdrawn", "closed", "frozen"),
    },
  };
  const found = explore(exploration);
  const steps = walk(exploration, { seed: 2, runs: walks, waitMax: 10 * day });
  t.comment(`request: ${found.places.length} states, ${steps} steps at random`);
  t.same(found.kinds, ["closed", "frozen", "published", "rejected", "resolved", "review", "withdrawn"]);
  t.end();
});

type ReleaseStep = Step<ReleaseRecord, ReleaseEvent>;
const isFetchable = ({ to }: ReleaseStep): boolean => to.kind === "available" || to.kind === "retrieved";
/** A way that leads to a state known already is not followed: each step is held against the one before. */
const isNewly = ({ from, to }: ReleaseStep, kind: ReleaseRecord["kind"]): boolean =>
  to.kind === kind && from.kind !== kind;
const isYes = ({ from, event }: ReleaseStep): boolean =>
  from.kind === "in-review"
    ? event.kind === "review" && from.reviewers.some((one) => one !== event.operator)
    : from.kind === "preparing" && event.kind === "escrow" && event.decision.kind === "release";

const releaseNevers: Nevers<ReleaseRecord, ReleaseEvent> = {
  "escrowed without a yes": (step) => isNewly(step, "escrowed") && !isYes(step),
  "reviewed by nobody": ({ from, event, to }) =>
    to.reviewers.some(
      (one) => !from.reviewers.includes(one) && (event.kind !== "review" || event.operator !== one),
    ),
  "available before the log held it": (step) =>
    isNewly(step, "available") && (step.from.kind !== "escrowed" || step.event.kind !== "batched"),
  "fetched without lying ready": (step) =>
    isNewly(step, "retrieved") && (step.from.kind !== "available" || step.event.kind !== "fetch"),
  "fetched before it was whole": (step) => isFetchable(step) && step.to.package === undefined,
  "another package than was hashed": ({ from, to }) =>
    from.package !== undefined && to.package !== from.package,
  "frozen, and still there to begin with": ({ event, to }) =>
    event.kind === "freeze" && to.kind === "available",
  "withdrawn, and still there to fetch": (step) => isFetchable(step) && step.event.kind === "withdraw",
  "overdue before its time": ({ from, event, to }) =>
    to.kind === "overdue" && from.kind !== "overdue" && event.kind !== "clock",
  "came back": ended("destroyed", "forgotten", "attested", "retained"),
};

test("a release is fetched only after a yes, a whole package and the log, and never after it was withdrawn", (t) => {
  const hash = hashOfText("package\n");
  const record = newReleaseId(start, random);
  const named = { record, household: householdIdOf(random.bytes(32)), agency: agency.agreement.agency, hash };
  const request = newRequest(agency, start).id;
  const yes = { kind: "release" } as const;
  const no = { kind: "refuse", reasons: [{ kind: "not-authorised" }] } as const;
  const unsure = { kind: "needs-review", reasons: [{ kind: "child-visible" }] } as const;
  const word = (act: CustodyWord["act"]): ReleaseEvent => ({
    ...{ kind: "word", note: act },
    word: { release: record, agency: named.agency, act, package: hash, ground: "none", at: start },
  });
  const events: ReleaseEvent[] = [
    ...[yes, no, unsure].map((decision): ReleaseEvent => ({ kind: "escrow", package: hash, decision })),
    ...[olga, omar].map(
      (operator): ReleaseEvent => ({
        ...{ kind: "review", operator },
        decide: (reviewers) => (new Set(reviewers).size < 2 ? unsure : yes),
      }),
    ),
    { kind: "freeze", why: "agency-may-not" },
    ...(["batched", "fetch", "withdraw"] as const).map((kind): ReleaseEvent => ({ kind })),
    ...(["received", "disposed", "retained"] as const).map(word),
  ];
  const preparation = {
    ...named,
    request,
    authorisation: "a",
    keep: millis(90 * day),
    pieces: 1,
    urgent: false,
  };
  for (const decision of [yes, unsure]) {
    const exploration: Exploration<ReleaseRecord, ReleaseEvent, unknown> = {
      machine: releaseMachine(floorPolicy),
      begin: { kind: "prepare", preparation: { ...preparation, decision } },
      events,
      never: releaseNevers,
    };
    const found = explore(exploration);
    const steps = walk(exploration, { seed: 3, runs: walks, waitMax: 100 * day });
    t.comment(
      `release, decided ${decision.kind} at first: ${found.places.length} states, ${steps} steps at random`,
    );
    t.ok(["available", "overdue", "destroyed"].every((kind) => found.kinds.includes(kind)));
  }
  const refused = releaseMachine(floorPolicy).step(
    undefined,
    { kind: "prepare", preparation: { ...preparation, decision: no } },
    start,
  );
  t.match(refused, { ok: false, error: { kind: "refused" } });
  t.end();
});
