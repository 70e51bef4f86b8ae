import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { placesIn, startCloud } from "../../scripts/demo/home.io.js";
import type { Program } from "../../scripts/demo/program.io.js";

const main = fileURLToPath(new URL("../../scripts/cli/main.js", import.meta.url));
const source = "scene:seed=1,size=320x180,fps=10";
/** A pause between two words of the installer in which it is killed half-way, too. */
const pauseMillisMin = 200;

/** Where `lintel install` is killed: so long after its word number `after` (-1: its start). */
export interface KillPoint {
  readonly after: number;
  readonly millis: number;
  /** For people: the word, and whether in the middle of what follows. */
  readonly name: string;
}

/** What came of an installation that was killed and given again. */
export interface Rerun {
  readonly point: string;
  /** False when it had ended before the kill came. */
  readonly killed: boolean;
  /** What is not as it must be; empty when all is. */
  readonly faults: readonly string[];
}

/** A household with a cloud, which takes in one board after the other. */
export interface InstallGround {
  /** Installs a board in peace: the points at which others are then killed, and how long each step took. */
  inPeace(): Promise<{
    readonly points: readonly KillPoint[];
    readonly steps: Readonly<Record<string, number>>;
  }>;
  killedAt(point: KillPoint): Promise<Rerun>;
  close(): Promise<void>;
}

type Word = Readonly<Record<string, unknown>>;

export async function openInstallGround(): Promise<InstallGround> {
  const folder = mkdtempSync(join(tmpdir(), "lintel-install-"));
  const places = placesIn(folder);
  const cloud = await startCloud(places, { http: 0, mqtt: 0 });
  const profile = ["--profile", places.member];
  const member = (...args: readonly string[]): Lintel => run(["member", ...args, ...profile]);
  await member("init", "--cloud", cloud.ready.text("http"), "--name", "Anna").ended;
  let boards = 0;
  /** A claim, and the command that answers it on a new board. */
  const board = async () => {
    const state = join(folder, `board-${++boards}`);
    const owner = member("claim", "--yes", "--json", "--camera-name", `Door ${boards}`);
    const claim = `${(await owner.word("claim")).claim}`;
    const install = () => run(["install", "--claim", claim, "--state", state, "--source", source, "--json"]);
    return { install, owner };
  };
  return {
    async inPeace() {
      const { install, owner } = await board();
      const installing = install();
      const code = await installing.ended;
      await owner.kill();
      if (code !== 0) throw new Error(`lintel install failed: ${installing.said()}`);
      return { points: pointsOf(installing), steps: stepsOf(installing.words) };
    },
    async killedAt(point) {
      const before = await camerasOf(member);
      const { install, owner } = await board();
      const first = install();
      await Promise.race([first.wordAt(point.after).then(() => wait(point.millis)), first.ended]);
      const killed = await first.kill();
      const again = install();
      const faults = (await again.ended) === 0 ? [] : [`the second run failed: ${again.said()}`];
      await owner.kill();
      faults.push(...(await faultsOf(again.words, member, before)));
      return { point: point.name, killed, faults };
    },
    close: () => close(cloud, folder),
  };
}

async function close(cloud: Program, folder: string): Promise<void> {
  await cloud.stop();
  rmSync(folder, { recursive: true, force: true });
}

type Member = (...args: readonly string[]) => Lintel;

/** Exactly one camera more, and its test clip in the vault, acknowledged to the camera and verified by the owner. */
async function faultsOf(words: readonly Word[], member: Member, before: number): Promise<readonly string[]> {
  const faults: string[] = [];
  const more = (await camerasOf(member)) - before;
  if (more !== 1) faults.push(`${more} enrolments`);
  const clip = words.find(({ event }) => event === "tested")?.clip;
  if (typeof clip !== "string") return [...faults, "no clip was acknowledged"];
  const opening = member("open", clip, "--out", join(tmpdir(), `lintel-install-${clip}.mp4`));
  if ((await opening.ended) !== 0) faults.push(`the clip does not verify: ${opening.said()}`);
  rmSync(join(tmpdir(), `lintel-install-${clip}.mp4`), { force: true });
  return faults;
}

async function camerasOf(member: Member): Promise<number> {
  const listing = member("cameras", "--json");
  await listing.ended;
  return listing.words.length;
}

function stepsOf(words: readonly Word[]): Readonly<Record<string, number>> {
  const steps = words.filter(({ event }) => event === "step");
  return Object.fromEntries(steps.map(({ step, ms }) => [`${step}`, Number(ms)]));
}

/** After each word, and in the middle of each longer pause behind one: a step of tomorrow is among them by itself. */
function pointsOf({ words, times }: Lintel): readonly KillPoint[] {
  const named = ["start", ...words.map(({ event, step }) => [event, step].filter(Boolean).join(" "))];
  return named.flatMap((name, at) => {
    const pause = (times[at + 1] ?? 0) - (times[at] ?? 0);
    const point = { after: at - 1, millis: 0, name: `after ${name}` };
    const later = { after: at - 1, millis: Math.round(pause / 2), name: `in the middle after ${name}` };
    if (at === named.length - 1) return [];
    return pause < pauseMillisMin ? [point] : [point, later];
  });
}

/** A `lintel` command that runs. */
interface Lintel {
  /** Its JSON lines so far, and when it started and said each. */
  readonly words: readonly Word[];
  readonly times: readonly number[];
  readonly ended: Promise<number | null>;
  word(field: string): Promise<Word>;
  wordAt(index: number): Promise<void>;
  said(): string;
  /** False when it had ended by itself. */
  kill(): Promise<boolean>;
}

function run(args: readonly string[]): Lintel {
  const child: ChildProcess = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const [words, times]: [Word[], number[]] = [[], [performance.now()]];
  let said = "";
  const waiting: (() => void)[] = [];
  const wake = (): void => void waiting.splice(0).map((resume) => resume());
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (!line.startsWith("{")) return;
      words.push(JSON.parse(line));
      times.push(performance.now());
      wake();
    });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  let over = false;
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", (code) => {
      over = true;
      wake();
      resolve(code);
    });
  });
  const until = async <T>(found: () => T | undefined): Promise<T> => {
    for (;;) {
      const value = found();
      if (value !== undefined) return value;
      if (over) throw new Error(`lintel ${args[0]} ended: ${said}`);
      await new Promise<void>((resume) => waiting.push(resume));
    }
  };
  return {
    words,
    times,
    ended,
    said: () => said.trim(),
    word: (field) => until(() => words.find((word) => field in word)),
    wordAt: (index) => until(() => (words.length > index ? true : undefined)).then(() => undefined),
    async kill() {
      const killed = !over && child.exitCode === null && child.kill("SIGKILL");
      await ended;
      return killed;
    },
  };
}
