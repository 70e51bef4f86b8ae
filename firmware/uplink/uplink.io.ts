import type { SignedCharter } from "../../shared/charter/charter.js";
import type { SealedThumbnail } from "../../shared/clip/thumbnail.js";
import { unreachable } from "../../shared/kernel/assert.js";
import { toBase64 } from "../../shared/kernel/bytes.js";
import type { ClipId, EventId } from "../../shared/kernel/ids.js";
import type { Result } from "../../shared/kernel/result.js";
import {
  type DoorEvent,
  type MessageRefusal,
  readCharterAnswer,
  readClipAnswer,
  readDelete,
  readEventAck,
  readThumbnailAnswer,
  type Status,
  type ThumbnailAnswer,
  writeMessage,
} from "../../shared/protocol/messages.js";
import type { DownKind } from "../../shared/protocol/topics.js";
import { splitHeader } from "../../shared/seal/age.js";
import type { Verifier } from "../../shared/seal/note.js";
import { core } from "../core.io.js";
import type { Album } from "./album.js";
import { type Link, type LinkHandlers, type LinkOptions, openLink } from "./mqtt.io.js";
import { openReceipt } from "./orders.js";
import type { Place, Segment } from "./queue.js";
import type { Effect, Outbox, OutboxEvent, PublishChunk } from "./state.js";
import type { LinkTrouble, UplinkTrouble } from "./troubles.js";

const { chanceOf, emptyOutbox, isDrained, stepOutbox } = core;
const { addThumbnail, clipIsThere, dropThumbnail, hearOfThumbnail, nextThumbnail, sendAgain } = core;

/** The durable outbox as the uplink needs it. What is not there any more is `undefined`; a failing disk rejects. */
export interface Store {
  /** Oldest clip first, by index within it. */
  pending(): readonly Segment[];
  pendingEvents(): readonly DoorEvent[];
  readHead(
    clip: ClipId,
    index: number,
  ): Promise<{ readonly note: string; readonly header: Uint8Array } | undefined>;
  readBody(clip: ClipId, index: number, offset: number, length: number): Promise<Uint8Array | undefined>;
  /** Durable when resolved. Compares the receipt with the segment that it has. */
  acknowledge(clip: ClipId, index: number, receipt: string): Promise<Result<void, { readonly kind: string }>>;
  check(clip: ClipId, index: number): Promise<"whole" | "damaged" | "gone">;
  acknowledgeEvents(ids: readonly string[]): Promise<void>;
}

export interface UplinkOptions extends LinkOptions {
  readonly store: Store;
  /** Signs receipts. */
  readonly vault: Verifier;
  /** Chunks that the broker allows on their way without PUBACK. */
  readonly windowMax: number;
}

export interface UplinkHandlers {
  /** `charter` is asked for with `have` on each connection, and after each answer that raised it. */
  readonly have: () => number;
  readonly charters: (later: readonly SignedCharter[]) => void;
  /** Counter of the mode order that is obeyed, and a newer one. */
  readonly haveMode: () => number;
  readonly mode: (note: string) => void;
  /** Base64 of the TLS key for which a new certificate is wanted, and that certificate. */
  readonly wantsCertificate: () => string | undefined;
  readonly certificate: (pem: string) => void;
  /** Durable when it resolves. Rejects when the card did not let go of the clip: the cloud is asked to tell of it again. */
  readonly deletion: (note: string) => Promise<void>;
  /** The broker does not let this camera in. */
  readonly turnedAway: () => void;
  /** The connection or the troubles changed. */
  readonly changed: () => void;
}

export interface Uplink {
  /** A segment is durable on the card. */
  stored(segment: Segment): void;
  gone(place: Place): void;
  clipGone(clip: ClipId): void;
  /** An event is durable on the card. */
  happened(event: DoorEvent): void;
  /** A clip's sealed picture: sent when it can be, kept in memory until then. */
  thumbnail(thumbnail: SealedThumbnail): void;
  /** An event left the card unsent. */
  eventGone(id: string): void;
  /** The newest status; published now, and again on each connection. */
  status(status: Status): void;
  isConnected(): boolean;
  troubles(): readonly UplinkTrouble[];
  /** Goes on for at most `drainMillis` until all is acknowledged, then says `offline` and ends. */
  stop(drainMillis: number): Promise<void>;
}

