// A story that makes every kind of durable write; the power is cut at each of them, and at each of what mends it.
import { test } from "tap";
import { openSegment, type SealedSegment } from "../../shared/clip/segment.js";
import { millis } from "../../shared/kernel/brand.js";
import { concat, equal } from "../../shared/kernel/bytes.js";
import { type ClipId, newClipId } from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import type { Hash } from "../../shared/seal/hash.js";
import { CrashDisk } from "./crashdisk.contract.js";
import { testCamera, testClock, testReceipt, testSegments, testWall } from "./fixture.contract.js";
import { openJournal } from "./journal.io.js";
import type { Journal } from "./journal.js";
import { reserveBytes } from "./reserve.io.js";

const camera = await testCamera();
const ids = Array.from({ length: 6 }, (_, i) => newClipId(millis(testWall + i * 60_000), seededPrng(i)));
const [a, b, c, d, e, f] = ids as [ClipId, ClipId, ClipId, ClipId, ClipId, ClipId];
const clips = {
  [a]: await testSegments(camera, a, 3),
  [b]: await testSegments(camera, b, 2),
  [c]: await testSegments(camera, c, 2),
  [d]: await testSegments(camera, d, 3),
  [e]: await testSegments(camera, e, 3),
};
/** Seven of the story's segments fit. */
const limitBytes = reserveBytes + 7 * 4_800;

/** What the journal was asked for and what it confirmed. */
interface Told {
  readonly stored: SealedSegment[];
  readonly begun: Set<ClipId>;
  readonly acknowledged: Set<SealedSegment>;
  readonly events: Map<string, "kept" | "acknowledged">;
  /** Clips that may be gone: deleted, or evicted after the vault had them. */
  readonly mayGo: Set<ClipId>;
  readonly mustGo: Set<ClipId>;
  /** Hashes that the newest manifest may have. */
  manifests: readonly (Hash | "none")[];
}

const nothingTold = (): Told => ({
  stored: [],
  begun: new Set(),
  acknowledged: new Set(),
  events: new Map(),
  mayGo: new Set(),
  mustGo: new Set(),
  manifests: ["none"],
});

const open = (disk: CrashDisk, seed: number): Promise<Journal> =>
  openJournal({
    ...{ dir: "/journal", limitBytes, camera: camera.signer, disk },
    ...{ clock: testClock(), random: seededPrng(seed), log: () => {} },
  });

/** Lives until the end or the power cut. */
async function live(disk: CrashDisk, journal: Journal, told: Told): Promise<void> {
  const record = async (clip: ClipId): Promise<void> => {
    await journal.begin(clip, millis(testWall));
    if (!disk.off) told.begun.add(clip);
    for (const segment of clips[clip] ?? []) {
      told.manifests = [...told.manifests.slice(-1), segment.manifest];
      await journal.append(segment);
      told.stored.push(segment);
    }
  };
  const deliver = async (clip: ClipId): Promise<void> => {
    for (const segment of clips[clip] ?? []) {
      told.acknowledged.add(segment);
      await journal.acknowledge(clip, segment.index, testReceipt(camera, segment));
    }
  };
  const happen = async (kind: "press" | "motion"): Promise<string> => {
    const { id } = await journal.appendEvent({ kind, at: millis(testWall), clip: a });
    if (!disk.off) told.events.set(id, "kept");
    return id;
  };
  const press = await happen("press");
  await record(a);
  await deliver(a);
  await record(b);
  await happen("motion");
  told.events.set(press, "acknowledged");
  await journal.acknowledgeEvents([press]);
  await record(c);
  told.mayGo.add(b);
  await journal.removeClip(b);
  told.mustGo.add(b);
  told.mayGo.add(a);
  await record(d);
  await record(e);
  await journal.begin(f, millis(testWall));
  if (!disk.off) told.begun.add(f);
}

/** Everything that does not hold. */
async function faults(journal: Journal, told: Told): Promise<readonly string[]> {
  await journal.verified;
  const evicted = journal
    .pendingEvents()
    .flatMap((event) => (event.kind === "gap" && event.reason === "evicted" ? [event.clip] : []));
  const mayBeGone = (clip: ClipId): boolean => told.mayGo.has(clip) || evicted.includes(clip);
  const found = [...eventFaults(journal, told)];
  for (const segment of told.stored.filter(({ clip }) => !mayBeGone(clip)))
    if (!(await isThere(journal, segment))) found.push(`segment ${segment.index} of ${segment.clip} is lost`);
  for (const clip of [...told.begun].filter((one) => !mayBeGone(one)))
    if (!(await leftTrace(journal, clip))) found.push(`${clip} left no trace`);
  for (const clip of ids) found.push(...(await chainFaults(journal, clip)));
  const back = journal.pending().filter(({ clip }) => told.mustGo.has(clip));
  found.push(...back.map(({ clip }) => `${clip} came back`));
  if (!told.manifests.some((hash) => hash === journal.lastManifest())) found.push("another last manifest");
  if (journal.usage().bytes > limitBytes + 4_096) found.push("too much on the card");
  return found;
}

