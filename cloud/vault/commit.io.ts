import type { OpenedSegment } from "../../shared/clip/segment.js";
import { storageFaultOf } from "../faults.js";
import { batched } from "./batch.js";
import type { Part } from "./bodies.io.js";
import type { OfferedSegment, Standing } from "./clip.js";
import type { ClipNews, WrappedSegment } from "./records.io.js";
import { headerPlace, type Rooms } from "./rooms.io.js";
import { wrapHeader } from "./shred.io.js";

/** A segment whose body is complete and whose hash matched the note. A closing segment has no part. */
export interface ReadySegment extends OfferedSegment {
  readonly part?: Part | undefined;
}

export type Committed = Standing & Partial<ClipNews>;

/** Segments that share one round of syncs and one transaction. */
const batchMax = 32;

/** Bodies are synced side by side, each as soon as it is whole; names and rows follow in batches, one after the other. */
export function createCommitter(rooms: Rooms): (segment: ReadySegment) => Promise<Committed> {
  const record = batched(batchMax, (segments: readonly ReadySegment[]) =>
    rooms.turn(() => commitBatch(rooms, segments)),
  );
  return async (segment) => {
    try {
      await segment.part?.sync();
      const outcome = await record(segment);
      // Not adopted: it would count against its camera until a sweep finds it.
      if (outcome.began === undefined) await segment.part?.discard();
      return outcome;
    } catch (error) {
      if (storageFaultOf(error) === "full") return { kind: "full" };
      throw error;
    } finally {
      await segment.part?.close();
    }
  };
}

async function commitBatch(rooms: Rooms, batch: readonly ReadySegment[]): Promise<readonly Committed[]> {
  const standings: Standing[] = [];
  for (const [at, segment] of batch.entries()) {
    const twin = batch.slice(0, at).some((other) => samePlace(other.note, segment.note));
    standings.push(twin ? { kind: "conflict" } : await rooms.records.standing(segment));
  }
  const taken = batch.filter((_, at) => standings[at]?.kind === "absent");
  const stored = await store(rooms, taken);
  return standings.map((standing, at) => {
    const segment = batch[at];
    return (segment && stored[taken.indexOf(segment)]) ?? standing;
  });
}

/** When it resolves, all of them survive a power cut. */
async function store(rooms: Rooms, segments: readonly ReadySegment[]): Promise<readonly Committed[]> {
  const wrapped = await makeDurable(rooms, segments);
  const at = rooms.clock.wall();
  const news = await rooms.records.insert(wrapped, at);
  for (const { note } of segments) rooms.space.add(note.household, note.bytes);
  return news.map((one) => ({ kind: "stored", at, ...one }));
}

/** The bodies are synced already, keys come next; the rows come last, in the caller's hands: what has a row is there. */
async function makeDurable(
  { bodies, shred }: Rooms,
  segments: readonly ReadySegment[],
): Promise<readonly WrappedSegment[]> {
  const keys = await shred.ensure(segments.map(({ note }) => ({ household: note.household, id: note.clip })));
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
