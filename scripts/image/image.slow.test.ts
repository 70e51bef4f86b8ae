// The camera's Debian package: built, installed into a folder by dpkg, and from bare board to a test clip in the vault by it alone.
import { execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
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
import { releaseKeyName } from "../../shared/seal/release.js";
import { checkService } from "../cli/doctor/service.io.js";
import { memberInit } from "../cli/member/init.io.js";
import { placesIn, quiet, startCloud } from "../demo/home.io.js";
import { buildPackage, signPackage } from "./image.io.js";
import { developmentKey, openReleaseKey } from "./releasekey.io.js";

t.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), "lintel-image-test-"));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const noDpkg =
  spawnSync("dpkg", ["--version"]).status !== 0 &&
  "there is no dpkg: the package is built and tried on Debian";
const notRoot = process.getuid?.() !== 0 && "dpkg installs into a folder for root only";
const signer = { name: releaseKeyName, secretKey: new Uint8Array(randomBytes(32)) };
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
  const path = await buildPackage(join(folder, "one"), signer);
  const again = await buildPackage(join(folder, "two"), signer);
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

/** The same package under another version, and with whatever `change` does to it; signed unless it is not to be. */
function repacked(version: string, change: (tree: string) => void = () => undefined, by = signer): string {
  const tree = join(folder, `tree-${version}`);
  const path = join(folder, `lintel-camera_${version}_all.deb`);
  execFileSync("dpkg-deb", ["-R", join(folder, "one", "lintel-camera_0.1.0_all.deb"), tree]);
  edit(join(tree, "DEBIAN/control"), (text) => text.replace(/^Version: .*$/m, `Version: ${version}`));
  change(tree);
  execFileSync("dpkg-deb", ["-Zgzip", "-z1", "--build", tree, path], { stdio: "ignore" });
  rmSync(tree, { recursive: true });
  signPackage(path, by);
  return path;
}
const edit = (path: string, change: (text: string) => string): void =>
  writeFileSync(path, change(readFileSync(path, "utf8")));
const update = (file: string) =>
  spawnSync(process.execPath, [lintel, "update", file, "--root", root], { encoding: "utf8" });
const version = (): string => /^Version: (.*)$/m.exec(dpkg("-s", "lintel-camera"))?.[1] ?? "";

test("a board takes a package only with its release key's signature over these bytes, and only a later one for it", {
  skip: noDpkg || notRoot,
}, (t) => {
  const stranger = { ...signer, secretKey: new Uint8Array(randomBytes(32)) };
  const good = repacked("0.2.0");
  const unsigned = repacked("0.2.1");
  rmSync(`${unsigned}.note`);
  const cut = repacked("0.2.2");
  writeFileSync(cut, readFileSync(cut).subarray(0, -1_000));
  const swapped = repacked("0.2.3");
  writeFileSync(`${swapped}.note`, readFileSync(`${good}.note`));
  const renamed = repacked("0.2.4");
  edit(`${renamed}.note`, (text) => text.replace("version 0.2.4", "version 0.9.0"));
  const control = (from: RegExp, to: string) => (tree: string) =>
    edit(join(tree, "DEBIAN/control"), (text) => text.replace(from, to));
  const refused = [
    [unsigned, /FILE\.note/],
    [join(folder, "none.deb"), /There is no/],
    [repacked("0.2.5", undefined, stranger), /signed by another key/],
    [cut, /cut or changed/],
    [swapped, /cut or changed/],
    [renamed, /signature does not hold/],
    [repacked("0.2.6", control(/^Architecture: .*$/m, "Architecture: s390x")), /for s390x, this board is/],
    [repacked("0.2.7", control(/^Package: .*$/m, "Package: other-camera")), /takes lintel-camera/],
    [repacked("0.0.9"), /older than the installed 0\.1\.0/],
    [join(folder, "one", "lintel-camera_0.1.0_all.deb"), /installed already/],
  ] as const;
  for (const [file, why] of refused) {
    t.match(update(file), { status: 1, stderr: why }, file);
    t.equal(version(), "0.1.0");
  }
  t.match(update(good), { status: 0, stdout: /Version 0\.2\.0 is installed and starts/ });
  t.equal(version(), "0.2.0");
  t.end();
});

