import { join } from "node:path";
import { type OpenedSegment, segmentBytesMax } from "../../shared/clip/segment.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { CameraId, ClipId, HouseholdId } from "../../shared/kernel/ids.js";
import type { DoorEvent } from "../../shared/protocol/messages.js";
import { privateDirectory } from "../household/privatefile.io.js";
import { Bodies, type BodyName, type IdlePart, type Part } from "./bodies.io.js";
import { Calendar } from "./calendar.io.js";
import {
  type ClipDetail,
  type ClipFacts,
  type ClipQuery,
  type DeletionCursor,
  type DeletionPage,
  dayMillis,
  daysKept,
  type OfferedSegment,
  type OfferedThumbnail,
  type Page,
  retentionDaysMax,
  type Standing,
  type StoredEvent,
  type ThumbnailOutcome,
} from "./clip.js";
import { type Committed, createCommitter, type ReadySegment } from "./commit.io.js";
import { createEraser, type VaultEraser } from "./erase.io.js";
import type { CameraEvent, EventQuery } from "./events.io.js";
import type { HeldWindow } from "./holds.io.js";
import { openReceipts } from "./receipts.io.js";
import { Records } from "./records.io.js";
import { Damages, headerPlace, type Rooms, Space, turnstile, type VaultOptions } from "./rooms.io.js";
import { createShares, type Shares } from "./shares.io.js";
import { type ClipName, openShredKeys, unwrapHeader } from "./shred.io.js";
import type { SegmentRow } from "./tables.js";
import { readThumbnail, type StoredThumbnail, storeThumbnail } from "./thumbnail.io.js";

