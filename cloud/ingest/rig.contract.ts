import { spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IClientOptions } from "mqtt";
import type { Test } from "tap";
import type { SignedCharter } from "../../shared/charter/charter.js";
import { freePort } from "../../shared/kernel/freeport.contract.js";
import { type CameraId, type HouseholdId, householdIdOf } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import type { Hash } from "../../shared/seal/hash.js";
import { mosquittoAcl, mosquittoConfig } from "../broker/acl.js";
import { type Bus, type Log, packetBytesMax } from "../broker/bus.js";
import { EmbeddedBroker } from "../broker/embedded.io.js";
import { ExternalBroker } from "../broker/external.io.js";
import { openDatabase } from "../database.io.js";
import { type Authority, openAuthority } from "../household/ca.io.js";
import { openVault, type Vault } from "../vault/vault.io.js";
import { makeCamera, type RigCamera, TestCamera } from "./camera.contract.js";
import { type Ingest, startIngest } from "./ingest.io.js";
import type { Announcement } from "./ports.js";
import { systemClock, systemRandom } from "./segment.contract.js";

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
  /** Those that it names no more. */
  readonly removed: Map<CameraId, RigCamera>;
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
  readonly modes?: ReadonlyMap<CameraId, { readonly counter: number; readonly note: string }>;
  readonly bytesMax?: number;
  readonly householdBytesMax?: number;
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
    longestDays: 60,
    bytesMax: options.bytesMax ?? 2 ** 40,
    householdBytesMax: options.householdBytesMax ?? 2 ** 40,
  });
  const cameras = options.cameras ?? new Map<CameraId, RigCamera>();
  const removed = new Map<CameraId, RigCamera>();
  const named = namedIn(cameras, removed);
  const announced: Announcement[] = [];
  const logged: Rig["logged"] = [];
  const log: Log = (event, fields) => logged.push({ event, fields });
  const household = householdIdOf(systemRandom.bytes(32));
  const broker = await startBroker(options.broker ?? "embedded", {
    directory,
    authority,
    log,
    isAllowed: named.isAllowed,
    mayConnect: async (camera, hash) => (await named.known(camera))?.tlsKeyHash === hash,
  });
  const { bus } = broker;
  const ingest = await startIngest({
    bus,
    vault: vault.writer,
    db,
    directory: named,
    certifier: authority,
    charters: { chain: async (_, after, limit) => (options.charters ?? []).slice(after, after + limit) },
    modes: { newest: async (camera) => options.modes?.get(camera) },
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
    removed,
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

/** The directory of cameras that a charter names, and of those that it names no more. */
function namedIn(cameras: ReadonlyMap<CameraId, RigCamera>, removed: ReadonlyMap<CameraId, RigCamera>) {
  return {
    find: async (camera: CameraId) => cameras.get(camera),
    known: async (camera: CameraId) => cameras.get(camera) ?? removed.get(camera),
    isAllowed: async (camera: CameraId, hash: Hash) => cameras.get(camera)?.tlsKeyHash === hash,
  };
}

/** A rig with one camera of its household, connected. */
export interface Scene {
  readonly rig: Rig;
  readonly camera: TestCamera;
}

export async function setUpScene(t: Test, options: RigOptions = {}): Promise<Scene> {
  const rig = await startRig(options);
  t.teardown(() => rig.close());
  const camera = await rig.connect(await rig.camera());
  t.teardown(() => camera.close());
  return { rig, camera };
}

export function rigAuthority(directory: string, clock: Clock = systemClock): Promise<Authority> {
  const hosts = ["localhost", "127.0.0.1"];
  return openAuthority({
    directory: join(directory, "keys"),
    hosts,
    clock,
    random: systemRandom,
  });
}

interface BrokerNeeds {
  readonly directory: string;
  readonly authority: Authority;
  readonly log: Log;
  readonly isAllowed: (camera: CameraId, tlsKeyHash: Hash) => Promise<boolean>;
  /** Where not given, as above. */
  readonly mayConnect?: (camera: CameraId, tlsKeyHash: Hash) => Promise<boolean>;
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
  const { authority, log, isAllowed, mayConnect = isAllowed } = needs;
  const { certificate, key } = authority.server;
  if (kind === "mosquitto") return startMosquitto(needs);
  const tls = { ca: authority.caPem, certificate, key };
  const bus = new EmbeddedBroker({
    host: "127.0.0.1",
    port: 0,
    ...tls,
    isAllowed,
    mayConnect,
    clock: systemClock,
    log,
  });
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