test("a package that does not start gives way to the one before it", { skip: noDpkg || notRoot }, (t) => {
  const broken = repacked("0.3.0", (tree) =>
    edit(join(tree, "usr/lib/lintel/firmware.js"), () => 'throw new Error("broken")'),
  );
  t.match(update(broken), { status: 1, stderr: /0\.3\.0 was taken back.*The version before runs again/ });
  t.equal(version(), "0.2.0");
  t.match(checkService("/state", { ...board, root }), [{ check: "package", state: "good" }]);
  edit(join(root, "usr/lib/lintel/firmware.js"), (text) => `${text}\n`);
  t.match(checkService("/state", { ...board, root }), [
    { check: "package", state: "bad", says: /firmware\.js/ },
  ]);
  t.match(update(repacked("0.3.1")), { status: 0 }, "and the next one mends it");
  t.end();
});
const board = { state: "/state", unit: fileURLToPath(import.meta.url), running: "/none" };

test("an update that is killed anywhere is finished by the same command", {
  skip: noDpkg || notRoot,
}, async (t) => {
  const since = performance.now();
  update(repacked("0.4.0"));
  const whole = performance.now() - since;
  for (const [at, share] of [0.3, 0.5, 0.7, 0.9].entries()) {
    const file = repacked(`0.4.${at + 1}`);
    const child = spawn(process.execPath, [lintel, "update", file, "--root", root], { stdio: "ignore" });
    const timer = setTimeout(() => child.kill("SIGKILL"), share * whole);
    await once(child, "exit");
    clearTimeout(timer);
    const again = update(file);
    t.ok(again.status === 0 || /installed already/.test(again.stderr), again.stderr);
    t.equal(version(), `0.4.${at + 1}`);
    t.match(dpkg("-s", "lintel-camera"), /Status: install ok installed/);
  }
});

test("the release key is private, and never in the project", (t) => {
  const key = join(folder, "release.key");
  t.throws(() => openReleaseKey(key, folder), { message: /lies in the project/ });
  t.throws(() => openReleaseKey(key, "/usr"), { message: /There is no release key/ });
  writeFileSync(key, `${randomBytes(32).toString("base64")}\n`, { mode: 0o644 });
  t.throws(() => openReleaseKey(key, "/usr"), { message: /chmod 600/ });
  t.notOk(developmentKey.startsWith(process.cwd()));
  t.end();
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

test("uninstall wipes the camera and removes its package, and asks before", {
  skip: noDpkg || notRoot,
}, (t) => {
  const uninstall = (...words: readonly string[]) =>
    spawnSync(process.execPath, [lintel, "uninstall", "--root", root, ...words], { encoding: "utf8" });
  const state = join(root, "var/lib/lintel");
  dpkg("-i", join(folder, "one", "lintel-camera_0.1.0_all.deb"));
  mkdirSync(join(state, "identity"), { recursive: true });
  writeFileSync(join(state, "identity/note.key"), randomBytes(32));
  t.match(uninstall(), { status: 1, stderr: /Wipe the camera in .*Nothing waits.*--yes/ });
  t.ok(existsSync(join(state, "identity/note.key")));
  t.match(uninstall("--yes"), { status: 0, stdout: /lintel-camera 0\.1\.0 is removed/ });
  for (const gone of [
    state,
    join(root, "usr/lib/lintel/firmware.js"),
    join(root, "var/cache/lintel-packages"),
  ])
    t.notOk(existsSync(gone), gone);
  t.throws(() => dpkg("-s", "lintel-camera"), "no trace of it");
  t.end();
});
