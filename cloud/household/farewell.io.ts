import { type Kysely, sql, type Transaction } from "kysely";
import type { CameraId, ClipId, HouseholdId } from "../../shared/kernel/ids.js";
import type { Database } from "../database.io.js";

/** Clips that a camera finished while its household was leaving are looked for so often before it is given up. */
const roundsMax = 10;

/** What holds a household's footage. */
export interface Footage {
  /** Whether an order keeps some of it: then it cannot be destroyed yet. */
  isHeld(household: HouseholdId): Promise<boolean>;
  /** When it resolves, the clip's key is destroyed and its bodies are gone. */
  erase(household: HouseholdId, clip: ClipId): Promise<unknown>;
  /** Forgets what of a camera's clips is on its way. */
  dropParts(camera: CameraId): Promise<void>;
}

/** What outlasts a household: what lies ready for agencies is destroyed when it resolves, what was fetched is asked back, what stays names it no more. */
export interface Outlasting {
  end(household: HouseholdId): Promise<void>;
}

/** Takes a household out of the cloud: no row and no object of it is left. Killed half-way it is done by doing it again. */
export interface Farewell {
  leave(household: HouseholdId): Promise<void>;
  /** Whether an order keeps recordings of it: it may leave once that is over. */
  isHeld(household: HouseholdId): Promise<boolean>;
}

/** What the vault has for it. */
interface Vault {
  readonly eraser: Pick<Footage, "erase">;
  readonly custodian: { holds(household: HouseholdId): Promise<boolean> };
  readonly writer: {
    partsOf(camera: CameraId): Promise<readonly { remove(): Promise<void> }[]>;
  };
}

export function footageIn({ eraser, writer, custodian }: Vault): Footage {
  return {
    isHeld: (household) => custodian.holds(household),
    erase: (household, clip) => eraser.erase(household, clip),
    async dropParts(camera) {
      for (const part of await writer.partsOf(camera)) await part.remove();
    },
  };
}

export function createFarewell(
  db: Kysely<Database>,
  footage: Footage,
  outlasting: readonly Outlasting[],
): Farewell {
  return {
    isHeld: (household) => footage.isHeld(household),
    async leave(household) {
      // Power lost from here on: the cameras are shut out and some clips are gone; the household is there to be deleted again.
      await endIn(outlasting, household);
      const cameras = await shutOut(db, household);
      for (let round = 0; round < roundsMax; round++) {
        for (const clip of await clipsOf(db, household)) await footage.erase(household, clip);
        for (const camera of cameras) await footage.dropParts(camera);
        // Power lost before this commit: every row is still there; after it: none.
        if (await db.transaction().execute((tx) => removeRows(tx, household))) return;
      }
      throw new Error(
        `A camera of household ${household} goes on storing clips. Delete the household again.`,
      );
    },
  };
}

async function endIn(outlasting: readonly Outlasting[], household: HouseholdId): Promise<void> {
  for (const course of outlasting) await course.end(household);
}

/** From here on ingest takes nothing of the household's cameras. */
async function shutOut(db: Kysely<Database>, household: HouseholdId): Promise<readonly CameraId[]> {
  const rows = await db
    .updateTable("camera")
    .set({ named: 0 })
    .where("household", "=", household)
    .returning("id")
    .execute();
  return rows.map(({ id }) => id as CameraId);
}

async function clipsOf(db: Kysely<Database>, household: HouseholdId): Promise<readonly ClipId[]> {
  const rows = await db
    .selectFrom("clip")
    .select("id")
    .where("household", "=", household)
    .where("deleted_at", "is", null)
    .execute();
  return rows.map(({ id }) => id as ClipId);
}

/** Whatever names the household, in tables of today and of later. False, and nothing done, while a clip is left. */
async function removeRows(tx: Transaction<Database>, household: HouseholdId): Promise<boolean> {
  const left = await tx
    .selectFrom("clip")
    .select("id")
    .where("household", "=", household)
    .where("deleted_at", "is", null)
    .executeTakeFirst();
  if (left !== undefined) return false;
  await sql`pragma defer_foreign_keys = on`.execute(tx);
  const cameras = tx.selectFrom("camera").select("id").where("household", "=", household);
  await tx.deleteFrom("camera_status").where("camera", "in", cameras).execute();
  // An agency that was asked to dispose of something is held to it, also by a household that has gone; and an emergency ends
  // for it as if nobody had answered: that its household went away is nothing it learns.
  await tx
    .updateTable("docket")
    .set({ household: null })
    .where("household", "=", household)
    .where(({ eb, or }) =>
      or([eb("kind", "in", ["disposal-asked", "overdue"]), eb("machine", "=", "emergency")]),
    )
    .execute();
  const { rows } = await sql<{ name: string }>`
    select tables.name from sqlite_master as tables join pragma_table_info(tables.name) as columns
    where tables.type = 'table' and columns.name = 'household'`.execute(tx);
  for (const { name } of rows)
    await sql`delete from ${sql.table(name)} where household = ${household}`.execute(tx);
  await tx.deleteFrom("household").where("id", "=", household).execute();
  return true;
}
