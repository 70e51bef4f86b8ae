// A broker that runs in the cloud's own process, or on a machine of its own; then what it took may be lost, doubled or late, PUBACK or not.
import { mayRead, mayWrite } from "../../../cloud/broker/acl.js";
import type { Bus, BusAddress, BusListener } from "../../../cloud/broker/bus.js";
import { noteTakeover, type Takeovers } from "../../../cloud/broker/takeovers.js";
import type { CameraId } from "../../../shared/kernel/ids.js";
import { type DownKind, downTopic, parseUpTopic } from "../../../shared/protocol/topics.js";
import type { Hash } from "../../../shared/seal/hash.js";
import { elapsed, type Machine, on, prng, wallNow } from "../edges/clockwork.js";
import { type End, type Message, type Packet, type Server, setServer } from "../edges/network.js";
import { clock } from "./doorbell.js";
import type { Trace } from "./trace.js";

/** What a certificate in the simulation says. */
export interface Passport {
  readonly camera: CameraId;
  readonly tlsKeyHash: Hash;
  readonly validUntil: number;
}

/** What happens between a broker and the cloud beside it. */
export interface Relay {
  loss: number;
  duplicate: number;
  /** Longest time by which messages overtake each other, in milliseconds. */
  reorderMillis: number;
  /** Nothing comes through. */
  isCut?: boolean;
}

export interface BrokerOptions {
  readonly trace: Trace;
  readonly machine: Machine;
  readonly relay: Relay;
  readonly passports: ReadonlyMap<string, Passport>;
}

/** Whom the cloud's own broker lets in; a foreign one knows the certificates only. */
export type Gate = (camera: CameraId, tlsKeyHash: Hash) => Promise<boolean>;

const keepaliveMillisMax = 30_000;

interface Client {
  readonly end: End;
  readonly camera: CameraId;
  readonly tlsKeyHash: Hash;
  readonly will: Message | undefined;
  subscribed: boolean;
  heardAt: number;
}

export class SimBroker implements Server {
  readonly machine: Machine;
  validUntil = Number.POSITIVE_INFINITY;
  private readonly options: BrokerOptions;
  private readonly clients = new Map<CameraId, Client>();
  private takeovers: Takeovers = new Map();
  private bus: SimBus | undefined;

  constructor(options: BrokerOptions) {
    this.options = options;
    this.machine = options.machine;
    setServer(this);
  }

  /** A start: nobody is connected. */
  restart(): void {
    this.clients.clear();
    this.takeovers = new Map();
  }

  attach(bus: SimBus | undefined): void {
    this.bus = bus;
  }

  accept(end: End): void {
    const passport = this.options.passports.get(end.peer?.certificate ?? "");
    if (passport === undefined || passport.validUntil < wallNow()) return void end.close();
    end.hear = (packet) => this.first(end, passport, packet);
  }

  /** Downwards: as far as the camera listens. */
  deliver(camera: CameraId, message: Message): void {
    const client = this.clients.get(camera);
    if (client?.subscribed === true) client.end.send({ kind: "publish", message, id: 0 });
  }

  async recheck(isAllowed: Gate): Promise<void> {
    for (const client of [...this.clients.values()])
      if (!(await isAllowed(client.camera, client.tlsKeyHash))) this.drop(client);
  }

  private first(end: End, { camera, tlsKeyHash }: Passport, packet: Packet): void {
    if (packet.kind !== "connect" || packet.clientId !== camera) return void end.close();
    const { will } = packet;
    const gate = this.bus?.gate;
    if (gate === undefined)
      return void this.admit({ end, camera, tlsKeyHash, will, subscribed: false, heardAt: 0 });
    void gate(camera, tlsKeyHash)
      .catch(() => false)
      .then((granted) => {
        if (granted) this.admit({ end, camera, tlsKeyHash, will, subscribed: false, heardAt: 0 });
        else end.send({ kind: "connack", granted });
      });
  }

  private admit(client: Client): void {
    const { camera, end } = client;
    const before = this.clients.get(camera);
    if (before !== undefined) {
      if (noteTakeover(this.takeovers, camera, clock.monotonic())) this.bus?.listener?.conflict(camera);
      this.drop(before);
    }
    this.clients.set(camera, client);
    client.heardAt = elapsed();
    end.hear = (packet) => this.hear(client, packet);
    end.ended = () => this.gone(client, true);
    end.send({ kind: "connack", granted: true });
    this.bus?.ownListener()?.connected(camera);
    this.watch(client);
  }

