import { spawn } from "node:child_process";
import { existsSync, watch } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError } from "commander";
import { makeFolder, readIfThere } from "./cli/disk.io.js";
import { fieldsOf } from "./cli/fields.js";
import { loadProfile } from "./cli/member/profile.io.js";
import { Refused } from "./cli/refused.js";
import { type Places, type Ports, placesIn, settle, startCamera, startCloud } from "./demo/home.io.js";
import { interruption, type LogEvent, type Program, ProgramFailed } from "./demo/program.io.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const usualPorts = { http: 8080, mqtt: 8883 };
/** An editor writes several files at once: they are one change. */
const settleMillis = 300;
/** Before a program that ended by itself is started again: one that always does so must not fill the screen. */
const restartMillis = 2_000;

type Name = "cloud" | "camera";
/** In the order in which they start. */
const programs: readonly Name[] = ["cloud", "camera"];

interface Options {
  readonly source: string;
  readonly home: string;
  readonly http?: number;
  readonly mqtt?: number;
}

interface Run {
  readonly places: Places;
  readonly ports: Ports;
  readonly source: string;
  /** What runs, so that one place ends it, in reverse order. */
  readonly running: Map<Name, Program>;
  readonly changes: Changes;
}

interface Changes {
  /** Has a program started again. */
  add(name: Name): void;
  /** Which programs the next change concerns. */
  next(): Promise<readonly Name[]>;
}

await new Command("npm run dev --")
  .description("Cloud and camera that are built and restarted on each change, until Ctrl-C.")
  .option("--home <dir>", "where their data stays", join(root, ".lintel"))
  .option("--source <source>", "the camera, at its first start", "scene:seed=3,first=8,every=40")
  .option("--http <port>", `the cloud's REST API, at the first start (default: ${usualPorts.http})`, portIn)
  .option("--mqtt <port>", `the cloud's broker, at the first start (default: ${usualPorts.mqtt})`, portIn)
  .addHelpText("after", "\nExit code: 0 Ctrl-C; 1 the first start failed, or was used wrongly.")
  .action(dev)
  .parseAsync();

async function dev(options: Options): Promise<void> {
  const running = new Map<Name, Program>();
  let code = 0;
  try {
    await Promise.race([work(options, running), interruption()]);
  } catch (error) {
    complain(error);
    code = 1;
  }
  const last = programs.toReversed().map((name) => running.get(name));
  running.clear();
  for (const program of last) await program?.stop();
  process.exit(code);
}

/** What does not start at first is for the person to mend; later it may be the code that is being written. */
async function work({ home, source, ...wishes }: Options, running: Map<Name, Program>): Promise<never> {
  makeFolder(home);
  const places = placesIn(resolve(home));
  const changes = watchChanges();
  const run: Run = { places, ports: portsOf(places, home, wishes), source, running, changes };
  await startAll(programs, run).catch((error: unknown) => {
    throw portTaken(error, run.ports, home) ?? error;
  });
  for (;;) {
    const changed = await changes.next();
    if (!(await build())) continue;
    const wanted = programs.filter((name) => changed.includes(name) || !running.has(name));
    for (const name of wanted.toReversed()) await stop(name, running);
    await startAll(wanted, run).catch(complain);
  }
}

/** Camera and member know their cloud by its ports: those of the first start stay. */
function portsOf(places: Places, home: string, wishes: Partial<Ports>): Ports {
  const told = readIfThere(join(places.camera, "identity", "cloud.json"));
  const broker = told === undefined ? undefined : fieldsOf(JSON.parse(told), "cloud.json").text("mqttUrl");
  const known = { http: portAt(loadProfile(places.member)?.cloudUrl), mqtt: portAt(broker) };
  const choose = (name: keyof Ports): number => {
    const wish = wishes[name];
    if (known[name] !== undefined && wish !== undefined && wish !== known[name])
      throw new Refused(
        `What is in ${home} knows its cloud at port ${known[name]}: leave --${name} away, or begin anew with another --home.`,
      );
    return known[name] ?? wish ?? usualPorts[name];
  };
  return { http: choose("http"), mqtt: choose("mqtt") };
}

