import type { Millis } from "../../shared/kernel/brand.js";
import type { CameraId, ClipId, HouseholdId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { type Init, type RefusalCode, readInit, writeMessage } from "../../shared/protocol/messages.js";
import type { DownKind, UpTopic } from "../../shared/protocol/topics.js";
import { nativeVerifier } from "../../shared/seal/native.io.js";
import type { Verifier } from "../../shared/seal/note.js";
import type { Log } from "../broker/bus.js";
import { storageFaultOf } from "../faults.js";
import type { Part } from "../vault/bodies.io.js";
import type { Standing } from "../vault/clip.js";
import type { Committed } from "../vault/commit.io.js";
import type { VaultWriter } from "../vault/vault.io.js";
import { type AdmittedSegment, admit, claimedPlace } from "./admission.js";
import {
  type Assembly,
  type AssemblyEffect,
  type AssemblyEvent,
  creditFor,
  pendingBytesMax,
  startAssembly,
  step,
} from "./assembly.js";
import type { Announce, CameraDirectory, IngestCounts } from "./ports.js";
import { type Rates, takeOne } from "./rates.js";

export interface SegmentsOptions {
  readonly node: string;
  readonly vault: VaultWriter;
  readonly directory: CameraDirectory;
  readonly send: (camera: CameraId, kind: DownKind, payload: Uint8Array) => void;
  readonly announce: Announce;
  readonly clock: Clock;
  readonly log: Log;
  readonly counts: IngestCounts;
}

/** Parts of one camera, in memory and on the disk; a camera announces a few at a time. */
export const partsPerCameraMax = 16;
/** Announcements of one camera in a minute: each costs a signature check. */
const initsPerMinuteMax = 6_000;
const tickMillis = 20;
/** A part without a new chunk for so long gives way to another one of its camera, or is closed. */
const idleMillis = 60_000;

/** A segment between its announcement and its end here. */
interface Open {
  readonly camera: CameraId;
  readonly household: HouseholdId;
  readonly segment: AdmittedSegment;
  readonly part: Part;
  assembly: Assembly;
  kept: Uint8Array[];
  touchedAt: Millis;
  /** The last answer left no room: the next tick that has some says so. */
  paused: boolean;
}

interface Place {
  readonly camera: CameraId;
  readonly clip: ClipId;
  readonly index: number;
}

/** Receives segments: from the announcement to the vault's receipt. */
export class Segments {
  private readonly options: SegmentsOptions;
  private readonly open = new Map<string, Open>();
  /** Announcements that are being looked at. */
  private readonly opening = new Set<string>();
  private readonly rates: Rates = new Map();
  private pending = 0;
  /** While something is open: an idle cloud has nothing to look at fifty times a second. */
  private ticker: NodeJS.Timeout | undefined;

  constructor(options: SegmentsOptions) {
    this.options = options;
  }

  get openCount(): number {
    return this.open.size;
  }

  get pendingBytes(): number {
    return this.pending;
  }

  /** `up/init`. Never throws. */
  async announced(camera: CameraId, payload: Uint8Array): Promise<void> {
    const init = readInit(payload);
    const claimed = init.ok ? claimedPlace(init.value.note) : undefined;
    if (!init.ok || claimed === undefined) {
      const why = init.ok ? "not a segment's note" : init.error.why;
      this.options.counts.messagesRefused += 1;
      this.options.log("ingest.message-refused", { camera, topic: "init", why });
      return;
    }
    const place: Place = { camera, ...claimed };
    const open = this.open.get(keyOf(place));
    if (open?.segment.signed === init.value.note) return this.apply(open, { kind: "announced" });
    await this.consider(place, init.value);
  }

  /** A chunk of an announced segment. */
  chunk(camera: CameraId, topic: Extract<UpTopic, { kind: "chunk" }>, payload: Uint8Array): void {
    const open = this.open.get(keyOf({ camera, clip: topic.clip, index: topic.index }));
    if (open === undefined || topic.node !== this.options.node) {
      this.options.counts.chunksDropped += 1;
      return;
    }
    const room = this.pending + payload.length <= pendingBytesMax;
    open.touchedAt = this.options.clock.monotonic();
    this.apply(open, { kind: "chunk", offset: topic.offset, length: payload.length, room }, payload);
  }

  /** After a new charter: what a camera had begun to send that it names no more ends here. */
  async recheck(): Promise<void> {
    for (const open of [...this.open.values()])
      if ((await this.options.directory.find(open.camera)) === undefined) this.forget(open);
  }

  private tick(): void {
    if (this.open.size === 0) this.rest();
    const now = this.options.clock.monotonic();
    for (const open of this.open.values()) {
      this.apply(open, { kind: "tick" });
      if (open.paused) this.answer(open);
      if (now - open.touchedAt > idleMillis && !open.assembly.writing) this.forget(open);
    }
  }

  private rest(): void {
    clearInterval(this.ticker);
    this.ticker = undefined;
  }

  /** Lets go of everything; parts stay for the next start. */
  async close(): Promise<void> {
    this.rest();
    await Promise.allSettled([...this.open.values()].map(({ part }) => part.close()));
    this.open.clear();
  }

  /** One announcement of a place at a time: the camera repeats what it gets no answer to. */
  private async consider(place: Place, init: Init): Promise<void> {
    const { camera } = place;
    const key = keyOf(place);
    if (this.opening.has(key)) return;
    if (!takeOne(this.rates, camera, initsPerMinuteMax, this.options.clock.monotonic())) {
      return this.refuse(place, "busy");
    }
    this.opening.add(key);
    try {
      const sender = await this.options.directory.find(camera);
      if (sender === undefined) return this.refuse(place, "unknown-camera");
      const segment = admit(init, { camera, ...sender, verifier: nativeVerifier(sender.verifier) });
      if (segment.ok) await this.receive(place, sender, segment.value);
      else this.refuse(place, segment.error);
    } catch (error) {
      this.failed(place, error);
    } finally {
      this.opening.delete(key);
    }
  }

  private async receive(place: Place, sender: Sender, segment: AdmittedSegment): Promise<void> {
    const { vault, clock } = this.options;
    const other = this.open.get(keyOf(place));
    // Another note for the same place, of which the first is not stored yet: the camera contradicts itself.
    if (other !== undefined) return this.refuse(place, "conflict");
    const standing = await vault.standing(segment);
    if (standing.kind !== "absent") return this.settle(place, segment, standing);
    if (segment.note.bytes === 0) return this.commitEmpty(place, sender, segment);
    if (!(await this.hasPlaceFor(place))) return this.refuse(place, "busy");
    const part = await vault.openPart(segment);
    const bodyBytes = segment.note.bytes - segment.header.length;
    if (part.stored > bodyBytes) {
      await part.discard();
      return this.refuse(place, "damaged");
    }
    const assembly = startAssembly(bodyBytes, part.stored);
    const open: Open = {
      camera: place.camera,
      household: sender.household,
      segment,
      part,
      assembly,
      kept: [],
      touchedAt: clock.monotonic(),
      paused: false,
    };
    this.open.set(keyOf(place), open);
    this.ticker ??= setInterval(() => this.tick(), tickMillis).unref();
    if (part.stored === bodyBytes) await this.complete(open);
    else this.answer(open);
  }

  private async commitEmpty(place: Place, { household }: Sender, segment: AdmittedSegment): Promise<void> {
    if (segment.note.sha256 !== emptyHash) return this.refuse(place, "damaged");
    const outcome = await this.options.vault.commit(segment);
    this.settle(place, segment, outcome);
    this.tell(household, segment, outcome);
  }

  /** A camera that announces more than it may gets room when one of its parts lies idle. */
  private async hasPlaceFor({ camera, clip, index }: Place): Promise<boolean> {
    const { vault } = this.options;
    if ((await vault.partCount(camera)) < partsPerCameraMax) return true;
    const parts = await vault.partsOf(camera);
    const mine = `${clip}.${index}.part`;
    if (parts.some(({ path }) => path.endsWith(mine))) return true;
    const now = this.options.clock.wall();
    const idle = parts.find(({ path, idleSince }) => now - idleSince > idleMillis && !this.isOpen(path));
    if (idle === undefined) return false;
    await idle.remove();
    return true;
  }

  private isOpen(path: string): boolean {
    for (const { part } of this.open.values()) if (part.path === path) return true;
    return false;
  }

  private apply(open: Open, event: AssemblyEvent, payload?: Uint8Array): void {
    // What was let go while a write ran is counted no more.
    if (this.open.get(keyOf(placeOf(open))) !== open) return;
    const before = open.assembly;
    const { assembly, effects } = step(before, event, this.options.clock.monotonic());
    open.assembly = assembly;
    this.pending += assembly.taken - assembly.stored - (before.taken - before.stored);
    for (const effect of effects) this.perform(open, effect, payload);
  }

  private perform(open: Open, effect: AssemblyEffect, payload: Uint8Array | undefined): void {
    switch (effect) {
      case "keep":
        if (payload !== undefined) open.kept.push(payload);
        return;
      case "write":
        void this.write(open);
        return;
      case "answer":
        this.answer(open);
        return;
      case "complete":
        void this.complete(open);
        return;
      case "drop":
        this.options.counts.chunksDropped += 1;
        return;
      case "overrun":
        void this.abandon(open, "damaged");
    }
  }

  private async write(open: Open): Promise<void> {
    const pieces = open.kept;
    open.kept = [];
    try {
      await open.part.append(pieces);
      this.apply(open, { kind: "written", stored: open.part.stored });
    } catch (error) {
      this.forget(open);
      this.failed(placeOf(open), error);
    }
  }

  private async complete(open: Open): Promise<void> {
    const { segment, part } = open;
    const place = placeOf(open);
    try {
      if (part.digest() !== segment.note.sha256) return await this.abandon(open, "damaged");
      const outcome = await this.options.vault.commit({ ...segment, part });
      this.forget(open);
      this.settle(place, segment, outcome);
      this.tell(open.household, segment, outcome);
    } catch (error) {
      this.forget(open);
      this.failed(place, error);
    }
  }

  private async abandon(open: Open, code: RefusalCode): Promise<void> {
    this.forget(open);
    await open.part.discard();
    this.refuse(placeOf(open), code);
  }

  /** The part's bytes stay on the disk. */
  private forget(open: Open): void {
    const { taken, stored } = open.assembly;
    if (!this.open.delete(keyOf(placeOf(open)))) return;
    this.pending -= taken - stored;
    open.part.close().catch(() => undefined);
  }

  private answer(open: Open): void {
    const { note } = open.segment;
    const { stored } = open.assembly;
    const credit = creditFor({ pending: this.pending, open: this.open.size });
    const told = open.paused;
    open.paused = credit === 0;
    if (told && open.paused) return;
    const { node, send } = this.options;
    const progress = { v: 1, kind: "progress", clip: note.clip, segment: note.index, node, stored, credit };
    send(open.camera, "clip", writeMessage(progress));
  }

  /** What the vault said goes to the camera: a receipt, or a refusal by its code. */
  private settle(place: Place, { note }: AdmittedSegment, standing: Standing): void {
    const { vault, send } = this.options;
    if (standing.kind === "stored") {
      const receipt = vault.receipt(note, standing.at);
      const done = { v: 1, kind: "done", clip: place.clip, segment: place.index, receipt };
      send(place.camera, "clip", writeMessage(done));
      return;
    }
    this.refuse(place, standing.kind === "absent" ? "busy" : standing.kind);
    if (standing.kind === "deleted" && standing.deletion !== undefined) {
      send(place.camera, "delete", writeMessage({ v: 1, note: standing.deletion }));
    }
  }

  private tell(household: HouseholdId, { note }: AdmittedSegment, outcome: Committed): void {
    if (outcome.kind !== "stored" || outcome.began === undefined) return;
    const { announce, counts, log } = this.options;
    const about = { household, camera: note.camera, clip: note.clip };
    counts.segmentsStored += 1;
    counts.bytesStored += note.bytes;
    log("segment.stored", { camera: note.camera, clip: note.clip, segment: note.index, bytes: note.bytes });
    if (outcome.began) announce({ kind: "clip.started", ...about });
    announce({ kind: "clip.segment", ...about, index: note.index, bytes: note.bytes });
    if (outcome.ended !== undefined) announce({ kind: "clip.ended", ...about, state: outcome.ended });
  }

  private refuse({ camera, clip, index }: Place, code: RefusalCode): void {
    const { counts, log, send } = this.options;
    counts.refusals[code] = (counts.refusals[code] ?? 0) + 1;
    log("segment.refused", { camera, clip, segment: index, code });
    send(camera, "clip", writeMessage({ v: 1, kind: "refused", clip, segment: index, code }));
  }

  /** The disk or the database failed: the camera keeps its copy and comes again. */
  private failed(place: Place, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.options.log("ingest.failed", { camera: place.camera, clip: place.clip, segment: place.index, why });
    this.refuse(place, storageFaultOf(error) === "full" ? "full" : "busy");
  }
}

type Sender = { readonly household: HouseholdId; readonly verifier: Verifier };

/** SHA-256 of nothing: a closing segment's. */
const emptyHash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

function keyOf({ camera, clip, index }: Place): string {
  return `${camera}/${clip}/${index}`;
}

function placeOf({ camera, segment }: Open): Place {
  return { camera, clip: segment.note.clip, index: segment.note.index };
}
