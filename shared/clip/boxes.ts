import { ok, type Result, refuse } from "../kernel/result.js";

/** One box of an MP4 file (ISO/IEC 14496-12 §4.2): offsets into the bytes that hold it. */
export interface Box {
  readonly type: string;
  readonly start: number;
  readonly body: number;
  readonly end: number;
}

/** Why bytes are not the fragmented MP4 that Lintel records; `box` and `at` (byte offset) say where. */
export interface Fmp4Refusal {
  readonly kind:
    | "truncated" // the bytes end inside this box
    | "bad-size" // its size is smaller than its header, unbounded, or above 2^53
    | "too-large" // above a limit of ours
    | "unexpected-box" // another box stands here than the strict order wants
    | "missing-box"
    | "repeated-box"
    | "malformed" // its content contradicts its length, or a field has no meaning
    | "unsupported" // legal, but nothing that Lintel writes: it could hide or misplace frames
    | "no-video";
  readonly box: string;
  readonly at: number;
}

export type Parsed<T> = Result<T, Fmp4Refusal>;

/** A refusal about this box. */
export function wrong(kind: Fmp4Refusal["kind"], box: Pick<Box, "type" | "start">): Parsed<never> {
  return refuse({ kind, box: box.type, at: box.start });
}

/** Bytes of a box header: 8, or 16 with a 64-bit size. */
export const headerBytesMax = 16;

/**
 * The header at `at`. `bytes` need not hold more than the header, so `end` may lie beyond them;
 * `undefined` when even the header is not whole yet.
 */
export function readHeader(bytes: Uint8Array, at: number): Parsed<Box> | undefined {
  if (bytes.length - at < 8) return undefined;
  const small = u32(bytes, at);
  const type = typeAt(bytes, at + 4);
  if (small === 1 && bytes.length - at < headerBytesMax) return undefined;
  const headerBytes = small === 1 ? headerBytesMax : 8;
  const size = small === 1 ? u64(bytes, at + 8) : small;
  if (size < headerBytes || !Number.isSafeInteger(at + size)) return wrong("bad-size", { type, start: at });
  return ok({ type, start: at, body: at + headerBytes, end: at + size });
}

/** Every box between two offsets, which must be filled to the last byte. */
export function readBoxes(bytes: Uint8Array, from: number, to: number): Parsed<readonly Box[]> {
  const boxes: Box[] = [];
  for (let at = from; at < to; ) {
    const header = readHeader(bytes.subarray(0, to), at);
    if (header === undefined) return wrong("truncated", { type: "", start: at });
    if (!header.ok) return header;
    if (header.value.end > to) return wrong("truncated", header.value);
    boxes.push(header.value);
    at = header.value.end;
  }
  return ok(boxes);
}

/** The one child of this type. */
export function childOf(bytes: Uint8Array, parent: Box, type: string): Parsed<Box> {
  const boxes = readBoxes(bytes, parent.body, parent.end);
  if (!boxes.ok) return boxes;
  const found = boxes.value.filter((box) => box.type === type);
  const [only, second] = found;
  if (only === undefined) return wrong("missing-box", { type, start: parent.start });
  return second === undefined ? ok(only) : wrong("repeated-box", second);
}

/** The box at the end of a path of only children. */
export function descend(bytes: Uint8Array, from: Box, path: readonly string[]): Parsed<Box> {
  let box: Parsed<Box> = ok(from);
  for (const type of path) {
    if (!box.ok) return box;
    box = childOf(bytes, box.value, type);
  }
  return box;
}

/** Refuses boxes that are not exactly of these types in this order. */
export function inOrder(
  boxes: readonly Box[],
  types: readonly string[],
  parent: Box,
): Parsed<readonly Box[]> {
  for (let i = 0; i < Math.max(boxes.length, types.length); i++) {
    const box = boxes[i];
    const type = types[i];
    // unreached: one of both lists still has an item
    if (box === undefined) return wrong("missing-box", { type: type ?? "", start: parent.start });
    if (box.type !== type) return wrong("unexpected-box", box);
  }
  return ok(boxes);
}

export function bodyBytes(box: Box): number {
  return box.end - box.body;
}

export function u32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at);
}

/** A 64-bit number; what does not fit in 2^53 comes out above `Number.MAX_SAFE_INTEGER`. */
export function u64(bytes: Uint8Array, at: number): number {
  return u32(bytes, at) * 4294967296 + u32(bytes, at + 4);
}

export function setU32(bytes: Uint8Array, at: number, value: number): void {
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).setUint32(at, value);
}

export function typeAt(bytes: Uint8Array, at: number): string {
  // unreached: whoever asks has seen that four bytes are there
  return String.fromCharCode(bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0, bytes[at + 3] ?? 0);
}
