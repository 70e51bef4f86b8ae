import type { Kysely, Transaction } from "kysely";
import { maySee, mayShare } from "../../shared/charter/lines.js";
import { type HouseholdId, isCameraId } from "../../shared/kernel/ids.js";
import type { Database } from "../database.io.js";
import { standingOf } from "./logins.io.js";

/** Who made a link, and of which camera's clip. */
interface Made {
  readonly household: string;
  readonly member: string;
  readonly camera: string;
}

/** Whether a link's maker could make it now: by the newest charter, still a member who may share and sees that camera. */
export async function mayStillShare(
  db: Kysely<Database>,
  { household, member, camera }: Made,
): Promise<boolean> {
  const row = await db
    .selectFrom("member")
    .innerJoin("camera", "camera.household", "member.household")
    .select(["member.role", "member.sees", "camera.place"])
    .where("member.household", "=", household)
    .where("member.id", "=", member)
    .where("camera.id", "=", camera)
    .executeTakeFirst();
  if (row === undefined || !isCameraId(camera)) return false;
  const standing = standingOf(row);
  const place = row.place === "outdoor" ? "outdoor" : "indoor";
  return mayShare(standing.role) && maySee(standing, { id: camera, place });
}

/** Ends the links of makers who may not share them any more, with the charter that says so. Their files go with the next sweep. */
export async function endSharesOfOthers(tx: Transaction<Database>, household: HouseholdId): Promise<void> {
  const all = await tx
    .selectFrom("share")
    .select(["id", "household", "member", "camera"])
    .where("household", "=", household)
    .execute();
  for (const share of all)
    if (!(await mayStillShare(tx, share))) await tx.deleteFrom("share").where("id", "=", share.id).execute();
}
