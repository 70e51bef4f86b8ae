import type { BeginClip, ClipEffect } from "../../shared/clip/cutting.js";
import type { InitSegment } from "../../shared/clip/init.js";
import {
  type ClockQuality,
  formatFragment,
  type ManifestHead,
  type SignedManifest,
  signManifest,
} from "../../shared/clip/manifest.js";
import { factsOf, formatPlain } from "../../shared/clip/plain.js";
import { formatSegment, type SealedSegment, segmentBytesMax } from "../../shared/clip/segment.js";
import { assert } from "../../shared/kernel/assert.js";
import { bytes, type Millis } from "../../shared/kernel/brand.js";
import type { CameraId, ClipId, HouseholdId } from "../../shared/kernel/ids.js";
import type { Log, Random } from "../../shared/kernel/ports.js";
import type { GapReason } from "../../shared/protocol/messages.js";
import { type Recipient, seal } from "../../shared/seal/age.js";
import { type Hash, hashOf, hashOfText } from "../../shared/seal/hash.js";
import { nativeHashOf } from "../../shared/seal/native.io.js";
import { type Signer, signNote, textOf } from "../../shared/seal/note.js";
import { close as closeLine, type Opening } from "../../shared/seal/opening.js";
import { type Incoming, type Job, type Shortfall, take } from "./intake.js";
import type { PlannedSegment } from "./plan.js";

/** To whom a clip is sealed and under which rules; asked once for each clip, when it begins, however long it waits then. */
export interface Custody {
  readonly household: HouseholdId;
  readonly camera: CameraId;
  /** The camera's only recipient in the charter. */
  readonly recipient: Recipient;
  /** Hash of that charter. */
  readonly charter: Hash;
  readonly clock: ClockQuality;
}

/** Where sealed segments go. */
export interface SegmentSink {
  /** Before its first segment. */
  begin(clip: ClipId, at: Millis): Promise<void>;
  /** Resolves when the segment is durable; may wait for room. Rejects when it is given up. */
  append(segment: SealedSegment): Promise<void>;
  /** Of a clip that began no more will come, though its last segment is not there. */
  abandon(clip: ClipId): Promise<void>;
  /** Why `append` waits, if it does. */
  blocked(): GapReason | undefined;
}

export interface SealerOptions {
  /** The camera's note key. */
  readonly signer: Signer;
  readonly custody: () => Custody;
  readonly sink: SegmentSink;
  /** The newest manifest of the last run. */
  readonly previous: Hash | "none" | "unknown";
  readonly random: Random;
  readonly log: Log;
  readonly onShortfall: (shortfall: Shortfall) => void;
  readonly queueBytesMax?: number;
}

export interface Sealer {
  /** Takes what the cutter did; never waits. */
  push(effect: ClipEffect): void;
  /** A clip whose footage has not come yet: on record, so that a power cut leaves a gap of it. Without `since` it is due no more. */
  due(clip: ClipId, since?: Millis): void;
  /** Plain footage in memory that waits to be sealed, in bytes. */
  waitingBytes(): number;
  /** Resolves when everything that was pushed is durable or given up, at the latest after `settleMillisMax`. */
  settled(): Promise<void>;
}

/** Plain footage that may wait in memory: a minute at 4 Mbit/s. What comes on top is lost, and said to be. */
const sealQueueBytesMax = 32 * 1024 * 1024;
/** A full card must not keep the firmware from ending: what is not durable by then is lost. */
const settleMillisMax = 5_000;

type Begin = BeginClip & { readonly custody: Custody };
type ReadyJob = Begin | Extract<Job, { kind: "segment" }>;

/** The clip that is being sealed. */
interface Sealing {
  readonly head: ManifestHead;
  readonly recipient: Recipient;
  readonly init: InitSegment;
  readonly openings: Opening[];
  index: number;
  previousNote: Hash | "none";
}

/** Seals clips while they are recorded, a segment after the other. Plain footage stays in memory. */
export function startSealer(options: SealerOptions): Sealer {
  const limitBytes = options.queueBytesMax ?? sealQueueBytesMax;
  const run = jobRunner(options);
  let incoming: Incoming | undefined;
  let waitingBytes = 0;
  let tail = Promise.resolve();

  const enqueue = (job: Job): void => {
    const ready: ReadyJob = job.kind === "begin" ? { ...job, custody: options.custody() } : job;
    tail = tail.then(async () => {
      await run(ready);
      if (job.kind === "segment") waitingBytes -= bytesOf(job.planned);
    });
  };

  return {
    push(effect) {
      const reason = options.sink.blocked() ?? "camera-fault";
      const taken = take(incoming, effect, { waitingBytes, limitBytes, reason });
      if (taken.incoming?.lost !== undefined && incoming?.lost === undefined)
        options.log("sealer.behind", { clipId: effect.clip, waitingBytes, reason });
      incoming = taken.incoming;
      waitingBytes += taken.bytes;
      for (const job of taken.jobs) enqueue(job);
      if (taken.shortfall !== undefined) options.onShortfall(taken.shortfall);
    },
    due(clip, since) {
      const { sink, log } = options;
      tail = tail
        .then(() => (since === undefined ? sink.abandon(clip) : sink.begin(clip, since)))
        .catch((error: unknown) => log("sealer.failed", { why: String(error) }));
    },
    waitingBytes: () => waitingBytes,
    settled: () =>
      withinLimit(async () => {
        for (let seen: Promise<void> | undefined; seen !== tail; ) {
          seen = tail;
          await seen;
        }
      }),
  };
}

