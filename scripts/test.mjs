// npm test [-- [--fast] [--coverage] [files.test.ts …]]: sets up, builds, runs each test file with plain node (a tap
// test is a program that prints TAP), closes with one count line. Files named *.slow.test.ts run after the others, three
// at a time whatever the machine has, since they mostly wait for footage; --fast leaves them out. The file that took
// longest last time starts first, so that nothing waits for it at the end. Why not `tap run`: shared/decisions/0002-tests.md.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { helpOrNothing } from "./help.mjs";
import { setUp } from "./setup.mjs";

helpOrNothing(
  `npm test [-- [--fast] [--coverage] [FILE.test.ts …]]: every test, or those of the named files.

  --fast      without *.slow.test.ts
  --coverage  count what the tests ran, file by file

A test that needs a program that is not here is skipped, and says which. Exit code: 0 all passed, 1 one failed or none
ran, 2 used wrongly.`,
  { options: ["--fast", "--coverage"], files: true },
);

const root = fileURLToPath(new URL("..", import.meta.url));
const secondsMax = { fast: 120, slow: 900 };
const slowJobs = 3;
const graceMillisMax = 1000;
const graceMillisStep = 20;
const workspaces = ["shared", "firmware", "cloud", "scripts", "hil-tests"];

const options = process.argv.slice(2).filter((word) => word.startsWith("--"));
const named = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const coverage = options.includes("--coverage");

setUp("test");
await import("./build.mjs");

const coverageFolder = join(root, ".build/coverage");
if (coverage) rmSync(coverageFolder, { recursive: true, force: true });

const durations = join(root, ".build/test-seconds.json");
const lastSeconds = readDurations();
const files = longestFirst(named.length > 0 ? named.map(builtPath) : allTestFiles());
const slow = files.filter((file) => /\.slow\.test\.js$/.test(file));
const fast = files.filter((file) => !slow.includes(file));

const results = [];
const running = new Set();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, endAll);
await inParallel(fast, availableParallelism(), secondsMax.fast);
if (!options.includes("--fast")) await inParallel(slow, slowJobs, secondsMax.slow);
if (coverage) printCoverage();
writeFileSync(durations, JSON.stringify(lastSeconds));
closeWithCounts();

function stop(message) {
  console.error(`test: ${message}`);
  process.exit(1);
}

function builtPath(path) {
  const built = join(".build", path.replace(/^\.build\//, "").replace(/\.ts$/, ".js"));
  if (!existsSync(join(root, built))) stop(`there is no test file ${path}`);
  return built;
}

function allTestFiles() {
  return workspaces
    .filter((workspace) => existsSync(join(root, ".build", workspace)))
    .flatMap((workspace) =>
      readdirSync(join(root, ".build", workspace), { recursive: true }).map((path) =>
        join(".build", workspace, path),
      ),
    )
    .filter((path) => path.endsWith(".test.js"))
    .sort();
}

/** Seconds that each file took when it last ran here. */
function readDurations() {
  try {
    return JSON.parse(readFileSync(durations, "utf8"));
  } catch {
    return {};
  }
}

function longestFirst(paths) {
  const seconds = (path) => lastSeconds[path] ?? Infinity;
  return paths.sort((a, b) => (seconds(a) === seconds(b) ? 0 : seconds(b) - seconds(a)));
}

/** A group of its own is not told when somebody at the terminal stops us. */
function endAll() {
  for (const leader of running) process.kill(-leader, "SIGKILL");
  stop("stopped");
}

async function inParallel(queue, jobs, seconds) {
  const waiting = [...queue];
  const worker = async () => {
    while (waiting.length > 0) report(await runFile(waiting.shift(), seconds));
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}

/** In a process group of its own, so that what the test forgot to stop can be seen, ended and reported. */
async function runFile(file, seconds) {
  const started = performance.now();
  const env = {
    ...process.env,
    TAP_TIMEOUT: `${seconds}`,
    ...(coverage && { NODE_V8_COVERAGE: coverageFolder }),
  };
  const child = spawn(process.execPath, ["--enable-source-maps", file], {
    cwd: root,
    detached: true,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child.pid);
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) {
    child[name].setEncoding("utf8").on("data", (text) => {
      output[name] += text;
    });
  }
  const faults = [];
  const timer = setTimeout(
    () => {
      faults.push(`still running after ${seconds} s`);
      process.kill(-child.pid, "SIGKILL");
    },
    (seconds + 5) * 1000, // tap itself gives up first, and says in which test
  );
  const closed = once(child, "close");
  const [code, signal] = await once(child, "exit");
  clearTimeout(timer);
  running.delete(child.pid);
  if (signal) faults.push(`ended by ${signal}`);
  else if (code !== 0) faults.push(`exit code ${code}`);
  const left = await survivors(child.pid);
  if (left.length > 0) faults.push(`left processes running: ${left.join(", ")}`);
  if (left.length > 0) process.kill(-child.pid, "SIGKILL");
  await Promise.race([closed, sleep(graceMillisMax)]); // a daemon that left the group may hold the pipe
  return { file, ...output, faults, seconds: (performance.now() - started) / 1000 };
}

/** Names of those of the group that still live after a moment's grace; the dead that nobody has reaped do not count. */
async function survivors(leader) {
  for (let waited = 0; waited < graceMillisMax; waited += graceMillisStep) {
    if (living(leader).length === 0) return [];
    await sleep(graceMillisStep);
  }
  return living(leader);
}

function living(leader) {
  try {
    process.kill(-leader, 0);
  } catch {
    return [];
  }
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const [, name, state, , group] = statOf(pid);
      return Number(group) === leader && state !== "Z" ? [name] : [];
    });
}

/** pid, name, state, parent, group: proc(5). Empty for a process that has just gone. */
function statOf(pid) {
  try {
    return /^(\d+) \((.*)\) (\S) (\d+) (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, "latin1")).slice(1, 6);
  } catch {
    return [];
  }
}

