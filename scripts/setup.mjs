// Makes a fresh clone on a bare machine work: Node's version, the npm packages, better-sqlite3's compilation, the
// programs that demo and tests call. Imports nothing but Node, runs before everything else, says nothing when all
// is there. What it may not install itself (no root) it names, with the command that does.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const oldestNode = [20, 19];
const downloadMillisMax = 120_000;
const logBytesMax = 64 * 1024 * 1024;

/** The program that must be found, and the Debian package it comes in. */
const compilers = { python3: "python3", make: "build-essential", "g++": "build-essential" };
const needs = {
  demo: { ffmpeg: "ffmpeg" },
  test: {
    ffmpeg: "ffmpeg",
    age: "age",
    mosquitto: "mosquitto",
    openssl: "openssl",
    chromium: "chromium",
    faketime: "faketime",
    sshd: "openssh-server",
    ssh: "openssh-client",
  },
};

/** Makes ready what `purpose` ("demo" or "test") needs, or ends the process with a message that says what to do. */
export function setUp(purpose) {
  refuseOldNode();
  if (!packagesMatchLock()) installPackages();
  if (!sqliteLoads()) compileSqlite(purpose);
  installPrograms(needs[purpose], purpose);
  if (!find("ffmpeg")) fetchStaticFfmpeg();
}

const say = (text) => console.error(`setup: ${text}`);

function giveUp(...lines) {
  for (const line of lines) say(line);
  process.exit(1);
}

function refuseOldNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  const [wantMajor, wantMinor] = oldestNode;
  if (major > wantMajor || (major === wantMajor && minor >= wantMinor)) return;
  giveUp(
    `Lintel needs Node ${oldestNode.join(".")} or newer; this is Node ${process.versions.node} (${process.execPath}).`,
    "Install Node 20, 22 or 24 and run the command again.",
  );
}

/** From Node 22 on the cloud takes better-sqlite3-napi, which ships its binary; npm leaves it out for an older Node. */
const shipsSqlite = Number(process.versions.node.split(".")[0]) >= 22;

const readJson = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined);

/** npm writes what it really installed beside the packages; no stamp of our own can be more true. */
function packagesMatchLock() {
  const wanted = readJson(join(root, "package-lock.json")).packages;
  const installed = readJson(join(root, "node_modules/.package-lock.json"))?.packages;
  if (!installed) return false;
  return Object.entries(wanted).every(
    ([path, { link, optional, version }]) =>
      !path.startsWith("node_modules/") ||
      link ||
      (optional && !(shipsSqlite && path === "node_modules/better-sqlite3-napi")) ||
      installed[path]?.version === version,
  );
}

