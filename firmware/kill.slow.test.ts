// Cutter, sealer and journal in a process of their own, on the real disk, killed at any line that it prints.
import { spawn } from "node:child_process";
import { writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { t as tap, test } from "tap";
import { identityOf } from "../shared/charter/keys.js";
import { type OpenedClip, openClip } from "../shared/clip/plain.js";
import { openSegmentChain } from "../shared/clip/segment.js";
import { millis } from "../shared/kernel/brand.js";
import { concat } from "../shared/kernel/bytes.js";
import type { ClipId } from "../shared/kernel/ids.js";
import { seededPrng } from "../shared/kernel/prng.js";
import { open as openAge, recipientOf } from "../shared/seal/age.js";
import { hashOfText } from "../shared/seal/hash.js";
import { step } from "./recorder/cut.js";
import { newCutter } from "./recorder/cutter.js";
import { numberOf, testCamera, testFragment, testInit } from "./recorder/fixture.contract.js";
import { openJournal } from "./recorder/journal.io.js";
import type { Journal } from "./recorder/journal.js";
import { startSealer } from "./sealer/seal.io.js";

const kills = 15;
const camera = await testCamera();
const identity = identityOf(new Uint8Array(32).fill(5));
const clock = {
  wall: () => millis(Date.now()),
  monotonic: () => millis(Math.floor(performance.now())),
};

const open = (dir: string, seed: number): Promise<Journal> =>
  openJournal({ dir, camera: camera.signer, clock, random: seededPrng(seed), log: () => {} });

/** The doorbell: footage without end, a press now and then. Says what it was given and what is durable. */
async function doorbell(dir: string, round: number): Promise<void> {
  const say = (what: object): void => void writeSync(1, `${JSON.stringify(what)}\n`);
  const random = seededPrng(Date.now());
  const journal = await open(dir, Date.now());
  const { household, camera: id } = camera;
  const custody = { household, camera: id, charter: hashOfText("charter"), clock: "synchronised" } as const;
  const recipient = await recipientOf(identity);
  const sealer = startSealer({
    ...{ signer: camera.signer, sink: journal, previous: journal.lastManifest(), random, log: () => {} },
    custody: () => ({ ...custody, recipient }),
    onShortfall: () => {}, // would be given and never sealed
  });
  journal.watch({ stored: ({ clip, index }) => say({ stored: clip, index }) });
  let cutter = newCutter(random);
  const send = (event: Parameters<typeof step>[1]): void => {
    const cut = step(cutter, event);
    cutter = cut.cutter;
    for (const effect of cut.effects) {
      if (effect.kind === "happened") void journal.appendEvent(effect.event);
      else sealer.push(effect);
      if (effect.kind === "append") say({ given: numberOf(effect.fragment) });
    }
  };
  // Its own time: the next second comes when the one before is sealed, as it does in a camera that keeps up.
  for (let second = 1; ; second++) {
    const at = { wall: clock.wall(), monotonic: millis(second * 1000) };
    if (second === 1) send({ kind: "init", init: testInit(), at });
    const number = round * 10_000 + second;
    send({ kind: "fragment", fragment: testFragment({ time: second * 1000, size: 200_000, number }), at });
    if (second % 20 === 2) send({ kind: "trigger", trigger: "press", at });
    await sealer.settled();
    say({ settled: second });
  }
}

interface Heard {
  /** Numbers of the fragments of which was said that they are sealed. */
  readonly sealed: number[];
  readonly stored: { readonly clip: string; readonly index: number }[];
}

/** Runs the doorbell until it has printed so many lines, and kills it there. */
async function killAfter(lines: number, dir: string, round: number, heard: Heard): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), "doorbell", dir, `${round}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const open: number[] = [];
  let count = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    // The test library prints its own first line.
    const { given, stored, index, settled } = JSON.parse(line.startsWith("{") ? line : "{}");
    if (given !== undefined) open.push(given);
    if (stored !== undefined) heard.stored.push({ clip: stored, index });
    if (settled !== undefined) heard.sealed.push(...open.splice(0));
    if (++count === lines) child.kill("SIGKILL");
  }
  await ended;
}

/** Opens everything on the card, as the owner would. */
async function openAll(journal: Journal): Promise<ReadonlyMap<string, OpenedClip>> {
  const opened = new Map<string, OpenedClip>();
  for (const clip of new Set(journal.pending().map((segment) => segment.clip))) {
    const segments = journal.pending().filter((segment) => segment.clip === clip);
    const files = await Promise.all(segments.map(({ index }) => readSegment(journal, clip, index)));
    const chain = openSegmentChain(
      files.map(({ note }) => note),
      camera.verifier,
    );
    if (!chain.ok) throw new Error(`${clip}: ${JSON.stringify(chain.error)}`);
    if (chain.value.at(-1)?.end === "no") throw new Error(`${clip} has no end`);
    const plains = await Promise.all(
      files.filter(({ file }) => file.length > 0).map(({ file }) => openAge(file, [identity])),
    );
    const mp4 = openClip(
      concat(...plains.map((plain) => (plain.ok ? plain.value : new Uint8Array()))),
      camera.verifier,
    );
    if (!mp4.ok) throw new Error(`${clip}: ${JSON.stringify(mp4.error)}`);
    opened.set(clip, mp4.value);
  }
  return opened;
}

async function readSegment(journal: Journal, clip: ClipId, index: number) {
  const head = await journal.readHead(clip, index);
  const body = await journal.readBody(clip, index, 0, 10_000_000);
  if (head === undefined || body === undefined) throw new Error(`segment ${index} of ${clip} is gone`);
  return { note: head.note, file: concat(head.header, body) };
}

if (process.argv[2] === "doorbell") {
  await doorbell(process.argv[3] ?? "", Number(process.argv[4]));
} else {
  tap.setTimeout(300_000);
  test(`killed ${kills} times while it records, nothing that was sealed is lost`, async (t) => {
    t.setTimeout(300_000);
    const work = await mkdtemp(join(tmpdir(), "lintel-kill-"));
    t.teardown(() => rm(work, { recursive: true }));
    const dir = join(work, "journal");
    const chance = seededPrng(2026);
    const heard: Heard = { sealed: [], stored: [] };
    for (let round = 0; round < kills; round++) await killAfter(chance.between(1, 90), dir, round, heard);

    const journal = await open(dir, 1);
    await journal.verified;
    const clips = await openAll(journal);
    const reasons = journal.pendingEvents().flatMap((event) => (event.kind === "gap" ? [event.reason] : []));
    t.ok(
      reasons.every((reason) => reason === "power"),
      "nothing is damaged",
    );
    const there = new Set(journal.pending().map(({ clip, index }) => `${clip} ${index}`));
    const gone = heard.stored.filter(({ clip, index }) => !there.has(`${clip} ${index}`));
    t.same(gone, [], "each segment that was stored is there");
    const recorded = [...clips.values()].flatMap(({ fragments }) => fragments.map(numberOf));
    const numbers = new Set(recorded);
    t.equal(numbers.size, recorded.length, "no second is there twice");
    const lost = heard.sealed.filter((number) => !numbers.has(number));
    t.same(lost, [], "each second that was sealed opens");
    const cutOff = [...clips.values()].filter(({ manifest }) => manifest.end === "recording").length;
    t.ok(cutOff > kills / 4, `${clips.size} clips of ${numbers.size} s, ${cutOff} of them cut off`);
    await journal.close();
  });
}
