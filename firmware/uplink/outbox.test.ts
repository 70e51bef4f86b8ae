import { test } from "tap";
import type { ClipId, EventId } from "../../shared/kernel/ids.js";
import { chunkBytesMax, stalledMillis } from "../../shared/protocol/limits.js";
import { Bench, name } from "./bench.contract.js";
import { eventRepeatMillis, isDrained, unacknowledgedMillisMax } from "./outbox.js";

const chunk = chunkBytesMax;
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

test("what is said twice, late or of something unknown changes nothing", async (t) => {
  const id = (n: number): EventId => `01900000-0000-7000-8000-0000000000e${n}` as EventId;
  const bench = new Bench().sealed(clipA, 0, chunk).sealed(clipA, 0, chunk);
  t.equal(bench.box.clips[0]?.waiting.length, 1, "a segment waits once");
  bench.give({ kind: "connected" });
  bench.give({ kind: "happened", id: id(1), what: "press" });
  bench.give({ kind: "happened", id: id(1), what: "press" });
  t.equal(bench.box.events.length, 1, "an event waits once");
  const clips = JSON.stringify(bench.box.clips);
  const strange = { clip: clipB, index: 7 };
  bench.puback(strange, 0);
  bench.give({ kind: "own-copy-sound", place: strange, chance: 0.5 });
  bench.give({ kind: "acknowledged", place: strange });
  t.equal(JSON.stringify(bench.box.clips), clips);
  bench.look();
  bench.tick(eventRepeatMillis / 2).give({ kind: "happened", id: id(2), what: "press" });
  bench.look();
  const repeated = bench.tick(eventRepeatMillis / 2).look();
  t.same(
    repeated.filter((one) => one.startsWith("event")),
    ["event e1"],
    "only what has waited long enough is repeated",
  );
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
