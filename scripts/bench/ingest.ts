// npm run bench -- ingest [--cameras N] [--megabytes M] [--rounds R]
// MB/s from N cameras, each with M segments of 1 MB, until every one is acknowledged. Rivals under the same load: a bare
// subscriber on the same broker that hashes and fdatasyncs each segment and keeps no record of it; a plain HTTP server
// (no TLS) that fsyncs each PUT. The cameras are one other process.

import { type ChildProcess, fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { Agent, createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Bus, BusListener } from "../../cloud/broker/bus.js";
import { makeCamera, type RigCamera, TestCamera } from "../../cloud/ingest/camera.contract.js";
import { mosquittoMissing, rigAuthority, startBroker, startRig } from "../../cloud/ingest/rig.contract.js";
import { makeClip, type RigSegment, systemRandom } from "../../cloud/ingest/segment.contract.js";
import { parseSegment } from "../../shared/clip/segment.js";
import { fromBase64 } from "../../shared/kernel/bytes.js";
import { type CameraId, householdIdOf } from "../../shared/kernel/ids.js";
import { readInit, writeMessage } from "../../shared/protocol/messages.js";
import type { UpTopic } from "../../shared/protocol/topics.js";
import { textOf } from "../../shared/seal/note.js";
import { compete } from "./paired.js";

interface Load {
  readonly cameras: number;
  readonly megabytes: number;
}

const megabyte = 1_000_000;
/** Segments of one camera under way at once. */
const underWay = 3;

export async function bench(args: readonly string[]): Promise<void> {
  if (args[0] === "--publisher") return publish();
  const { values } = parseArgs({
    args: [...args],
    options: {
      cameras: { type: "string", default: "4" },
      megabytes: { type: "string", default: "24" },
      rounds: { type: "string", default: "5" },
    },
  });
  const load: Load = { cameras: Number(values.cameras), megabytes: Number(values.megabytes) };
  const rounds = Number(values.rounds);
  const without = mosquittoMissing();
  const brokers = without === false ? (["embedded", "mosquitto"] as const) : (["embedded"] as const);
  for (const broker of brokers) {
    await compete({
      name: `ingest through ${broker}, ${load.cameras} cameras × ${load.megabytes} MB`,
      unit: "MB/s",
      rounds,
      ours: () => ingestRate(broker, load),
      rival: { name: "bare subscriber", measure: () => bareRate(broker, load) },
      bound: { ratioMin: 0.8 },
    });
  }
  await compete({
    name: "ingest through embedded, for comparison",
    unit: "MB/s",
    rounds,
    ours: () => ingestRate("embedded", load),
    rival: { name: "HTTP PUT with fsync", measure: () => putRate(load) },
    bound: { ratioMin: 0 },
  });
  if (without !== false) process.stdout.write(`left out: Mosquitto, since ${without}\n`);
}

type BrokerKind = "embedded" | "mosquitto";

async function ingestRate(broker: BrokerKind, load: Load): Promise<number> {
  const rig = await startRig({ broker });
  const cameras = await several(load.cameras, () => rig.camera());
  const rate = await measure(load, {
    kind: "mqtt",
    ca: rig.authority.caPem,
    port: rig.ingest.address.port,
    cameras,
  });
  const stored = rig.ingest.counts().segmentsStored;
  await rig.close();
  if (stored !== load.cameras * load.megabytes) throw new Error(`${stored} segments were stored`);
  return rate;
}

async function bareRate(broker: BrokerKind, load: Load): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "lintel-bench-"));
  const authority = await rigAuthority(directory);
  const log = (): void => undefined;
  const running = await startBroker(broker, { directory, authority, log, isAllowed: async () => true });
  const household = householdIdOf(systemRandom.bytes(32));
  const cameras = await several(load.cameras, () => makeCamera(authority, household));
  const { port } = await running.bus.start(new BareSubscriber(running.bus, directory));
  const rate = await measure(load, { kind: "mqtt", ca: authority.caPem, port, cameras });
  await running.bus.close();
  await running.stop();
  rmSync(directory, { recursive: true });
  return rate;
}

async function several<T>(count: number, make: () => Promise<T>): Promise<readonly T[]> {
  const made: T[] = [];
  while (made.length < count) made.push(await make());
  return made;
}

/** Hashes, writes, fdatasyncs, says so. Keeps no record, checks no signature, bounds nothing. */
class BareSubscriber implements BusListener {
  private readonly files = new Map<string, Promise<BareFile>>();
  private readonly bus: Bus;
  private readonly directory: string;

  constructor(bus: Bus, directory: string) {
    this.bus = bus;
    this.directory = directory;
  }

  message(camera: CameraId, topic: UpTopic, payload: Uint8Array): void {
    if (topic.kind === "init") this.announced(camera, payload);
    if (topic.kind === "chunk") void this.chunk(camera, topic, payload);
  }

  connected(): void {}
  disconnected(): void {}
  conflict(): void {}

