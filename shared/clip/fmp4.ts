import { assert } from "../kernel/assert.js";
import { ok } from "../kernel/result.js";
import { type Box, bodyBytes, inOrder, type Parsed, readBoxes, setU32, u32, u64, wrong } from "./boxes.js";

/**
 * A keyframe-aligned `moof+mdat` of one track, about one second long. It can be read without the init segment's
 * defaults, and its frames fill the mdat to the last byte, so nothing can hide in it.
 */
export interface Fragment {
  readonly bytes: Uint8Array;
  readonly track: number;
  /** The number in `mfhd`. */
  readonly sequence: number;
  /** Decode time of the first frame, in ticks of the track's timescale. */
  readonly time: number;
  /** In ticks; the next fragment of an unbroken track starts at `time + duration`. */
  readonly duration: number;
  readonly frames: number;
  /** Whether the first frame is a sync frame. */
  readonly keyframe: boolean;
}

/** Most frames in one fragment: 2 s at 240 frames a second, with room. */
export const fragmentFramesMax = 1000;

/** Exactly one `moof` (with one `traf` of one `trun`) and its `mdat`. ISO/IEC 14496-12 §8.8. */
export function parseFragment(bytes: Uint8Array): Parsed<Fragment> {
  const pair = exactly(bytes, whole(bytes), ["moof", "mdat"]);
  if (!pair.ok) return pair;
  const [moof, mdat] = pair.value as [Box, Box];
  const parts = locate(bytes, moof);
  if (!parts.ok) return parts;
  const { mfhd, tfhd, tfdt, trun } = parts.value;
  const sequence = readSequence(bytes, mfhd);
  if (!sequence.ok) return sequence;
  const head = readTrackHeader(bytes, tfhd);
  if (!head.ok) return head;
  const time = readTime(bytes, tfdt);
  if (!time.ok) return time;
  const run = readRun(bytes, trun, head.value);
  if (!run.ok) return run;
  if (run.value.dataOffset !== mdat.body - moof.start) return wrong("unsupported", trun);
  if (run.value.dataBytes !== bodyBytes(mdat)) return wrong("malformed", mdat);
  if (!Number.isSafeInteger(time.value + run.value.duration)) return wrong("malformed", tfdt);
  const { duration, frames, keyframe } = run.value;
  return ok({
    bytes,
    track: head.value.track,
    sequence: sequence.value,
    time: time.value,
    duration,
    frames,
    keyframe,
  });
}

/** A copy that says another place: decode times count from `origin` (ticks, at most the fragment's own time). */
export function rebase(
  fragment: Fragment,
  place: { readonly origin: number; readonly sequence: number },
): Fragment {
  const time = fragment.time - place.origin;
  assert(
    Number.isSafeInteger(time) && time >= 0,
    `fragment at ${fragment.time} cannot count from ${place.origin}`,
  );
  const bytes = fragment.bytes.slice();
  const pair = exactly(bytes, whole(bytes), ["moof", "mdat"]);
  assert(pair.ok, "a parsed fragment no longer parses");
  const parts = locate(bytes, pair.value[0] as Box);
  assert(parts.ok, "a parsed fragment no longer parses");
  const { mfhd, tfdt } = parts.value;
  setU32(bytes, mfhd.body + 4, place.sequence);
  if (bodyBytes(tfdt) === 12) setU32(bytes, tfdt.body + 4, Math.floor(time / 4294967296));
  setU32(bytes, tfdt.end - 4, time % 4294967296);
  return { ...fragment, bytes, time, sequence: place.sequence };
}

function whole(bytes: Uint8Array): Box {
  return { type: "", start: 0, body: 0, end: bytes.length };
}

function exactly(bytes: Uint8Array, parent: Box, types: readonly string[]): Parsed<readonly Box[]> {
  const boxes = readBoxes(bytes, parent.body, parent.end);
  return boxes.ok ? inOrder(boxes.value, types, parent) : boxes;
}

interface FragmentBoxes {
  readonly mfhd: Box;
  readonly tfhd: Box;
  readonly tfdt: Box;
  readonly trun: Box;
}

function locate(bytes: Uint8Array, moof: Box): Parsed<FragmentBoxes> {
  const outer = exactly(bytes, moof, ["mfhd", "traf"]);
  if (!outer.ok) return outer;
  const [mfhd, traf] = outer.value as [Box, Box];
  const inner = exactly(bytes, traf, ["tfhd", "tfdt", "trun"]);
  if (!inner.ok) return inner;
  const [tfhd, tfdt, trun] = inner.value as [Box, Box, Box];
  return ok({ mfhd, tfhd, tfdt, trun });
}

function readSequence(bytes: Uint8Array, mfhd: Box): Parsed<number> {
  if (bodyBytes(mfhd) !== 8 || u32(bytes, mfhd.body) !== 0) return wrong("malformed", mfhd);
  return ok(u32(bytes, mfhd.body + 4));
}

