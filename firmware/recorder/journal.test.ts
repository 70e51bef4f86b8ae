import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { test } from "tap";
import { openSegmentChain, type SealedSegment } from "../../shared/clip/segment.js";
import { millis } from "../../shared/kernel/brand.js";
import { concat, toUtf8 } from "../../shared/kernel/bytes.js";
import { open as openAge } from "../../shared/seal/age.js";
import { hashOf } from "../../shared/seal/hash.js";
import {
  begun,
  camera,
  chance,
  clipId,
  deliver,
  gapsOf,
  names,
  opened,
  pathOf,
  record,
  workDir,
} from "./card.contract.js";
import { systemDisk } from "./disk.io.js";
import type { Disk } from "./disk.js";
import { testReceipt, testSegments } from "./fixture.contract.js";
import { decodeFrame, decodeState, encodeFrame } from "./frame.js";
import type { Journal } from "./journal.js";
import { reserveBytes } from "./reserve.io.js";

const run = promisify(execFile);

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

test("what was appended is read back byte for byte, also after a restart", async (t) => {
  const dir = await workDir(t);
  const first = await opened(t, dir);
  const told: string[] = [];
  first.journal.watch({ stored: ({ index, size, end }) => told.push(`${index} ${size} ${end}`) });
  const segments = await record(first.journal, 2, 100_000);
  await first.journal.close();
  const { journal, logged } = await opened(t, dir);
  await journal.verified;
  t.same(names(journal.pending()), names(segments));
  t.same(
    told,
    journal.pending().map(({ index, size, end }) => `${index} ${size} ${end}`),
  );
  const [segment] = segments;
  if (segment === undefined) return;
  const head = await journal.readHead(segment.clip, 0);
  const parts = [head?.header ?? new Uint8Array()];
  for (let at = 0; at < 120_000; at += 30_720)
    parts.push((await journal.readBody(segment.clip, 0, at, 30_720)) ?? new Uint8Array());
  t.equal(head?.note, segment.note);
  t.same(hashOf(concat(...parts)), hashOf(segment.sealed));
  t.equal((await openAge(concat(...parts), [camera.identity])).ok, true);
  t.equal(journal.lastManifest(), segments[1]?.manifest);
  t.equal((await stat(pathOf(dir, segment))).mode & 0o777, 0o600);
  t.same(logged, []);
});

test("stock tools open a segment file: tail leaves the age file", async (t) => {
  const dir = await workDir(t);
  const { journal } = await opened(t, dir);
  const [segment] = await record(journal, 1);
  if (segment === undefined) return;
  const { stdout } = await run("tail", ["-c", "+4097", pathOf(dir, segment)], { encoding: "buffer" });
  t.same(hashOf(stdout), hashOf(segment.sealed));
});

test("a frame holds its fields, and no flipped bit goes unnoticed", async (t) => {
  const [segment] = await testSegments(camera, clipId(), 1);
  if (segment === undefined) return;
  const { note, manifest, from, to } = segment;
  const frame = { note, manifest, from, to, headerBytes: 200, serial: 7 };
  const bytes = encodeFrame(frame);
  t.same(decodeFrame(bytes), frame);
  const unnoticed = Array.from({ length: bytes.length }, (_, i) => i).filter((i) => {
    const damaged = bytes.slice();
    damaged[i] = (damaged[i] ?? 0) ^ (1 << (i % 8));
    return decodeFrame(damaged) !== undefined;
  });
  t.same(unnoticed, []);
  t.equal(decodeFrame(bytes.subarray(1)), undefined);
  const summed = (text: string) => concat(toUtf8(`${hashOf(toUtf8(text))}\n`), toUtf8(text));
  const framed = (value: object) => {
    const text = JSON.stringify(value);
    return decodeFrame(summed(`${text}${" ".repeat(4_050 - toUtf8(text).length)}\n`));
  };
  t.same(framed(frame), frame);
  t.equal(decodeFrame(summed(`${"x".repeat(4_050)}\n`)), undefined, "a sum that fits is not enough");
  for (const field of ["note", "headerBytes", "serial", "manifest", "from", "to"])
    t.equal(framed({ ...frame, [field]: null }), undefined, field);
  const state = { serial: 1, manifest: "none", open: { clip: segment.clip, at: 5 } };
  t.same(decodeState(summed(JSON.stringify(state))), state);
  for (const wrong of [{ serial: "x" }, { manifest: 7 }, { manifest: "no hash" }])
    t.equal(decodeState(summed(JSON.stringify({ ...state, ...wrong }))), undefined);
  for (const open of [5, null, {}, { ...state.open, at: -1 }])
    t.equal(decodeState(summed(JSON.stringify({ ...state, open }))), undefined);
});

