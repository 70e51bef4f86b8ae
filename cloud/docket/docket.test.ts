import type { Kysely } from "kysely";
import { test } from "tap";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { ok, refuse } from "../../shared/kernel/result.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { formatEntry, type LogEntry } from "../../shared/tlog/entry.js";
import { openDatabase } from "../database.io.js";
import { createDocket, type EntryLog, type Settle } from "./docket.io.js";
import type { Machine } from "./machine.js";
import type { DocketTables } from "./tables.js";

interface Lamp {
  readonly kind: "lit" | "dim" | "out";
  readonly household: string;
  readonly until: Millis;
}
type LampEvent = { readonly kind: "light"; readonly minutes: number } | { readonly kind: "clock" };

/** Burns for its minutes, glimmers for one more, and cannot be lit again. */
const lamp: Machine<Lamp, LampEvent, "burnt-out" | "burns"> = {
  kind: "operator",
  due: { kind: "clock" },
  deadline: ({ kind, until }) => (kind === "out" ? undefined : until),
  step(state, event, now) {
    if (event.kind === "light") {
      if (state !== undefined) return refuse(state.kind === "out" ? "burnt-out" : "burns");
      const lit: Lamp = { kind: "lit", household: "home", until: millis(now + event.minutes * 60_000) };
      return ok({ state: lit, entry: { agency: "none", state: "lit", hash: hashOfText("lit\n") } });
    }
    if (state === undefined || state.until > now) return refuse("burns");
    if (state.kind === "lit")
      return ok({ state: { ...state, kind: "dim", until: millis(state.until + 60_000) } });
    return ok({
      state: { ...state, kind: "out" },
      entry: { agency: "none", state: "out", hash: hashOfText("out\n") },
    });
  },
};

/** Keeps what is written; fails when told to, before or after it has written. */
class PaperLog implements EntryLog {
  readonly entries: string[] = [];
  fails: "before" | "after" | "no" = "no";

  async append(entry: LogEntry): Promise<{ readonly index: number }> {
    if (this.fails === "before") throw new Error("The log is away.");
    const text = new TextDecoder().decode(formatEntry(entry));
    if (!this.entries.includes(text)) this.entries.push(text);
    if (this.fails === "after") throw new Error("The answer was lost.");
    return { index: this.entries.indexOf(text) };
  }
}

async function setUp(settle?: Settle<Lamp>) {
  const db = (await openDatabase(":memory:")) as unknown as Kysely<DocketTables>;
  const log = new PaperLog();
  const time = { now: millis(1_000_000) };
  const clock = { wall: () => time.now, monotonic: () => time.now };
  const open = () => {
    const docket = createDocket(db, { log, clock });
    return { docket, lamps: docket.open(lamp, settle && { settle }) };
  };
  const pass = (minutes: number): void => {
    time.now = millis(time.now + minutes * 60_000);
  };
  return { db, log, open, pass };
}

test("a step is logged, then taken, then listed with who took it", async (t) => {
  const { db, log, open } = await setUp();
  const { lamps } = open();
  const lit = await lamps.advance("a", { kind: "light", minutes: 5 }, "anna");
  t.equal(lit.ok && lit.value.state.kind, "lit");
  t.match(log.entries, [/entry\/v1\na\nkind operator\nat 1000000\nagency none\nstate lit\n/]);
  t.same(await lamps.steps("a"), [{ version: 1, kind: "lit", at: 1_000_000, by: "anna", index: 0 }]);
  t.same(await lamps.advance("a", { kind: "light", minutes: 5 }, "anna"), { ok: false, error: "burns" });
  t.same(
    (await lamps.list({ household: "home", kinds: ["lit"] })).map(({ id }) => id),
    ["a"],
  );
  t.same(await lamps.list({ household: "elsewhere" }), []);
  t.equal(await lamps.find("b"), undefined);
  await db.destroy();
});

