// The board rig: a real board behind relays, a screen, a router and ssh, and a cloud of each story's own on this computer.

import { execFileSync } from "node:child_process";
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { service } from "../../../scripts/cli/install/service.io.js";
import { memberInit } from "../../../scripts/cli/member/init.io.js";
import { Refused } from "../../../scripts/cli/refused.js";
import { type Places, placesIn, quiet } from "../../../scripts/demo/home.io.js";
import { type LogEvent, type Program, readEvent, startProgram } from "../../../scripts/demo/program.io.js";
import { freePort } from "../../../shared/kernel/freeport.contract.js";
import { evidenceDriver, meterDriver } from "../host/drivers.io.js";
import type { ButtonDriver, Capability, Drivers, OpenRequest, Part, Rig } from "../rig.js";
import { type Board, openBoard } from "./camera.io.js";
import type { RigConfig } from "./config.js";
import { watchLight } from "./light.io.js";
import { lockBoard } from "./lock.io.js";
import { type Output, openOutput } from "./outputs.io.js";
import { type CloudPorts, openRouter } from "./router.io.js";
import { openScreen } from "./screen.io.js";
import type { Following } from "./ssh.io.js";

const consoleBaud = "115200";
const onlineMillisMax = 60_000;
const lookMillis = 250;

/** Takes the board for this process. Throws `Refused` where another run has it. */
export async function openBoardRig(config: RigConfig): Promise<Rig> {
  (await lockBoard(config.id)).unref();
  const without = (given: unknown, what: string): string | undefined =>
    given === undefined ? `rig.yaml names no ${what}` : undefined;
  const missing: Readonly<Partial<Record<Capability, string | undefined>>> = {
    power: without(config.power, "power relay"),
    button: without(config.button, "relay at the button"),
    lens: without(config.screen, "screen before the lens"),
    line: without(config.router, "router between board and cloud"),
    disk: "the board's card is the one that it starts from: the rig leaves it alone",
    clock: "the board's clock is set by the network's time: the rig has no time server",
  };
  return {
    name: "board",
    lacks: (capability) => missing[capability],
    cannot: ({ broker }) =>
      broker === "external" ? "the board rig has the cloud's own broker only" : undefined,
    open: (request) => open(config, request),
  };
}

/** What is undone at the end, the latest first. */
type Undo = (() => Promise<unknown>)[];

interface Ground {
  readonly board: Board;
  readonly power: Output | undefined;
  readonly places: Places;
  readonly cloud: CloudPorts;
  readonly log: (LogEvent & { readonly part: Part })[];
  readonly undo: Undo;
}

async function open(config: RigConfig, request: OpenRequest): Promise<Drivers> {
  const undo: Undo = [];
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= undoAll(undo);
    return closing;
  };
  const forget = whenInterrupted(close);
  try {
    const drivers = await build(config, request, undo);
    return { ...drivers, close: () => close().finally(forget) };
  } catch (error) {
    await close().finally(forget);
    throw error;
  }
}

async function build(config: RigConfig, request: OpenRequest, undo: Undo): Promise<Omit<Drivers, "close">> {
  const ground = await openGround(config, undo);
  const { board, places, cloud, log } = ground;
  const { parts, powerDriver } = await startParts(ground, request);
  await board.provision(places.member, request.house);
  const house = { places: { ...places, camera: join(places.camera, "mirror") }, log };
  const { router, screen } = config;
  const line = router && openRouter(router, cloud);
  if (line) undo.push(line.close);
  const pir = config.pir && openOutput(config.pir, "the motion sensor's relay");
  const lens = screen && openScreen(screen, pir, board.host);
  if (lens) undo.push(lens.close);
  if (config.light) undo.push(watchLight(config.light, (line) => request.onConsole("rig", line)));
  if (config.console !== undefined) undo.push(readConsole(config.console, request));
  const fresh = evidenceDriver(house);
  await untilOnline(async () => (await fresh.status()).online, config);
  const looked = async <T>(look: () => Promise<T>): Promise<T> => {
    if (powerDriver.isOn("camera")) await board.mirror(house.places.camera);
    return look();
  };
  const ofCloud = meterDriver({ pid: () => parts.cloud?.pid ?? 0 });
  return {
    time: { now: () => Date.now(), pass: (millis) => wait(millis) },
    evidence: { ...fresh, onCard: () => looked(fresh.onCard), waiting: () => looked(fresh.waiting) },
    meter: { read: (part) => (part === "camera" ? board.read() : ofCloud.read(part)) },
    ...(config.power && { power: powerDriver }),
    ...(config.button && {
      button: pressing(openOutput(config.button, "the button's relay"), powerDriver, undo),
    }),
    ...(lens && { lens: lens.driver }),
    ...(line && { line: line.driver }),
  };
}

async function openGround(config: RigConfig, undo: Undo): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), "lintel-board-"));
  undo.push(async () => rmSync(folder, { recursive: true, force: true }));
  const power = config.power && openOutput(config.power, "the power relay");
  const board = openBoard(config);
  await power?.set(true);
  await board.awaken();
  undo.push(board.wipe);
  const places = placesIn(folder);
  const cloud = { address: config.cloud.address, http: await freePort(), mqtt: await freePort() };
  return { board, power, places, cloud, log: [], undo };
}