test("an acknowledged segment is pending no more; a receipt for another one changes nothing", async (t) => {
  const dir = await workDir(t);
  const { journal } = await opened(t, dir);
  const segments = await record(journal, 2);
  const [first, second] = segments as [SealedSegment, SealedSegment];
  t.match(await journal.acknowledge(first.clip, 0, testReceipt(camera, second)), {
    error: { kind: "other-segment" },
  });
  t.match(await journal.acknowledge(first.clip, 0, "done"), { error: { kind: "not-a-receipt" } });
  t.match(await journal.acknowledge(first.clip, 9, testReceipt(camera, first)), {
    error: { kind: "unknown-segment" },
  });
  t.equal(journal.pending().length, 2);
  await deliver(journal, [first]);
  t.same(names(journal.pending()), names([second]));
  await journal.close();
  const again = await opened(t, dir);
  t.same(names(again.journal.pending()), names([second]));
  const head = await again.journal.readHead(first.clip, 0);
  t.equal(
    (await again.journal.readBody(first.clip, 0, 0, 1e6))?.length,
    first.sealed.length - (head?.header.length ?? 0),
  );
});

test("a segment that is not there, or cut on the card, is read as nothing; a second receipt changes nothing", async (t) => {
  const dir = await workDir(t);
  const { journal } = await opened(t, dir);
  const segments = await record(journal, 3);
  const [first, second, third] = segments as [SealedSegment, SealedSegment, SealedSegment];
  t.equal(await journal.readHead(first.clip, 9), undefined);
  t.equal(await journal.readBody(first.clip, 9, 0, 10), undefined);
  await deliver(journal, [first, second]);
  t.ok((await journal.acknowledge(first.clip, 0, testReceipt(camera, first))).ok);
  await rm(pathOf(dir, second));
  await truncate(pathOf(dir, third), 100);
  t.equal(await journal.readBody(second.clip, 1, 0, 10), undefined);
  t.equal(await journal.readHead(third.clip, 2), undefined);
  t.same(names(journal.pending()), [], "and it is no promise any more");
});

/** A disk on which something happens just before a file gets its name. */
function before(suffix: string, happen: () => void): Disk {
  return {
    ...systemDisk,
    rename: (from, to) => {
      if (to.endsWith(suffix)) happen();
      return systemDisk.rename(from, to);
    },
  };
}

test("what is acknowledged while its clip changes on the card stays acknowledged", async (t) => {
  const segments = await testSegments(camera, clipId(), 3);
  const [first, second, third] = segments as [SealedSegment, SealedSegment, SealedSegment];
  const answers: Promise<void>[] = [];
  let journal: Journal | undefined;
  const acknowledged = (segment: SealedSegment) => () => {
    if (journal !== undefined) answers.push(deliver(journal, [segment]));
  };
  const writing = await opened(t, await workDir(t), undefined, before("1.seg", acknowledged(first)));
  journal = writing.journal;
  for (const segment of segments) await journal.append(segment);
  t.same(names(journal.pending()), names([second, third]), "while the next segment is written");

  const card = await workDir(t);
  const moving = await opened(t, card, undefined, before(".json", acknowledged(second)));
  journal = undefined;
  for (const segment of segments) await moving.journal.append(segment);
  journal = moving.journal;
  await flip(pathOf(card, first), 4_500);
  t.equal(await journal.check(first.clip, 0), "damaged");
  t.same(names(journal.pending()), names([third]), "while another is set aside");
  await Promise.all(answers);
});

