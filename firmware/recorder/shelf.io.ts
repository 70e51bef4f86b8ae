import { join } from "node:path";
import { parseSegment, type SealedSegment } from "../../shared/clip/segment.js";
import { assert } from "../../shared/kernel/assert.js";
import type { Millis } from "../../shared/kernel/brand.js";
import { toUtf8 } from "../../shared/kernel/bytes.js";
import { type ClipId, timeOf } from "../../shared/kernel/ids.js";
import type { Clock, Log } from "../../shared/kernel/ports.js";
import { splitHeader } from "../../shared/seal/age.js";
import { textOf } from "../../shared/seal/note.js";
import { replaceFile, unfinished } from "./disk.io.js";
import type { Disk } from "./disk.js";
import { encodeFrame, encodeState, frameBytes, type JournalState } from "./frame.js";
import { type JournalListener, logFault, type NewEvent } from "./journal.js";
import { isOnCard, takeAway } from "./recovery.io.js";
import { type Reserve, reserveBytes } from "./reserve.io.js";
import { receiptPath, type SegmentPlace, segmentPath, setAside } from "./segment.io.js";
import {
  bytesOf,
  isSafe,
  nextToGo,
  type ShelvedClip,
  type ShelvedSegment,
  safeToGo,
  storedOf,
} from "./shelf.js";

export interface ShelfParts {
  readonly disk: Disk;
  readonly clipsDir: string;
  readonly statePath: string;
  readonly reserve: Reserve;
  readonly clock: Clock;
  readonly log: Log;
  /** What recovery found. */
  readonly clips: readonly ShelvedClip[];
  readonly state: JournalState;
  /** Our share of the card. */
  readonly limitBytes: number;
  /** Told in the same turn in which a change counts. */
  readonly listeners: readonly JournalListener[];
  /** Tells of a gap. False when it could not be put on record. */
  readonly tell: (gap: NewEvent) => Promise<boolean>;
}

/** The clips on the card and the state beside them. It is the caller's to ask for one change after another. */
export class Shelf {
  private readonly parts: ShelfParts;
  private readonly clips = new Map<ClipId, ShelvedClip>();
  private state: JournalState;
  /** A clip that was deleted while it was recorded: the rest of it is dropped. */
  private unwanted: ClipId | undefined;
  /** Receipts that are in memory alone, by where they belong. */
  private readonly owed = new Map<string, { clip: ClipId; index: number; receipt: string }>();
  /** Segments set aside since the start. */
  damaged = 0;

  constructor(parts: ShelfParts) {
    this.parts = parts;
    this.state = parts.state;
    for (const clip of parts.clips) this.clips.set(clip.clip, clip);
  }

  lastManifest() {
    return this.state.manifest;
  }

  all(): readonly ShelvedClip[] {
    return [...this.clips.values()];
  }

  find(clip: ClipId, index: number): ShelvedSegment | undefined {
    return this.clips.get(clip)?.segments.find((segment) => segment.index === index);
  }

  place(clip: ClipId, index: number): SegmentPlace {
    return { dir: join(this.parts.clipsDir, clip), clip, index };
  }

  usedBytes(): number {
    let sum = reserveBytes;
    for (const clip of this.clips.values()) sum += bytesOf(clip);
    return sum;
  }

  async begin(clip: ClipId, at: Millis): Promise<void> {
    this.state = {
      serial: this.state.serial + 1,
      manifest: this.state.manifest,
      open: { clip, at },
    };
    // Power lost here, or the card refused: that a clip began is not known; nothing of it was sealed yet.
    await this.saveState();
  }

