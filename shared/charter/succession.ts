import { equal } from "../kernel/bytes.js";
import type { CameraId } from "../kernel/ids.js";
import type { CharterBody, CharterCamera, Member } from "./lines.js";

/** Whose signatures something needs: each owner's, or any one owner's. */
export type Signatures = "all-owners" | "any-owner";

export const allSignatures: readonly Signatures[] = ["all-owners", "any-owner"];

/** What a charter says, its place in the chain aside. */
export interface Rules extends CharterBody {
  /** Whose signatures the next charter needs. */
  readonly change: Signatures;
  /** Whose signatures a release to an agency needs. */
  readonly release: Signatures;
}

export type SuccessionRefusal =
  /** A camera's key changed without a new epoch, an epoch went back, or a new one brought no new key. */
  { readonly kind: "epoch-without-key"; readonly camera: CameraId };

export const ownersOf = ({ members }: Pick<CharterBody, "members">): readonly Member[] =>
  members.filter(({ role }) => role === "owner");
export const contactsOf = ({ members }: Pick<CharterBody, "members">): readonly Member[] =>
  members.filter(({ role }) => role === "contact");

/**
 * The owners of `current` without whose own signature `next` does not follow. Whoever may change the charter alone still takes
 * no right from another owner: removing one, making one less, replacing one's keys or letting fewer sign a release needs them.
 */
export function signersNeeded(current: Rules, next: Rules): readonly Member[] {
  const owners = ownersOf(current);
  const relaxed = current.release === "all-owners" && next.release === "any-owner";
  if (current.change === "all-owners" || relaxed) return owners;
  return owners.filter((owner) => !isStillOwner(owner, next));
}

/** What no signature makes right: each epoch of a camera has one key, and epochs only rise. */
export function faultBetween(current: CharterBody, next: CharterBody): SuccessionRefusal | undefined {
  const wrong = next.cameras.find((camera) => {
    const before = current.cameras.find(({ id }) => id === camera.id);
    return before !== undefined && !keepsEpochs(before, camera);
  });
  return wrong && { kind: "epoch-without-key", camera: wrong.id };
}

function isStillOwner(owner: Member, next: Rules): boolean {
  const now = ownersOf(next).find(({ id }) => id === owner.id);
  return now !== undefined && equal(now.loginKey, owner.loginKey) && now.recipient === owner.recipient;
}

function keepsEpochs(before: CharterCamera, now: CharterCamera): boolean {
  return now.recipient === before.recipient ? now.epoch === before.epoch : now.epoch > before.epoch;
}
