// Simulated cameras, whose recorder is chance but whose journal and uplink are the firmware's own, against the cloud's own program
// for a long time: each behind a line of its own that breaks, stalls and slows down now and then.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import {
  systemClock as clock,
  makeClip,
  type RigSegment,
  systemRandom as random,
} from "../../cloud/ingest/segment.contract.js";
import { openKeystore } from "../../firmware/board/keystore.io.js";
import { openJournal } from "../../firmware/recorder/journal.io.js";
import { startUplink } from "../../firmware/uplink/uplink.io.js";
import { placesIn, settle } from "../../scripts/demo/home.io.js";
import { type Program, startProgram } from "../../scripts/demo/program.io.js";
import { millis } from "../../shared/kernel/brand.js";
import { freePort } from "../../shared/kernel/freeport.contract.js";
import { type Prng, seededPrng } from "../../shared/kernel/prng.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { verifierOf } from "../../shared/seal/note.js";
import type { VaultClip } from "../rig/evidence.js";
import { houseName } from "../rig/host/card.io.js";
import { inVault } from "../rig/host/evidence.io.js";
import { type HeapWatch, openHeapWatch } from "../rig/host/heap.io.js";
import { type Link, openLink } from "../rig/host/link.io.js";
import { growth, perHour, type Sample } from "../rig/slope.js";

export interface SoakOptions {
  readonly minutes: number;
  readonly cameras: number;
  readonly seed: number;
  readonly onProgress: (line: string) => void;
}

export interface SoakReport {
  readonly minutes: number;
  readonly cameras: number;
  readonly clips: number;
  readonly segments: number;
  readonly megabytes: number;
  /** Line faults by kind. */
  readonly faults: Readonly<Record<Trouble, number>>;
  readonly lost: readonly string[];
  readonly twice: readonly string[];
  /** Of the cloud's process, once it has warmed up. */
  readonly memory: Trend;
  /** What of it was alive behind each full collection. */
  readonly heap: Trend;
  readonly openFiles: Trend;
}

export interface Trend {
  readonly perHour: number;
  readonly growth: number;
  readonly most: number;
  readonly samples: readonly Sample[];
}

const troubles = ["cut", "stall", "slow"] as const;
type Trouble = (typeof troubles)[number];

const clipEveryMillis = [12_000, 28_000] as const;
const segmentsOfClip = [1, 5] as const;
const bodyBytes = [20_000, 120_000] as const;
const troubleEveryMillis = [40_000, 160_000] as const;
const troubleMillis = [1_000, 8_000] as const;
const slow = { bitsPerSecond: 256_000, delayMillis: 150 };
const sampleMillis = 2_000;
/** Of the whole time: caches fill and the engine compiles. */
const warmUp = 0.2;
const drainMillisMax = 180_000;
const progressMillis = 60_000;

