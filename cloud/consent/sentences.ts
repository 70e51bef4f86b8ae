import { utcText } from "../../shared/kernel/utc.js";
import type { Reason } from "./decide.js";

/** Why not, to whoever asked for a release. */
export function reasonSentence(reason: Reason): string {
  switch (reason.kind) {
    case "never-readable":
      return "Legal process yields what the cloud holds, and that is sealed.";
    case "not-open":
      return `The request is not open: it is ${reason.state}.`;
    case "agency-may-not-ask":
      return `The agency may not ask: it is ${reason.state}.`;
    case "not-authorised":
      return "Nobody has authorised it.";
    case "signed-for-another":
      return `What was signed is for another ${reason.what}.`;
    case "charter-has-changed":
      return "The household's charter has changed since it was signed. Sign it again.";
    case "unknown-charter":
      return `Clip ${reason.clip} was recorded under a charter that is not the household's.`;
    case "camera-not-then":
      return `Clip ${reason.clip} is of a camera that was not the household's when it was recorded.`;
    case "camera-not-now":
      return `Clip ${reason.clip} is of a camera that is not the household's any more.`;
    case "not-in-the-vault":
      return `The vault has no clip ${reason.clip} of that camera.`;
    case "charter-after-clip":
      return `Clip ${reason.clip} came before the charter that it is said to be recorded under.`;
    case "outside-window":
      return `Clip ${reason.clip} reaches beyond the window that is asked for.`;
    case "recorded-too-early":
      return `Clip ${reason.clip} was recorded more than 72 hours before the emergency.`;
    case "indoor-camera":
      return `Clip ${reason.clip} is of an indoor camera: no emergency reaches it.`;
    case "other-camera":
      return `The emergency is about another camera than that of clip ${reason.clip}.`;
    case "signed-in-the-future":
      return "It was signed in the future. Set the clock of the machine that signed it.";
    case "signed-before-it-was-asked":
      return "It was signed before the household was asked. Set the clock of the machine that signed it.";
    case "open-too-long":
      return "It stays open for longer than the owners have to sign it, and its hold. Sign it again.";
    case "hold-too-short":
      return "Its hold is shorter than this cloud allows, an hour at least. Sign it again: --hold 24h";
    case "kept-too-long":
      return "It lets the agency keep the recording for longer than 90 days.";
    case "expired":
      return `It ran out at ${utcText(reason.at)}.`;
    case "on-hold":
      return `It rests until ${utcText(reason.at)}; until then it can be withdrawn without a trace.`;
    case "agency-on-probation":
      return "The agency is on probation: two operators look at each release to it.";
    case "child-visible":
      return "A child is seen: two operators look at the release's circumstances.";
    default:
      return signerSentence(reason);
  }
}

type SignerReason = Extract<
  Reason,
  {
    kind:
      | "owner-not-heard"
      | "missing-signature"
      | "nobody-who-may-signed"
      | "too-few-contacts"
      | "contacts-too-early"
      | "answered-already";
  }
>;

/** What is wrong with who signed. */
function signerSentence(reason: SignerReason): string {
  switch (reason.kind) {
    case "owner-not-heard":
      return `Nothing shows that owner ${reason.member} does not say no: contacts can release nothing without.`;
    case "missing-signature":
      return `Owner ${reason.member} has not signed it.`;
    case "nobody-who-may-signed":
      return "Nobody has signed it who may.";
    case "too-few-contacts":
      return `${reason.found} of the contacts have signed it; it takes ${reason.needed}.`;
    case "contacts-too-early":
      return `The owners alone are asked until ${utcText(reason.from)}; contacts sign after that.`;
    case "answered-already":
      return "The household has answered already: what it released lies ready for the agency.";
  }
}
