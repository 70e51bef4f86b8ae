import { spawn } from "node:child_process";
import { setPriority } from "node:os";
import type { PickedFrame } from "./picker.js";

/** Pixels across; smaller pictures stay as they are. */
const widthMax = 640;
/** A child that needs longer hangs. */
const hangingMillis = 10_000;
/** mjpeg's quantiser, from the best on: what is too large is compressed harder. */
const qualities = [4, 9, 18] as const;
const stderrCharactersMax = 300;
const niceness = 10;

export type PictureFault = "too-large" | "no-picture" | "too-slow";

export interface PictureLimits {
  readonly bytesMax: number;
  /** Ends it at once. */
  readonly stop: AbortSignal;
  readonly childMillisMax?: number;
}

/** One JPEG of the picked frame, out of the recording itself: what is masked there is masked here. */
export async function takePicture(
  ffmpeg: string,
  frame: PickedFrame,
  { bytesMax, stop, childMillisMax = hangingMillis }: PictureLimits,
): Promise<{ readonly jpeg: Uint8Array } | { readonly fault: PictureFault; readonly why: string }> {
  for (const quality of qualities) {
    const limit = AbortSignal.timeout(childMillisMax);
    const ending = AbortSignal.any([stop, limit]);
    const { jpeg, said } = await runChild(ffmpeg, argumentsFor(frame, quality), frame, ending);
    if (limit.aborted) return { fault: "too-slow", why: `killed after ${childMillisMax} ms` };
    if (jpeg.length === 0) return { fault: "no-picture", why: said };
    if (jpeg.length <= bytesMax) return { jpeg };
  }
  return { fault: "too-large", why: `more than ${bytesMax} bytes at quality ${qualities.at(-1)}` };
}

function argumentsFor({ frame }: PickedFrame, quality: number): readonly string[] {
  const filter = `select=eq(n\\,${frame}),scale='min(${widthMax},iw)':-2,format=yuvj420p`;
  const input = ["-v", "error", "-nostdin", "-threads", "1", "-f", "mp4", "-i", "pipe:0"];
  const output = ["-an", "-vf", filter, "-frames:v", "1", "-threads", "1", "-c:v", "mjpeg"];
  return [...input, ...output, "-q:v", `${quality}`, "-f", "image2pipe", "pipe:1"];
}

interface Made {
  /** Empty where there is none. */
  readonly jpeg: Uint8Array;
  readonly said: string;
}

/** The footage goes through pipes: nothing plain touches the card. */
function runChild(
  ffmpeg: string,
  args: readonly string[],
  { init, fragment }: PickedFrame,
  signal: AbortSignal,
): Promise<Made> {
  return new Promise((resolve) => {
    const child = spawn(ffmpeg, args, { stdio: "pipe", signal, killSignal: "SIGKILL" });
    const pieces: Buffer[] = [];
    let said = "";
    const kill = (): void => void child.kill("SIGKILL");
    process.once("exit", kill);
    child.on("error", ({ message }) => {
      said = message;
    });
    child.stdout.on("data", (piece: Buffer) => void pieces.push(piece));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-stderrCharactersMax);
    });
    // A child that ends before it has read all closes the pipe; its exit says what happened.
    child.stdin.on("error", () => undefined);
    child.once("close", (code) => {
      process.off("exit", kill);
      resolve({ jpeg: code === 0 ? Buffer.concat(pieces) : new Uint8Array(0), said });
    });
    yieldTo(child.pid);
    child.stdin.write(init.bytes);
    child.stdin.end(fragment.bytes);
  });
}

/** The camera's own encoder goes first. */
function yieldTo(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, niceness);
  } catch {
    // It is over already, or may not: no harm.
  }
}
