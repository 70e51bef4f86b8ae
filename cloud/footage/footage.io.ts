import type { Kysely, Transaction } from "kysely";
import { millis } from "../../shared/kernel/brand.js";
import { concat, fromBase64, toBase32, toBase64 } from "../../shared/kernel/bytes.js";
import type { ClipId, HouseholdId } from "../../shared/kernel/ids.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import { batchCommitment, batchFillers, batchOf, formatBatchPath } from "../../shared/release/batch.js";
import { textOf } from "../../shared/seal/note.js";
import { saltBytes } from "../../shared/seal/opening.js";
import type { LogEntry } from "../../shared/tlog/entry.js";
import type { Database } from "../database.io.js";
import type { EntryLog } from "../docket/docket.io.js";
import type { FootageBatchRow } from "./tables.js";

const hourMillis = 60 * 60_000;
/** Segments of one batch. */
const batchMax = 4_096;
const hashBytes = 32;

/** Since when a stored segment stands in the public log. */
export interface SegmentEvidence {
  readonly index: number;
  /** As its camera signed it. */
  readonly note: string;
  /** `path/v1`, from the note's text to the root. */
  readonly path: string;
  /** The log's line that holds the root, and its place. */
  readonly entry: LogEntry;
  readonly place: number;
}

/** That footage existed by a time: each hour the log commits to the notes of all segments that came in it. */
export interface Footage {
  /** At the first call of an hour; else nothing. An hour in which nothing came has a batch too. */
  publishHourly(): Promise<void>;
  /** In their order; those that wait for their batch are left out. */
  evidence(household: HouseholdId, clip: ClipId): Promise<readonly SegmentEvidence[]>;
}

interface FootageServices {
  readonly log: EntryLog;
  readonly clock: Clock;
  readonly random: Random;
}

export function createFootage(db: Kysely<Database>, services: FootageServices): Footage {
  let running: Promise<void> | undefined;
  const publish = async (): Promise<void> => {
    await logWaiting(db, services.log);
    if (!(await isDue(db, services.clock))) return;
    // More than one batch where more came.
    for (let count = batchMax; count === batchMax; ) count = await gather(db, services);
    await logWaiting(db, services.log);
  };
  return {
    async publishHourly() {
      running ??= publish().finally(() => {
        running = undefined;
      });
      await running;
    },
    async evidence(household, clip) {
      const rows = await db
        .selectFrom("segment")
        .innerJoin("footage_batch", "footage_batch.id", "segment.batch")
        .select(["segment.segment", "note", "salt", "id", "at", "root", "leaves", "log_index"])
        .where("household", "=", household)
        .where("clip", "=", clip)
        .where("log_index", "is not", null)
        .orderBy("segment.segment")
        .execute();
      const batches = new Map<string, ReturnType<typeof batchOf>>();
      return rows.flatMap(({ segment: index, note, salt, log_index: place, ...batch }) => {
        if (salt === null || place === null) return [];
        const tree = batches.get(batch.id) ?? batchOf(hashesIn(batch.leaves));
        batches.set(batch.id, tree);
        const path = formatBatchPath(tree.path({ text: textOf(note), salt: bytesOf(salt) }));
        return [{ index, note, path, entry: entryOf(batch), place }];
      });
    },
  };
}

async function isDue(db: Kysely<Database>, clock: Clock): Promise<boolean> {
  const newest = await db
    .selectFrom("footage_batch")
    .select("at")
    .orderBy("at", "desc")
    .limit(1)
    .executeTakeFirst();
  const hourOf = (at: number): number => Math.floor(at / hourMillis);
  return newest === undefined || hourOf(Number(newest.at)) !== hourOf(clock.wall());
}

/** Power lost before the commit: the next call gathers the same. How many segments it took. */
function gather(db: Kysely<Database>, { clock, random }: FootageServices): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const rows = await tx
      .selectFrom("segment")
      .select(["household", "clip", "segment", "note"])
      .where("batch", "is", null)
      .limit(batchMax)
      .execute();
    const id = `footage-${toBase32(random.bytes(10))}`;
    const commitments: string[] = [];
    for (const { household, clip, segment, note } of rows) {
      const salt = random.bytes(saltBytes);
      commitments.push(batchCommitment({ text: textOf(note), salt }));
      await tx
        .updateTable("segment")
        .set({ batch: id, salt: toBase64(salt) })
        .where("household", "=", household)
        .where("clip", "=", clip)
        .where("segment", "=", segment)
        .execute();
    }
    await storeBatch(tx, { id, at: clock.wall() }, [...commitments, ...batchFillers(rows.length, random)]);
    return rows.length;
  });
}

async function storeBatch(
  tx: Transaction<Database>,
  named: Pick<FootageBatchRow, "id" | "at">,
  commitments: readonly string[],
): Promise<void> {
  const { root } = batchOf(commitments);
  const leaves = concat(...commitments.map(bytesOf));
  await tx
    .insertInto("footage_batch")
    .values({ ...named, root, leaves, log_index: null })
    .execute();
}

/** Power lost between the log and the row: the same entry is found in the log again. */
async function logWaiting(db: Kysely<Database>, log: EntryLog): Promise<void> {
  const waiting = await db
    .selectFrom("footage_batch")
    .select(["id", "at", "root"])
    .where("log_index", "is", null)
    .orderBy("at")
    .execute();
  for (const row of waiting) {
    const { index } = await log.append(entryOf(row));
    await db.updateTable("footage_batch").set({ log_index: index }).where("id", "=", row.id).execute();
  }
}

function entryOf({ id, at, root }: Pick<FootageBatchRow, "id" | "at" | "root">): LogEntry {
  return { kind: "footage", id, at: millis(Number(at)), agency: "none", state: "hour", hash: root };
}

function hashesIn(leaves: Uint8Array): readonly string[] {
  const count = leaves.length / hashBytes;
  return Array.from({ length: count }, (_, at) =>
    toBase64(leaves.subarray(at * hashBytes, (at + 1) * hashBytes)),
  );
}

function bytesOf(base64: string): Uint8Array {
  const bytes = fromBase64(base64);
  if (!bytes.ok) throw new Error("A segment's salt is not base64. Restore a backup of the database.");
  return bytes.value;
}
