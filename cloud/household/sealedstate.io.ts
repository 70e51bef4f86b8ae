import type { Kysely } from "kysely";
import type { HouseholdId } from "../../shared/kernel/ids.js";
import type { HouseholdTables } from "./tables.js";

/** What a household's owners, or its contacts, keep among themselves. The cloud cannot open it, and learns from it neither what they consider nor when. */
export interface SealedState {
  /** 1, 2, 3 … */
  readonly version: number;
  /** Base64 of an age file. */
  readonly file: string;
}

export interface SealedStates {
  find(household: HouseholdId): Promise<SealedState | undefined>;
  /** False where another one of them was quicker: then nothing is stored. Durable when it resolves. */
  put(household: HouseholdId, state: SealedState): Promise<boolean>;
}

export function createSealedStates(
  db: Kysely<HouseholdTables>,
  table: "sealed_state" | "contacts_state",
): SealedStates {
  return {
    find: (household) =>
      db.selectFrom(table).select(["version", "file"]).where("household", "=", household).executeTakeFirst(),
    // Power lost before the commit: the state of before stands.
    put: (household, { version, file }) =>
      db.transaction().execute(async (tx) => {
        if (version > 1) {
          const changed = await tx
            .updateTable(table)
            .set({ version, file })
            .where("household", "=", household)
            .where("version", "=", version - 1)
            .returning("version")
            .executeTakeFirst();
          return changed !== undefined;
        }
        const added = await tx
          .insertInto(table)
          .values({ household, version, file })
          .onConflict((conflict) => conflict.doNothing())
          .returning("version")
          .executeTakeFirst();
        return added !== undefined;
      }),
  };
}
