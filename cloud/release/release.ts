import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { AgencyId, HouseholdId, OfficerId, ReleaseId, RequestId } from "../../shared/kernel/ids.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { type Policy, workingDaysAfter } from "../../shared/release/floor.js";
import type { CustodyWord } from "../../shared/release/receipt.js";
import { type Hash, hashOfText } from "../../shared/seal/hash.js";
import type { Decision } from "../consent/decide.js";
import type { Machine, Turn } from "../docket/machine.js";

/** A package that has not come whole by then is forgotten. */
const preparingMillisMax = 60 * 60_000;

export type ReleaseState =
  /** The package comes; nobody else knows of it. */
  | "preparing"
  /** It is whole, and two operators look at its circumstances first. */
  | "in-review"
  /** It is whole, and waits for the batch by which the log commits to it. */
  | "escrowed"
  | "available"
  | "retrieved"
  /** The agency has it, and says so or was asked for it in vain. */
  | "custody"
  | "disposal-asked"
  | "attested"
  | "retained"
  /** The agency neither disposed of it nor said why: named in public. */
  | "overdue"
  | "destroyed"
  | "forgotten";

/** One release, from the package's first byte to the agency's word that nothing is left. */
export interface ReleaseRecord {
  readonly kind: ReleaseState;
  readonly household: HouseholdId;
  readonly agency: AgencyId;
  readonly request: RequestId;
  readonly record: ReleaseId;
  /** As it was signed. */
  readonly authorisation: string;
  readonly hash: Hash;
  /** How long the agency may keep it, and whether the log and the agency get it without delay. */
  readonly keep: Millis;
  readonly urgent: boolean;
  /** The sealed package: how many pieces it comes in, and its hash once it is whole. */
  readonly pieces: number;
  readonly package?: Hash;
  readonly reviewers: readonly OfficerId[];
  readonly escrowedAt?: Millis;
  readonly retrievedAt?: Millis;
  /** The officer's signed words. */
  readonly receipt?: string;
  readonly disposal?: string;
  /** No receipt came in time. */
  readonly unreceipted?: boolean;
  readonly why?: "withdrawn" | "not-fetched" | "agency-may-not" | "charter-has-changed" | "too-late";
  readonly until?: Millis;
}

export interface Preparation
  extends Pick<
    ReleaseRecord,
    "household" | "agency" | "request" | "record" | "authorisation" | "hash" | "keep" | "pieces"
  > {
  readonly decision: Decision;
  readonly urgent: boolean;
}

export type ReleaseEvent =
  | { readonly kind: "prepare"; readonly preparation: Preparation }
  /** All of it is here, and it has been decided again. */
  | { readonly kind: "escrow"; readonly package: Hash; readonly decision: Decision }
  | {
      readonly kind: "review";
      readonly operator: OfficerId;
      readonly decide: (reviewers: readonly OfficerId[]) => Decision;
    }
  /** The log commits to it. */
  | { readonly kind: "batched" }
  /** The first byte is about to be sent. */
  | { readonly kind: "fetch" }
  | { readonly kind: "word"; readonly word: CustodyWord; readonly note: string }
  | { readonly kind: "withdraw" }
  /** Its agency may not ask any more or its request is frozen, the household's rules are others now, or the emergency is over. */
  | { readonly kind: "freeze"; readonly why: "agency-may-not" | "charter-has-changed" | "too-late" }
  | { readonly kind: "clock" };

export type ReleaseRefusal =
  | { readonly kind: "refused"; readonly decision: Exclude<Decision, { kind: "release" }> }
  | { readonly kind: "another-package" }
  | { readonly kind: "needs-another-operator" }
  | { readonly kind: "release-not-in-this-state"; readonly state: ReleaseState | "unknown" };

type Step = Result<Turn<ReleaseRecord>, ReleaseRefusal>;

interface Context {
  readonly policy: Policy;
  readonly now: Millis;
}

/** Its steps go into the log in daily batches; only an overdue disposal is named by itself. */
export function releaseMachine(policy: Policy): Machine<ReleaseRecord, ReleaseEvent, ReleaseRefusal> {
  return {
    kind: "releases",
    due: { kind: "clock" },
    deadline: ({ until }) => until,
    step(state, event, now) {
      if (event.kind === "prepare")
        return state === undefined ? prepare(event.preparation, now) : wrong(state);
      return state === undefined ? wrong(state) : move(state, event, { policy, now });
    },
  };
}

/** Whether its package is kept. */
export const holdsPackage = ({ kind }: ReleaseRecord): boolean =>
  kind === "preparing" ||
  kind === "in-review" ||
  kind === "escrowed" ||
  kind === "available" ||
  kind === "retrieved";

function prepare({ decision, ...preparation }: Preparation, now: Millis): Step {
  if (decision.kind === "refuse") return refuse({ kind: "refused", decision });
  const until = millis(now + preparingMillisMax);
  return ok({ state: { kind: "preparing", ...preparation, reviewers: [], until } });
}