const tickMillis = 250;
/** What the cloud sent of charters, modes and deletions may have been lost on its way: the camera asks again. */
const askAgainMillis = 20 * 60_000;
/** Sooner where the card did not take what came. */
const unkeptMillis = 60_000;
const drainStepMillis = 20;
/** A refusal stays among the troubles for this long after it was heard. */
const refusalMillis = 120_000;

/** Pushes what the card holds to the cloud, from now on and again after each start; over MQTT unless a test brings its own line. */
export function startUplink(
  options: UplinkOptions,
  handlers: UplinkHandlers,
  open: (options: LinkOptions, handlers: LinkHandlers) => Link = openLink,
): Uplink {
  return new Pusher(options, handlers, open);
}

class Pusher implements Uplink {
  private readonly options: UplinkOptions;
  private readonly handlers: UplinkHandlers;
  private readonly link: Link;
  private readonly ticker: NodeJS.Timeout;
  private outbox: Outbox;
  private album: Album = [];
  private work: Promise<void> = Promise.resolve();
  private newest: Status | undefined;
  private linkTroubles: readonly LinkTrouble[] = [];
  private readonly refusals: { readonly trouble: UplinkTrouble; until: number }[] = [];
  private readonly events: Record<string, DoorEvent> = {};
  /** By the monotonic clock; set while there is a connection. */
  private askAt = Number.POSITIVE_INFINITY;

  constructor(options: UplinkOptions, handlers: UplinkHandlers, open: typeof openLink) {
    this.options = options;
    this.handlers = handlers;
    this.outbox = emptyOutbox(options.windowMax);
    this.link = open(options, {
      up: () => this.up(),
      down: () => this.down(),
      turnedAway: () => this.handlers.turnedAway(),
      message: (kind, payload) => this.hear(kind, payload),
      troubles: (now) => this.setLinkTroubles(now),
    });
    for (const segment of options.store.pending()) this.stored(segment);
    for (const event of options.store.pendingEvents()) this.happened(event);
    this.ticker = setInterval(() => {
      this.dispatch({ kind: "tick" });
      if (this.outbox.connected && options.clock.monotonic() >= this.askAt) this.askCharter();
      this.albumDo((album) => album);
    }, tickMillis);
  }

  stored(segment: Segment): void {
    this.dispatch({ kind: "sealed", segment });
  }

  gone(place: Place): void {
    this.dispatch({ kind: "gone", place });
  }

  clipGone(clip: ClipId): void {
    this.albumDo((album) => dropThumbnail(album, { clip }));
    this.dispatch({ kind: "clip-removed", clip });
  }

  happened(event: DoorEvent): void {
    this.events[event.id] = event;
    this.dispatch({ kind: "happened", id: event.id as EventId, what: event.kind });
  }

  thumbnail(thumbnail: SealedThumbnail): void {
    this.albumDo((album) => addThumbnail(album, thumbnail));
  }

  eventGone(id: string): void {
    this.dispatch({ kind: "event-stored", ids: [id] });
    delete this.events[id];
  }

  status(newest: Status): void {
    this.newest = newest;
    this.link.publish({ kind: "status" }, writeMessage(newest));
  }

  isConnected(): boolean {
    return this.outbox.connected;
  }

  troubles(): readonly UplinkTrouble[] {
    const now = this.options.clock.monotonic();
    return [
      ...this.linkTroubles,
      ...this.refusals.filter(({ until }) => until > now).map((one) => one.trouble),
    ];
  }

  async stop(drainMillis: number): Promise<void> {
    const { clock } = this.options;
    const until = clock.monotonic() + drainMillis;
    while (this.outbox.connected && !isDrained(this.outbox) && clock.monotonic() < until)
      await pause(drainStepMillis);
    clearInterval(this.ticker);
    await this.work;
    await this.link.close();
  }

  private up(): void {
    if (this.newest !== undefined) this.status(this.newest);
    this.askCharter();
    this.dispatch({ kind: "connected" });
    this.albumDo(sendAgain);
    this.handlers.changed();
  }

