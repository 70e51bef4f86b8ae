import type { Kysely, Transaction } from "kysely";
import type { OpenedCharter, SignedCharter } from "../../shared/charter/charter.js";
import type { CharterCamera } from "../../shared/charter/lines.js";
import { toBase64 } from "../../shared/kernel/bytes.js";
import type { CameraId, HouseholdId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import type { Database } from "../database.io.js";
import { endSharesOfOthers } from "./sharing.io.js";
import type { CharterRow } from "./tables.js";

/** The private half of a camera's key, as an age file to the members who may see that camera. */
export interface KeyFile {
  readonly camera: CameraId;
  readonly epoch: number;
  /** Base64 of the age file. */
  readonly file: string;
}

export type CharterRowsRefusal =
  | { readonly kind: "camera-elsewhere"; readonly camera: CameraId }
  | { readonly kind: "key-file-for-unknown-camera"; readonly camera: CameraId };

/** The charter and all that derives from it. A refusal rolls the whole transaction back. */
export async function storeCharter(
  tx: Transaction<Database>,
  charter: OpenedCharter,
  signed: SignedCharter,
  clock: Clock,
): Promise<CharterRowsRefusal | undefined> {
  const { household, version, hash } = charter;
  await tx
    .insertInto("charter")
    .values({
      household,
      version,
      hash,
      note: signed.note,
      openings: JSON.stringify(signed.openings),
      arrived_at: clock.wall(),
      tag: null,
    })
    .execute();
  await tx.deleteFrom("member").where("household", "=", household).execute();
  await tx
    .insertInto("member")
    .values(
      charter.members.map(({ id, role, sees, loginKey, name }) => ({
        household,
        id,
        role,
        sees: sees?.join(" ") ?? null,
        login_key: toBase64(loginKey),
        name,
      })),
    )
    .execute();
  const named = charter.members.map(({ id }) => id);
  await tx
    .deleteFrom("recovery")
    .where("household", "=", household)
    .where("member", "not in", named)
    .execute();
  await tx.updateTable("camera").set({ named: 0 }).where("household", "=", household).execute();
  for (const camera of charter.cameras) {
    if (!(await storeCamera(tx, household, camera))) return { kind: "camera-elsewhere", camera: camera.id };
  }
  await endSharesOfOthers(tx, household);
  return undefined;
}

/** False when the camera belongs to another household. */
async function storeCamera(
  tx: Transaction<Database>,
  household: HouseholdId,
  { id, noteKey, tlsKeyHash, epoch, place, name }: CharterCamera,
): Promise<boolean> {
  const now = { tls_key_hash: tlsKeyHash, epoch, place, name, named: 1 };
  const written = await tx
    .insertInto("camera")
    .values({ id, household, note_key: toBase64(noteKey), ...now })
    .onConflict((conflict) =>
      conflict.column("id").doUpdateSet(now).where("camera.household", "=", household),
    )
    .returning("id")
    .execute();
  return written.length === 1;
}

/** `replace`: a newly signed charter may seal a key to other members; else what is there stays. */
export async function storeKeyFiles(
  tx: Transaction<Database>,
  { household, cameras }: OpenedCharter,
  { keyFiles, replace }: { readonly keyFiles: readonly KeyFile[]; readonly replace: boolean },
): Promise<CharterRowsRefusal | undefined> {
  for (const { camera, epoch, file } of keyFiles) {
    const named = cameras.some((one) => one.id === camera && epoch <= one.epoch);
    if (!named) return { kind: "key-file-for-unknown-camera", camera };
    await tx
      .insertInto("key_file")
      .values({ household, camera, epoch, file })
      .onConflict((conflict) => {
        const taken = conflict.columns(["camera", "epoch"]);
        return replace ? taken.doUpdateSet({ file }) : taken.doNothing();
      })
      .execute();
  }
  return undefined;
}

/** The links after version `after`, oldest first. */
export async function readChain(
  db: Kysely<Database>,
  household: HouseholdId,
  after: number,
  limit: number,
): Promise<readonly SignedCharter[]> {
  const rows = await db
    .selectFrom("charter")
    .select(["note", "openings"])
    .where("household", "=", household)
    .where("version", ">", after)
    .orderBy("version")
    .limit(limit)
    .execute();
  return rows.map(signedOf);
}

export function signedOf({ note, openings }: Pick<CharterRow, "note" | "openings">): SignedCharter {
  return { note, openings: JSON.parse(openings) };
}
