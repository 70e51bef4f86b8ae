// Takes the place of `cloud/sqlite.io.ts`: the real SQLite, in memory. With `synchronous=FULL` what is committed survives a power cut
// (sqlite.org/pragma.html#pragma_synchronous); with less, the last commits may be lost, and here one always is.
import { createRequire } from "node:module";
import type Sqlite from "better-sqlite3";
import { countWrite, type Machine, powerOff, prng, running } from "./clockwork.js";
import { fault, PowerLost, place } from "./disk.js";

const [nodeMajor = 0] = globalThis.process.versions.node.split(".").map(Number);
const Real: typeof Sqlite = createRequire(import.meta.url)(
  nodeMajor >= 22 ? "better-sqlite3-napi" : "better-sqlite3",
);

/** A database file: the open database, its statements, and what to fall back to where commits are not synced. */
interface Kept {
  db: Sqlite.Database;
  readonly statements: Map<string, Sqlite.Statement>;
  before: Buffer | undefined;
}

let databases = new Map<string, Kept>();
/** Migrated databases to begin with, by the end of their path. */
const templates = new Map<string, Buffer>();
/** Emptied ones, by path. */
const spare = new Map<string, Kept>();
/** Chance that a write finds the disk full. */
let full = 0;

/** No databases; those that are as they were made are emptied and used again, since to prepare their statements takes long. */
export function resetDatabases(): void {
  for (const [path, kept] of databases) {
    if (templates.has(path) && kept.before === undefined) empty(kept.db);
    else kept.db.close();
    if (kept.db.open) spare.set(path, kept);
  }
  databases = new Map();
  full = 0;
}

function empty(db: Sqlite.Database): void {
  if (db.inTransaction) db.exec("rollback");
  const tables = db.prepare(
    "select name from sqlite_master where type = 'table' and name not like 'kysely_%'",
  );
  db.pragma("foreign_keys = OFF");
  db.exec("begin");
  for (const name of tables.pluck().all()) db.exec(`delete from "${name}"`);
  db.exec("commit");
}

export function setDatabaseFull(probability: number): void {
  full = probability;
}

/** From here on a database at such a path begins like this one. */
export function keepTemplates(): void {
  for (const [path, { db }] of databases) templates.set(path, db.serialize());
  databases = new Map();
}

/** For an oracle: what stands in a database. */
export function query(path: string, text: string, values: readonly unknown[]): readonly unknown[] {
  const kept = databases.get(path);
  return kept === undefined ? [] : prepared(kept, text).all(...values);
}

/** All of a database's bytes. */
export function bytesOf(path: string): Buffer {
  return databases.get(path)?.db.serialize() ?? Buffer.alloc(0);
}

function prepared(kept: Kept, text: string): Sqlite.Statement {
  const statement = kept.statements.get(text) ?? kept.db.prepare(text);
  kept.statements.set(text, statement);
  return statement;
}

/** What a power cut leaves of a machine's databases. */
export function settleDatabases(machine: Machine): void {
  for (const [path, kept] of databases) {
    if (!path.startsWith(`/${machine.name}/`)) continue;
    if (kept.db.inTransaction) kept.db.exec("rollback");
    if (kept.before === undefined) continue;
    kept.db.close();
    kept.db = new Real(kept.before);
    kept.statements.clear();
    kept.before = undefined;
  }
}

function keptAt(path: string): Kept {
  const known = databases.get(path) ?? spare.get(path);
  spare.delete(path);
  if (known !== undefined) databases.set(path, known);
  if (known !== undefined) return known;
  const template = templates.get(path);
  const kept = {
    db: template === undefined ? new Real(":memory:") : new Real(template),
    statements: new Map<string, Sqlite.Statement>(),
    before: undefined,
  };
  databases.set(path, kept);
  return kept;
}

/** One connection. As the real class where the product calls it. */
export class BetterSqlite3 {
  static readonly SqliteError = Real.SqliteError;
  private readonly kept: Kept;
  private readonly life: number;
  private readonly machine: Machine;
  private synced = true;

  constructor(path: string) {
    const machine = running() ?? place(path).disk.machine;
    this.machine = machine;
    this.life = machine.life;
    this.kept = keptAt(path);
    // Whoever held it before is gone, and what it had not committed.
    if (this.kept.db.inTransaction) this.kept.db.exec("rollback");
  }

  get inTransaction(): boolean {
    return this.kept.db.inTransaction;
  }

  pragma(text: string): unknown {
    const synchronous = /^synchronous\s*=\s*(\w+)/i.exec(text)?.[1];
    if (synchronous !== undefined) this.synced = /full|extra/i.test(synchronous);
    return this.kept.db.pragma(text);
  }

  exec(text: string): void {
    this.prepare(text).run();
  }

  prepare(text: string) {
    const { kept } = this;
    const statement = prepared(kept, text);
    const guard = <T>(work: () => T): T => this.guard(text, statement, work);
    return {
      reader: statement.reader,
      all: (values: readonly unknown[] = []) => guard(() => statement.all(...values)),
      get: (...values: readonly unknown[]) => guard(() => statement.get(...values)),
      run: (values: readonly unknown[] = []) => guard(() => statement.run(...values)),
      iterate: (values: readonly unknown[] = []) => guard(() => statement.all(...values))[Symbol.iterator](),
      pluck: () => ({
        all: () => guard(() => statement.all().map((row) => Object.values(row as object)[0])),
      }),
    };
  }

  close(): void {}

  private guard<T>(text: string, statement: Sqlite.Statement, work: () => T): T {
    const { machine, kept } = this;
    if (!machine.on || machine.life !== this.life) throw new PowerLost();
    const begins = text === "begin";
    const alone = !kept.db.inTransaction && !statement.readonly && !begins && text !== "rollback";
    if (!statement.readonly && !begins && full > 0 && prng().next() < full) throw this.fullDisk();
    if (text !== "commit" && !alone) return work();
    return this.commit(work);
  }

  /** A durable write: the power may go before it, or right after. */
  private commit<T>(work: () => T): T {
    const { machine, kept, synced } = this;
    const goes = countWrite(machine);
    if (goes === "gone") throw new PowerLost();
    if (!synced && !kept.db.inTransaction) kept.before = kept.db.serialize();
    const done = work();
    if (goes !== "last") return done;
    powerOff(machine);
    throw new PowerLost();
  }

  /** SQLite rolls back by itself. */
  private fullDisk(): Error {
    if (this.kept.db.inTransaction) this.kept.db.exec("rollback");
    return Object.assign(
      new Real.SqliteError("database or disk is full", "SQLITE_FULL"),
      fault("SQLITE_FULL", "disk"),
    );
  }
}