  private down(): void {
    this.dispatch({ kind: "disconnected" });
    this.handlers.changed();
  }

  private setLinkTroubles(now: readonly LinkTrouble[]): void {
    const same = now.join() === this.linkTroubles.join();
    this.linkTroubles = now;
    if (!same) this.handlers.changed();
  }

  /** Then sends the one that is due. */
  private albumDo(change: (album: Album) => Album): void {
    this.album = change(this.album);
    if (!this.outbox.connected) return;
    const { album, due } = nextThumbnail(this.album, this.options.clock.monotonic());
    this.album = album;
    if (due !== undefined) this.sendThumbnail(due);
  }

  private sendThumbnail({ note, sealed }: SealedThumbnail): void {
    const split = splitHeader(sealed);
    if (!split.ok) return;
    const { header, body } = split.value;
    const message = { v: 1, note, header: toBase64(header), body: toBase64(body) };
    this.link.publish({ kind: "thumbnail" }, writeMessage(message));
  }

  private thumbnailAnswered({ clip, take, answer }: ThumbnailAnswer): void {
    const { log, clock, random } = this.options;
    log("uplink.thumbnail", { clip, take, answer });
    const said = { clip: clip as ClipId, take, answer, chance: chanceOf(random) };
    this.albumDo((album) => hearOfThumbnail(album, said, clock.monotonic()));
  }

  private dispatch(event: OutboxEvent): void {
    const next = stepOutbox(this.outbox, event, this.options.clock.monotonic());
    this.outbox = next.outbox;
    // One after another: a segment's chunks leave in their order, whatever the disk does.
    for (const effect of next.effects) this.work = this.work.then(() => this.carryOut(effect));
  }

  private async carryOut(effect: Effect): Promise<void> {
    try {
      await this.run(effect);
    } catch (error) {
      // The card failed. The segment is announced again later; nothing is lost by waiting.
      this.options.log("uplink.store-failed", { effect: effect.kind, why: String(error) });
      if ("place" in effect) this.dispatch({ kind: "not-now", place: effect.place });
    }
  }

  private run(effect: Effect): Promise<void> | void {
    switch (effect.kind) {
      case "publishInit":
        return this.announce(effect.place);
      case "publishChunk":
        return this.sendChunk(effect);
      case "publishEvent":
        return this.sendEvent(effect.id);
      case "acknowledge":
        return this.acknowledge(effect.place, effect.receipt);
      case "checkOwnCopy":
        return this.checkOwnCopy(effect.place);
      case "refused":
        this.options.log("uplink.refused", { ...effect.place, code: effect.code });
        return this.remember(`refused-${effect.code}`);
      case "askCharter":
        return this.askCharter();
      case "reconnect":
        this.options.log("uplink.silent", { chunks: this.outbox.inFlight.length });
        return this.link.drop();
      default:
        return unreachable(effect);
    }
  }

  private async announce(place: Place): Promise<void> {
    const head = await this.options.store.readHead(place.clip, place.index);
    if (head === undefined) return this.gone(place);
    this.link.publish(
      { kind: "init" },
      writeMessage({ v: 1, note: head.note, header: toBase64(head.header) }),
    );
  }

  private async sendChunk({ place, node, offset, length }: PublishChunk): Promise<void> {
    const body = await this.options.store.readBody(place.clip, place.index, offset, length);
    if (body === undefined) return this.gone(place);
    const acknowledged = (): void => this.dispatch({ kind: "puback", place, offset });
    this.link.publish({ kind: "chunk", node, ...place, offset }, body, acknowledged);
  }

  private sendEvent(id: EventId): void {
    const event = this.events[id];
    if (event !== undefined) this.link.publish({ kind: "event" }, writeMessage(event));
  }

  private askCharter(): void {
    this.askAt = this.options.clock.monotonic() + askAgainMillis;
    const { have, haveMode, wantsCertificate } = this.handlers;
    const tlsKey = wantsCertificate();
    const wanted = tlsKey === undefined ? {} : { tlsKey };
    this.link.publish({ kind: "charter" }, writeMessage({ v: 1, have: have(), mode: haveMode(), ...wanted }));
  }

