import {
  type CharterRefusal,
  type OpenedCharter,
  openFirstCharter,
  openNextCharter,
  type SignedCharter,
} from "../../../shared/charter/charter.js";
import type { CharterCamera } from "../../../shared/charter/lines.js";
import { ok, type Result, refuse } from "../../../shared/kernel/result.js";
import type { Hash } from "../../../shared/seal/hash.js";

/** A household as its charters tell it, each opened in its turn. Never empty, oldest first. */
export interface Household {
  readonly charters: readonly OpenedCharter[];
  readonly newest: OpenedCharter;
}

/** The newest charter that this client has seen: the cloud may never show an older or another one. */
export interface SeenCharter {
  readonly version: number;
  readonly hash: Hash;
}

export type HouseholdRefusal =
  | CharterRefusal
  | { readonly kind: "charter-withheld"; readonly seen: number; readonly found: number }
  | { readonly kind: "charter-forked"; readonly version: number };

/** Opens what the cloud shows, and refuses a history that contradicts what was seen before, if anything was. */
export function openHousehold(
  chain: readonly SignedCharter[],
  seen: SeenCharter | undefined,
): Result<Household, HouseholdRefusal> {
  const charters: OpenedCharter[] = [];
  for (const signed of chain) {
    const before = charters.at(-1);
    const opened = before === undefined ? openFirstCharter(signed) : openNextCharter(before, signed);
    if (!opened.ok) return opened;
    charters.push(opened.value);
  }
  const newest = charters.at(-1);
  if (newest === undefined || newest.version < (seen?.version ?? 1))
    return refuse({ kind: "charter-withheld", seen: seen?.version ?? 1, found: newest?.version ?? 0 });
  return seen === undefined || charters[seen.version - 1]?.hash === seen.hash
    ? ok({ charters, newest })
    : refuse({ kind: "charter-forked", version: seen.version });
}

/** The newest line for a camera, also for one that a later charter removed: its clips remain. */
export function findCamera({ charters }: Household, id: string): CharterCamera | undefined {
  return charters
    .toReversed()
    .flatMap(({ cameras }) => cameras)
    .find((camera) => camera.id === id);
}

/** Every recipient that a camera has had, by epoch. */
export function epochsOf({ charters }: Household, id: string): ReadonlyMap<number, string> {
  const lines = charters.flatMap(({ cameras }) => cameras).filter((camera) => camera.id === id);
  return new Map(lines.map(({ epoch, recipient }) => [epoch, recipient]));
}

/** Each camera that any charter named, once. */
export function camerasOf(household: Household): readonly CharterCamera[] {
  const all = household.charters.flatMap(({ cameras }) => cameras);
  return [...new Map(all.map((camera) => [camera.id, camera])).values()];
}
