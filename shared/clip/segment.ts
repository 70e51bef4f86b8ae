import { type Bytes, bytes, type Millis } from "../kernel/brand.js";
import {
  type CameraId,
  type ClipId,
  type HouseholdId,
  isCameraId,
  isClipId,
  isHouseholdId,
} from "../kernel/ids.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import { type FieldsRefusal, formatFields, type NoteShape, oneOf, readFields } from "../seal/fields.js";
import { type Hash, hashOfText, isHash } from "../seal/hash.js";
import { type NoteRefusal, openNote, type Verifier } from "../seal/note.js";

/** Longest footage in one segment: what a power cut can cost. */
export const segmentMillisMax = 2_000;
/** A sealed segment's largest size: 2 s at 30 Mbit/s and some room. */
export const segmentBytesMax = 8 * 1024 * 1024;
/** Segments in a clip: 75 s of one-second fragments, each sealed alone, and a closing one stay well below. */
export const segmentsMax = 256;

/** `no`: more follows. `complete`: the last as planned. `interrupted`: the last, because the camera stopped (power, source). */
export type SegmentEnd = "no" | "complete" | "interrupted";

/**
 * The ciphertext note, `segment/v1`: what the cloud may know of one sealed segment, signed by the camera. The bytes that it
 * names are one complete age file. A segment that only closes an interrupted clip after a reboot has 0 bytes and no file.
 */
export interface SegmentNote {
  readonly household: HouseholdId;
  readonly camera: CameraId;
  readonly clip: ClipId;
  /** 0, 1, 2 … without a gap. */
  readonly index: number;
  /** Hash of the previous segment's note text; `none` for the first. */
  readonly previous: Hash | "none";
  readonly bytes: Bytes;
  /** Of the whole age file, header included. */
  readonly sha256: Hash;
  readonly end: SegmentEnd;
}

/** A segment as the sealer hands it over. */
export interface SealedSegment {
  readonly clip: ClipId;
  readonly index: number;
  readonly end: SegmentEnd;
  /** The signed ciphertext note. */
  readonly note: string;
  /** The whole age file. */
  readonly sealed: Uint8Array;
  /** Hash of the text of the manifest inside: names it in the next clip. */
  readonly manifest: Hash;
  /** Wall times of the footage inside. */
  readonly from: Millis;
  readonly to: Millis;
}

const shape: NoteShape = {
  type: "segment/v1",
  fields: ["camera", "clip", "segment", "previous", "bytes", "sha256", "end"],
};

export function formatSegment({ household, index, ...values }: SegmentNote): string {
  return formatFields(shape, household, { ...values, segment: index });
}

export function parseSegment(text: string): Result<SegmentNote, FieldsRefusal> {
  return readFields(shape, text, (read) => {
    const note: SegmentNote = {
      household: read.subject(isHouseholdId),
      camera: read.text("camera", isCameraId),
      clip: read.text("clip", isClipId),
      index: read.number("segment", segmentsMax - 1),
      previous: read.text("previous", isHashOrNone),
      bytes: bytes(read.number("bytes", segmentBytesMax)),
      sha256: read.text("sha256", isHash),
      end: read.text("end", oneOf<SegmentEnd>("no", "complete", "interrupted")),
    };
    read.check((note.index === 0) === (note.previous === "none"), "previous");
    read.check(note.bytes > 0 || note.end === "interrupted", "bytes");
    return note;
  });
}

function isHashOrNone(text: string): text is Hash {
  return text === "none" || isHash(text);
}

/** A ciphertext note whose signature and form held; `hash` is its name in the next one. */
export interface OpenedSegment extends SegmentNote {
  readonly hash: Hash;
}

export type SegmentRefusal =
  | NoteRefusal
  | FieldsRefusal
  | { readonly kind: "segment-missing"; readonly index: number };

export function openSegment(signed: string, camera: Verifier): Result<OpenedSegment, SegmentRefusal> {
  const note = openNote(signed, [camera]);
  if (!note.ok) return note;
  const segment = parseSegment(note.value.text);
  return segment.ok ? ok({ ...segment.value, hash: hashOfText(note.value.text) }) : segment;
}

/**
 * Opens a clip's ciphertext notes from the first on: signed by this camera, of one clip, each naming the one before.
 * The last need not be final: a clip may still be recording or have been cut off.
 */
export function openSegmentChain(
  notes: readonly string[],
  camera: Verifier,
): Result<readonly OpenedSegment[], SegmentRefusal> {
  const chain: OpenedSegment[] = [];
  for (const [index, signed] of notes.entries()) {
    const segment = openSegment(signed, camera);
    if (!segment.ok) return segment;
    if (!follows(chain[index - 1], segment.value)) return refuse({ kind: "segment-missing", index });
    chain.push(segment.value);
  }
  return ok(chain);
}

function follows(before: OpenedSegment | undefined, segment: OpenedSegment): boolean {
  if (before === undefined) return segment.index === 0;
  if (segment.clip !== before.clip || segment.index !== before.index + 1) return false;
  return before.end === "no" && segment.previous === before.hash;
}
