import type { AgreementRefusal } from "../../../shared/release/agreement.js";
import type { RequestRefusal } from "../../../shared/release/request.js";
import { sentenceOf } from "../sentences.js";

/** What is wrong with an agreement or a request, to whoever is about to sign or send it. */
export function paperSentence(refusal: AgreementRefusal | RequestRefusal): string {
  switch (refusal.kind) {
    case "bad-field":
      return `What was given for "${refusal.field}" is not allowed there. --help shows the form.`;
    case "other-agency":
      return `The agreement's agency (${refusal.found}) is not the one that its founding supervisor's key gives.`;
    case "no-supervisor":
      return "The agreement names no supervisor, and without one nothing can be signed.";
    case "repeated-officer":
      return `Officer ${refusal.id}, or one of their keys, stands in the agreement twice.`;
    case "not-the-next-agreement":
      return `It is version ${refusal.found}, and the cloud has version ${refusal.have}. Make the next one anew.`;
    case "other-agreement":
      return "It was made under another agreement than the agency's newest. Make it anew: lintel agency request new";
    case "no-second-signature":
      return "It needs the signatures of an officer and of somebody else, a supervisor: lintel agency request cosign FILE";
    default:
      return sentenceOf(refusal);
  }
}
