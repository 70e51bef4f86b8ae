import { assert } from "../../shared/kernel/assert.js";
import {
  type AgencyId,
  type CameraId,
  type ClipId,
  type CourseId,
  type HouseholdId,
  isAgencyId,
  isCameraId,
  isClipId,
  isCourseId,
  isHouseholdId,
  isMemberId,
  isOfficerId,
  isReleaseId,
  isRequestId,
  type MemberId,
  type OfficerId,
  type ReleaseId,
  type RequestId,
} from "../../shared/kernel/ids.js";

// The contract's patterns are those of the ids: what passed the one passes the other.
const brandedBy =
  <T extends string>(is: (text: string) => text is T) =>
  (text: string): T => {
    assert(is(text), "the contract let a malformed id through");
    return text;
  };

export const cameraIdIn: (text: string) => CameraId = brandedBy(isCameraId);
export const clipIdIn: (text: string) => ClipId = brandedBy(isClipId);
export const householdIdIn: (text: string) => HouseholdId = brandedBy(isHouseholdId);
export const memberIdIn: (text: string) => MemberId = brandedBy(isMemberId);
export const agencyIdIn: (text: string) => AgencyId = brandedBy(isAgencyId);
export const courseIdIn: (text: string) => CourseId = brandedBy(isCourseId);
export const officerIdIn: (text: string) => OfficerId = brandedBy(isOfficerId);
export const releaseIdIn: (text: string) => ReleaseId = brandedBy(isReleaseId);
export const requestIdIn: (text: string) => RequestId = brandedBy(isRequestId);
