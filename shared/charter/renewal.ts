import type { Millis } from "../kernel/brand.js";
import { fromBase64 } from "../kernel/bytes.js";
import { type CameraId, type HouseholdId, isCameraId, isHouseholdId } from "../kernel/ids.js";
import type { Result } from "../kernel/result.js";
import { type FieldsRefusal, formatFields, type NoteShape, readFields } from "../seal/fields.js";

/**
 * `renewal/v1`: a camera's word, by its note-signing key, that its certificate has ended and that it wants another one for the
 * same TLS key. It has no secret and no nonce: a certificate is of use only to whoever holds the TLS key.
 */
export interface Renewal {
  readonly household: HouseholdId;
  readonly camera: CameraId;
  /** Base64 of the TLS key (DER SubjectPublicKeyInfo). */
  readonly tlsKey: string;
  /** When the certificate that it holds ends. */
  readonly ends: Millis;
}

const shape: NoteShape = { type: "renewal/v1", fields: ["camera", "key", "ends"] };
const keyCharactersMax = 256;

export function formatRenewal({ household, camera, tlsKey, ends }: Renewal): string {
  return formatFields(shape, household, { camera, key: tlsKey, ends });
}

export function parseRenewal(text: string): Result<Renewal, FieldsRefusal> {
  return readFields(shape, text, (read) => ({
    household: read.subject(isHouseholdId),
    camera: read.text("camera", isCameraId),
    tlsKey: read.text("key", isKey),
    ends: read.time("ends"),
  }));
}

function isKey(text: string): text is string {
  return text !== "" && text.length <= keyCharactersMax && fromBase64(text).ok;
}
