import type { Millis } from "../kernel/brand.js";
import { type AgencyId, isAgencyId, isOfficerId, type OfficerId } from "../kernel/ids.js";
import type { Result } from "../kernel/result.js";
import { type FieldsRefusal, formatFields, type NoteShape, readFields } from "../seal/fields.js";
import { type Hash, isHash } from "../seal/hash.js";

/** Where those work who host the cloud. */
export const operatorOffice = "operator";

/** Where somebody works. */
export type Office = AgencyId | typeof operatorOffice;

/**
 * `office-login/v1`, signed by the login key of an officer or operator, which signs nothing else. As with a member's login the
 * client writes the whole text; the server's nonce is all that fits in its line.
 */
export interface OfficeLogin {
  readonly office: Office;
  readonly person: OfficerId;
  /** The cloud's origin as the client knows it. */
  readonly audience: string;
  /** 32 random bytes from the server, base64. */
  readonly nonce: Hash;
  readonly at: Millis;
}

const shape: NoteShape = { type: "office-login/v1", fields: ["person", "audience", "nonce", "at"] };

export const isOffice = (text: string): text is Office => text === operatorOffice || isAgencyId(text);

export const officeLoginKeyName = (id: OfficerId): string => `office-login-${id}`;

export function formatOfficeLogin({ office, ...values }: OfficeLogin): string {
  return formatFields(shape, office, values);
}

export function parseOfficeLogin(text: string): Result<OfficeLogin, FieldsRefusal> {
  return readFields(shape, text, (read) => ({
    office: read.subject(isOffice),
    person: read.text("person", isOfficerId),
    audience: read.plain("audience"),
    nonce: read.text("nonce", isHash),
    at: read.time("at"),
  }));
}
