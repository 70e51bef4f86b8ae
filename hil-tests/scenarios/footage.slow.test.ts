import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "tap";
import { footageStory } from "./footage.js";

const folder = fileURLToPath(new URL("../../../../shared/footage/", import.meta.url));
const missing = ["age", "ffprobe", "ffmpeg"].filter((name) => spawnSync(name, ["-h"]).error !== undefined);
const skip =
  missing.length > 0
    ? `${missing.join(", ")} not installed`
    : !existsSync(folder) && "the folder with footage is not beside the project";

/** The two shortest of the folder; `npm run prove` plays them all. */
const videos = [
  { name: "street_brightness.avi", seconds: 4.9, fps: 12 },
  { name: "night_ir_yard.mp4", seconds: 11.9, fps: 15 },
] as const;

for (const { name, seconds, fps } of videos) {
  test(`${name} played as the camera gives clips that foreign tools open and play without a fault`, {
    skip,
  }, async (t) => {
    const report = await footageStory(`${folder}${name}`, seconds * 1_000);
    t.comment(JSON.stringify(report));
    t.same(report.notArrived, []);
    t.ok(report.clips.length > 0);
    for (const clip of report.clips) {
      t.match(clip, { codec: "h264", startsWithKeyframe: true, decodeErrors: "", sameBytes: true });
      const [shortest, longest] = clip.spacing;
      t.ok(longest - shortest < 0.002 && Math.abs(shortest - 1 / fps) < 0.002, `spacing ${clip.spacing}`);
      t.ok(Math.abs(clip.seconds[0] - clip.seconds[1]) < 0.002, `seconds ${clip.seconds}`);
    }
  });
}
