import type { Kysely } from "kysely";
import type { Millis } from "../../shared/kernel/brand.js";
import { millis } from "../../shared/kernel/brand.js";
import {
  type CameraId,
  type ClipId,
  type HouseholdId,
  type MemberId,
  newEventId,
} from "../../shared/kernel/ids.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import { type Page, pageMax, pageOf } from "./clip.js";
import type { VaultTables } from "./tables.js";

/** `opened`: its footage was sent; `looked`: its picture was; `seen-by-link`: somebody opened what the member had `shared`. */
export const custodyActs = [
  "opened",
  "looked",
  "kept",
  "let-go",
  "deleted",
  "shared",
  "seen-by-link",
] as const;
export type CustodyAct = (typeof custodyActs)[number];

export interface CustodyEntry {
  readonly household: HouseholdId;
  readonly act: CustodyAct;
  readonly clip: ClipId;
  readonly camera: CameraId;
  /** Who did it. */
  readonly member: MemberId;
}

export interface CustodyRecord extends Omit<CustodyEntry, "household"> {
  readonly id: string;
  readonly at: Millis;
}

export interface CustodyQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly clip?: ClipId | undefined;
  /** Only of these; all when absent. */
  readonly cameras?: readonly CameraId[] | undefined;
}

/** The household's own record of who did what to which clip. */
export interface Custody {
  /**
   * Durable when it resolves. A clip is sent in many pieces: of one act by one member on one clip one entry in ten minutes is
   * made, and after a restart perhaps one more.
   */
  note(entry: CustodyEntry): Promise<void>;
  /** Newest first. */
  list(household: HouseholdId, query: CustodyQuery): Promise<Page<CustodyRecord>>;
}

/** Acts of the same kind within this time are one. */
const oneActMillis = 10 * 60_000;
/** Acts that are remembered as noted; one that is forgotten is noted again. */
const rememberedMax = 10_000;

export function createCustody(
  db: Kysely<VaultTables>,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Custody {
  const noted = new Map<string, Millis>();
  return {
    async note({ household, act, clip, camera, member }) {
      const now = clock.wall();
      const name = `${act}/${household}/${clip}/${member}`;
      const before = noted.get(name);
      if (before !== undefined && Math.abs(now - before) < oneActMillis) return;
      // Power lost before the commit: nothing was sent or done yet.
      await db
        .insertInto("custody")
        .values({ household, id: newEventId(now, random), at: now, act, clip, camera, member })
        .execute();
      if (noted.size >= rememberedMax) noted.clear();
      noted.set(name, now);
    },
    async list(household, query) {
      const limit = Math.min(query.limit, pageMax);
      let select = db
        .selectFrom("custody")
        .selectAll()
        .where("household", "=", household)
        .orderBy("id", "desc")
        .limit(limit + 1);
      if (query.cursor !== undefined) select = select.where("id", "<", query.cursor);
      if (query.cameras !== undefined) select = select.where("camera", "in", query.cameras);
      if (query.clip !== undefined) select = select.where("clip", "=", query.clip);
      const page = pageOf(await select.execute(), limit);
      return {
        ...page,
        items: page.items.map((row) => ({
          id: row.id,
          at: millis(Number(row.at)),
          act: row.act as CustodyAct,
          clip: row.clip as ClipId,
          camera: row.camera as CameraId,
          member: row.member as MemberId,
        })),
      };
    },
  };
}

export async function forgetCustody(db: Kysely<VaultTables>, before: Millis): Promise<void> {
  await db.deleteFrom("custody").where("at", "<", before).execute();
}
