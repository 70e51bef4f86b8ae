import type { OpenedCharter, SignedCharter } from "../../../shared/charter/charter.js";
import { charterEntry, charterTag, householdLogOf } from "../../../shared/charter/logtag.js";
import type { Millis } from "../../../shared/kernel/brand.js";
import { ok, type Result, refuse } from "../../../shared/kernel/result.js";
import type { Hash } from "../../../shared/seal/hash.js";
import type { LogEntry } from "../../../shared/tlog/entry.js";

/** A line of the public log as the cloud lists it: nothing is proven yet. */
export interface ListedCharter {
  readonly index: number;
  readonly id: string;
  readonly at: Millis;
  readonly hash: Hash;
}

export type LogRefusal =
  /** Two entries for one version: somebody was shown another charter. */
  | { readonly kind: "charter-logged-twice"; readonly version: number }
  | { readonly kind: "other-charter-logged"; readonly version: number }
  /** A version stands in the log that the cloud does not show. */
  | { readonly kind: "unshown-charter-logged"; readonly version: number }
  /** The log's own proof does not hold by the key that was seen first. */
  | { readonly kind: "charter-not-proven"; readonly version: number };

/** Where a charter is said to stand, to be proven. */
export interface Standing {
  readonly version: number;
  readonly index: number;
  readonly entry: LogEntry;
}

/** What the log may say of the household's charters: each once, and of none that this client was not shown. */
export function judgeListed(
  { first, charters, newest }: Asked,
  listed: readonly ListedCharter[],
): Result<readonly Standing[], LogRefusal> {
  const keys = householdLogOf(first);
  const of = (version: number): readonly ListedCharter[] =>
    listed.filter(({ id }) => id === charterTag(keys, version));
  const standing: Standing[] = [];
  for (const charter of charters) {
    const { version } = charter;
    const [one, more] = of(version);
    if (more !== undefined) return refuse({ kind: "charter-logged-twice", version });
    if (one === undefined) continue;
    const entry = charterEntry(keys, { ...charter, at: one.at });
    if (entry.hash !== one.hash) return refuse({ kind: "other-charter-logged", version });
    standing.push({ version, index: one.index, entry });
  }
  const next = newest.version + 1;
  return of(next).length > 0 ? refuse({ kind: "unshown-charter-logged", version: next }) : ok(standing);
}

export interface Asked {
  /** Version 1 with all its lines. */
  readonly first: SignedCharter;
  /** Those that are looked for. */
  readonly charters: readonly OpenedCharter[];
  readonly newest: OpenedCharter;
}

/** The ids to ask the log for: of these charters, and of the one that should not be there. */
export function idsOf({ first, charters, newest }: Asked): readonly string[] {
  const keys = householdLogOf(first);
  return [...charters.map(({ version }) => version), newest.version + 1].map((version) =>
    charterTag(keys, version),
  );
}
