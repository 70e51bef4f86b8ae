import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { findFfmpeg } from "../../firmware/camera/finder.io.js";
import { pressBell } from "../cli/bell.io.js";
import { placesIn, settle, startCamera, startCloud } from "../demo/home.io.js";
import { compete } from "./paired.js";

/** Of the firmware's process alone; its ffmpeg is a process of its own. */
const megabytesMax = 150;
const recordSeconds = 40;
const pressEverySeconds = 8;

/** Memory of the firmware while it records 1080p at 8 Mbit/s, copied and encoded, against a limit. */
export async function bench(): Promise<void> {
  const ffmpeg = await findFfmpeg({ path: undefined, searchPath: process.env.PATH ?? "" });
  if (!ffmpeg.ok) throw new Error(ffmpeg.error.message);
  for (const [name, codec] of [
    ["copied", ["libx264", "-preset", "ultrafast", "-g", "30"]],
    ["encoded", ["mpeg4"]],
  ] as const) {
    const folder = mkdtempSync(join(tmpdir(), "lintel-bench-"));
    try {
      const video = join(folder, "video.mp4");
      const input = ["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=30", "-t", "20"];
      await promisify(execFile)(ffmpeg.value.path, [
        ...input,
        "-c:v",
        ...codec,
        "-b:v",
        "8M",
        "-pix_fmt",
        "yuv420p",
        video,
      ]);
      await compete({
        name: `most resident memory of the firmware, 1080p ${name}`,
        unit: "MB",
        rounds: 1,
        ours: () => mostMegabytes(join(folder, "home"), `file:${video}?loop=1`),
        rival: { name: "limit", measure: async () => megabytesMax },
        bound: { ratioMax: 1 },
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** The peak that the kernel recorded (VmHWM) over a start, several clips and their way to the vault. */
async function mostMegabytes(folder: string, source: string): Promise<number> {
  const places = placesIn(folder);
  const cloud = await startCloud(places, { http: 0, mqtt: 0 });
  await settle(places, cloud.ready.text("http"), source);
  const camera = await startCamera(places);
  try {
    for (let second = 0; second < recordSeconds; second += pressEverySeconds) {
      await pressBell(places.camera);
      await wait(pressEverySeconds * 1_000);
    }
    const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${camera.pid}/status`, "utf8")) ?? [];
    return Number(kilobytes) / 1_000;
  } finally {
    await camera.stop();
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
