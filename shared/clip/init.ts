import { toHex } from "../kernel/bytes.js";
import { ok } from "../kernel/result.js";
import {
  type Box,
  bodyBytes,
  childOf,
  descend,
  inOrder,
  type Parsed,
  readBoxes,
  typeAt,
  u32,
  wrong,
} from "./boxes.js";

/** One track that the `moov` announces. */
export interface Track {
  readonly id: number;
  readonly kind: "video" | "audio" | "other";
  /** Ticks a second. */
  readonly timescale: number;
  /** The sample entry's four characters, such as `avc1` or `mp4a`. */
  readonly codec: string;
  /** As in RFC 6381 for H.264 (`avc1.64001f`), else the same as `codec`. */
  readonly codecs: string;
  /** Pixels; 0 where the track is not video. */
  readonly width: number;
  readonly height: number;
}

/** `ftyp+moov`: the header before the fragments. The fields are those of its one video track. */
export interface InitSegment {
  readonly bytes: Uint8Array;
  readonly track: number;
  readonly timescale: number;
  readonly codec: string;
  readonly codecs: string;
  readonly width: number;
  readonly height: number;
  readonly tracks: readonly Track[];
}

/** Most tracks in one recording: picture and sound, with room. */
const tracksMax = 4;

/** Exactly `ftyp` and `moov`, with one video track and no edit lists (they could hide frames). */
export function parseInit(bytes: Uint8Array): Parsed<InitSegment> {
  const boxes = readBoxes(bytes, 0, bytes.length);
  if (!boxes.ok) return boxes;
  const pair = inOrder(boxes.value, ["ftyp", "moov"], { type: "", start: 0, body: 0, end: bytes.length });
  if (!pair.ok) return pair;
  const moov = pair.value[1] as Box;
  const traks = readBoxes(bytes, moov.body, moov.end);
  if (!traks.ok) return traks;
  for (const mvex of traks.value.filter(({ type }) => type === "mvex")) {
    const defaults = readBoxes(bytes, mvex.body, mvex.end);
    if (!defaults.ok) return defaults;
  }
  const tracks = readTracks(
    bytes,
    moov,
    traks.value.filter((box) => box.type === "trak"),
  );
  if (!tracks.ok) return tracks;
  const videos = tracks.value.filter((track) => track.kind === "video");
  const [video] = videos;
  if (video === undefined || videos.length > 1) return wrong("no-video", moov);
  const { id, timescale, codec, codecs, width, height } = video;
  return ok({ bytes, track: id, timescale, codec, codecs, width, height, tracks: tracks.value });
}

function readTracks(bytes: Uint8Array, moov: Box, traks: readonly Box[]): Parsed<readonly Track[]> {
  if (traks.length > tracksMax) return wrong("too-large", moov);
  const tracks: Track[] = [];
  for (const trak of traks) {
    const track = readTrack(bytes, trak);
    if (!track.ok) return track;
    if (tracks.some((other) => other.id === track.value.id)) return wrong("repeated-box", trak);
    tracks.push(track.value);
  }
  return ok(tracks);
}

function readTrack(bytes: Uint8Array, trak: Box): Parsed<Track> {
  if (hasEdits(bytes, trak)) return wrong("unsupported", trak);
  const id = fieldAfterTimes(bytes, childOf(bytes, trak, "tkhd"));
  if (!id.ok) return id;
  const mdia = childOf(bytes, trak, "mdia");
  if (!mdia.ok) return mdia;
  const timescale = fieldAfterTimes(bytes, childOf(bytes, mdia.value, "mdhd"));
  if (!timescale.ok) return timescale;
  const hdlr = childOf(bytes, mdia.value, "hdlr");
  if (!hdlr.ok) return hdlr;
  if (bodyBytes(hdlr.value) < 12) return wrong("malformed", hdlr.value);
  const handler = typeAt(bytes, hdlr.value.body + 8);
  const entry = readSampleEntry(bytes, descend(bytes, mdia.value, ["minf", "stbl", "stsd"]));
  if (!entry.ok) return entry;
  const kind = handler === "vide" ? "video" : handler === "soun" ? "audio" : "other";
  const picture = kind === "video" ? readPicture(bytes, entry.value) : ok(noPicture(entry.value));
  if (!picture.ok) return picture;
  return ok({ id: id.value, kind, timescale: timescale.value, codec: entry.value.type, ...picture.value });
}

/** One edit list or several. */
function hasEdits(bytes: Uint8Array, trak: Box): boolean {
  const inside = readBoxes(bytes, trak.body, trak.end);
  return inside.ok && inside.value.some(({ type }) => type === "edts");
}

/** The field after creation and modification time: `tkhd`'s track id, `mdhd`'s timescale. Never 0. */
function fieldAfterTimes(bytes: Uint8Array, found: Parsed<Box>): Parsed<number> {
  if (!found.ok) return found;
  const box = found.value;
  const version = bytes[box.body];
  const at = box.body + (version === 1 ? 20 : 12);
  if (bodyBytes(box) < 24 || (version !== 0 && version !== 1)) return wrong("malformed", box);
  const value = u32(bytes, at);
  return value === 0 ? wrong("malformed", box) : ok(value);
}

/** The only entry of `stsd`, §8.5.2: one fragment, one description. */
function readSampleEntry(bytes: Uint8Array, found: Parsed<Box>): Parsed<Box> {
  if (!found.ok) return found;
  const stsd = found.value;
  if (bodyBytes(stsd) < 8 || u32(bytes, stsd.body + 4) !== 1) return wrong("unsupported", stsd);
  const entries = readBoxes(bytes, stsd.body + 8, stsd.end);
  if (!entries.ok) return entries;
  const [entry, second] = entries.value;
  if (entry === undefined || second !== undefined) return wrong("malformed", stsd);
  return ok(entry);
}

type Picture = Pick<Track, "codecs" | "width" | "height">;

const noPicture = (entry: Box): Picture => ({ codecs: entry.type, width: 0, height: 0 });

/** VisualSampleEntry, §12.1.3: 78 bytes, then boxes such as `avcC` (ISO/IEC 14496-15 §5.3.3). */
function readPicture(bytes: Uint8Array, entry: Box): Parsed<Picture> {
  if (bodyBytes(entry) < 78) return wrong("malformed", entry);
  const size = u32(bytes, entry.body + 24);
  const width = size >>> 16;
  const height = size & 0xffff;
  if (width === 0 || height === 0) return wrong("malformed", entry);
  if (entry.type !== "avc1") return ok({ codecs: entry.type, width, height });
  const avcC = childOf(bytes, { ...entry, body: entry.body + 78 }, "avcC");
  if (!avcC.ok) return avcC;
  if (bodyBytes(avcC.value) < 7) return wrong("malformed", avcC.value);
  const level = toHex(bytes.subarray(avcC.value.body + 1, avcC.value.body + 4));
  return ok({ codecs: `avc1.${level}`, width, height });
}
