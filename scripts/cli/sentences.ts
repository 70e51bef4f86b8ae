import type { ClaimRefusal } from "../../shared/charter/claim.js";
import type { JoiningRefusal } from "../../shared/charter/joining.js";
import type { LineRefusal } from "../../shared/charter/lines.js";
import type { ModeRefusal } from "../../shared/charter/mode.js";
import type { Fmp4Refusal } from "../../shared/clip/boxes.js";
import type { ClipRefusal } from "../../shared/clip/plain.js";
import type { SegmentRefusal } from "../../shared/clip/segment.js";
import { unreachable } from "../../shared/kernel/assert.js";
import type { FieldsRefusal } from "../../shared/seal/fields.js";
import type { NoteRefusal } from "../../shared/seal/note.js";
import type { OpeningRefusal } from "../../shared/seal/opening.js";
import type { EnrolmentRefusal } from "./install/enrolment.js";
import type { HouseholdRefusal } from "./member/household.js";
import type { LogRefusal } from "./member/logcheck.js";
import type { PictureRefusal } from "./member/picture.js";
import type { RecordingRefusal } from "./member/recording.js";

type FormRefusal = NoteRefusal | FieldsRefusal | OpeningRefusal | LineRefusal;
type Refusal =
  | FormRefusal
  | ClaimRefusal
  | HouseholdRefusal
  | LogRefusal
  | JoiningRefusal
  | ModeRefusal
  | EnrolmentRefusal
  | SegmentRefusal
  | ClipRefusal
  | RecordingRefusal
  | PictureRefusal;

/** What a refusal means and what to do next: the one table of the command line. */
export function sentenceOf(refusal: Refusal): string {
  switch (refusal.kind) {
    case "malformed-claim":
      return `This is not a whole claim: ${refusal.why}. Copy the whole line that the owner's "lintel member claim" shows.`;
    case "malformed-joining":
      return refusal.what === "invitation"
        ? 'This is not a whole invitation. Copy the whole line that the owner\'s "lintel member invite" shows.'
        : 'This is not a newcomer\'s whole line. Copy the line that their "lintel member join" shows.';
    case "no-owner":
      return "The charter names no owner. The cloud shows something that no household signed; trust nothing of it.";
    case "other-household":
      return `The charter is that of another household (${refusal.found}). Do not go on with this cloud.`;
    case "not-the-next-charter":
      return `The charter does not follow the one before it (have ${refusal.have}, found ${refusal.found}). Fetch it again; if it stays so, the cloud shows a forged history.`;
    case "missing-signature":
      return `The charter lacks the signature of member ${refusal.member}, which the charter before it demands.`;
    case "epoch-without-key":
      return `The charter changes the key of camera ${refusal.camera} without a new epoch, or turns an epoch back. It was not signed by a client of ours: do not go on, ask the owners.`;
    case "other-camera":
      return "The charter does not name this camera any more: no order reaches it.";
    case "mode-not-newer":
      return `The camera has order ${refusal.have} already. Somebody was quicker: give the same command again.`;
    case "mode-not-allowed":
      return `The charter does not allow the camera the mode "${refusal.mode}". An owner may: lintel member camera CAMERA --modes off,detect,record`;
    case "may-not-loosen":
      return "An adult may let the camera do less, never more than it does now. Ask an owner.";
    case "charter-withheld":
      return `The cloud shows charter ${refusal.found}, but this computer has seen charter ${refusal.seen}. It withholds your household's newest rules: do not go on, ask its operator.`;
    case "unshown-charter-logged":
      return `Charter ${refusal.version} of your household stands in the public log, but the cloud does not show it. It withholds your household's newest rules: do not go on, ask its operator.`;
    case "charter-logged-twice":
      return `Charter ${refusal.version} of your household stands in the public log twice. Somebody was shown other rules than you: do not go on, ask the owners and the operator.`;
    case "other-charter-logged":
      return `What stands in the public log as charter ${refusal.version} is not the one that the cloud shows here. Do not go on, ask the owners and the operator.`;
    case "charter-not-proven":
      return `The public log does not prove charter ${refusal.version} by the key that this computer saw first. If the operator says why another log was begun (a restored backup does it), move log.json out of the profile's folder; else do not go on.`;
    case "charter-forked":
      return `The cloud's charter ${refusal.version} is not the one that this computer has seen. Somebody replaced your household's rules: do not go on, ask its operator.`;
    case "other-ca":
      return "The cloud's certificate authority is not the one in the claim. Somebody stands between, or the cloud was set up anew: ask the owner for a new claim.";
    case "not-in-charter":
      return "The household's newest charter does not name this camera's keys. Ask the owner to claim it again.";
    case "certificate-refused":
      return `The cloud's certificate for this camera does not hold: ${refusal.why}. Ask its operator; nothing was installed.`;
    case "bad-broker":
      return `The cloud sends the camera to "${refusal.found}", which is no mqtts:// address. Ask its operator; nothing was installed.`;
    case "bad-vault-key":
      return "The cloud's vault key is not whole. Ask its operator; nothing was installed.";
    default:
      return clipSentence(refusal);
  }
}

