import type { TLSSocket } from "node:tls";
import { type IClientOptions, MqttClient } from "mqtt";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { CameraId } from "../../shared/kernel/ids.js";
import type { Clock, Log, Random } from "../../shared/kernel/ports.js";
import { writeMessage } from "../../shared/protocol/messages.js";
import {
  type DownKind,
  parseDownTopic,
  topicRoot,
  type UpTopic,
  upTopic,
} from "../../shared/protocol/topics.js";
import { core } from "../core.io.js";
import type { Backoff, TurnEnd, Turns } from "./retry.js";
import { openTls, type Server, ServerRefused, type TlsIdentity } from "./tls.io.js";
import type { LinkTrouble } from "./troubles.js";

const { chanceOf, endTurn, isConflict, noTurns, waitBefore } = core;

export interface LinkOptions {
  readonly camera: CameraId;
  readonly server: Server;
  /** Asked for each connection: a certificate may be renewed. */
  readonly identity: () => TlsIdentity;
  readonly clock: Clock;
  readonly random: Random;
  /** Whether a time source has set the wall clock. */
  readonly clockIsSet: () => boolean;
  readonly log: Log;
}

export interface LinkHandlers {
  /** Subscribed; what is published from now on is answered. */
  readonly up: () => void;
  readonly down: () => void;
  /** The server is the right one, and it ended the connection before it took us: our certificate may have ended. */
  readonly turnedAway: () => void;
  readonly message: (kind: DownKind, payload: Uint8Array) => void;
  readonly troubles: (troubles: readonly LinkTrouble[]) => void;
}

export interface Link {
  /** Sends once; `acknowledged` is called on PUBACK, and never after the connection ended. False while there is none. */
  publish(topic: UpTopic, payload: Uint8Array, acknowledged?: () => void): boolean;
  /** Ends the connection; the next try follows. */
  drop(): void;
  /** Says `offline` if it can, and stays away. */
  close(): Promise<void>;
}

const keepaliveSeconds = 20;
/** An answer to a ping that takes longer is none: a line that carries nothing is noticed well before the broker lets us go. */
const pingAnswerMillisMax = 7_000;
const connackMillisMax = 10_000;
export const subackMillisMax = 10_000;
const closeMillisMax = 2_000;
const backoff: Backoff = { first: millis(1_000), most: millis(60_000) };
/** A connection that lived this long ends the growth of the pauses, whoever ended it. */
const healthyMillis = 30_000;
const offline = writeMessage({ v: 1, state: "offline" });

/**
 * Keeps one MQTT 3.1.1 connection up. Each connection gets a client of its own: what the last one had not delivered is gone with
 * it, so that nothing is replayed before we ask what the cloud has.
 */
export function openLink(options: LinkOptions, handlers: LinkHandlers): Link {
  const link = new ReconnectingLink(options, handlers);
  link.connect();
  return link;
}

/** One connection, from TCP to its end. */
interface Connection {
  readonly client: MqttClient;
  /** When the broker took us. */
  since: Millis | undefined;
  subscribed: boolean;
  /** The broker took us and left our subscription without an answer. */
  unanswered: boolean;
  /** The end is our doing or the network's, not the broker's wish. */
  broken: boolean;
}

class ReconnectingLink implements Link {
  private readonly options: LinkOptions;
  private readonly handlers: LinkHandlers;
  private connection: Connection | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  private attempt = 0;
  private turns: Turns = noTurns;
  /** Whether the next try judges the dates of the broker's certificate. */
  private datesCount = true;
  /** Whether the last one passed without. */
  private datesIgnored = false;
  private refused = false;
  private notAccepted = false;

  constructor(options: LinkOptions, handlers: LinkHandlers) {
    this.options = options;
    this.handlers = handlers;
  }

  connect(): void {
    const { server, identity, clockIsSet } = this.options;
    if (clockIsSet()) this.datesCount = true;
    openTls(server, identity(), this.datesCount).then(
      (socket) => this.start(socket),
      (error: unknown) => this.failed(error),
    );
  }

  publish(topic: UpTopic, payload: Uint8Array, acknowledged?: () => void): boolean {
    const { connection } = this;
    if (connection?.subscribed !== true) return false;
    const retain = topic.kind === "status";
    const onAck = (error?: Error): void => {
      if (!error && connection === this.connection) acknowledged?.();
    };
    connection.client.publish(
      upTopic(this.options.camera, topic),
      asBuffer(payload),
      { qos: 1, retain },
      onAck,
    );
    return true;
  }

  drop(): void {
    if (this.connection === undefined) return;
    this.connection.broken = true;
    this.connection.client.stream.destroy();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    if (this.connection !== undefined) await sayOffline(this.connection.client, this.options.camera);
  }

