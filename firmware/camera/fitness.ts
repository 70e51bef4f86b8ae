import { u32 } from "../../shared/clip/boxes.js";
import type { Fragment } from "../../shared/clip/fmp4.js";
import type { InitSegment } from "../../shared/clip/init.js";
import { segmentMillisMax } from "../../shared/clip/segment.js";

/** Why the source's own stream cannot be recorded as it is, for the log; undefined when it can. */
export type Unfit = string | undefined;

/** Copying waits for a keyframe this long, counted in luma frames' time, before it gives up. */
export const keyframeMillisMax = segmentMillisMax + 1_000;

export function unfitInit(init: InitSegment): Unfit {
  return init.codec === "avc1" ? undefined : `its codec is ${init.codec}, not H.264`;
}

/** A fragment must fit into one segment and be decodable alone. */
export function unfitFragment(fragment: Fragment, init: InitSegment): Unfit {
  const ms = Math.ceil((fragment.duration * 1000) / init.timescale);
  if (ms > segmentMillisMax) return `its keyframes are ${ms} ms apart, more than ${segmentMillisMax}`;
  if (!fragment.keyframe || !startsWithIdr(fragment))
    return "its keyframes need frames before them (open GOP)";
  return undefined;
}

/** What a child that died while copying said, if that was that it cannot write such a stream into an MP4. */
export function unfitLastWords(lines: readonly string[]): Unfit {
  const line = lines.find((text) =>
    /Could not find tag for codec|Could not write header|not currently supported in container|Malformed AVC/i.test(
      text,
    ),
  );
  return line === undefined ? undefined : `ffmpeg said: ${line}`;
}

/** Whether the first picture in the mdat is an IDR slice (ITU-T H.264 §7.4.1.2.4); lengths are four bytes, as ffmpeg writes. */
function startsWithIdr({ bytes }: Fragment): boolean {
  let at = u32(bytes, 0) + 8;
  while (at + 4 < bytes.length) {
    const type = (bytes[at + 4] ?? 0) & 31;
    if (type >= 1 && type <= 5) return type === 5;
    at += 4 + u32(bytes, at);
  }
  return false;
}
