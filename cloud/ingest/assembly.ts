import type { Millis } from "../../shared/kernel/brand.js";
import { chunkBytesMax } from "../../shared/protocol/limits.js";

/** A write and its progress answer come after so many bytes (a third of what may be under way), or so long after the first one. */
export const answerBytes = 12 * chunkBytesMax;
export const answerMillis = 40;
/** Bytes of one segment that may wait in memory for the disk. */
export const segmentPendingBytesMax = 1024 * 1024;
/** Bytes of all segments together that may wait in memory. */
export const pendingBytesMax = 64 * 1024 * 1024;
/** Shortest time between two answers to chunks that are not in their place. */
export const rewindMillis = 50;

/** The body of one announced segment, on its way from chunks into a part file. Its bytes come in order or not at all. */
export interface Assembly {
  readonly bodyBytes: number;
  /** Taken in order; the next chunk must begin here. */
  readonly taken: number;
  /** In the part file. */
  readonly stored: number;
  readonly writing: boolean;
  /** Since when bytes wait for the disk. */
  readonly waitingSince: Millis | undefined;
  /** An answer is owed when the running write is done. */
  readonly owed: boolean;
  readonly rewoundAt: Millis | undefined;
}

export type AssemblyEvent =
  /** The segment was announced again: the camera asks what is here. */
  | { readonly kind: "announced" }
  /** `room`: whether memory allows for it. */
  | { readonly kind: "chunk"; readonly offset: number; readonly length: number; readonly room: boolean }
  | { readonly kind: "written"; readonly stored: number }
  | { readonly kind: "tick" };

export type AssemblyEffect =
  /** Keep the chunk's bytes for the next write. */
  | "keep"
  /** Write what was kept. */
  | "write"
  /** Tell the camera what is stored and how much more may come. */
  | "answer"
  /** The body is whole: check its hash. */
  | "complete"
  /** The chunk is not in its place, or there is no room: forget it. */
  | "drop"
  /** The chunk ends behind the announced end: the segment is not what its note says. */
  | "overrun";

export interface Step {
  readonly assembly: Assembly;
  readonly effects: readonly AssemblyEffect[];
}

export function startAssembly(bodyBytes: number, stored: number): Assembly {
  return {
    bodyBytes,
    taken: stored,
    stored,
    writing: false,
    waitingSince: undefined,
    owed: false,
    rewoundAt: undefined,
  };
}

/** One event in the life of a segment that is being received. */
export function step(assembly: Assembly, event: AssemblyEvent, now: Millis): Step {
  switch (event.kind) {
    case "announced":
      return flush(assembly);
    case "chunk":
      return takeChunk(assembly, event, now);
    case "written":
      return written(assembly, event.stored, now);
    case "tick": {
      const since = assembly.waitingSince;
      return since !== undefined && now - since >= answerMillis ? write(assembly) : { assembly, effects: [] };
    }
  }
}

/** Bytes beyond what is stored that a camera may send of one of `open` segments while `pending` bytes wait for the disk. */
export function creditFor({ pending, open }: { readonly pending: number; readonly open: number }): number {
  const share = Math.floor(Math.max(pendingBytesMax - pending, 0) / Math.max(open, 1));
  const credit = Math.min(share, segmentPendingBytesMax);
  return credit - (credit % chunkBytesMax);
}

function takeChunk(
  assembly: Assembly,
  { offset, length, room }: { readonly offset: number; readonly length: number; readonly room: boolean },
  now: Millis,
): Step {
  const { taken, stored, bodyBytes } = assembly;
  if (offset + length > bodyBytes) return { assembly, effects: ["drop", "overrun"] };
  const waits = taken - stored + length > segmentPendingBytesMax;
  if (offset !== taken || length === 0 || waits || !room) return rewind(assembly, now);
  const next: Assembly = { ...assembly, taken: taken + length, waitingSince: assembly.waitingSince ?? now };
  const due = next.taken - stored >= answerBytes || next.taken === bodyBytes;
  const { assembly: after, effects } = due ? write(next) : { assembly: next, effects: [] };
  return { assembly: after, effects: ["keep", ...effects] };
}

/** A hole or a repetition: the camera learns what is stored, so that it goes on from there. */
function rewind(assembly: Assembly, now: Millis): Step {
  const { rewoundAt } = assembly;
  if (rewoundAt !== undefined && now - rewoundAt < rewindMillis) return { assembly, effects: ["drop"] };
  const { assembly: after, effects } = flush({ ...assembly, rewoundAt: now });
  return { assembly: after, effects: ["drop", ...effects] };
}

/** Answers when nothing waits for the disk any more. */
function flush(assembly: Assembly): Step {
  if (assembly.taken === assembly.stored && !assembly.writing) return { assembly, effects: ["answer"] };
  return write({ ...assembly, owed: true });
}

function write(assembly: Assembly): Step {
  if (assembly.writing || assembly.taken === assembly.stored) return { assembly, effects: [] };
  return { assembly: { ...assembly, writing: true, waitingSince: undefined }, effects: ["write"] };
}

function written(assembly: Assembly, stored: number, now: Millis): Step {
  const next: Assembly = { ...assembly, stored, writing: false };
  if (stored === next.bodyBytes) return { assembly: next, effects: ["complete"] };
  const due = next.owed || next.taken - stored >= answerBytes || next.taken === next.bodyBytes;
  if (!due || next.taken === stored) return { assembly: { ...next, owed: false }, effects: ["answer"] };
  const { assembly: after, effects } = write({ ...next, waitingSince: next.waitingSince ?? now });
  return { assembly: after, effects: [...effects, "answer"] };
}
