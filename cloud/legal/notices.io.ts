import type { Kysely } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { type CourseId, type HouseholdId, newCourseId } from "../../shared/kernel/ids.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import type { OrderNotice, OrderNoticeKind } from "../../shared/release/ordernotice.js";
import type { Database } from "../database.io.js";

/** Of one page. */
const pageMax = 200;

export interface Told extends OrderNotice {
  readonly household: HouseholdId;
  /** The course that it is about, as the public log names it. */
  readonly about: string;
  /** With it the household can make the hashes of the public log's entries. */
  readonly salt: string;
}

export interface KeptNotice extends Told {
  readonly id: CourseId;
  readonly at: Millis;
}

/** What households are told; it stays as long as the household does. */
export interface Notices {
  /** Once of each kind about a course; durable when it resolves. A household that has left is told nothing. */
  tell(notice: Told): Promise<void>;
  /** Newest first. */
  list(
    household: HouseholdId,
    query: { readonly before?: string | undefined; readonly limit: number },
  ): Promise<readonly KeptNotice[]>;
}

interface NoticeServices {
  readonly clock: Clock;
  readonly random: Random;
  /** Called for each notice when it is new. */
  readonly onNew: (notice: Told) => void;
}

export function createNotices(db: Kysely<Database>, { clock, random, onNew }: NoticeServices): Notices {
  return {
    async tell(notice) {
      const { household, about, kind, ...facts } = notice;
      const home = db.selectFrom("household").select("id").where("id", "=", household);
      if ((await home.executeTakeFirst()) === undefined) return;
      const at = clock.wall();
      const row = { id: newCourseId(at, random), household, about, kind, at, facts: JSON.stringify(facts) };
      // Power lost before this commit: whoever tells does it again; after it: told once.
      const { numInsertedOrUpdatedRows } = await db
        .insertInto("notice")
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows === 1n) onNew(notice);
    },
    async list(household, { before, limit }) {
      let select = db
        .selectFrom("notice")
        .selectAll()
        .where("household", "=", household)
        .orderBy("id", "desc")
        .limit(Math.min(limit, pageMax));
      if (before !== undefined) select = select.where("id", "<", before);
      const rows = await select.execute();
      return rows.map(({ id, about, kind, at, facts }) => ({
        ...{ id: id as CourseId, household, about, kind: kind as OrderNoticeKind, at: millis(Number(at)) },
        ...(JSON.parse(facts) as Omit<Told, "household" | "about" | "kind">),
      }));
    },
  };
}