test("a clip that the power cut is closed as interrupted, chained, without bytes, and closed once", async (t) => {
  const dir = await workDir(t);
  const before = await opened(t, dir);
  const clip = clipId();
  const segments = (await testSegments(camera, clip, 4)).slice(0, 2);
  await before.journal.begin(clip, begun);
  for (const segment of segments) await before.journal.append(segment);
  await before.journal.close();
  for (const _ of [1, 2]) {
    const { journal } = await opened(t, dir);
    t.same(
      journal.pending().map(({ size, end }) => `${size > 0} ${end}`),
      ["true no", "true no", "false interrupted"],
    );
    const notes = await Promise.all(
      [0, 1, 2].map(async (i) => (await journal.readHead(clip, i))?.note ?? ""),
    );
    const chain = openSegmentChain(notes, camera.verifier);
    t.equal(chain.ok && chain.value[2]?.sha256, hashOf(new Uint8Array()));
    t.equal((await journal.readHead(clip, 2))?.header.length, 0);
    t.equal((await journal.readBody(clip, 2, 0, 10))?.length, 0);
    t.equal(journal.lastManifest(), segments[1]?.manifest);
    t.same(gapsOf(journal), []);
    await journal.close();
  }
});

test("a clip that began and of which nothing was sealed leaves a gap, once", async (t) => {
  const dir = await workDir(t);
  const { journal } = await opened(t, dir);
  const clip = clipId();
  await journal.begin(clip, begun);
  await journal.close();
  for (const _ of [1, 2]) {
    const again = await opened(t, dir);
    t.same(gapsOf(again.journal), [`power ${clip}`]);
    await again.journal.close();
  }
});

test("damaged segments are set aside with a gap, whatever is damaged, and the others stay", async (t) => {
  const damages: Readonly<Record<string, (path: string) => Promise<void>>> = {
    body: (path) => flip(path, 4_400),
    "age header": (path) => flip(path, 4_120),
    frame: (path) => flip(path, 100),
    cut: (path) => truncate(path, 4_500),
    empty: (path) => truncate(path, 0),
    random: (path) => writeFile(path, chance.bytes(5_000)),
  };
  for (const [what, damage] of Object.entries(damages)) {
    const dir = await workDir(t);
    const { journal } = await opened(t, dir);
    const [first, middle, last] = (await record(journal, 3)) as [SealedSegment, SealedSegment, SealedSegment];
    await journal.close();
    await damage(pathOf(dir, middle));
    const again = await opened(t, dir);
    await again.journal.verified;
    t.same(names(again.journal.pending()), names([first, last]), what);
    t.same(gapsOf(again.journal), [`damaged ${middle.clip}`], what);
    t.equal(await again.journal.readHead(middle.clip, 1), undefined, what);
    const left = await readdir(join(dir, "journal", "clips", middle.clip));
    t.equal(left.filter((name) => name.includes(".damaged-")).length, 1, what);
  }
});

test("a damaged last segment of an open clip is set aside, and nobody signs a second note for its place", async (t) => {
  const dir = await workDir(t);
  const { journal } = await opened(t, dir);
  const clip = clipId();
  const segments = (await testSegments(camera, clip, 3)).slice(0, 2) as [SealedSegment, SealedSegment];
  await journal.begin(clip, begun);
  for (const segment of segments) await journal.append(segment);
  await journal.close();
  await flip(pathOf(dir, segments[1]), 50);
  for (const start of ["the one that finds it", "the next"]) {
    const again = await opened(t, dir);
    t.same(names(again.journal.pending()), names([segments[0]]), start);
    t.same(gapsOf(again.journal), [`damaged ${clip}`], start);
    await again.journal.close();
  }
});

test("a last segment that is set aside later leaves its place empty, too", async (t) => {
  const dir = await workDir(t);
  const { journal } = await opened(t, dir);
  const [first, last] = (await record(journal, 2)) as [SealedSegment, SealedSegment];
  await flip(pathOf(dir, last), 4_400);
  t.equal(await journal.check(last.clip, 1), "damaged");
  await journal.close();
  t.same(names((await opened(t, dir)).journal.pending()), names([first]));
});

