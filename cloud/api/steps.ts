import type { Result } from "../../shared/kernel/result.js";
import { faultSentence } from "../../shared/release/faults.js";
import type { AgencyRefusal } from "../agency/agency.js";
import { reasonSentence } from "../consent/sentences.js";
import type { EmergencyRefusal } from "../legal/emergency.js";
import type { MatterRefusal } from "../release/deciding.io.js";
import type { ReleaseRefusal } from "../release/release.js";
import type { RequestStepRefusal } from "../request/request.js";
import { Problem, type ProblemKind } from "./problems.js";

type StepRefusal =
  | AgencyRefusal
  | RequestStepRefusal
  | ReleaseRefusal
  | MatterRefusal
  | EmergencyRefusal
  | {
      readonly kind:
        | "pieces-missing"
        | "too-many-releases"
        | "too-much-in-escrow"
        | "agency-not-active"
        | "too-many-waiting";
    };

/** The step that was taken, or its refusal with every reason. `unsigned` is what it means that nobody known signed. */
export function demandStep<T>(
  result: Result<T, StepRefusal>,
  unsigned: ProblemKind = "not-signed-for-agency",
): T {
  if (result.ok) return result.value;
  const { error } = result;
  switch (error.kind) {
    case "no-known-signer":
      throw new Problem(unsigned);
    case "against-the-rules":
      throw new Problem(error.kind, error.faults.map(faultSentence));
    case "refused":
      throw new Problem(error.kind, error.decision.reasons.map(reasonSentence));
    default:
      throw new Problem(error.kind);
  }
}
