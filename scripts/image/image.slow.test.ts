// The camera's Debian package: built, installed into a folder by dpkg, and from bare board to a test clip in the vault by it alone.
import { execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import t, { test } from "tap";
import { memberInit } from "../cli/member/init.io.js";
import { placesIn, quiet, startCloud } from "../demo/home.io.js";
import { buildPackage } from "./image.io.js";

t.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), "lintel-image-test-"));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const noDpkg =
  spawnSync("dpkg", ["--version"]).status !== 0 &&
  "there is no dpkg: the package is built and tried on Debian";
const notRoot = process.getuid?.() !== 0 && "dpkg installs into a folder for root only";
const source = "scene:seed=1,size=320x180,fps=10";

const root = join(folder, "board");
const lintel = join(root, "usr/lib/lintel/lintel.js");

/** dpkg with a folder as its whole system; what the package depends on is not in it. */
function dpkg(...args: readonly string[]): string {
  const options = [`--root=${root}`, "--force-script-chrootless", "--force-depends"];
  return execFileSync("dpkg", [...options, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

test("the same sources give the same package, whose program and service are where systemd looks", {
  skip: noDpkg || notRoot,
}, async (t) => {
  const path = await buildPackage(join(folder, "one"));
  const again = await buildPackage(join(folder, "two"));
  t.ok(readFileSync(path).equals(readFileSync(again)));
  mkdirSync(join(root, "var/lib/dpkg/updates"), { recursive: true });
  mkdirSync(join(root, "var/lib/dpkg/info"));
  for (const name of ["status", "available"]) writeFileSync(join(root, "var/lib/dpkg", name), "");
  dpkg("-i", path);
  t.match(dpkg("-s", "lintel-camera"), /Status: install ok installed/);
  t.match(readFileSync(join(root, "usr/bin/lintel"), "utf8"), "/usr/lib/lintel/lintel.js");
  const unit = join(root, "lib/systemd/system/lintel-camera.service");
  t.match(
    readFileSync(unit, "utf8"),
    "ExecStart=/usr/bin/node --enable-source-maps /usr/lib/lintel/firmware.js",
  );
  const analysed = spawnSync("systemd-analyze", ["security", "--offline=yes", unit], { encoding: "utf8" });
  if (analysed.error !== undefined) t.comment("no systemd-analyze: the unit's hardening is not rated");
  else
    t.ok(Number(/exposure level.*: ([0-9.]+)/.exec(analysed.stdout)?.[1]) <= 2, analysed.stdout.slice(-200));
});

test("one command of the package makes a board a camera and brings a test clip into the vault; reset wipes it", {
  skip: noDpkg || notRoot,
}, async (t) => {
  const places = placesIn(join(folder, "home"));
  const state = join(root, "var/lib/lintel");
  const cloud = await startCloud(places, { http: 0, mqtt: 0 });
  t.teardown(() => cloud.stop());
  await memberInit(places.member, { cloud: cloud.ready.text("http"), name: "Anna" }, quiet());
  const owner = spawn(process.execPath, [
    fileURLToPath(new URL("../cli/main.js", import.meta.url)),
    ...["member", "claim", "--yes", "--json", "--profile", places.member],
  ]);
  t.teardown(() => owner.kill());
  const [line] = await once(createInterface({ input: owner.stdout }), "line");
  const { claim } = JSON.parse(`${line}`);
  const args = [lintel, "install", "--claim", claim, "--state", state, "--source", source, "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const events = stdout
    .trim()
    .split("\n")
    .map((text) => JSON.parse(text));
  t.same(
    events.filter(({ event }) => event === "step").map(({ step }) => step),
    ["cloud", "board", "owner's yes", "test clip", "hand-over"],
  );
  t.match(
    events.find(({ event }) => event === "tested"),
    { segments: /^[1-9]/ },
  );
  const page = readFileSync(join(state, "handover.html"), "utf8");
  t.match(page, /How to turn it off/);
  const secrets = ["note.key", "tls.key"]
    .flatMap((name) =>
      readFileSync(join(state, "identity", name), "utf8")
        .trim()
        .split("\n"),
    )
    .filter((line) => !line.startsWith("-----"));
  t.ok(secrets.length > 1);
  t.same(
    secrets.filter((line) => page.includes(line)),
    [],
  );
  const { stdout: listed } = await promisify(execFile)(process.execPath, [
    fileURLToPath(new URL("../cli/main.js", import.meta.url)),
    ...["member", "clips", "--json", "--profile", places.member],
  ]);
  t.match(listed, events.find(({ event }) => event === "tested").clip);

  const reset = spawnSync(process.execPath, [lintel, "reset", "--state", state], { encoding: "utf8" });
  t.match(reset, { status: 1, stderr: /Wipe the camera in .* for ever\? Nothing waits.*--yes/ });
  t.ok(existsSync(join(state, "identity", "note.key")));
  t.equal(spawnSync(process.execPath, [lintel, "reset", "--yes", "--state", state]).status, 0);
  t.same(readdirSync(state), []);
  t.match(spawnSync(process.execPath, [lintel, "reset", "--yes", "--state", state], { encoding: "utf8" }), {
    status: 1,
    stderr: /holds no camera/,
  });
});

test("removed, a camera's keys stay for the next package; purged, they are gone", {
  skip: noDpkg || notRoot,
}, (t) => {
  const key = join(root, "var/lib/lintel/identity/note.key");
  mkdirSync(join(root, "var/lib/lintel/identity"), { recursive: true });
  writeFileSync(key, "");
  dpkg("-r", "lintel-camera");
  t.notOk(existsSync(lintel));
  t.ok(existsSync(key));
  dpkg("-P", "lintel-camera");
  t.notOk(existsSync(key));
  t.end();
});