  /** On record when it resolves. */
  async write({ clip, index, note, sealed, end, manifest, from, to }: SealedSegment): Promise<void> {
    const { disk, clipsDir, log } = this.parts;
    const named = parseSegment(textOf(note));
    const split = splitHeader(sealed);
    assert(named.ok && split.ok, "the sealer handed over a segment without a note or an age header");
    const shelved = this.clips.get(clip) ?? this.newClip(clip);
    const place = this.place(clip, index);
    if (shelved.segments.length === 0) {
      await disk.makeDir(place.dir);
      // Power lost here: an empty directory, removed at boot; the state says that the clip had begun.
      await disk.syncDir(clipsDir);
    }
    const headerBytes = split.value.header.length;
    const frame = { note, headerBytes, serial: shelved.serial, manifest, from, to };
    // Power lost in here: the clip ends with the segment before, and is closed at boot.
    await replaceFile(disk, segmentPath(place), [encodeFrame(frame), sealed]);
    // Power lost from here on: the segment is on record, and is sent until the vault has it.
    const { sha256 } = named.value;
    const fileBytes = frameBytes + sealed.length;
    const stored = { index, fileBytes, headerBytes, end, sha256, from, to, acknowledged: false };
    // Segments may have been acknowledged since.
    const now = this.clips.get(clip) ?? shelved;
    this.clips.set(clip, { ...now, segments: [...now.segments, stored], closed: end !== "no" });
    for (const listener of this.parts.listeners) listener.stored?.(storedOf(clip, stored));
    log("journal.stored", { clipId: clip, segment: index, bytes: sealed.length });
    const { open: _, ...ended } = this.state;
    this.state = end === "no" ? { ...this.state, manifest } : { ...ended, manifest };
    if (end !== "no") await this.saveState();
  }

  /** As if its last segment were here: what the vault has of it may go when room is needed. */
  async abandon(clip: ClipId): Promise<void> {
    const shelved = this.clips.get(clip);
    if (shelved !== undefined) this.clips.set(clip, { ...shelved, closed: true });
    const { open, ...ended } = this.state;
    if (open?.clip !== clip) return;
    this.state = ended;
    await this.saveState();
  }

  /** A clip that is here, or that is being recorded. */
  knows(name: string): boolean {
    return name === this.state.open?.clip || this.clips.has(name as ClipId);
  }

  /** A clip of which the card could not give all at the start. */
  readAgain(again: ShelvedClip): void {
    const { clip } = again;
    const before = this.clips.get(clip)?.segments ?? [];
    const earlier = (index: number) => before.find((one) => one.index === index);
    const segments = again.segments.map((one) => ({
      ...one,
      acknowledged: one.acknowledged || earlier(one.index)?.acknowledged === true,
    }));
    this.clips.set(clip, { ...again, segments });
    const fresh = segments.filter(({ index, acknowledged }) => !acknowledged && !earlier(index));
    const gone = before.filter(({ index }) => segments.every((one) => one.index !== index));
    for (const listener of this.parts.listeners) {
      for (const one of fresh) listener.stored?.(storedOf(clip, one));
      for (const { index } of gone) listener.gone?.(clip, index);
    }
  }

  private newClip(clip: ClipId): ShelvedClip {
    const begun = this.state.open?.clip === clip;
    if (!begun) this.state = { ...this.state, serial: this.state.serial + 1 };
    return { clip, serial: this.state.serial, segments: [], asideBytes: 0, unread: 0, closed: false };
  }

  /** Whether a file of this size fits into our share of the card, after the oldest went if need be. */
  async makeRoom(fileBytes: number): Promise<boolean> {
    while (this.usedBytes() + fileBytes > this.parts.limitBytes) {
      const next = nextToGo(this.all());
      if (next === undefined || !(await this.evict(next))) return false;
    }
    return true;
  }

  /** The card is fuller than our limit: give back what the vault has, and nothing else. False when there is no such clip. */
  async giveBack(): Promise<boolean> {
    const safe = safeToGo(this.all());
    return safe !== undefined && (await this.evict(safe));
  }

  /** False when it could not be put on record that footage goes which the vault has not. */
  private async evict(clip: ShelvedClip): Promise<boolean> {
    const safe = isSafe(clip);
    this.parts.log("journal.evicted", { clipId: clip.clip, bytes: bytesOf(clip), acknowledged: safe });
    if (!safe && !(await this.tellOfLoss(clip))) return false;
    // Power lost here: boot finds the gap on record and finishes the eviction.
    await this.drop(clip.clip);
    return true;
  }

