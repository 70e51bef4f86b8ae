import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Refused } from "./refused.js";

/** As `mkdir -p`. Node's own never returns where the system answers a mkdir with ENOENT, as /proc does. */
export function makeFolder(path: string, mode = 0o777): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at);
  try {
    for (const folder of missing) mkdirSync(folder, { mode });
  } catch (error) {
    throw new Refused(`The folder ${path} cannot be made (${codeOf(error)}). Choose another one.`);
  }
  if (!statSync(path).isDirectory()) throw new Refused(`${path} is a file. Choose a folder.`);
}

/** A folder that only this user may look into; one that is there stays as its owner made it. */
export function makePrivateFolder(path: string): void {
  const isNew = !existsSync(path);
  makeFolder(path, 0o700);
  if (isNew) chmodSync(path, 0o700);
}

/** Whole and on the disk when this returns; `mode` 0600 unless said otherwise. What could not be written leaves nothing behind. */
export function writeDurably(path: string, data: string | Uint8Array, mode = 0o600): void {
  const half = `${path}.${randomBytes(4).toString("hex")}.half`;
  try {
    writeHalf(half, Buffer.from(data), mode); // power lost before here: the old file stands, a *.half lies beside it
    renameSync(half, path);
  } catch (error) {
    rmSync(half, { force: true });
    throw new Refused(
      `${path} cannot be written (${codeOf(error)}). Make room or mend the folder, then give the same command again.`,
    );
  }
  syncFolder(dirname(path)); // power lost before this: the old or the new file stands, whole
}

function writeHalf(half: string, bytes: Uint8Array, mode: number): void {
  const file = openSync(half, "wx", mode);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Refuses what `writeDurably` could not write, before anybody takes pains. */
export function refuseUnwritable(path: string): void {
  const folder = dirname(path);
  const found = statSync(path, { throwIfNoEntry: false });
  if (!existsSync(folder))
    throw new Refused(`There is no folder ${folder}. Make it (mkdir -p ${folder}), or choose another --out.`);
  if (found?.isDirectory())
    throw new Refused(`${path} is a folder. Name a file: --out ${join(path, "clip.mp4")}`);
  if (found !== undefined && !found.isFile())
    throw new Refused(`${path} is no ordinary file. Choose another --out.`);
  const probe = `${path}.${randomBytes(4).toString("hex")}.half`;
  try {
    closeSync(openSync(probe, "wx", 0o600));
    rmSync(probe);
  } catch (error) {
    throw new Refused(`Nothing can be written into ${folder} (${codeOf(error)}). Choose another --out.`);
  }
}

/** Longest wait for another command to be done; a lock older than this belongs to one that was killed. */
const aloneMillisMax = 90_000;
const alonePauseMillis = 50;

/** Runs while no other command of this user runs under the same lock file. */
export async function alone<T>(path: string, run: () => Promise<T>): Promise<T> {
  while (!locked(path)) await wait(alonePauseMillis);
  try {
    return await run();
  } finally {
    rmSync(path, { force: true });
  }
}

function locked(path: string): boolean {
  try {
    closeSync(openSync(path, "wx", 0o600));
    return true;
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw new Refused(`${path} cannot be written (${codeOf(error)}).`);
    const since = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (since !== undefined && Date.now() - since > aloneMillisMax) rmSync(path, { force: true });
    return false;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? `${error.code}` : String(error);
}

export function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  fsyncSync(folder);
  closeSync(folder);
}

/** The file's text, or `undefined` where there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    // To open a pipe is to wait for whoever writes into it.
    if (!statSync(path).isFile())
      throw new Refused(`${path} is no file. Move it away, then give the same command again.`);
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** What a file of one's own keys says, or `undefined` where there is none. Refused when damaged, or when others may read it. */
export function readKeys<T>(path: string, read: (text: string) => T): T | undefined {
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  refuseOpenMode(path);
  try {
    return read(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Refused(`${path} is damaged (${why}). Put back a copy of it, or move it away and start anew.`);
  }
}

function refuseOpenMode(path: string): void {
  try {
    if ((statSync(path).mode & 0o077) === 0) return;
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  throw new Refused(
    `${path} holds your keys and others on this computer can read it. Run: chmod 600 ${path}`,
  );
}

/** The text of a file that a person named by an option. */
export function readNamed(path: string, option: string): string {
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (error) {
    throw new Refused(`${path} cannot be read (${codeOf(error)}). Name a file: ${option} FILE`);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

/** Stays free on a disk that footage is written to. */
export const spareBytes = 64 * 1024 * 1024;

export function bytesFree(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
