import { join } from "node:path";
import { parseReceipt } from "../../shared/clip/custody.js";
import {
  formatSegment,
  type OpenedSegment,
  openSegment,
  type SegmentNote,
} from "../../shared/clip/segment.js";
import { bytes, type Millis, millis } from "../../shared/kernel/brand.js";
import { fromUtf8 } from "../../shared/kernel/bytes.js";
import { type ClipId, isClipId, timeOf } from "../../shared/kernel/ids.js";
import type { Log } from "../../shared/kernel/ports.js";
import { hashOf } from "../../shared/seal/hash.js";
import { type Signer, signNote, textOf, verifierOf } from "../../shared/seal/note.js";
import { isFull, replaceFile, unfinished } from "./disk.io.js";
import type { Disk } from "./disk.js";
import type { EventStore } from "./events.io.js";
import {
  decodeState,
  encodeFrame,
  type Frame,
  frameBytes,
  type JournalState,
  stateBytesMax,
} from "./frame.js";
import { hasGap, tell } from "./gaps.io.js";
import type { Reserve } from "./reserve.io.js";
import {
  asideMark,
  readFile,
  readSegment,
  receiptPath,
  type SegmentPlace,
  segmentPath,
  setAside,
} from "./segment.io.js";
import type { ShelvedClip, ShelvedSegment } from "./shelf.js";
import { isDirectory, isRemoved, removeAll, setStrangeAside, unlessUnreadable } from "./strange.io.js";

/** Starts the name of a clip's directory that is to go: what a power cut leaves of it is removed at boot. */
const goingPrefix = ".gone-";

export interface Recovery {
  readonly disk: Disk;
  readonly clipsDir: string;
  readonly statePath: string;
  readonly events: EventStore;
  readonly reserve: Reserve;
  readonly camera: Signer;
  readonly now: () => Millis;
  readonly log: Log;
}

/** Names of clips of which the card could not give all, or did not take the end; `all` when it could not even name them. */
export type Unread = readonly string[] | "all";

export interface Recovered {
  readonly clips: readonly ShelvedClip[];
  readonly state: JournalState;
  readonly unread: Unread;
}

/** What one clip's directory holds, and the frame of its last segment. */
interface Found {
  readonly shelved: ShelvedClip;
  readonly last?: Frame;
  /** The highest place whose segment was set aside; -1 without one. */
  readonly asideAt: number;
  /** The card did not take the segment that closes it. */
  readonly leftOpen?: true;
}

/** Bytes that were set aside, and the highest place among theirs. */
interface Aside {
  readonly bytes: number;
  readonly at: number;
}

/**
 * Brings the card into order after whatever ended the last run. Each step leaves what the next boot understands, so that a
 * power cut during recovery is recovered from in the same way.
 */
export async function recover(recovery: Recovery): Promise<Recovered> {
  const known = await readState(recovery);
  const { disk, clipsDir, log } = recovery;
  const names = await unlessUnreadable(log, clipsDir, () => disk.list(clipsDir));
  if (names === undefined)
    return { clips: [], state: { serial: known?.serial ?? 0, manifest: "unknown" }, unread: "all" };
  const found: Found[] = [];
  const passed: string[] = [];
  for (const name of names) {
    const clip = await unlessUnreadable(log, `clips/${name}`, () => recoverClip(recovery, name));
    if (clip === undefined) passed.push(name);
    else if (clip !== "none") found.push(clip);
  }
  const state = stateAfter(known, found, passed);
  await tellOfUnsealed(recovery, known, { found, passed });
  const partly = found.filter((one) => !isWhole(one)).map(({ shelved }) => shelved.clip);
  return { clips: found.map(({ shelved }) => shelved), state, unread: [...passed, ...partly] };
}

/** Nothing of the clip is left to be done. */
export function isWhole({ shelved, leftOpen }: Found): boolean {
  return shelved.unread === 0 && leftOpen !== true;
}

/** `undefined` when nothing of the clip can be read, `none` when there is none of that name any more. */
export async function recoverClip(recovery: Recovery, name: string): Promise<Found | "none" | undefined> {
  const { disk, clipsDir } = recovery;
  const path = join(clipsDir, name);
  const clip = isClipId(name) ? name : undefined;
  if (clip === undefined && !name.startsWith(goingPrefix)) return "none";
  if (!(await isDirectory(disk, path))) {
    await setStrangeAside(recovery, path);
    return "none";
  }
  if (clip === undefined) {
    await removeAll(disk, path);
    return "none";
  }
  const evicted = hasGap(recovery.events, { clip, reason: "evicted" });
  const found = evicted ? "none" : await readClip(recovery, clip);
  if (found === "none") await takeAway(recovery, clip);
  return found === undefined || found === "none" ? found : closeClip(recovery, found);
}

