import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { test } from "tap";
import { cameraKeyName } from "../../shared/charter/lines.js";
import { type Fragment, rebase } from "../../shared/clip/fmp4.js";
import { openClip } from "../../shared/clip/plain.js";
import {
  openSegmentChain,
  type SealedSegment,
  type SegmentEnd,
  segmentMillisMax,
} from "../../shared/clip/segment.js";
import { splitFmp4 } from "../../shared/clip/split.js";
import { millis } from "../../shared/kernel/brand.js";
import { concat } from "../../shared/kernel/bytes.js";
import { type ClipId, cameraIdOf, householdIdOf, newClipId } from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { newIdentity, open as openAge, recipientOf } from "../../shared/seal/age.js";
import { hashOf, hashOfText } from "../../shared/seal/hash.js";
import { verifierOf } from "../../shared/seal/note.js";
import type { Shortfall } from "./intake.js";
import { finish, type Gathering, gather } from "./plan.js";
import { type SealerOptions, startSealer } from "./seal.io.js";

const run = promisify(execFile);
const has = (program: string): boolean => {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`]);
    return true;
  } catch {
    return false;
  }
};

/** Nine one-second fragments of a real encoder. */
async function encode(): Promise<Uint8Array> {
  const movflags = "+frag_keyframe+empty_moov+default_base_moof+separate_moof+skip_trailer";
  const picture = ["-f", "lavfi", "-i", "testsrc=size=320x180:rate=15:duration=9"];
  const coding = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "15", "-bf", "0", "-pix_fmt", "yuv420p"];
  const output = ["-movflags", movflags, "-f", "mp4", "pipe:1"];
  const { stdout } = await run("ffmpeg", ["-v", "error", ...picture, ...coding, ...output], {
    encoding: "buffer",
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}
const skip = has("ffmpeg") ? false : "needs ffmpeg";
const split = skip === false ? splitFmp4(await encode()) : undefined;
const video = split?.ok ? split.value : undefined;

const secretKey = new Uint8Array(32).fill(3);
const cameraId = cameraIdOf(verifierOf({ name: "", secretKey }).publicKey);
const signer = { name: cameraKeyName(cameraId), secretKey };
const identity = await newIdentity();
const custody = {
  household: householdIdOf(new Uint8Array(32).fill(4)),
  camera: cameraId,
  recipient: await recipientOf(identity),
  charter: hashOfText("charter"),
  clock: "synchronised",
} as const;

/** A sink that keeps everything, and waits while it is told to. */
function memorySink() {
  const stored: SealedSegment[] = [];
  const begun: ClipId[] = [];
  const abandoned: ClipId[] = [];
  let gate = Promise.resolve();
  let open = (): void => {};
  return {
    stored,
    begun,
    abandoned,
    shut: () => {
      gate = new Promise((resolve) => {
        open = resolve;
      });
    },
    open: () => open(),
    begin: async (clip: ClipId) => void begun.push(clip),
    append: async (segment: SealedSegment) => {
      await gate;
      stored.push(segment);
    },
    abandon: async (clip: ClipId) => void abandoned.push(clip),
    blocked: () => undefined,
  };
}

function sealerOf(more: Partial<SealerOptions> = {}) {
  const sink = memorySink();
  const lost: Shortfall[] = [];
  const logged: { readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[] = [];
  const sealer = startSealer({
    ...{ signer, sink, previous: "none", random: seededPrng(1), custody: () => custody },
    log: (event, fields) => logged.push({ event, fields }),
    onShortfall: (shortfall) => lost.push(shortfall),
    ...more,
  });
  return { sealer, sink, lost, logged };
}
type Rig = ReturnType<typeof sealerOf>;

const start = { wall: millis(1_790_000_000_000), monotonic: millis(5_000) };
const chance = seededPrng(2);

function begin({ sealer }: Rig, trigger: "press" | "motion" = "press"): ClipId {
  const clip = newClipId(start.wall, chance);
  if (video === undefined) throw new Error("no video");
  sealer.push({ kind: "begin", clip, start, trigger, init: video.init });
  return clip;
}

function append({ sealer }: Rig, clip: ClipId, index: number, end: SegmentEnd, live = true): void {
  const fragments = video?.fragments ?? [];
  const [first] = fragments;
  const fragment = fragments[index];
  if (first === undefined || fragment === undefined) throw new Error("no such fragment");
  const place = { origin: first.time, sequence: index + 1 };
  sealer.push({ kind: "append", clip, fragment: rebase(fragment, place), live, end });
}

/** Five fragments before the trigger, four after it. */
function record(rig: Rig): ClipId {
  const clip = begin(rig);
  for (let i = 0; i < 9; i++) append(rig, clip, i, i === 8 ? "complete" : "no", i >= 4);
  return clip;
}

async function plainOf(segments: readonly SealedSegment[]): Promise<Uint8Array> {
  const plains = await Promise.all(segments.map(({ sealed }) => openAge(sealed, [identity])));
  return concat(...plains.map((plain) => (plain.ok ? plain.value : new Uint8Array())));
}

test("a clip's segments open to a whole MP4 that the camera signed", { skip }, async (t) => {
  const rig = sealerOf();
  const clip = record(rig);
  await rig.sealer.settled();
  const { stored, begun } = rig.sink;
  t.same(begun, [clip]);
  t.same(
    stored.map(({ index, end }) => `${index} ${end}`),
    [0, 1, 2, 3, 4, 5, 6].map((i) => `${i} ${i === 6 ? "complete" : "no"}`),
  );
  t.same(
    stored.map(({ from, to }) => to - from),
    [2000, 2000, 1000, 1000, 1000, 1000, 1000],
  );
  const chain = openSegmentChain(
    stored.map(({ note }) => note),
    verifierOf(signer),
  );
  t.same(
    chain.ok && chain.value.map(({ sha256 }) => sha256),
    stored.map(({ sealed }) => hashOf(sealed)),
  );
  const opened = openClip(await plainOf(stored), verifierOf(signer));
  t.ok(opened.ok, JSON.stringify(opened.ok || opened.error));
  if (!opened.ok) return;
  t.equal(opened.value.manifest.end, "complete");
  t.equal(opened.value.manifest.previous, "none");
  t.equal(opened.value.fragments.length, 9);
  t.equal(hashOfText(opened.value.manifest.text), stored.at(-1)?.manifest);
  t.equal(rig.sealer.waitingBytes(), 0);
  t.match(rig.logged[0], {
    event: "clip.sealed",
    fields: { clipId: clip, segment: 0, ms: Number, cpuMs: Number },
  });
});

test("whatever was sealed before the end opens as a clip that is still recording", { skip }, async (t) => {
  const rig = sealerOf();
  record(rig);
  await rig.sealer.settled();
  for (let count = 1; count < 7; count++) {
    const opened = openClip(await plainOf(rig.sink.stored.slice(0, count)), verifierOf(signer));
    t.equal(opened.ok && opened.value.manifest.end, "recording");
  }
});

test("the next clip names the last manifest of the one before", { skip }, async (t) => {
  const rig = sealerOf({ previous: "unknown" });
  record(rig);
  record(rig);
  await rig.sealer.settled();
  const [first, second] = [rig.sink.stored.slice(0, 7), rig.sink.stored.slice(7)];
  const [before, after] = await Promise.all(
    [first, second].map(async (one) => openClip(await plainOf(one), verifierOf(signer))),
  );
  t.equal(before?.ok && before.value.manifest.previous, "unknown");
  t.equal(after?.ok && after.value.manifest.previous, first.at(-1)?.manifest);
});

test("an end without a fragment closes the clip: with what was gathered, or with a manifest alone", {
  skip,
}, async (t) => {
  const rig = sealerOf();
  const clip = begin(rig);
  append(rig, clip, 0, "no", false);
  rig.sealer.push({ kind: "end", clip, end: "interrupted" });
  const other = begin(rig);
  append(rig, other, 0, "no", true);
  rig.sealer.push({ kind: "end", clip: other, end: "complete" });
  await rig.sealer.settled();
  const { stored } = rig.sink;
  t.same(
    stored.map(({ index, end }) => `${index} ${end}`),
    ["0 interrupted", "0 no", "1 complete"],
  );
  t.same(
    stored.map(({ from, to }) => to - from),
    [1000, 1000, 0],
  );
  const opened = openClip(await plainOf(stored.slice(1)), verifierOf(signer));
  t.equal(opened.ok && opened.value.manifest.end, "complete");
  const cut = openClip(await plainOf(stored.slice(0, 1)), verifierOf(signer));
  t.equal(cut.ok && cut.value.manifest.end, "interrupted");
});

test("when sealing falls behind, the clip ends interrupted, the rest is told as a gap, the next clip is whole", {
  skip,
}, async (t) => {
  const sizes = (video?.fragments ?? []).map(({ bytes }) => bytes.length);
  const queueBytesMax = sizes.slice(0, 4).reduce((sum, size) => sum + size, 0);
  const rig = sealerOf({ queueBytesMax });
  rig.sink.shut();
  const clip = record(rig);
  t.same(rig.lost, [
    { kind: "gap", clip, from: start.wall + 4000, to: start.wall + 9000, reason: "camera-fault" },
  ]);
  t.same(
    rig.logged.map(({ event }) => event),
    ["sealer.behind"],
  );
  const shed = begin(rig);
  append(rig, shed, 0, "complete");
  t.equal(rig.lost.at(-1)?.clip, shed);
  rig.sink.open();
  await rig.sealer.settled();
  const opened = openClip(await plainOf(rig.sink.stored), verifierOf(signer));
  t.equal(opened.ok && opened.value.manifest.end, "interrupted");
  t.equal(opened.ok && opened.value.fragments.length, 4);
  t.same(rig.sink.begun, [clip], "a clip of which nothing fits does not begin");
  rig.sink.stored.length = 0;
  const whole = begin(rig);
  append(rig, whole, 0, "complete");
  await rig.sealer.settled();
  t.equal(rig.sink.stored.length, 1);
});

test("a sink that fails ends that clip's chain, the rest is told as a gap, and the next clip starts anew", {
  skip,
}, async (t) => {
  const sink = memorySink();
  let calls = 0;
  const append = async (segment: SealedSegment): Promise<void> => {
    if (++calls === 2) throw new Error("gone");
    await sink.append(segment);
  };
  const rig = sealerOf({ sink: { ...sink, append } });
  const clip = record(rig);
  const next = record(rig);
  await rig.sealer.settled();
  t.same(
    sink.stored.map((segment) => segment.clip),
    [clip, ...Array.from({ length: 7 }, () => next)],
  );
  t.equal(rig.logged.filter(({ event }) => event === "sealer.failed").length, 1);
  t.equal(rig.sealer.waitingBytes(), 0);
  t.same(rig.lost, [
    { kind: "gap", clip, from: start.wall + 2000, to: start.wall + 9000, reason: "camera-fault" },
  ]);
  t.same(sink.abandoned, [clip], "the sink waits for no more of it");
});

test("a clip that cannot begin is a gap as long as the clip", { skip }, async (t) => {
  const sink = memorySink();
  const rig = sealerOf({ sink: { ...sink, begin: () => Promise.reject(new Error("no")) } });
  const clip = record(rig);
  await rig.sealer.settled();
  t.same(rig.lost, [{ kind: "gap", clip, from: start.wall, to: start.wall + 9000, reason: "camera-fault" }]);
  t.same(sink.abandoned, [clip]);
});

test("a clip is sealed under the rules in force when it began, however long the queue", {
  skip,
}, async (t) => {
  let removed = false;
  const asked = (): typeof custody => {
    if (removed) throw new Error("the camera was removed");
    return custody;
  };
  const rig = sealerOf({ custody: asked });
  rig.sink.shut();
  record(rig);
  const second = record(rig);
  removed = true;
  rig.sink.open();
  await rig.sealer.settled();
  t.equal(rig.sink.stored.at(-1)?.clip, second);
  t.equal(rig.sink.stored.length, 14);
});

const noTools = ["age", "ffprobe"].find((tool) => !has(tool));
test("stock age opens each segment, cat joins them, ffprobe counts the frames", {
  skip: skip || (noTools !== undefined && `needs ${noTools}`),
}, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "lintel-seal-"));
  t.teardown(() => rm(dir, { recursive: true }));
  const rig = sealerOf();
  record(rig);
  await rig.sealer.settled();
  await writeFile(join(dir, "key"), identity, { mode: 0o600 });
  for (const { index, sealed } of rig.sink.stored) await writeFile(join(dir, `${index}.age`), sealed);
  await run("sh", ["-c", "for i in 0 1 2 3 4 5 6; do age -d -i key $i.age || exit 1; done > clip.mp4"], {
    cwd: dir,
  });
  t.same(hashOf(await readFile(join(dir, "clip.mp4"))), hashOf(await plainOf(rig.sink.stored)));
  const show = ["-show_entries", "stream=codec_name,nb_read_frames", "-of", "csv=p=0"];
  const { stdout } = await run("ffprobe", ["-v", "error", "-count_frames", ...show, "clip.mp4"], {
    cwd: dir,
  });
  t.equal(stdout.trim(), "h264,135");
  const { stderr } = await run("ffmpeg", ["-v", "error", "-i", "clip.mp4", "-f", "null", "-"], { cwd: dir });
  t.equal(stderr, "");
});

const piece = fc.record({
  duration: fc.integer({ min: 1, max: 3000 }),
  size: fc.integer({ min: 1, max: 5_000_000 }),
  live: fc.boolean(),
  sound: fc.boolean(),
});

test("whatever the fragments' lengths, segments hold them all in order, none above 2 s unless it is one fragment", async (t) => {
  const memory = new Uint8Array(5_000_000);
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 40 }), (pieces) => {
      let gathering: Gathering = { track: 1, timescale: 1000, fragments: [] };
      const out: (readonly Fragment[])[] = [];
      pieces.forEach(({ duration, size, sound, ...piece }, sequence) => {
        const live = piece.live && !sound;
        const fragment = {
          bytes: memory.subarray(0, size),
          track: sound ? 2 : 1,
          sequence,
          time: 0,
          duration,
          frames: 1,
          keyframe: true,
        };
        const plan = gather(gathering, { fragment, live, end: "no" });
        gathering = plan.gathering;
        out.push(...plan.segments.map(({ fragments }) => fragments));
        if (live && duration >= 500 && gathering.fragments.length > 0)
          throw new Error("a live fragment waits");
      });
      out.push(finish(gathering, "complete").fragments);
      const order = out.flat().map(({ sequence }) => sequence);
      if (order.some((sequence, i) => sequence !== i) || order.length !== pieces.length)
        throw new Error("lost");
      const pictures = out.map((one) => one.filter(({ track }) => track === 1));
      const long = pictures.filter(
        (one) => one.length > 1 && one.reduce((sum, f) => sum + f.duration, 0) > segmentMillisMax,
      );
      if (long.length > 0) throw new Error("a segment above 2 s");
    }),
    { numRuns: 300, seed: 5 },
  );
  t.pass();
});

test("a clip whose footage has not come is on record in its turn, and what the card refuses of that stops nothing", {
  skip,
}, async (t) => {
  const rig = sealerOf();
  const first = record(rig);
  const next = newClipId(start.wall, chance);
  rig.sealer.due(next, start.wall);
  rig.sealer.due(next);
  await rig.sealer.settled();
  t.same(rig.sink.begun, [first, next], "after the clip before it");
  t.same(rig.sink.abandoned, [next]);
  const full = sealerOf({ sink: { ...memorySink(), begin: () => Promise.reject(new Error("no room")) } });
  full.sealer.due(next, start.wall);
  await full.sealer.settled();
  t.match(full.logged, [{ event: "sealer.failed", fields: { why: "Error: no room" } }]);
  t.same(full.lost, []);
});