/** Cloud and camera as something that has power or not. */
async function startParts(ground: Ground, { onConsole }: OpenRequest) {
  const { board, power, places, cloud, log, undo } = ground;
  const heard = (part: Part, event: LogEvent | undefined): void =>
    void (event && log.push({ ...event, part }));
  const parts: { cloud?: Program; console?: Following } = {};
  const follow = (since: "now" | "boot"): void => {
    parts.console = board.follow(since, (line) => {
      onConsole("camera", line);
      heard("camera", readEvent(line));
    });
  };
  const startCloud = async (): Promise<void> => {
    parts.cloud = await startProgram({
      ...{ name: "cloud", main: "cloud/main.js", environment: cloudEnvironment(places, cloud) },
      onLine: (line) => onConsole("cloud", line),
      onEvent: (event) => heard("cloud", event),
    });
  };
  let on = true;
  undo.push(async () => {
    await parts.console?.stop();
    await parts.cloud?.stop();
  });
  await startCloud();
  const ready = parts.cloud?.ready;
  const caHash = ready?.maybeText("caHash");
  const url = ready?.text("http") ?? "";
  await memberInit(places.member, { cloud: url, name: "Anna", ...(caHash && { caHash }) }, quiet());
  follow("now");
  const powerDriver = {
    async cut(part: Part): Promise<void> {
      if (part === "cloud") return killCloud(parts);
      await power?.set(false);
      on = false;
      await parts.console?.stop();
    },
    async restore(part: Part): Promise<void> {
      if (part === "cloud") return startCloud();
      await power?.set(true);
      on = true;
      await board.awaken();
      follow("boot");
    },
    isOn: (part: Part) => (part === "cloud" ? parts.cloud !== undefined : on),
  };
  // A board is left with power: whoever comes next finds it, and its wiping needs it.
  undo.push(async () => {
    if (!on) await powerDriver.restore("camera");
  });
  return { parts, powerDriver };
}

/** A story begins with a camera that records and is seen. */
async function untilOnline(online: () => Promise<boolean>, { board, cloud }: RigConfig): Promise<void> {
  const deadline = performance.now() + onlineMillisMax;
  while (!(await online())) {
    if (performance.now() > deadline)
      throw new Refused(
        `The board was installed, but its camera did not reach the cloud at ${cloud.address} within ${onlineMillisMax / 1_000} s. What it says: ssh ${board.target} journalctl -u ${service}`,
      );
    await wait(lookMillis);
  }
}

async function killCloud(parts: { cloud?: Program }): Promise<void> {
  const { cloud } = parts;
  delete parts.cloud;
  await cloud?.kill();
}

function cloudEnvironment({ cloud }: Places, { address, http, mqtt }: CloudPorts) {
  return {
    LINTEL_DATA: cloud,
    LINTEL_HTTP: `${address}:${http}`,
    LINTEL_MQTT: `${address}:${mqtt}`,
    LINTEL_HTTP_TLS: /^(127\.|localhost$|::1$)/.test(address) ? "off" : "on",
  };
}

function pressing(contact: Output, power: { isOn(part: Part): boolean }, undo: Undo): ButtonDriver {
  undo.push(() => contact.set(false));
  return {
    async move(edges) {
      if (!power.isOn("camera")) return false;
      for (const to of edges) await contact.set(to === "down");
      return true;
    },
  };
}

/** What the board's kernel says, by its own wire: also when it does not get as far as ssh. */
function readConsole(device: string, { onConsole }: OpenRequest): () => Promise<void> {
  execFileSync("stty", ["-F", device, consoleBaud, "raw", "-echo"]);
  const wire = createReadStream(device);
  wire.on("error", (error) => onConsole("rig", `the board's console: ${error.message}`));
  createInterface({ input: wire }).on("line", (line) => onConsole("rig", `console: ${line}`));
  return async () => void wire.destroy();
}

/** All of it, whatever of it fails; the first failure is then told. */
async function undoAll(undo: Undo): Promise<void> {
  const failures: unknown[] = [];
  for (const step of undo.splice(0).toReversed())
    await step().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/**
 * Ctrl-C leaves the board with power and nothing running on it; a second one does not wait for that. Meanwhile nobody else answers
 * these signals: the runner would end at once.
 */
function whenInterrupted(close: () => Promise<void>): () => void {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const others = signals.map((signal) => [signal, process.listeners(signal)] as const);
  const forget = (): void => {
    for (const [signal, listeners] of others) {
      process.off(signal, stop);
      for (const listener of listeners) process.on(signal, listener);
    }
  };
  const stop = (): void => {
    forget();
    process.stderr.write("stopping: the board is wiped and left with power …\n");
    void close().then(
      () => process.exit(130),
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
        process.exit(1);
      },
    );
  };
  for (const signal of signals) process.removeAllListeners(signal).on(signal, stop);
  return forget;
}
