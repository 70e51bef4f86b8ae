import type { CharterCamera } from "../../../shared/charter/lines.js";
import { cameraVerifier } from "../../../shared/charter/lines.js";
import { type ClipRefusal, type OpenedClip, openClip } from "../../../shared/clip/plain.js";
import {
  type OpenedSegment,
  openSegment,
  openSegmentChain,
  type SegmentEnd,
  type SegmentRefusal,
} from "../../../shared/clip/segment.js";
import { concat } from "../../../shared/kernel/bytes.js";
import type { ClipId, HouseholdId } from "../../../shared/kernel/ids.js";
import { ok, type Result, refuse } from "../../../shared/kernel/result.js";
import { type Identity, open } from "../../../shared/seal/age.js";
import { type Hash, hashOf } from "../../../shared/seal/hash.js";
import type { Verifier } from "../../../shared/seal/note.js";

/** A clip as the vault hands it out. None of it is believed before `openRecording` has checked it. */
export interface SealedRecording {
  readonly clip: ClipId;
  /** What the cloud says of the clip. */
  readonly state: "recording" | "complete" | "interrupted";
  readonly segments: readonly { readonly note: string; readonly sealed: Uint8Array }[];
}

/** What the owner's client itself knows, from charters that it has opened. */
export interface Trust {
  readonly household: HouseholdId;
  readonly camera: CharterCamera;
  /** Hashes of all charters of the household. */
  readonly charters: readonly Hash[];
  /** The camera's identities, one an epoch. */
  readonly identities: readonly Identity[];
  /** The platform's own cryptography, where there is one. */
  readonly native?: {
    readonly hashOf: (data: Uint8Array) => Hash;
    readonly verifier: (verifier: Verifier) => Verifier;
  };
}

/** Enough to see what the camera signed. */
type Signed = Pick<Trust, "household" | "camera" | "native">;

/** A clip, or its beginning, whose every byte is what its camera signed. */
export interface Recording {
  /** The segments' insides put together: an MP4 that any player opens. */
  readonly mp4: Uint8Array;
  readonly clip: OpenedClip;
  /** How many of them, from the first on without a gap. */
  readonly segments: number;
  /** `no`: nothing signed says that the clip ended. It still records, the camera fell silent, or footage is withheld. */
  readonly end: SegmentEnd;
  readonly seconds: number;
  /** Why it does not go on although the vault shows more. Nothing is joined across it. */
  readonly hole?: Hole;
}

export interface Hole {
  readonly why: RecordingRefusal;
  /** Segments that the camera signed, or must have signed, and that are not here whole. */
  readonly lacks: readonly number[];
}

export type RecordingRefusal =
  | { readonly kind: "segments-refused"; readonly why: SegmentRefusal }
  | { readonly kind: "other-clip"; readonly where: string }
  | { readonly kind: "segment-differs"; readonly index: number }
  | { readonly kind: "nothing-recorded" }
  | { readonly kind: "no-key"; readonly index: number; readonly why: string }
  | { readonly kind: "clip-refused"; readonly why: ClipRefusal }
  | { readonly kind: "unknown-charter" }
  | { readonly kind: "ends-differ"; readonly note: string; readonly manifest: string };

/**
 * Checks the sealed bytes against their notes, opens them here, and checks the insides against the camera's manifest.
 * Opens as much as holds from the first segment on: a thief who takes the camera must not take what it had sent.
 */
export async function openRecording(
  sealed: SealedRecording,
  trust: Trust,
): Promise<Result<Recording, RecordingRefusal>> {
  const { chain, fault } = checkSealed(sealed, trust);
  if (chain.length === 0) return refuse(fault ?? { kind: "nothing-recorded" });
  const plain = await openSegments(sealed.segments.slice(0, chain.length), trust.identities);
  if (!plain.ok) return plain;
  const clip = openClip(plain.value, verifierIn(trust), trust.native?.hashOf);
  if (!clip.ok) return refuse({ kind: "clip-refused", why: clip.error });
  const end = chain.at(-1)?.end ?? "no";
  const wrong = faultInManifest(clip.value, sealed.clip, end, trust);
  if (wrong !== undefined) return refuse(wrong);
  const opened = { mp4: plain.value, clip: clip.value, segments: chain.length, end };
  const lacks = fault && end === "no" ? lackingIn(sealed, trust, chain.length) : [];
  const hole = fault && { why: fault, lacks };
  return ok({ ...opened, seconds: secondsOf(clip.value), ...(hole && { hole }) });
}

/** What is wrong with sealed segments by their notes, without a key; `undefined` when each is what the camera signed. */
export function faultOfSealed(sealed: SealedRecording, trust: Signed): RecordingRefusal | undefined {
  return checkSealed(sealed, trust).fault;
}