  /** An answer holds only so many: after one that led further there may be more. */
  private follow(charters: readonly SignedCharter[], mode: string | undefined): void {
    const before = this.handlers.have();
    this.handlers.charters(charters);
    if (mode !== undefined) this.handlers.mode(mode);
    if (this.handlers.have() > before) this.askCharter();
  }

  private async acknowledge(place: Place, receipt: string): Promise<void> {
    const { store, vault, log } = this.options;
    const opened = openReceipt(receipt, vault);
    const taken = opened.ok ? await store.acknowledge(place.clip, place.index, receipt) : opened;
    if (taken.ok) {
      log("uplink.acknowledged", { ...place });
      this.dispatch({ kind: "acknowledged", place });
      return this.albumDo((album) => clipIsThere(album, place.clip));
    }
    // It was deleted or gave way to newer footage while the vault wrote.
    if (taken.error.kind === "unknown-segment") return this.gone(place);
    log("uplink.receipt-refused", { ...place, why: taken.error.kind });
    this.remember("forged-receipt");
    this.dispatch({ kind: "not-now", place });
  }

  private async checkOwnCopy(place: Place): Promise<void> {
    const { store, random } = this.options;
    const found = await store.check(place.clip, place.index);
    if (found === "whole") this.dispatch({ kind: "own-copy-sound", place, chance: chanceOf(random) });
    else this.gone(place);
  }

  private remember(trouble: UplinkTrouble): void {
    const until = this.options.clock.monotonic() + refusalMillis;
    const known = this.refusals.find((one) => one.trouble === trouble);
    if (known === undefined) this.refusals.push({ trouble, until });
    else known.until = until;
    this.handlers.changed();
  }

  private hear(kind: DownKind, payload: Uint8Array): void {
    const { log } = this.options;
    try {
      const refusal = this.listen(kind, payload);
      if (refusal !== undefined) log("uplink.not-understood", { kind, why: refusal.why });
    } catch (error) {
      this.notKept(kind, error);
    }
  }

  /** The card did not take a charter, a mode, a certificate or a deletion: what stood before stands, and the camera works on. */
  private notKept(kind: DownKind, error: unknown): void {
    const { log, clock } = this.options;
    log("uplink.not-kept", { kind, why: String(error) });
    this.askAt = clock.monotonic() + unkeptMillis;
  }

  private listen(kind: DownKind, payload: Uint8Array): MessageRefusal | undefined {
    switch (kind) {
      case "clip":
        return taken(readClipAnswer(payload), (answer) => {
          const place = { clip: answer.clip as ClipId, index: answer.segment };
          this.dispatch({ kind: "answer", place, answer, chance: chanceOf(this.options.random) });
        });
      case "thumbnail":
        return taken(readThumbnailAnswer(payload), (answer) => this.thumbnailAnswered(answer));
      case "event":
        return taken(readEventAck(payload), ({ ids }) => this.eventsStored(ids));
      case "charter":
        return taken(readCharterAnswer(payload), ({ charters, mode, certificate }) =>
          // A message with a certificate says nothing of charters.
          certificate === undefined ? this.follow(charters, mode) : this.handlers.certificate(certificate),
        );
      case "delete":
        return taken(readDelete(payload), ({ note }) => {
          this.handlers.deletion(note).catch((error: unknown) => this.notKept(kind, error));
        });
      default:
        return unreachable(kind);
    }
  }

  private eventsStored(ids: readonly string[]): void {
    this.dispatch({ kind: "event-stored", ids });
    for (const id of ids) delete this.events[id];
    this.options.store.acknowledgeEvents(ids).catch((error: unknown) => {
      // They are sent once more after the next start; the cloud keeps one for each id.
      this.options.log("uplink.store-failed", { effect: "acknowledgeEvents", why: String(error) });
    });
  }
}

function taken<T>(read: Result<T, MessageRefusal>, use: (message: T) => void): MessageRefusal | undefined {
  if (!read.ok) return read.error;
  use(read.value);
  return undefined;
}

function pause(durationMillis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMillis));
}