function clipSentence(
  refusal: FormRefusal | SegmentRefusal | ClipRefusal | RecordingRefusal | PictureRefusal,
): string {
  switch (refusal.kind) {
    case "segments-refused":
    case "manifest-refused":
    case "clip-refused":
      return sentenceOf(refusal.why);
    case "segment-missing":
      return `Segment ${refusal.index} does not follow the one before it: a segment is missing, repeated, swapped or of another clip.`;
    case "segment-differs":
      return `Segment ${refusal.index} is not what the camera signed: its bytes were changed or cut.`;
    case "other-clip":
      return `What the cloud sent belongs to another clip, camera or household (${refusal.where}).`;
    case "nothing-recorded":
      return "The vault holds no sealed picture of this clip: there is nothing to open.";
    case "no-key":
      return `Segment ${refusal.index} does not open with your key of this camera (${refusal.why}).`;
    case "thumbnail-refused":
      return sentenceOf(refusal.why);
    case "thumbnail-differs":
      return "The picture is not what the camera signed: its bytes were changed or cut.";
    case "thumbnail-not-opened":
      return `The picture does not open with your key of this camera (${refusal.why}).`;
    case "not-a-jpeg":
      return "What the camera sealed as the clip's picture is no JPEG.";
    case "unknown-charter":
      return "The clip names a charter that your household never had.";
    case "ends-differ":
      return `The last segment says "${refusal.note}", the manifest inside says "${refusal.manifest}".`;
    case "not-an-mp4":
      return `The opened bytes are not the camera's MP4: ${fmp4Sentence(refusal.why)}.`;
    case "no-manifest":
      return "The clip holds no manifest: nothing says what the camera filmed.";
    case "init-differs":
      return "The video's header is not the one that the camera signed.";
    case "fragment-differs":
      return `Second ${refusal.index + 1} of the video is not what the camera signed there.`;
    case "fragments-missing":
      return `The camera signed ${refusal.expected} fragments, but ${refusal.found} are there.`;
    default:
      return formSentence(refusal);
  }
}

function formSentence(refusal: FormRefusal): string {
  switch (refusal.kind) {
    case "malformed-note":
      return `A signed note is malformed (${refusal.why}).`;
    case "forged-signature":
      return `The signature of ${refusal.name} does not hold: the note was changed after it was signed.`;
    case "no-known-signer":
      return "A note is signed by nobody who may sign it.";
    case "other-note-type":
      return `A note is of type ${refusal.found}, where ${refusal.expected} belongs.`;
    case "not-canonical":
      return `A note's line ${refusal.line} is not as it must be (expected: ${refusal.expected}).`;
    case "bad-field":
      return `A note's field "${refusal.field}" holds no valid value.`;
    case "malformed-opening":
    case "opening-does-not-match":
      return `Line ${refusal.index + 1} beside the note is not the one that was signed.`;
    case "wrong-number-of-openings":
      return `The note commits to ${refusal.expected} lines, but ${refusal.found} stand beside it.`;
    case "bad-line":
      return `Line ${refusal.index + 1} of the charter is malformed.`;
    case "line-kept-back":
      return `Line ${refusal.index + 1} of the charter was kept back.`;
    case "repeated-key":
      return `A key stands twice in the charter (${refusal.id}).`;
    default:
      return unreachable(refusal);
  }
}

function fmp4Sentence({ kind, box, at }: Fmp4Refusal): string {
  return `${kind.replaceAll("-", " ")} at byte ${at}${box === "" ? "" : ` (box ${box})`}`;
}
