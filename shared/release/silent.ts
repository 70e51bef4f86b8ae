import { type Box, bodyBytes, childOf, readBoxes, setU32, u32 } from "../clip/boxes.js";
import type { InitSegment } from "../clip/init.js";
import { assert } from "../kernel/assert.js";
import { concat, toUtf8 } from "../kernel/bytes.js";

/**
 * The init segment of a recording whose sound is left out: `moov` without the other tracks, nothing else changed. It follows
 * from the signed one alone, so that whoever has that one makes the same bytes.
 */
export function silentInit({ bytes, track, tracks }: InitSegment): Uint8Array {
  if (tracks.length === 1) return bytes;
  const [ftyp, moov] = boxesIn(bytes, { body: 0, end: bytes.length });
  assert(ftyp !== undefined && moov !== undefined, "a parsed init segment no longer parses");
  const parts = boxesIn(bytes, moov).flatMap((part) => keptOf(bytes, part, track) ?? []);
  return concat(bytes.subarray(ftyp.start, ftyp.end), boxOf("moov", parts));
}

/** `undefined` for what is about another track. */
function keptOf(bytes: Uint8Array, part: Box, track: number): Uint8Array | undefined {
  const whole = bytes.subarray(part.start, part.end);
  if (part.type === "trak") return trackOf(bytes, part) === track ? whole : undefined;
  if (part.type !== "mvex") return whole;
  // `trex`, §8.8.3: version and flags, then the track.
  const ofTrack = ({ type, body }: Box): boolean => type !== "trex" || u32(bytes, body + 4) === track;
  const kept = boxesIn(bytes, part).filter(ofTrack);
  return boxOf(
    "mvex",
    kept.map(({ start, end }) => bytes.subarray(start, end)),
  );
}

/** `tkhd`, §8.3.2. */
function trackOf(bytes: Uint8Array, trak: Box): number {
  const tkhd = childOf(bytes, trak, "tkhd");
  assert(tkhd.ok, "a parsed track no longer parses");
  return u32(bytes, tkhd.value.body + (bytes[tkhd.value.body] === 1 ? 20 : 12));
}

function boxesIn(bytes: Uint8Array, { body, end }: Pick<Box, "body" | "end">): readonly Box[] {
  const boxes = readBoxes(bytes, body, end);
  assert(boxes.ok, "a parsed init segment no longer parses");
  // What is too short to name its track is about none.
  return boxes.value.filter((box) => box.type !== "trex" || bodyBytes(box) >= 8);
}

function boxOf(type: string, parts: readonly Uint8Array[]): Uint8Array {
  const header = new Uint8Array(8);
  setU32(
    header,
    0,
    parts.reduce((sum, part) => sum + part.length, header.length),
  );
  header.set(toUtf8(type), 4);
  return concat(header, ...parts);
}
