import { type Millis, millis } from "../../shared/kernel/brand.js";
import { type AgencyId, type OfficerId, timeOf } from "../../shared/kernel/ids.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import type { AgencyState, OpenedAgreement } from "../../shared/release/agreement.js";
import type { Policy } from "../../shared/release/floor.js";
import {
  type Asked,
  faultInTwo,
  faultsOf,
  type OpenedRequest,
  openRequest,
  type RequestFault,
  type RequestRefusal,
  type RequestState,
  signersOf,
  type VolumeFault,
  volumeFaultsOf,
} from "../../shared/release/request.js";
import type { Machine, Turn } from "../docket/machine.js";

/** A request and the clock of whoever signed it may differ so much. */
const clockMillis = 60 * 60_000;

/** Why a moderator turns a request down. */
export const rejections = [
  "not-of-this-category",
  "not-of-this-agency",
  "repeats-another",
  "not-plausible",
] as const;
export type Rejection = (typeof rejections)[number];
/** What an agency may add to a request of its own. It never changes, and never goes. */
export const errata = ["wrong-time", "wrong-area", "wrong-category"] as const;
export type Erratum = (typeof errata)[number];

/** What the cloud keeps of a request. */
export interface RequestRecord {
  readonly kind: RequestState;
  readonly agency: AgencyId;
  /** As it was signed. */
  readonly note: string;
  readonly request: OpenedRequest;
  readonly rejection?: Rejection;
  readonly errata: readonly Erratum[];
  readonly publishedAt?: Millis;
  /** When it closes by itself. */
  readonly until?: Millis;
}

/** What the cloud knows when a request comes. */
export interface Submission {
  readonly note: string;
  readonly agreement: OpenedAgreement;
  /** The version whose people count, of those that the newest still names. */
  readonly speakers: OpenedAgreement;
  readonly agency: AgencyState;
  readonly earlier: readonly Asked[];
}

interface Moderation {
  readonly operator: OfficerId;
  /** Whoever speaks for the agency must not be its moderator. */
  readonly agencysPeople: readonly OfficerId[];
}

export type RequestEvent =
  | { readonly kind: "submit"; readonly submission: Submission }
  | (Moderation & { readonly kind: "approve" })
  | (Moderation & { readonly kind: "reject"; readonly why: Rejection })
  | { readonly kind: "resolve" | "withdraw" }
  | { readonly kind: "erratum"; readonly what: Erratum }
  /** Its agency may not ask any more. */
  | { readonly kind: "freeze" }
  | { readonly kind: "clock" };

export type RequestStepRefusal =
  | RequestRefusal
  | { readonly kind: "against-the-rules"; readonly faults: readonly (RequestFault | VolumeFault)[] }
  | { readonly kind: "agency-may-not-ask"; readonly state: AgencyState }
  | { readonly kind: "signed-at-another-time" | "signed-by-newcomers" }
  /** A moderator must not be of the agency that asks. */
  | { readonly kind: "own-request" }
  | { readonly kind: "request-not-in-this-state"; readonly state: RequestState | "unknown" };

type Step = Result<Turn<RequestRecord>, RequestStepRefusal>;

export function requestMachine(policy: Policy): Machine<RequestRecord, RequestEvent, RequestStepRefusal> {
  return {
    kind: "request",
    due: { kind: "clock" },
    deadline: ({ until }) => until,
    step(state, event, now) {
      if (event.kind === "submit")
        return state === undefined ? submit(event.submission, policy, now) : wrong(state);
      return state === undefined ? wrong(state) : move(state, event, { policy, now });
    },
  };
}

function submit(submission: Submission, policy: Policy, now: Millis): Step {
  const { note, agreement, agency, earlier, speakers } = submission;
  const opened = openRequest(note, agreement);
  if (!opened.ok) return opened;
  const signers = signersOf(note, speakers);
  if (!signers.ok || faultInTwo(signers.value) !== undefined) return refuse({ kind: "signed-by-newcomers" });
  const { value: request } = opened;
  if (agency !== "active" && agency !== "probation")
    return refuse({ kind: "agency-may-not-ask", state: agency });
  const made = timeOf(request.id);
  if (Math.abs(now - request.submitted) > clockMillis || Math.abs(now - made) > clockMillis)
    return refuse({ kind: "signed-at-another-time" });
  const own = faultsOf(request, agreement, policy);
  const faults = own.length > 0 ? own : volumeFaultsOf(request, earlier, policy);
  if (faults.length > 0) return refuse({ kind: "against-the-rules", faults });
  const until = millis(now + policy.requestOpenFor);
  return logged({ kind: "review", agency: request.agency, note, request, errata: [], until });
}

interface Context {
  readonly policy: Policy;
  readonly now: Millis;
}

function move(
  record: RequestRecord,
  event: Exclude<RequestEvent, { kind: "submit" }>,
  context: Context,
): Step {
  switch (event.kind) {
    case "approve":
    case "reject":
      return moderate(record, event, context);
    case "resolve":
    case "withdraw":
      return isOpen(record)
        ? ended(record, event.kind === "resolve" ? "resolved" : "withdrawn")
        : wrong(record);
    case "erratum":
      return append(record, event.what);
    case "freeze":
      return isOpen(record) ? ended(record, "frozen") : ok({ state: record });
    case "clock":
      return record.until !== undefined && record.until <= context.now
        ? ended(record, "closed")
        : wrong(record);
  }
}

function moderate(
  record: RequestRecord,
  event: Extract<RequestEvent, { kind: "approve" | "reject" }>,
  { policy, now }: Context,
): Step {
  if (record.kind !== "review") return wrong(record);
  if (event.agencysPeople.includes(event.operator)) return refuse({ kind: "own-request" });
  if (event.kind === "reject") return ended({ ...record, rejection: event.why }, "rejected");
  const until = millis(now + policy.requestOpenFor);
  return logged({ ...record, kind: "published", publishedAt: now, until });
}

function append(record: RequestRecord, what: Erratum): Step {
  if (record.kind === "review" || record.errata.includes(what)) return wrong(record);
  const { agency, request } = record;
  const entry = { agency, state: what, hash: request.hash };
  return ok({ state: { ...record, errata: [...record.errata, what] }, entry });
}

function ended({ until: _, ...record }: RequestRecord, kind: RequestState): Step {
  return logged({ ...record, kind });
}

const isOpen = ({ kind }: RequestRecord): boolean => kind === "review" || kind === "published";

/** What counts of a record when its agency asks again. */
export function askedBy(record: RequestRecord): Asked {
  const { file, area, submitted } = record.request;
  return { file, area, submitted, open: isOpen(record) };
}

function logged(state: RequestRecord): Step {
  return ok({ state, entry: { agency: state.agency, state: state.kind, hash: state.request.hash } });
}

function wrong(record: RequestRecord | undefined): Step {
  return refuse({ kind: "request-not-in-this-state", state: record?.kind ?? "unknown" });
}
