// npm run hil [-- --rig RIG] [--only WORDS] [--seed S] [--out DIR] [--json]: tells every story on the rigs that are here, and
// writes a report for people and two for programs.
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { forgetSettings } from "../../scripts/demo/program.io.js";
import { runFile } from "../prove/bytests.js";
import { proofContext } from "../prove/proof.js";
import { openRigFile } from "../rig/board/file.io.js";
import { openHostRig } from "../rig/host/host.io.js";
import type { Rig, RigName } from "../rig/rig.js";
import { runStory, type StoryRun } from "../rig/run.js";
import { openSimRig } from "../rig/sim/sim.io.js";
import type { Story } from "../rig/story.js";
import { type RowId, type Shown, table } from "../rig/table.js";
import { stories } from "../scenarios/stories.js";
import { parseHistory, remember } from "./report/history.js";
import { junit, tap } from "./report/machine.js";
import { page } from "./report/page.js";
import { countOf, type Results, type ShownByTests, type Soaked } from "./report/results.js";
import { soaked } from "./soaked.js";

/** Rigs that are here; each brings its line. */
const rigs: Readonly<Partial<Record<RigName, (config?: string) => Promise<Rig>>>> = {
  sim: openSimRig,
  host: openHostRig,
  board: openRigFile,
};

const usage = `npm run hil [-- --rig RIG] [--only WORDS] [--seed S] [--out DIR] [--json]

Tells every story of hil-tests/scenarios on the rigs that are here, and writes report.html, junit.xml, report.tap and runs.json.
  --rig RIG     one of: ${Object.keys(rigs).join(", ")} (default: all but board, which wipes what is wired to it)
  --config FILE what is wired to what, for the board (hil-tests/rig/board/rig.example.yaml)
  --only WORDS  stories and rows of the reliability table with these words; "soak" is run when it is named only
  --seed S      of everything that is left to chance (default: 20)
  --minutes M   of the soak (default: 30)
  --cameras N   in the soak (default: 20)
  --out DIR     where to write; figures of earlier runs are looked for there (default: .build/hil)
  --json        print what came of it as JSON
Root is needed for networks and disks of their own: without it those stories are skipped, and the report says why.
Exit code: 0 everything that ran holds, 1 something does not or nothing ran, 2 used wrongly.

${stories.map(({ row, name }) => `  ${row}: ${name}\n`).join("")}`;

const historyName = "history.jsonl";
const root = fileURLToPath(new URL("../../..", import.meta.url)); // from .build/hil-tests/hil/

class WrongUse extends Error {}

forgetSettings();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));
try {
  await main();
} catch (error) {
  const wrongUse = error instanceof WrongUse || (error instanceof TypeError && "code" in error);
  process.stderr.write(
    `hil: ${error instanceof Error ? error.message : error}\n${wrongUse ? `\n${usage}` : ""}`,
  );
  process.exit(wrongUse ? 2 : 1);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rig: { type: "string" },
      config: { type: "string" },
      only: { type: "string", default: "" },
      seed: { type: "string", default: "20" },
      minutes: { type: "string", default: "30" },
      cameras: { type: "string", default: "20" },
      out: { type: "string", default: join(root, ".build/hil") },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return void process.stdout.write(usage);
  const say = (line: string): void => void (values.json ? process.stderr : process.stdout).write(`${line}\n`);
  const out = resolve(values.out);
  const { only } = values;
  const chosen = stories.filter((story) => hasWords(story, only));
  const byTests = testedRows(only);
  const soak = only !== "" && "soak".includes(only);
  const results = {
    ...groundNow(values.rig === "board"),
    ...{
      runs: [] as StoryRun[],
      byTests: [] as readonly ShownByTests[],
      soaked: undefined as Soaked | undefined,
    },
  };
  const seed = wholeNumber(values.seed, "--seed");
  for (const rig of await openRigs(values.rig, values.config))
    for (const story of chosen) {
      results.runs.push(await tell(story, rig, seed, say));
      publish(out, results); // whoever ends us finds what there was
    }
  results.byTests = await runTests(byTests, say);
  if (soak)
    results.soaked = await soaked({
      minutes: wholeNumber(values.minutes, "--minutes"),
      cameras: wholeNumber(values.cameras, "--cameras"),
      say,
    });
  publish(out, results);
  appendFileSync(
    join(out, historyName),
    remember(results)
      .map((one) => `${JSON.stringify(one)}\n`)
      .join(""),
  );
  const count = countOf(results);
  if (values.json) process.stdout.write(`${JSON.stringify({ out, ...count })}\n`);
  say(
    `${count.passed} held, ${count.failed} failed, ${count.skipped} not possible here: ${join(out, "report.html")}`,
  );
  process.exitCode = count.failed === 0 && count.passed > 0 ? 0 : 1;
}

