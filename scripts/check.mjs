// npm run check: everything that must hold before a commit, in under a minute. One line each with its time; what a
// failed check printed follows its line. scripts/tidy/gate.slow.test.ts proves that each of them refuses. The compiler keeps
// in .build/ what it found of files that have not changed since, by their content: the second run takes a quarter.
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { helpOrNothing } from "./help.mjs";
import { setUp } from "./setup.mjs";

helpOrNothing(`npm run check: types, purity, lint, layers, unused code and the fast tests, side by side, one line each.

It takes no arguments. Exit code: 0 everything holds, 1 something does not (what it printed follows its line),
2 used wrongly.`);

const root = fileURLToPath(new URL("..", import.meta.url));
const workspaces = ["shared", "firmware", "cloud", "scripts", "hil-tests"];
const tool = (path) => join(root, "node_modules", path);
const compile = (project) => [
  tool("typescript/bin/tsc"),
  ...["-p", project, "--incremental", "--tsBuildInfoFile", join(root, ".build", `${project}.tsbuildinfo`)],
];

/** The longest first, so that nothing waits for it at the end. */
const checks = {
  "fast tests": ["scripts/test.mjs", "--fast"],
  types: compile("tsconfig.json"),
  purity: compile("tsconfig.pure.json"),
  lint: [
    tool("@biomejs/biome/bin/biome"),
    "ci",
    "--colors=off",
    "--error-on-warnings",
    "--max-diagnostics=200",
    ".",
  ],
  layers: ["scripts/tidy/layers.mjs", ...workspaces],
  "no biometrics": ["scripts/tidy/biometrics.mjs"],
  engine: ["scripts/tidy/jerryscript.mjs"],
  "engine types": compile("firmware/tsconfig.core.json"),
  "page types": compile("cloud/web/tsconfig.json"),
  unused: [tool("knip/bin/knip.js"), "--no-progress"],
};

setUp("test");
const started = performance.now();
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1).padStart(5)} s`;
const waiting = Object.entries(checks);
const failed = [];

function check(name, args) {
  const since = performance.now();
  let output = "";
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  }
  return new Promise((done) => {
    child.on("close", (code) => {
      console.log(`${code === 0 ? "ok    " : "not ok"} ${seconds(since)}  ${name}`);
      if (code !== 0) failed.push(name);
      if (code !== 0) console.log(output.trimEnd());
      done();
    });
  });
}

const worker = async () => {
  while (waiting.length > 0) await check(...waiting.shift());
};
await Promise.all(Array.from({ length: availableParallelism() }, worker));

const verdict = failed.length === 0 ? "everything holds" : `failed: ${failed.join(", ")}`;
console.log(`${verdict}, ${seconds(started).trim()}`);
process.exit(failed.length === 0 ? 0 : 1);
