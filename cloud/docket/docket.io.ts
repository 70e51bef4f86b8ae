import type { ExpressionOrFactory, Kysely, SqlBool, Transaction } from "kysely";
import { assert } from "../../shared/kernel/assert.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { ok, type Result } from "../../shared/kernel/result.js";
import { type EntryKind, isEntryKind, type LogEntry } from "../../shared/tlog/entry.js";
import type { Machine, Stated } from "./machine.js";
import type { DocketRow, DocketTables } from "./tables.js";

/** Rows of one list. */
const pageMax = 200;
/** Steps by the clock that one machine takes in a row: more means that its deadlines do not move. */
const stepsInARowMax = 20;
/** Courses that one tick catches up; the rest follows with the next one. */
const dueMax = 1_000;

/** The public log, as far as the docket needs it. The same entry again stands once. Resolves when it is in it. */
export interface EntryLog {
  append(entry: LogEntry): Promise<{ readonly index: number }>;
}

/** One course of things as it stands. */
export interface Kept<State> {
  readonly id: string;
  readonly version: number;
  readonly state: State;
  readonly began: Millis;
  readonly changed: Millis;
}

export interface StepTaken {
  readonly version: number;
  readonly kind: string;
  readonly at: Millis;
  readonly by: string;
  /** Its entry in the public log. */
  readonly index?: number;
}

export interface DocketQuery {
  readonly kinds?: readonly string[];
  readonly agency?: string;
  readonly household?: string;
  /** Only those with a smaller id: newest first. */
  readonly before?: string | undefined;
  readonly limit?: number;
}

/** What is to happen, or how it is found out once nothing else of this course can happen in between. */
type Coming<Event> = Event | (() => Promise<Event>);

/** One machine's courses. */
export interface Book<State, Event, Refusal> {
  /**
   * Takes a step. When it resolves the step is durable, and what the machine says of it stood in the log before. When it rejects
   * because the log was away, the step was decided: it takes effect as soon as the log has it.
   */
  advance(id: string, event: Coming<Event>, by: string): Promise<Result<Kept<State>, Refusal>>;
  find(id: string): Promise<Kept<State> | undefined>;
  /** By falling id. */
  list(query: DocketQuery): Promise<readonly Kept<State>[]>;
  steps(id: string): Promise<readonly StepTaken[]>;
}

/** Carries out what follows from a state; again does no harm. A step is settled when it resolves, and else tried again. */
export type Settle<State> = (kept: Kept<State>) => Promise<void>;

export interface Docket {
  open<State extends Stated, Event, Refusal>(
    machine: Machine<State, Event, Refusal>,
    options?: BookOptions<State>,
  ): Book<State, Event, Refusal>;
  /** Whether a machine, opened or not, has a course in one of these states, or one that waits for the log. */
  has(machine: EntryKind, kinds: readonly string[]): Promise<boolean>;
  /** Finishes what a crash cut off, keeps deadlines that have passed, and settles what is not. Rejects with the first fault, after trying all. */
  tick(): Promise<void>;
}

interface BookOptions<State> {
  readonly settle?: Settle<State>;
  /** Courses that must see each other move one at a time, not each for itself. */
  readonly together?: boolean;
}

interface DocketServices {
  readonly log: EntryLog;
  readonly clock: Clock;
}

/** Keeps every machine's states. Decides nothing: it asks the machine, writes the log, then the state. */
export function createDocket(db: Kysely<DocketTables>, services: DocketServices): Docket {
  const books: { resume(): Promise<void>; keep(): Promise<void> }[] = [];
  return {
    open(machine, options = {}) {
      const book = new Ledger(db, services, machine, options);
      books.push(book);
      return book;
    },
    async has(machine, kinds) {
      const row = await db
        .selectFrom("docket")
        .select("id")
        .where("machine", "=", machine)
        .where(({ eb, or }) => or([eb("kind", "in", kinds), eb("pending", "is not", null)]))
        .limit(1)
        .executeTakeFirst();
      return row !== undefined;
    },
    async tick() {
      // What one machine's step means for another is settled before any clock runs out on the other.
      const resumed = await faultsOf(books.map((book) => book.resume()));
      const kept = await faultsOf(books.map((book) => book.keep()));
      for (const fault of [...resumed, ...kept]) throw fault;
    },
  };
}

/** Once all have ended. */
async function faultsOf(works: readonly Promise<void>[]): Promise<readonly unknown[]> {
  const ended = await Promise.allSettled(works);
  return ended.flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
}

/** A step that is decided. */
interface Decided<State> {
  readonly state: State;
  readonly by: string;
  readonly at: Millis;
  readonly entry?: LogEntry;
}