  private watch(client: Client): void {
    on(this.machine, keepaliveMillisMax, () => {
      if (this.clients.get(client.camera) !== client) return;
      if (elapsed() - client.heardAt >= keepaliveMillisMax) this.drop(client);
      else this.watch(client);
    });
  }

  private hear(client: Client, packet: Packet): void {
    const { end, camera } = client;
    client.heardAt = elapsed();
    switch (packet.kind) {
      case "subscribe":
        client.subscribed = mayRead({ kind: "camera", camera }, packet.filter);
        return void end.send({ kind: "suback", granted: client.subscribed });
      case "publish":
        if (!mayWrite({ kind: "camera", camera }, packet.message.topic)) return void this.drop(client);
        this.bus?.relayUp(packet.message);
        return void end.send({ kind: "puback", id: packet.id });
      case "ping":
        return void end.send({ kind: "pong" });
      case "disconnect":
        return void this.gone(client, false);
      default:
        return;
    }
  }

  private drop(client: Client): void {
    client.end.close();
    this.gone(client, true);
  }

  private gone(client: Client, unasked: boolean): void {
    if (this.clients.get(client.camera) !== client) return;
    this.clients.delete(client.camera);
    this.options.trace.note("broker", "disconnected", { camera: client.camera });
    if (unasked && client.will !== undefined) this.bus?.relayUp(client.will);
    this.bus?.ownListener()?.disconnected(client.camera);
  }
}

/** The cloud's end of it. */
export class SimBus implements Bus {
  readonly node = "cloud-sim";
  /** Only the cloud's own broker asks. */
  readonly gate: Gate | undefined;
  listener: BusListener | undefined;
  private readonly broker: SimBroker;
  private readonly relay: Relay;
  private readonly cloud: Machine;
  private readonly isAllowed: Gate;

  constructor(
    broker: SimBroker,
    {
      cloud,
      relay,
      mayConnect,
      isAllowed,
    }: {
      readonly cloud: Machine;
      readonly relay: Relay;
      readonly mayConnect: Gate;
      readonly isAllowed: Gate;
    },
  ) {
    this.broker = broker;
    this.cloud = cloud;
    this.relay = relay;
    this.gate = broker.machine === cloud ? mayConnect : undefined;
    this.isAllowed = isAllowed;
  }

  private get isOwn(): boolean {
    return this.broker.machine === this.cloud;
  }

  async start(listener: BusListener): Promise<BusAddress> {
    this.listener = listener;
    this.broker.attach(this);
    return { host: "broker.test", port: 8883 };
  }

  send(camera: CameraId, kind: DownKind, payload: Uint8Array): void {
    if (!this.cloud.on) return;
    const message = { topic: downTopic(camera, kind), payload, retain: false };
    if (this.isOwn) this.broker.deliver(camera, message);
    else this.hop(this.broker.machine, () => this.broker.deliver(camera, message));
  }

  async recheck(): Promise<void> {
    if (this.isOwn) await this.broker.recheck(this.isAllowed);
  }

  isUp(): boolean {
    return this.broker.machine.on;
  }

  async close(): Promise<void> {
    this.broker.attach(undefined);
  }

  /** What only the cloud's own broker tells. */
  ownListener(): BusListener | undefined {
    return this.isOwn ? this.listener : undefined;
  }

  relayUp(message: Message): void {
    const parsed = parseUpTopic(message.topic);
    if (parsed === undefined) return;
    const tell = (): void => this.listener?.message(parsed.camera, parsed.topic, message.payload);
    if (this.isOwn) tell();
    else this.hop(this.cloud, tell);
  }

  /** Over the line between broker and cloud: where the broker's promises end. */
  private hop(to: Machine, arrive: () => void): void {
    const { loss, duplicate, reorderMillis, isCut } = this.relay;
    if (isCut === true) return;
    if (loss > 0 && prng().next() < loss) return;
    const copies = duplicate > 0 && prng().next() < duplicate ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) on(to, 1 + prng().next() * reorderMillis, arrive);
  }
}