/** Removes a clip's directory. Power lost after the rename, or a file that cannot be removed: boot removes the rest. */
export async function takeAway(
  { disk, clipsDir, log }: Pick<Recovery, "disk" | "clipsDir" | "log">,
  clip: ClipId,
): Promise<void> {
  const [there, going] = placesOf(clipsDir, clip);
  // Not there: a card that failed cut an earlier call off behind the rename.
  if ((await disk.kind(there)) !== undefined) await disk.rename(there, going);
  // Power lost here: the clip is gone, as was wanted, or is whole again.
  await disk.syncDir(clipsDir);
  await unlessUnreadable(log, going, () => removeAll(disk, going));
}

/** Whether anything of the clip is on the card, under its own name or as what is to go. */
export async function isOnCard(
  { disk, clipsDir }: Pick<Recovery, "disk" | "clipsDir">,
  clip: ClipId,
): Promise<boolean> {
  for (const path of placesOf(clipsDir, clip)) if ((await disk.kind(path)) !== undefined) return true;
  return false;
}

function placesOf(clipsDir: string, clip: ClipId): readonly [there: string, going: string] {
  return [join(clipsDir, clip), join(clipsDir, goingPrefix + clip)];
}

/** `undefined` when nothing of the clip can be read, `none` when nothing of it is there. */
async function readClip(recovery: Recovery, clip: ClipId): Promise<Found | "none" | undefined> {
  const { disk, clipsDir, log } = recovery;
  const dir = join(clipsDir, clip);
  const segments: ShelvedSegment[] = [];
  let last: Frame | undefined;
  let { bytes: asideBytes, at: asideAt } = await tidy(recovery, dir);
  let unread = 0;
  for (const index of await indicesDownwards(disk, dir)) {
    const place = { dir, clip, index };
    const read = await unlessUnreadable(log, segmentPath(place), () =>
      readOrSetAside(recovery, place, last !== undefined),
    );
    if (read === undefined) {
      unread++;
      asideBytes += await knownSize(recovery, segmentPath(place));
    } else if (typeof read === "number") {
      asideBytes += read;
      asideAt = Math.max(asideAt, index);
    } else {
      last ??= read.frame;
      segments.unshift(read.segment);
    }
  }
  if (segments.length === 0 && unread > 0) return undefined;
  if (segments.length === 0 && asideBytes === 0) return "none";
  const shelved = { clip, serial: last?.serial ?? 0, segments, asideBytes, unread, closed: true };
  return { shelved, asideAt, ...(last === undefined ? {} : { last }) };
}

async function knownSize({ disk, log }: Recovery, path: string): Promise<number> {
  return (await unlessUnreadable(log, path, () => disk.size(path))) ?? 0;
}

/** A segment, with its frame unless the vault has it and no frame is wanted any more; of a damaged one the bytes that were set aside. */
async function readOrSetAside(recovery: Recovery, place: SegmentPlace, hasLast: boolean) {
  const { disk } = recovery;
  const acknowledged = await isAcknowledged(recovery, place);
  // What the vault has is looked at only for the clip's end: it is checked again when it is asked for.
  const read = acknowledged && hasLast ? await sizeOnly(disk, place) : await readSegment(disk, place);
  return read === undefined
    ? setAsideDamaged(recovery, { ...place, acknowledged })
    : { segment: { ...read.segment, acknowledged }, frame: read.frame };
}

/** Removes unfinished files; tells of those that were set aside. */
async function tidy(recovery: Recovery, dir: string): Promise<Aside> {
  const { disk, log } = recovery;
  let aside: Aside = { bytes: 0, at: -1 };
  for (const name of await disk.list(dir)) {
    const path = join(dir, name);
    const tidied = await unlessUnreadable(log, path, async () => {
      if (name.endsWith(unfinished) && !name.startsWith(asideMark) && !(await isRemoved(disk, path)))
        await setStrangeAside(recovery, path);
      return name.includes(asideMark) ? disk.size(path) : 0;
    });
    const at = /^([0-9]{1,3})[.]seg[.]damaged-/.exec(name)?.[1] ?? "-1";
    aside = { bytes: aside.bytes + (tidied ?? 0), at: Math.max(aside.at, Number.parseInt(at, 10)) };
  }
  return aside;
}

