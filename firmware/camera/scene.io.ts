import { setTimeout as sleep } from "node:timers/promises";
import type { SceneSpec } from "./scene/spec.js";
import { createScene } from "./scene.js";

/** A scene that plays: planar yuv420p pictures of a known size and rate. */
export interface OpenScene {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /**
   * The frames in order, each a buffer of its own that the reader may keep. None is ever left out: a reader that
   * falls behind gets the late ones at once. One reader only.
   */
  frames(): AsyncIterable<Uint8Array>;
  /** Ends `frames()` within one frame's time. May be called twice. */
  stop(): void;
}

/** `real` gives each frame at its time by the monotonic clock, without drift; `fast` as quickly as they are taken. */
export function openScene(spec: SceneSpec, { pace }: { readonly pace: "real" | "fast" }): OpenScene {
  const stopped = new AbortController();
  const { width, height, fps } = spec;
  return {
    width,
    height,
    fps,
    frames: () => play(spec, pace, stopped.signal),
    stop: () => stopped.abort(),
  };
}

async function* play(
  spec: SceneSpec,
  pace: "real" | "fast",
  stopped: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const scene = createScene(spec);
  const start = performance.now();
  for (let index = 0; !stopped.aborted; index++) {
    const frame = scene.frame(index).slice();
    if (pace === "real") await until(start + (index * 1000) / spec.fps, stopped);
    if (!stopped.aborted) yield frame;
  }
}

async function until(moment: number, stopped: AbortSignal): Promise<void> {
  const wait = moment - performance.now();
  if (wait <= 0) return;
  await sleep(wait, undefined, { signal: stopped }).catch((error: unknown) => {
    if (!stopped.aborted) throw error;
  });
}
