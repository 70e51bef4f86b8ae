import { dirname, join } from "node:path";
import type { Millis } from "../../shared/kernel/brand.js";
import type { Log } from "../../shared/kernel/ports.js";
import { errorCode, isFull } from "./disk.io.js";
import type { Disk } from "./disk.js";
import { logFault } from "./journal.js";
import { asideMark, isNoFile } from "./segment.io.js";

/** The card, and who is told when something on it is not what it should be. */
export interface Watched {
  readonly disk: Disk;
  readonly now: () => Millis;
  readonly log: Log;
}

/** Where the journal keeps its own: directories, and files beside them. */
export interface OwnPlaces {
  readonly directories: readonly string[];
  readonly files: readonly string[];
}

/** Sets aside what stands where a directory should, and what is no file where a file should. */
export async function makeWay(watched: Watched, { directories, files }: OwnPlaces): Promise<void> {
  const { disk } = watched;
  for (const path of directories)
    await unlessUnreadable(watched.log, path, async () => {
      if (!(await isDirectory(disk, path))) await setStrangeAside(watched, path);
    });
  for (const path of files) {
    // To open a pipe is to wait for whoever reads it: the camera would never have started.
    await unlessUnreadable(watched.log, path, async () => {
      const kind = await disk.kind(path);
      if (kind !== undefined && kind !== "file") await setStrangeAside(watched, path);
    });
  }
}

/**
 * `undefined` when the card cannot give or move one thing of all that it holds: a bad sector, or another's file. It is told in the
 * log and stays as it is; the next boot tries again. A card that is full or takes no writes is the caller's.
 */
export async function unlessUnreadable<T>(
  log: Log,
  what: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const fromSystem = /^E[A-Z0-9]+$/.test(errorCode(error) ?? "");
    if (!fromSystem || isFull(error) || errorCode(error) === "EROFS") throw error;
    logFault(log, what, error);
    return undefined;
  }
}

/** Something other than the journal put it there: it stays for whoever wants to know, under a name that says nothing to us. */
export async function setStrangeAside({ disk, log, now }: Watched, path: string): Promise<void> {
  const dir = dirname(path);
  const name = path.slice(dir.length + 1);
  log("journal.damaged", { file: name });
  // Power lost here: it is found again at boot.
  await disk.rename(path, join(dir, `${asideMark}${now()}-${name}`));
}

/** True also of what is not there. */
export async function isDirectory(disk: Disk, path: string): Promise<boolean> {
  const kind = await disk.kind(path);
  return kind === undefined || kind === "directory";
}

/** Removes a file; false when it is a directory. */
export async function isRemoved(disk: Disk, path: string): Promise<boolean> {
  try {
    await disk.remove(path);
    return true;
  } catch (error) {
    if (!isNoFile(error)) throw error;
    return false;
  }
}

/** Removes a directory and all in it. A power cut leaves some of it; the caller's naming says that it is to go. */
export async function removeAll(disk: Disk, path: string): Promise<void> {
  for (const name of await disk.list(path))
    if (!(await isRemoved(disk, join(path, name)))) await removeAll(disk, join(path, name));
  await disk.removeDir(path);
}