/** One sealed segment as the camera made it: a plain age file. */
export interface StoredSegment {
  readonly bytes: number;
  /** Base64 SHA-256 of the whole file. */
  readonly sha256: string;
  /** Reads it all and compares it with the hash that its camera signed: false when it is damaged or missing. */
  isWhole(): Promise<boolean>;
  /** The bytes from `start` to before `end`. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

/** Reads what a household stored; cannot change anything. */
export interface VaultReader {
  clips(household: HouseholdId, query: ClipQuery): Promise<Page<ClipFacts>>;
  clip(household: HouseholdId, id: ClipId): Promise<ClipDetail | undefined>;
  segment(household: HouseholdId, id: ClipId, index: number): Promise<StoredSegment | undefined>;
  /** `undefined` where the clip has none. */
  thumbnail(household: HouseholdId, id: ClipId): Promise<StoredThumbnail | undefined>;
  events(household: HouseholdId, query: EventQuery): Promise<Page<StoredEvent>>;
  /** How much of a household's is stored, and how much may be, in bytes. */
  room(household: HouseholdId): { readonly bytesStored: number; readonly bytesMax: number };
  health(): Promise<VaultHealth>;
}

export interface VaultHealth {
  /** A row and a file were written within the last seconds. */
  readonly writable: boolean;
  /** A segment of the largest size would be refused. */
  readonly full: boolean;
  /** The clock went forward too far since the last sweep: nothing is ended until somebody has looked at it. */
  readonly clockDoubtful: boolean;
  readonly bytesStored: number;
  readonly bytesMax: number;
  readonly bytesFree: number;
  /** Found missing or damaged since the start. */
  readonly bodiesDamaged: number;
}

/** Takes what cameras send. Knows nothing of who may send what: ingest has decided that. */
export interface VaultWriter {
  readonly vaultKey: string;
  standing(segment: OfferedSegment): Promise<Standing>;
  /** The body so far, also of an earlier attempt. */
  openPart(segment: OfferedSegment): Promise<Part>;
  /**
   * Takes a complete segment. `stored` means durable: body, shred key and rows survive a power cut. Segments that are ready
   * at the same time share their syncs. On every other outcome nothing of it counts, and the part is
   * discarded. Closes the part.
   */
  commit(segment: ReadySegment): Promise<Committed>;
  receipt(note: OpenedSegment, at: Millis): string;
  partCount(camera: CameraId): Promise<number>;
  partsOf(camera: CameraId): Promise<readonly IdlePart[]>;
  /** `stored` means durable, as with `commit`. */
  storeThumbnail(thumbnail: OfferedThumbnail): Promise<ThumbnailOutcome>;
  storeEvents(events: readonly CameraEvent[]): Promise<readonly DoorEvent[]>;
  /** Signed deletions that a camera is told when it connects, a page of them. */
  deletions(camera: CameraId, after?: DeletionCursor): Promise<DeletionPage>;
}

/** Says what is kept, and for how long. */
export interface VaultKeeper {
  /** Sets or takes off a clip's keep-mark. `undefined` when there is no such clip, `full` when too many are marked. */
  mark(household: HouseholdId, id: ClipId, kept: boolean): Promise<"marked" | "full" | undefined>;
  retention(household: HouseholdId): Promise<Retention>;
  /** Counts from the next sweep on. */
  choose(household: HouseholdId, days: number): Promise<Retention>;
}

export interface Retention {
  /** For how many days clips are kept from their arrival. */
  readonly days: number;
  /** As many as this cloud allows. */
  readonly daysMax: number;
}

/** Keeps sealed clips for an order, past retention and deletion, and reads them as they are: sealed. */
export interface VaultCustodian {
  /** From when it resolves until `lift`; the same id again changes nothing. */
  hold(id: string, window: HeldWindow): Promise<void>;
  /** What the household deleted meanwhile ends with the next sweep. */
  lift(id: string): Promise<void>;
  /** Whether an order keeps anything of a household's. */
  holds(household: HouseholdId): Promise<boolean>;
  /** The window's clips that are here, oldest first, also deleted ones that an order keeps. */
  clips(window: HeldWindow): Promise<readonly ClipId[]>;
  /** The places of a clip's segments that are here. */
  segmentsOf(name: ClipName): Promise<readonly number[]>;
  segment(name: ClipName, index: number): Promise<StoredSegment | undefined>;
}

export interface Vault {
  readonly custodian: VaultCustodian;
  readonly reader: VaultReader;
  readonly keeper: VaultKeeper;
  readonly writer: VaultWriter;
  readonly eraser: VaultEraser;
  readonly shares: Shares;
  close(): Promise<void>;
}

/** The disk is asked whether it can be written this often at most. */
const probeMillis = 5_000;
/** Signed deletions on one page. */
const deletionsMax = 64;

export async function openVault(options: VaultOptions): Promise<Vault> {
  await privateDirectory(options.directory);
  const shred = await openShredKeys(join(options.directory, "shred.db"));
  const rooms: Rooms = {
    ...options,
    records: new Records(options.db),
    bodies: new Bodies(options.directory),
    shred,
    space: new Space(options),
    calendar: new Calendar(options.directory, options.clockChecked),
    damages: new Damages(options.onDamage),
    turn: turnstile(),
  };
  rooms.space.set(await rooms.records.bytesStored());
  return {
    reader: createReader(rooms),
    writer: await createWriter(rooms),
    keeper: createKeeper(rooms),
    custodian: createCustodian(rooms),
    eraser: createEraser(rooms),
    shares: createShares(rooms),
    close: () => rooms.turn(() => shred.close()),
  };
}

function createReader(rooms: Rooms): VaultReader {
  const { records, clock, bytesMax, householdBytesMax, space, calendar, damages } = rooms;
  const isWritable = writeProbe(rooms);
  return {
    clips: (household, query) => records.clips(household, query, clock.wall()),
    clip: (household, id) => records.clip({ household, id }, clock.wall()),
    events: (household, query) => records.events(household, query),
    segment: async (household, id, index) =>
      (await records.clipRow({ household, id }))?.deleted_at === null
        ? storedSegment(rooms, { household, id }, index)
        : undefined,
    thumbnail: (household, id) => readThumbnail(rooms, { household, id }),
    room: (household) => ({ bytesStored: space.bytesOf(household), bytesMax: householdBytesMax }),
    async health() {
      return {
        writable: await isWritable(),
        full: !(await space.takes(segmentBytesMax)),
        clockDoubtful: calendar.doubtful,
        bytesStored: space.bytesStored,
        bytesMax,
        bytesFree: await space.bytesFree(),
        bodiesDamaged: damages.count,
      };
    },
  };
}

/** Also of a clip that was deleted while an order kept it. */
async function storedSegment(
  rooms: Rooms,
  { household, id }: ClipName,
  index: number,
): Promise<StoredSegment | undefined> {
  const { records, shred, bodies } = rooms;
  const clip = await records.clipRow({ household, id });
  const row = await records.segmentRow({ household, id }, index);
  const key = await shred.find({ household, id });
  if (clip === undefined || row === undefined || key === undefined) return undefined;
  const header = headerOf(row, key);
  const name: BodyName = { camera: clip.camera as CameraId, clip: id, index, sha256: row.sha256 };
  return {
    bytes: Number(row.bytes),
    sha256: row.sha256,
    isWhole: () => isWhole(rooms, { household, name, header, bytes: Number(row.bytes) }),
    read: (start, end) => readSegment(bodies, name, header, { start, end }),
  };
}

/** Clips that one order reaches at most. */
const orderedClipsMax = 10_000;

function createCustodian(rooms: Rooms): VaultCustodian {
  const { records } = rooms;
  return {
    hold: (id, window) => records.putHold(id, window),
    lift: (id) => records.liftHold(id),
    holds: (household) => records.holdsAnything(household),
    clips: (window) => records.clipsInWindow(window, orderedClipsMax),
    segmentsOf: (name) => records.segmentsOf(name),
    segment: (name, index) => storedSegment(rooms, name, index),
  };
}

/** Whether a row and a file can be written; an answer serves for some seconds, since anybody may ask. */
function writeProbe({ records, bodies, clock }: Rooms): () => Promise<boolean> {
  let last: { readonly at: Millis; readonly works: Promise<boolean> } | undefined;
  const probe = async (): Promise<boolean> => {
    try {
      await records.tryWrite();
      await bodies.tryWrite();
      return true;
    } catch {
      return false;
    }
  };
  return () => {
    const now = clock.monotonic();
    if (last === undefined || now - last.at > probeMillis) last = { at: now, works: probe() };
    return last.works;
  };
}

/** The segment's age header; one that was changed where it is stored is none. */
function headerOf({ household, clip, segment, header }: SegmentRow, key: Uint8Array): Uint8Array {
  if (header === "") return new Uint8Array();
  try {
    return unwrapHeader(header, key, headerPlace(household, clip, segment));
  } catch {
    return new Uint8Array();
  }
}

interface Kept {
  readonly household: HouseholdId;
  readonly name: BodyName;
  readonly header: Uint8Array;
  readonly bytes: number;
}

async function isWhole(
  { bodies, records, damages }: Rooms,
  { household, name, header, bytes }: Kept,
): Promise<boolean> {
  const { camera, clip, index, sha256 } = name;
  // A closing segment: it has no file.
  if (bytes === 0) return true;
  const digest = await bodies.digest(name, header);
  if (digest === sha256) return true;
  // One that was deleted meanwhile is no damage.
  const stands = (await records.segmentRow({ household, id: clip }, index)) !== undefined;
  if (stands) damages.note({ camera, clip, index, what: digest === undefined ? "missing" : "damaged" });
  return false;
}

async function* readSegment(
  bodies: Bodies,
  name: BodyName,
  header: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
): AsyncGenerator<Uint8Array> {
  if (start < header.length) yield header.subarray(start, Math.min(end, header.length));
  yield* bodies.read(name, Math.max(start - header.length, 0), Math.max(end - header.length, 0));
}

function createKeeper(rooms: Rooms): VaultKeeper {
  const { records, clock } = rooms;
  const daysMax = daysKept(retentionDaysMax, rooms);
  const retention = async (household: HouseholdId): Promise<Retention> => ({
    days: daysKept(await records.chosenDays(household), rooms),
    daysMax,
  });
  return {
    retention,
    mark: (household, id, kept) => records.markKept({ household, id }, kept ? clock.wall() : null),
    async choose(household, days) {
      await records.chooseDays(household, days, clock.wall());
      return retention(household);
    },
  };
}

async function createWriter(rooms: Rooms): Promise<VaultWriter> {
  const { records, bodies, directory, space, clock } = rooms;
  const receipts = await openReceipts(directory);
  return {
    vaultKey: receipts.vaultKey,
    async standing(segment) {
      const standing = await records.standing(segment);
      if (standing.kind !== "absent") return standing;
      return (await space.hasRoomFor(segment.note.bytes, segment.note.household))
        ? standing
        : { kind: "full" };
    },
    openPart: ({ note, header }) => bodies.openPart(note, header),
    partCount: (camera) => bodies.partCount(camera),
    partsOf: (camera) => bodies.partsOf(camera),
    commit: createCommitter(rooms),
    receipt: ({ household, camera, clip, index, sha256 }, at) =>
      receipts.sign({ household, camera, clip, index, sha256, at }),
    storeThumbnail: (thumbnail) => rooms.turn(() => storeThumbnail(rooms, thumbnail)),
    storeEvents: (events) => records.insertEvents(events, clock.wall()),
    deletions: (camera, after) =>
      records.deletions(camera, {
        since: millis(clock.wall() - retentionDaysMax * dayMillis),
        limit: deletionsMax,
        after,
      }),
  };
}
