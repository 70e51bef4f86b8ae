import type { Millis } from "../kernel/brand.js";
import { type HouseholdId, isHouseholdId, isMemberId, type MemberId } from "../kernel/ids.js";
import type { Result } from "../kernel/result.js";
import { type FieldsRefusal, formatFields, type NoteShape, readFields } from "../seal/fields.js";
import { type Hash, isHash } from "../seal/hash.js";

/**
 * `login/v1`, signed by a member's login key, which signs nothing else. The client writes the whole text: the server
 * supplies only a nonce, and a nonce is all that fits in its line.
 */
export interface Login {
  readonly household: HouseholdId;
  readonly member: MemberId;
  /** The cloud's origin as the client knows it: a login cannot be passed on to another cloud. */
  readonly audience: string;
  /** 32 random bytes from the server, base64. */
  readonly nonce: Hash;
  readonly at: Millis;
}

const shape: NoteShape = { type: "login/v1", fields: ["member", "audience", "nonce", "at"] };

export const loginKeyName = (id: MemberId): string => `login-${id}`;

export function formatLogin({ household, ...values }: Login): string {
  return formatFields(shape, household, values);
}

export function parseLogin(text: string): Result<Login, FieldsRefusal> {
  return readFields(shape, text, (read) => ({
    household: read.subject(isHouseholdId),
    member: read.text("member", isMemberId),
    audience: read.plain("audience"),
    nonce: read.text("nonce", isHash),
    at: read.time("at"),
  }));
}
