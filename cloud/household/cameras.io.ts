import type { Kysely } from "kysely";
import { type CharterCamera, cameraKeyName } from "../../shared/charter/lines.js";
import { assert } from "../../shared/kernel/assert.js";
import { fromBase64 } from "../../shared/kernel/bytes.js";
import { type CameraId, type HouseholdId, isCameraId, isHouseholdId } from "../../shared/kernel/ids.js";
import type { Hash } from "../../shared/seal/hash.js";
import type { Verifier } from "../../shared/seal/note.js";
import type { Database } from "../database.io.js";
import type { CameraRow } from "./tables.js";

/** A camera as its household's charters name it. */
export interface KnownCamera {
  readonly id: CameraId;
  readonly household: HouseholdId;
  /** Checks the notes that it signs. */
  readonly verifier: Verifier;
  readonly epoch: number;
  readonly place: CharterCamera["place"];
  readonly name: string;
  /** The newest charter names it: it may connect. Else only its old clips are left. */
  readonly named: boolean;
}

export interface StoredKeyFile {
  readonly epoch: number;
  /** Base64 of the age file. */
  readonly file: string;
}

/** Which cameras there are; reads only. */
export interface CameraDirectory {
  /** A camera that the newest charter of its household names. */
  find(camera: CameraId): Promise<KnownCamera | undefined>;
  /** Also one that the newest charter names no more. */
  known(camera: CameraId): Promise<KnownCamera | undefined>;
  /** True while the newest charter names it with this TLS key. */
  isAllowed(camera: CameraId, tlsKeyHash: Hash): Promise<boolean>;
  /** True for one that was removed, too: it still has to learn that it was. */
  mayConnect(camera: CameraId, tlsKeyHash: Hash): Promise<boolean>;
  /** A household's cameras by name, also those that its charter names no more. */
  list(household: HouseholdId): Promise<readonly KnownCamera[]>;
  /** A camera's key files by epoch. */
  keyFiles(camera: CameraId): Promise<readonly StoredKeyFile[]>;
}

export function createCameraDirectory(db: Kysely<Database>): CameraDirectory {
  const rowOf = (camera: CameraId): Promise<CameraRow | undefined> =>
    db.selectFrom("camera").selectAll().where("id", "=", camera).executeTakeFirst();
  const known = async (camera: CameraId): Promise<KnownCamera | undefined> => {
    const row = await rowOf(camera);
    return row && cameraOf(row);
  };
  return {
    known,
    async find(camera) {
      const found = await known(camera);
      return found?.named === true ? found : undefined;
    },
    async isAllowed(camera, tlsKeyHash) {
      const row = await rowOf(camera);
      return row?.named === 1 && row.tls_key_hash === tlsKeyHash;
    },
    mayConnect: async (camera, tlsKeyHash) => (await rowOf(camera))?.tls_key_hash === tlsKeyHash,
    async list(household) {
      const rows = await db
        .selectFrom("camera")
        .selectAll()
        .where("household", "=", household)
        .orderBy("name")
        .orderBy("id")
        .execute();
      return rows.map(cameraOf);
    },
    keyFiles: (camera) =>
      db
        .selectFrom("key_file")
        .select(["epoch", "file"])
        .where("camera", "=", camera)
        .orderBy("epoch")
        .execute(),
  };
}

function cameraOf({ id, household, note_key, epoch, place, name, named }: CameraRow): KnownCamera {
  const publicKey = fromBase64(note_key);
  assert(isCameraId(id) && isHouseholdId(household) && publicKey.ok, `camera ${id} is stored wrongly`);
  return {
    id,
    household,
    verifier: { name: cameraKeyName(id), publicKey: publicKey.value },
    epoch,
    place: place === "indoor" ? "indoor" : "outdoor",
    name,
    named: named === 1,
  };
}