test("damaged state and events are set aside, and nothing else is lost by it", async (t) => {
  const dir = await workDir(t);
  const { journal } = await opened(t, dir);
  const segments = await record(journal, 1);
  const press = await journal.appendEvent({ kind: "press", at: begun });
  const motion = await journal.appendEvent({ kind: "motion", at: begun });
  await journal.close();
  await flip(join(dir, "journal", "state.json"), 80);
  await writeFile(join(dir, "journal", "events", `${press.id}.json`), "{");
  const again = await opened(t, dir);
  t.same(again.journal.pendingEvents(), [motion]);
  t.same(names(again.journal.pending()), names(segments));
  t.equal(again.journal.lastManifest(), segments[0]?.manifest);
  t.same(again.logged.filter((event) => event === "journal.damaged").length, 2);
  await again.journal.close();

  const bare = await workDir(t);
  const fresh = await opened(t, bare);
  t.equal(fresh.journal.lastManifest(), "none");
  await fresh.journal.close();
  await writeFile(join(bare, "journal", "state.json"), "rubbish");
  t.equal((await opened(t, bare)).journal.lastManifest(), "unknown");
});

test("events stay until they are acknowledged, across restarts", async (t) => {
  const dir = await workDir(t);
  const { journal } = await opened(t, dir);
  const told: string[] = [];
  journal.watch({ happened: ({ id }) => told.push(id) });
  const press = await journal.appendEvent({ kind: "press", at: begun, clip: clipId() });
  const gap = await journal.appendEvent({
    kind: "gap",
    from: begun,
    to: millis(begun + 5),
    reason: "camera-fault",
  });
  t.same(told, [press.id, gap.id]);
  t.match(gap, { kind: "gap", from: "2026-09-21T14:13:20.000Z", to: "2026-09-21T14:13:20.005Z" });
  await journal.acknowledgeEvents([press.id, "../state"]);
  await journal.close();
  t.same((await opened(t, dir)).journal.pendingEvents(), [gap]);
});

test("when its share is used up, the oldest acknowledged clip goes first, then the oldest with a gap", async (t) => {
  const dir = await workDir(t);
  const limit = reserveBytes + 4 * 16_000;
  const { journal } = await opened(t, dir, limit);
  const gone: string[] = [];
  journal.watch({ clipGone: (clip) => gone.push(clip) });
  const clips = [
    await record(journal, 2, 5_000),
    await record(journal, 2, 5_000),
    await record(journal, 2, 5_000),
  ];
  const [oldest = [], safe = [], newest = []] = clips;
  await deliver(journal, safe);
  const fourth = await record(journal, 2, 5_000);
  t.same(gone, [safe[0]?.clip], "what the vault has goes, though it is not the oldest");
  t.same(gapsOf(journal), []);
  await record(journal, 2, 5_000);
  t.same(gone, [safe[0]?.clip, oldest[0]?.clip]);
  t.same(gapsOf(journal), [`evicted ${oldest[0]?.clip}`]);
  t.equal(names(journal.pending()).length, 6);
  t.same(names(journal.pending()).slice(0, 4), names([...newest, ...fourth]));
  t.ok(journal.usage().bytes <= limit, `${journal.usage().bytes} of ${limit} bytes`);
  t.equal((await readdir(join(dir, "journal", "clips"))).length, 3);
});

test("a deleted clip that a failing card did not let go leaves it when its deletion is told again", async (t) => {
  for (const operation of ["rename", "syncDir", "remove", "removeDir"] as const) {
    const dir = await workDir(t);
    let fails = false;
    const failing = async (...values: readonly never[]): Promise<void> => {
      if (fails) throw Object.assign(new Error("EIO"), { code: "EIO" });
      await (systemDisk[operation] as (...all: readonly never[]) => Promise<void>)(...values);
    };
    const { journal } = await opened(t, dir, undefined, { ...systemDisk, [operation]: failing });
    const [{ clip }] = (await record(journal, 2)) as [SealedSegment, SealedSegment];
    fails = true;
    await t.rejects(journal.removeClip(clip), operation);
    fails = false;
    await journal.removeClip(clip);
    t.same(await readdir(join(dir, "journal", "clips")), [], operation);
    await journal.removeClip(clip);
    await journal.close();
  }
});

