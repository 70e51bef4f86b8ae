import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { AgencyId, OfficerId } from "../../shared/kernel/ids.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import {
  type AgencyState,
  type AgreementRefusal,
  bindsAsBefore,
  type OpenedAgreement,
  openAgreementChain,
  openFirstAgreement,
  openNextAgreement,
} from "../../shared/release/agreement.js";
import type { Policy } from "../../shared/release/floor.js";
import { type Hash, hashOfText } from "../../shared/seal/hash.js";
import { lapse, type Machine, type Turn } from "../docket/machine.js";

const day = 24 * 60 * 60_000;
/** A supervisor says again each year that the agreement holds. */
const attestedFor = 365 * day;
/** Versions of one agency's agreement: each client opens them all. */
const agreementsMax = 60;
/** Agreements that are kept opened in memory: each takes a signature check a version. */
const openedMax = 1_000;
/** Nobody is vetted by one person alone, nor struck out; a body that nobody knows yet is turned away by one. */
const operatorsNeeded = 2;

/** What the cloud keeps of an agency. */
export interface AgencyRecord {
  readonly kind: AgencyState;
  readonly agency: AgencyId;
  /** The chain of signed agreements; the last is what counts. */
  readonly agreements: readonly string[];
  /** The text behind the last one's `terms`. */
  readonly terms: string;
  readonly vetters: readonly OfficerId[];
  /** Since when the public could see the terms under which it asks. */
  readonly publicSince?: Millis;
  /** Which agreement it saw; those after it name other people, and nothing else. */
  readonly publicAgreement?: Hash;
  /** When the newest people were named. */
  readonly namedAt?: Millis;
  /** When it becomes active, or its yearly word runs out. */
  readonly until?: Millis;
  /** What one operator wants, and a second one must want too. */
  readonly proposed?: { readonly to: Sentence; readonly by: OfficerId; readonly at?: Millis };
  /** The fault that the rules punished by its state; absent where two operators did, or a year ran out. */
  readonly why?: Fault;
  /** The last round in which a report of pressure was held against it. */
  readonly pressedIn?: Millis;
}

/** What the rules themselves punish. */
export type Fault = "overdue-disposal" | "unconfirmed-emergency" | "upheld-pressure";

/** What two operators may do to an agency. */
export type Sentence = "active" | "probation" | "suspended" | "revoked" | "compromised";

export type AgencyEvent =
  /** The first agreement, or its next version, with the text of its terms. */
  | { readonly kind: "apply" | "amend"; readonly note: string; readonly terms: string }
  | { readonly kind: "vet" | "reject"; readonly operator: OfficerId }
  | { readonly kind: "sentence"; readonly to: Sentence; readonly operator: OfficerId }
  /** A supervisor, signed in: the agreement holds for another year, or a key is lost. */
  | { readonly kind: "attest" | "report-lost-key" }
  | FaultEvent
  | { readonly kind: "clock" };

/** An upheld fault that the rules themselves punish. */
export type FaultEvent =
  | { readonly kind: "fault"; readonly why: Exclude<Fault, "upheld-pressure"> }
  /** All that was upheld in this round counts once. */
  | { readonly kind: "fault"; readonly why: "upheld-pressure"; readonly round: Millis };

export type AgencyRefusal =
  | AgreementRefusal
  | { readonly kind: "not-in-this-state"; readonly state: AgencyState | "unknown" }
  /** The text is not that whose hash the agreement names. */
  | { readonly kind: "other-terms" }
  | { readonly kind: "needs-another-operator" }
  | { readonly kind: "chain-full" };

type Step = Result<Turn<AgencyRecord>, AgencyRefusal>;

/** The agency's machine; `policy` may make the public wait longer than the floor says. */
export function agencyMachine(policy: Policy): Machine<AgencyRecord, AgencyEvent, AgencyRefusal> {
  return {
    kind: "agency",
    due: { kind: "clock" },
    deadline: ({ until, proposed }) => {
      const times = [until, lapse(proposed)].filter((time) => time !== undefined);
      return times.length === 0 ? undefined : millis(Math.min(...times));
    },
    step: (state, event, now) => (state === undefined ? begin(event) : move(state, event, { policy, now })),
  };
}