  private start(socket: TLSSocket): void {
    if (this.closed) return void socket.destroy();
    this.refused = false;
    this.datesIgnored = !this.datesCount;
    this.tell();
    const client = new MqttClient(() => socket, clientOptions(this.options.camera));
    const connection: Connection = {
      client,
      since: undefined,
      subscribed: false,
      unanswered: false,
      broken: false,
    };
    this.connection = connection;
    client.on("connect", () => this.subscribe(connection));
    client.on("message", (topic, payload) => {
      const parsed = parseDownTopic(topic);
      if (parsed?.camera === this.options.camera) this.handlers.message(parsed.kind, payload);
    });
    breakUnlessAnswered(connection);
    client.on("error", (error) => this.options.log("uplink.mqtt-error", { why: error.message }));
    socket.once("error", () => {
      connection.broken = true;
    });
    client.once("close", () => this.ended(connection));
  }

  private subscribe(connection: Connection): void {
    const { camera, clock, log } = this.options;
    connection.since = clock.monotonic();
    this.notAccepted = false;
    const unanswered = setTimeout(() => {
      log("uplink.not-subscribed", { attempt: this.attempt });
      connection.unanswered = true;
      connection.client.end(true);
    }, subackMillisMax);
    connection.client.once("close", () => clearTimeout(unanswered));
    connection.client.subscribe(`${topicRoot}/${camera}/down/#`, { qos: 1 }, (error, granted) => {
      clearTimeout(unanswered);
      if (connection.unanswered) return;
      // 0x80 refuses a subscription (MQTT-3.9.3): without answers there is nothing to do here.
      if (error || granted?.some(({ qos }) => qos > 2)) return void connection.client.end(true);
      connection.subscribed = true;
      log("uplink.connected", { attempt: this.attempt });
      this.tell();
      this.handlers.up();
    });
  }

  private ended(connection: Connection): void {
    const { clock, log } = this.options;
    this.connection = undefined;
    connection.client.end(true);
    const { since } = connection;
    if (since === undefined || connection.unanswered) {
      this.notAccepted = !connection.broken;
      log("uplink.not-accepted", { attempt: this.attempt });
      if (since === undefined) this.handlers.turnedAway();
      this.again({ kind: "not-connected" });
    } else {
      const lasted = millis(clock.monotonic() - since);
      log("uplink.disconnected", { lasted });
      if (connection.subscribed) this.handlers.down();
      this.again({ kind: "closed", byBroker: !connection.broken && !this.closed, lasted });
    }
  }

  private failed(error: unknown): void {
    const { log, clockIsSet } = this.options;
    this.refused = error instanceof ServerRefused;
    this.datesIgnored = this.notAccepted = false;
    // The dates are judged by our clock: while nobody has set it, it is no judge. The next try goes without them.
    if (error instanceof ServerRefused && error.dates && !clockIsSet())
      this.datesCount = this.refused = false;
    const why = error instanceof Error ? error.message : String(error);
    log("uplink.connect-failed", { why, attempt: this.attempt });
    // TLS 1.2 says it during the handshake (RFC 5246 §7.2.2), 1.3 behind it.
    if (/alert certificate expired/i.test(why)) this.handlers.turnedAway();
    this.again({ kind: "not-connected" });
  }

  private again(end: TurnEnd): void {
    this.turns = endTurn(this.turns, end);
    // A line that breaks is tried again soon; a broker that sends us away is not pressed.
    if (end.kind === "closed" && (!end.byBroker || end.lasted >= healthyMillis)) this.attempt = 0;
    this.tell();
    if (this.closed) return;
    const wait = waitBefore(this.attempt++, backoff, chanceOf(this.options.random));
    this.timer = setTimeout(() => this.connect(), wait);
  }

  private tell(): void {
    const troubles: LinkTrouble[] = [];
    if (this.refused) troubles.push("server-refused");
    if (this.notAccepted) troubles.push("not-accepted");
    if (this.datesIgnored) troubles.push("dates-ignored");
    if (isConflict(this.turns)) troubles.push("identity-conflict");
    this.handlers.troubles(troubles);
  }
}

/** Ends a connection whose ping nothing follows. */
function breakUnlessAnswered(connection: Connection): void {
  const { client } = connection;
  let waiting: NodeJS.Timeout | undefined;
  client.on("packetsend", ({ cmd }) => {
    if (cmd !== "pingreq") return;
    waiting = setTimeout(() => {
      connection.broken = true;
      client.stream.destroy();
    }, pingAnswerMillisMax);
  });
  const stop = (): void => clearTimeout(waiting);
  client.on("packetreceive", stop);
  client.once("close", stop);
}

function clientOptions(camera: CameraId): IClientOptions {
  return {
    protocolId: "MQTT",
    protocolVersion: 4,
    clientId: camera,
    username: camera,
    clean: true,
    keepalive: keepaliveSeconds,
    connectTimeout: connackMillisMax,
    // We come back ourselves, with pauses that grow and differ: mqtt.js's are fixed.
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    will: {
      topic: upTopic(camera, { kind: "status" }),
      payload: asBuffer(offline),
      qos: 1,
      retain: true,
    },
  };
}

/** A clean DISCONNECT discards the will (MQTT-3.14.4-3): we say it ourselves. */
function sayOffline(client: MqttClient, camera: CameraId): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      client.end(true, {}, () => resolve());
    };
    const timer = setTimeout(end, closeMillisMax);
    client.once("close", end);
    client.publish(upTopic(camera, { kind: "status" }), asBuffer(offline), { qos: 1, retain: true }, end);
  });
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
