// Test-only: a journal on a card of its own, and what tests do with it.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import type { SealedSegment } from "../../shared/clip/segment.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { type ClipId, newClipId } from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { systemDisk } from "./disk.io.js";
import { testCamera, testClock, testReceipt, testSegments, testWall } from "./fixture.contract.js";
import { openJournal } from "./journal.io.js";
import type { Journal } from "./journal.js";

export const camera = await testCamera();
export const chance = seededPrng(5);
let minutes = 0;
export const clipId = (): ClipId => newClipId(millis(testWall + minutes++ * 60_000), chance);
export const begun: Millis = millis(testWall);

export async function workDir(t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "lintel-journal-"));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

export interface Opened {
  readonly journal: Journal;
  readonly logged: string[];
}

export async function opened(t: Test, dir: string, limitBytes?: number, disk = systemDisk): Promise<Opened> {
  const logged: string[] = [];
  const journal = await openJournal({
    ...{ dir: join(dir, "journal"), camera: camera.signer, clock: testClock(), random: chance },
    ...(limitBytes === undefined ? {} : { limitBytes }),
    disk,
    log: (event) => logged.push(event),
  });
  t.teardown(() => journal.close());
  return { journal, logged };
}

export async function record(journal: Journal, count: number, size = 300): Promise<readonly SealedSegment[]> {
  const clip = clipId();
  const segments = await testSegments(camera, clip, count, size);
  await journal.begin(clip, begun);
  for (const segment of segments) await journal.append(segment);
  return segments;
}

export async function deliver(journal: Journal, segments: readonly SealedSegment[]): Promise<void> {
  for (const segment of segments) {
    const answer = await journal.acknowledge(segment.clip, segment.index, testReceipt(camera, segment));
    if (!answer.ok) throw new Error(answer.error.kind);
  }
}

export const names = (list: readonly { readonly clip: string; readonly index: number }[]): string[] =>
  list.map(({ clip, index }) => `${clip} ${index}`);
export const gapsOf = (journal: Journal): string[] =>
  journal.pendingEvents().flatMap((event) => (event.kind === "gap" ? [`${event.reason} ${event.clip}`] : []));
export const pathOf = (dir: string, { clip, index }: SealedSegment, suffix = "seg"): string =>
  join(dir, "journal", "clips", clip, `${index}.${suffix}`);