  private announced(camera: CameraId, payload: Uint8Array): void {
    const init = readInit(payload);
    if (!init.ok) return;
    const note = parseSegment(textOf(init.value.note));
    const header = fromBase64(init.value.header);
    if (!note.ok || !header.ok) return;
    const { clip, index, bytes } = note.value;
    const name = `${camera}.${clip}.${index}`;
    const bodyBytes = bytes - header.value.length;
    const hash = createHash("sha256").update(header.value);
    const file = open(join(this.directory, name), "wx").then((handle) => ({
      handle,
      hash,
      at: 0,
      bodyBytes,
    }));
    this.files.set(name, file);
    const credit = bodyBytes;
    const progress = { v: 1, kind: "progress", clip, segment: index, node: this.bus.node, stored: 0, credit };
    this.bus.send(camera, "clip", writeMessage(progress));
  }

  private async chunk(
    camera: CameraId,
    { clip, index }: Extract<UpTopic, { kind: "chunk" }>,
    payload: Uint8Array,
  ): Promise<void> {
    const file = await this.files.get(`${camera}.${clip}.${index}`);
    if (file === undefined) return;
    const { at } = file;
    file.at += payload.length;
    const whole = file.at === file.bodyBytes;
    file.hash.update(payload);
    const written = file.handle.write(payload, 0, payload.length, at);
    file.writes = Promise.all([file.writes, written]);
    if (!whole) return;
    await file.writes;
    await file.handle.datasync();
    await file.handle.close();
    const receipt = file.hash.digest("base64");
    this.bus.send(camera, "clip", writeMessage({ v: 1, kind: "done", clip, segment: index, receipt }));
  }
}

interface BareFile {
  readonly handle: FileHandle;
  readonly hash: ReturnType<typeof createHash>;
  readonly bodyBytes: number;
  at: number;
  writes?: Promise<unknown>;
}

async function putRate(load: Load): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "lintel-bench-"));
  let count = 0;
  const server = createServer(async (incoming, answer) => {
    const file = await open(join(directory, `${count++}`), "wx");
    for await (const piece of incoming) await file.write(piece);
    await file.sync();
    await file.close();
    answer.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const authority = await rigAuthority(directory);
  const household = householdIdOf(systemRandom.bytes(32));
  const cameras = await several(load.cameras, () => makeCamera(authority, household));
  const rate = await measure(load, { kind: "put", ca: "", port, cameras });
  server.closeAllConnections();
  server.close();
  rmSync(directory, { recursive: true });
  return rate;
}

interface Order {
  readonly kind: "mqtt" | "put";
  readonly ca: string;
  readonly port: number;
  readonly cameras: readonly RigCamera[];
  readonly megabytes?: number;
}

/** MB/s from the moment at which the cameras begin to send until all is acknowledged. */
async function measure({ cameras, megabytes }: Load, order: Order): Promise<number> {
  const child: ChildProcess = fork(
    fileURLToPath(new URL("./main.js", import.meta.url)),
    ["ingest", "--publisher"],
    {
      serialization: "advanced",
    },
  );
  try {
    child.send({ ...order, megabytes });
    await once(child, "message");
    const started = performance.now();
    child.send("go");
    await once(child, "message");
    return (cameras * megabytes * 1000) / (performance.now() - started);
  } finally {
    const ended = once(child, "exit");
    child.disconnect();
    await ended;
  }
}

/** The cameras' process: makes its segments, says that it is ready, sends them all when told, says that it is done. */
async function publish(): Promise<void> {
  const [order] = (await once(process, "message")) as [Order];
  const clips = new Map<RigCamera, readonly RigSegment[]>();
  for (const camera of order.cameras) {
    clips.set(camera, await makeClip(camera, order.megabytes ?? 1, { bodyBytes: megabyte }));
  }
  const connected =
    order.kind === "put" ? [] : await Promise.all(order.cameras.map((one) => TestCamera.connect(one, order)));
  process.send?.("ready");
  await once(process, "message");
  const agent = new Agent({ keepAlive: true, maxSockets: underWay * order.cameras.length });
  await Promise.all(
    order.cameras.map((camera, at) => {
      const segments = clips.get(camera) ?? [];
      const way = connected[at];
      return lanes(segments, (segment) =>
        way === undefined ? put(segment, order.port, agent) : push(way, segment),
      );
    }),
  );
  process.send?.("done");
  for (const way of connected) await way.close();
  agent.destroy();
}

async function lanes(
  segments: readonly RigSegment[],
  send: (segment: RigSegment) => Promise<void>,
): Promise<void> {
  const waiting = [...segments];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await send(next);
  };
  await Promise.all(Array.from({ length: underWay }, lane));
}

async function push(camera: TestCamera, segment: RigSegment): Promise<void> {
  const answer = await camera.push(segment);
  if (answer.kind !== "done") throw new Error(`the segment was answered with ${JSON.stringify(answer)}`);
}

async function put(segment: RigSegment, port: number, agent: Agent): Promise<void> {
  const call = request({ host: "127.0.0.1", port, agent, method: "PUT", path: "/" });
  call.end(segment.file);
  const [response] = await once(call, "response");
  response.resume();
  await once(response, "end");
}
