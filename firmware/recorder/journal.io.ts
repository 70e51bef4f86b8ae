import { dirname, join } from "node:path";
import { parseReceipt } from "../../shared/clip/custody.js";
import type { SealedSegment } from "../../shared/clip/segment.js";
import { bytes, type Millis } from "../../shared/kernel/brand.js";
import type { ClipId } from "../../shared/kernel/ids.js";
import type { Clock, Log, Random } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import type { DoorEvent, GapReason } from "../../shared/protocol/messages.js";
import { type Signer, textOf, verifierOf } from "../../shared/seal/note.js";
import { isFull, systemDisk, unfinished } from "./disk.io.js";
import type { Disk } from "./disk.js";
import { type EventStore, openEvents } from "./events.io.js";
import { frameBytes } from "./frame.js";
import {
  type Journal,
  type JournalListener,
  logFault,
  type NewEvent,
  type ReceiptRefusal,
  type SegmentHead,
  type StoredSegment,
  type Usage,
} from "./journal.js";
import { Lane } from "./lane.io.js";
import { type Recovery, recover, type Unread } from "./recovery.io.js";
import { openReserve, reserveName } from "./reserve.io.js";
import { lookAgainMillis, SecondLook } from "./secondlook.io.js";
import { isWhole, readSegment, segmentPath } from "./segment.io.js";
import { Shelf, type ShelfParts } from "./shelf.io.js";
import { pendingOf } from "./shelf.js";
import { makeWay, unlessUnreadable } from "./strange.io.js";

/** Room for sealed footage unless the settings say otherwise. */
const journalBytesMax = 2 * 1024 * 1024 * 1024;

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
  /** Until what the card refused at the start is tried once more; then twice as long, and so on. */
  readonly lookAgainMillis?: number;
}

/** Opens the journal and brings it into order. Pending segments are compared with their notes afterwards (`verified`). */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { dir, camera, clock, random, log } = options;
  const disk = options.disk ?? systemDisk;
  const clipsDir = join(dir, "clips");
  const eventsDir = join(dir, "events");
  const statePath = join(dir, "state.json");
  const now = (): Millis => clock.wall();
  await makeWay(
    { disk, now, log },
    {
      directories: [dir, clipsDir, eventsDir],
      files: [statePath, statePath + unfinished, join(dir, reserveName)],
    },
  );
  await disk.makeDir(clipsDir);
  await disk.makeDir(eventsDir);
  await unlessUnreadable(log, statePath + unfinished, () => disk.remove(statePath + unfinished));
  await disk.syncDir(dir);
  // Power lost before here, at the very first start: there is no journal, and nothing was confirmed.
  await disk.syncDir(dirname(dir));
  const reserve = await openReserve(disk, dir, log);
  const listeners: JournalListener[] = [];
  const dropped = (id: string): void => {
    for (const listener of listeners) listener.eventGone?.(id);
  };
  const events = await openEvents({ disk, dir: eventsDir, reserve, clock, random, log, dropped });
  const recovery = { disk, clipsDir, statePath, events, reserve, camera, now, log };
  const { unread, ...recovered } = await recover(recovery);
  const limitBytes = options.limitBytes ?? journalBytesMax;
  const shelved = { disk, clipsDir, statePath, reserve, clock, log, limitBytes, ...recovered };
  const journal = new CardJournal({ ...shelved, events, camera, listeners });
  await journal.start(recovery, unread, options.lookAgainMillis ?? lookAgainMillis);
  return journal;
}

interface Parts extends Omit<ShelfParts, "tell"> {
  readonly listeners: JournalListener[];
  readonly events: EventStore;
  readonly camera: Signer;
}

type Attempt = "written" | "again" | GapReason;

