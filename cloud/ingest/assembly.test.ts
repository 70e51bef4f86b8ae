import { test } from "tap";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { type Prng, seededPrng } from "../../shared/kernel/prng.js";
import { chunkBytesMax } from "../../shared/protocol/limits.js";
import {
  type Assembly,
  type AssemblyEffect,
  type AssemblyEvent,
  answerBytes,
  answerMillis,
  creditFor,
  pendingBytesMax,
  rewindMillis,
  segmentPendingBytesMax,
  startAssembly,
  step,
} from "./assembly.js";
import { type Rates, takeOne } from "./rates.js";

const start = millis(1_000);

/** Runs events one millisecond apart from a fresh assembly and gives the effects of the last. */
function lastEffects(bodyBytes: number, events: readonly AssemblyEvent[]): readonly string[] {
  let assembly = startAssembly(bodyBytes, 0);
  let effects: readonly string[] = [];
  for (const [index, event] of events.entries()) {
    const next = step(assembly, event, millis(start + index));
    assembly = next.assembly;
    effects = next.effects;
  }
  return effects;
}

const chunk = (offset: number, length = 100, room = true): AssemblyEvent => ({
  kind: "chunk",
  offset,
  length,
  room,
});

test("chunks in their place are kept; a hole, a repetition, an empty one and one without room are not", (t) => {
  t.same(lastEffects(1000, [chunk(0)]), ["keep"]);
  t.same(lastEffects(1000, [chunk(0), chunk(100)]), ["keep"]);
  t.same(lastEffects(1000, [chunk(100)]), ["drop", "answer"], "a hole");
  t.same(
    lastEffects(1000, [chunk(0), chunk(0)]),
    ["drop", "write"],
    "a repetition is answered when all is written",
  );
  t.same(lastEffects(1000, [chunk(0, 0)]), ["drop", "answer"], "nothing");
  t.same(lastEffects(1000, [chunk(0, 100, false)]), ["drop", "answer"], "no room");
  t.same(lastEffects(1000, [chunk(950)]), ["drop", "overrun"], "behind the end");
  t.same(lastEffects(1000, [chunk(100), chunk(100)]), ["drop"], "answers to holes are rare");
  t.end();
});

test("a progress answer is due after 360 KiB or 40 ms, and completion after the last write", (t) => {
  const due = Array.from({ length: 12 }, (_, index) => chunk(index * chunkBytesMax, chunkBytesMax));
  t.same(lastEffects(10 * answerBytes, due), ["keep", "write"]);
  t.same(lastEffects(10 * answerBytes, [...due, { kind: "written", stored: answerBytes }]), ["answer"]);
  t.same(lastEffects(100, [chunk(0)]), ["keep", "write"], "the whole body");
  t.same(lastEffects(100, [chunk(0), { kind: "written", stored: 100 }]), ["complete"]);
  const { assembly } = step(startAssembly(1000, 0), chunk(0), start);
  t.same(step(assembly, { kind: "tick" }, millis(start + answerMillis - 1)).effects, []);
  t.same(step(assembly, { kind: "tick" }, millis(start + answerMillis)).effects, ["write"]);
  t.end();
});

test("credit shares the memory among the open segments, in whole chunks", (t) => {
  t.equal(
    creditFor({ pending: 0, open: 1 }),
    Math.floor(segmentPendingBytesMax / chunkBytesMax) * chunkBytesMax,
  );
  t.equal(creditFor({ pending: pendingBytesMax, open: 1 }), 0);
  for (const open of [1, 10, 100, 1_000, 10_000]) {
    const credit = creditFor({ pending: 0, open });
    t.ok(credit * open <= pendingBytesMax && credit % chunkBytesMax === 0, `${open} open: ${credit}`);
  }
  t.end();
});

/** A camera, a line that loses, repeats and reorders, and a disk that takes its time. */
class Course {
  written = 0;
  completed = 0;
  private readonly prng: Prng;
  private readonly bodyBytes: number;
  private assembly: Assembly;
  private now: Millis = start;
  private sent = 0;
  private kept: AssemblyEvent[] = [];
  private onDisk: readonly AssemblyEvent[] = [];

  constructor(prng: Prng, bodyBytes: number) {
    this.prng = prng;
    this.bodyBytes = bodyBytes;
    this.assembly = startAssembly(bodyBytes, 0);
  }

  turn(): void {
    this.now = millis(this.now + this.prng.between(0, 30));
    const luck = this.prng.next();
    if (this.assembly.writing && luck < 0.3) this.finishWrite();
    else if (luck < 0.4) this.handle({ kind: "tick" });
    else if (luck < 0.43) this.handle({ kind: "announced" });
    else this.send(luck < 0.5 ? this.prng.between(0, this.bodyBytes) : undefined);
  }

  private send(stray: number | undefined): void {
    const offset = stray ?? this.sent;
    const length = Math.min(this.prng.between(1, 400), this.bodyBytes - offset);
    if (stray === undefined) this.sent += length;
    const lost = this.prng.next() < 0.1;
    if (length > 0 && !lost) this.handle({ kind: "chunk", offset, length, room: this.prng.next() > 0.02 });
  }

  private handle(event: AssemblyEvent): void {
    const { assembly, effects } = step(this.assembly, event, this.now);
    this.assembly = assembly;
    for (const effect of effects) this.perform(effect, event);
  }

  private perform(effect: AssemblyEffect, event: AssemblyEvent): void {
    if (effect === "keep") this.kept.push(event);
    if (effect === "complete") this.completed += 1;
    // A camera that was told goes on from there, now or a little later.
    if (effect === "answer" && this.prng.next() < 0.7) this.sent = this.assembly.stored;
    if (effect !== "write") return;
    this.onDisk = this.kept;
    this.kept = [];
  }

  private finishWrite(): void {
    for (const chunk of this.onDisk) {
      if (chunk.kind !== "chunk" || chunk.offset !== this.written)
        throw new Error(`no chunk for ${this.written}`);
      this.written += chunk.length;
    }
    this.onDisk = [];
    this.handle({ kind: "written", stored: this.written });
  }
}

test("whatever the line does, what is written is a prefix in order, and the segment completes once", (t) => {
  for (let seed = 1; seed <= 300; seed++) {
    const prng = seededPrng(seed);
    const bodyBytes = prng.between(1, 20_000);
    const course = new Course(prng, bodyBytes);
    for (let turn = 0; turn < 20_000 && course.completed === 0; turn++) course.turn();
    const { written, completed } = course;
    if (written !== bodyBytes || completed !== 1) return t.fail(`seed ${seed}: ${written} of ${bodyBytes}`);
  }
  t.ok(rewindMillis > answerMillis);
  t.end();
});

test("an allowance is used up, fills evenly, and is each camera's own", (t) => {
  const rates: Rates = new Map();
  const taken = (name: string, at: number): boolean => takeOne(rates, name, 60, millis(at));
  t.equal(Array.from({ length: 70 }, () => taken("a", 0)).filter(Boolean).length, 60);
  t.ok(taken("b", 0));
  t.notOk(taken("a", 900));
  t.ok(taken("a", 1_900), "one a second");
  t.equal(
    Array.from({ length: 70 }, () => taken("a", 1e7)).filter(Boolean).length,
    60,
    "never more than a minute's",
  );
  t.end();
});
