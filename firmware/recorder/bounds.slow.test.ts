import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Test, test } from "tap";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { newClipId } from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { eventsMax } from "./events.io.js";
import { testCamera, testClock, testReceipt, testSegments, testWall } from "./fixture.contract.js";
import { openJournal } from "./journal.io.js";
import type { Journal } from "./journal.js";
import { reserveBytes } from "./reserve.io.js";

const camera = await testCamera();
const random = seededPrng(5);
const begun: Millis = millis(testWall);

async function opened(t: Test, limitBytes: number): Promise<Journal> {
  const dir = await mkdtemp(join(tmpdir(), "lintel-bounds-"));
  const known = { dir: join(dir, "journal"), camera: camera.signer, clock: testClock(), random, limitBytes };
  const journal = await openJournal({ ...known, log: () => undefined });
  t.teardown(async () => {
    await journal.close();
    await rm(dir, { recursive: true });
  });
  return journal;
}

test("a clip that was given up goes like any other once the vault has what there is of it", async (t) => {
  const journal = await opened(t, reserveBytes + 20_000);
  const gone: string[] = [];
  journal.watch({ clipGone: (clip) => gone.push(clip) });
  const clips = [0, 1, 2, 3].map((minute) => newClipId(millis(testWall + minute * 60_000), random));
  for (const [i, clip] of clips.entries()) {
    await journal.begin(clip, begun);
    const [first] = await testSegments(camera, clip, i === 0 ? 2 : 1, 2_000);
    if (first === undefined) continue;
    await journal.append(first);
    if (i > 0) continue;
    await journal.acknowledge(clip, 0, testReceipt(camera, first));
    await journal.abandon(clip);
  }
  t.same(gone, clips.slice(0, 1));
  t.same(journal.pendingEvents(), [], "nothing was lost");
});

test("events beyond the limit go, the oldest motion first, and whoever sends them is told", async (t) => {
  const journal = await opened(t, reserveBytes + 20_000);
  const gone: string[] = [];
  journal.watch({ eventGone: (id) => gone.push(id) });
  const press = journal.appendEvent({ kind: "press", at: begun });
  const motion = journal.appendEvent({ kind: "motion", at: begun });
  const rest = Array.from({ length: eventsMax - 1 }, () => journal.appendEvent({ kind: "press", at: begun }));
  await Promise.all([press, motion, ...rest]);
  t.same(gone, [(await motion).id]);
  t.equal(journal.pendingEvents().length, eventsMax);
});