async function indicesDownwards(disk: Disk, dir: string): Promise<readonly number[]> {
  const names = await disk.list(dir);
  return names
    .flatMap((name) => (/^[0-9]{1,3}[.]seg$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .sort((a, b) => b - a);
}

async function sizeOnly(disk: Disk, place: SegmentPlace) {
  const fileBytes = (await disk.size(segmentPath(place))) ?? 0;
  const unknown = { headerBytes: 0, end: "no", sha256: "", from: millis(0), to: millis(0) } as const;
  return { segment: { index: place.index, fileBytes, ...unknown }, frame: undefined };
}

async function isAcknowledged({ disk, log }: Recovery, place: SegmentPlace): Promise<boolean> {
  const path = receiptPath(place);
  const content = await unlessUnreadable(log, path, () => readFile(disk, path, frameBytes));
  // Receipts are not synced: a power cut leaves an empty or torn one, which counts for nothing.
  const text = fromUtf8(content ?? new Uint8Array());
  const receipt = text.ok ? parseReceipt(textOf(text.value)) : text;
  return receipt.ok && receipt.value.clip === place.clip && receipt.value.index === place.index;
}

async function setAsideDamaged(
  recovery: Recovery,
  place: SegmentPlace & { readonly acknowledged: boolean },
): Promise<number> {
  const { disk, log, now } = recovery;
  const at = timeOf(place.clip);
  log("journal.damaged", { clipId: place.clip, segment: place.index, acknowledged: place.acknowledged });
  if (!place.acknowledged)
    await tell(recovery, { kind: "gap", from: at, to: at, reason: "damaged", clip: place.clip });
  // Power lost here: the gap is told, the segment is found damaged once more, and the gap not told twice.
  return setAside(disk, place, now());
}

/** A clip that ended without a last segment is closed by one without bytes, signed and chained like any other. */
async function closeClip(recovery: Recovery, found: Found): Promise<Found> {
  const { shelved, last, asideAt } = found;
  const before = shelved.segments.at(-1);
  // In the place after the last one that could be read there may be one that could not.
  if (last === undefined || before?.end !== "no" || shelved.unread > 0) return found;
  // Or one that was set aside: the vault may have it from before it was damaged, and nobody signs two notes for a place. The vault
  // shows the clip as interrupted, since no more of it comes.
  if (asideAt > before.index) return found;
  const note = openSegment(last.note, verifierOf(recovery.camera));
  if (!note.ok) return found;
  const closing = closingSegment(note.value);
  const signed = signNote(formatSegment(closing), [recovery.camera]);
  const frame: Frame = { ...last, note: signed, headerBytes: 0, from: last.to };
  const dir = join(recovery.clipsDir, shelved.clip);
  const path = segmentPath({ dir, index: closing.index });
  try {
    // Power lost here: the clip is open still, and closed by the same segment at the next boot.
    const write = (): Promise<void> => replaceFile(recovery.disk, path, [encodeFrame(frame)]);
    const written = await unlessUnreadable(recovery.log, path, () =>
      recovery.reserve.spendFor(write).then(() => true),
    );
    if (written === undefined) return { ...found, leftOpen: true };
  } catch (error) {
    if (!isFull(error)) throw error;
    recovery.log("journal.clip-left-open", { clipId: shelved.clip, why: "disk-full" });
    return { ...found, leftOpen: true };
  }
  recovery.log("journal.clip-closed", { clipId: shelved.clip, segments: closing.index });
  const segment: ShelvedSegment = {
    ...{ index: closing.index, fileBytes: frameBytes, headerBytes: 0, end: closing.end },
    ...{ sha256: closing.sha256, from: last.to, to: last.to, acknowledged: false },
  };
  return { shelved: { ...shelved, segments: [...shelved.segments, segment] }, last: frame, asideAt };
}

function closingSegment({ household, camera, clip, index, hash }: OpenedSegment): SegmentNote {
  const nothing = hashOf(new Uint8Array());
  const who = { household, camera, clip };
  return { ...who, index: index + 1, previous: hash, bytes: bytes(0), sha256: nothing, end: "interrupted" };
}

async function readState({ disk, statePath, log, now }: Recovery): Promise<JournalState | undefined> {
  const lost: JournalState = { serial: 0, manifest: "unknown" };
  const read = await unlessUnreadable(log, "state.json", async () => {
    const content = await readFile(disk, statePath, stateBytesMax);
    const state = content === undefined ? undefined : decodeState(content);
    if (state !== undefined) return state;
    if ((await disk.size(statePath)) === undefined) return "none";
    log("journal.damaged", { file: "state.json" });
    await disk.rename(statePath, `${statePath}.damaged-${now()}`);
    return lost;
  });
  return read === "none" ? undefined : (read ?? lost);
}

/** The newest clip's frame says more than a state that was written before it, unless some of what may be newer could not be read. */
function stateAfter(
  known: JournalState | undefined,
  found: readonly Found[],
  passed: readonly string[],
): JournalState {
  const serials = found.map(({ shelved }) => shelved.serial);
  const serial = Math.max(known?.serial ?? 0, ...serials);
  const newest = found.find(({ shelved, last }) => shelved.serial === serial && last !== undefined)?.last;
  if (passed.length > 0 || found.some(({ shelved }) => shelved.unread > 0))
    return { serial, manifest: "unknown" };
  const otherwise = found.length === 0 ? "none" : "unknown";
  return { serial, manifest: newest?.manifest ?? known?.manifest ?? otherwise };
}

/** A clip began and the power went before anything of it was sealed. */
async function tellOfUnsealed(
  recovery: Recovery,
  known: JournalState | undefined,
  { found, passed }: { readonly found: readonly Found[]; readonly passed: readonly string[] },
): Promise<void> {
  if (known?.open === undefined) return;
  const { clip, at } = known.open;
  if (passed.includes(clip)) return;
  if (found.some(({ shelved }) => shelved.clip === clip)) return;
  const to = millis(Math.max(at, recovery.now()));
  await tell(recovery, { kind: "gap", from: at, to, reason: "power", clip });
}
