import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "tap";

/** Runs the firmware as a process until it gives up by itself. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const main = fileURLToPath(new URL("main.js", import.meta.url));
  return spawnSync(process.execPath, [main, ...args], { env: { ...process.env, ...env }, encoding: "utf8" });
}

test("what is wrong is said in sentences, with an exit code that a service manager can tell apart", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "lintel-main-"));
  t.teardown(() => rmSync(state, { recursive: true, force: true }));
  const help = run(["--help"]);
  t.equal(help.status, 0);
  t.match(help.stdout, /LINTEL_SOURCE/);
  const usage = run(["--sauce", "x", "--state"]);
  t.equal(usage.status, 64);
  t.match(usage.stderr, /no option --sauce[\s\S]*--state needs a value/);
  const configured = run(["--state", state], { LINTEL_SOURCE: "gopher://x", LINTEL_PREROLL: "99" });
  t.equal(configured.status, 78);
  t.match(configured.stderr, /LINTEL_SOURCE[\s\S]*LINTEL_PREROLL/);
  const enrolled = run(["--state", state, "--source", "scene:seed=1"]);
  t.equal(enrolled.status, 78);
  t.match(enrolled.stderr, /not enrolled[\s\S]*lintel install/);
});
