import { spawn } from "node:child_process";
import { existsSync, watch } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { type Places, placesIn, settle, startCamera, startCloud } from "./demo/home.io.js";
import { type LogEvent, type Program, ProgramFailed } from "./demo/program.io.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const ports = { http: 8080, mqtt: 8883 };
/** An editor writes several files at once: they are one change. */
const settleMillis = 300;

type Name = "cloud" | "camera";
/** In the order in which they start. */
const programs: readonly Name[] = ["cloud", "camera"];

interface Options {
  readonly source: string;
}

await new Command("npm run dev --")
  .description("Cloud and camera that are built and restarted on each change. Data stays in .lintel/.")
  .option("--source <source>", "the camera, at its first start", "scene:seed=3,first=8,every=40")
  .action(dev)
  .parseAsync();

async function dev({ source }: Options): Promise<void> {
  const places = placesIn(join(root, ".lintel"));
  const running = new Map<Name, Program>();
  const changes = watchChanges();
  const interrupted = new Promise<"stop">((done) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => done("stop"));
  });
  let changed: readonly Name[] | "stop" = [];
  while (changed !== "stop") {
    const wanted = programs.filter((name) => changed.includes(name) || !running.has(name));
    for (const name of wanted.toReversed()) await running.get(name)?.stop();
    await startAll(wanted, running, places, source);
    changed = await Promise.race([changes.next(), interrupted]);
    if (changed !== "stop" && !(await build())) changed = [];
  }
  for (const name of programs.toReversed()) await running.get(name)?.stop();
  process.exit(0);
}

/** Starts what is named, in order; a program that does not start says why and waits for the next change. */
async function startAll(
  names: readonly Name[],
  running: Map<Name, Program>,
  places: Places,
  source: string,
): Promise<void> {
  for (const name of names) running.delete(name);
  try {
    for (const name of names) running.set(name, await startOne(name, places, source));
  } catch (error) {
    const lines = error instanceof ProgramFailed ? error.lines : [];
    for (const line of [error instanceof Error ? error.message : String(error), ...lines])
      say("failed", line);
  }
}

async function startOne(name: Name, places: Places, source: string): Promise<Program> {
  if (name === "camera") return startCamera(places, show(name));
  const cloud = await startCloud(places, ports, show(name));
  say(name, `REST ${cloud.ready.text("http")}, docs ${cloud.ready.text("docs")}`);
  if (!existsSync(join(places.camera, "charter.json"))) {
    const { camera } = await settle(places, cloud.ready.text("http"), source);
    say("home", `camera ${camera} is installed; npm run lintel -- member clips --profile ${places.member}`);
  }
  return cloud;
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

/** Which programs the next change of a source file concerns. */
function watchChanges(): { next(): Promise<readonly Name[]> } {
  const concerned = new Set<Name>();
  let wake = (): void => undefined;
  const folders = { shared: ["cloud", "camera"], cloud: ["cloud"], firmware: ["camera"] } as const;
  for (const [folder, names] of Object.entries(folders)) {
    watch(join(root, folder), { recursive: true }, (_, file) => {
      if (file === null || !file.endsWith(".ts") || file.endsWith(".test.ts")) return;
      for (const name of names) concerned.add(name);
      wake();
    });
  }
  return {
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
