import { randomUUID } from "node:crypto";
import { chmod, link, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { syncDirectory } from "../disk.io.js";

/** Makes a directory that only the cloud's own user may enter. Throws when there are files in it and others may. */
export async function privateDirectory(path: string): Promise<void> {
  await makeDirectory(path);
  if ((await readdir(path)).length === 0) await chmod(path, 0o700);
  const found = await openModeOf(path);
  if (found === undefined) return;
  throw new Error(
    `${path} is not empty and has mode ${found}: others may look into it. If it is the cloud's own, run: chmod 700 ${path}; if not, choose a directory of its own.`,
  );
}

/** As `mkdir -p`. Node's own never returns where the system answers a mkdir with ENOENT, as /proc does, and hides EROFS behind it. */
async function makeDirectory(path: string): Promise<void> {
  const wanted = [resolve(path)];
  for (let at = dirname(resolve(path)); !(await isThere(at)); at = dirname(at)) wanted.unshift(at);
  for (const directory of wanted) {
    try {
      await mkdir(directory, { mode: 0o700 });
      // Power lost before this: the directory may be gone, and all that was made durable in it.
      await syncDirectory(dirname(directory)).catch(ignoreForbidden);
    } catch (error) {
      if (!isCode(error, "EEXIST") || !(await stat(directory)).isDirectory()) throw error;
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (!isCode(error, "ENOENT")) throw error;
    return false;
  }
}

/**
 * The file's text, or what `make` gives, kept durably with mode 0600 before it is returned. Of several that make it at the
 * same time, in whatever process, one wins and all get its text. Throws when others may read it.
 */
export async function keepPrivate(path: string, make: () => Promise<string>): Promise<string> {
  const before = await readPrivate(path);
  if (before !== undefined) return before;
  await place(path, await make(), (half) => link(half, path).catch(ignoreThere));
  const kept = await readPrivate(path);
  if (kept === undefined) throw new Error(`${path} was taken away while it was made. Start again.`);
  return kept;
}

/** The file's text; `undefined` when there is none. Throws when others may read it. */
export async function readPrivate(path: string): Promise<string | undefined> {
  try {
    // To open a pipe is to wait for whoever writes into it.
    if (!(await stat(path)).isFile())
      throw new Error(`${path} is no file. Move it away, or put back a copy.`);
    const text = await readFile(path, "utf8");
    await refuseOpenMode(path);
    return text;
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Replaces the file as a whole. Power lost before the rename: the old one stands; after it, and the directory's sync: the new one. */
export async function writePrivate(path: string, text: string): Promise<void> {
  await place(path, text, (half) => rename(half, path));
}

/** Power lost before `move`, or a kill: a half-written file stays under a name that nothing reads. */
async function place(path: string, text: string, move: (half: string) => Promise<void>): Promise<void> {
  const half = `${path}.${randomUUID()}.half`;
  try {
    const file = await open(half, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await move(half);
  } finally {
    await rm(half, { force: true });
  }
  await syncDirectory(dirname(path));
}

async function refuseOpenMode(path: string): Promise<void> {
  const found = await openModeOf(path);
  if (found === undefined) return;
  throw new Error(
    `${path} holds keys but has mode ${found}: others may read it. Find out who could, then run: chmod 600 ${path}`,
  );
}

/** In octal digits; `undefined` when nobody but its user may do anything with it. */
async function openModeOf(path: string): Promise<string | undefined> {
  const { mode } = await stat(path);
  return (mode & 0o077) === 0 ? undefined : (mode & 0o777).toString(8);
}

/** A directory that we may enter and not read is not ours to sync. */
function ignoreForbidden(error: unknown): void {
  if (!isCode(error, "EACCES")) throw error;
}

function ignoreThere(error: unknown): void {
  if (!isCode(error, "EEXIST")) throw error;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
