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
import { type FieldsRefusal, formatFields, type NoteShape, readFields } from "../seal/fields.js";
import { type Hash, hashOf, isHash } from "../seal/hash.js";
import { type NoteRefusal, openNote, type Verifier } from "../seal/note.js";

/** A sealed thumbnail's largest size: in base64 with its note it fits into a message of 64 KiB. */
export const thumbnailBytesMax = 44 * 1024;
/** The first take comes seconds after the trigger, the last when the clip has ended. */
export const takesMax = 2;

/** `thumbnail/v1`: what the cloud may know of a clip's sealed picture, signed by the camera. The bytes are one complete age file. */
export interface ThumbnailNote {
  readonly household: HouseholdId;
  readonly camera: CameraId;
  readonly clip: ClipId;
  /** 1 or 2: a later take replaces an earlier one. */
  readonly take: number;
  /** The moment that it shows, by the camera's clock. */
  readonly at: Millis;
  readonly bytes: Bytes;
  /** Of the whole age file, header included. */
  readonly sha256: Hash;
}

/** A thumbnail as the camera hands it over. */
export interface SealedThumbnail {
  readonly clip: ClipId;
  readonly take: number;
  /** The signed note. */
  readonly note: string;
  /** The whole age file. */
  readonly sealed: Uint8Array;
}

const shape: NoteShape = {
  type: "thumbnail/v1",
  fields: ["camera", "clip", "take", "at", "bytes", "sha256"],
};

export function formatThumbnail({ household, ...values }: ThumbnailNote): string {
  return formatFields(shape, household, values);
}

export function parseThumbnail(text: string): Result<ThumbnailNote, FieldsRefusal> {
  return readFields(shape, text, (read) => {
    const note: ThumbnailNote = {
      household: read.subject(isHouseholdId),
      camera: read.text("camera", isCameraId),
      clip: read.text("clip", isClipId),
      take: read.number("take", takesMax),
      at: read.time("at"),
      bytes: bytes(read.number("bytes", thumbnailBytesMax)),
      sha256: read.text("sha256", isHash),
    };
    read.check(note.take > 0, "take");
    read.check(note.bytes > 0, "bytes");
    return note;
  });
}

export type ThumbnailRefusal =
  | NoteRefusal
  | FieldsRefusal
  /** The bytes are not those that the camera signed. */
  | { readonly kind: "thumbnail-differs" };

export function openThumbnail(
  signed: string,
  camera: Verifier,
): Result<ThumbnailNote, Exclude<ThumbnailRefusal, { kind: "thumbnail-differs" }>> {
  const note = openNote(signed, [camera]);
  return note.ok ? parseThumbnail(note.value.text) : note;
}

/** Opens the note, and compares the age file with it. */
export function checkThumbnail(
  { note, sealed }: { readonly note: string; readonly sealed: Uint8Array },
  camera: Verifier,
): Result<ThumbnailNote, ThumbnailRefusal> {
  const opened = openThumbnail(note, camera);
  if (!opened.ok) return opened;
  const same = sealed.length === opened.value.bytes && hashOf(sealed) === opened.value.sha256;
  return same ? ok(opened.value) : refuse({ kind: "thumbnail-differs" });
}
