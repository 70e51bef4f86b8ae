import type { Kysely } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { type HouseholdId, isHouseholdId, isMemberId, type MemberId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import type { Database } from "../database.io.js";
import type { Who } from "./person.js";

export interface Recovery {
  /** `recoveryIdOf` the passphrase. */
  readonly id: string;
  /** Base64 of an age file, sealed to the passphrase. */
  readonly file: string;
}

/** Sealed seeds of members who want to come back with a passphrase alone; one a member. */
export interface Recoveries {
  /** Instead of an earlier one. False when the id is another member's. */
  put(who: Who, recovery: Recovery): Promise<boolean>;
  /** When the member's was made. */
  madeAt(who: Who): Promise<Millis | undefined>;
  /** False when the member has none. */
  remove(who: Who): Promise<boolean>;
  find(id: string): Promise<(Who & Recovery) | undefined>;
}

export function createRecoveries(db: Kysely<Database>, clock: Clock): Recoveries {
  const find = async (id: string): Promise<(Who & Recovery) | undefined> => {
    const row = await db.selectFrom("recovery").selectAll().where("id", "=", id).executeTakeFirst();
    return row && isHouseholdId(row.household) && isMemberId(row.member)
      ? { household: row.household, member: row.member, id, file: row.file }
      : undefined;
  };
  const ofMember = ({ household, member }: { household: HouseholdId; member: MemberId }) =>
    db
      .selectFrom("recovery")
      .select("made_at")
      .where("household", "=", household)
      .where("member", "=", member)
      .executeTakeFirst();
  return {
    find,
    async put({ household, member }, { id, file }) {
      const before = await find(id);
      if (before !== undefined && (before.household !== household || before.member !== member)) return false;
      const now = { id, file, made_at: clock.wall() };
      // Power lost before this commit: the earlier one holds, and the member was told of no other.
      await db
        .insertInto("recovery")
        .values({ household, member, ...now })
        .onConflict((conflict) => conflict.columns(["household", "member"]).doUpdateSet(now))
        .execute();
      return true;
    },
    async madeAt(who) {
      const row = await ofMember(who);
      return row && millis(row.made_at);
    },
    async remove({ household, member }) {
      const deleted = await db
        .deleteFrom("recovery")
        .where("household", "=", household)
        .where("member", "=", member)
        .returning("id")
        .execute();
      return deleted.length > 0;
    },
  };
}
