import { spawn, spawnSync } from "node:child_process";
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import type { SignedCharter } from "../../shared/charter/charter.js";
import { cameraKeyName } from "../../shared/charter/lines.js";
import { formatSegment, type SegmentEnd } from "../../shared/clip/segment.js";
import { bytes, type Millis, millis } from "../../shared/kernel/brand.js";
import {
  type CameraId,
  type ClipId,
  cameraIdOf,
  type HouseholdId,
  householdIdOf,
  newClipId,
} from "../../shared/kernel/ids.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import {
  type ClipAnswer,
  chunkBytesMax,
  readClipAnswer,
  writeMessage,
} from "../../shared/protocol/messages.js";
import {
  type DownKind,
  downTopic,
  parseDownTopic,
  type UpTopic,
  upTopic,
} from "../../shared/protocol/topics.js";
import { newIdentity, recipientOf, seal, splitHeader } from "../../shared/seal/age.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { type Signer, signNote, type Verifier, verifierOf } from "../../shared/seal/note.js";
import { mosquittoAcl, mosquittoConfig } from "../broker/acl.js";
import { type Bus, type Log, packetBytesMax } from "../broker/bus.js";
import { EmbeddedBroker } from "../broker/embedded.io.js";
import { ExternalBroker } from "../broker/external.io.js";
import { openDatabase } from "../database.io.js";
import { type Authority, openAuthority } from "../household/ca.io.js";
import { openVault, type Vault } from "../vault/vault.io.js";
import { type Ingest, startIngest } from "./ingest.io.js";
import type { Announcement } from "./ports.js";

export const systemRandom: Random = { bytes: (length) => Uint8Array.from(randomBytes(length)) };
export const systemClock: Clock = {
  wall: () => millis(Date.now()),
  monotonic: () => millis(Math.floor(performance.now())),
};

/** Who signs segments. */
export interface RigSigner {
  readonly id: CameraId;
  readonly household: HouseholdId;
  readonly signer: Signer;
  readonly verifier: Verifier;
}

/** A camera's identity as the household's directory knows it, and what it connects with. */
export interface RigCamera extends RigSigner {
  readonly certificate: string;
  readonly key: string;
}

export function makeSigner(household: HouseholdId): RigSigner {
  const secretKey = systemRandom.bytes(32);
  const id = cameraIdOf(verifierOf({ name: "x", secretKey }).publicKey);
  const signer = { name: cameraKeyName(id), secretKey };
  return { id, household, signer, verifier: verifierOf(signer) };
}

export async function makeCamera(authority: Authority, household: HouseholdId): Promise<RigCamera> {
  const signer = makeSigner(household);
  const { id } = signer;
  const tls = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    ...signer,
    certificate: await authority.certify(id, tls.publicKey.export({ format: "der", type: "spki" })),
    key: tls.privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}

/** A segment as a camera has it on its card. */
export interface RigSegment {
  readonly clip: ClipId;
  readonly index: number;
  readonly note: string;
  readonly hash: string;
  readonly header: Uint8Array;
  readonly body: Uint8Array;
  readonly file: Uint8Array;
}

export interface SegmentWish {
  readonly clip: ClipId;
  readonly index?: number;
  readonly previous?: string;
  readonly end?: SegmentEnd;
  readonly bodyBytes?: number;
}

let headerOfAll: Promise<Uint8Array> | undefined;

/** One real age header serves all: the cloud cannot tell, and a body of chance looks like a sealed one. */
async function someHeader(): Promise<Uint8Array> {
  const split = splitHeader(await seal(Uint8Array.of(1), [await recipientOf(await newIdentity())]));
  if (!split.ok) throw new Error("an age file has no header");
  return split.value.header;
}

export async function makeSegment(camera: RigSigner, wish: SegmentWish): Promise<RigSegment> {
  const { clip, index = 0, previous = "none", end = "no", bodyBytes = 100_000 } = wish;
  headerOfAll ??= someHeader();
  const header = bodyBytes === 0 ? new Uint8Array() : await headerOfAll;
  const body = randomBytes(bodyBytes);
  const file = Buffer.concat([header, body]);
  const text = formatSegment({
    household: camera.household,
    camera: camera.id,
    clip,
    index,
    previous,
    bytes: bytes(file.length),
    sha256: createHash("sha256").update(file).digest("base64"),
    end,
  });
  return { clip, index, note: signNote(text, [camera.signer]), hash: hashOfText(text), header, body, file };
}

/** A clip of `count` segments, each naming the one before. */
export async function makeClip(
  camera: RigSigner,
  count: number,
  { bodyBytes = 100_000, at = systemClock.wall() }: { bodyBytes?: number; at?: Millis } = {},
): Promise<readonly RigSegment[]> {
  const clip = newClipId(at, systemRandom);
  const segments: RigSegment[] = [];
  for (let index = 0; index < count; index++) {
    const previous = segments.at(-1)?.hash ?? "none";
    const end = index === count - 1 ? "complete" : "no";
    segments.push(await makeSegment(camera, { clip, index, previous, end, bodyBytes }));
  }
  return segments;
}