function verifierIn({ camera, native }: Signed): Verifier {
  const verifier = cameraVerifier(camera);
  return native?.verifier(verifier) ?? verifier;
}

interface Checked {
  /** The segments that hold, from the first on. */
  readonly chain: readonly OpenedSegment[];
  /** What is wrong with the one after them. */
  readonly fault?: RecordingRefusal;
}

/** The ciphertext notes' chain, and that the bytes are those that it names. */
function checkSealed({ clip, segments }: SealedRecording, trust: Signed): Checked {
  const longest = longestChain(
    segments.map(({ note }) => note),
    trust,
  );
  for (const [index, note] of longest.chain.entries()) {
    const fault = faultInSegment(note, { index, sealed: segments[index]?.sealed, clip }, trust);
    if (fault !== undefined) return { chain: longest.chain.slice(0, index), fault };
  }
  return longest;
}

function longestChain(notes: readonly string[], trust: Signed): Checked {
  const camera = verifierIn(trust);
  const openFirst = (count: number) => openSegmentChain(notes.slice(0, count), camera);
  const whole = openFirst(notes.length);
  if (whole.ok) return { chain: whole.value };
  let holds: readonly OpenedSegment[] = [];
  let why = whole.error;
  for (let low = 0, high = notes.length; high - low > 1; ) {
    const middle = (low + high) >> 1;
    const opened = openFirst(middle);
    if (opened.ok) {
      holds = opened.value;
      low = middle;
    } else {
      why = opened.error;
      high = middle;
    }
  }
  return { chain: holds, fault: { kind: "segments-refused", why } };
}

interface Found {
  readonly index: number;
  readonly sealed: Uint8Array | undefined;
  readonly clip: ClipId;
}

function faultInSegment(
  note: OpenedSegment,
  { index, sealed = new Uint8Array(0), clip }: Found,
  { household, camera, native }: Signed,
): RecordingRefusal | undefined {
  if (note.household !== household || note.camera !== camera.id || note.clip !== clip)
    return { kind: "other-clip", where: `segment ${index}` };
  return sealed.length === note.bytes && (native?.hashOf ?? hashOf)(sealed) === note.sha256
    ? undefined
    : { kind: "segment-differs", index };
}

/** From the first that is not whole to the last that the camera is known to have signed. */
function lackingIn({ clip, segments }: SealedRecording, trust: Trust, from: number): readonly number[] {
  const whole = new Set<number>();
  let end = from + 1;
  for (const { note, sealed } of segments) {
    const opened = openSegment(note, verifierIn(trust));
    if (!opened.ok) continue;
    const { index } = opened.value;
    const fault = faultInSegment(opened.value, { index, sealed, clip }, trust);
    if (fault === undefined) whole.add(index);
    if (fault?.kind !== "other-clip") end = Math.max(end, index + 1);
  }
  return Array.from({ length: end - from }, (_, i) => from + i).filter((index) => !whole.has(index));
}

async function openSegments(
  segments: SealedRecording["segments"],
  identities: readonly Identity[],
): Promise<Result<Uint8Array, RecordingRefusal>> {
  const plain: Uint8Array[] = [];
  for (const [index, { sealed }] of segments.entries()) {
    if (sealed.length === 0) continue; // closes an interrupted clip; holds no file
    const opened = await open(sealed, identities);
    if (!opened.ok) return refuse({ kind: "no-key", index, why: opened.error.kind });
    plain.push(opened.value);
  }
  return plain.length === 0 ? refuse({ kind: "nothing-recorded" }) : ok(concat(...plain));
}

function faultInManifest(
  { manifest }: OpenedClip,
  clip: ClipId,
  end: SegmentEnd,
  { household, camera, charters }: Trust,
): RecordingRefusal | undefined {
  if (manifest.clip !== clip || manifest.camera !== camera.id || manifest.household !== household)
    return { kind: "other-clip", where: "the manifest" };
  if (!charters.includes(manifest.charter)) return { kind: "unknown-charter" };
  // Closed after a reboot: the last manifest inside was signed while the clip still recorded.
  const expected = { no: ["recording"], complete: ["complete"], interrupted: ["interrupted", "recording"] };
  return expected[end].includes(manifest.end)
    ? undefined
    : { kind: "ends-differ", note: end, manifest: manifest.end };
}

function secondsOf({ init, fragments }: OpenedClip): number {
  const ticks = fragments
    .filter(({ track }) => track === init.track)
    .reduce((sum, { duration }) => sum + duration, 0);
  return ticks / init.timescale;
}
