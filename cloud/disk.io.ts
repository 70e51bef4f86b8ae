import { mkdir, open, readdir } from "node:fs/promises";
import { dirname } from "node:path";

/** Makes durable which names the directory holds. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Durable when it resolves: each new directory is written into its parent. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  for (let at = path; first !== undefined && at.length >= first.length; at = dirname(at))
    await syncDirectory(dirname(at));
}

/** Nothing where there is no directory, and where somebody put a file in its place. */
export async function namesIn(directory: string): Promise<readonly string[]> {
  return (await readdir(directory).catch(ignoreNoDirectory)) ?? [];
}

export function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}

function ignoreNoDirectory(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOTDIR") ignoreMissing(error);
}