export function initOf(segment: RigSegment): Uint8Array {
  return writeMessage({ v: 1, note: segment.note, header: Buffer.from(segment.header).toString("base64") });
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

/** A cloud without an API: database, vault, broker, ingest, in one temporary directory. */
export interface Rig {
  readonly directory: string;
  readonly authority: Authority;
  readonly vault: Vault;
  readonly ingest: Ingest;
  readonly bus: Bus;
  readonly household: HouseholdId;
  readonly announced: Announcement[];
  readonly logged: { readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[];
  /** Cameras that the charter names. */
  readonly cameras: Map<CameraId, RigCamera>;
  /** One more camera of the household, or of another. */
  camera(household?: HouseholdId): Promise<RigCamera>;
  connect(camera: RigCamera, overrides?: IClientOptions): Promise<TestCamera>;
  close(): Promise<void>;
}

export interface RigOptions {
  /** The embedded broker, or a private Mosquitto on a free loopback port. */
  readonly broker?: "embedded" | "mosquitto";
  /** Kept when the rig closes, with all that it holds: the next rig goes on with it. */
  readonly directory?: string;
  readonly cameras?: Map<CameraId, RigCamera>;
  readonly charters?: readonly SignedCharter[];
  readonly bytesMax?: number;
  readonly clock?: Clock;
}

export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), "lintel-ingest-"));
  const clock = options.clock ?? systemClock;
  const authority = await rigAuthority(directory);
  const db = await openDatabase(join(directory, "lintel.db"));
  const vault = await openVault({
    directory: join(directory, "vault"),
    db,
    clock,
    retentionDays: 30,
    bytesMax: options.bytesMax ?? 2 ** 40,
  });
  const cameras = options.cameras ?? new Map<CameraId, RigCamera>();
  const announced: Announcement[] = [];
  const logged: Rig["logged"] = [];
  const log: Log = (event, fields) => logged.push({ event, fields });
  const household = householdIdOf(systemRandom.bytes(32));
  const broker = await startBroker(options.broker ?? "embedded", {
    directory,
    authority,
    log,
    isAllowed: async (camera) => cameras.has(camera),
  });
  const { bus } = broker;
  const ingest = await startIngest({
    bus,
    vault: vault.writer,
    db,
    directory: { find: async (camera) => cameras.get(camera) },
    charters: { chain: async (_, after) => (options.charters ?? []).slice(after) },
    announce: (announcement) => announced.push(announcement),
    clock,
    log,
  });
  const { port } = ingest.address;
  return {
    directory,
    authority,
    vault,
    ingest,
    bus,
    household,
    announced,
    logged,
    cameras,
    async camera(of = household) {
      const made = await makeCamera(authority, of);
      cameras.set(made.id, made);
      return made;
    },
    connect: (camera, overrides) => TestCamera.connect(camera, { ca: authority.caPem, port }, overrides),
    async close() {
      await ingest.close();
      await broker.stop();
      await vault.close();
      await db.destroy();
      if (options.directory === undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}

export function rigAuthority(directory: string): Promise<Authority> {
  const hosts = ["localhost", "127.0.0.1"];
  return openAuthority({
    directory: join(directory, "keys"),
    hosts,
    clock: systemClock,
    random: systemRandom,
  });
}

interface BrokerNeeds {
  readonly directory: string;
  readonly authority: Authority;
  readonly log: Log;
  readonly isAllowed: (camera: CameraId) => Promise<boolean>;
}

export interface RunningBroker {
  readonly bus: Bus;
  stop(): Promise<void>;
}

/** A broker of this kind that admits these cameras, not listening yet where it is embedded. */
export async function startBroker(
  kind: "embedded" | "mosquitto",
  needs: BrokerNeeds,
): Promise<RunningBroker> {
  const { authority, log, isAllowed } = needs;
  const { certificate, key } = authority.server;
  if (kind === "mosquitto") return startMosquitto(needs);
  const tls = { ca: authority.caPem, certificate, key };
  const bus = new EmbeddedBroker({ host: "127.0.0.1", port: 0, ...tls, isAllowed, clock: systemClock, log });
  return { bus, stop: async () => undefined };
}

/** Why a private Mosquitto cannot be started here, or false. */
export function mosquittoMissing(): string | false {
  const found = spawnSync("mosquitto", ["-h"]);
  return found.error === undefined ? false : "mosquitto is not installed";
}

const nodeName = "cloud-test";

async function startMosquitto({ directory, authority, log }: BrokerNeeds): Promise<RunningBroker> {
  const port = await freePort();
  const file = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const config = mosquittoConfig({
    host: "127.0.0.1",
    port,
    ca: file("ca.pem", authority.caPem),
    certificate: file("broker.crt", authority.server.certificate),
    key: file("broker.key", authority.server.key),
    acl: file("acl", mosquittoAcl([nodeName])),
    packetBytesMax,
  });
  const user = process.getuid?.() === 0 ? "user root\n" : "";
  const child = spawn("mosquitto", ["-c", file("mosquitto.conf", config + user)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("running")) resolve();
    });
    child.once("exit", () => reject(new Error(`mosquitto ended: ${said}`)));
  });
  const tls = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const bus = new ExternalBroker({
    url: `mqtts://127.0.0.1:${port}`,
    node: nodeName,
    ca: authority.caPem,
    certificate: await authority.certify(
      nodeName as CameraId,
      tls.publicKey.export({ format: "der", type: "spki" }),
    ),
    key: tls.privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    random: systemRandom,
    log,
  });
  const stop = async (): Promise<void> => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  };
  return { bus, stop };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}
