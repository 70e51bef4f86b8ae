import type { CharterRefusal } from "../../../shared/charter/charter.js";
import type { SegmentRefusal } from "../../../shared/clip/segment.js";
import { utcText } from "../../../shared/kernel/utc.js";
import type { AgreementRefusal } from "../../../shared/release/agreement.js";
import type { AuthorisationRefusal } from "../../../shared/release/authorisation.js";
import type { ConsentRefusal } from "../../../shared/release/consent.js";
import type { FactsRefusal } from "../../../shared/release/facts.js";
import type { RequestRefusal } from "../../../shared/release/request.js";
import type { SliceRefusal } from "../../../shared/release/slice.js";
import type { StandingRefusal } from "../../../shared/release/standing.js";
import type { UnpackRefusal } from "../../../shared/release/unpack.js";
import type { VerifyRefusal } from "../../../shared/release/verify.js";
import type { EntryRefusal } from "../../../shared/tlog/entry.js";
import type { ProofRefusal } from "../../../shared/tlog/proof.js";
import { sentenceOf } from "../sentences.js";

/** What it means that a package does not verify: the one table for it. */
export function verifySentence(refusal: VerifyRefusal): string {
  switch (refusal.kind) {
    case "slice-refused":
      return `Clip ${refusal.clip} is not what its camera signed. ${whySentence(refusal.why)}`;
    case "clip-not-as-authorised":
      return `Clip ${refusal.clip} is not the one that the household authorised: its ${refusal.what} differs.`;
    case "other-terms":
      return "terms.txt is not the text that the agency agreed to.";
    case "file-differs":
      return `${refusal.name} says something else than was signed, shows more than it may, or stands in another place.`;
    case "escrow-missing":
      return 'The proof that the release was logged is missing (escrow.act and its like). "lintel agency fetch" adds it.';
    case "not-one-log":
      return `proofs/policy.txt names ${refusal.found} logs, and a package is proven by one.`;
    case "malformed-policy":
      return `proofs/policy.txt is no policy (line ${refusal.line}: ${refusal.why}).`;
    default:
      return partSentence(refusal);
  }
}

function partSentence(refusal: UnpackRefusal | FactsRefusal | ConsentRefusal | StandingRefusal): string {
  switch (refusal.kind) {
    case "not-our-tar":
      return `It is no package as Lintel writes them: another byte stands at ${refusal.at}. A tar that was packed again is another file; use the one that was fetched.`;
    case "file-missing":
      return `${refusal.name} is missing.`;
    case "file-unknown":
      return `${refusal.name} does not belong to the package, or stands in it twice.`;
    case "file-malformed":
      return `${refusal.name} is malformed.`;
    case "sum-differs":
      return `${refusal.name} is not the file that SHA256SUMS names there: it was changed, moved or damaged.`;
    case "agreement-refused":
      return `The agency's agreement does not hold. ${whySentence(refusal.why)}`;
    case "request-refused":
      return `The request does not hold. ${whySentence(refusal.why)}`;
    case "charter-refused":
      return `The household's charters/${refusal.index + 1}.json does not hold. ${whySentence(refusal.why)}`;
    case "authorisation-refused":
      return `The household's authorisation does not hold. ${whySentence(refusal.why)}`;
    case "word-refused":
      return `words/${refusal.index + 1}.note does not hold: it is no word of an owner whom the charter shows. ${whySentence(refusal.why)}`;
    case "strange-signature":
      return "Somebody signed the authorisation whom no charter in the package shows as an owner, or as a contact where contacts signed.";
    default:
      return ruleSentence(refusal);
  }
}

function ruleSentence(refusal: ConsentRefusal | StandingRefusal): string {
  switch (refusal.kind) {
    case "signed-for-another":
      return `The household signed for another ${refusal.what} than this package is about.`;
    case "not-by-consent":
      return "It was not signed as an owner's consent. Only that answers a request.";
    case "too-few-contacts":
      return `Of the contacts whom each charter shows ${refusal.found} signed; it takes two.`;
    case "other-words":
      return "The owners' words (words/) are not those that the contacts signed for, one of each owner.";
    case "owner-not-heard":
      return `Nothing shows that owner ${refusal.member} did not say no: contacts can release nothing without.`;
    case "request-against-the-rules":
      return `The request breaks a rule that no operator loosens: ${refusal.fault.replaceAll("-", " ")}.`;
    case "other-charters":
      return "The charters in the package are not those that the authorisation and the clips name.";
    case "nobody-who-may-signed":
      return "No owner signed whom each charter shows.";
    case "owner-did-not-sign":
      return `The charter asks for every owner's signature, and member ${refusal.member} did not sign.`;
    case "camera-not-then":
      return `The charter under which clip ${refusal.clip} was recorded does not name its camera.`;
    case "camera-not-now":
      return `The charter in force at the signing does not name the camera of clip ${refusal.clip} any more.`;
    case "outside-window":
      return `Clip ${refusal.clip} goes beyond the times that the request asks for.`;
    case "other-camera":
      return `The emergency is about another camera than that of clip ${refusal.clip}.`;
    case "indoor-camera":
      return `Clip ${refusal.clip} is of an indoor camera: no emergency reaches it.`;
    case "signed-in-the-future":
      return "The authorisation was signed in the future. Is this computer's clock right?";
    case "hold-too-short":
      return "The household was given less time to reconsider than the rules demand.";
    case "kept-too-long":
      return "The authorisation lets the agency keep the recordings for longer than the rules allow.";
    default:
      return standingSentence(refusal);
  }
}