function wholeNumber(text: string, option: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text))
    throw new WrongUse(`${option} is "${text}", but must be a whole number from 1 on.`);
  return Number(text);
}

function hasWords({ name, row }: Pick<Story, "name" | "row">, words: string): boolean {
  return [name, row, table[row].fault].some((text) => text.toLowerCase().includes(words.toLowerCase()));
}

/** The board rig wipes a board: it is opened where it is named only. */
async function openRigs(name: string | undefined, config: string | undefined): Promise<readonly Rig[]> {
  const known = Object.entries(rigs).filter(([rig]) => (name === undefined ? rig !== "board" : rig === name));
  if (known.length === 0) throw new WrongUse(`There is no rig "${name}" here.`);
  return Promise.all(known.map(([, open]) => open(config)));
}

/** Alone: each has the machine for itself. */
async function tell(story: Story, rig: Rig, seed: number, say: (line: string) => void): Promise<StoryRun> {
  const run = await runStory(story, {
    ...{ rig, seed },
    now: () => performance.now(),
    load: () => loadavg()[0] ?? 0,
  });
  const { verdict, seconds, faults, lost, twice, why } = run;
  const told =
    verdict === "passed"
      ? `${faults} faults, ${lost.length} lost, ${twice.length} twice`
      : why.split("\n")[0];
  say(`${verdict.padEnd(7)} ${seconds.toFixed(0).padStart(4)} s  ${rig.name}: ${story.name}: ${told}`);
  return run;
}

function testedRows(words: string): readonly { readonly row: RowId; readonly tests: Shown }[] {
  return (Object.keys(table) as RowId[]).flatMap((row) => {
    const found = table[row];
    return "tests" in found && hasWords({ name: found.pass, row }, words)
      ? [{ row, tests: found.tests }]
      : [];
  });
}

async function runTests(
  rows: readonly { readonly row: RowId; readonly tests: Shown }[],
  say: (line: string) => void,
): Promise<readonly ShownByTests[]> {
  const shown: ShownByTests[] = [];
  for (const { row, tests } of rows) {
    const since = performance.now();
    const unshown: string[] = [];
    for (const file of new Set(tests.map(([name]) => name))) {
      const { passed } = await runFile({ ...proofContext(root), progress: () => undefined }, file);
      const missing = tests.filter(
        ([name, title]) => name === file && !passed.some((one) => one.startsWith(title)),
      );
      unshown.push(...missing.map(([name, title]) => `${name}: ${title}`));
    }
    shown.push({ row, tests: tests.length, unshown, seconds: (performance.now() - since) / 1_000 });
    say(
      `${unshown.length === 0 ? "passed " : "failed "} ${((performance.now() - since) / 1_000).toFixed(0).padStart(4)} s  tests: ${table[row].fault}`,
    );
  }
  return shown;
}

function groundNow(board: boolean): Pick<Results, "at" | "commit" | "machine" | "remarks"> {
  const git = (...words: readonly string[]): string =>
    execFileSync("git", words, { cwd: root, encoding: "utf8" }).trim();
  return {
    at: new Date().toISOString(),
    commit: `${git("rev-parse", "HEAD")}`,
    machine: `${cpus().length} × ${cpus()[0]?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
    remarks: board ? [] : ["No board was measured: what is said here holds for programs on this machine."],
  };
}

function publish(out: string, results: Results): void {
  mkdirSync(out, { recursive: true });
  const file = (name: string): string => join(out, name);
  const history = file(historyName);
  const before = existsSync(history) ? parseHistory(readFileSync(history, "utf8")) : [];
  writeFileSync(file("report.html"), page(results, before));
  writeFileSync(file("junit.xml"), junit(results));
  writeFileSync(file("report.tap"), tap(results));
  writeFileSync(
    file("runs.json"),
    `${JSON.stringify(results, (name, value) => (name === "picture" ? undefined : value))}\n`,
  );
}
