import { createMotion, type MotionReading, type MotionSettings } from "../../../firmware/detector/motion.js";
import { idleTrigger, isTriggered, step } from "../../../firmware/detector/trigger.js";
import { millis } from "../../../shared/kernel/brand.js";
import { lumaFps } from "./decode.js";

/** Detector and trigger over one video, with what they cost. */
export interface Watch {
  look(
    frame: { readonly luma: Uint8Array; readonly width: number; readonly height: number },
    index: number,
  ): MotionReading;
  isTriggered(): boolean;
  /** `t_seconds trigger_start|trigger_end`, in order. */
  readonly lines: readonly string[];
  readonly cost: { readonly seconds: number; readonly cpuSeconds: number };
}

export function createWatch(areas: Pick<MotionSettings, "zones" | "ignore"> = {}): Watch {
  const lines: string[] = [];
  const cost = { seconds: 0, cpuSeconds: 0 };
  let motion: ReturnType<typeof createMotion> | undefined;
  let trigger = idleTrigger();
  return {
    lines,
    cost,
    isTriggered: () => isTriggered(trigger),
    look: ({ luma, width, height }, index) => {
      motion ??= createMotion({ width, height, live: false, ...areas });
      const at = millis(Math.round((index * 1000) / lumaFps));
      const before = process.cpuUsage();
      const reading = motion.feed(luma, at);
      const { score, settling } = reading;
      const { state, effects } = step(trigger, { kind: "reading", score, settling }, at);
      const spent = process.cpuUsage(before);
      trigger = state;
      cost.cpuSeconds += (spent.user + spent.system) / 1e6;
      cost.seconds = (index + 1) / lumaFps;
      for (const { kind } of effects) {
        if (kind === "trigger") lines.push(`${at / 1000} trigger_start`);
        if (kind === "end") lines.push(`${at / 1000} trigger_end`);
      }
      return reading;
    },
  };
}

export function costOf({ cpuSeconds, seconds }: Watch["cost"]): string {
  const each = (cpuSeconds / seconds).toFixed(5);
  return `detector ${cpuSeconds.toFixed(3)} CPU s for ${seconds.toFixed(1)} s of video: ${each} a second`;
}