class CardJournal implements Journal {
  private readonly parts: Parts;
  private readonly shelf: Shelf;
  private readonly lane = new Lane();
  private blockedBy: GapReason | undefined;
  private secondLook: SecondLook | undefined;
  verified: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.parts = parts;
    const tell = (event: NewEvent): Promise<boolean> => this.tell(event);
    this.shelf = new Shelf({ ...parts, tell });
  }

  /** What recovery found is on record from here on; the rest is looked at while the camera works already. */
  async start(recovery: Recovery, unread: Unread, firstMillis: number): Promise<void> {
    await this.shelf.saveState();
    await this.parts.reserve.restore().catch((error: unknown) => logFault(this.parts.log, "reserve", error));
    this.verified = this.verify(this.pending());
    const events = { ...recovery.events, add: (event: NewEvent) => this.happened(event) };
    const { lane, shelf } = this;
    this.secondLook = new SecondLook({ recovery: { ...recovery, events }, lane, shelf }, unread, firstMillis);
  }

  lastManifest() {
    return this.shelf.lastManifest();
  }

  begin(clip: ClipId, at: Millis): Promise<void> {
    return this.lane.run(() => this.shelf.begin(clip, at));
  }

  async append(segment: SealedSegment): Promise<void> {
    for (;;) {
      const attempt = await this.lane.run(() => this.tryAppend(segment));
      if (attempt === "again") continue;
      this.block(attempt === "written" ? undefined : attempt);
      if (attempt === "written") return;
      await this.lane.roomOrTime();
    }
  }

  abandon(clip: ClipId): Promise<void> {
    return this.lane.run(() => this.shelf.abandon(clip));
  }

  blocked(): GapReason | undefined {
    return this.blockedBy;
  }

  pending(): readonly StoredSegment[] {
    return pendingOf(this.shelf.all());
  }

  async readHead(clip: ClipId, index: number): Promise<SegmentHead | undefined> {
    if (this.shelf.find(clip, index) === undefined) return undefined;
    const place = this.shelf.place(clip, index);
    const found = await readSegment(this.parts.disk, place);
    if (found === undefined) {
      await this.check(clip, index);
      return undefined;
    }
    const { note, headerBytes } = found.frame;
    const header = await this.parts.disk.read(segmentPath(place), frameBytes, headerBytes);
    // unreached: the frame was read from the same file a moment before
    return header === undefined ? undefined : { note, header };
  }

  async readBody(clip: ClipId, index: number, offset: number, length: number) {
    const segment = this.shelf.find(clip, index);
    if (segment === undefined) return undefined;
    const { disk } = this.parts;
    const place = this.shelf.place(clip, index);
    // Of what was acknowledged before the start only the size is known.
    const headerBytes = segment.acknowledged
      ? (await readSegment(disk, place))?.frame.headerBytes
      : segment.headerBytes;
    if (headerBytes === undefined) return undefined;
    return disk.read(segmentPath(place), frameBytes + headerBytes + offset, length);
  }

  async acknowledge(clip: ClipId, index: number, receipt: string): Promise<Result<void, ReceiptRefusal>> {
    const segment = this.shelf.find(clip, index);
    if (segment === undefined) return refuse({ kind: "unknown-segment" });
    if (segment.acknowledged) return ok(undefined);
    const named = parseReceipt(textOf(receipt));
    if (!named.ok) return refuse({ kind: "not-a-receipt" });
    const { value } = named;
    if (value.clip !== clip || value.index !== index || value.sha256 !== segment.sha256)
      return refuse({ kind: "other-segment" });
    this.shelf.acknowledge(clip, index);
    await this.lane.run(() => this.shelf.writeReceipt(clip, index, receipt));
    this.lane.wake();
    return ok(undefined);
  }

  async check(clip: ClipId, index: number): Promise<"whole" | "damaged" | "gone"> {
    if (this.shelf.find(clip, index) === undefined) return "gone";
    const { disk, camera } = this.parts;
    if (await isWhole(disk, this.shelf.place(clip, index), verifierOf(camera))) return "whole";
    return this.lane.run(() => this.shelf.setAside(clip, index));
  }

  async removeClip(clip: ClipId): Promise<void> {
    await this.lane.run(() => this.shelf.remove(clip));
    this.lane.wake();
  }

  async appendEvent(event: NewEvent): Promise<DoorEvent> {
    const made = this.happened(event);
    await this.lane.run(() => this.parts.events.save());
    return made;
  }

  pendingEvents(): readonly DoorEvent[] {
    return [...this.parts.events.pending];
  }

  async acknowledgeEvents(ids: readonly string[]): Promise<void> {
    await this.lane.run(() => this.parts.events.remove(ids));
  }

  usage(): Usage {
    const pending = this.pending();
    return {
      bytes: bytes(this.shelf.usedBytes()),
      limitBytes: bytes(this.parts.limitBytes),
      pendingSegments: pending.length,
      pendingBytes: bytes(pending.reduce((sum, { size }) => sum + size, 0)),
      damaged: this.shelf.damaged,
      unread: this.secondLook?.isDue === true,
      ...(this.blockedBy === undefined ? {} : { blocked: this.blockedBy }),
    };
  }

  watch(listener: JournalListener): void {
    this.parts.listeners.push(listener);
  }

  async close(): Promise<void> {
    this.lane.close();
    this.secondLook?.stop();
    await this.verified;
    await this.lane.ended();
  }

  private async tryAppend(segment: SealedSegment): Promise<Attempt> {
    const { shelf } = this;
    if (shelf.isUnwanted(segment.clip)) return "written";
    try {
      if (!(await shelf.makeRoom(frameBytes + segment.sealed.length))) return "disk-full";
      await unlessUnreadable(this.parts.log, "reserve", () => this.parts.reserve.restore());
      await shelf.write(segment);
      await shelf.writeOwed();
      return "written";
    } catch (error) {
      if (isFull(error)) return (await shelf.giveBack()) ? "again" : "disk-full";
      logFault(this.parts.log, "append", error);
      return "camera-fault";
    }
  }

  private async tell(event: NewEvent): Promise<boolean> {
    this.happened(event);
    return this.parts.events.save();
  }

  /** In memory. */
  private happened(event: NewEvent): DoorEvent {
    const made = this.parts.events.add(event);
    for (const listener of this.parts.listeners) listener.happened?.(made);
    return made;
  }

  private async verify(pending: readonly StoredSegment[]): Promise<void> {
    for (const { clip, index } of pending) {
      if (this.lane.isClosed()) return;
      await this.check(clip, index).catch((error: unknown) => logFault(this.parts.log, "verify", error));
    }
  }

  private block(reason: GapReason | undefined): void {
    if (reason === this.blockedBy) return;
    this.blockedBy = reason;
    this.parts.log(reason === undefined ? "journal.resumed" : "journal.blocked", { reason: reason ?? "" });
  }
}
