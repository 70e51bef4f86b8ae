import type { SegmentEnd } from "../../shared/clip/segment.js";
import type { Millis } from "../../shared/kernel/brand.js";
import type { ClipId } from "../../shared/kernel/ids.js";
import type { Hash } from "../../shared/seal/hash.js";
import { frameBytes } from "./frame.js";
import type { StoredSegment } from "./journal.js";

/** One segment file. */
export interface ShelvedSegment {
  readonly index: number;
  readonly fileBytes: number;
  readonly headerBytes: number;
  readonly end: SegmentEnd;
  readonly sha256: Hash;
  readonly from: Millis;
  readonly to: Millis;
  readonly acknowledged: boolean;
}

/** One clip's directory. */
export interface ShelvedClip {
  readonly clip: ClipId;
  readonly serial: number;
  /** By index, the lowest first. Those that were set aside are not among them. */
  readonly segments: readonly ShelvedSegment[];
  /** Bytes of what was set aside, or could not be read. */
  readonly asideBytes: number;
  /** Segments that the card could not give at the start; the next one may have them. They are not in the list. */
  readonly unread: number;
  /** No segment will come any more. */
  readonly closed: boolean;
}

export function bytesOf({ segments, asideBytes }: ShelvedClip): number {
  return segments.reduce((sum, { fileBytes }) => sum + fileBytes, asideBytes);
}

export function isSafe({ segments, unread, closed }: ShelvedClip): boolean {
  return closed && unread === 0 && segments.every(({ acknowledged }) => acknowledged);
}

/** What goes first when room is needed: the oldest clip that the vault has, else the oldest that it has not. */
export function nextToGo(clips: readonly ShelvedClip[]): ShelvedClip | undefined {
  return oldest(clips.filter(isSafe)) ?? oldest(clips.filter(({ closed }) => closed));
}

/** The oldest clip that the vault has: its bytes are lost to nobody. */
export function safeToGo(clips: readonly ShelvedClip[]): ShelvedClip | undefined {
  return oldest(clips.filter(isSafe));
}

/** What is not yet known to be safe, the oldest clip first. */
export function pendingOf(clips: readonly ShelvedClip[]): readonly StoredSegment[] {
  return [...clips]
    .sort((a, b) => a.serial - b.serial)
    .flatMap(({ clip, segments }) =>
      segments.filter(({ acknowledged }) => !acknowledged).map((segment) => storedOf(clip, segment)),
    );
}

export function storedOf(
  clip: ClipId,
  { index, fileBytes, headerBytes, end }: ShelvedSegment,
): StoredSegment {
  return { clip, index, size: fileBytes - frameBytes - headerBytes, end };
}

function oldest(clips: readonly ShelvedClip[]): ShelvedClip | undefined {
  return clips.reduce<ShelvedClip | undefined>(
    (first, clip) => (first === undefined || clip.serial < first.serial ? clip : first),
    undefined,
  );
}