function portAt(url: string | undefined): number | undefined {
  const port = url === undefined ? "" : new URL(url).port;
  return port === "" ? undefined : Number(port);
}

function portIn(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new InvalidArgumentError("it must be a number from 1 to 65535");
}

/** The cloud names its own settings; here these are options. */
function portTaken(error: unknown, ports: Ports, home: string): Refused | undefined {
  const lines = error instanceof ProgramFailed ? error.lines : [];
  const taken = lines.find((line) => line.includes("another program listens there"));
  if (taken === undefined) return undefined;
  const name = taken.includes("LINTEL_HTTP") ? "http" : "mqtt";
  return new Refused(
    `Port ${ports[name]} is taken. Stop what listens there, or begin on another: npm run dev -- --${name} PORT (with a new --home where ${home} is in use already).`,
  );
}

async function stop(name: Name, running: Map<Name, Program>): Promise<void> {
  const program = running.get(name);
  running.delete(name);
  await program?.stop();
}

/** What is not in `running` when it ends was stopped by us. */
function keepUp(name: Name, program: Program, { running, changes }: Run): void {
  running.set(name, program);
  void program.ended.then(async (how) => {
    if (running.get(name) !== program) return;
    running.delete(name);
    complain(new ProgramFailed(name, `${how}; it is started again`, program.lastLines()));
    await wait(restartMillis);
    if (!running.has(name)) changes.add(name);
  });
}

/** Starts what is named, in order. */
async function startAll(names: readonly Name[], run: Run): Promise<void> {
  const { places, ports, source } = run;
  for (const name of names) {
    const onEvent = show(name);
    if (name === "camera") {
      keepUp(name, await startCamera(places, onEvent), run);
      continue;
    }
    const cloud = await startCloud(places, ports, onEvent);
    keepUp(name, cloud, run);
    say(name, `REST ${cloud.ready.text("http")}, docs ${cloud.ready.text("docs")}`);
    if (existsSync(join(places.camera, "charter.json"))) continue;
    const { camera } = await settle(places, cloud.ready.text("http"), source);
    say("home", `camera ${camera} is installed; npm run lintel -- member clips --profile ${places.member}`);
  }
}

function complain(error: unknown): void {
  const lines = error instanceof ProgramFailed ? error.lines : [];
  for (const line of [error instanceof Error ? error.message : String(error), ...lines]) say("failed", line);
}

function show(name: Name): (event: LogEvent) => void {
  return ({ event, fields }) => {
    if (event !== "http.answered") say(name, `${event} ${fields.maybeText("clipId") ?? ""}`);
  };
}

function say(name: string, line: string): void {
  console.log(`${name.padEnd(6)}  ${line}`);
}

/** A compiler's complaint is on the screen; what runs goes on. */
function build(): Promise<boolean> {
  const child = spawn(process.execPath, [join(root, "scripts/build.mjs")], { stdio: "inherit" });
  return new Promise((resolve) => child.once("close", (code) => resolve(code === 0)));
}

/** Changes of source files. */
function watchChanges(): Changes {
  const concerned = new Set<Name>();
  let wake = (): void => undefined;
  const add = (name: Name): void => {
    concerned.add(name);
    wake();
  };
  const folders = { shared: ["cloud", "camera"], cloud: ["cloud"], firmware: ["camera"] } as const;
  for (const [folder, names] of Object.entries(folders)) {
    watch(join(root, folder), { recursive: true }, (_, file) => {
      if (file === null || !file.endsWith(".ts") || file.endsWith(".test.ts")) return;
      for (const name of names) add(name);
    });
  }
  return {
    add,
    async next() {
      if (concerned.size === 0)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      await wait(settleMillis);
      const names = [...concerned];
      concerned.clear();
      return names;
    },
  };
}
