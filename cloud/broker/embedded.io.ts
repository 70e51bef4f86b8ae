import type { Server, TLSSocket } from "node:tls";
import {
  Aedes,
  type AuthenticateError,
  type Client,
  type Connection,
  type ConnectPacket,
  type PublishPacket,
} from "aedes";
import type { CameraId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import {
  type DownKind,
  downTopic,
  parseUpTopic,
  topicRoot,
  type UpTopic,
} from "../../shared/protocol/topics.js";
import { type Hash, hashOf } from "../../shared/seal/hash.js";
import { type Rates, takeOne } from "../ingest/rates.js";
import { identityOf, mayRead, mayWrite } from "./acl.js";
import {
  type Bus,
  type BusAddress,
  type BusListener,
  connectBytesMax,
  type Log,
  packetBytesMax,
} from "./bus.js";
import { createDoor } from "./door.io.js";
import { packetGuard } from "./guard.js";
import { noteTakeover, type Takeovers } from "./takeovers.js";

export interface EmbeddedBrokerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** PEM: who signs cameras' certificates, and what this server shows. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  /** Whether a camera with this TLS key may connect. */
  readonly mayConnect: (camera: CameraId, tlsKeyHash: Hash) => Promise<boolean>;
  /** Whether it may stay: its household's newest charter names it with this key. */
  readonly isAllowed: (camera: CameraId, tlsKeyHash: Hash) => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A client that takes nothing for so long is disconnected; the broker's default of 60 s would hold others up. */
const drainMillis = 8_000;
/** From the TCP connection to CONNECT. */
const connectMillis = 10_000;
/** Longest keepalive that a client may ask for, so that a dead line is noticed. */
const keepaliveSecondsMax = 300;
/** Messages on their way to one camera; what is beyond is dropped, and the camera asks again. */
const sendsMax = 256;
/** A camera needs one or two; each costs memory until it leaves. */
const subscriptionsMax = 8;
/** Announcements of one camera: more than a backlog on a fast line has. Chunks are bounded by the credit that it gets. */
const initsPerMinute = 6_000;
/** All its other messages together; each costs the cloud a write or a reading of charters. */
const messagesPerMinute = 600;
const notAuthorised = 5;

/** Whom a client's certificate names, and the hash of the key in it. */
interface Peer {
  readonly camera: CameraId;
  readonly tlsKeyHash: Hash;
}

/**
 * An MQTT 3.1.1 broker in this process, behind TLS with client certificates: common name = user name = client id = camera.
 * It stores no chunk and hands none to any client.
 */
export class EmbeddedBroker implements Bus {
  readonly node = "local";
  private readonly options: EmbeddedBrokerOptions;
  private readonly aedes: Aedes;
  private readonly clients = new Map<CameraId, { readonly client: Client; sends: number }>();
  private readonly takeovers: Takeovers = new Map();
  private readonly subscriptions = new WeakMap<Client, number>();
  private readonly failed = new WeakSet<Client>();
  private readonly rates: Rates = new Map();
  /** Open connections and whom their certificates name. */
  private readonly sockets = new Map<Connection, Peer | undefined>();
  private server: Server | undefined;
  private conflict: (camera: CameraId) => void = () => undefined;

  constructor(options: EmbeddedBrokerOptions) {
    this.options = options;
    this.aedes = new Aedes({
      drainTimeout: drainMillis,
      connectTimeout: connectMillis,
      keepaliveLimit: keepaliveSecondsMax,
      preConnect: (client, packet, done) => done(null, this.admits(client, packet)),
      authenticate: (client, _username, _password, done) =>
        void this.authenticate(client).then((error) => done(error, error === null)),
      authorizePublish: (client, packet, done) => done(this.publishFault(client, packet)),
      // `null` is answered with 128 in SUBACK (MQTT 3.1.1 §3.9.3).
      authorizeSubscribe: (client, wanted, done) =>
        done(null, this.maySubscribe(client, wanted.topic) ? wanted : null),
    });
  }

  async start(listener: BusListener): Promise<BusAddress> {
    await this.aedes.listen();
    this.follow(listener);
    const { host, port, ca, certificate, key, log } = this.options;
    const server = createDoor(
      { ca, cert: certificate, key },
      {
        admitted: (socket) => this.accept(socket),
        refused: (why) => log("broker.tls-refused", { why }),
      },
    );
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, () => resolve());
    });
    const address = server.address();
    return { host, port: typeof address === "object" && address !== null ? address.port : port };
  }

  send(camera: CameraId, kind: DownKind, payload: Uint8Array): void {
    const receiver = this.clients.get(camera);
    if (receiver === undefined || receiver.sends >= sendsMax) return;
    receiver.sends += 1;
    // To its own connection directly: through the broker's queue one stalled camera would hold up all others.
    receiver.client.publish(
      {
        cmd: "publish",
        topic: downTopic(camera, kind),
        payload: Buffer.from(payload),
        qos: 1,
        retain: false,
        dup: false,
      },
      () => {
        receiver.sends -= 1;
      },
    );
  }

  async recheck(): Promise<void> {
    for (const [camera, { client }] of this.clients) {
      const peer = this.sockets.get(client.conn);
      if (peer !== undefined && (await this.options.isAllowed(camera, peer.tlsKeyHash))) continue;
      this.options.log("broker.disconnected", { camera, why: "its household's charter names it no more" });
      client.close();
    }
  }

  isUp(): boolean {
    return this.server?.listening === true;
  }

  async close(): Promise<void> {
    const server = this.server;
    const closed = new Promise<void>((resolve) =>
      server === undefined ? resolve() : server.close(() => resolve()),
    );
    await new Promise<void>((resolve) => this.aedes.close(() => resolve()));
    for (const socket of this.sockets.keys()) socket.destroy();
    await closed;
  }

  private accept(socket: TLSSocket): void {
    const peer = peerOf(socket);
    this.sockets.set(socket, peer);
    socket.once("close", () => this.sockets.delete(socket));
    guardPackets(socket, () => this.options.log("broker.packet-too-large", { camera: peer?.camera ?? "" }));
    this.aedes.handle(socket);
  }

  /** Whom the certificate behind a connection names. */
  private cameraOf(client: Client): CameraId | undefined {
    return this.sockets.get(client.conn)?.camera;
  }

  private follow(listener: BusListener): void {
    const { aedes, clients } = this;
    aedes.on("clientReady", (client) => {
      const camera = this.cameraOf(client);
      if (camera === undefined) return;
      clients.set(camera, { client, sends: 0 });
      listener.connected(camera);
    });
    aedes.on("clientDisconnect", (client) => {
      const camera = this.cameraOf(client);
      if (camera === undefined || clients.get(camera)?.client !== client) return;
      clients.delete(camera);
      listener.disconnected(camera);
    });
    for (const event of ["clientError", "connectionError"] as const) {
      aedes.on(event, (client, error) => {
        // Each packet that was read before the connection ended fails by itself: one line tells it.
        if (this.failed.has(client)) return;
        this.failed.add(client);
        this.options.log("broker.client-failed", { camera: this.cameraOf(client) ?? "", why: error.message });
      });
    }
    aedes.subscribe(
      `${topicRoot}/+/up/#`,
      (packet, done) => {
        const parsed = parseUpTopic(packet.topic);
        if (parsed !== undefined) listener.message(parsed.camera, parsed.topic, bytesOf(packet.payload));
        done();
      },
      () => undefined,
    );
    this.conflict = (camera) => listener.conflict(camera);
  }

  private admits(client: Client, packet: ConnectPacket): boolean {
    const name = this.cameraOf(client);
    const { clientId, username } = packet;
    // A stored session would gather messages for an absent camera: every session ends with its connection.
    packet.clean = true;
    if (name !== undefined && clientId === name && (username === undefined || username === name)) return true;
    this.options.log("broker.identity-refused", {
      camera: name ?? "",
      claimed: String(clientId).slice(0, 32),
    });
    client.conn.destroy();
    return false;
  }

  private async authenticate(client: Client): Promise<AuthenticateError | null> {
    const peer = this.sockets.get(client.conn);
    const allowed =
      peer !== undefined && (await this.options.mayConnect(peer.camera, peer.tlsKeyHash).catch(() => false));
    if (!allowed)
      return Object.assign(new Error("in no charter with this key"), { returnCode: notAuthorised });
    const { camera } = peer;
    if (this.clients.has(camera) && noteTakeover(this.takeovers, camera, this.options.clock.monotonic())) {
      this.options.log("broker.identity-conflict", { camera });
      this.conflict(camera);
    }
    return null;
  }

  private publishFault(client: Client | null, packet: PublishPacket): Error | null {
    const camera = client === null ? undefined : this.cameraOf(client);
    // Reserved topics, `$SYS` among them, are refused with everything else that the table does not grant.
    const granted = camera !== undefined && mayWrite({ kind: "camera", camera }, packet.topic);
    if (!granted || packet.qos === 2) {
      this.options.log("broker.publish-refused", { camera: camera ?? "", topic: packet.topic.slice(0, 100) });
      return new Error("not granted");
    }
    const kind = parseUpTopic(packet.topic)?.topic.kind;
    if (!this.hasRoomFor(camera, kind)) {
      this.options.log("broker.flood-refused", { camera, kind: kind ?? "" });
      return new Error("too many messages");
    }
    // Only the status is kept for later readers; nothing else may stay in the broker.
    packet.retain = packet.retain && kind === "status";
    return null;
  }

  /** One camera must not keep the cloud from the others. */
  private hasRoomFor(camera: CameraId, kind: UpTopic["kind"] | undefined): boolean {
    if (kind === "chunk") return true;
    const [name, perMinute] =
      kind === "init" ? (["init", initsPerMinute] as const) : (["else", messagesPerMinute] as const);
    return takeOne(this.rates, `${camera} ${name}`, perMinute, this.options.clock.monotonic());
  }

  private maySubscribe(client: Client, filter: string): boolean {
    const camera = this.cameraOf(client);
    const others = this.subscriptions.get(client) ?? 0;
    this.subscriptions.set(client, others + 1);
    if (camera !== undefined && others < subscriptionsMax && mayRead({ kind: "camera", camera }, filter))
      return true;
    if (others >= subscriptionsMax) client.close();
    this.options.log("broker.subscribe-refused", { camera: camera ?? "", topic: filter.slice(0, 100) });
    return false;
  }
}

/** The size of each packet is checked as its first bytes are read from the socket, before any parser gathers them. */
function guardPackets(socket: TLSSocket, refused: () => void): void {
  const guard = packetGuard({ firstBytesMax: connectBytesMax, bytesMax: packetBytesMax });
  const read = socket.read.bind(socket);
  socket.read = (size?: number) => {
    const bytes: unknown = read(size);
    if (!(bytes instanceof Uint8Array)) return bytes;
    if (guard.accepts(bytes)) return bytes;
    refused();
    socket.destroy();
    return null;
  };
}

function peerOf(socket: TLSSocket): Peer | undefined {
  const name: unknown = socket.getPeerCertificate()?.subject?.CN;
  const identity = typeof name === "string" ? identityOf(name) : undefined;
  const key = socket.getPeerX509Certificate()?.publicKey.export({ format: "der", type: "spki" });
  if (identity?.kind !== "camera" || key === undefined) return undefined;
  return { camera: identity.camera, tlsKeyHash: hashOf(key) };
}

function bytesOf(payload: string | Buffer): Uint8Array {
  return typeof payload === "string" ? Buffer.from(payload) : payload;
}