interface TrackHeader {
  readonly track: number;
  readonly duration: number | undefined;
  readonly size: number | undefined;
  readonly flags: number | undefined;
}

/** `tfhd`, §8.8.7. Data must count from the moof, and no sample description but the first may be named. */
function readTrackHeader(bytes: Uint8Array, tfhd: Box): Parsed<TrackHeader> {
  if (bodyBytes(tfhd) < 8) return wrong("malformed", tfhd);
  const flags = u32(bytes, tfhd.body);
  if ((flags & ~0x38) !== 0x020000) return wrong("unsupported", tfhd);
  const fields = optionalFields(bytes, tfhd.body + 8, [flags & 0x08, flags & 0x10, flags & 0x20], tfhd.end);
  if (fields.end !== tfhd.end) return wrong("malformed", tfhd);
  const [duration, size, sampleFlags] = fields.values;
  return ok({ track: u32(bytes, tfhd.body + 4), duration, size, flags: sampleFlags });
}

/** `tfdt`, §8.8.12: 32 bits in version 0, 64 in version 1. */
function readTime(bytes: Uint8Array, tfdt: Box): Parsed<number> {
  const length = bodyBytes(tfdt);
  const version = length >= 4 ? u32(bytes, tfdt.body) : undefined;
  if (version === 0 && length === 8) return ok(u32(bytes, tfdt.body + 4));
  if (version !== 0x01000000 || length !== 12) return wrong("malformed", tfdt);
  const time = u64(bytes, tfdt.body + 4);
  return Number.isSafeInteger(time) ? ok(time) : wrong("malformed", tfdt);
}

interface Run {
  readonly dataOffset: number;
  readonly dataBytes: number;
  readonly duration: number;
  readonly frames: number;
  readonly keyframe: boolean;
}

/** `trun`, §8.8.8. Every frame's duration, size and flags must be known from the fragment itself. */
function readRun(bytes: Uint8Array, trun: Box, head: TrackHeader): Parsed<Run> {
  if (bodyBytes(trun) < 12) return wrong("malformed", trun);
  const flags = u32(bytes, trun.body) & 0xffffff;
  const version = u32(bytes, trun.body) >>> 24;
  if (version > 1 || (flags & ~0xf05) !== 0 || (flags & 1) === 0) return wrong("unsupported", trun);
  const frames = u32(bytes, trun.body + 4);
  if (frames === 0) return wrong("malformed", trun);
  if (frames > fragmentFramesMax) return wrong("too-large", trun);
  const perFrame = [flags & 0x100, flags & 0x200, flags & 0x400, flags & 0x800];
  const frameBytes = 4 * perFrame.filter((flag) => flag !== 0).length;
  const first = trun.body + ((flags & 4) === 0 ? 12 : 16);
  if (first + frames * frameBytes !== trun.end) return wrong("malformed", trun);
  const ownFlags = (flags & 4) === 0 ? undefined : u32(bytes, trun.body + 12);
  const sums = sumFrames({ bytes, first, frames, frameBytes, perFrame }, head);
  const firstFlags = ownFlags ?? sums.firstFlags;
  if (firstFlags === undefined || Number.isNaN(sums.duration + sums.dataBytes))
    return wrong("unsupported", trun);
  const { duration, dataBytes } = sums;
  const keyframe = (firstFlags & 0x00010000) === 0; // sample_is_non_sync_sample, §8.8.3.1
  return ok({ dataOffset: u32(bytes, trun.body + 8), dataBytes, duration, frames, keyframe });
}

interface RunTable {
  readonly bytes: Uint8Array;
  readonly first: number;
  readonly frames: number;
  readonly frameBytes: number;
  readonly perFrame: readonly number[];
}

/** NaN where neither the frame nor the track header says. */
function sumFrames(run: RunTable, head: TrackHeader) {
  let duration = 0;
  let dataBytes = 0;
  let firstFlags = head.flags;
  for (let i = 0; i < run.frames; i++) {
    const from = run.first + i * run.frameBytes;
    const [ticks, size, flags] = optionalFields(run.bytes, from, run.perFrame, run.bytes.length).values;
    duration += ticks ?? head.duration ?? Number.NaN;
    dataBytes += size ?? head.size ?? Number.NaN;
    if (i === 0) firstFlags = flags ?? firstFlags;
  }
  return { duration, dataBytes, firstFlags };
}

interface Fields {
  readonly values: readonly (number | undefined)[];
  readonly end: number;
}

/** 32-bit fields that stand only where their flag is set, one after another, never beyond `limit`. */
function optionalFields(bytes: Uint8Array, from: number, flags: readonly number[], limit: number): Fields {
  let at = from;
  const values = flags.map((flag) => {
    if (flag === 0) return undefined;
    at += 4;
    return at <= limit ? u32(bytes, at - 4) : undefined;
  });
  return { values, end: at };
}