function move(
  record: ReleaseRecord,
  event: Exclude<ReleaseEvent, { kind: "prepare" }>,
  context: Context,
): Step {
  switch (event.kind) {
    case "escrow":
      return escrow(record, event, context);
    case "review":
      return review(record, event);
    case "batched":
      return record.kind === "escrowed" ? ok({ state: { ...record, kind: "available" } }) : wrong(record);
    case "fetch":
      return fetched(record, context);
    case "word":
      return hear(record, event);
    case "withdraw":
      return withdraw(record, context);
    case "freeze":
      return isInEscrow(record) || record.kind === "preparing"
        ? ended(record, "destroyed", event.why)
        : ok({ state: record });
    case "clock":
      return due(record, context);
  }
}

function escrow(
  record: ReleaseRecord,
  { decision, package: hash }: { readonly decision: Decision; readonly package: Hash },
  { policy, now }: Context,
): Step {
  if (record.kind !== "preparing") return record.package === hash ? ok({ state: record }) : wrong(record);
  if (decision.kind === "refuse") return refuse({ kind: "refused", decision });
  const until = millis(now + policy.escrowFor);
  const kind = decision.kind === "release" ? "escrowed" : "in-review";
  return ok({ state: { ...record, kind, package: hash, escrowedAt: now, until } });
}

function review(
  record: ReleaseRecord,
  { operator, decide }: Extract<ReleaseEvent, { kind: "review" }>,
): Step {
  if (record.kind !== "in-review") return wrong(record);
  if (record.reviewers.includes(operator)) return refuse({ kind: "needs-another-operator" });
  const reviewers = [...record.reviewers, operator];
  const decision = decide(reviewers);
  if (decision.kind === "refuse") return refuse({ kind: "refused", decision });
  return ok({
    state: { ...record, reviewers, kind: decision.kind === "release" ? "escrowed" : "in-review" },
  });
}

/** A fetch that broke off goes on until the package's time is over. */
function fetched(record: ReleaseRecord, { policy, now }: Context): Step {
  if (record.kind === "retrieved") return ok({ state: record });
  if (record.kind !== "available") return wrong(record);
  const until = millis(now + policy.receiptWithin);
  return ok({ state: { ...record, kind: "retrieved", retrievedAt: now, until } });
}

/** The officer's word; what it says must be about this very package. */
function hear(record: ReleaseRecord, { word, note }: Extract<ReleaseEvent, { kind: "word" }>): Step {
  if (word.package !== record.package) return refuse({ kind: "another-package" });
  const { until: _, ...rest } = record;
  if (word.act === "received") {
    if (record.kind !== "retrieved" && !(record.kind === "custody" && record.unreceipted === true))
      return wrong(record);
    const { unreceipted: __, ...received } = record;
    return ok({ state: { ...received, kind: "custody", receipt: note, until: keptUntil(record) } });
  }
  if (!isWithTheAgency(record)) return wrong(record);
  return ok({ state: { ...rest, kind: word.act === "disposed" ? "attested" : "retained", disposal: note } });
}

/** Before the agency has it, it is gone; afterwards it can only be asked for. */
function withdraw(record: ReleaseRecord, context: Context): Step {
  if (isInEscrow(record) || record.kind === "preparing") return ended(record, "destroyed", "withdrawn");
  if (record.kind === "retrieved" || record.kind === "custody")
    return askDisposal(record, "withdrawn", context);
  return wrong(record);
}

function due(record: ReleaseRecord, context: Context): Step {
  if (record.until === undefined || record.until > context.now) return wrong(record);
  const { kind } = record;
  if (kind === "preparing") return ended(record, "forgotten");
  if (isInEscrow(record)) return ended(record, "destroyed", "not-fetched");
  if (kind === "retrieved")
    return ok({ state: { ...record, kind: "custody", unreceipted: true, until: keptUntil(record) } });
  if (kind === "custody") return askDisposal(record, undefined, context);
  if (kind !== "disposal-asked") return wrong(record);
  const { until: _, ...rest } = record;
  const entry = { agency: record.agency, state: "overdue", hash: hashOfText(`${record.record}\n`) };
  return ok({ state: { ...rest, kind: "overdue" }, entry });
}

function askDisposal(record: ReleaseRecord, why: "withdrawn" | undefined, { policy, now }: Context): Step {
  const until = workingDaysAfter(now, policy.disposalWithin);
  return ok({ state: { ...record, kind: "disposal-asked", until, ...(why && { why }) } });
}

function ended(
  { until: _, ...record }: ReleaseRecord,
  kind: "destroyed" | "forgotten",
  why?: ReleaseRecord["why"],
): Step {
  return ok({ state: { ...record, kind, ...(why && { why }) } });
}

function keptUntil({ retrievedAt, keep }: ReleaseRecord): Millis {
  // unreached: what the agency keeps it has fetched
  return millis((retrievedAt ?? 0) + keep);
}

const isInEscrow = ({ kind }: ReleaseRecord): boolean =>
  kind === "in-review" || kind === "escrowed" || kind === "available";
const isWithTheAgency = ({ kind }: ReleaseRecord): boolean =>
  kind === "retrieved" || kind === "custody" || kind === "disposal-asked" || kind === "overdue";

function wrong(record: ReleaseRecord | undefined): Step {
  return refuse({ kind: "release-not-in-this-state", state: record?.kind ?? "unknown" });
}
