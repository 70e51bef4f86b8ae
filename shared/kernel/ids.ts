import { sha256 } from "@noble/hashes/sha2.js";
import type { Brand, Millis } from "./brand.js";
import { toBase32 } from "./bytes.js";
import type { Random } from "./ports.js";

/** UUIDv7 (RFC 9562 §5.7): sorts by the time at which the clip's trigger came. */
export type ClipId = Brand<string, "ClipId">;
/** 16 characters of lower-case base32: the first 80 bits of the SHA-256 of the camera's first note-signing key. */
export type CameraId = Brand<string, "CameraId">;
/** As CameraId, of the first owner's first note-signing key. */
export type HouseholdId = Brand<string, "HouseholdId">;
/** As CameraId, of the member's note-signing key. */
export type MemberId = Brand<string, "MemberId">;
/** UUIDv7 of something that happened at the door: press, motion, gap. */
export type EventId = Brand<string, "EventId">;
/** As CameraId, of the note-signing key of the supervisor who founded the agency's record. */
export type AgencyId = Brand<string, "AgencyId">;
/** As CameraId, of the note-signing key of a person who works for an agency or for the operator. */
export type OfficerId = Brand<string, "OfficerId">;
/** UUIDv7 of what an agency asks for: a request for assistance, or an emergency's claim. */
export type RequestId = Brand<string, "RequestId">;
/** UUIDv7 of what officers or operators began: an access, a preservation, a legal process. */
export type CourseId = Brand<string, "CourseId">;
/** UUIDv7 of an authorisation's record, and of the release that carries it out. */
export type ReleaseId = Brand<string, "ReleaseId">;

const keyIdPattern = /^[a-z2-7]{16}$/;
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export const isCameraId = (text: string): text is CameraId => keyIdPattern.test(text);
export const isHouseholdId = (text: string): text is HouseholdId => keyIdPattern.test(text);
export const isMemberId = (text: string): text is MemberId => keyIdPattern.test(text);
export const isClipId = (text: string): text is ClipId => uuidPattern.test(text);
export const isEventId = (text: string): text is EventId => uuidPattern.test(text);

export const isAgencyId = (text: string): text is AgencyId => keyIdPattern.test(text);
export const isOfficerId = (text: string): text is OfficerId => keyIdPattern.test(text);
export const isRequestId = (text: string): text is RequestId => uuidPattern.test(text);
export const isCourseId = (text: string): text is CourseId => uuidPattern.test(text);
export const isReleaseId = (text: string): text is ReleaseId => uuidPattern.test(text);

export const cameraIdOf = (noteKey: Uint8Array): CameraId => keyIdOf(noteKey) as CameraId;
export const householdIdOf = (noteKey: Uint8Array): HouseholdId => keyIdOf(noteKey) as HouseholdId;
export const memberIdOf = (noteKey: Uint8Array): MemberId => keyIdOf(noteKey) as MemberId;
export const agencyIdOf = (noteKey: Uint8Array): AgencyId => keyIdOf(noteKey) as AgencyId;
export const officerIdOf = (noteKey: Uint8Array): OfficerId => keyIdOf(noteKey) as OfficerId;

export const newClipId = (now: Millis, random: Random): ClipId => uuidV7(now, random) as ClipId;
export const newEventId = (now: Millis, random: Random): EventId => uuidV7(now, random) as EventId;
export const newRequestId = (now: Millis, random: Random): RequestId => uuidV7(now, random) as RequestId;
export const newCourseId = (now: Millis, random: Random): CourseId => uuidV7(now, random) as CourseId;
export const newReleaseId = (now: Millis, random: Random): ReleaseId => uuidV7(now, random) as ReleaseId;

/** The wall time inside a UUIDv7, as the maker's clock had it. */
export function timeOf(id: ClipId | EventId | RequestId | CourseId): Millis {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) as Millis;
}

function keyIdOf(key: Uint8Array): string {
  return toBase32(sha256(key).subarray(0, 10));
}

function uuidV7(now: Millis, random: Random): string {
  const time = Math.floor(now).toString(16).padStart(12, "0").slice(-12);
  const chance = random.bytes(10);
  // unreached: ten bytes were asked for
  chance[0] = 0x70 | ((chance[0] ?? 0) & 0x0f);
  // unreached: ten bytes were asked for
  chance[2] = 0x80 | ((chance[2] ?? 0) & 0x3f);
  const tail = Array.from(chance, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${time.slice(0, 8)}-${time.slice(8)}-${tail.slice(0, 4)}-${tail.slice(4, 8)}-${tail.slice(8)}`;
}
