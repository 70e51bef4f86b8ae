import { dirname, join } from "node:path";
import { parseReceipt } from "../../shared/clip/custody.js";
import { parseSegment } from "../../shared/clip/segment.js";
import { assert } from "../../shared/kernel/assert.js";
import { bytes, type Millis } from "../../shared/kernel/brand.js";
import { toUtf8 } from "../../shared/kernel/bytes.js";
import type { ClipId } from "../../shared/kernel/ids.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import type { DoorEvent } from "../../shared/protocol/messages.js";
import { splitHeader } from "../../shared/seal/age.js";
import { type Signer, verifierOf } from "../../shared/seal/note.js";
import { replaceFile, systemDisk, unfinished } from "./disk.io.js";
import type { Disk } from "./disk.js";
import { type EventStore, openEvents } from "./events.io.js";
import { encodeFrame, encodeState, frameBytes, type JournalState } from "./frame.js";
import type {
  GapReason,
  Journal,
  JournalListener,
  Log,
  NewEvent,
  ReceiptRefusal,
  SealedSegment,
  SegmentHead,
  StoredSegment,
  Usage,
} from "./journal.js";
import { recover, takeAway } from "./recovery.io.js";
import { isFull, openReserve, type Reserve, reserveBytes } from "./reserve.io.js";
import { isWhole, readSegment, receiptPath, segmentPath, setAside, textOf } from "./segment.io.js";
import {
  bytesOf,
  isSafe,
  nextToGo,
  pendingOf,
  type ShelvedClip,
  type ShelvedSegment,
  safeToGo,
  storedOf,
} from "./shelf.js";

/** Room for sealed footage unless the settings say otherwise. */
const journalBytesMax = 2 * 1024 * 1024 * 1024;
/** A write that found no room is tried again after this, or as soon as room was made. */
const retryMillis = 1_000;

export interface JournalOptions {
  /** The journal's own directory, whose parent is durable. One process at a time. */
  readonly dir: string;
  readonly limitBytes?: number;
  /** The camera's note key: closes clips that a power cut left open, and tells its own notes from damaged ones. */
  readonly camera: Signer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The system's unless a test cuts its power. */
  readonly disk?: Disk;
}

/** Opens the journal and brings it into order. Pending segments are compared with their notes afterwards (`verified`). */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { dir, camera, clock, random, log } = options;
  const disk = options.disk ?? systemDisk;
  const clipsDir = join(dir, "clips");
  const eventsDir = join(dir, "events");
  const statePath = join(dir, "state.json");
  await disk.makeDir(clipsDir);
  await disk.makeDir(eventsDir);
  await disk.remove(statePath + unfinished);
  await disk.syncDir(dir);
  // Power lost before here, at the very first start: there is no journal, and nothing was confirmed.
  await disk.syncDir(dirname(dir));
  const reserve = await openReserve(disk, dir);
  const events = await openEvents({ disk, dir: eventsDir, reserve, clock, random, log });
  const now = (): Millis => clock.wall();
  const recovered = await recover({ disk, clipsDir, statePath, events, reserve, camera, now, log });
  const journal = new CardJournal({ ...options, disk, clipsDir, statePath, reserve, events, ...recovered });
  await journal.start();
  return journal;
}

interface Parts extends JournalOptions {
  readonly disk: Disk;
  readonly clipsDir: string;
  readonly statePath: string;
  readonly reserve: Reserve;
  readonly events: EventStore;
  readonly clips: readonly ShelvedClip[];
  readonly state: JournalState;
}

type Attempt = "written" | "again" | GapReason;

