import type { Source } from "./source.js";

/** Where a source's sound comes from: out of the same input as its picture, or from a microphone of its own. */
export type Sound =
  | { readonly kind: "beside-picture" }
  | { readonly kind: "microphone"; readonly device: string };

/** The sound that this source may have; undefined where there is none to be had. */
export function soundOf(source: Source): Sound | undefined {
  if (source.kind === "rtsp" || source.kind === "file") return { kind: "beside-picture" };
  if (source.kind !== "v4l2" || source.audio === undefined) return undefined;
  return { kind: "microphone", device: source.audio };
}

/** The microphone's own input, the second of the child. */
export function microphoneInput(sound: Sound | undefined) {
  if (sound?.kind !== "microphone") return [];
  return [{ options: ["-f", "alsa", "-thread_queue_size", "1024"], target: sound.device }];
}

const rate = 48_000;
/** Samples in an AAC frame, which the decoder needs before the first one that sounds. */
const frameSamples = 1024;
/** A picture never waits longer than this for its sound. */
const waitMicrosMax = 1_000_000;

/**
 * One track of mono AAC before the picture's, so that each second's sound stands before its picture and nothing has to
 * wait for it. Gaps of the source become silence. The first frame is moved to 0 (21 ms later): a time below 0 would
 * shift the picture, and an edit list is refused in what we record.
 */
export function soundOutput(sound: Sound): readonly string[] {
  const map = sound.kind === "microphone" ? "1:a:0" : "0:a:0?";
  const filter = `aresample=${rate}:async=1:first_pts=0,asetpts=PTS+${frameSamples}`;
  const encode = ["-c:a", "aac", "-ac", "1", "-b:a", "64k"];
  return ["-map", map, "-filter:a", filter, ...encode, "-max_interleave_delta", `${waitMicrosMax}`];
}
