import type { Kysely } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { HouseholdId, MemberId } from "../../shared/kernel/ids.js";
import type { OwnersWord } from "../../shared/release/ownersword.js";
import type { HouseholdTables } from "./tables.js";

export interface KeptWord {
  readonly member: MemberId;
  /** `owners-word/v1`, signed. */
  readonly note: string;
  /** Base64 of the age file that it names. */
  readonly file: string;
  /** As it says itself, or when it came, if that was earlier: an owner's clock that is fast makes no word newer than it is. */
  readonly at: Millis;
}

/** The newest word of each owner. */
export interface OwnersWords {
  /** False where a newer one is there: then nothing is stored. Durable when it resolves. */
  put(word: OwnersWord, kept: Pick<KeptWord, "note" | "file">, now: Millis): Promise<boolean>;
  list(household: HouseholdId): Promise<readonly KeptWord[]>;
}

export function createOwnersWords(db: Kysely<HouseholdTables>): OwnersWords {
  return {
    // Power lost before the commit: the word of before stands, and is as old as it says.
    async put({ household, member, at: said }, { note, file }, now) {
      const at = Math.min(said, now);
      const stored = await db
        .insertInto("owners_word")
        .values({ household, member, at, note, file })
        .onConflict((conflict) =>
          conflict
            .columns(["household", "member"])
            .doUpdateSet({ at, note, file })
            .where("owners_word.at", "<=", at),
        )
        .returning("member")
        .executeTakeFirst();
      return stored !== undefined;
    },
    async list(household) {
      const rows = await db
        .selectFrom("owners_word")
        .select(["member", "at", "note", "file"])
        .where("household", "=", household)
        .orderBy("member")
        .execute();
      return rows.map(({ member, at, note, file }) => ({
        ...{ member: member as MemberId, note, file },
        at: millis(Number(at)),
      }));
    },
  };
}
