import type { Kysely } from "kysely";
import { millis } from "../../shared/kernel/brand.js";
import { fromBase64, toBase32, toBase64 } from "../../shared/kernel/bytes.js";
import type { ReleaseId } from "../../shared/kernel/ids.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import { type Act, formatAct, type ReleaseAct } from "../../shared/release/act.js";
import { batchCommitment, batchFillers, batchOf, formatBatchPath } from "../../shared/release/batch.js";
import { bucketOf } from "../../shared/release/floor.js";
import { saltBytes } from "../../shared/seal/opening.js";
import type { LogEntry } from "../../shared/tlog/entry.js";
import type { EntryLog } from "../docket/docket.io.js";
import type { ReleaseBatchRow, ReleaseTables } from "./tables.js";

const dayMillis = 24 * 60 * 60_000;

/** What shows that an act stands in the public log. */
export interface ActEvidence {
  /** `release-act/v1`. */
  readonly text: string;
  /** `path/v1`, from it to the root. */
  readonly path: string;
  /** The log's entry that holds the root, and where. */
  readonly entry: LogEntry;
  readonly index: number;
}

/** Acts of releases on their way into the public log, a day's at a time, so that nobody reads from it how many there were, or when. */
export interface Batches {
  /** Durable when it resolves; the same act again is the same. */
  note(act: ReleaseAct): Promise<void>;
  /** Logs all that waits. */
  publish(): Promise<void>;
  /** The same, if today none was published; there is one each day, also with nothing in it. */
  publishDaily(): Promise<void>;
  /** `undefined` until the log holds it. */
  evidence(release: ReleaseId, act: Act): Promise<ActEvidence | undefined>;
}

interface BatchServices {
  readonly log: EntryLog;
  readonly clock: Clock;
  readonly random: Random;
}

export function createBatches(db: Kysely<ReleaseTables>, services: BatchServices): Batches {
  const { clock, random } = services;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const mine = last.catch(() => undefined).then(run);
    last = mine;
    return mine;
  };
  const publish = async (): Promise<void> => {
    // A batch that a crash left without its entry comes first.
    await logWaiting(db, services.log);
    await gather(db, services);
    await logWaiting(db, services.log);
  };
  return {
    async note(act) {
      const row = { text: formatAct(act), salt: toBase64(random.bytes(saltBytes)), batch: null };
      // Power lost before the commit: the step that it is about is not settled, and notes it again.
      await db
        .insertInto("release_act")
        .values({ release: act.release, act: act.act, ...row })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    publish: () => inTurn(publish),
    publishDaily: () =>
      inTurn(async () => {
        const newest = await db
          .selectFrom("release_batch")
          .select("at")
          .where("log_index", "is not", null)
          .orderBy("at", "desc")
          .limit(1)
          .executeTakeFirst();
        const dayOf = (at: number): number => Math.floor(at / dayMillis);
        const isToday = newest !== undefined && dayOf(Number(newest.at)) === dayOf(clock.wall());
        if (!isToday) await publish();
      }),
    evidence: (release, act) => evidence(db, release, act),
  };
}

/** Power lost before the commit: nothing is in a batch; after it: the next `publish` logs it. */
async function gather(db: Kysely<ReleaseTables>, { clock, random }: BatchServices): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const acts = await tx.selectFrom("release_act").selectAll().where("batch", "is", null).execute();
    const commitments = [
      ...acts.map(({ text, salt }) => batchCommitment({ text, salt: bytesOf(salt) })),
      ...batchFillers(acts.length, random),
    ].sort();
    const at = clock.wall();
    const id = `batch-${toBase32(random.bytes(10))}`;
    const { root } = batchOf(commitments);
    const row = { id, at, state: bucketOf(acts.length), root, commitments: JSON.stringify(commitments) };
    await tx
      .insertInto("release_batch")
      .values({ ...row, log_index: null })
      .execute();
    await tx.updateTable("release_act").set({ batch: id }).where("batch", "is", null).execute();
  });
}

async function logWaiting(db: Kysely<ReleaseTables>, log: EntryLog): Promise<void> {
  const waiting = await db.selectFrom("release_batch").selectAll().where("log_index", "is", null).execute();
  for (const row of waiting) {
    const { index } = await log.append(entryOf(row));
    // Power lost before this: the same entry is found in the log again.
    await db.updateTable("release_batch").set({ log_index: index }).where("id", "=", row.id).execute();
  }
}

async function evidence(
  db: Kysely<ReleaseTables>,
  release: ReleaseId,
  act: Act,
): Promise<ActEvidence | undefined> {
  const row = await db
    .selectFrom("release_act")
    .innerJoin("release_batch", "release_batch.id", "release_act.batch")
    .selectAll()
    .where("release", "=", release)
    .where("act", "=", act)
    .executeTakeFirst();
  if (row === undefined || row.log_index === null) return undefined;
  const { text, salt, log_index: index } = row;
  const path = batchOf(JSON.parse(row.commitments) as string[]).path({ text, salt: bytesOf(salt) });
  return { text, path: formatBatchPath(path), entry: entryOf(row), index };
}

function entryOf({ id, at, state, root }: ReleaseBatchRow): LogEntry {
  return { kind: "releases", id, at: millis(Number(at)), agency: "none", state, hash: root };
}

function bytesOf(base64: string): Uint8Array {
  const bytes = fromBase64(base64);
  // unreached: this module alone writes that column
  if (!bytes.ok) throw new Error("A release's salt is not base64. Restore a backup of the database.");
  return bytes.value;
}