export async function soakStory(options: SoakOptions): Promise<SoakReport> {
  const folder = mkdtempSync(join(tmpdir(), houseName(process.pid)));
  const yard: Yard = {
    folder,
    cameras: [],
    faults: { cut: 0, stall: 0, slow: 0 },
    onProgress: options.onProgress,
  };
  const heap = openHeapWatch(folder);
  let cloud: Program | undefined;
  try {
    const [http, mqtt] = [await freePort(), await freePort()];
    cloud = await startProgram({
      ...{ name: "cloud", main: "cloud/main.js" },
      environment: {
        ...heap.environment,
        LINTEL_DATA: placesIn(join(folder, "cloud")).cloud,
        LINTEL_HTTP: `127.0.0.1:${http}`,
        LINTEL_MQTT: `127.0.0.1:${mqtt}`,
        LINTEL_HOURLY: "1000",
        LINTEL_OPEN_CALLS: "100000",
      },
    });
    const prng = seededPrng(options.seed);
    for (let count = 0; count < options.cameras; count++)
      yard.cameras.push(await openCamera(yard, `http://127.0.0.1:${http}`, mqtt, count));
    options.onProgress(`${options.cameras} cameras are signed in`);
    const measured = await soak(yard, options, prng, { pid: cloud.pid, heap });
    return { ...measured, ...(await compareAll(yard, options)) };
  } finally {
    for (const camera of yard.cameras) await camera.close();
    await cloud?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Yard {
  readonly folder: string;
  readonly cameras: SoakCamera[];
  readonly faults: Record<Trouble, number>;
  readonly onProgress: (line: string) => void;
}

interface SoakCamera {
  readonly places: ReturnType<typeof placesIn>;
  readonly link: Link;
  /** What it recorded, by clip: hashes of the sealed segments. */
  readonly recorded: Map<string, readonly string[]>;
  waiting(): number;
  record(prng: Prng): Promise<void>;
  close(): Promise<void>;
}

/** The installer looks for a picture; nothing is recorded of it. */
const smallScene = "scene:seed=1,size=160x90,fps=5,quiet";
const quiet = (): void => undefined;

/** A household of its own with one camera, signed in by the very commands that people type. */
async function openCamera(yard: Yard, cloudUrl: string, mqtt: number, count: number): Promise<SoakCamera> {
  const places = placesIn(join(yard.folder, `house-${count}`));
  await settle(places, cloudUrl, smallScene);
  const enrolment = openKeystore(places.camera, clock, quiet).readEnrolment();
  if (!enrolment.ok) throw new Error(`camera ${count}: ${enrolment.error.kind}`);
  const { identity, certificate, ca, vault, charter } = enrolment.value;
  const link = await openLink(mqtt);
  const dir = join(places.camera, "journal");
  const journal = await openJournal({ dir, camera: identity.signer, clock, random, log: quiet });
  const uplink = startUplink(
    {
      ...{ camera: identity.camera, server: { host: "127.0.0.1", port: link.port }, vault, store: journal },
      ...{
        identity: () => ({ key: identity.tlsKey, certificate, ca }),
        windowMax: 64,
        clockIsSet: () => true,
      },
      ...{ clock, random, log: quiet },
    },
    {
      ...{
        have: () => charter.version,
        charters: quiet,
        haveMode: () => 0,
        mode: quiet,
        deletion: async () => undefined,
      },
      ...{ wantsCertificate: () => undefined, certificate: quiet, turnedAway: quiet, changed: quiet },
    },
  );
  journal.watch({ stored: (segment) => uplink.stored(segment), happened: (event) => uplink.happened(event) });
  const { signer } = identity;
  const who = { id: identity.camera, household: charter.household, signer, verifier: verifierOf(signer) };
  const recorded = new Map<string, readonly string[]>();
  return {
    ...{ places, link, recorded },
    waiting: () => journal.usage().pendingSegments + journal.pendingEvents().length,
    async record(prng) {
      const segments = await makeClip(who, prng.between(...segmentsOfClip), {
        bodyBytes: prng.between(...bodyBytes),
      });
      const [{ clip } = { clip: undefined }] = segments;
      if (clip === undefined) return;
      recorded.set(
        clip,
        segments.map(({ note }) => sha256In(note)),
      );
      await journal.appendEvent({ kind: "motion", at: clock.wall(), clip });
      for (const { note, file, index } of segments) await journal.append(onCard({ clip, note, file, index }));
    },
    async close() {
      await uplink.stop(0);
      await journal.close();
      await link.close();
    },
  };
}

function onCard({ clip, note, file, index }: Pick<RigSegment, "clip" | "note" | "file" | "index">) {
  const end = /\nend (no|complete|interrupted)\n/.exec(note)?.[1] as "no" | "complete" | "interrupted";
  const times = { from: millis(0), to: millis(2_000) };
  return { clip, index, end, note, sealed: file, manifest: hashOfText(note), ...times };
}

function sha256In(note: string): string {
  const base64 = /\nsha256 (\S+)\n/.exec(note)?.[1] ?? "";
  return Buffer.from(base64, "base64").toString("hex");
}

type Measured = Pick<SoakReport, "minutes" | "cameras" | "faults" | "memory" | "heap" | "openFiles">;

interface Watched {
  readonly pid: number;
  readonly heap: HeapWatch;
}

async function soak(yard: Yard, options: SoakOptions, prng: Prng, { pid, heap }: Watched): Promise<Measured> {
  const beganWall = Date.now();
  const began = performance.now();
  const end = began + options.minutes * 60_000;
  const memory: Sample[] = [];
  const openFiles: Sample[] = [];
  const sampling = setInterval(() => {
    const at = (performance.now() - began) / 1_000;
    memory.push([at, residentBytes(pid) / 1e6]);
    openFiles.push([at, readdirSync(`/proc/${pid}/fd`).length]);
  }, sampleMillis);
  const telling = setInterval(() => {
    const clips = yard.cameras.reduce((sum, { recorded }) => sum + recorded.size, 0);
    const [megabytes, files] = [memory.at(-1)?.[1] ?? 0, openFiles.at(-1)?.[1] ?? 0];
    const minutes = ((performance.now() - began) / 60_000).toFixed(0);
    yard.onProgress(
      `${minutes} min: ${clips} clips, the cloud has ${megabytes.toFixed(0)} MB and ${files} open files`,
    );
  }, progressMillis);
  try {
    const lives = yard.cameras.flatMap((camera) => {
      const chance = seededPrng(prng.between(0, 2 ** 31));
      return [
        every(clipEveryMillis, chance, end, () => camera.record(chance)),
        every(troubleEveryMillis, chance, end, () => trouble(yard, camera.link, chance)),
      ];
    });
    await Promise.all(lives);
  } finally {
    clearInterval(sampling);
    clearInterval(telling);
  }
  const { minutes, cameras } = options;
  const trends = {
    memory: trend(memory),
    heap: trend(heap.samples(pid, beganWall)),
    openFiles: trend(openFiles),
  };
  return { minutes, cameras, faults: yard.faults, ...trends };

  function trend(samples: readonly Sample[]): Trend {
    const warm = samples.filter(([at]) => at >= warmUp * options.minutes * 60);
    const most = Math.max(...samples.map(([, value]) => value));
    return { perHour: perHour(warm), growth: growth(warm), most, samples };
  }
}

async function every(
  [from, to]: readonly [number, number],
  chance: Prng,
  end: number,
  act: () => Promise<void>,
): Promise<void> {
  for (;;) {
    const pause = chance.between(from, to);
    if (performance.now() + pause > end) return;
    await wait(pause);
    await act();
  }
}

async function trouble({ faults }: Yard, link: Link, chance: Prng): Promise<void> {
  const kind = troubles[chance.between(0, troubles.length)] ?? "cut";
  faults[kind]++;
  if (kind === "slow") link.set(slow);
  else link[kind]();
  await wait(chance.between(...troubleMillis));
  link.set({});
  link.heal();
}

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}

/** Heals, waits until nothing waits, and compares every segment of every clip with what its owner fetches. */
async function compareAll(
  { cameras }: Yard,
  { onProgress }: SoakOptions,
): Promise<Pick<SoakReport, "clips" | "segments" | "megabytes" | "lost" | "twice">> {
  const deadline = performance.now() + drainMillisMax;
  while (cameras.some((camera) => camera.waiting() > 0) && performance.now() < deadline) await wait(250);
  onProgress("everything is compared with the vault");
  const [lost, twice]: [string[], string[]] = [[], []];
  let [clips, segments, bytes] = [0, 0, 0];
  for (const { places, recorded } of cameras) {
    const vault = await inVault({ places });
    for (const [clip, hashes] of recorded) lost.push(...missingOf(vault, clip, hashes));
    twice.push(...surplusOf(vault, recorded));
    clips += vault.length;
    segments += vault.reduce((sum, clip) => sum + clip.segments.length, 0);
    bytes += vault.flatMap((clip) => clip.segments).reduce((sum, one) => sum + one.bytes, 0);
    rmSync(join(places.member, "evidence"), { recursive: true, force: true });
  }
  return { clips, segments, megabytes: Math.round(bytes / 1e6), lost, twice };
}

function missingOf(vault: readonly VaultClip[], clip: string, hashes: readonly string[]): readonly string[] {
  const stored = vault.find(({ id }) => id === clip)?.segments ?? [];
  return hashes.flatMap((hash, index) =>
    stored.some((one) => one.index === index && one.sha256 === hash) ? [] : [`${clip}/${index}`],
  );
}

function surplusOf(
  vault: readonly VaultClip[],
  recorded: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  return vault.flatMap(({ id, segments }, at) => {
    const isSecond = vault.findIndex((one) => one.id === id) !== at;
    return isSecond || segments.length > (recorded.get(id)?.length ?? 0) ? [id] : [];
  });
}
