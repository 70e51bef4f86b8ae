import type { Millis } from "../kernel/brand.js";
import {
  type CameraId,
  type ClipId,
  type HouseholdId,
  isCameraId,
  isClipId,
  isHouseholdId,
} from "../kernel/ids.js";
import type { Result } from "../kernel/result.js";
import {
  type FieldReader,
  type FieldsRefusal,
  formatFields,
  type NoteShape,
  readFields,
} from "../seal/fields.js";
import { type Hash, isHash } from "../seal/hash.js";
import { segmentsMax } from "./segment.js";

/**
 * `receipt/v1`: the vault's word that it holds a segment durably. Only this lets the camera forget its copy: a forged
 * acknowledgement frees nothing.
 */
export interface Receipt {
  readonly household: HouseholdId;
  readonly camera: CameraId;
  readonly clip: ClipId;
  readonly index: number;
  readonly sha256: Hash;
  readonly at: Millis;
}

/** `delete/v1`: a member's word that a clip shall be gone, from the vault and from the camera's own card. */
export interface Deletion {
  readonly household: HouseholdId;
  readonly camera: CameraId;
  readonly clip: ClipId;
  readonly at: Millis;
}

const receiptShape: NoteShape = { type: "receipt/v1", fields: ["camera", "clip", "segment", "sha256", "at"] };
const deletionShape: NoteShape = { type: "delete/v1", fields: ["camera", "clip", "at"] };

export function formatReceipt({ household, index, ...values }: Receipt): string {
  return formatFields(receiptShape, household, { ...values, segment: index });
}

export function parseReceipt(text: string): Result<Receipt, FieldsRefusal> {
  return readFields(receiptShape, text, (read) => ({
    ...readDeletion(read),
    index: read.number("segment", segmentsMax - 1),
    sha256: read.text("sha256", isHash),
  }));
}

export function formatDeletion({ household, ...values }: Deletion): string {
  return formatFields(deletionShape, household, values);
}

export function parseDeletion(text: string): Result<Deletion, FieldsRefusal> {
  return readFields(deletionShape, text, readDeletion);
}

function readDeletion(read: FieldReader): Deletion {
  return {
    household: read.subject(isHouseholdId),
    camera: read.text("camera", isCameraId),
    clip: read.text("clip", isClipId),
    at: read.time("at"),
  };
}
