import type { Kysely } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { HouseholdId, MemberId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import type { Hash } from "../../shared/seal/hash.js";
import type { HouseholdTables } from "./tables.js";

/** For so long the same key gets the same answer. */
const remembered = 24 * 60 * 60_000;
/** A creation that has not ended by then died with its process: the key may try again. */
const underWayMillisMax = 60_000;

/** One member's key for one creation. */
export interface RepeatName {
  readonly household: HouseholdId;
  readonly member: MemberId;
  readonly key: string;
}

export interface Answered {
  readonly status: number;
  readonly answer: string;
}

export type Begun =
  | { readonly kind: "fresh" }
  | { readonly kind: "under-way" }
  | { readonly kind: "other" }
  | ({ readonly kind: "done" } & Answered);

/** Creations that were asked for with a key (Idempotency-Key): asked for again, they are answered again and not done again. */
export interface Repeats {
  /** `fresh`: do it, then `end` or `drop`. `other`: the key belongs to another request. Decided by one statement. */
  begin(name: RepeatName, asked: Hash): Promise<Begun>;
  end(name: RepeatName, answered: Answered): Promise<void>;
  /** Nothing was made: the key may be used again. */
  drop(name: RepeatName): Promise<void>;
}

export function createRepeats(db: Kysely<HouseholdTables>, clock: Clock): Repeats {
  const forget = (now: Millis): Promise<unknown> =>
    db
      .deleteFrom("repeat")
      .where((eb) =>
        eb.or([
          eb("made_at", "<", millis(now - remembered)),
          eb.and([eb("status", "is", null), eb("made_at", "<", millis(now - underWayMillisMax))]),
        ]),
      )
      .execute();
  const drop = async ({ household, member, key }: RepeatName): Promise<void> => {
    await db
      .deleteFrom("repeat")
      .where("household", "=", household)
      .where("member", "=", member)
      .where("key", "=", key)
      .execute();
  };
  return {
    drop,
    async begin({ household, member, key }, asked) {
      const now = clock.wall();
      await forget(now);
      const row = { household, member, key, asked, made_at: now, status: null, answer: null };
      const { numInsertedOrUpdatedRows } = await db
        .insertInto("repeat")
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows === 1n) return { kind: "fresh" };
      const before = await db
        .selectFrom("repeat")
        .selectAll()
        .where("household", "=", household)
        .where("member", "=", member)
        .where("key", "=", key)
        .executeTakeFirst();
      if (before !== undefined && before.asked !== asked) return { kind: "other" };
      if (before?.status == null || before.answer === null) return { kind: "under-way" };
      return { kind: "done", status: before.status, answer: before.answer };
    },
    async end({ household, member, key }, answered) {
      // Power lost before the commit: it was made, and after a minute the same key would make another one.
      await db
        .updateTable("repeat")
        .set(answered)
        .where("household", "=", household)
        .where("member", "=", member)
        .where("key", "=", key)
        .execute();
    },
  };
}
