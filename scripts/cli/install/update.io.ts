import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Verifier } from "../../../shared/seal/note.js";
import type { PackageWord } from "../../../shared/seal/release.js";
import { makePrivateFolder, syncFolder, writeDurably } from "../disk.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock } from "../world.io.js";
import { service } from "./service.io.js";
import { packageName, pinnedKey, verifyPackage } from "./verify.io.js";

export interface UpdateOptions {
  /** The package; `FILE.note` beside it holds the release key's word. */
  readonly file: string;
  /** Another system's folder, for who builds images. */
  readonly root: string;
}

/** Packages that were verified, of the board's own: the one under way, the one that runs, the one before. */
type Kept = "next" | "current" | "previous";
const startMillisMax = 60_000;
const lockMillisMax = 120_000;
const lockPauseMillis = 500;
const packageBytesMax = 256 * 1024 * 1024;

/**
 * Installs a package that the pinned release key signed and that counts higher than the installed one. Killed anywhere, the same
 * command goes on; a package that does not start gives way to the one before it.
 */
export async function update({ file, root: folder }: UpdateOptions, terminal: Terminal): Promise<void> {
  const root = resolve(folder);
  const key = pinnedKey(root);
  const places = placesIn(root);
  const word = takeIn(resolve(file), places, key);
  const before = installedVersion(root);
  if (before === word.version && !isUnderWay(places, key, word))
    throw new Refused(`Version ${before} is installed already: there is nothing to do.`);
  if (before !== undefined && before !== word.version && !isNewer(word.version, before))
    throw new Refused(
      `Version ${word.version} is older than the installed ${before}. An old package brings its old faults back: it was not installed.`,
    );
  // Power lost from here to the end: the same command again finds the copy, and dpkg goes on where it was.
  rename(places, "taken", "next");
  terminal.progress(`installing ${word.version} …`);
  const fault = (await install(root, places.next.deb)) ?? faultInStart(root);
  if (fault !== undefined) return giveWay(root, places, { fault, word, before, terminal });
  if (existsSync(places.current.deb)) rename(places, "current", "previous");
  rename(places, "next", "current");
  terminal.json({ event: "updated", from: before ?? "none", to: word.version });
  terminal.say(`Version ${word.version} is installed and starts.`);
}

interface Place {
  readonly deb: string;
  readonly note: string;
}
type Places = Readonly<Record<Kept | "taken", Place>> & { readonly folder: string };

function placesIn(root: string): Places {
  const folder = join(root, "var/cache/lintel-packages");
  makePrivateFolder(folder);
  const place = (name: string): Place => ({
    deb: join(folder, `${name}.deb`),
    note: join(folder, `${name}.note`),
  });
  return {
    folder,
    taken: place("taken"),
    next: place("next"),
    current: place("current"),
    previous: place("previous"),
  };
}

/** Copies first: what is verified is what is installed, whatever happens to the file meanwhile. */
function takeIn(file: string, { taken }: Places, key: Verifier): PackageWord {
  for (const path of [file, `${file}.note`])
    if (!existsSync(path))
      throw new Refused(
        `There is no ${path}. An update is a package and, beside it, its signature: FILE and FILE.note.`,
      );
  const bytes = readFileSync(file);
  if (bytes.length > packageBytesMax) throw new Refused(`${file} is larger than any package of ours.`);
  try {
    writeDurably(taken.deb, bytes);
    writeDurably(taken.note, readFileSync(`${file}.note`));
    return verifyPackage(taken.deb, readFileSync(taken.note, "utf8"), key);
  } catch (error) {
    for (const path of Object.values(taken)) rmSync(path, { force: true });
    throw error;
  }
}

/** An earlier run of this very update was cut off. */
function isUnderWay({ next }: Places, key: Verifier, { sha256 }: PackageWord): boolean {
  if (!existsSync(next.deb) || !existsSync(next.note)) return false;
  return verifyPackage(next.deb, readFileSync(next.note, "utf8"), key).sha256 === sha256;
}