class Ledger<State extends Stated, Event, Refusal> implements Book<State, Event, Refusal> {
  private readonly db: Kysely<DocketTables>;
  private readonly services: DocketServices;
  private readonly machine: Machine<State, Event, Refusal>;
  private readonly options: BookOptions<State>;
  private readonly lanes = new Map<string, Promise<unknown>>();

  constructor(
    db: Kysely<DocketTables>,
    services: DocketServices,
    machine: Machine<State, Event, Refusal>,
    options: BookOptions<State>,
  ) {
    this.db = db;
    this.services = services;
    this.machine = machine;
    this.options = options;
  }

  async advance(id: string, event: Coming<Event>, by: string): Promise<Result<Kept<State>, Refusal>> {
    const stepped = await this.inLane(id, () => this.step(id, event, by));
    // It stands; what follows from it is tried again by the next tick if it fails now.
    if (stepped.ok) await this.settle(stepped.value).catch(() => undefined);
    return stepped;
  }

  async find(id: string): Promise<Kept<State> | undefined> {
    const row = await this.row(id);
    return row === undefined || row.version === 0 ? undefined : keptOf<State>(row);
  }

  async list({
    kinds,
    agency,
    household,
    before,
    limit = pageMax,
  }: DocketQuery): Promise<readonly Kept<State>[]> {
    let select = this.rows().where("version", ">", 0).orderBy("id", "desc").limit(Math.min(limit, pageMax));
    if (kinds !== undefined) select = select.where("kind", "in", kinds);
    if (agency !== undefined) select = select.where("agency", "=", agency);
    if (household !== undefined) select = select.where("household", "=", household);
    if (before !== undefined) select = select.where("id", "<", before);
    return (await select.execute()).map((row) => keptOf<State>(row));
  }

  async steps(id: string): Promise<readonly StepTaken[]> {
    const rows = await this.db
      .selectFrom("docket_step")
      .selectAll()
      .where("machine", "=", this.machine.kind)
      .where("id", "=", id)
      .orderBy("version")
      .execute();
    return rows.map(({ version, kind, at, by, log_index }) => ({
      ...{ version, kind, at: millis(Number(at)), by },
      ...(log_index !== null && { index: log_index }),
    }));
  }

  /** Finishes what a crash cut off, and settles what is not. */
  async resume(): Promise<void> {
    await this.each(
      ({ eb, or, ref }) => or([eb("pending", "is not", null), eb("settled", "<", ref("version"))]),
      async (id) => {
        await this.inLane(id, () => this.finished(id));
        await this.settleAgain(id);
      },
    );
  }

  /** Keeps the deadlines that have passed. */
  async keep(): Promise<void> {
    const now = this.services.clock.wall();
    await this.each(
      ({ eb }) => eb("deadline", "<=", now),
      (id) => this.catchUp(id),
    );
  }

  /** Side by side: one that waits for the log's witnesses keeps no other waiting. Rejects with the first fault. */
  private async each(
    which: ExpressionOrFactory<DocketTables, "docket", SqlBool>,
    work: (id: string) => Promise<void>,
  ): Promise<void> {
    const rows = await this.rows().where(which).orderBy("deadline").limit(dueMax).execute();
    for (const fault of await faultsOf(rows.map(({ id }) => work(id)))) throw fault;
  }

  /** What was missed while the cloud was away comes one deadline after the other. */
  private async catchUp(id: string): Promise<void> {
    let kept = await this.inLane(id, () => this.finished(id));
    for (let steps = 0; kept !== undefined && this.isDue(kept.state); steps++) {
      assert(steps < stepsInARowMax, `${this.machine.kind} ${id} does not get past its deadline`);
      const stepped = await this.inLane(id, () => this.step(id, this.machine.due, "clock"));
      assert(stepped.ok, `${this.machine.kind} ${id} does not take the step that is due`);
      kept = stepped.value;
    }
    await this.settleAgain(id);
  }

  private async settleAgain(id: string): Promise<void> {
    const row = await this.row(id);
    if (row !== undefined && row.settled < row.version) await this.settle(keptOf<State>(row));
  }

  private isDue(state: State): boolean {
    const deadline = this.machine.deadline(state);
    return deadline !== undefined && deadline <= this.services.clock.wall();
  }

  private async step(id: string, event: Coming<Event>, by: string): Promise<Result<Kept<State>, Refusal>> {
    const before = await this.upToDate(id, by);
    const coming = typeof event === "function" ? await (event as () => Promise<Event>)() : event;
    const at = this.services.clock.wall();
    const turn = this.machine.step(before?.state, coming, at);
    if (!turn.ok) return turn;
    const { state, entry } = turn.value;
    if (before !== undefined && state === before.state && entry === undefined) return ok(before);
    const logged = entry && { kind: this.logged, id, at, ...entry };
    const decided: Decided<State> = { state, by, at, ...(logged && { entry: logged }) };
    if (logged !== undefined) await this.intend(id, decided);
    return ok(await this.carryOut(id, decided));
  }