const opened = new Map<string, OpenedAgreement>();

/** The agreement that counts. The chain was opened when it was taken. */
export function agreementOf({ agreements }: Pick<AgencyRecord, "agreements">): OpenedAgreement {
  const newest = agreements.at(-1) ?? "";
  const known = opened.get(newest);
  if (known !== undefined) return known;
  const chain = openAgreementChain(agreements);
  const last = chain.ok ? chain.value.at(-1) : undefined;
  if (last === undefined) throw new Error("An agency's agreements no longer open. Restore a backup.");
  if (opened.size >= openedMax) opened.clear();
  opened.set(newest, last);
  return last;
}

/**
 * The agreement whose people are the two who must sign. Whom a supervisor names is public for 30 days first; until then it is those
 * whom the vetted version names. Else one supervisor's key would name another person, and sign in both names.
 */
export function speakersOf(record: AgencyRecord, policy: Policy, now: Millis): OpenedAgreement {
  const { publicAgreement, publicSince = now, namedAt = publicSince } = record;
  const newest = agreementOf(record);
  if (namedAt <= publicSince || namedAt + policy.agreementPublicFor <= now) return newest;
  const chain = openAgreementChain(record.agreements);
  return (chain.ok ? chain.value.find(({ hash }) => hash === publicAgreement) : undefined) ?? newest;
}

interface Context {
  readonly policy: Policy;
  readonly now: Millis;
}

function begin(event: AgencyEvent): Step {
  if (event.kind !== "apply") return refuse({ kind: "not-in-this-state", state: "unknown" });
  const { note, terms } = event;
  const agreement = openFirstAgreement(note);
  if (!agreement.ok) return agreement;
  if (hashOfText(terms) !== agreement.value.terms) return refuse({ kind: "other-terms" });
  return logged({
    ...{ kind: "applied", agency: agreement.value.agency },
    ...{ agreements: [note], terms, vetters: [] },
  });
}

function move(record: AgencyRecord, event: AgencyEvent, context: Context): Step {
  switch (event.kind) {
    case "apply":
      return refuse({ kind: "not-in-this-state", state: record.kind });
    case "amend":
      return amend(record, event, context);
    case "vet":
      return vet(record, event.operator, context);
    case "reject":
      return isNew(record) ? logged({ ...without(record), kind: "rejected" }) : wrong(record);
    case "sentence":
      return propose(record, event, context);
    case "attest":
      return mayAsk(record)
        ? ok({ state: { ...record, until: millis(context.now + attestedFor) } })
        : wrong(record);
    case "report-lost-key":
      return isOver(record) ? wrong(record) : logged({ ...without(record), kind: "compromised" });
    case "fault":
      return faulted(record, event);
    case "clock":
      return due(record, context);
  }
}

/** New people are named at once (`speakersOf` says from when on their word counts); new terms are vetted and shown to the public anew, and until then nothing may be asked. */
function amend(
  record: AgencyRecord,
  { note, terms }: { readonly note: string; readonly terms: string },
  { now }: Context,
): Step {
  if (isOver(record) || record.kind === "suspended") return wrong(record);
  const before = agreementOf(record);
  const next = openNextAgreement(before, note);
  if (!next.ok) return next;
  if (hashOfText(terms) !== next.value.terms) return refuse({ kind: "other-terms" });
  const agreements = [...record.agreements, note];
  if (agreements.length > agreementsMax) return refuse({ kind: "chain-full" });
  // Whoever vetted it vetted these people, too.
  const vetters = record.kind === "applied" ? [] : record.vetters;
  if (bindsAsBefore(before, next.value)) return logged({ ...record, agreements, vetters, namedAt: now });
  // New terms wash no probation off.
  if (record.kind === "probation") return wrong(record);
  return logged({ kind: "applied", agency: record.agency, agreements, terms, vetters: [] });
}

