import { test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { type ClipId, type EventId, newClipId, newEventId } from "../../shared/kernel/ids.js";
import { type Prng, seededPrng } from "../../shared/kernel/prng.js";
import { chunkBytesMax, type RefusalCode, stalledMillis } from "../../shared/protocol/messages.js";
import { emptyOutbox, eventRepeatMillis, isDrained, step, unacknowledgedMillisMax } from "./outbox.js";
import type { Place } from "./queue.js";
import { conflictTurns, endTurn, isConflict, noTurns, shortTurnMillis, waitBefore } from "./retry.js";
import { underWayMax } from "./send.js";
import type { Effect, Outbox, OutboxEvent } from "./state.js";
import { acknowledged, openWindow, windowChunksMin } from "./window.js";

const chunk = chunkBytesMax;

/** An outbox with a clock: what was done to it, and what it asked for since. */
class Bench {
  box: Outbox = emptyOutbox(64);
  now = 1_000;
  asked: Effect[] = [];

  give(event: OutboxEvent): this {
    const next = step(this.box, event, millis(this.now));
    this.box = next.outbox;
    this.asked.push(...next.effects);
    return this;
  }

  /** The effects since the last look, shortly. */
  look(): readonly string[] {
    return this.asked.splice(0).map(shortly);
  }

  tick(forMillis: number): this {
    this.now += forMillis;
    return this.give({ kind: "tick" });
  }

  sealed(clip: ClipId, index: number, size = 100): this {
    return this.give({ kind: "sealed", segment: { clip, index, size } });
  }

  progress(place: Place, stored: number, credit = 1_000_000, node = "n1"): this {
    const answer = {
      v: 1,
      kind: "progress",
      clip: place.clip,
      segment: place.index,
      node,
      stored,
      credit,
    } as const;
    return this.give({ kind: "answer", place, answer, chance: 0 });
  }

  done(place: Place): this {
    const answer = { v: 1, kind: "done", clip: place.clip, segment: place.index, receipt: "r" } as const;
    return this.give({ kind: "answer", place, answer, chance: 0 });
  }

  refused(place: Place, code: RefusalCode): this {
    const answer = { v: 1, kind: "refused", clip: place.clip, segment: place.index, code } as const;
    return this.give({ kind: "answer", place, answer, chance: 0 });
  }

  puback(place: Place, offset: number): this {
    return this.give({ kind: "puback", place, offset });
  }
}

function shortly(effect: Effect): string {
  switch (effect.kind) {
    case "publishInit":
      return `init ${name(effect.place)}`;
    case "publishChunk":
      return `chunk ${name(effect.place)} ${effect.offset}+${effect.length}`;
    case "publishEvent":
      return `event ${effect.id.slice(-2)}`;
    case "refused":
      return `refused ${effect.code}`;
    case "acknowledge":
    case "checkOwnCopy":
      return `${effect.kind} ${name(effect.place)}`;
    default:
      return effect.kind;
  }
}

const name = ({ clip, index }: Place): string => `${clip.slice(-1)}/${index}`;
const clipA = "01900000-0000-7000-8000-00000000000a" as ClipId;
const clipB = "01900000-0000-7000-8000-00000000000b" as ClipId;
const a0 = { clip: clipA, index: 0 };
const a1 = { clip: clipA, index: 1 };
const connected = (): Bench => new Bench().give({ kind: "connected" });

test("a segment is announced at once, sent in two chunks at a time, and let go with the vault's receipt", async (t) => {
  const bench = connected().sealed(clipA, 0, 3 * chunk);
  t.same(bench.look(), ["init a/0"]);
  t.same(bench.progress(a0, 0).look(), [`chunk a/0 0+${chunk}`, `chunk a/0 ${chunk}+${chunk}`]);
  t.same(bench.puback(a0, 0).look(), [`chunk a/0 ${2 * chunk}+${chunk}`]);
  t.same(
    bench
      .puback(a0, chunk)
      .puback(a0, 2 * chunk)
      .look(),
    [],
  );
  t.same(bench.done(a0).look(), ["acknowledge a/0"]);
  t.same(bench.done(a0).look(), [], "a repeated done is heard once");
  t.same(bench.give({ kind: "acknowledged", place: a0 }).box.clips, []);
  t.same(bench.box.underWay, []);
});

test("without a connection nothing leaves, and a new one asks first what the cloud has", async (t) => {
  const bench = new Bench().sealed(clipA, 0, 3 * chunk);
  t.same(bench.look(), []);
  bench.give({ kind: "connected" }).progress(a0, 0).look();
  t.same(bench.give({ kind: "disconnected" }).tick(10_000).look(), []);
  t.same(bench.give({ kind: "connected" }).look(), ["init a/0"]);
  t.same(bench.progress(a0, 2 * chunk).look(), [`chunk a/0 ${2 * chunk}+${chunk}`], "only what is missing");
});

test("a press goes before motion, the newest clip before older ones, and takes a place from them", async (t) => {
  const id = (n: number): EventId => `01900000-0000-7000-8000-0000000000e${n}` as EventId;
  const bench = new Bench();
  for (let index = 0; index < 6; index++) bench.sealed(clipA, index, chunk);
  bench.give({ kind: "happened", id: id(1), what: "gap" });
  bench.give({ kind: "happened", id: id(2), what: "motion" });
  bench.give({ kind: "happened", id: id(3), what: "press" });
  bench.give({ kind: "connected" });
  const events = ["event e3", "event e2", "event e1"];
  t.same(bench.look(), [...events, "init a/0", "init a/1", "init a/2", "init a/3"]);
  t.same(bench.sealed(clipB, 0, chunk).look(), ["init b/0"]);
  t.same(bench.box.underWay.map(name), ["b/0", "a/0", "a/1", "a/2"]);
  bench.progress(a0, 0).look();
  const b0 = { clip: clipB, index: 0 };
  t.same(bench.progress(b0, 0).look(), [`chunk b/0 0+${chunk}`]);
  const repeated = bench
    .tick(eventRepeatMillis)
    .look()
    .filter((one) => one.startsWith("event"));
  t.same(repeated, events, "repeated until the cloud names them");
  t.same(bench.give({ kind: "event-stored", ids: [id(1), id(2), id(3)] }).box.events, []);
});

test("credit is kept: none pauses, crumbs wait until the cloud has all before them", async (t) => {
  const bench = connected().sealed(clipA, 0, 3 * chunk);
  t.same(bench.progress(a0, 0, 0).look(), ["init a/0"]);
  t.same(bench.progress(a0, 0, chunk + 10).look(), [`chunk a/0 0+${chunk}`]);
  bench.puback(a0, 0);
  t.same(bench.look(), []);
  t.same(bench.progress(a0, chunk, 10).look(), [`chunk a/0 ${chunk}+10`]);
});

test("3 s without progress ask again; a slow line or a waiting turn is no silence", async (t) => {
  const bench = connected().sealed(clipA, 0, chunk);
  bench.look();
  t.same(bench.tick(stalledMillis - 1).look(), []);
  t.same(bench.tick(1).look(), ["init a/0"]);
  bench.progress(a0, 0).look();
  t.same(bench.tick(30_000).look(), [], "the chunk is still on its way");
  bench.puback(a0, 0);
  t.same(bench.tick(stalledMillis).look(), ["init a/0"]);
  t.same(bench.progress(a0, 0).look(), [`chunk a/0 0+${chunk}`], "the chunk was lost behind its PUBACK");
  t.same(bench.tick(unacknowledgedMillisMax).look(), ["reconnect"]);
});

test("three answers with the same place go back to it, once", async (t) => {
  const bench = connected().sealed(clipA, 0, 2 * chunk);
  bench.progress(a0, 0).puback(a0, 0).puback(a0, chunk).look();
  bench.progress(a0, 0).progress(a0, 0);
  t.same(bench.look(), []);
  t.same(bench.progress(a0, 0).look(), [`chunk a/0 0+${chunk}`, `chunk a/0 ${chunk}+${chunk}`]);
  t.same(bench.progress(a0, 0).progress(a0, 0).progress(a0, 0).look(), []);
});

test("another node is sent to from where it stands", async (t) => {
  const bench = connected().sealed(clipA, 0, 2 * chunk);
  bench.progress(a0, 0).puback(a0, 0).puback(a0, chunk).look();
  bench.progress(a0, chunk, 1_000_000, "n2");
  const [effect] = bench.asked;
  t.match(effect, { kind: "publishChunk", node: "n2", offset: chunk });
});

test("each refusal is answered as its code demands", async (t) => {
  for (const code of ["full", "busy"] as const) {
    const bench = connected().sealed(clipA, 0).sealed(clipA, 1);
    t.same(bench.refused(a0, code).look().at(-1), `refused ${code}`);
    t.same(bench.tick(499).look(), []);
    t.same(bench.tick(1).look(), ["init a/0"], `${code} asks again after a while`);
    bench.refused(a0, code).look();
    t.same(bench.tick(999).look(), [], "the pause grows");
  }
  const unknown = connected().sealed(clipA, 0);
  t.same(unknown.refused(a0, "unknown-camera").look(), ["init a/0", "refused unknown-camera", "askCharter"]);
  for (const code of ["forged", "damaged"] as const) {
    const bench = connected().sealed(clipA, 0, chunk);
    t.same(bench.refused(a0, code).look(), ["init a/0", `refused ${code}`, "checkOwnCopy a/0"]);
    t.same(bench.refused(a0, code).look(), [], "while it is checked, nothing more is heard");
    bench.give({ kind: "own-copy-sound", place: a0, chance: 0 });
    t.same(bench.tick(1_999).look(), []);
    t.same(bench.tick(1).look(), ["init a/0"]);
    t.same(bench.progress(a0, 0).look(), [`chunk a/0 0+${chunk}`], "from the start");
    bench.refused(a0, code).give({ kind: "gone", place: a0 });
    t.same(bench.box.clips, [], "a damaged copy is done with");
  }
  const conflict = connected().sealed(clipA, 0).sealed(clipA, 1);
  t.same(conflict.refused(a0, "conflict").look().slice(2), ["refused conflict"], "the card keeps it");
  t.same(conflict.box.underWay.map(name), ["a/1"]);
  const deleted = connected().sealed(clipA, 0).sealed(clipA, 1);
  deleted.refused(a0, "deleted").look();
  t.same(deleted.tick(3_600_000).look(), [], "no more is sent of a deleted clip");
  t.ok(isDrained(deleted.box), "and nobody waits for it");
  t.same(deleted.give({ kind: "clip-removed", clip: clipA }).box.clips, []);
  t.notOk(isDrained(deleted.sealed(clipB, 0).box));
});

test("a receipt that does not hold frees nothing", async (t) => {
  const bench = connected().sealed(clipA, 0);
  bench.done(a0).give({ kind: "not-now", place: a0 }).look();
  t.same(bench.tick(stalledMillis).look(), ["init a/0"]);
  t.same(bench.box.underWay.length, 1);
});

test("a receipt that comes late is as good", async (t) => {
  const bench = connected().sealed(clipA, 0).sealed(clipA, 1);
  bench.give({ kind: "disconnected" }).look();
  t.same(bench.done(a1).look(), ["acknowledge a/1"]);
  bench.give({ kind: "acknowledged", place: a1 });
  t.same(bench.give({ kind: "connected" }).look(), ["init a/0"]);
});

test("the window grows on an idle line, shrinks on a queueing one and never falls below two", async (t) => {
  let window = openWindow(64);
  for (let now = 0; now < 3_000; now += 50) window = acknowledged(window, millis(50), true, millis(now));
  t.ok(window.size > 50, `${window.size} chunks after 60 round trips of 50 ms`);
  for (let now = 3_000; now < 60_000; now += 500)
    window = acknowledged(window, millis(500), true, millis(now));
  t.equal(window.size, windowChunksMin);
  let unused = openWindow(64);
  for (let now = 0; now < 3_000; now += 50) unused = acknowledged(unused, millis(50), false, millis(now));
  t.equal(unused.size, windowChunksMin, "a window that is not used up does not grow");
  t.equal(openWindow(1).most, windowChunksMin);
});

test("pauses double to their limit, half of each left to chance", async (t) => {
  const backoff = { first: millis(1_000), most: millis(60_000) };
  t.same(
    [0, 1, 2, 10, 1_000].map((attempt) => waitBefore(attempt, backoff, 0)),
    [500, 1_000, 2_000, 30_000, 30_000],
  );
  t.equal(waitBefore(0, backoff, 0.5), 750);
});

test("connections that the broker soon ends, one after another, tell of a second device", async (t) => {
  const kicked = { kind: "closed", byBroker: true, lasted: millis(200) } as const;
  let turns = noTurns;
  for (let turn = 1; turn < conflictTurns; turn++) turns = endTurn(turns, kicked);
  t.notOk(isConflict(turns));
  t.ok(isConflict(endTurn(turns, kicked)));
  t.notOk(isConflict(endTurn(endTurn(turns, { kind: "not-connected" }), kicked)), "the broker was away");
  t.notOk(isConflict(endTurn(endTurn(turns, { ...kicked, byBroker: false }), kicked)), "the line broke");
  t.notOk(isConflict(endTurn(endTurn(turns, { ...kicked, lasted: millis(shortTurnMillis) }), kicked)));
});

/** A broker and a cloud that lose, refuse, pause and fall away, in virtual time. */
class World {
  readonly bench = new Bench();
  readonly stored: Record<string, number> = {};
  readonly vault: string[] = [];
  readonly sizes: Record<string, number> = {};
  chunks = 0;
  private readonly random: Prng;
  private readonly wire: { readonly at: number; readonly turn: number; readonly run: () => void }[] = [];
  private turn = 0;
  private faults = true;

  constructor(seed: number) {
    this.random = seededPrng(seed);
  }

  run(clips: number): void {
    const { bench } = this;
    let sealed = 0;
    for (let at = 0; at < 3_600_000; at += 50) {
      bench.now = at;
      this.faults = at < 120_000;
      if (sealed < clips && this.chance(0.05))
        this.seal(newClipId(millis(1_700_000_000_000 + sealed++), this.random));
      this.pass();
      if (!this.faults && sealed === clips && bench.box.clips.length === 0) return;
    }
  }

  private pass(): void {
    const { bench } = this;
    if (this.chance(bench.box.connected ? (this.faults ? 0.005 : 0) : 0.05)) this.flip();
    const due = this.wire.filter((one) => one.at <= bench.now);
    for (const one of due) this.wire.splice(this.wire.indexOf(one), 1);
    for (const one of due) if (one.turn === this.turn) one.run();
    bench.give({ kind: "tick" });
    for (const effect of bench.asked.splice(0)) this.effect(effect);
  }

  private chance(probability: number): boolean {
    return this.random.next() < probability;
  }

  private seal(clip: ClipId): void {
    const count = this.random.between(1, 8);
    for (let index = 0; index < count; index++) {
      const size = this.chance(0.1) ? 0 : this.random.between(1, 12 * chunk);
      this.sizes[`${clip}/${index}`] = size;
      this.bench.sealed(clip, index, size);
    }
  }

  private flip(): void {
    this.turn++;
    this.bench.give({ kind: this.bench.box.connected ? "disconnected" : "connected" });
  }

  private effect(effect: Effect): void {
    const { bench, random } = this;
    const lost = this.faults && this.chance(0.05);
    switch (effect.kind) {
      case "publishInit":
        if (!lost) this.later(() => this.answer(effect.place));
        break;
      case "publishChunk":
        this.chunks++;
        this.later(() => bench.puback(effect.place, effect.offset));
        if (!lost) this.later(() => this.take(effect.place, effect.offset, effect.length));
        break;
      case "acknowledge":
        bench.give({ kind: "acknowledged", place: effect.place });
        break;
      case "checkOwnCopy":
        bench.give({ kind: "own-copy-sound", place: effect.place, chance: random.next() });
        break;
      case "reconnect":
        this.flip();
        break;
      default:
        break;
    }
  }

  private later(run: () => void): void {
    this.wire.push({ at: this.bench.now + this.random.between(1, 400), turn: this.turn, run });
  }

  private take(place: Place, offset: number, length: number): void {
    const key = `${place.clip}/${place.index}`;
    if ((this.stored[key] ?? 0) === offset) this.stored[key] = offset + length;
    this.answer(place);
  }

  private answer(place: Place): void {
    const key = `${place.clip}/${place.index}`;
    const stored = this.stored[key] ?? 0;
    const refusal = this.faults && this.chance(0.03) ? this.random.between(0, 4) : undefined;
    if (refusal !== undefined) {
      const code = (["busy", "full", "damaged", "unknown-camera"] as const)[refusal] ?? "busy";
      if (code === "damaged") this.stored[key] = 0;
      this.later(() => this.bench.refused(place, code));
    } else if (stored === this.sizes[key]) {
      if (!this.vault.includes(key)) this.vault.push(key);
      this.later(() => this.bench.done(place));
    } else {
      this.later(() => this.bench.progress(place, stored, this.random.between(0, 6) * chunk));
    }
  }
}

test("through loss, outages, refusals and narrow credit everything arrives, in 40 worlds", async (t) => {
  for (let seed = 1; seed <= 40; seed++) {
    const world = new World(seed);
    world.run(12);
    const { box } = world.bench;
    const all = Object.keys(world.sizes);
    if (world.vault.length === all.length && box.clips.length === 0 && box.underWay.length === 0) continue;
    t.fail(`seed ${seed}: ${world.vault.length} of ${all.length} segments arrived by ${world.bench.now} ms`);
  }
  t.pass();
});

test("limits hold in every state of a world", async (t) => {
  const world = new World(7);
  const { bench } = world;
  const give = bench.give.bind(bench);
  bench.give = (event) => {
    give(event);
    const { underWay, inFlight, window } = bench.box;
    if (underWay.length > underWayMax) t.fail(`${underWay.length} segments under way`);
    if (inFlight.length > window.most) t.fail(`${inFlight.length} chunks in flight`);
    return bench;
  };
  world.run(12);
  t.ok(world.chunks > 100);
});

test("a week's backlog of 4,000 segments costs little for each chunk", async (t) => {
  const random = seededPrng(1);
  const bench = new Bench();
  const since = performance.now();
  for (let clip = 0; clip < 133; clip++) {
    const id = newClipId(millis(1_700_000_000_000 + clip), random);
    for (let index = 0; index < 30; index++) bench.sealed(id, index, 8 * chunk);
  }
  for (let event = 0; event < 500; event++)
    bench.give({ kind: "happened", id: newEventId(millis(event), random), what: "motion" });
  bench.give({ kind: "connected" });
  let chunks = 0;
  const vault = (effect: Effect): void => {
    if (effect.kind === "publishInit") bench.progress(effect.place, 0);
    if (effect.kind !== "publishChunk") return;
    chunks++;
    bench.puback(effect.place, effect.offset);
    if (effect.offset === 7 * chunk) bench.give({ kind: "acknowledged", place: effect.place });
  };
  while (bench.asked.length > 0) {
    bench.now += 10;
    for (const effect of bench.asked.splice(0)) vault(effect);
  }
  const micros = ((performance.now() - since) * 1000) / chunks;
  t.equal(chunks, 133 * 30 * 8);
  t.ok(micros < 1_000, `${micros.toFixed(0)} µs a chunk`);
  t.comment(`${chunks} chunks, ${micros.toFixed(0)} µs each with filling`);
});
