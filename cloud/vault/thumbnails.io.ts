import type { Kysely } from "kysely";
import type { ClipName } from "./shred.io.js";
import type { ClipRow, ThumbnailRow, VaultTables } from "./tables.js";

export async function thumbnailRow(
  db: Kysely<VaultTables>,
  { household, id }: ClipName,
): Promise<ThumbnailRow | undefined> {
  return db
    .selectFrom("thumbnail")
    .selectAll()
    .where("household", "=", household)
    .where("clip", "=", id)
    .executeTakeFirst();
}

/** In the place of what stood there; the clip's bytes grow by `growth`. */
export async function putThumbnail(
  db: Kysely<VaultTables>,
  row: ThumbnailRow,
  growth: number,
): Promise<void> {
  const { household, clip, ...values } = row;
  // Power lost before the commit: what stood there stands, nothing was acknowledged; the camera sends it again if it can.
  await db.transaction().execute(async (trx) => {
    await trx
      .insertInto("thumbnail")
      .values(row)
      .onConflict((conflict) => conflict.columns(["household", "clip"]).doUpdateSet(values))
      .execute();
    await trx
      .updateTable("clip")
      .set((of) => ({ bytes: of("bytes", "+", growth) }))
      .where("household", "=", household)
      .where("id", "=", clip)
      .execute();
  });
}

/** Which of these clips have one. */
export async function withThumbnail(
  db: Kysely<VaultTables>,
  household: string,
  clips: readonly ClipRow[],
): Promise<ReadonlySet<string>> {
  if (clips.length === 0) return new Set();
  const ids = clips.map(({ id }) => id);
  const rows = await db
    .selectFrom("thumbnail")
    .select("clip")
    .where("household", "=", household)
    .where("clip", "in", ids)
    .execute();
  return new Set(rows.map(({ clip }) => clip));
}
