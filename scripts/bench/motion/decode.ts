import { spawn } from "node:child_process";

const lumaWidth = 160;
export const lumaFps = 10;

/** One grey picture as the camera gives it to the detector; `index` counts tenths of a second of the video. */
export interface LumaFrame {
  readonly luma: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly index: number;
}

/**
 * Decodes a video as the camera does, as fast as it can. The `fps` filter takes for each tenth of a second of the
 * video's own time the frame that is shown then, so a variable frame rate keeps its times.
 */
export function lumaFrames(source: string): AsyncGenerator<LumaFrame> {
  return decode(source, `fps=${lumaFps}:start_time=0,scale=${lumaWidth}:-2:flags=area`);
}

/** Portable graymaps carry their own size: `P5 160 90 255 ` and the pixels. */
async function* decode(source: string, filter: string): AsyncGenerator<LumaFrame> {
  const output = ["-vf", `${filter},format=gray`, "-f", "image2pipe", "-c:v", "pgm", "-"];
  const child = spawn("ffmpeg", ["-v", "error", "-i", source, "-an", ...output], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const failed = new Promise<never>((_, reject) => child.once("error", reject));
  failed.catch(() => undefined);
  const closed = new Promise<void>((done) => child.once("close", () => done()));
  let left: Buffer = Buffer.alloc(0);
  let index = 0;
  for await (const piece of child.stdout) {
    left = Buffer.concat([left, piece]);
    for (let head = graymap(left); head !== undefined; head = graymap(left)) {
      const { start, width, height } = head;
      const end = start + width * height;
      yield { luma: Uint8Array.from(left.subarray(start, end)), width, height, index };
      index++;
      left = left.subarray(end);
    }
  }
  await Promise.race([failed, closed]);
  if (child.exitCode !== 0)
    throw new Error(`ffmpeg could not decode ${source} (exit ${child.exitCode}); its reason is above.`);
}

/** Where the pixels of the first whole picture in `bytes` start, and its size. */
function graymap(bytes: Buffer): { start: number; width: number; height: number } | undefined {
  const head = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(bytes.subarray(0, 32).toString("latin1"));
  if (head === null) return undefined;
  const [width, height] = [Number(head[1]), Number(head[2])];
  const start = head[0].length;
  return bytes.length < start + width * height ? undefined : { start, width, height };
}