class CardJournal implements Journal {
  private readonly parts: Parts;
  private readonly clips = new Map<ClipId, ShelvedClip>();
  private readonly listeners: JournalListener[] = [];
  private state: JournalState;
  private damaged = 0;
  /** A clip that was deleted while it was recorded: the rest of it is dropped. */
  private unwanted: ClipId | undefined;
  private blockedBy: GapReason | undefined;
  private closing = false;
  private wake: () => void = () => {};
  private lane: Promise<unknown> = Promise.resolve();
  verified: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.parts = parts;
    this.state = parts.state;
    for (const clip of parts.clips) this.clips.set(clip.clip, clip);
  }

  /** What recovery found is on record from here on; the rest is looked at while the camera works already. */
  async start(): Promise<void> {
    await this.saveState();
    await this.parts.reserve.restore().catch((error: unknown) => this.fault("reserve", error));
    this.verified = this.verify(this.pending());
  }

  lastManifest() {
    return this.state.manifest;
  }

  begin(clip: ClipId, at: Millis): Promise<void> {
    return this.inLane(async () => {
      this.state = {
        serial: this.state.serial + 1,
        manifest: this.state.manifest,
        open: { clip, at },
      };
      // Power lost here: that a clip began is not known; nothing of it was sealed yet.
      await this.saveState();
    });
  }

  async append(segment: SealedSegment): Promise<void> {
    for (;;) {
      const attempt = await this.inLane(() => this.tryAppend(segment));
      if (attempt === "again") continue;
      this.block(attempt === "written" ? undefined : attempt);
      if (attempt === "written") return;
      await this.roomOrTime();
    }
  }

  blocked(): GapReason | undefined {
    return this.blockedBy;
  }

  pending(): readonly StoredSegment[] {
    return pendingOf([...this.clips.values()]);
  }

  async readHead(clip: ClipId, index: number): Promise<SegmentHead | undefined> {
    if (this.find(clip, index) === undefined) return undefined;
    const place = this.place(clip, index);
    const found = await readSegment(this.parts.disk, place);
    if (found === undefined) {
      await this.check(clip, index);
      return undefined;
    }
    const { note, headerBytes } = found.frame;
    const header = await this.parts.disk.read(segmentPath(place), frameBytes, headerBytes);
    return header === undefined ? undefined : { note, header };
  }

  async readBody(clip: ClipId, index: number, offset: number, length: number) {
    const segment = this.find(clip, index);
    if (segment === undefined) return undefined;
    const { disk } = this.parts;
    const place = this.place(clip, index);
    // Of what was acknowledged before the start only the size is known.
    const headerBytes = segment.acknowledged
      ? (await readSegment(disk, place))?.frame.headerBytes
      : segment.headerBytes;
    if (headerBytes === undefined) return undefined;
    return disk.read(segmentPath(place), frameBytes + headerBytes + offset, length);
  }

  async acknowledge(clip: ClipId, index: number, receipt: string): Promise<Result<void, ReceiptRefusal>> {
    const segment = this.find(clip, index);
    if (segment === undefined) return refuse({ kind: "unknown-segment" });
    if (segment.acknowledged) return ok(undefined);
    const named = parseReceipt(textOf(receipt));
    if (!named.ok) return refuse({ kind: "not-a-receipt" });
    const { value } = named;
    if (value.clip !== clip || value.index !== index || value.sha256 !== segment.sha256)
      return refuse({ kind: "other-segment" });
    this.shelve(clip, { ...segment, acknowledged: true });
    await this.inLane(() => this.writeReceipt(clip, index, receipt));
    this.wake();
    return ok(undefined);
  }

  async check(clip: ClipId, index: number): Promise<"whole" | "damaged" | "gone"> {
    if (this.find(clip, index) === undefined) return "gone";
    const { disk, camera } = this.parts;
    if (await isWhole(disk, this.place(clip, index), verifierOf(camera))) return "whole";
    return this.inLane(() => this.putAside(clip, index, "damaged"));
  }

  async setAside(clip: ClipId, index: number, why: string): Promise<void> {
    await this.inLane(() => this.putAside(clip, index, why));
  }

  async removeClip(clip: ClipId): Promise<void> {
    await this.inLane(async () => {
      const { open, ...rest } = this.state;
      if (open?.clip === clip) {
        this.unwanted = clip;
        this.state = rest;
        await this.saveState();
      }
      if (this.clips.has(clip)) await this.drop(clip);
    });
    this.wake();
  }

  async appendEvent(event: NewEvent): Promise<DoorEvent> {
    const made = this.parts.events.add(event);
    for (const listener of this.listeners) listener.happened?.(made);
    await this.inLane(() => this.parts.events.save());
    return made;
  }

  pendingEvents(): readonly DoorEvent[] {
    return [...this.parts.events.pending];
  }

  async acknowledgeEvents(ids: readonly string[]): Promise<void> {
    await this.inLane(() => this.parts.events.remove(ids));
  }

  usage(): Usage {
    const pending = this.pending();
    return {
      bytes: bytes(this.usedBytes()),
      limitBytes: bytes(this.limitBytes()),
      pendingSegments: pending.length,
      pendingBytes: bytes(pending.reduce((sum, { size }) => sum + size, 0)),
      damaged: this.damaged,
      ...(this.blockedBy === undefined ? {} : { blocked: this.blockedBy }),
    };
  }

  watch(listener: JournalListener): void {
    this.listeners.push(listener);
  }

  async close(): Promise<void> {
    this.closing = true;
    this.wake();
    await this.verified;
    await this.lane;
  }

  private async tryAppend(segment: SealedSegment): Promise<Attempt> {
    if (segment.clip === this.unwanted) return "written";
    const { reserve } = this.parts;
    try {
      if (!(await this.makeRoom(frameBytes + segment.sealed.length))) return "disk-full";
      await reserve.restore();
      await this.write(segment);
      return "written";
    } catch (error) {
      if (!isFull(error)) {
        this.fault("append", error);
        return "camera-fault";
      }
      // The card is fuller than our limit: give back what the vault has, and nothing else.
      const safe = safeToGo([...this.clips.values()]);
      return safe !== undefined && (await this.evict(safe)) ? "again" : "disk-full";
    }
  }

  private async write({ clip, index, note, sealed, end, manifest, from, to }: SealedSegment): Promise<void> {
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
    const segments = [...shelved.segments, stored];
    this.clips.set(clip, { ...shelved, segments, closed: end !== "no" });
    for (const listener of this.listeners) listener.stored?.(storedOf(clip, stored));
    log("journal.stored", { clipId: clip, segment: index, bytes: sealed.length });
    const { open: _, ...ended } = this.state;
    this.state = end === "no" ? { ...this.state, manifest } : { ...ended, manifest };
    if (end !== "no") await this.saveState();
  }

  private newClip(clip: ClipId): ShelvedClip {
    const begun = this.state.open?.clip === clip;
    if (!begun) this.state = { ...this.state, serial: this.state.serial + 1 };
    return { clip, serial: this.state.serial, segments: [], asideBytes: 0, closed: false };
  }

  /** Whether a file of this size fits into our share of the card, after the oldest went if need be. */
  private async makeRoom(fileBytes: number): Promise<boolean> {
    while (this.usedBytes() + fileBytes > this.limitBytes()) {
      const next = nextToGo([...this.clips.values()]);
      if (next === undefined || !(await this.evict(next))) return false;
    }
    return true;
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
    const from = lost[0]?.from;
    const to = lost.at(-1)?.to;
    assert(from !== undefined && to !== undefined, "a clip without unacknowledged segments counts as unsafe");
    return this.tell({ kind: "gap", from, to, reason: "evicted", clip });
  }

  private async tell(event: NewEvent): Promise<boolean> {
    const made = this.parts.events.add(event);
    for (const listener of this.listeners) listener.happened?.(made);
    return this.parts.events.save();
  }

  private async drop(clip: ClipId): Promise<void> {
    await takeAway(this.parts, clip);
    this.clips.delete(clip);
    for (const listener of this.listeners) listener.clipGone?.(clip);
  }

  private async putAside(clip: ClipId, index: number, why: string): Promise<"damaged" | "gone"> {
    const segment = this.find(clip, index);
    const shelved = this.clips.get(clip);
    if (segment === undefined || shelved === undefined) return "gone";
    const { from, to } = segment;
    this.parts.log("journal.set-aside", { clipId: clip, segment: index, why });
    if (!segment.acknowledged) await this.tell({ kind: "gap", from, to, reason: "damaged", clip });
    // Power lost here: the gap is on record; a damaged segment is found again at boot and told of once more.
    const aside = await setAside(this.parts.disk, this.place(clip, index), this.parts.clock.wall());
    const segments = shelved.segments.filter((other) => other.index !== index);
    this.clips.set(clip, { ...shelved, segments, asideBytes: shelved.asideBytes + aside });
    this.damaged++;
    for (const listener of this.listeners) listener.gone?.(clip, index);
    return "damaged";
  }

  private async writeReceipt(clip: ClipId, index: number, receipt: string): Promise<void> {
    const path = receiptPath(this.place(clip, index));
    try {
      // Not synced, to spare the card. Power lost before the system writes it out: the segment is announced once more,
      // and the vault answers with the receipt.
      await this.parts.disk.write(path + unfinished, [toUtf8(receipt)], { sync: false });
      await this.parts.disk.rename(path + unfinished, path);
    } catch (error) {
      this.fault("receipt", error);
    }
  }

  private async saveState(): Promise<void> {
    const { disk, statePath, reserve } = this.parts;
    try {
      // Power lost here: the state before stands; the segments on the card say what is newer.
      await reserve.spendFor(() => replaceFile(disk, statePath, [encodeState(this.state)]));
    } catch (error) {
      this.fault("state", error);
    }
  }

  private async verify(pending: readonly StoredSegment[]): Promise<void> {
    for (const { clip, index } of pending) {
      if (this.closing) return;
      await this.check(clip, index).catch((error: unknown) => this.fault("verify", error));
    }
  }

  private find(clip: ClipId, index: number): ShelvedSegment | undefined {
    return this.clips.get(clip)?.segments.find((segment) => segment.index === index);
  }

  private shelve(clip: ClipId, segment: ShelvedSegment): void {
    const shelved = this.clips.get(clip);
    assert(shelved !== undefined, "a segment of a clip that is not on the card");
    const segments = shelved.segments.map((other) => (other.index === segment.index ? segment : other));
    this.clips.set(clip, { ...shelved, segments });
  }

  private place(clip: ClipId, index: number) {
    return { dir: join(this.parts.clipsDir, clip), clip, index };
  }

  private usedBytes(): number {
    let sum = reserveBytes;
    for (const clip of this.clips.values()) sum += bytesOf(clip);
    return sum;
  }

  private limitBytes(): number {
    return this.parts.limitBytes ?? journalBytesMax;
  }

  private block(reason: GapReason | undefined): void {
    if (reason === this.blockedBy) return;
    this.blockedBy = reason;
    this.parts.log(reason === undefined ? "journal.resumed" : "journal.blocked", { reason: reason ?? "" });
  }

  private fault(what: string, error: unknown): void {
    this.parts.log("journal.fault", { what, why: error instanceof Error ? error.message : String(error) });
  }

  private async roomOrTime(): Promise<void> {
    if (this.closing) throw closed();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, retryMillis);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = () => {};
  }

  /** One write after another; what fails is the caller's to know and stops nothing that comes later. */
  private inLane<T>(work: () => Promise<T>): Promise<T> {
    if (this.closing) return Promise.reject(closed());
    const done = this.lane.then(work);
    this.lane = done.catch(() => {});
    return done;
  }
}

function closed(): Error {
  return new Error(
    "The journal was closed before this was written; it is lost unless the next start makes it anew.",
  );
}
