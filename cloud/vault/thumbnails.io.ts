import type { ExpressionBuilder, Kysely } from "kysely";
import type { ClipName } from "./shred.io.js";
import type { ThumbnailRow, VaultTables } from "./tables.js";

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

/** In a query for clips: 1 for one that has a thumbnail. */
export function hasThumbnail({ exists, selectFrom }: ExpressionBuilder<VaultTables, "clip">) {
  return exists(
    selectFrom("thumbnail")
      .select("thumbnail.clip")
      .whereRef("thumbnail.household", "=", "clip.household")
      .whereRef("thumbnail.clip", "=", "clip.id"),
  );
}