test("deadlines that passed while the cloud was away are kept one after the other at its next start", async (t) => {
  const { db, log, open, pass } = await setUp();
  await open().lamps.advance("a", { kind: "light", minutes: 5 }, "anna");
  pass(4);
  const { docket, lamps } = open();
  await docket.tick();
  t.equal((await lamps.find("a"))?.state.kind, "lit", "not yet");
  pass(100);
  await docket.tick();
  t.equal((await lamps.find("a"))?.state.kind, "out");
  t.same(
    (await lamps.steps("a")).map(({ kind, by }) => `${kind} ${by}`),
    ["lit anna", "dim clock", "out clock"],
  );
  t.equal(log.entries.length, 2);
  await docket.tick();
  t.equal((await lamps.steps("a")).length, 3, "and nothing moves any more");
  await db.destroy();
});

for (const fails of ["before", "after"] as const)
  test(`a log that fails ${fails} it has written: the step takes effect once the log is back, and stands there once`, async (t) => {
    const { db, log, open } = await setUp();
    log.fails = fails;
    const { lamps } = open();
    await t.rejects(lamps.advance("a", { kind: "light", minutes: 5 }, "anna"));
    t.equal(await lamps.find("a"), undefined, "nobody sees it before");
    log.fails = "no";
    const later = open();
    await later.docket.tick();
    t.equal((await later.lamps.find("a"))?.state.kind, "lit");
    t.equal(log.entries.length, 1);
    t.equal((await later.lamps.steps("a")).length, 1);
    await db.destroy();
  });

test("what was decided and not yet logged comes before whatever is asked next", async (t) => {
  const { db, log, open } = await setUp();
  log.fails = "before";
  const { lamps } = open();
  await t.rejects(lamps.advance("a", { kind: "light", minutes: 5 }, "anna"));
  log.fails = "no";
  t.same(await lamps.advance("a", { kind: "light", minutes: 9 }, "ben"), { ok: false, error: "burns" });
  t.same(
    (await lamps.steps("a")).map(({ by }) => by),
    ["anna"],
  );
  await db.destroy();
});

test("what follows from a step is tried until it is done", async (t) => {
  let broken = true;
  const seen: string[] = [];
  const { db, open } = await setUp(async ({ state }) => {
    if (broken) throw new Error("The disk is full.");
    seen.push(state.kind);
  });
  const { docket, lamps } = open();
  t.ok((await lamps.advance("a", { kind: "light", minutes: 5 }, "anna")).ok, "the step stands");
  await t.rejects(docket.tick(), /disk is full/);
  broken = false;
  await docket.tick();
  await docket.tick();
  t.same(seen, ["lit"]);
  await db.destroy();
});

test("what one course means for another is settled before the other's clock runs out", async (t) => {
  const order: string[] = [];
  let cutOff = true;
  const { db, open, pass } = await setUp(async () => {
    if (cutOff) throw new Error("The power went.");
    for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve));
    order.push("settled");
  });
  const { docket, lamps } = open();
  const step: typeof lamp.step = (state, event, now) => {
    if (event.kind === "clock") order.push("clock");
    return lamp.step(state, event, now);
  };
  const others = docket.open({ ...lamp, kind: "emergency", step });
  await lamps.advance("a", { kind: "light", minutes: 60 }, "anna");
  await others.advance("b", { kind: "light", minutes: 5 }, "anna");
  pass(5);
  cutOff = false;
  await docket.tick();
  t.same(order, ["settled", "clock"]);
  await db.destroy();
});

test("steps of one course come one after the other, however they arrive", async (t) => {
  const { db, open } = await setUp();
  const { lamps } = open();
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, at) => lamps.advance("a", { kind: "light", minutes: 1 }, `p${at}`)),
  );
  t.equal(all.filter(({ ok }) => ok).length, 1);
  t.equal((await lamps.steps("a")).length, 1);
  await db.destroy();
});
