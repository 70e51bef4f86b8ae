import { execFile, spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { pressBell } from "../../../scripts/cli/bell.io.js";
import { type Places, placesIn, settle } from "../../../scripts/demo/home.io.js";
import { type LogEvent, startProgram } from "../../../scripts/demo/program.io.js";
import { freePort } from "../../../shared/kernel/freeport.contract.js";
import type { Part } from "../rig.js";
import { houseName } from "./card.io.js";
import { type Link, type LinkQuality, openLink } from "./link.io.js";
import type { Wire } from "./wire.io.js";

/** Who keeps the messages between camera and cloud. */
export type Broker = "embedded" | "mosquitto";

export interface HouseOptions {
  readonly source: string;
  readonly broker: Broker;
  /** What the camera's way to the broker is like at first. */
  readonly quality?: LinkQuality;
  /** Settings of the firmware, `LINTEL_…`. */
  readonly camera?: Readonly<Record<string, string>>;
  /** Settings of the cloud, `LINTEL_…`. */
  readonly cloud?: Readonly<Record<string, string>>;
  /** The camera is at its other end, instead of behind the link. */
  readonly wire?: Pick<Wire, "address" | "through">;
  /** Where everything is, if not in a new folder; whoever made it removes it. */
  readonly folder?: string;
  readonly onLine?: (part: Part, line: string) => void;
}

/** A household with one camera and a cloud, as real processes on loopback, in a folder of its own. */
export interface House {
  readonly places: Places;
  readonly camera: string;
  /** The camera's way to the broker; over a wire, the cloud's. */
  readonly link: Link;
  readonly cloudUrl: string;
  /** Parts that can be killed apart from each other. */
  readonly parts: readonly Part[];
  /** Everything that camera and cloud have logged, in order, over all their lives. */
  readonly log: readonly (LogEvent & { readonly part: Part })[];
  runs(part: Part): boolean;
  /** Of a part that runs. */
  pid(part: Part): number;
  start(part: Part): Promise<void>;
  /** SIGKILL: as if power were lost, but for the disk's own cache. */
  kill(part: Part): Promise<void>;
  stop(part: Part): Promise<void>;
  press(): Promise<void>;
  /** Ends everything and removes the folder. */
  close(): Promise<void>;
}

interface Running {
  readonly pid: number;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export async function openHouse(options: HouseOptions): Promise<House> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), houseName(process.pid)));
  const places = placesIn(folder);
  const [http, mqtt] = [await freePort(), await freePort()];
  const host = options.wire?.address ?? "127.0.0.1";
  const link = await openLink(mqtt, options.quality, host);
  const log: (LogEvent & { readonly part: Part })[] = [];
  const programs = new Map<Part, Running>();
  const cloudSettings = cloudEnvironment(options, { places, http, host, mqtt, link });
  if (options.broker === "mosquitto")
    await writeMosquitto(join(folder, "broker"), cloudSettings, `${host}:${mqtt}`);
  const startLogged = (part: Part, main: string, environment: Readonly<Record<string, string>>) =>
    startProgram({
      ...{ name: part, main, environment },
      ...(part === "camera" && options.wire && { through: options.wire.through }),
      onLine: (line) => options.onLine?.(part, line),
      onEvent: (event) => log.push({ ...event, part }),
    });
  const starters: Readonly<Record<Part, () => Promise<Running>>> = {
    broker: () => startMosquitto(join(folder, "broker"), host, mqtt),
    cloud: () => startLogged("cloud", "cloud/main.js", cloudSettings),
    camera: () =>
      startLogged("camera", "firmware/main.js", { ...options.camera, LINTEL_STATE: places.camera }),
  };
  const parts: readonly Part[] =
    options.broker === "mosquitto" ? ["broker", "cloud", "camera"] : ["cloud", "camera"];
  const cloudUrl = `http://127.0.0.1:${http}`;
  const start = async (part: Part): Promise<void> => {
    programs.set(part, await starters[part]());
  };
  const end = async (part: Part, how: "stop" | "kill"): Promise<void> => {
    const program = programs.get(part);
    programs.delete(part);
    await program?.[how]();
  };
  const house = {
    places,
    link,
    cloudUrl,
    parts,
    log,
    runs: (part: Part) => programs.has(part),
    pid: (part: Part) => programs.get(part)?.pid ?? 0,
    start,
    kill: (part: Part) => end(part, "kill"),
    stop: (part: Part) => end(part, "stop"),
    press: () => pressBell(places.camera),
    async close() {
      for (const part of parts.toReversed()) await end(part, "stop");
      await link.close();
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    for (const part of parts) if (part !== "camera") await start(part);
    const { camera } = await settle(places, cloudUrl, options.source);
    await start("camera");
    return { ...house, camera };
  } catch (error) {
    await house.close();
    throw error;
  }
}

interface Ground {
  readonly places: Places;
  readonly http: number;
  /** Where the broker listens. */
  readonly host: string;
  readonly mqtt: number;
  readonly link: Link;
}

function cloudEnvironment(
  { broker, cloud, wire }: HouseOptions,
  { places, http, host, mqtt, link }: Ground,
): Readonly<Record<string, string>> {
  // The link is in the camera's way, or, where that is a wire, in the cloud's.
  const own = wire === undefined ? mqtt : link.port;
  const joined = broker === "mosquitto" ? { LINTEL_BROKER: `mqtts://${host}:${own}` } : {};
  return {
    ...cloud,
    ...joined,
    LINTEL_DATA: places.cloud,
    LINTEL_HTTP: `127.0.0.1:${http}`,
    LINTEL_MQTT: `${host}:${mqtt}`,
    LINTEL_PUBLIC_MQTT: wire === undefined ? `mqtts://127.0.0.1:${link.port}` : `mqtts://${host}:${mqtt}`,
  };
}

/** What an operator does once: the cloud writes the configuration, with its own rights and authority. */
async function writeMosquitto(
  folder: string,
  environment: Readonly<Record<string, string>>,
  listensAt: string,
): Promise<void> {
  const main = fileURLToPath(new URL("../../../cloud/main.js", import.meta.url));
  // The broker itself listens where the link ends, not where cameras find it.
  const env = { ...process.env, ...environment, LINTEL_PUBLIC_MQTT: `mqtts://${listensAt}` };
  await promisify(execFile)(process.execPath, [main, "--mosquitto", folder], { env });
  // Started by root, Mosquitto becomes a user who may not look into a test's private folder.
  if (process.getuid?.() === 0) appendFileSync(join(folder, "mosquitto.conf"), "user root\n");
}

async function startMosquitto(folder: string, host: string, port: number): Promise<Running> {
  const child = spawn("mosquitto", ["-c", join(folder, "mosquitto.conf")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    words = (words + text).slice(-2_000);
  });
  const killed = (): void => void child.kill("SIGKILL");
  process.once("exit", killed); // it has no tether: however we end, it must not outlive us
  const ended = new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("close", () => resolve());
  }).finally(() => process.off("exit", killed));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await ended;
  };
  const gone = ended.then(() => {
    throw new Error(`Mosquitto ended at once: ${words}`);
  });
  await Promise.race([answers(host, port), gone]);
  gone.catch(() => undefined);
  return { pid: child.pid ?? 0, stop: () => end("SIGTERM"), kill: () => end("SIGKILL") };
}

/** Resolves when somebody listens on the port. */
async function answers(host: string, port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, host);
    const open = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    await wait(20);
  }
}