  /** As it stands once what is due has happened: nothing that comes late finds it as it was. */
  private async upToDate(id: string, by: string): Promise<Kept<State> | undefined> {
    let kept = await this.finished(id);
    for (let steps = 0; by !== "clock" && kept !== undefined && this.isDue(kept.state); steps++) {
      assert(steps < stepsInARowMax, `${this.machine.kind} ${id} does not get past its deadline`);
      const stepped = await this.step(id, this.machine.due, "clock");
      if (!stepped.ok) return kept;
      kept = stepped.value;
    }
    return kept;
  }

  /** As it stands, once a step that a crash cut off has been finished. */
  private async finished(id: string): Promise<Kept<State> | undefined> {
    const row = await this.row(id);
    if (row === undefined) return undefined;
    if (row.pending === null) return keptOf<State>(row);
    return this.carryOut(id, JSON.parse(row.pending) as Decided<State>);
  }

  /** Power lost before this commit: nothing was decided. After it: the next tick logs the same entry, and goes on. */
  private async intend(id: string, decided: Decided<State>): Promise<void> {
    const { state, at } = decided;
    await this.db
      .insertInto("docket")
      .values({ ...this.named(id, state, at), version: 0, deadline: null, pending: JSON.stringify(decided) })
      .onConflict((conflict) =>
        conflict.columns(["machine", "id"]).doUpdateSet({ pending: JSON.stringify(decided) }),
      )
      .execute();
  }

  private async carryOut(id: string, decided: Decided<State>): Promise<Kept<State>> {
    const placed = decided.entry && (await this.services.log.append(decided.entry));
    // Power lost before this commit: the entry stands in the log, and the next tick finds it there.
    return this.db.transaction().execute((tx) => this.commit(tx, id, { ...decided, index: placed?.index }));
  }

  private async commit(
    tx: Transaction<DocketTables>,
    id: string,
    { state, by, at, index }: Decided<State> & { readonly index: number | undefined },
  ): Promise<Kept<State>> {
    const named = this.named(id, state, at);
    const { kind, agency, household, state: text, changed_at } = named;
    const row = await tx
      .insertInto("docket")
      .values({ ...named, version: 1, deadline: this.machine.deadline(state) ?? null, pending: null })
      .onConflict((conflict) =>
        conflict.columns(["machine", "id"]).doUpdateSet(({ eb }) => ({
          ...{ kind, agency, household, state: text, changed_at, pending: null },
          version: eb("docket.version", "+", 1),
          deadline: this.machine.deadline(state) ?? null,
        })),
      )
      .returningAll()
      .executeTakeFirstOrThrow();
    await tx
      .insertInto("docket_step")
      .values({
        machine: this.machine.kind,
        id,
        version: row.version,
        kind,
        at,
        by,
        log_index: index ?? null,
      })
      .execute();
    return keptOf<State>(row);
  }

  private named(id: string, state: State, at: Millis) {
    return {
      ...{ machine: this.machine.kind, id, kind: state.kind, state: JSON.stringify(state) },
      ...{ agency: state.agency ?? null, household: state.household ?? null },
      ...{ settled: 0, began_at: at, changed_at: at },
    };
  }

  private async settle(kept: Kept<State>): Promise<void> {
    await this.options.settle?.(kept);
    await this.db
      .updateTable("docket")
      .set({ settled: kept.version })
      .where("machine", "=", this.machine.kind)
      .where("id", "=", kept.id)
      .where("settled", "<", kept.version)
      .execute();
  }

  private async inLane<T>(id: string, run: () => Promise<T>): Promise<T> {
    const lane = this.options.together === true ? "" : id;
    const before = this.lanes.get(lane) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(run);
    this.lanes.set(lane, mine);
    try {
      return await mine;
    } finally {
      if (this.lanes.get(lane) === mine) this.lanes.delete(lane);
    }
  }

  private get logged(): EntryKind {
    const { kind } = this.machine;
    assert(isEntryKind(kind), `the public log has no entries of ${kind}`);
    return kind;
  }

  private rows() {
    return this.db.selectFrom("docket").selectAll().where("machine", "=", this.machine.kind);
  }

  private row(id: string): Promise<DocketRow | undefined> {
    return this.rows().where("id", "=", id).executeTakeFirst();
  }
}

function keptOf<State>({ id, version, state, began_at, changed_at }: DocketRow): Kept<State> {
  return {
    ...{ id, version, state: JSON.parse(state) as State },
    ...{ began: millis(Number(began_at)), changed: millis(Number(changed_at)) },
  };
}
