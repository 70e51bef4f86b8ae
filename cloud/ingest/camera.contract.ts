// A camera as the broker and ingest see it, for tests: its certificate, its connection, what it sends and hears.
import { generateKeyPairSync } from "node:crypto";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import type { ClipId, HouseholdId } from "../../shared/kernel/ids.js";
import { chunkBytesMax } from "../../shared/protocol/limits.js";
import { type ClipAnswer, readClipAnswer, writeMessage } from "../../shared/protocol/messages.js";
import {
  type DownKind,
  downTopic,
  parseDownTopic,
  type UpTopic,
  upTopic,
} from "../../shared/protocol/topics.js";
import { type Hash, hashOf } from "../../shared/seal/hash.js";
import type { Authority } from "../household/ca.io.js";
import { makeSigner, type RigSegment, type RigSigner } from "./segment.contract.js";

/** A camera's identity as the household's directory knows it, and what it connects with. */
export interface RigCamera extends RigSigner {
  readonly certificate: string;
  readonly key: string;
  readonly tlsKeyHash: Hash;
}

/** With a TLS key of its own; the signer may be another camera's. */
export async function makeCamera(
  authority: Authority,
  household: HouseholdId,
  signer = makeSigner(household),
): Promise<RigCamera> {
  const { id } = signer;
  const tls = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const tlsKey = tls.publicKey.export({ format: "der", type: "spki" });
  return {
    ...signer,
    tlsKeyHash: hashOf(tlsKey),
    certificate: await authority.certify(id, tlsKey),
    key: tls.privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}

/** A message that came down to a camera. */
export interface Down {
  readonly kind: DownKind;
  readonly payload: Uint8Array;
}

/** The smallest camera there can be: it connects, publishes, and hears what comes down. */
export class TestCamera {
  readonly camera: RigCamera;
  readonly client: MqttClient;
  readonly heard: Down[] = [];
  private waiters: (() => void)[] = [];

  private constructor(camera: RigCamera, client: MqttClient) {
    this.camera = camera;
    this.client = client;
    client.on("error", () => undefined);
    client.on("message", (topic, payload) => {
      const parsed = parseDownTopic(topic);
      if (parsed === undefined) return;
      this.heard.push({ kind: parsed.kind, payload });
      for (const wake of this.waiters.splice(0)) wake();
    });
  }

  static async connect(
    camera: RigCamera,
    { ca, port }: { readonly ca: string; readonly port: number },
    overrides: IClientOptions = {},
  ): Promise<TestCamera> {
    const client = mqtt.connect({
      protocol: "mqtts",
      host: "127.0.0.1",
      port,
      ca,
      cert: camera.certificate,
      key: camera.key,
      clientId: camera.id,
      username: camera.id,
      protocolVersion: 4,
      reconnectPeriod: 0,
      ...overrides,
    });
    const connected = new TestCamera(camera, client);
    await new Promise<void>((resolve, reject) => {
      client.once("connect", () => resolve());
      client.once("error", reject);
      client.once("close", () => reject(new Error("closed before CONNACK")));
    });
    await client.subscribeAsync(downTopic(camera.id, "clip").replace("/clip", "/#"), { qos: 1 });
    return connected;
  }

  publish(topic: UpTopic, payload: Uint8Array): Promise<unknown> {
    return this.client.publishAsync(upTopic(this.camera.id, topic), Buffer.from(payload), { qos: 1 });
  }

  /** The next message that `wanted` picks, also among those heard before and not yet taken. */
  async hears<T>(wanted: (down: Down) => T | undefined, withinMillis = 5_000): Promise<T> {
    const deadline = performance.now() + withinMillis;
    for (;;) {
      for (const [at, down] of this.heard.entries()) {
        const found = wanted(down);
        if (found === undefined) continue;
        this.heard.splice(at, 1);
        return found;
      }
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`nothing of the kind came within ${withinMillis} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  answer(segment: { readonly clip: ClipId; readonly index: number }): Promise<ClipAnswer> {
    return this.hears((down) => {
      const read = down.kind === "clip" ? readClipAnswer(down.payload) : undefined;
      if (read === undefined || !read.ok) return undefined;
      return read.value.clip === segment.clip && read.value.segment === segment.index
        ? read.value
        : undefined;
    });
  }

  /** Announces, sends what is missing within the credit, and asks again when nothing moves, until `done` or a refusal. */
  async push(segment: RigSegment): Promise<ClipAnswer> {
    let sent = 0;
    await this.publish({ kind: "init" }, initOf(segment));
    for (;;) {
      const answer = await this.answer(segment);
      if (answer.kind !== "progress") return answer;
      sent = Math.max(sent, answer.stored);
      const until = Math.min(answer.stored + answer.credit, segment.body.length);
      for (; sent < until; ) {
        const chunk = segment.body.subarray(sent, Math.min(sent + chunkBytesMax, until));
        const { clip, index } = segment;
        void this.publish({ kind: "chunk", node: answer.node, clip, index, offset: sent }, chunk).catch(
          () => 0,
        );
        sent += chunk.length;
      }
    }
  }

  /** Resolves when the connection ends, whoever ends it. */
  closed(): Promise<void> {
    return new Promise((resolve) => this.client.once("close", () => resolve()));
  }

  close(): Promise<void> {
    return this.client.endAsync(true);
  }
}

export function initOf(segment: RigSegment): Uint8Array {
  return writeMessage({ v: 1, note: segment.note, header: Buffer.from(segment.header).toString("base64") });
}
