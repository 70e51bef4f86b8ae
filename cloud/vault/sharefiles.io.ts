import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Millis } from "../../shared/kernel/brand.js";
import { ignoreMissing, makeDirectory, namesIn, syncDirectory } from "../disk.io.js";
import type { ShareRow } from "./tables.js";

// The files of shared links: `shares/<household>/<clip>/<share>/<piece>`, and `halves/<chance>` for what is on its way.

type Named = Pick<ShareRow, "household" | "clip" | "id">;

export function folderOf(directory: string, { household, clip, id }: Named): string {
  return join(directory, "shares", household, clip, id);
}

export function pathOf(directory: string, share: Named, piece: number): string {
  return join(folderOf(directory, share), `${piece}`);
}

export function halfIn(directory: string, name: string): string {
  return join(directory, "halves", name);
}

/** Its bytes are durable when it resolves. Power lost on the way: a half that nothing reads, and the sweep removes. */
export async function writeHalf(half: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(half), { recursive: true, mode: 0o700 });
  const file = await open(half, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Durable under its name when it resolves. Power lost on the way: nothing under that name, or a file that is whole. */
export async function adopt(half: string, path: string): Promise<void> {
  await makeDirectory(dirname(path));
  await rename(half, path);
  await syncDirectory(dirname(path));
}

export async function fileBytes(path: string): Promise<number | undefined> {
  return (await stat(path).catch(ignoreMissing))?.size;
}

/** Each link's. */
export async function* foldersIn(
  directory: string,
): AsyncGenerator<{ readonly share: string; readonly path: string }> {
  const root = join(directory, "shares");
  for (const household of await namesIn(root))
    for (const clip of await namesIn(join(root, household)))
      for (const share of await namesIn(join(root, household, clip)))
        yield { share, path: join(root, household, clip, share) };
}

export async function removeOldHalves(directory: string, before: Millis): Promise<void> {
  for (const name of await namesIn(join(directory, "halves"))) {
    const half = halfIn(directory, name);
    const found = await stat(half).catch(ignoreMissing);
    if (found !== undefined && found.mtimeMs < before) await rm(half, { force: true });
  }
}