/** Install scripts are run one by one below, so that the one that may fail does not undo the rest. */
function installPackages() {
  say("installing the npm packages …");
  const { ok, tail } = run(npm(), ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
  if (!ok) giveUp(tail, "npm ci failed (see above). Is the npm registry in reach and this folder writable?");
  run(npm(), ["rebuild", "--ignore-scripts=false", "esbuild", "@ffmpeg-installer/linux-x64"]);
}

const sqliteBinary = () => join(root, "node_modules/better-sqlite3/build/Release/better_sqlite3.node");

function sqliteLoads() {
  if (shipsSqlite) return true;
  try {
    process.dlopen({ exports: {} }, sqliteBinary());
    return true;
  } catch {
    return false; // never built, or built for another Node
  }
}

function compileSqlite(purpose) {
  say("building better-sqlite3 (a minute or two when it must be compiled) …");
  const first = rebuildSqlite();
  if (first.ok) return;
  const missing = missingOf(compilers);
  if (missing.length === 0) giveUp(first.tail, "better-sqlite3 could not be compiled (see above).");
  if (!apt(missing)) {
    giveUp(
      `better-sqlite3 must be compiled here, and the tools for it are missing: ${missing.join(" ")}.`,
      "This installs everything that is missing; then give the same command again:",
      `  ${aptCommand([...missing, ...missingOf(needs[purpose])])}`,
    );
  }
  const second = rebuildSqlite();
  if (!second.ok) giveUp(second.tail, "better-sqlite3 could not be compiled (see above).");
}

function rebuildSqlite() {
  const headers = nodeHeaders();
  const ccache = find("ccache") && !process.env.CC && { CC: "ccache gcc", CXX: "ccache g++" };
  const env = { ...process.env, ...ccache, ...(headers && { npm_config_nodedir: headers }) };
  const { ok, tail } = run(npm(), ["rebuild", "--ignore-scripts=false", "better-sqlite3"], { env });
  return { ok: ok && existsSync(sqliteBinary()), tail };
}

/** Headers of exactly this Node on this machine: without them node-gyp would download them. */
function nodeHeaders() {
  const prefixes = [dirname(dirname(process.execPath)), "/usr/local", "/usr", process.env.npm_config_nodedir];
  return prefixes.find((prefix) => {
    const header = join(prefix ?? "", "include/node/node_version.h");
    const abi = existsSync(header) && /define NODE_MODULE_VERSION (\d+)/.exec(readFileSync(header, "utf8"));
    return abi && abi[1] === process.versions.modules;
  });
}

function installPrograms(programs, purpose) {
  const missing = missingOf(programs);
  if (missing.length === 0 || apt(missing)) return;
  const effect = purpose === "test" ? "tests that need them are skipped" : "going on with what npm ships";
  say(`missing Debian packages: ${missing.join(" ")} (${effect}). To have them:`);
  say(`  ${aptCommand(missing)}`);
}

const aptCommand = (packages) => `sudo apt-get install -y --no-install-recommends ${packages.join(" ")}`;

const missingOf = (programs) => [
  ...new Set(Object.entries(programs).flatMap(([program, debian]) => (find(program) ? [] : [debian]))),
];

/** Installs Debian packages where this process may; false where it may not or where that failed. */
function apt(packages) {
  const sudo = sudoPrefix();
  if (!sudo || !find("apt-get")) return false;
  say(`installing Debian packages: ${packages.join(" ")} …`);
  const get = (...args) => {
    const [command, ...rest] = [...sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", ...args];
    return run([command], rest);
  };
  const install = () => get("install", "-y", "--no-install-recommends", ...packages);
  if (install().ok) return true;
  get("update");
  const { ok, tail } = install();
  if (!ok) say(`apt-get could not install them:\n${tail}`);
  return ok;
}

function sudoPrefix() {
  if (process.getuid?.() === 0) return [];
  if (find("sudo") && spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0)
    return ["sudo", "-n"];
  return undefined;
}

/** A newer ffmpeg than the one npm ships; where its download fails, the one that npm ships serves. */
function fetchStaticFfmpeg() {
  const folder = join(root, "node_modules/ffmpeg-static");
  const asked = join(root, ".build/ffmpeg-static.asked");
  if (!existsSync(folder) || existsSync(join(folder, "ffmpeg")) || existsSync(asked)) return;
  mkdirSync(dirname(asked), { recursive: true });
  writeFileSync(asked, ""); // once: a closed network would make every start wait
  say("no system ffmpeg: trying ffmpeg-static's download …");
  const { ok } = run([process.execPath], ["install.js"], { cwd: folder, timeout: downloadMillisMax });
  if (!ok) say("that download failed; going on with the ffmpeg that an npm package ships.");
}

/** The npm that started us, else the one on the PATH. */
function npm() {
  const path = process.env.npm_execpath;
  return path?.endsWith("npm-cli.js") ? [process.execPath, path] : ["npm"];
}

function run([command, ...first], args, options = {}) {
  const result = spawnSync(command, [...first, ...args], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: logBytesMax,
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
  });
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}${result.error?.message ?? ""}`;
  return { ok: result.status === 0, tail: output.trim().split("\n").slice(-30).join("\n") };
}

/** Also where daemons live: an ordinary user's PATH leaves sbin out. */
function find(program) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  return folders.map((folder) => join(folder, program)).find(executable);
}

function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
