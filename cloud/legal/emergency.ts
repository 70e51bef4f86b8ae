import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { AgencyId, CameraId, HouseholdId, OfficerId } from "../../shared/kernel/ids.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { workingDaysAfter } from "../../shared/release/floor.js";
import { sealedHash } from "../../shared/release/sealedfacts.js";
import type { Machine, Turn } from "../docket/machine.js";
import type { CallBack } from "./preservation.js";

const minute = 60_000;
/** For supervisor, call-back and second operator together; then the claim is denied. */
const authenticateMillisMax = 30 * minute;
/** From the owner's question to the agency's answer, whatever happens in between: the time tells nothing. */
const answerMillis = 90 * minute;
/** A claim reaches no further back. */
const backMillisMax = 72 * 60 * minute;
/** Within these the agency files what a court says of it. */
const courtDays = 3;

/** What an agency may claim. No word of its own reaches anybody. */
export const dangers = ["threat-to-life", "abduction", "serious-injury"] as const;
export type Danger = (typeof dangers)[number];

/** An agency's word that somebody's life is in danger. Nobody but the household can say yes to it; there is no operator's override. */
export interface Emergency extends Claim {
  readonly kind:
    | "claimed"
    | "cosigned"
    | "called-back"
    | "denied"
    | "asked"
    | "not-released"
    | "confirmed"
    | "unconfirmed";
  readonly supervisor?: OfficerId;
  readonly calledBy?: OfficerId;
  readonly second?: OfficerId;
  /** When the household was asked. */
  readonly askedAt?: Millis;
  /** What the agency filed of a court, by its hash. */
  readonly paper?: string;
  /** What one operator found of that paper; another one must find the same. */
  readonly found?: { readonly by: OfficerId; readonly genuine: boolean };
  /** When it moves by itself. */
  readonly until?: Millis;
}

export interface Claim {
  readonly agency: AgencyId;
  readonly by: OfficerId;
  readonly file: string;
  readonly danger: Danger;
  readonly household: HouseholdId;
  readonly camera: CameraId;
  readonly place: "outdoor" | "indoor";
  readonly from: Millis;
  readonly to: Millis;
  readonly claimedAt: Millis;
  readonly salt: string;
}

export type EmergencyEvent =
  | ({ readonly kind: "claim" } & Omit<Claim, "claimedAt">)
  | { readonly kind: "cosign"; readonly by: OfficerId; readonly role: "officer" | "supervisor" }
  | ({ readonly kind: "call-back"; readonly by: OfficerId } & CallBack)
  | { readonly kind: "agree" | "deny"; readonly by: OfficerId }
  | { readonly kind: "file-paper"; readonly by: OfficerId; readonly paper: string }
  | { readonly kind: "find"; readonly by: OfficerId; readonly genuine: boolean }
  | { readonly kind: "clock" };

export interface EmergencyRefusal {
  readonly kind:
    | "not-its-turn"
    | "other-number"
    | "second-person-needed"
    | "supervisors-only"
    | "emergency-out-of-reach";
}

export const emergencyMachine: Machine<Emergency, EmergencyEvent, EmergencyRefusal> = {
  kind: "emergency",
  due: { kind: "clock" },
  step,
  deadline: ({ until }) => until,
};

type Outcome = Result<Turn<Emergency>, EmergencyRefusal>;
const no = (kind: EmergencyRefusal["kind"]): Outcome => refuse({ kind });

function step(emergency: Emergency | undefined, event: EmergencyEvent, now: Millis): Outcome {
  if (event.kind === "claim") return emergency === undefined ? claim(event, now) : no("not-its-turn");
  switch (emergency?.kind) {
    case "claimed":
      return cosigned(emergency, event);
    case "cosigned":
    case "called-back":
      return authenticated(emergency, event, now);
    case "asked":
      return event.kind === "clock" ? unanswered(emergency, now) : no("not-its-turn");
    case "not-released":
      return afterwards(emergency, event);
    default:
      return no("not-its-turn");
  }
}

/** One outdoor camera, and a window within the last 72 hours. */
function claim(event: EmergencyEvent & { readonly kind: "claim" }, now: Millis): Outcome {
  const { kind: _, ...facts } = event;
  const reaches = facts.place === "outdoor" && facts.from < facts.to && facts.to <= now;
  if (!reaches || facts.from < now - backMillisMax) return no("emergency-out-of-reach");
  return logged({ ...facts, claimedAt: now, kind: "claimed", until: millis(now + authenticateMillisMax) });
}

function cosigned(emergency: Emergency, event: EmergencyEvent): Outcome {
  if (event.kind === "clock" || event.kind === "deny") return denied(emergency);
  if (event.kind !== "cosign") return no("not-its-turn");
  if (event.role !== "supervisor") return no("supervisors-only");
  if (event.by === emergency.by) return no("second-person-needed");
  return ok({ state: { ...emergency, kind: "cosigned", supervisor: event.by } });
}

/** The pair on call: one calls the registry's number, the other agrees. */
function authenticated(emergency: Emergency, event: EmergencyEvent, now: Millis): Outcome {
  if (event.kind === "clock" || event.kind === "deny") return denied(emergency);
  if (event.kind === "call-back" && emergency.kind === "cosigned") {
    if (event.called !== event.registered) return no("other-number");
    return ok({ state: { ...emergency, kind: "called-back", calledBy: event.by } });
  }
  if (event.kind !== "agree" || emergency.kind !== "called-back") return no("not-its-turn");
  if (event.by === emergency.calledBy) return no("second-person-needed");
  const until = millis(now + answerMillis);
  return logged({ ...emergency, kind: "asked", second: event.by, askedAt: now, until });
}

function denied({ until: _, ...emergency }: Emergency): Outcome {
  return logged({ ...emergency, kind: "denied" });
}

/** Silence is no. */
function unanswered(emergency: Emergency, now: Millis): Outcome {
  const until = workingDaysAfter(emergency.askedAt ?? now, courtDays);
  return logged({ ...emergency, kind: "not-released", until });
}

function afterwards(emergency: Emergency, event: EmergencyEvent): Outcome {
  const { until: _, found, ...rest } = emergency;
  switch (event.kind) {
    case "clock":
      return logged({ ...rest, kind: "unconfirmed" });
    case "file-paper":
      // From here on the agency has done its part: it waits for two operators, and no clock.
      return rest.paper === undefined ? ok({ state: { ...rest, paper: event.paper } }) : no("not-its-turn");
    case "find": {
      if (rest.paper === undefined) return no("not-its-turn");
      if (found === undefined || found.genuine !== event.genuine)
        return ok({ state: { ...rest, found: { by: event.by, genuine: event.genuine } } });
      if (found.by === event.by) return no("second-person-needed");
      return logged({ ...rest, kind: event.genuine ? "confirmed" : "unconfirmed" });
    }
    default:
      return no("not-its-turn");
  }
}

function logged(state: Emergency): Outcome {
  const { salt, household, camera, from, to, file, danger, kind } = state;
  const hash = sealedHash(salt, { household, camera, from, to, file, danger, state: kind });
  return ok({ state, entry: { agency: state.agency, state: kind, hash } });
}