function vet(record: AgencyRecord, operator: OfficerId, { policy, now }: Context): Step {
  if (record.kind !== "applied") return wrong(record);
  const isOwn = agreementOf(record).officers.some(({ id }) => id === operator);
  if (isOwn || record.vetters.includes(operator)) return refuse({ kind: "needs-another-operator" });
  const vetters = [...record.vetters, operator];
  if (vetters.length < operatorsNeeded) return ok({ state: { ...record, vetters } });
  const until = millis(now + policy.agreementPublicFor);
  return logged({
    ...record,
    kind: "public",
    vetters,
    publicSince: now,
    publicAgreement: agreementOf(record).hash,
    until,
  });
}

/** To probation; pressure on households while on probation, to suspension. */
function faulted(record: AgencyRecord, event: FaultEvent): Step {
  const { why } = event;
  if (why !== "upheld-pressure")
    return record.kind === "active" ? logged({ ...record, kind: "probation", why }) : ok({ state: record });
  const { round: pressedIn } = event;
  if (pressedIn <= (record.pressedIn ?? 0)) return ok({ state: record });
  // It may not ask anyhow. Remembered, so that it costs nothing when the same round is told again to one that may: a household
  // that leaves does so, and its agency would learn when.
  if (!mayAsk(record)) return ok({ state: { ...record, pressedIn } });
  if (record.kind === "active") return logged({ ...record, kind: "probation", why, pressedIn });
  const { until: _, ...rest } = record;
  return logged({ ...rest, kind: "suspended", why, pressedIn });
}

/** One operator proposes, another one carries it out. Nobody comes back from revoked or compromised, nor past the vetting. */
function propose(
  record: AgencyRecord,
  { to, operator }: { readonly to: Sentence; readonly operator: OfficerId },
  { policy, now }: Context,
): Step {
  const { proposed } = record;
  const asks = to === "active" || to === "probation";
  const possible = asks ? wasPublic(record, { policy, now }) : !isOver(record);
  if (!possible || to === record.kind) return wrong(record);
  if (proposed?.to !== to) return ok({ state: { ...record, proposed: { to, by: operator, at: now } } });
  if (proposed.by === operator) return refuse({ kind: "needs-another-operator" });
  const { until: _, proposed: __, why: ___, ...rest } = record;
  const next = { ...rest, kind: to };
  if (to === "revoked" || to === "compromised" || to === "suspended") return logged(next);
  return logged({ ...next, until: millis(now + attestedFor) });
}

function due(record: AgencyRecord, { now }: Context): Step {
  if (record.until === undefined || record.until > now) return lapsed(record, now);
  if (record.kind === "public")
    return logged({ ...record, kind: "active", until: millis(record.until + attestedFor) });
  const { until: _, why: __, ...rest } = record;
  return mayAsk(record) ? logged({ ...rest, kind: "suspended" }) : wrong(record);
}

function lapsed(record: AgencyRecord, now: Millis): Step {
  const { proposed, ...rest } = record;
  return (lapse(proposed) ?? now + 1) <= now ? ok({ state: rest }) : wrong(record);
}

/** Nobody has vetted it yet. */
const isNew = ({ kind, agreements }: AgencyRecord): boolean => kind === "applied" && agreements.length === 1;
/** What it says of itself nobody has looked at, or nobody believed. */
export const isUnvetted = (record: AgencyRecord): boolean => isNew(record) || record.kind === "rejected";
export const mayAsk = ({ kind }: AgencyRecord): boolean => kind === "active" || kind === "probation";
/** Two operators have vetted it, and the public has seen its terms for as long as it must. */
const wasPublic = ({ kind, publicSince }: AgencyRecord, { policy, now }: Context): boolean =>
  (kind === "active" || kind === "probation" || kind === "suspended") &&
  publicSince !== undefined &&
  publicSince + policy.agreementPublicFor <= now;
const isOver = ({ kind }: AgencyRecord): boolean =>
  kind === "revoked" || kind === "compromised" || kind === "rejected";

/** Its people and papers alone, without deadlines and proposals. */
function without({ agency, kind, agreements, terms, vetters }: AgencyRecord): AgencyRecord {
  return { agency, kind, agreements, terms, vetters };
}

function logged(state: AgencyRecord): Step {
  const { hash } = agreementOf(state);
  return ok({ state, entry: { agency: state.agency, state: state.kind, hash } });
}

function wrong({ kind }: AgencyRecord): Step {
  return refuse({ kind: "not-in-this-state", state: kind });
}
