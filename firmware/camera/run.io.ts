import { type FeedOptions, startFeed } from "./feed.io.js";
import { startFfmpeg } from "./ffmpeg.io.js";
import { unfitLastWords } from "./fitness.js";
import { Intake, type IntakeEvent } from "./intake.js";
import type { Plan } from "./plan.js";

/** One ffmpeg, from its start to its end. */
export interface Run {
  readonly pid: number | undefined;
  signal(signal: "SIGTERM" | "SIGKILL"): void;
  lastWords(): readonly string[];
  /** Whether the child cannot be expected to write: a fragment's reader has not finished, or it was fed nothing yet. */
  held(): boolean;
  /** When its pipes are read to their end and nothing of it runs any more. */
  readonly ended: Promise<RunEnd>;
}

export interface RunEnd {
  readonly how: string;
  readonly fragments: number;
  /** Said at the end: that this stream cannot be copied into an MP4. */
  readonly unfit: string | undefined;
}

export interface RunOptions extends FeedOptions {
  readonly plan: Plan;
  /** Whether the recording may have sound. */
  readonly sound: boolean;
}

/** `listener` gets each event in its pipe's order; while it has a fragment in hand, the video pipe waits. */
export function startRun(options: RunOptions, listener: (event: IntakeEvent) => void | Promise<void>): Run {
  const { plan, settings, pace } = options;
  const copying = plan.mode === "copy";
  const child = startFfmpeg(options.ffmpeg, plan);
  const feed = startFeed(options, child.input);
  const { lumaFps } = settings;
  const intake = new Intake({ copying, sound: options.sound, lumaFps, paced: pace === "own" });
  let held = false;

  // After its last event the intake answers nothing: a child that is told to end can still empty its pipes.
  const readVideo = async (): Promise<void> => {
    for await (const chunk of chunksOf(child.video)) {
      for (const event of intake.video(chunk)) {
        held = true;
        await listener(event);
        held = false;
      }
    }
  };
  const readLuma = async (): Promise<void> => {
    for await (const chunk of chunksOf(child.luma)) {
      for (const event of intake.luma(chunk, held)) await listener(event);
    }
  };
  const finish = async (): Promise<RunEnd> => {
    const [how] = await Promise.all([child.gone, readVideo(), readLuma()]);
    await feed.stop();
    const { fragments } = intake;
    const unfit = copying && fragments === 0 ? unfitLastWords(child.lastWords.lines()) : undefined;
    return { how, fragments, unfit };
  };
  return {
    pid: child.pid,
    signal: child.signal,
    lastWords: () => [...child.lastWords.lines(), ...feed.lastWords()],
    held: () => held || !feed.started(),
    ended: finish(),
  };
}

async function* chunksOf(pipe: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of pipe) if (chunk instanceof Uint8Array) yield chunk;
  } catch (error) {
    // A killed child's pipe may end in an error of the system; its exit says what happened.
    if (!(error instanceof Error && "code" in error)) throw error;
  }
}