  private tellOfLoss({ clip, segments }: ShelvedClip): Promise<boolean> {
    const lost = segments.filter(({ acknowledged }) => !acknowledged);
    // Of what could not be read no more is known than when its clip began.
    const from = lost[0]?.from ?? timeOf(clip);
    const to = lost.at(-1)?.to ?? from;
    return this.parts.tell({ kind: "gap", from, to, reason: "evicted", clip });
  }

  /** The vault has the segment: in memory at once. */
  acknowledge(clip: ClipId, index: number): void {
    const shelved = this.clips.get(clip);
    assert(shelved !== undefined, "a segment of a clip that is not on the card");
    const segments = shelved.segments.map((other) =>
      other.index === index ? { ...other, acknowledged: true } : other,
    );
    this.clips.set(clip, { ...shelved, segments });
  }

  async writeReceipt(clip: ClipId, index: number, receipt: string): Promise<void> {
    const path = receiptPath(this.place(clip, index));
    try {
      // Not synced, to spare the card. Power lost before the system writes it out: the segment is announced once more,
      // and the vault answers with the receipt.
      await this.parts.disk.write(path + unfinished, [toUtf8(receipt)], { sync: false });
      await this.parts.disk.rename(path + unfinished, path);
    } catch (error) {
      this.owed.set(path, { clip, index, receipt });
      logFault(this.parts.log, "receipt", error);
    }
  }

  /** Receipts that the card did not take when they came: it takes something again. */
  async writeOwed(): Promise<void> {
    for (const [path, { clip, index, receipt }] of [...this.owed]) {
      this.owed.delete(path);
      if (this.find(clip, index) !== undefined) await this.writeReceipt(clip, index, receipt);
    }
  }

  /** Puts a damaged segment where it is never read again, and tells of the gap. */
  async setAside(clip: ClipId, index: number): Promise<"damaged" | "gone"> {
    const segment = this.find(clip, index);
    if (segment === undefined) return "gone";
    const { from, to } = segment;
    this.parts.log("journal.damaged", { clipId: clip, segment: index, acknowledged: segment.acknowledged });
    if (!segment.acknowledged) await this.parts.tell({ kind: "gap", from, to, reason: "damaged", clip });
    // Power lost here: the gap is on record; a damaged segment is found again at boot and told of once more.
    const aside = await setAside(this.parts.disk, this.place(clip, index), this.parts.clock.wall());
    // Other segments may have been acknowledged since.
    const shelved = this.clips.get(clip);
    assert(shelved !== undefined, "a clip went while a segment of it was set aside");
    const segments = shelved.segments.filter((other) => other.index !== index);
    this.clips.set(clip, { ...shelved, segments, asideBytes: shelved.asideBytes + aside });
    this.damaged++;
    for (const listener of this.parts.listeners) listener.gone?.(clip, index);
    return "damaged";
  }

  /** Every byte of the clip goes, or it throws and is to be asked again. Of one that still records the rest is unwanted from here on. */
  async remove(clip: ClipId): Promise<void> {
    const { open, ...rest } = this.state;
    if (open?.clip === clip) {
      this.unwanted = clip;
      this.state = rest;
      await this.saveState();
    }
    // Also what could not be read at the start, and what a card that failed did not let go when it was asked before.
    if (!this.clips.has(clip) && !(await isOnCard(this.parts, clip))) return;
    await this.drop(clip);
    if (await isOnCard(this.parts, clip)) throw new Error(`the card did not let go of all of ${clip}`);
  }

  isUnwanted(clip: ClipId): boolean {
    return clip === this.unwanted;
  }

  private async drop(clip: ClipId): Promise<void> {
    await takeAway(this.parts, clip);
    this.clips.delete(clip);
    for (const listener of this.parts.listeners) listener.clipGone?.(clip);
  }

  async saveState(): Promise<void> {
    const { disk, statePath, reserve } = this.parts;
    try {
      // Power lost here: the state before stands; the segments on the card say what is newer.
      await reserve.spendFor(() => replaceFile(disk, statePath, [encodeState(this.state)]));
    } catch (error) {
      logFault(this.parts.log, "state", error);
    }
  }
}