async function withinLimit(work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, settleMillisMax);
  });
  await Promise.race([work(), limit]);
  clearTimeout(timer);
}

/** Carries out one job after another; what fails ends its clip, the rest of it is told as a gap, and the next starts anew. */
function jobRunner(options: SealerOptions): (job: ReadyJob) => Promise<void> {
  const { sink, log } = options;
  let { previous } = options;
  let clip: Sealing | undefined;
  let lost: Omit<Shortfall, "to"> | undefined;

  const begin = async (job: Begin): Promise<void> => {
    clip = undefined;
    lost = undefined;
    const opened = openSealing(job, previous);
    await sink.begin(job.clip, job.start.wall);
    clip = opened;
  };

  const sealNext = async (open: Sealing, job: Extract<Job, { kind: "segment" }>): Promise<void> => {
    const cpuBefore = process.cpuUsage();
    const since = performance.now();
    const segment = await sealSegment(options, open, job);
    const ms = Math.round(performance.now() - since);
    const cpu = process.cpuUsage(cpuBefore);
    const cpuMs = Math.round((cpu.user + cpu.system) / 1000);
    const facts = { clipId: segment.clip, segment: segment.index, end: segment.end };
    log("clip.sealed", { ...facts, bytes: segment.sealed.length, ms, cpuMs });
    await sink.append(segment);
    previous = segment.manifest;
  };

  const fail = (job: ReadyJob, error: unknown): void => {
    // The clip's chain ends here: a later segment would name one that is not there.
    const id = job.kind === "begin" ? job.clip : clip?.head.clip;
    clip = undefined;
    log("sealer.failed", { why: error instanceof Error ? error.message : String(error) });
    assert(id !== undefined, "a segment failed though no clip was open");
    const from = job.kind === "begin" ? job.start.wall : job.from;
    lost = { kind: "gap", clip: id, from, reason: sink.blocked() ?? "camera-fault" };
  };

  const endLost = async (gap: Omit<Shortfall, "to">, to: Millis): Promise<void> => {
    lost = undefined;
    if (to > gap.from) options.onShortfall({ ...gap, to });
    await sink.abandon(gap.clip).catch((error: unknown) => log("sealer.failed", { why: String(error) }));
  };

  return async (job) => {
    try {
      if (job.kind === "begin") await begin(job);
      else if (clip !== undefined) await sealNext(clip, job);
    } catch (error) {
      fail(job, error);
    }
    if (job.kind === "segment" && job.planned.end !== "no" && lost !== undefined) await endLost(lost, job.to);
  };
}

function openSealing(
  { clip, start, trigger, init, custody }: Begin,
  previous: Hash | "none" | "unknown",
): Sealing {
  const { household, camera, recipient, charter, clock } = custody;
  const { wall, monotonic } = start;
  const who = { household, camera, clip, trigger, charter, clock };
  const head = { ...who, start: wall, monotonic, previous, init: hashOf(init.bytes) };
  return { head, recipient, init, openings: [], index: 0, previousNote: "none" };
}

/** Adds the fragments to the clip's manifest and seals both. */
async function sealSegment(
  { signer, random }: SealerOptions,
  clip: Sealing,
  { planned, from, to }: Extract<Job, { kind: "segment" }>,
): Promise<SealedSegment> {
  const { fragments, end } = planned;
  const { head, index, openings } = clip;
  for (const fragment of fragments)
    openings.push(closeLine(formatFragment(factsOf(fragment, openings.length, nativeHashOf)), random));
  const manifest = signManifest(head, openings, end === "no" ? "recording" : end, signer);
  const data = fragments.map((fragment) => fragment.bytes);
  const init = index === 0 ? { init: clip.init.bytes } : {};
  const sealed = await seal(formatPlain({ ...init, fragments: data, manifest }), [clip.recipient]);
  assert(sealed.length <= segmentBytesMax, `a segment of ${sealed.length} bytes was planned`);
  const text = formatSegment({
    ...{ household: head.household, camera: head.camera, clip: head.clip, index, end },
    previous: clip.previousNote,
    bytes: bytes(sealed.length),
    sha256: nativeHashOf(sealed),
  });
  clip.previousNote = hashOfText(text);
  clip.index++;
  const note = signNote(text, [signer]);
  return { clip: head.clip, index, end, note, sealed, manifest: manifestHash(manifest), from, to };
}

/** The name that the next clip's manifest gives to this one: the hash of its text, signatures aside. */
function manifestHash({ note }: SignedManifest): Hash {
  return hashOfText(textOf(note));
}

function bytesOf({ fragments }: PlannedSegment): number {
  return fragments.reduce((sum, { bytes: data }) => sum + data.length, 0);
}
