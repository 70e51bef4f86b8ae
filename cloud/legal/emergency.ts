import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { AgencyId, HouseholdId, OfficerId, ReleaseId } from "../../shared/kernel/ids.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import {
  answerMillis,
  authenticateMillisMax,
  claimEntryHash,
  isWithinReach,
  type OpenedClaim,
  ownersAloneMillis,
} from "../../shared/release/emergency.js";
import { workingDaysAfter } from "../../shared/release/floor.js";
import type { Machine, Turn } from "../docket/machine.js";
import type { CallBack } from "./preservation.js";

/** Within these the agency files what a court says of it. */
const courtDays = 3;

/** An agency's word that somebody's life is in danger. Nobody but the household can say yes to it; there is no operator's override. */
export interface Emergency extends Claimed {
  readonly kind:
    | "claimed"
    | "cosigned"
    | "called-back"
    | "denied"
    | "asked"
    | "released"
    | "not-released"
    | "confirmed"
    | "unconfirmed";
  readonly supervisor?: OfficerId;
  readonly calledBy?: OfficerId;
  readonly second?: OfficerId;
  /** When the household was asked. */
  readonly askedAt?: Millis;
  /** What the household released for it. Until the agency is told, nobody outside learns of it, not even from the public log. */
  readonly releases: readonly ReleaseId[];
  /** What the agency filed of a court, by its hash. While operators look at it no clock runs. */
  readonly paper?: string;
  /** What one operator found of that paper; another one must find the same. */
  readonly found?: { readonly by: OfficerId; readonly genuine: boolean };
  /** When it moves by itself. */
  readonly until?: Millis;
}

export interface Claimed {
  readonly agency: AgencyId;
  readonly household: HouseholdId;
  readonly by: OfficerId;
  /** As it was signed: by the officer, and then by the supervisor too. */
  readonly note: string;
  readonly claim: OpenedClaim;
  readonly place: "outdoor" | "indoor";
  readonly claimedAt: Millis;
  readonly salt: string;
}

export type EmergencyEvent =
  | ({ readonly kind: "claim" } & Omit<Claimed, "claimedAt" | "agency" | "household">)
  /** `note` has both signatures, and each was verified. */
  | {
      readonly kind: "cosign";
      readonly by: OfficerId;
      readonly role: "officer" | "supervisor";
      readonly note: string;
    }
  | ({ readonly kind: "call-back"; readonly by: OfficerId } & CallBack)
  | { readonly kind: "agree" | "deny"; readonly by: OfficerId }
  /** Something that the household signed for it lies ready, or does not any more. */
  | { readonly kind: "ready" | "gone"; readonly release: ReleaseId }
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

/** Somebody has still something to do about it, if it is no more than to file a court's paper. */
export const unfinishedEmergencies: readonly Emergency["kind"][] = [
  ...(["claimed", "cosigned", "called-back", "asked", "released", "not-released"] as const),
];

/** Whether it can be answered: what comes later counts for nothing, even where the clock's step is late. */
export function isOpen({ kind, until }: Emergency, now: Millis): boolean {
  return kind === "asked" && until !== undefined && now < until;
}

/** Whether the contacts may answer: the owners had their time alone, and nothing lies ready. What an owner's word says, no cloud can read. */
export function isContactsTurn(emergency: Emergency, now: Millis): boolean {
  const { askedAt = now, releases } = emergency;
  return isOpen(emergency, now) && now >= askedAt + ownersAloneMillis && releases.length === 0;
}

/** Whether its agency may know of this release: only once it has been told, and only of what lay ready then. */
export function isHandedOver({ kind, releases }: Emergency, release: ReleaseId): boolean {
  return kind !== "asked" && releases.includes(release);
}

type Outcome = Result<Turn<Emergency>, EmergencyRefusal>;
const no = (kind: EmergencyRefusal["kind"]): Outcome => refuse({ kind });

