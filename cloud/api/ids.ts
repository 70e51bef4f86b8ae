import { assert } from "../../shared/kernel/assert.js";
import {
  type CameraId,
  type ClipId,
  type HouseholdId,
  isCameraId,
  isClipId,
  isHouseholdId,
  isMemberId,
  type MemberId,
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
