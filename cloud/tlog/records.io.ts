import { type CompiledQuery, type Kysely, sql } from "kysely";
import { millis } from "../../shared/kernel/brand.js";
import { hashOf } from "../../shared/seal/hash.js";
import { formatEntry, type LogEntry } from "../../shared/tlog/entry.js";
import type { LogEntryRow, LogTables } from "./tables.js";

/** Checkpoints that are kept in memory. */
const recentMax = 50;

/** An entry that is meant for the log, by its time and the hash of its text. */
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
  return { key: `${entry.at}`.padStart(16, "0").concat(" ", hashOf(text)), entry, text };
}

/** The rows of one log's entries and checkpoints. */
export class LogRecords {
  private readonly db: Kysely<LogTables>;
  private readonly origin: string;
  private readonly quorum: number;
  /** The newest published checkpoints, the smallest first. */
  private recent: readonly { readonly size: number; readonly note: string }[] = [];

  constructor(db: Kysely<LogTables>, origin: string, quorum: number) {
    this.db = db;
    this.origin = origin;
    this.quorum = quorum;
  }

  /** Says durably that the entry is meant for the log; what is there already stays as it is. */
  intent(one: Meant, size: number): CompiledQuery {
    return this.db
      .insertInto("log_entry")
      .values(this.rowOf(one, size))
      .onConflict((conflict) => conflict.doNothing())
      .compile();
  }

  /** The same for many. Power lost before the commit: nobody was answered, and nothing is meant. */
  async mean(all: readonly Meant[], size: number): Promise<void> {
    const rows = all.map((one) => Object.values(this.rowOf(one, size)));
    // One text whatever their number: statements stay prepared. `where true` tells the conflict from a join (sqlite.org/lang_upsert.html §2.2).
    await sql`insert into log_entry (entry_key, kind, subject, at, agency, state, hash, origin, from_size, place)
      select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, null
      from json_each(${JSON.stringify(rows)}) where true on conflict do nothing`.execute(this.db);
  }

  private rowOf({ key, entry }: Meant, size: number): LogEntryRow {
    const { kind, id, at, agency, state, hash } = entry;
    const facts = { entry_key: key, kind, subject: id, at, agency, state, hash };
    return { ...facts, origin: this.origin, from_size: size, place: null };
  }

  async placesOf(keys: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const { rows } = await sql<{ entry_key: string; place: number }>`select entry_key, place from log_entry
      where entry_key in (select value from json_each(${JSON.stringify(keys)}))
      and origin = ${this.origin} and place is not null`.execute(this.db);
    return new Map(rows.map(({ entry_key, place }) => [entry_key, Number(place)]));
  }

  /** Power lost before the commit: they stand in the log, and the next start finds them there. */
  async place(places: ReadonlyMap<string, number>): Promise<void> {
    await sql`update log_entry set place = placed.value ->> 1, origin = ${this.origin}
      from json_each(${JSON.stringify([...places])}) as placed
      where log_entry.entry_key = placed.value ->> 0`.execute(this.db);
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

  /** Of the newest entry that is known to stand in the log, the index behind it. */
  async end(): Promise<number> {
    const row = await this.db
      .selectFrom("log_entry")
      .select("place")
      .where("origin", "=", this.origin)
      .where("place", "is not", null)
      .orderBy("place", "desc")
      .limit(1)
      .executeTakeFirst();
    return row === undefined ? 0 : Number(row.place) + 1;
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

  /** Of one size the first that was published stays, unless more witnesses cosign it later. Power lost before the commit: it is published once more. */
  async keepCheckpoint(note: string, size: number): Promise<void> {
    const witnesses = cosignaturesUnder(note);
    await this.db
      .insertInto("log_checkpoint")
      .values({ origin: this.origin, size, note, witnesses })
      .onConflict((conflict) =>
        conflict
          .columns(["origin", "size"])
          .doUpdateSet({ note, witnesses })
          .where("log_checkpoint.witnesses", "<", witnesses),
      )
      .execute();
    if (size > (this.recent.at(-1)?.size ?? -1))
      this.recent = [...this.recent, { size, note }].slice(-recentMax);
  }

  /** The first published checkpoint with more than `index` entries: of those with the quorum's cosignatures, if there is one. */
  async checkpointOver(index: number): Promise<string | undefined> {
    const [oldest] = this.recent;
    if (oldest !== undefined && oldest.size <= index)
      return this.recent.find(({ size }) => size > index)?.note;
    const witnessed = await this.firstOver(index, this.quorum);
    // Where the quorum is nobody, this finds the same again.
    return witnessed ?? this.firstOver(index, 0);
  }

  private async firstOver(index: number, witnesses: number): Promise<string | undefined> {
    const row = await this.db
      .selectFrom("log_checkpoint")
      .select("note")
      .where("origin", "=", this.origin)
      .where("size", ">", index)
      .where("witnesses", ">=", witnesses)
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

/** The log's own line is the first. */
function cosignaturesUnder(note: string): number {
  return note.slice(note.lastIndexOf("\n\n") + 2, -1).split("\n").length - 1;
}

function entryOf({ kind, subject, at, agency, state, hash }: LogEntryRow): LogEntry {
  return { kind: kind as LogEntry["kind"], id: subject, at: millis(Number(at)), agency, state, hash };
}