test("a deleted clip leaves the card, and the rest of it too while it is being recorded", async (t) => {
  const dir = await workDir(t);
  const { journal } = await opened(t, dir);
  const done = await record(journal, 2);
  const clip = clipId();
  const [first, second] = (await testSegments(camera, clip, 2)) as [SealedSegment, SealedSegment];
  await journal.begin(clip, begun);
  await journal.append(first);
  await journal.removeClip(done[0]?.clip ?? clip);
  await journal.removeClip(clip);
  await journal.append(second);
  t.same(journal.pending(), []);
  t.same(await readdir(join(dir, "journal", "clips")), []);
  await journal.close();
  t.same(gapsOf((await opened(t, dir)).journal), []);
});

test("check tells whole from damaged, and sets nothing else aside", async (t) => {
  const dir = await workDir(t);
  const { journal } = await opened(t, dir);
  const [first, second] = (await record(journal, 2)) as [SealedSegment, SealedSegment];
  t.equal(await journal.check(first.clip, 0), "whole");
  await flip(pathOf(dir, first), 4_500);
  t.equal(await journal.check(first.clip, 0), "damaged");
  t.equal(await journal.check(first.clip, 0), "gone");
  t.same(names(journal.pending()), names([second]));
  t.same(gapsOf(journal), [`damaged ${first.clip}`]);
  t.equal(journal.usage().damaged, 1);
});

/** Whether this machine lets us mount a card of one mebibyte, whose size is real. */
const mounts = await (async () => {
  const dir = await mkdtemp(join(tmpdir(), "lintel-mount-"));
  const mounted = await mountCard(dir).then(
    () => run("umount", [dir]),
    () => undefined,
  );
  await rm(dir, { recursive: true });
  return mounted !== undefined;
})();

function mountCard(dir: string): Promise<unknown> {
  return run("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", dir]);
}

const skip = mounts ? false : "needs the right to mount a tmpfs";
test("a full card stops nothing: what the vault has goes, writes wait, gaps are recorded", {
  skip,
}, async (t) => {
  const dir = await workDir(t);
  await mountCard(dir);
  t.teardown(() => run("umount", ["--lazy", dir]));
  const { journal, logged } = await opened(t, dir);
  const safe = await record(journal, 2, 100_000);
  await deliver(journal, safe);
  const kept = await record(journal, 4, 100_000);
  t.notOk(logged.includes("journal.evicted"));
  const more = await record(journal, 2, 120_000);
  t.ok(logged.includes("journal.evicted"), "the acknowledged clip made room");

  const clip = clipId();
  const late = await testSegments(camera, clip, 1, 300_000);
  await journal.begin(clip, begun);
  const waiting = Promise.all(late.map((segment) => journal.append(segment)));
  // Behind the attempt in the lane, and so a sign that it has failed.
  await journal.appendEvent({ kind: "gap", from: begun, to: begun, reason: "disk-full" });
  t.equal(journal.blocked(), "disk-full");
  t.equal(journal.usage().blocked, "disk-full");
  for (let i = 0; i < 20; i++) await journal.appendEvent({ kind: "press", at: begun });
  t.equal((await readdir(join(dir, "journal", "events"))).length, 21, "events fit where footage does not");
  t.same(names(journal.pending()), names([...kept, ...more]), "nothing that waits for the vault went");

  await deliver(journal, kept);
  await waiting;
  t.equal(journal.blocked(), undefined);
  t.same(names(journal.pending()), names([...more, ...late]));
  t.equal((await stat(join(dir, "journal", "reserve"))).size, reserveBytes, "the reserve is there again");
});

test("a write that waits for room is given up when the journal is closed", async (t) => {
  const dir = await workDir(t);
  const { journal } = await opened(t, dir, reserveBytes + 1_000);
  const clip = clipId();
  const [segment] = await testSegments(camera, clip, 1);
  await journal.begin(clip, begun);
  if (segment === undefined) return;
  const refused = t.rejects(journal.append(segment), /closed/);
  await journal.appendEvent({ kind: "press", at: begun });
  await journal.close();
  await refused;
});