function standingSentence(refusal: StandingRefusal): string {
  switch (refusal.kind) {
    case "proof-refused":
      return `${refusal.name}.proof does not show that it stood in the public log. ${whySentence(refusal.why)}`;
    case "entry-refused":
      return `${refusal.name}.entry is no line of a public log. ${whySentence(refusal.why)}`;
    case "entry-of-another":
      return `${refusal.name}.entry speaks of something else than this package.`;
    case "evidence-missing":
      return `The proof ${refusal.name} is missing.`;
    case "evidence-not-needed":
      return `The proof ${refusal.name} proves nothing in this package.`;
    case "not-public-long-enough":
      return `The agency's terms were public since ${utcText(refusal.since)} only, and it asked at ${utcText(refusal.asked)}: that is less than 30 days.`;
    case "signed-by-newcomers":
      return `Whom the agency names to sign is public since ${utcText(refusal.since)} only, and it asked at ${utcText(refusal.asked)}: for the first 30 days two must sign who were named before.`;
    case "segment-refused":
      return `A sealed segment of clip ${refusal.clip} does not hold. ${whySentence(refusal.why)}`;
    case "segment-of-another":
      return `The sealed segments beside clip ${refusal.clip} are another's, or one between them is missing.`;
    case "path-refused":
      return `${refusal.name} is malformed. ${whySentence(refusal.why)}`;
    case "not-in-the-batch":
      return `${refusal.name} does not lead to the line of the log that it names.`;
    case "act-refused":
      return `escrow.act is malformed. ${whySentence(refusal.why)}`;
    case "act-of-another":
      return "escrow.act speaks of another release.";
    case "contacts-too-early":
      return "The contacts signed before the household's owners had had their 30 minutes alone.";
    case "word-before-question":
      return `The word of owner ${refusal.member} was given before the household was asked: it says nothing of this.`;
    case "word-after-signing":
      return `The word of owner ${refusal.member} is said to be given after the contacts signed for it.`;
    case "escrowed-on-hold":
      return "The release was handed in before the household's time to reconsider had ended.";
    case "escrowed-too-late":
      return "The release was handed in after the authorisation had expired.";
    case "logged-out-of-order":
      return "In the log the agreement must stand before the request, and the request before the release.";
  }
}

type Why =
  | AgreementRefusal
  | RequestRefusal
  | CharterRefusal
  | AuthorisationRefusal
  | SegmentRefusal
  | SliceRefusal
  | ProofRefusal
  | EntryRefusal;

function whySentence(why: Why): string {
  switch (why.kind) {
    case "other-agency":
      return `It is that of another agency (${why.found}).`;
    case "no-supervisor":
      return "It names no supervisor.";
    case "repeated-officer":
      return `It names officer ${why.id}, or a key, twice.`;
    case "not-the-next-agreement":
      return `Its versions do not follow each other (have ${why.have}, found ${why.found}).`;
    case "other-agreement":
      return "It was made under another agreement.";
    case "no-second-signature":
      return "It needs the signatures of an officer and of another person, a supervisor.";
    case "cut-inside":
      return `Before line ${why.index} a second was taken out.`;
    case "malformed-proof":
      return "It is no proof.";
    case "not-in-the-log":
      return "It leads to another root than the log signed.";
    case "malformed-checkpoint":
      return "Its checkpoint is malformed.";
    case "other-log":
      return `It is of another log (${why.found}).`;
    case "too-few-witnesses":
      return `Of the witnesses whom you believe ${why.found} saw it, and ${why.needed} must have.`;
    case "not-utf8":
      return "It is no text.";
    default:
      return sentenceOf(why);
  }
}