function eventFaults(journal: Journal, told: Told): readonly string[] {
  const pending = journal.pendingEvents();
  const gaps = pending.flatMap((event) => (event.kind === "gap" ? [`${event.clip} ${event.reason}`] : []));
  const kept = [...told.events].filter(([, state]) => state === "kept").map(([id]) => id);
  return [
    ...gaps.filter((gap) => gap.endsWith("damaged")),
    ...gaps.filter((gap, i) => gaps.indexOf(gap) < i).map((gap) => `told twice: ${gap}`),
    ...kept.filter((id) => !pending.some((event) => event.id === id)).map((id) => `event ${id} is lost`),
  ];
}

async function leftTrace(journal: Journal, clip: ClipId): Promise<boolean> {
  const told = journal
    .pendingEvents()
    .some((event) => event.kind === "gap" && event.clip === clip && event.reason === "power");
  return told || (await journal.readHead(clip, 0)) !== undefined;
}

async function isThere(journal: Journal, { clip, index, note, sealed }: SealedSegment): Promise<boolean> {
  const head = await journal.readHead(clip, index);
  const body = await journal.readBody(clip, index, 0, sealed.length);
  return head?.note === note && body !== undefined && equal(concat(head.header, body), sealed);
}

/** A clip on the card is chained from its first segment to a last one. */
async function chainFaults(journal: Journal, clip: ClipId): Promise<readonly string[]> {
  let previous: Hash | "none" = "none";
  let end: string | undefined;
  for (let index = 0; ; index++) {
    const head = await journal.readHead(clip, index);
    if (head === undefined) break;
    const note = openSegment(head.note, camera.verifier);
    if (!note.ok || note.value.previous !== previous) return [`${clip} breaks at ${index}`];
    previous = note.value.hash;
    end = note.value.end;
  }
  return end === "no" ? [`${clip} has no end`] : [];
}

function snapshot(journal: Journal): string {
  const events = journal.pendingEvents().map((event) => JSON.stringify(event));
  return JSON.stringify([journal.pending(), events.sort(), journal.lastManifest(), journal.usage()]);
}

interface Run {
  readonly operation: number;
  readonly persisted: boolean;
  /** The operation of the recovery at which the power goes again. */
  readonly again?: number;
}

/** The story up to the cut, recovery, and the same once more: what does not hold. */
async function run({ operation, persisted, again }: Run): Promise<readonly string[]> {
  const disk = new CrashDisk(seededPrng(operation * 2 + (persisted ? 1 : 0)));
  const told = nothingTold();
  const journal = await open(disk, 1);
  disk.cutAt({ operation, persisted });
  const off = new Promise<void>((resolve) => {
    disk.onOff = resolve;
  });
  await Promise.race([live(disk, journal, told).catch(() => {}), off]);
  // What was under way learns that the power is gone.
  await journal.close();
  disk.reboot();
  if (again !== undefined) {
    disk.cutAt({ operation: again, persisted: again % 2 === 0 });
    const half = await open(disk, 2).catch(() => undefined);
    await half?.close();
    disk.reboot();
  }
  const mended = await open(disk, 3);
  const found = await faults(mended, told);
  const before = snapshot(mended);
  await mended.close();
  disk.reboot();
  const second = await open(disk, 4);
  const same = snapshot(second) === before ? [] : ["the next boot finds something else"];
  await second.close();
  return [...found, ...same];
}

async function operationsOfTheStory(): Promise<number> {
  const disk = new CrashDisk(seededPrng(1));
  const journal = await open(disk, 1);
  disk.operations = 0;
  await live(disk, journal, nothingTold());
  const { operations } = disk;
  await journal.close();
  return operations;
}

test("the power may go at any durable write: nothing confirmed is lost, nothing is told twice", async (t) => {
  const operations = await operationsOfTheStory();
  t.ok(operations > 80, `${operations} operations`);
  const failed: string[] = [];
  for (let operation = 1; operation <= operations; operation++)
    for (const persisted of [false, true])
      for (const fault of await run({ operation, persisted }))
        failed.push(`${operation}${persisted ? " persisted" : " lost"}: ${fault}`);
  t.same(failed, []);
});

test("the power may go again during recovery", async (t) => {
  const operations = await operationsOfTheStory();
  const failed: string[] = [];
  for (let operation = 3; operation <= operations; operation += 3)
    for (let again = 1 + (operation % 4); again < 24; again += 4)
      for (const fault of await run({ operation, persisted: operation % 2 === 0, again }))
        failed.push(`${operation}, ${again}: ${fault}`);
  t.same(failed, []);
});
