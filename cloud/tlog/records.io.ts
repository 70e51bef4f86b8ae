import type { CompiledQuery, Kysely } from "kysely";
import { millis } from "../../shared/kernel/brand.js";
import { hashOf } from "../../shared/seal/hash.js";
import { formatEntry, type LogEntry } from "../../shared/tlog/entry.js";
import type { LogEntryRow, LogTables } from "./tables.js";

/** An entry that is meant for the log, by the hash of its text. */
export interface Meant {
  readonly key: string;
  readonly entry: LogEntry;
  readonly text: Uint8Array;
}

export interface EntryQuery {
  readonly kind?: string | undefined;
  readonly agency?: string | undefined;
  readonly ids?: readonly string[] | undefined;
  /** Only those with a lower index. */
  readonly before: number;
  readonly limit: number;
}

export interface ListedEntry extends LogEntry {
  readonly index: number;
}

export function meant(entry: LogEntry): Meant {
  const text = formatEntry(entry);
  return { key: hashOf(text), entry, text };
}

/** The rows of one log's entries and checkpoints. */
export class LogRecords {
  private readonly db: Kysely<LogTables>;
  private readonly origin: string;

  constructor(db: Kysely<LogTables>, origin: string) {
    this.db = db;
    this.origin = origin;
  }

  /** Says durably that these are meant for the log; what is there already stays as it is. */
  intent(all: readonly Meant[], size: number): CompiledQuery {
    const rows = all.map(({ key, entry: { id, ...entry } }) => ({
      sha256: key,
      subject: id,
      ...entry,
      origin: this.origin,
      from_size: size,
      place: null,
    }));
    return this.db
      .insertInto("log_entry")
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .compile();
  }

  /** Power lost before the commit: nobody was answered, and nothing is meant. */
  async mean(all: readonly Meant[], size: number): Promise<void> {
    await this.db.executeQuery(this.intent(all, size));
  }

  async placesOf(keys: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.db
      .selectFrom("log_entry")
      .select(["sha256", "place"])
      .where("sha256", "in", keys)
      .where("origin", "=", this.origin)
      .where("place", "is not", null)
      .execute();
    return new Map(rows.map(({ sha256, place }) => [sha256, Number(place)]));
  }

  /** Power lost before the commit: they stand in the log, and the next start finds them there. */
  async place(places: ReadonlyMap<string, number>): Promise<void> {
    await this.db.transaction().execute(async (tx) => {
      for (const [key, place] of places)
        await tx
          .updateTable("log_entry")
          .set({ place, origin: this.origin })
          .where("sha256", "=", key)
          .execute();
    });
  }

  /** What is not known to stand in this log, in the order in which it was meant for it, or stood in another. */
  async pending(): Promise<readonly (Meant & { readonly from: number })[]> {
    const rows = await this.db
      .selectFrom("log_entry")
      .selectAll()
      .where((is) => is.or([is("place", "is", null), is("origin", "!=", this.origin)]))
      .orderBy((by) => by("place", "is", null))
      .orderBy("place")
      .orderBy("at")
      .execute();
    return rows.map((row) => {
      const from = row.origin === this.origin ? Number(row.from_size) : 0;
      return { ...meant(entryOf(row)), from };
    });
  }

  /** Newest first, one more than asked for where there are more. */
  async list({ kind, agency, ids, before, limit }: EntryQuery): Promise<readonly ListedEntry[]> {
    let select = this.db
      .selectFrom("log_entry")
      .selectAll()
      .where("place", "<", before)
      .where("origin", "=", this.origin)
      .orderBy("place", "desc")
      .limit(limit + 1);
    if (kind !== undefined) select = select.where("kind", "=", kind);
    if (agency !== undefined) select = select.where("agency", "=", agency);
    if (ids !== undefined) select = select.where("subject", "in", ids);
    return (await select.execute()).map((row) => ({ index: Number(row.place), ...entryOf(row) }));
  }

  /** Of one size the first that was published stays. Power lost before the commit: it is published once more. */
  async keepCheckpoint(note: string, size: number): Promise<void> {
    await this.db
      .insertInto("log_checkpoint")
      .values({ origin: this.origin, size, note })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  /** The first published checkpoint with more than `index` entries. */
  async checkpointOver(index: number): Promise<string | undefined> {
    const row = await this.db
      .selectFrom("log_checkpoint")
      .select("note")
      .where("origin", "=", this.origin)
      .where("size", ">", index)
      .orderBy("size")
      .limit(1)
      .executeTakeFirst();
    return row?.note;
  }

  /** Of the largest published checkpoint. */
  async sizeSeen(): Promise<number> {
    const row = await this.db
      .selectFrom("log_checkpoint")
      .select((select) => select.fn.max("size").as("size"))
      .where("origin", "=", this.origin)
      .executeTakeFirst();
    return Number(row?.size ?? 0);
  }
}

function entryOf({ kind, subject, at, agency, state, hash }: LogEntryRow): LogEntry {
  return { kind: kind as LogEntry["kind"], id: subject, at: millis(Number(at)), agency, state, hash };
}
