import { type Millis, millis } from "../kernel/brand.js";
import { isMemberId, type MemberId } from "../kernel/ids.js";
import type { Result } from "../kernel/result.js";
import { type FieldsRefusal, formatFields, type NoteShape, readFields } from "../seal/fields.js";
import { type Hash, isHash } from "../seal/hash.js";

/**
 * `office-login/v1`, signed by the login key of an officer or operator, which signs nothing else. As with a member's login the
 * client writes the whole text; the server's nonce is all that fits in its line.
 */
export interface OfficeLogin {
  /** The agency's id, or `operator`. */
  readonly office: string;
  readonly person: MemberId;
  /** The cloud's origin as the client knows it. */
  readonly audience: string;
  /** 32 random bytes from the server, base64. */
  readonly nonce: Hash;
  readonly at: Millis;
}

/** Where those work who host the cloud. */
export const operatorOffice = "operator";

const shape: NoteShape = { type: "office-login/v1", fields: ["person", "audience", "nonce", "at"] };

/** As the ids in the public log. */
export const isOffice = (text: string): text is string => /^[a-z0-9][a-z0-9._-]{0,63}$/.test(text);

export const officeLoginKeyName = (id: MemberId): string => `office-login-${id}`;

export function formatOfficeLogin({ office, ...values }: OfficeLogin): string {
  return formatFields(shape, office, values);
}

export function parseOfficeLogin(text: string): Result<OfficeLogin, FieldsRefusal> {
  return readFields(shape, text, (read) => ({
    office: read.subject(isOffice),
    person: read.text("person", isMemberId),
    audience: read.plain("audience"),
    nonce: read.text("nonce", isHash),
    at: millis(read.number("at")),
  }));
}
