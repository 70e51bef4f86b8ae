import type { OpenedSegment } from "../../shared/clip/segment.js";
import type { Part } from "./bodies.io.js";
import type { OfferedSegment, Standing } from "./clip.js";
import type { WrappedSegment } from "./records.io.js";
import { headerPlace, isDiskFull, type Rooms } from "./rooms.io.js";
import { wrapHeader } from "./shred.io.js";

/** A segment whose body is complete and whose hash matched the note. A closing segment has no part. */
export interface ReadySegment extends OfferedSegment {
  readonly part?: Part | undefined;
}

/** `began`: the clip's first stored segment. */
export type Committed = Standing & { readonly began?: boolean };

/** Segments that share one round of syncs and one transaction. */
const batchMax = 32;

interface Waiting {
  readonly segment: ReadySegment;
  readonly resolve: (outcome: Committed) => void;
  readonly reject: (error: unknown) => void;
}

/** While one batch is on its way to the disk the next one gathers. */
export function createCommitter(rooms: Rooms): (segment: ReadySegment) => Promise<Committed> {
  let waiting: readonly Waiting[] = [];
  let running = false;
  const run = async (): Promise<void> => {
    running = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, batchMax);
      waiting = waiting.slice(batchMax);
      await rooms.turn(() => commitBatch(rooms, batch));
    }
    running = false;
  };
  return (segment) =>
    new Promise((resolve, reject) => {
      waiting = [...waiting, { segment, resolve, reject }];
      if (!running) void run();
    });
}

/** Settles every one of the batch; never throws. */
async function commitBatch(rooms: Rooms, batch: readonly Waiting[]): Promise<void> {
  const taken: Waiting[] = [];
  try {
    for (const one of batch) {
      const standing = await standingAmong(rooms, taken, one);
      if (standing.kind === "absent") taken.push(one);
      else await turnAway(one, standing);
    }
    const outcomes = await store(
      rooms,
      taken.map(({ segment }) => segment),
    );
    for (const [at, { resolve }] of taken.entries()) resolve(outcomes[at] ?? { kind: "full" });
  } catch (error) {
    // The camera sends again what was not acknowledged; those that were turned away stay so.
    for (const { resolve, reject } of batch) isDiskFull(error) ? resolve({ kind: "full" }) : reject(error);
  } finally {
    await Promise.all(batch.map(({ segment }) => segment.part?.close().catch(() => undefined)));
  }
}

async function standingAmong(
  { records }: Rooms,
  taken: readonly Waiting[],
  { segment }: Waiting,
): Promise<Standing> {
  const twin = taken.some((other) => samePlace(other.segment.note, segment.note));
  return twin ? { kind: "conflict" } : records.standing(segment);
}

async function turnAway({ segment, resolve }: Waiting, standing: Standing): Promise<void> {
  await segment.part?.discard();
  resolve(standing);
}

/** When it resolves, all of them survive a power cut. */
async function store(rooms: Rooms, segments: readonly ReadySegment[]): Promise<readonly Committed[]> {
  const wrapped = await makeDurable(rooms, segments);
  const at = rooms.clock.wall();
  const began = await rooms.records.insert(wrapped, at);
  for (const { note } of segments) rooms.space.bytesStored += note.bytes;
  return began.map((first) => ({ kind: "stored", at, began: first }));
}

/** Bodies first, then keys; the rows come last, in the caller's hands: what has a row is there. */
async function makeDurable(
  { bodies, shred }: Rooms,
  segments: readonly ReadySegment[],
): Promise<readonly WrappedSegment[]> {
  const synced = Promise.all(segments.map(({ part }) => part?.sync()));
  const keys = await shred.ensure(segments.map(({ note }) => ({ household: note.household, id: note.clip })));
  await synced;
  await bodies.adopt(
    segments.flatMap(({ note, part }) => (part === undefined ? [] : [{ name: note, part }])),
  );
  return segments.map((segment, at) => {
    const { household, clip, index } = segment.note;
    const key = keys[at];
    const empty = segment.header.length === 0 || key === undefined;
    const wrapped = empty ? "" : wrapHeader(segment.header, key, headerPlace(household, clip, index));
    return { ...segment, wrapped };
  });
}

function samePlace(a: OpenedSegment, b: OpenedSegment): boolean {
  return a.household === b.household && a.clip === b.clip && a.index === b.index;
}
