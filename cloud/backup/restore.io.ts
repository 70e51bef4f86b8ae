import { mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Kysely } from "kysely";
import type { Millis } from "../../shared/kernel/brand.js";
import { type Database, openDatabase } from "../database.io.js";
import { namesIn, syncDirectory } from "../disk.io.js";
import { Bodies } from "../vault/bodies.io.js";
import { Records } from "../vault/records.io.js";
import { type ClipName, openShredKeys } from "../vault/shred.io.js";
import { bodiesIn, copyDurably, copyOnce } from "./files.io.js";
import { irreplaceable, isWithinWindow, placesOf, timeOfState } from "./state.js";

export interface RestoreOptions {
  /** Households, charters and cameras only; also from a state whose keys are too old to be used. */
  readonly withoutClips: boolean;
}

export interface RestoreReport {
  readonly madeAt: Millis;
  readonly bodies: number;
  /** That the rows name and the backup has not. */
  readonly bodiesMissing: number;
  /** In the rows, but without a key: deleted when the backup was made, or left out. */
  readonly clipsEnded: number;
}

/** Makes a data directory of the newest state in a backup's folder. There must be nothing in its place. */
export async function restore(
  folder: string,
  data: string,
  now: Millis,
  { withoutClips }: RestoreOptions,
): Promise<RestoreReport> {
  if ((await namesIn(data)).length > 0)
    throw new Error(`${data} is not empty. Move it away, or set LINTEL_DATA to another place.`);
  const { state, madeAt } = await newestState(folder);
  if (!withoutClips && !isWithinWindow(madeAt, now))
    throw new Error(
      `The newest state in ${folder} is more than 7 days old, so clips in it may have been deleted for good: their keys are not used any more. Households, charters and cameras come back with --without-clips.`,
    );
  const making = `${data}.restoring`;
  await rm(making, { recursive: true, force: true });
  await mkdir(join(making, "vault"), { recursive: true, mode: 0o700 });
  await copyState(state, making, withoutClips);
  const clipsEnded = await endKeyless(making, now);
  const copied = await copyBodies(placesOf(folder).bodies, making);
  await syncDirectory(making);
  // Power lost before this: a half-made directory under a name that no cloud is started on; the same command begins anew.
  await rm(data, { recursive: true, force: true });
  await rename(making, data);
  await syncDirectory(dirname(data));
  return { madeAt, clipsEnded, ...copied };
}

async function newestState(folder: string): Promise<{ state: string; madeAt: Millis }> {
  const { states } = placesOf(folder);
  const name = (await namesIn(states))
    .filter((one) => timeOfState(one) !== undefined)
    .sort()
    .at(-1);
  const madeAt = name === undefined ? undefined : timeOfState(name);
  if (name === undefined || madeAt === undefined)
    throw new Error(`${folder} holds no backup. Name the folder that "backup" was given.`);
  return { state: join(states, name), madeAt };
}

async function copyState(state: string, making: string, withoutClips: boolean): Promise<void> {
  const files = ["cloud.db", ...(withoutClips ? [] : ["shred.db"]), ...irreplaceable];
  for (const name of files) {
    const to = join(making, basename(name) === "shred.db" ? join("vault", name) : name);
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    if (!(await copyDurably(join(state, name), to)))
      throw new Error(`${join(state, name)} is not there: this state is damaged. Use another backup.`);
    await syncDirectory(dirname(to));
  }
}

/** Access tokens end. Clips without a key end as if they had been deleted: they are in no list, and their cameras cannot bring them back. */
async function endKeyless(making: string, now: Millis): Promise<number> {
  const keys = await openShredKeys(join(making, "vault", "shred.db"));
  const db = await openDatabase(join(making, "cloud.db"));
  try {
    // A token that was revoked since would count again, and nobody would see it.
    await db.deleteFrom("access_token").execute();
    const records = new Records(db);
    let ended = 0;
    for (const clip of await standing(db)) {
      if ((await keys.find(clip)) !== undefined) continue;
      await records.bury(clip, now, null);
      ended++;
    }
    return ended;
  } finally {
    await db.destroy();
    await keys.close();
  }
}

async function standing(db: Kysely<Database>): Promise<readonly ClipName[]> {
  const rows = await db
    .selectFrom("clip")
    .select(["household", "id"])
    .where("deleted_at", "is", null)
    .execute();
  return rows.map(({ household, id }) => ({ household, id }) as ClipName);
}

async function copyBodies(
  folder: string,
  making: string,
): Promise<Pick<RestoreReport, "bodies" | "bodiesMissing">> {
  const [from, to] = [new Bodies(folder), new Bodies(join(making, "vault"))];
  const directories = new Set<string>();
  let bodies = 0;
  let bodiesMissing = 0;
  for (const body of bodiesIn(join(making, "cloud.db"))) {
    const outcome = await copyOnce(from.path(body), to.path(body), body.fileBytes);
    if (outcome === "missing") bodiesMissing++;
    else bodies++;
    directories.add(dirname(to.path(body)));
  }
  for (const directory of directories)
    if ((await namesIn(directory)).length > 0) await syncDirectory(directory);
  return { bodies, bodiesMissing };
}
