// What really happened, as nobody in the world knows it: the oracles compare with this.
import type { ClipEffect } from "../../../shared/clip/cutting.js";
import type { SealedSegment } from "../../../shared/clip/segment.js";
import type { ClipId } from "../../../shared/kernel/ids.js";
import type { DoorEvent } from "../../../shared/protocol/messages.js";

export interface FilmedClip {
  readonly clip: ClipId;
  readonly start: number;
  readonly fragments: Uint8Array[];
  end: string;
  /** It was durable on the card that the clip began. */
  begun: boolean;
}

/** One camera's. */
export class Truth {
  readonly clips = new Map<ClipId, FilmedClip>();
  /** Handed to the journal, by `clip/index`. */
  readonly offered = new Map<string, SealedSegment>();
  /** Those of them that it said are durable on the card. */
  readonly sealed = new Map<string, SealedSegment>();
  /** Told to the journal and durable, by id. */
  readonly events = new Map<string, DoorEvent>();
  /** Damaged on the card, and never read again. */
  readonly aside = new Set<string>();
  /** The camera took the vault's word for it. */
  readonly acknowledged = new Set<string>();
  /** The household asked for their end; the cloud may have begun with it and not have said so. */
  readonly dying = new Set<ClipId>();
  /** Deleted by the household, as the cloud said. */
  readonly deleted = new Set<ClipId>();
  /** Charter versions that the camera followed, in their order. */
  readonly followed: number[] = [];

  filmed(effect: ClipEffect): void {
    if (effect.kind === "begin") {
      const { clip, start } = effect;
      this.clips.set(clip, { clip, start: start.wall, fragments: [], end: "no", begun: false });
      return;
    }
    const clip = this.clips.get(effect.clip);
    if (clip === undefined) return;
    if (effect.kind === "append") clip.fragments.push(effect.fragment.bytes);
    clip.end = effect.end;
  }

  stored(segment: SealedSegment): void {
    this.sealed.set(nameOf(segment), segment);
  }
}

export function nameOf({ clip, index }: { readonly clip: ClipId; readonly index: number }): string {
  return `${clip}/${index}`;
}
