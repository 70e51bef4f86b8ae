import type { Kysely } from "kysely";
import { fromBase64 } from "../../shared/kernel/bytes.js";
import type { CameraId, HouseholdId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import {
  jsonBytesMax,
  readCharterAsk,
  readEvent,
  readStatus,
  writeMessage,
} from "../../shared/protocol/messages.js";
import type { UpTopic } from "../../shared/protocol/topics.js";
import { hashOf } from "../../shared/seal/hash.js";
import type { Bus, BusAddress, BusListener, Log } from "../broker/bus.js";
import { batched } from "../vault/batch.js";
import type { DeletionCursor } from "../vault/clip.js";
import type { CameraEvent } from "../vault/events.io.js";
import type { VaultTables } from "../vault/tables.js";
import type { VaultWriter } from "../vault/vault.io.js";
import { type CameraHealth, Cameras } from "./cameras.io.js";
import type {
  Announce,
  CameraDirectory,
  Certifier,
  CharterSource,
  IngestCounts,
  ModeSource,
} from "./ports.js";
import { type Rates, takeOne } from "./rates.js";
import { Segments } from "./segments.io.js";
import { Thumbnails } from "./thumbnails.io.js";

export interface IngestOptions {
  readonly bus: Bus;
  readonly vault: VaultWriter;
  readonly db: Kysely<VaultTables>;
  readonly directory: CameraDirectory;
  readonly charters: CharterSource;
  readonly modes: ModeSource;
  readonly certifier: Certifier;
  readonly announce: Announce;
  readonly clock: Clock;
  readonly log: Log;
}

/** Takes what cameras send over the bus, and acknowledges what the vault has. */
export interface Ingest {
  /** Where the bus listens. */
  readonly address: BusAddress;
  health(camera: CameraId): CameraHealth;
  /** Tells the household's connected cameras of charters that they do not have, then disconnects those that it names no more. */
  charterChanged(household: HouseholdId): Promise<void>;
  /** Tells them of mode orders that they do not have. */
  modeChanged(household: HouseholdId): Promise<void>;
  /** Passes a member's signed deletion on; a camera that is away gets it when it connects. */
  deletion(camera: CameraId, note: string): void;
  counts(): IngestCounts;
  gauges(): { readonly openSegments: number; readonly pendingBytes: number; readonly camerasOnline: number };
  close(): Promise<void>;
}

/** Events of one camera in a minute; more are not acknowledged, so it repeats them later. */
const eventsPerMinuteMax = 240;
const eventBatchMax = 64;
const chartersPerAnswerMax = 16;
const flushMillis = 5_000;
/** How long a camera that was removed may take in the charter that says so. */
const farewellMillis = 2_000;

export async function startIngest(options: IngestOptions): Promise<Ingest> {
  const intake = new Intake(options);
  await intake.cameras.load();
  const address = await options.bus.start(intake);
  const timer = setInterval(() => void intake.flush(), flushMillis).unref();
  return {
    address,
    health: (camera) => intake.cameras.health(camera),
    charterChanged: (household) => intake.charterChanged(household),
    modeChanged: (household) => intake.tell(household),
    deletion: (camera, note) => options.bus.send(camera, "delete", writeMessage({ v: 1, note })),
    counts: () => intake.counts,
    gauges: () => ({
      openSegments: intake.segments.openCount,
      pendingBytes: intake.segments.pendingBytes,
      camerasOnline: intake.cameras.onlineCount(),
    }),
    async close() {
      clearInterval(timer);
      await options.bus.close();
      await intake.segments.close();
      await intake.flush();
    },
  };
}

/** What a connected camera was told since it asked. */
interface Following {
  readonly household: HouseholdId;
  /** The charter version that it has once it took what was sent. */
  have: number;
  /** Likewise the counter of its mode order. */
  mode: number;
  /** Where the deletions go on that it was not told yet; absent when it was told all. */
  deletions?: DeletionCursor | undefined;
}

class Intake implements BusListener {
  readonly cameras: Cameras;
  readonly segments: Segments;
  private readonly thumbnails: Thumbnails;
  readonly counts: IngestCounts = {
    segmentsStored: 0,
    bytesStored: 0,
    eventsStored: 0,
    thumbnailsStored: 0,
    chunksDropped: 0,
    messagesRefused: 0,
    identityConflicts: 0,
    refusals: {},
  };
  private readonly options: IngestOptions;
  private readonly eventRates: Rates = new Map();
  /** What each connected camera was told. */
  private readonly following = new Map<CameraId, Following>();
  /** Those not among them that spoke of themselves once. */
  private readonly heardOnce = new Set<CameraId>();
  private readonly storeEvent: (event: CameraEvent) => Promise<boolean>;

  constructor(options: IngestOptions) {
    const { bus, vault, clock } = options;
    this.options = options;
    this.cameras = new Cameras(options.db, clock);
    const send = bus.send.bind(bus);
    this.segments = new Segments({ ...options, node: bus.node, send, counts: this.counts });
    this.thumbnails = new Thumbnails({ ...options, send, counts: this.counts });
    this.storeEvent = batched(eventBatchMax, async (events) => {
      const fresh = await vault.storeEvents(events);
      return events.map(({ event }) => fresh.includes(event));
    });
  }

  message(camera: CameraId, topic: UpTopic, payload: Uint8Array): void {
    this.cameras.seen(camera);
    switch (topic.kind) {
      case "init":
        void this.segments.announced(camera, payload);
        return;
      case "chunk":
        this.segments.chunk(camera, topic, payload);
        return;
      case "thumbnail":
        this.run(camera, this.thumbnails.offered(camera, payload));
        return;
      case "event":
        this.run(camera, this.event(camera, payload));
        return;
      case "status":
        this.run(camera, this.status(camera, payload));
        return;
      case "charter":
        this.run(camera, this.charter(camera, payload));
    }
  }

  connected(camera: CameraId): void {
    this.options.log("camera.connected", { camera });
    this.cameras.isOnline(camera, true);
  }

  disconnected(camera: CameraId): void {
    this.options.log("camera.disconnected", { camera });
    this.cameras.isOnline(camera, false);
    this.forget(camera);
  }

  private forget(camera: CameraId): void {
    this.following.delete(camera);
    this.heardOnce.delete(camera);
  }

  conflict(camera: CameraId): void {
    this.counts.identityConflicts += 1;
    this.cameras.conflict(camera);
  }

  async flush(): Promise<void> {
    await this.cameras.flush().catch((error) => this.failed("", error));
    for (const [camera, following] of this.following) {
      if (following.deletions === undefined) continue;
      await this.sendDeletions(camera, following).catch((error) => this.failed(camera, error));
    }
  }

  async charterChanged(household: HouseholdId): Promise<void> {
    await this.segments.recheck();
    await this.tell(household);
    this.planFarewells();
  }

  async tell(household: HouseholdId): Promise<void> {
    for (const [camera, following] of this.following) {
      if (following.household === household) await this.sendCharters(camera, following);
    }
  }

  /** Whom its charter names no more goes, after a moment in which the charter that says so arrives. */
  private planFarewells(): void {
    setTimeout(() => this.run("", this.options.bus.recheck()), farewellMillis).unref();
  }

  private async event(camera: CameraId, payload: Uint8Array): Promise<void> {
    const { directory, clock, bus, announce } = this.options;
    const event = readEvent(payload);
    if (!event.ok) return this.refused(camera, "ev", event.error.why);
    if (!takeOne(this.eventRates, camera, eventsPerMinuteMax, clock.monotonic())) return;
    const sender = await directory.find(camera);
    if (sender === undefined) return;
    const { household } = sender;
    const fresh = await this.storeEvent({ household, camera, event: event.value });
    bus.send(camera, "event", writeMessage({ v: 1, ids: [event.value.id] }));
    if (!fresh) return;
    this.counts.eventsStored += 1;
    announce({ kind: "event", household, camera, event: event.value });
  }

  private async status(camera: CameraId, payload: Uint8Array): Promise<void> {
    const status = readStatus(payload);
    if (!status.ok) return this.refused(camera, "status", status.error.why);
    if (status.value.state === "offline") this.forget(camera);
    const sender = await this.options.directory.find(camera);
    // What a camera says that its charter names no more is not noted, but for its going.
    if (sender !== undefined || status.value.state === "offline") this.cameras.said(camera, status.value);
    if (sender === undefined) return;
    if (status.value.state === "online") await this.adopt(camera, sender.household, status.value);
    this.options.announce({
      kind: "camera.status",
      household: sender.household,
      camera,
      status: status.value,
    });
  }

  /**
   * An external broker holds the connection while this node starts anew, and gives each question to one node only: a camera that speaks
   * twice and has not asked here is followed by what it says of itself.
   */
  private async adopt(
    camera: CameraId,
    household: HouseholdId,
    { charter, modeCounter }: { readonly charter: number; readonly modeCounter?: number },
  ): Promise<void> {
    if (this.following.has(camera)) return;
    if (!this.heardOnce.has(camera)) return void this.heardOnce.add(camera);
    const following: Following = { household, have: charter, mode: modeCounter ?? 0 };
    this.following.set(camera, following);
    await this.sendDeletions(camera, following);
    await this.sendCharters(camera, following);
  }

  /** A camera asks when it connects and when it missed one: the moment to tell it of deletions as well. */
  private async charter(camera: CameraId, payload: Uint8Array): Promise<void> {
    const { directory } = this.options;
    const ask = readCharterAsk(payload);
    if (!ask.ok) return this.refused(camera, "charter", ask.error.why);
    const sender = await directory.known(camera);
    if (sender === undefined) return;
    const following: Following = {
      household: sender.household,
      have: ask.value.have,
      mode: ask.value.mode ?? 0,
    };
    this.following.set(camera, following);
    const named = (await directory.find(camera)) !== undefined;
    // A deletion may be by an owner whom a later charter removes: the camera must hear of it first. One that was removed hears of all:
    // what its card holds opens for whoever had its key, and it must go in a moment.
    do await this.sendDeletions(camera, following);
    while (!named && following.deletions !== undefined);
    await this.sendCharters(camera, following);
    if (!named) this.planFarewells();
    if (ask.value.tlsKey !== undefined) await this.renew(camera, ask.value.tlsKey);
  }

  /** The broker has let it in with this very key, or with one that its charter names no more: then it gets nothing. */
  private async renew(camera: CameraId, tlsKeyText: string): Promise<void> {
    const { directory, certifier, bus, log } = this.options;
    const tlsKey = fromBase64(tlsKeyText);
    if (!tlsKey.ok || !(await directory.isAllowed(camera, hashOf(tlsKey.value))))
      return this.refused(camera, "charter", "a certificate for another key");
    const certificate = await certifier.certify(camera, tlsKey.value);
    log("camera.certificate-renewed", { camera });
    bus.send(camera, "charter", writeMessage({ v: 1, charters: [], certificate }));
  }

  /** As many as fit into one message; the camera asks for the others. */
  private async sendCharters(camera: CameraId, following: Following): Promise<void> {
    const { household, have } = following;
    const charters = [...(await this.options.charters.chain(household, have, chartersPerAnswerMax))];
    const newest = await this.options.modes.newest(camera);
    const mode = newest !== undefined && newest.counter > following.mode ? { mode: newest.note } : {};
    let answer = writeMessage({ v: 1, charters, ...mode });
    while (answer.length > jsonBytesMax && charters.pop() !== undefined)
      answer = writeMessage({ v: 1, charters, ...mode });
    // What is lost on its way the camera asks for again, which sets this back.
    following.have = have + charters.length;
    following.mode = Math.max(following.mode, newest?.counter ?? 0);
    this.options.bus.send(camera, "charter", answer);
  }

  /** One page; `flush` sends the next one. Nothing says that the camera did them: it is told all again when it connects. */
  private async sendDeletions(camera: CameraId, following: Following): Promise<void> {
    const { notes, next } = await this.options.vault.deletions(camera, following.deletions);
    following.deletions = next;
    for (const note of notes) this.options.bus.send(camera, "delete", writeMessage({ v: 1, note }));
  }

  private refused(camera: CameraId, topic: string, why: string): void {
    this.counts.messagesRefused += 1;
    this.options.log("ingest.message-refused", { camera, topic, why });
  }

  /** The world's failures end here: what was not acknowledged comes again. */
  private run(camera: CameraId | "", work: Promise<void>): void {
    work.catch((error: unknown) => this.failed(camera, error));
  }

  private failed(camera: CameraId | "", error: unknown): void {
    this.options.log("ingest.failed", {
      camera,
      why: error instanceof Error ? error.message : String(error),
    });
  }
}
