import type { SegmentEnd } from "../../shared/clip/segment.js";
import type { ClipId } from "../../shared/kernel/ids.js";

/** One sealed segment, as the camera's card or the vault has it. */
export interface SegmentEvidence {
  readonly index: number;
  /** Hex SHA-256 of the age file. */
  readonly sha256: string;
  readonly bytes: number;
}

export interface CardSegment extends SegmentEvidence {
  readonly end: SegmentEnd;
  /** Wall times of the footage inside, as the camera's clock had them. */
  readonly from: number;
  readonly to: number;
}

/** What the camera's card holds, acknowledged or not. */
export type CardClips = ReadonlyMap<ClipId, readonly CardSegment[]>;

/** A clip as its owner finds it in the vault, each segment fetched whole. */
export interface VaultClip {
  readonly id: ClipId;
  readonly state: string;
  /** None where the vault refuses to give it. */
  readonly segments: readonly SegmentEvidence[];
  /** Why it does, in its words. */
  readonly refused?: string;
}

/** A press, motion or gap that the owner is told of. */
export interface DoorEventEvidence {
  readonly kind: string;
  /** Wall time of the camera. */
  readonly at: number;
  readonly clip: string | undefined;
}

export interface Differences {
  /** On the card and not, or not byte for byte, in the vault. */
  readonly lost: readonly string[];
  /** In the vault and not on the card, or there twice. */
  readonly surplus: readonly string[];
}

export function compare(card: CardClips, vault: readonly VaultClip[]): Differences {
  const lost: string[] = [];
  const surplus = vault.filter(
    ({ id }, i) => !card.has(id) || vault.findIndex((clip) => clip.id === id) !== i,
  );
  for (const [clip, segments] of card) {
    const stored = vault.find(({ id }) => id === clip)?.segments ?? [];
    for (const { index, sha256 } of segments) {
      const same = stored.filter((segment) => segment.index === index && segment.sha256 === sha256);
      if (same.length !== 1) lost.push(`${clip}/${index}`);
    }
  }
  return { lost, surplus: surplus.map(({ id }) => id) };
}

/** A press, from before the rig moved the contact until the camera had taken it. */
export interface Press {
  readonly from: number;
  readonly to: number;
}

/** When the button was pressed and the camera lost its power: wall times. */
export interface Suffered {
  readonly presses: readonly Press[];
  readonly cameraCuts: readonly number[];
}

/** A press this shortly before a cut may have left nothing behind but a gap. */
const graceMillis = 2_000;
/** Between the rig's moment of a press and the camera's: one tells the other. */
const sameMomentMillis = 1_500;

/** Presses of which the owner is told neither one of these clips nor a gap, although the camera lived on for a while. */
export function untold(
  clips: ReadonlySet<string>,
  events: readonly DoorEventEvidence[],
  { presses, cameraCuts }: Suffered,
): readonly string[] {
  const gaps = new Set(events.filter(({ kind }) => kind === "gap").map(({ clip }) => clip));
  const told = events.filter(({ kind }) => kind === "press");
  const answered = ({ from, to }: Press): boolean =>
    told.some(
      (press) =>
        press.at > from - sameMomentMillis &&
        press.at < to + sameMomentMillis &&
        press.clip !== undefined &&
        (clips.has(press.clip) || gaps.has(press.clip)),
    );
  const excused = ({ from, to }: Press): boolean =>
    cameraCuts.some((cut) => from <= cut && cut <= to + graceMillis);
  return presses
    .filter((press) => !answered(press) && !excused(press))
    .map(({ from }) => new Date(from).toISOString());
}

/**
 * A clip that a power cut ended, and how much footage was not sealed yet. The next start closes such a clip with a segment without
 * bytes; one that the camera closed itself, since its pictures failed, has some, and is no loss by a cut.
 */
export interface Cut {
  readonly clip: ClipId;
  readonly millis: number;
}

export function cutClips(card: CardClips, cameraCuts: readonly number[]): readonly Cut[] {
  return [...card].flatMap(([clip, segments]) => {
    const last = segments.findLast(({ bytes }) => bytes > 0);
    if (last === undefined || !isClosedByNextStart(segments.at(-1))) return [];
    const cut = cameraCuts.find((at) => at >= last.from);
    return cut === undefined ? [] : [{ clip, millis: Math.round(cut - last.to) }];
  });
}

function isClosedByNextStart(last: CardSegment | undefined): boolean {
  return last?.end === "interrupted" && last.bytes === 0;
}
