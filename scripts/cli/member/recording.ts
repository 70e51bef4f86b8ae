import type { CharterCamera } from "../../../shared/charter/lines.js";
import { cameraVerifier } from "../../../shared/charter/lines.js";
import { type ClipRefusal, type OpenedClip, openClip } from "../../../shared/clip/plain.js";
import {
  type OpenedSegment,
  openSegmentChain,
  type SegmentEnd,
  type SegmentRefusal,
} from "../../../shared/clip/segment.js";
import { concat } from "../../../shared/kernel/bytes.js";
import type { ClipId, HouseholdId } from "../../../shared/kernel/ids.js";
import { ok, type Result, refuse } from "../../../shared/kernel/result.js";
import { type Identity, open } from "../../../shared/seal/age.js";
import { type Hash, hashOf } from "../../../shared/seal/hash.js";

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
}

/** A clip whose every byte is what its camera signed. */
export interface Recording {
  /** The segments' insides put together: an MP4 that any player opens. */
  readonly mp4: Uint8Array;
  readonly clip: OpenedClip;
  readonly segments: number;
  /** `no`: nothing signed says that the clip ended; it is still recording, or its end has not arrived. */
  readonly end: SegmentEnd;
  readonly seconds: number;
}

export type RecordingRefusal =
  | { readonly kind: "segments-refused"; readonly why: SegmentRefusal }
  | { readonly kind: "other-clip"; readonly where: string }
  | { readonly kind: "segment-differs"; readonly index: number }
  | { readonly kind: "end-missing" }
  | { readonly kind: "nothing-recorded" }
  | { readonly kind: "no-key"; readonly index: number; readonly why: string }
  | { readonly kind: "clip-refused"; readonly why: ClipRefusal }
  | { readonly kind: "unknown-charter" }
  | { readonly kind: "ends-differ"; readonly note: string; readonly manifest: string };

/** Checks the sealed bytes against their notes, opens them here, and checks the insides against the camera's manifest. */
export async function openRecording(
  sealed: SealedRecording,
  trust: Trust,
): Promise<Result<Recording, RecordingRefusal>> {
  const chain = checkSealed(sealed, trust);
  if (!chain.ok) return chain;
  const plain = await openSegments(sealed, trust.identities);
  if (!plain.ok) return plain;
  const clip = openClip(plain.value, cameraVerifier(trust.camera));
  if (!clip.ok) return refuse({ kind: "clip-refused", why: clip.error });
  const end = chain.value.at(-1)?.end ?? "no";
  const wrong = faultInManifest(clip.value, sealed.clip, end, trust);
  if (wrong !== undefined) return refuse(wrong);
  const seconds = secondsOf(clip.value);
  return ok({ mp4: plain.value, clip: clip.value, segments: chain.value.length, end, seconds });
}

/** The ciphertext notes' chain, and that the bytes are those that it names. */
function checkSealed(
  sealed: SealedRecording,
  { household, camera }: Trust,
): Result<readonly OpenedSegment[], RecordingRefusal> {
  const notes = sealed.segments.map(({ note }) => note);
  const chain = openSegmentChain(notes, cameraVerifier(camera));
  if (!chain.ok) return refuse({ kind: "segments-refused", why: chain.error });
  for (const [index, note] of chain.value.entries()) {
    if (note.household !== household || note.camera !== camera.id || note.clip !== sealed.clip)
      return refuse({ kind: "other-clip", where: `segment ${index}` });
    const bytes = sealed.segments[index]?.sealed ?? new Uint8Array(0);
    if (bytes.length !== note.bytes || hashOf(bytes) !== note.sha256)
      return refuse({ kind: "segment-differs", index });
  }
  const ended = chain.value.at(-1)?.end ?? "no";
  if (ended === "no" && sealed.state !== "recording") return refuse({ kind: "end-missing" });
  return chain;
}

async function openSegments(
  { segments }: SealedRecording,
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
