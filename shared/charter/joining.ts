import { sha256 } from "@noble/hashes/sha2.js";
import { fromBase64Url, fromUtf8, toBase32, toBase64, toBase64Url, toUtf8 } from "../kernel/bytes.js";
import { type HouseholdId, isHouseholdId, memberIdOf } from "../kernel/ids.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import { isRecipient } from "../seal/age.js";
import { parseDecimal } from "../seal/fields.js";
import type { Hash } from "../seal/hash.js";
import { isCloudUrl } from "./cloudurl.js";
import { isName, type Member } from "./lines.js";

/**
 * What a newcomer must believe without asking the cloud: where it is, which household, and one of its charters. No secret, and no
 * right: only an owner's signature makes a member.
 */
export interface Invitation {
  readonly cloudUrl: string;
  /** SHA-256 of the cloud's own CA certificate (DER). */
  readonly caHash: Hash;
  readonly household: HouseholdId;
  readonly version: number;
  readonly charter: Hash;
  /** Under which the cloud takes the newcomer's answer; without it the answer goes by hand. */
  readonly id?: string;
}

/** A newcomer's public keys and name; the owner gives the role. */
export type Newcomer = Omit<Member, "role">;

export type JoiningRefusal = { readonly kind: "malformed-joining"; readonly what: "invitation" | "answer" };

const invitationPrefix = "lintel-invitation1";
const newcomerPrefix = "lintel-newcomer1";

export function formatInvitation(invitation: Invitation): string {
  const { cloudUrl, caHash, household, version, charter, id } = invitation;
  const url = toBase64Url(toUtf8(cloudUrl));
  const fields = [invitationPrefix, url, shortened(caHash), household, version, shortened(charter)];
  return [...fields, ...(id === undefined ? [] : [id])].join(".");
}

export function parseInvitation(text: string): Result<Invitation, JoiningRefusal> {
  const [prefix, url = "", ca = "", household = "", versionText = "", hash = "", id, ...more] = text
    .trim()
    .split(".");
  const cloudUrl = textIn(url);
  const [caHash, charter] = [bytesIn(ca), bytesIn(hash)];
  const version = parseDecimal(versionText) ?? 0;
  const inForm = prefix === invitationPrefix && more.length === 0 && isInvitationId(id);
  const whole = inForm && isHouseholdId(household) && version > 0;
  if (!whole || !isCloudUrl(cloudUrl) || caHash === undefined || charter === undefined)
    return refuse({ kind: "malformed-joining", what: "invitation" });
  const facts = { cloudUrl, caHash: toBase64(caHash), household, version, charter: toBase64(charter) };
  return ok(id === undefined ? facts : { ...facts, id });
}

export function formatNewcomer({ noteKey, loginKey, recipient, name }: Newcomer): string {
  const keys = [toBase64Url(noteKey), toBase64Url(loginKey)];
  return [newcomerPrefix, ...keys, recipient, toBase64Url(toUtf8(name))].join(".");
}

export function parseNewcomer(text: string): Result<Newcomer, JoiningRefusal> {
  const [prefix, note = "", login = "", recipient = "", nameText = "", ...more] = text.trim().split(".");
  const [noteKey, loginKey, name] = [bytesIn(note), bytesIn(login), textIn(nameText)];
  const whole = prefix === newcomerPrefix && more.length === 0 && isRecipient(recipient) && isName(name);
  if (!whole || noteKey === undefined || loginKey === undefined)
    return refuse({ kind: "malformed-joining", what: "answer" });
  return ok({ id: memberIdOf(noteKey), noteKey, loginKey, recipient, name });
}

/** What newcomer and owner, or a member and an operator, compare by eye or ear: 80 bits of the hash of all three keys, in four groups. */
export function newcomerFingerprint({ noteKey, loginKey, recipient }: Omit<Newcomer, "id" | "name">): string {
  const all = toUtf8(`${toBase64(noteKey)} ${toBase64(loginKey)} ${recipient}`);
  const text = toBase32(sha256(all).subarray(0, 10));
  return [0, 4, 8, 12].map((at) => text.slice(at, at + 4)).join("-");
}

/** 80 random bits; a line without any is whole, too. */
function isInvitationId(text: string | undefined): boolean {
  return text === undefined || /^[a-z2-7]{16}$/.test(text);
}

function shortened(hash: Hash): string {
  return hash.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** 32 bytes of base64url. */
function bytesIn(text: string): Uint8Array | undefined {
  const bytes = fromBase64Url(text);
  return bytes.ok && bytes.value.length === 32 ? bytes.value : undefined;
}

function textIn(text: string): string {
  const bytes = fromBase64Url(text);
  const read = bytes.ok ? fromUtf8(bytes.value) : bytes;
  return read.ok ? read.value : "";
}
