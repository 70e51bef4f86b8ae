// `npm test` must fail when a test does, in every way in which a test can fail; a runner that says "ok" is worth nothing.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Test, test } from "tap";

const project = fileURLToPath(new URL("../../..", import.meta.url)); // from .build/scripts/tidy/
const tap = 'import { test } from "tap";\n';
const passing = `${tap}test("fine", (t) => { t.ok(true); t.end(); });\n`;

/** A project of nothing but these files of shared/, beside the real runner. */
function projectOf(t: Test, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "lintel-runner-"));
  t.teardown(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "shared"));
  mkdirSync(join(root, "scripts"));
  for (const name of readdirSync(join(project, "scripts"))) {
    if (name.endsWith(".mjs")) cpSync(join(project, "scripts", name), join(root, "scripts", name));
  }
  for (const name of ["package.json", "package-lock.json"]) cpSync(join(project, name), join(root, name));
  symlinkSync(join(project, "node_modules"), join(root, "node_modules"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, "shared", name), text);
  return root;
}

function runTests(t: Test, files: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const root = projectOf(t, files);
  const { status, stdout } = spawnSync(process.execPath, ["scripts/test.mjs", ...args], {
    cwd: root,
    encoding: "utf8",
  });
  return { status, stdout, counts: stdout.trim().split("\n").at(-1) };
}

test("passing tests end well, and a skipped one is named with its reason", (t) => {
  const skipping = `${tap}test("over footage", { skip: "no footage here" }, (t) => t.end());\n`;
  const run = runTests(t, { "fine.test.ts": passing, "skips.test.ts": passing + skipping.replace(tap, "") });
  t.match(run, { status: 0, counts: "2 passed, 0 failed, 1 skipped" });
  t.match(run.stdout, "skipped: over footage # SKIP no footage here");
  t.end();
});

test("a wrong assertion, a crash, a file without tests and a process left running each fail the run", (t) => {
  const leaving = `import { spawn } from "node:child_process";\nspawn("sleep", ["60"], { stdio: "ignore" }).unref();\n`;
  const run = runTests(t, {
    "crashes.test.ts": `${passing}throw new Error("on the way");\n`,
    "fine.test.ts": passing,
    "leaves.test.ts": leaving + passing,
    "silent.test.ts": "export const nothing = 1;\n",
    "wrong.test.ts": `${tap}test("arithmetic", (t) => { t.equal(1 + 1, 3); t.end(); });\n`,
  });
  t.equal(run.status, 1);
  t.match(run.stdout, /^not ok .*crashes[.]test[.]ts$/m);
  t.match(run.stdout, /^ok .*fine[.]test[.]ts$/m);
  t.match(run.stdout, "shared/leaves.test.ts: left processes running: sleep");
  t.match(run.stdout, "shared/silent.test.ts: no test ran to its end");
  t.match(run.stdout, /not ok 1 - arithmetic/);
  t.match(run.counts, /^\d passed, 4 failed, 0 skipped$/);
  t.end();
});

test("no test at all is no success, --fast leaves the slow ones out, and unknown names are refused", (t) => {
  const files = { "long.slow.test.ts": passing };
  t.match(runTests(t, files), { status: 0, counts: "1 passed, 0 failed, 0 skipped" });
  t.match(runTests(t, files, "--fast"), { status: 1, counts: "0 passed, 0 failed, 0 skipped" });
  t.equal(runTests(t, files, "shared/absent.test.ts").status, 1);
  t.equal(runTests(t, files, "--quick").status, 2);
  t.end();
});

test("who stops the runner stops the tests that it started", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  t.teardown(() => server.close());
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const waiting = `import { connect } from "node:net";\nconnect(${port}, "127.0.0.1");\n`;
  const root = projectOf(t, { "waits.test.ts": waiting });
  const runner = spawn(process.execPath, ["scripts/test.mjs"], { cwd: root, stdio: "ignore" });
  const [connection]: Socket[] = await once(server, "connection");
  connection?.resume().on("error", () => {}); // killed in the middle is what we want
  runner.kill("SIGTERM");
  const ended = connection === undefined ? undefined : once(connection, "close");
  const [code] = await once(runner, "exit");
  t.equal(code, 1);
  await ended;
  t.pass("the test's own connection has closed with it");
});
