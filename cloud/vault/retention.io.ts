import { type Expression, type Kysely, type RawBuilder, sql } from "kysely";
import type { Millis } from "../../shared/kernel/brand.js";
import { dayMillis, type RetentionRule, retentionDaysMax } from "./clip.js";
import type { VaultTables } from "./tables.js";

/** `daysKept` as SQL: since when what a household has must have arrived to be kept. */
export function keptSince(
  household: Expression<string>,
  rule: RetentionRule,
  now: Millis,
): RawBuilder<number> {
  const chosen = sql`(select days from retention where retention.household = ${household})`;
  const days = sql`min(coalesce(${chosen}, ${rule.retentionDays}), ${rule.longestDays}, ${retentionDaysMax})`;
  return sql<number>`${now} - ${dayMillis} * ${days}`;
}

/** What arrived before this ends whatever its keep-mark: nothing is kept in a cloud for ever. */
export function ceilingSince({ longestDays }: RetentionRule, now: Millis): number {
  return now - dayMillis * Math.min(longestDays, retentionDaysMax);
}

export async function chosenDays(db: Kysely<VaultTables>, household: string): Promise<number | undefined> {
  const row = await db
    .selectFrom("retention")
    .select("days")
    .where("household", "=", household)
    .executeTakeFirst();
  return row?.days;
}

/** Counts from the next sweep on. */
export async function chooseDays(
  db: Kysely<VaultTables>,
  household: string,
  days: number,
  now: Millis,
): Promise<void> {
  const values = { days, set_at: now };
  // Power lost before the commit: what was chosen before goes on.
  await db
    .insertInto("retention")
    .values({ household, ...values })
    .onConflict((conflict) => conflict.column("household").doUpdateSet(values))
    .execute();
}
