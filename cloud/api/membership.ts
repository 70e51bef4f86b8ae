import type { HouseholdId, MemberId } from "../../shared/kernel/ids.js";
import type { CharterWriter } from "../household/charters.io.js";

/** What lets members in, by household. */
interface Ways {
  /** Ends those of everybody but the members named. */
  keepOnly(household: HouseholdId, members: readonly MemberId[]): Promise<void>;
}

/** Ends a member's ways in with their membership. A failure lets nobody in: each use asks whether the charter names its member. */
export function endWithMembership(charters: CharterWriter, ways: Ways): void {
  charters.onChange(({ household, members }) => {
    const named = members.map(({ id }) => id);
    ways.keepOnly(household, named).catch(() => undefined);
  });
}
