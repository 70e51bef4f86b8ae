import type { Fragment } from "../../shared/clip/fmp4.js";
import { type SegmentEnd, segmentBytesMax, segmentMillisMax } from "../../shared/clip/segment.js";

/** Footage of which a live fragment is sealed by itself: what a power cut costs stays well below a segment. */
const liveMillisMin = 500;
/** Footage in one segment, in bytes: manifest, init segment and what sealing adds must fit too. */
const plainBytesMax = segmentBytesMax - 512 * 1024;

/** Fragments of a clip that are gathered for its next segment. */
export interface Gathering {
  /** The picture's, and its ticks a second: how long footage is, is told by the picture. */
  readonly track: number;
  readonly timescale: number;
  readonly fragments: readonly Fragment[];
}

/** What is sealed together. Without fragments it only closes the clip. */
export interface PlannedSegment {
  readonly fragments: readonly Fragment[];
  readonly end: SegmentEnd;
}

export interface Plan {
  readonly gathering: Gathering;
  readonly segments: readonly PlannedSegment[];
}

export interface Gathered {
  readonly fragment: Fragment;
  /** The newest fragment there is: it goes out at once. */
  readonly live: boolean;
  /** Other than `no`: the clip ends with it. */
  readonly end: SegmentEnd;
}

/** Adds a fragment. A segment is full, and so planned, when another fragment of this length would not fit. */
export function gather(gathering: Gathering, { fragment, live, end }: Gathered): Plan {
  const grown = { ...gathering, fragments: [...gathering.fragments, fragment] };
  if (gathering.fragments.length > 0 && !fits(grown, 0)) {
    const before: PlannedSegment = { fragments: gathering.fragments, end: "no" };
    const rest = gather({ ...gathering, fragments: [] }, { fragment, live, end });
    return { gathering: rest.gathering, segments: [before, ...rest.segments] };
  }
  const due = live && ticksIn(grown) * 1000 >= liveMillisMin * grown.timescale;
  if (end === "no" && !due && fits(grown, ticksOf(grown, fragment)))
    return { gathering: grown, segments: [] };
  return { gathering: { ...gathering, fragments: [] }, segments: [{ fragments: grown.fragments, end }] };
}

/** The clip ends after the fragments that were gathered, or with a segment that only closes it. */
export function finish(gathering: Gathering, end: Exclude<SegmentEnd, "no">): PlannedSegment {
  return { fragments: gathering.fragments, end };
}

function fits(gathering: Gathering, moreTicks: number): boolean {
  const bytes = gathering.fragments.reduce((sum, fragment) => sum + fragment.bytes.length, 0);
  const ticks = ticksIn(gathering) + moreTicks;
  return ticks * 1000 <= segmentMillisMax * gathering.timescale && bytes <= plainBytesMax;
}

function ticksIn(gathering: Gathering): number {
  return gathering.fragments.reduce((sum, fragment) => sum + ticksOf(gathering, fragment), 0);
}

function ticksOf({ track }: Gathering, fragment: Fragment): number {
  return fragment.track === track ? fragment.duration : 0;
}
