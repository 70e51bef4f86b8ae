import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { AgencyId, HouseholdId, MemberId, OfficerId } from "../../shared/kernel/ids.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import type { Pressure, PressureKind } from "../../shared/release/pressure.js";
import type { Machine, Turn } from "../docket/machine.js";

const day = 24 * 60 * 60_000;
/** What is upheld takes effect for all agencies at one time, so often. */
const roundMillis = 28 * day;
/** And no sooner after it was reported: what happened in these days lies among what happened in many. */
const restMillis = 14 * day;

/**
 * A member's report that an agency pressed the household, before the review board: two operators, who find the same. The public
 * log has no line of it, and whom it comes from is known to nobody but the cloud: what follows for the agency is all that is seen.
 */
export interface PressureReport {
  readonly kind: "received" | "upheld" | "not-upheld" | "acted-on";
  readonly agency: AgencyId;
  readonly what: PressureKind;
  readonly at: Millis;
  readonly about: Pressure["about"];
  readonly receivedAt: Millis;
  /** Whose it is; absent once the household has left. */
  readonly household?: HouseholdId;
  readonly from?: Reporter;
  /** What each operator found, the newest last; two must find the same. */
  readonly findings?: readonly Finding[];
  /** When what was upheld takes effect. */
  readonly until?: Millis;
  /** When it did: one of all agencies' times. */
  readonly round?: Millis;
}

export interface Reporter {
  readonly member: MemberId;
  /** `pressure/v1`, signed. */
  readonly note: string;
  /** Base64 of the age file that it names. */
  readonly file: string;
}

interface Finding {
  readonly by: OfficerId;
  readonly upheld: boolean;
}

export type PressureEvent =
  | ({ readonly kind: "report"; readonly household: HouseholdId; readonly from: Reporter } & Pick<
      PressureReport,
      "agency" | "what" | "at" | "about"
    >)
  | ({ readonly kind: "find"; readonly agencysPeople: readonly OfficerId[] } & Finding)
  /** The household leaves the cloud. */
  | { readonly kind: "forget" }
  | { readonly kind: "clock" };

export interface PressureStepRefusal {
  readonly kind: "not-its-turn" | "second-person-needed" | "own-agency";
}

export const pressureMachine: Machine<PressureReport, PressureEvent, PressureStepRefusal> = {
  kind: "pressure",
  due: { kind: "clock" },
  step,
  deadline: ({ until }) => until,
};

type Outcome = Result<Turn<PressureReport>, PressureStepRefusal>;
const no = (kind: PressureStepRefusal["kind"]): Outcome => refuse({ kind });

function step(report: PressureReport | undefined, event: PressureEvent, now: Millis): Outcome {
  if (event.kind === "report") {
    if (report !== undefined) return no("not-its-turn");
    return ok({ state: { ...event, kind: "received", receivedAt: now } });
  }
  if (report === undefined) return no("not-its-turn");
  switch (event.kind) {
    case "find":
      return found(report, event, now);
    case "forget": {
      const { household: _, from: __, ...rest } = report;
      return ok({ state: report.household === undefined ? report : rest });
    }
    case "clock":
      return acted(report, now);
  }
}

function found(
  report: PressureReport,
  { by, upheld, agencysPeople }: PressureEvent & { readonly kind: "find" },
  now: Millis,
): Outcome {
  if (report.kind !== "received") return no("not-its-turn");
  if (agencysPeople.includes(by)) return no("own-agency");
  const { findings = [] } = report;
  if (findings.some((one) => one.by === by && one.upheld === upheld)) return no("second-person-needed");
  // An operator may change their mind; what others found stands.
  const others = findings.filter((one) => one.by !== by);
  const isAlone = others.every((one) => one.upheld !== upheld);
  if (isAlone) return ok({ state: { ...report, findings: [...others, { by, upheld }] } });
  if (!upheld) return ok({ state: { ...report, kind: "not-upheld" } });
  return ok({ state: { ...report, kind: "upheld", until: effectOf(report, now) } });
}

/** The first of all agencies' times that comes after the rest. */
function effectOf({ receivedAt }: PressureReport, now: Millis): Millis {
  const earliest = Math.max(receivedAt + restMillis, now);
  return millis(Math.ceil(earliest / roundMillis) * roundMillis);
}

function acted(report: PressureReport, now: Millis): Outcome {
  const { until, ...rest } = report;
  if (report.kind !== "upheld" || until === undefined || until > now) return no("not-its-turn");
  return ok({ state: { ...rest, kind: "acted-on", round: until } });
}
