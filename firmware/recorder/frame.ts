import { assert } from "../../shared/kernel/assert.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { concat, fromUtf8, toUtf8 } from "../../shared/kernel/bytes.js";
import { type ClipId, isClipId } from "../../shared/kernel/ids.js";
import { type Hash, hashOf, isHash } from "../../shared/seal/hash.js";

/** What stands before a segment's age file on the card. */
export interface Frame {
  readonly note: string;
  /** Bytes of the age header at the start of the age file. */
  readonly headerBytes: number;
  /** Counts the camera's clips, whatever its wall clock says. */
  readonly serial: number;
  /** Hash of the newest manifest up to here. */
  readonly manifest: Hash;
  /** Wall times of the footage inside. */
  readonly from: Millis;
  readonly to: Millis;
}

/** What the journal must know that no segment tells. */
export interface JournalState {
  /** Of the newest clip that began. */
  readonly serial: number;
  readonly manifest: Hash | "none" | "unknown";
  /** A clip that began and of which no segment may be there yet. */
  readonly open?: { readonly clip: ClipId; readonly at: Millis };
}

/** A segment file's age file starts here: one page, so that `tail -c +4097` gives what `age -d` opens. */
export const frameBytes = 4096;
/** Longest state file. */
export const stateBytesMax = 4096;

const sumChars = 44;

export function encodeFrame(frame: Frame): Uint8Array {
  const text = JSON.stringify(frame);
  const room = frameBytes - sumChars - 2;
  const json = toUtf8(text.padEnd(text.length + room - toUtf8(text).length, " "));
  assert(json.length === room, "a segment's note does not fit its frame");
  return withSum(json);
}

/** `undefined` when the bytes are not a whole frame, flipped bits included. */
export function decodeFrame(bytes: Uint8Array): Frame | undefined {
  if (bytes.length !== frameBytes) return undefined;
  const value = readSummed(bytes);
  if (value === undefined) return undefined;
  const { note, headerBytes, serial, manifest, from, to } = value;
  if (typeof note !== "string" || typeof manifest !== "string" || !isHash(manifest)) return undefined;
  if (!isCount(headerBytes) || !isCount(serial) || !isCount(from) || !isCount(to)) return undefined;
  return { note, headerBytes, serial, manifest, from: millis(from), to: millis(to) };
}

export function encodeState(state: JournalState): Uint8Array {
  return withSum(toUtf8(JSON.stringify(state)));
}

export function decodeState(bytes: Uint8Array): JournalState | undefined {
  const value = readSummed(bytes);
  if (value === undefined) return undefined;
  const { serial, manifest, open } = value;
  if (!isCount(serial) || typeof manifest !== "string") return undefined;
  if (manifest !== "none" && manifest !== "unknown" && !isHash(manifest)) return undefined;
  if (open === undefined) return { serial, manifest };
  const begun = isRecord(open) ? readOpen(open) : undefined;
  return begun === undefined ? undefined : { serial, manifest, open: begun };
}

function readOpen({ clip, at }: Readonly<Record<string, unknown>>): JournalState["open"] {
  return typeof clip === "string" && isClipId(clip) && isCount(at) ? { clip, at: millis(at) } : undefined;
}

/** A line with the SHA-256 of the rest, then the rest. */
function withSum(json: Uint8Array): Uint8Array {
  return concat(toUtf8(`${hashOf(concat(json, newline))}\n`), json, newline);
}

function readSummed(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  const text = fromUtf8(bytes);
  if (!text.ok || text.value[sumChars] !== "\n") return undefined;
  if (hashOf(bytes.subarray(sumChars + 1)) !== text.value.slice(0, sumChars)) return undefined;
  const value = parsed(text.value.slice(sumChars + 1));
  return isRecord(value) ? value : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const newline = Uint8Array.of(0x0a);

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && typeof value === "number" && value >= 0;
}