function step(emergency: Emergency | undefined, event: EmergencyEvent, now: Millis): Outcome {
  if (event.kind === "claim") return emergency === undefined ? claimed(event, now) : no("not-its-turn");
  if (emergency !== undefined && (event.kind === "ready" || event.kind === "gone"))
    return emergency.kind === "asked" ? answered(emergency, event) : ok({ state: emergency });
  switch (emergency?.kind) {
    case "claimed":
      return cosigned(emergency, event);
    case "cosigned":
    case "called-back":
      return authenticated(emergency, event, now);
    case "asked":
      return event.kind === "clock" ? told(emergency, now) : no("not-its-turn");
    case "released":
    case "not-released":
      return afterwards(emergency, event, now);
    default:
      return no("not-its-turn");
  }
}

/** One outdoor camera, and a window within the last 72 hours. */
function claimed(event: EmergencyEvent & { readonly kind: "claim" }, now: Millis): Outcome {
  const { kind: _, ...facts } = event;
  if (facts.place !== "outdoor" || !isWithinReach(facts.claim)) return no("emergency-out-of-reach");
  const { agency, household } = facts.claim;
  const until = millis(now + authenticateMillisMax);
  return logged({ ...facts, agency, household, releases: [], claimedAt: now, kind: "claimed", until });
}

function cosigned(emergency: Emergency, event: EmergencyEvent): Outcome {
  if (event.kind === "clock" || event.kind === "deny") return denied(emergency);
  if (event.kind !== "cosign") return no("not-its-turn");
  if (event.role !== "supervisor") return no("supervisors-only");
  if (event.by === emergency.by) return no("second-person-needed");
  return ok({ state: { ...emergency, kind: "cosigned", supervisor: event.by, note: event.note } });
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

function answered(
  emergency: Emergency,
  { kind, release }: { readonly kind: "ready" | "gone"; readonly release: ReleaseId },
): Outcome {
  if (emergency.releases.includes(release) === (kind === "ready")) return ok({ state: emergency });
  const others = emergency.releases.filter((one) => one !== release);
  return ok({ state: { ...emergency, releases: kind === "ready" ? [...others, release] : others } });
}

/** The fixed time has come: what lies ready is handed over. Silence is no. */
function told(emergency: Emergency, now: Millis): Outcome {
  const until = paperDue(emergency, now);
  const kind = emergency.releases.length > 0 ? "released" : "not-released";
  return logged({ ...emergency, kind, until });
}

const paperDue = ({ askedAt }: Emergency, now: Millis): Millis => workingDaysAfter(askedAt ?? now, courtDays);

function afterwards(emergency: Emergency, event: EmergencyEvent, now: Millis): Outcome {
  const { until: _, found, ...rest } = emergency;
  switch (event.kind) {
    case "clock":
      return logged({ ...rest, kind: "unconfirmed" });
    case "file-paper":
      return rest.paper === undefined ? ok({ state: { ...rest, paper: event.paper } }) : no("not-its-turn");
    case "find": {
      if (rest.paper === undefined) return no("not-its-turn");
      if (found === undefined || found.genuine !== event.genuine)
        return ok({ state: { ...rest, found: { by: event.by, genuine: event.genuine } } });
      if (found.by === event.by) return no("second-person-needed");
      return event.genuine ? logged({ ...rest, kind: "confirmed" }) : rejected(rest, now);
    }
    default:
      return no("not-its-turn");
  }
}

/** The clock goes on as if nothing had been filed: what is no court's paper wins no time. */
function rejected(emergency: Emergency, now: Millis): Outcome {
  const until = paperDue(emergency, now);
  if (until <= now) return logged({ ...emergency, kind: "unconfirmed" });
  const { paper: _, ...rest } = emergency;
  return ok({ state: { ...rest, until } });
}

function logged(state: Emergency): Outcome {
  const { salt, claim, kind, agency } = state;
  return ok({ state, entry: { agency, state: kind, hash: claimEntryHash(salt, claim.hash, kind) } });
}
