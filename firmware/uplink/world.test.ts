import { test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { type ClipId, newClipId, newEventId } from "../../shared/kernel/ids.js";
import { type Prng, seededPrng } from "../../shared/kernel/prng.js";
import { chunkBytesMax } from "../../shared/protocol/limits.js";
import { Bench } from "./bench.contract.js";
import type { Place } from "./queue.js";
import { underWayMax } from "./send.js";
import type { Effect } from "./state.js";

const chunk = chunkBytesMax;

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
