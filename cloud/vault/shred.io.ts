import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { type Kysely, type Migration, sql } from "kysely";
import type { ClipId, HouseholdId } from "../../shared/kernel/ids.js";
import { openSqlite } from "../database.io.js";

/** One random key per clip. While it exists the clip's age headers can be read back, and only so long. */
interface ShredTables {
  readonly shred_key: { readonly household: string; readonly clip: string; readonly key: string };
}

const shredKeys: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("shred_key")
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("clip", "text", (column) => column.notNull())
      .addColumn("key", "text", (column) => column.notNull())
      .addPrimaryKeyConstraint("shred_key_key", ["household", "clip"])
      .execute();
  },
};

export interface ClipName {
  readonly household: HouseholdId;
  readonly id: ClipId;
}

/**
 * The shred keys, in a small database of their own, so that its backups can be kept for at most 7 days whatever happens to
 * the others.
 */
export interface ShredKeys {
  /** The clips' keys, in their order; missing ones are made, and durable when this resolves. */
  ensure(clips: readonly ClipName[]): Promise<readonly Uint8Array[]>;
  find(clip: ClipName): Promise<Uint8Array | undefined>;
  /**
   * Durable when it resolves: the key is in no page of the file any more, nor of its log, unless another program, such as a backup,
   * reads the file for seconds: then the next `cutLog` takes it out of the log.
   */
  destroy(clips: readonly ClipName[]): Promise<void>;
  /** Takes out of the log what was destroyed, also by a process that died before it could. Throws while another program reads. */
  cutLog(): Promise<void>;
  all(): Promise<readonly ClipName[]>;
  close(): Promise<void>;
}

const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

export async function openShredKeys(path: string): Promise<ShredKeys> {
  const db = await openSqlite<ShredTables>(path, { "0001-shred": shredKeys });
  // A deleted key's bytes are overwritten in its page, not only unlinked.
  await sql`pragma secure_delete = on`.execute(db);
  const find = async ({ household, id }: ClipName): Promise<Uint8Array | undefined> => {
    const row = await db
      .selectFrom("shred_key")
      .select("key")
      .where("household", "=", household)
      .where("clip", "=", id)
      .executeTakeFirst();
    return row === undefined ? undefined : Buffer.from(row.key, "base64");
  };
  const ensureOne = async (clip: ClipName): Promise<Uint8Array> => {
    const found = await find(clip);
    if (found !== undefined) return found;
    const key = randomBytes(keyBytes);
    const row = { household: clip.household, clip: clip.id, key: key.toString("base64") };
    // Power lost here: a key without a clip, which the sweep destroys.
    await db
      .insertInto("shred_key")
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return (await find(clip)) ?? key;
  };
  /** The write-ahead log moved into the file and cut to nothing; false where somebody reads what stands in it. */
  const truncateLog = async (): Promise<boolean> => {
    const { rows } = await sql<{ busy: number }>`pragma wal_checkpoint(truncate)`.execute(db);
    return rows[0]?.busy === 0;
  };
  return {
    find,
    async ensure(clips) {
      const keys: Uint8Array[] = [];
      for (const clip of clips) keys.push(await ensureOne(clip));
      return keys;
    },
    async destroy(clips) {
      if (clips.length === 0) return;
      // Power lost here: the key is gone or not as a whole; the clip's tombstone stands already, so the sweep comes again.
      for (const { household, id } of clips) {
        await db.deleteFrom("shred_key").where("household", "=", household).where("clip", "=", id).execute();
      }
      // Power lost here: the log may still hold the page with the key; the sweep cuts it.
      await truncateLog();
    },
    async cutLog() {
      if (!(await truncateLog()))
        throw new Error("another program reads shred.db; its log is cut the next time");
    },
    async all() {
      const rows = await db.selectFrom("shred_key").select(["household", "clip"]).execute();
      return rows.map(({ household, clip }) => ({ household, id: clip }) as ClipName);
    },
    close: () => db.destroy(),
  };
}

/** An age header under a clip's shred key, bound to its place: `base64(nonce ‖ ciphertext ‖ tag)`. */
export function wrapHeader(header: Uint8Array, key: Uint8Array, place: string): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(place));
  return Buffer.concat([nonce, cipher.update(header), cipher.final(), cipher.getAuthTag()]).toString(
    "base64",
  );
}

/** Throws when the wrapped header was changed or stands in another place. */
export function unwrapHeader(wrapped: string, key: Uint8Array, place: string): Uint8Array {
  const data = Buffer.from(wrapped, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, data.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  })
    .setAAD(Buffer.from(place))
    .setAuthTag(data.subarray(-tagBytes));
  return Buffer.concat([decipher.update(data.subarray(nonceBytes, -tagBytes)), decipher.final()]);
}
