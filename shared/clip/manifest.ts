import { type Millis, millis } from "../kernel/brand.js";
import {
  type CameraId,
  type ClipId,
  type HouseholdId,
  isCameraId,
  isClipId,
  isHouseholdId,
} from "../kernel/ids.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import {
  type FieldReader,
  type FieldsRefusal,
  formatFields,
  type NoteShape,
  oneOf,
  parseDecimal,
  readFields,
} from "../seal/fields.js";
import { type Hash, isHash } from "../seal/hash.js";
import { type NoteRefusal, openNote, type Signer, signNote, type Verifier } from "../seal/note.js";
import { commitment, formatOpening, type Opening, type OpeningRefusal, openLines } from "../seal/opening.js";
import { isTriggerKind, type TriggerKind } from "./trigger.js";

/** Whether the camera's clock was set by a time source when the clip began. */
export type ClockQuality = "synchronised" | "unsynchronised";

/** What is known of a clip when it begins. */
export interface ManifestHead {
  readonly household: HouseholdId;
  readonly camera: CameraId;
  readonly clip: ClipId;
  /** Wall time of the first frame (of the pre-roll), UTC. */
  readonly start: Millis;
  /** The same moment on the camera's monotonic clock: orders clips while the wall clock is wrong. */
  readonly monotonic: Millis;
  readonly clock: ClockQuality;
  readonly trigger: TriggerKind;
  /** The charter in force at the camera. */
  readonly charter: Hash;
  /** The last manifest of this camera's previous clip: a gap shows. `unknown` after the camera lost its state. */
  readonly previous: Hash | "none" | "unknown";
  /** The init segment's hash. */
  readonly init: Hash;
}

/** One recorded fragment; its line is committed to by a salted hash, so that a release opens only what it contains. */
export interface FragmentFacts {
  readonly index: number;
  readonly track: number;
  /** Decode time and duration in ticks of the track's timescale, from the clip's start. */
  readonly time: number;
  readonly duration: number;
  readonly bytes: number;
  readonly sha256: Hash;
}

/** `recording` in every segment but the last: each holds the manifest so far, so that an interrupted clip verifies too. */
export type ManifestEnd = "recording" | "complete" | "interrupted";

/** The signed note and, beside it, the opening of each fragment line (`null` where it was kept back). Travels as JSON. */
export interface SignedManifest {
  readonly note: string;
  readonly openings: readonly (string | null)[];
}

export interface Manifest extends ManifestHead {
  /** `undefined` where the opening was kept back. */
  readonly fragments: readonly (FragmentFacts | undefined)[];
  readonly end: ManifestEnd;
  /** Names this manifest in the next clip. */
  readonly text: string;
}

export type ManifestRefusal = NoteRefusal | FieldsRefusal | OpeningRefusal;

/** One-second fragments of the longest clip, video and audio. */
export const manifestFragmentsMax = 512;

const shape: NoteShape = {
  type: "manifest/v1",
  fields: [
    "camera",
    "clip",
    "start",
    "monotonic",
    "clock",
    "trigger",
    "charter",
    "previous",
    "init",
    "fragment*",
    "end",
  ],
};

export function formatFragment({ index, track, time, duration, bytes, sha256 }: FragmentFacts): string {
  return `${index} ${track} ${time} ${duration} ${bytes} ${sha256}`;
}

export function signManifest(
  head: ManifestHead,
  openings: readonly Opening[],
  end: ManifestEnd,
  camera: Signer,
): SignedManifest {
  const { household, ...values } = head;
  const text = formatFields(shape, household, { ...values, fragment: openings.map(commitment), end });
  return { note: signNote(text, [camera]), openings: openings.map(formatOpening) };
}

export function openManifest(signed: SignedManifest, camera: Verifier): Result<Manifest, ManifestRefusal> {
  const note = openNote(signed.note, [camera]);
  if (!note.ok) return note;
  const head = readFields(shape, note.value.text, readHead);
  if (!head.ok) return head;
  const { commitments, ...rest } = head.value;
  const lines = openLines(commitments, signed.openings);
  if (!lines.ok) return lines;
  const fragments = lines.value.map((line) => (line === undefined ? undefined : parseFragmentLine(line)));
  const wrong = fragments.findIndex((facts, i) => lines.value[i] !== undefined && facts?.index !== i);
  if (wrong >= 0) return refuse({ kind: "bad-field", field: `fragment ${wrong}` });
  return ok({ ...rest, fragments, text: note.value.text });
}

function readHead(
  read: FieldReader,
): ManifestHead & { readonly end: ManifestEnd; readonly commitments: readonly string[] } {
  return {
    household: read.subject(isHouseholdId),
    camera: read.text("camera", isCameraId),
    clip: read.text("clip", isClipId),
    start: read.time("start"),
    monotonic: millis(read.number("monotonic")),
    clock: read.text("clock", oneOf<ClockQuality>("synchronised", "unsynchronised")),
    trigger: read.text("trigger", isTriggerKind),
    charter: read.text("charter", isHash),
    previous: read.text("previous", isPrevious),
    init: read.text("init", isHash),
    commitments: read.list("fragment", manifestFragmentsMax),
    end: read.text("end", oneOf<ManifestEnd>("recording", "complete", "interrupted")),
  };
}

function parseFragmentLine(line: string): FragmentFacts | undefined {
  const words = line.split(" ");
  const [index, track, time, duration, bytes] = words.slice(0, 5).map(parseDecimal);
  // unreached: a line that is cut before it is refused by its words
  const sha256 = words[5] ?? "";
  if (words.length !== 6 || !isHash(sha256)) return undefined;
  if (index === undefined || track === undefined || time === undefined) return undefined;
  if (duration === undefined || bytes === undefined) return undefined;
  return { index, track, time, duration, bytes, sha256 };
}

function isPrevious(text: string): text is Hash | "none" | "unknown" {
  return text === "none" || text === "unknown" || isHash(text);
}
