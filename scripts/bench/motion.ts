// npm run bench -- motion --source FILE --trig OUT     one video: writes `t_seconds trigger_start|trigger_end` lines
// npm run bench -- motion [--footage DIR]              every marked clip there, and its scorer's table
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createMotion, type MotionReading } from "../../firmware/detector/motion.js";
import { idleTrigger, step, type TriggerEffect } from "../../firmware/detector/trigger.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";

const lumaWidth = 160;
const lumaFps = 10;

/** Videos with marked events and their scorer; optional, and never part of the project. */
export const footageFolder =
  process.env.LINTEL_FOOTAGE ?? fileURLToPath(new URL("../../../../shared/footage", import.meta.url));

interface Run {
  readonly lines: readonly string[];
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      source: { type: "string" },
      trig: { type: "string" },
      footage: { type: "string", default: footageFolder },
      explain: { type: "boolean", default: false },
    },
  });
  if (values.source !== undefined) {
    const run = await detect(values.source, values.explain);
    if (values.trig !== undefined) writeFileSync(values.trig, run.lines.map((line) => `${line}\n`).join(""));
    else process.stdout.write(run.lines.map((line) => `${line}\n`).join(""));
    process.stdout.write(`${costOf(run)}\n`);
  } else {
    const { table, cost } = await scoreFootage(values.footage);
    process.stdout.write(`${table}${cost}\n`);
  }
}

/** Detects on every video in `footage` and has its scorer compare that with the marks. */
export async function scoreFootage(
  footage: string,
): Promise<{ readonly table: string; readonly cost: string }> {
  if (!existsSync(join(footage, "score.py"))) {
    throw new Error(`No marked footage in ${footage}: give --footage DIR, or --source FILE for one video.`);
  }
  const work = mkdtempSync(join(tmpdir(), "lintel-motion-"));
  try {
    const total = { seconds: 0, cpuSeconds: 0 };
    for (const file of readdirSync(footage).filter((name) => /\.(mp4|avi)$/.test(name))) {
      const run = await detect(join(footage, file), false);
      total.seconds += run.seconds;
      total.cpuSeconds += run.cpuSeconds;
      const name = file.replace(/\.\w+$/, "");
      writeFileSync(join(work, `${name}.lintel.trig`), run.lines.map((line) => `${line}\n`).join(""));
    }
    const score = [join(footage, "score.py"), work, "lintel", "--clips", "dev", "--per-clip"];
    const scored = spawnSync("python3", score, {
      encoding: "utf8",
      env: { ...process.env, FOOTAGE: footage },
    });
    if (scored.status !== 0)
      throw new Error(`The footage's scorer failed; it needs python3. ${scored.stderr}`);
    return { table: scored.stdout, cost: costOf({ ...total, lines: [] }) };
  } finally {
    rmSync(work, { recursive: true });
  }
}

function costOf({ cpuSeconds, seconds }: Run): string {
  return `detector ${cpuSeconds.toFixed(3)} CPU s for ${seconds.toFixed(1)} s of video: ${(cpuSeconds / seconds).toFixed(5)} a second`;
}

/** Decodes as the camera does, as fast as it can, with times from the video; only the detector's CPU is counted. */
async function detect(source: string, explain: boolean): Promise<Run> {
  const lines: string[] = [];
  let watch: ReturnType<typeof watcher> | undefined;
  let count = 0;
  let cpuMicros = 0;
  for await (const { luma, width, height } of lumaFrames(source)) {
    watch ??= watcher(width, height);
    const at = millis(Math.round((count * 1000) / lumaFps));
    const before = process.cpuUsage();
    const { reading, effects } = watch(luma, at);
    const spent = process.cpuUsage(before);
    cpuMicros += spent.user + spent.system;
    lines.push(...effects.flatMap((effect) => trigLine(effect, at)));
    if (explain) process.stdout.write(`${explainReading(reading, at)}\n`);
    count++;
  }
  return { lines, seconds: count / lumaFps, cpuSeconds: cpuMicros / 1e6 };
}

function watcher(width: number, height: number) {
  const motion = createMotion({ width, height });
  let trigger = idleTrigger();
  return (luma: Uint8Array, at: Millis) => {
    const reading = motion.feed(luma, at);
    const { state, effects } = step(
      trigger,
      { kind: "reading", score: reading.score, settling: reading.settling },
      at,
    );
    trigger = state;
    return { reading, effects };
  };
}

function trigLine({ kind }: TriggerEffect, at: Millis): readonly string[] {
  if (kind === "trigger") return [`${at / 1000} trigger_start`];
  return kind === "end" ? [`${at / 1000} trigger_end`] : [];
}

function explainReading(reading: MotionReading, at: Millis): string {
  const { area, travel, persistence, light } = reading.reasons;
  const boxes = reading.boxes.slice(0, reading.boxCount).map((b) => `${b.x},${b.y} ${b.width}x${b.height}`);
  const reasons = `area ${area} travel ${travel} persistence ${persistence} light ${light}`;
  return `${(at / 1000).toFixed(1)} score ${reading.score} ${reasons} ${boxes.join(" | ")}`;
}

interface LumaFrame {
  readonly luma: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Portable graymaps carry their own size: `P5 160 90 255 ` and the pixels. */
async function* lumaFrames(source: string): AsyncGenerator<LumaFrame> {
  const filter = `fps=${lumaFps}:start_time=0,scale=${lumaWidth}:-2:flags=area,format=gray`;
  const child = spawn(
    "ffmpeg",
    ["-v", "error", "-i", source, "-an", "-vf", filter, "-f", "image2pipe", "-c:v", "pgm", "-"],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const failed = new Promise<never>((_, reject) => child.once("error", reject));
  failed.catch(() => undefined);
  let left: Buffer = Buffer.alloc(0);
  for await (const piece of child.stdout) {
    left = Buffer.concat([left, piece]);
    for (;;) {
      const head = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(left.subarray(0, 32).toString("latin1"));
      if (head === null) break;
      const [width, height] = [Number(head[1]), Number(head[2])];
      const end = head[0].length + width * height;
      if (left.length < end) break;
      yield { luma: Uint8Array.from(left.subarray(head[0].length, end)), width, height };
      left = left.subarray(end);
    }
  }
  const code =
    child.exitCode ?? (await Promise.race([failed, new Promise((done) => child.once("close", done))]));
  if (code !== 0)
    throw new Error(`ffmpeg could not decode ${source} (exit ${String(code)}); its reason is above.`);
}