function report({ file, stdout, stderr, faults, seconds }) {
  const name = file.replace(/^\.build\//, "").replace(/\.js$/, ".ts");
  lastSeconds[file] = seconds;
  const counts = countsOf(stdout);
  if (counts.total === 0) faults.push("no test ran to its end");
  if (faults.length > 0 && counts.fail === 0) counts.fail = 1; // the file itself
  results.push(counts);
  const verdict = faults.length > 0 ? "not ok" : "ok    ";
  console.log(
    `${verdict} ${seconds.toFixed(1).padStart(6)} s ${`${counts.pass}`.padStart(6)} passed  ${name}`,
  );
  for (const line of stdout.match(/^ *ok .*# (SKIP|TODO).*$/gim) ?? []) {
    console.log(`         skipped: ${line.trim().replace(/^ok \d+ - /, "")}`);
  }
  if (faults.length === 0) return;
  console.log(`${failingBlocks(stdout)}\n${stderr}\n# ${name}: ${faults.join(", ")}`);
}

function countsOf(tap) {
  const line = /^# \{ (.*) \}$/m.exec(tap)?.[1] ?? "";
  const count = (key) => Number(new RegExp(`\\b${key}: (\\d+)`).exec(line)?.[1] ?? 0);
  return {
    total: count("total"),
    pass: count("pass"),
    fail: count("fail"),
    skip: count("skip") + count("todo"),
  };
}

/** Each top-level test that failed, with everything it printed. */
function failingBlocks(tap) {
  const blocks = [];
  let judged = true;
  for (const line of tap.split("\n")) {
    const verdict = /^(not )?ok /.test(line);
    if (judged && (verdict || line.startsWith("# Subtest"))) {
      blocks.push([]);
      judged = false;
    }
    judged ||= verdict;
    blocks.at(-1)?.push(line);
  }
  return blocks
    .filter((block) => block.some((line) => /^not ok /.test(line)))
    .flat()
    .join("\n");
}

function printCoverage() {
  const c8 = join(root, "node_modules/c8/bin/c8.js");
  const told = ["--temp-directory", coverageFolder, "--reporter=text", "--exclude-after-remap"];
  // For whoever judges it, beside what people read: hil-tests/prove/coverage.ts.
  told.push("--reporter=json", "--reports-dir", join(root, ".build/coverage-report"));
  spawnSync(process.execPath, [c8, "report", ...told, "--exclude=**/*.test.ts"], {
    cwd: root,
    stdio: "inherit",
  });
}

function closeWithCounts() {
  const sum = (key) => results.reduce((total, counts) => total + counts[key], 0);
  console.log(`${sum("pass")} passed, ${sum("fail")} failed, ${sum("skip")} skipped`);
  const right = sum("fail") === 0 && sum("total") > 0;
  process.exit(right ? 0 : 1);
}
