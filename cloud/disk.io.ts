import { open, readdir } from "node:fs/promises";

/** Makes durable which names the directory holds. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
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
