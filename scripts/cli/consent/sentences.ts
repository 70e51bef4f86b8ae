import { faultSentence } from "../../../shared/release/faults.js";
import { verifySentence } from "../verify/sentences.js";
import type { AskRefusal } from "./feed.js";

/** Why a request is not to be trusted. */
export function askSentence(refusal: AskRefusal): string {
  switch (refusal.kind) {
    case "agency-may-not-ask":
      return `Its agency may not ask: it is ${refusal.state}.`;
    case "against-the-rules":
      return `It asks for what no request may ask for. ${refusal.faults.map(faultSentence).join(" ")}`;
    case "not-our-camera":
      return "It is about no outdoor camera of your household.";
    case "over":
      return "It is older than anything that is asked may be.";
    default:
      return verifySentence(refusal);
  }
}
