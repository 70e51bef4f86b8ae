import mqtt, { type IClientPublishOptions, type MqttClient } from "mqtt";
import type { CameraId } from "../../shared/kernel/ids.js";
import type { Random } from "../../shared/kernel/ports.js";
import { type DownKind, downTopic, parseUpTopic, topicRoot } from "../../shared/protocol/topics.js";
import type { Bus, BusAddress, BusListener, Log } from "./bus.js";

export interface ExternalBrokerOptions {
  /** `mqtts://host:port`. */
  readonly url: string;
  /** This node's name on the broker: common name of its certificate, client id, and where cameras send chunks. */
  readonly node: string;
  /** PEM: who signed the broker's certificate, and what this node shows. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  readonly random: Random;
  readonly log: Log;
}

/** Any node of the group takes one message each of these; chunks come to the node that answered. */
const sharedGroup = "lintel";
const connectMillis = 10_000;
const keepaliveSeconds = 20;
const reconnectMillisLeast = 500;
const reconnectMillisMost = 30_000;
/** Messages that wait for the broker's acknowledgement; more are dropped, and cameras ask again. */
const sendsMax = 1_000;

/**
 * A broker that runs elsewhere, with the rights of `acl.ts`. It says nothing of connections: presence comes from the cameras'
 * retained status and will.
 */
export class ExternalBroker implements Bus {
  readonly node: string;
  private readonly options: ExternalBrokerOptions;
  private client: MqttClient | undefined;
  private sends = 0;
  private failures = 0;

  constructor(options: ExternalBrokerOptions) {
    this.options = options;
    this.node = options.node;
  }

  /** Resolves after the first attempt, successful or not: further ones follow by themselves. */
  async start(listener: BusListener): Promise<BusAddress> {
    const { url, node, ca, certificate, key, log } = this.options;
    const client = mqtt.connect(url, {
      ca,
      cert: certificate,
      key,
      clientId: node,
      username: node,
      protocolVersion: 4,
      clean: true,
      resubscribe: false,
      keepalive: keepaliveSeconds,
      connectTimeout: connectMillis,
      reconnectPeriod: reconnectMillisLeast,
      reconnectOnConnackError: true,
    });
    this.client = client;
    client.on("message", (topic, payload) => {
      const parsed = parseUpTopic(topic);
      if (parsed !== undefined) listener.message(parsed.camera, parsed.topic, payload);
    });
    client.on("error", (error) => log("broker.failed", { why: codeOf(error) }));
    client.on("close", () => this.plan());
    await new Promise<void>((resolve) => {
      client.once("close", () => resolve());
      client.on("connect", () => void this.subscribe().then(resolve));
    });
    const { hostname, port } = new URL(url);
    return { host: hostname, port: Number(port) };
  }

  send(camera: CameraId, kind: DownKind, payload: Uint8Array): void {
    if (this.client?.connected !== true || this.sends >= sendsMax) return;
    this.sends += 1;
    const options: IClientPublishOptions = { qos: 1 };
    this.client.publish(downTopic(camera, kind), Buffer.from(payload), options, () => {
      this.sends -= 1;
    });
  }

  /** This broker's connections are not ours to end; ingest refuses what removed cameras send. */
  async recheck(): Promise<void> {}

  isUp(): boolean {
    return this.client?.connected === true;
  }

  async close(): Promise<void> {
    await this.client?.endAsync(true);
  }

  private async subscribe(): Promise<void> {
    const client = this.client;
    if (client === undefined) return;
    const shared = ["init", "ev", "charter"].map((word) => `$share/${sharedGroup}/${topicRoot}/+/up/${word}`);
    const own = [`${topicRoot}/+/up/status`, `${topicRoot}/+/up/c/${this.node}/#`];
    try {
      const granted = await client.subscribeAsync([...shared, ...own], { qos: 1 });
      const refused = granted.filter(({ qos }) => qos === 128).map(({ topic }) => topic);
      this.failures = refused.length > 0 ? this.failures + 1 : 0;
      this.options.log(refused.length > 0 ? "broker.subscribe-refused" : "broker.connected", {
        node: this.node,
        topics: refused.join(" "),
      });
    } catch (error) {
      this.options.log("broker.failed", { why: codeOf(error) });
    }
  }

  /** Longer and longer pauses, each by chance, so that a fleet of nodes does not come back in one moment. */
  private plan(): void {
    if (this.client === undefined) return;
    this.failures += 1;
    const most = Math.min(reconnectMillisLeast * 2 ** this.failures, reconnectMillisMost);
    const chance = (this.options.random.bytes(1)[0] ?? 0) / 255;
    this.client.options.reconnectPeriod = Math.round(most / 2 + (chance * most) / 2);
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