/** Package first: a note without its package is no update, and is written over. */
function rename({ folder, ...places }: Places, from: Kept | "taken", to: Kept): void {
  renameSync(places[from].deb, places[to].deb);
  renameSync(places[from].note, places[to].note);
  syncFolder(folder);
}

export function installedVersion(root: string): string | undefined {
  const asked = spawnSync("dpkg-query", [`--admindir=${root}/var/lib/dpkg`, "-W", packageName], {
    encoding: "utf8",
  });
  // Name and version, between them a tab.
  return asked.status === 0 ? asked.stdout.trim().split("\t")[1] : undefined;
}

function versionOf(deb: string): string {
  return spawnSync("dpkg-deb", ["-f", deb, "Version"], { encoding: "utf8" }).stdout.trim();
}

function isNewer(version: string, than: string): boolean {
  return spawnSync("dpkg", ["--compare-versions", version, "gt", than]).status === 0;
}

/** How dpkg says, in its own language, that another one is at work. */
const lockHeld = /was locked by another process|unable to lock /;

/** What dpkg complained of; a second time over the same half-done package it completes it (dpkg(1)). */
async function install(root: string, deb: string): Promise<string | undefined> {
  const until = systemClock.monotonic() + lockMillisMax;
  let done = runDpkg(root, "-i", deb);
  // Another one is at work: the system's own updates, or what a killed run of ours has left running.
  while (lockHeld.test(done.stderr) && systemClock.monotonic() < until) {
    await wait(lockPauseMillis);
    done = runDpkg(root, "-i", deb);
  }
  if (done.status === 0) return undefined;
  return `dpkg did not install it (${done.stderr.trim().split("\n").at(-1) ?? done.error?.message ?? ""})`;
}

export function runDpkg(root: string, ...args: readonly string[]) {
  const foreign = root === "/" ? [] : [`--root=${root}`, "--force-script-chrootless", "--force-depends"];
  return spawnSync("dpkg", [...foreign, ...args], { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } });
}

/** Whether the new firmware answers and, where its service is enabled, runs. */
function faultInStart(root: string): string | undefined {
  const firmware = join(root, "usr/lib/lintel/firmware.js");
  const asked = spawnSync(process.execPath, [firmware, "--help"], {
    encoding: "utf8",
    timeout: startMillisMax,
  });
  if (asked.status !== 0)
    return `its firmware does not start (${asked.stderr.trim().split("\n").at(-1) ?? ""})`;
  if (root !== "/" || spawnSync("systemctl", ["is-enabled", "--quiet", service]).status !== 0)
    return undefined;
  const ran = spawnSync("systemctl", ["restart", service], { encoding: "utf8", timeout: startMillisMax });
  return ran.status === 0
    ? undefined
    : `its service does not start (${ran.stderr.trim().split("\n")[0] ?? ""})`;
}

/** Back to the package before: of the board's own keeping, verified when it came. */
async function giveWay(
  root: string,
  { current, next }: Places,
  {
    fault,
    word,
    before,
    terminal,
  }: {
    readonly fault: string;
    readonly word: PackageWord;
    readonly before: string | undefined;
    readonly terminal: Terminal;
  },
): Promise<never> {
  // Another way than this command may have installed a newer one meanwhile: an older one than that is no way back.
  const back =
    existsSync(current.deb) && versionOf(current.deb) === before
      ? ((await install(root, current.deb)) ?? faultInStart(root))
      : "none was kept";
  for (const path of Object.values(next)) rmSync(path, { force: true });
  terminal.json({ event: "not-updated", version: word.version, fault });
  throw new Refused(
    back === undefined
      ? `Version ${word.version} was taken back, for ${fault}. The version before runs again.`
      : `Version ${word.version} is broken: ${fault}. The version before could not be put back (${back}): install a package by hand, the camera's keys are untouched.`,
  );
}
