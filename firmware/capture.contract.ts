// Test-only: from a source to what the capture cuts of it.
import type { Test } from "tap";
import type { ClipEffect } from "../shared/clip/cutting.js";
import { type Millis, millis } from "../shared/kernel/brand.js";
import type { ClipId } from "../shared/kernel/ids.js";
import { seededPrng } from "../shared/kernel/prng.js";
import type { Ffmpeg } from "./camera/finder.io.js";
import type { Mask } from "./camera/mask.js";
import { clock, ffmpeg, source } from "./camera/watch.io.js";
import { type Capture, type CaptureState, openCapture } from "./capture.io.js";
import type { Rules } from "./house.io.js";
import type { PickedFrame } from "./thumbnail/picker.js";

export interface Rig {
  readonly capture: Capture;
  readonly clips: ClipEffect[];
  /** Clips that were announced, and those that came to nothing, without a time. */
  readonly due: (readonly [ClipId, Millis?])[];
  readonly picked: PickedFrame[];
  readonly logged: string[];
  /** Resolves when this holds, now or after a later change. */
  until(holds: (state: CaptureState) => boolean): Promise<void>;
}

export function rigOf(t: Test, from: string, program: Ffmpeg = ffmpeg()): Rig {
  const clips: ClipEffect[] = [];
  const due: (readonly [ClipId, Millis?])[] = [];
  const picked: PickedFrame[] = [];
  const logged: string[] = [];
  let wake = (): void => undefined;
  const rolls = { preRoll: millis(6_000), postRoll: millis(10_000) };
  const capture = openCapture(
    {
      ...{ source: source(from), ffmpeg: program, rpicam: undefined, rolls, clock },
      ...{ random: seededPrng(1), log: (event: string) => void logged.push(event) },
    },
    {
      clip: (effect) => void clips.push(effect),
      due: (clip, since) => void due.push(since === undefined ? [clip] : [clip, since]),
      picked: (frame) => {
        picked.push(frame);
        wake();
      },
      happened: () => undefined,
      recording: () => undefined,
      changed: () => wake(),
    },
  );
  t.teardown(() => capture.stop());
  const until = async (holds: (state: CaptureState) => boolean): Promise<void> => {
    while (!holds(capture.state()))
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  };
  return { capture, clips, due, picked, logged, until };
}

export const record = (...masks: readonly Mask[]): Rules => ({
  mode: "record",
  masks,
  zones: [],
  audio: false,
});
