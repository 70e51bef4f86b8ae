import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { packagePieceBytesMax } from "../../../shared/release/limits.js";
import { makePrivateFolder, writeDurably } from "../disk.io.js";
import { Problem } from "../http.io.js";
import type { OfficeCloud } from "../office/cloud.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";

// A sealed package on its way, piece by piece: each is whole on the disk before the next is asked for.

/** Bytes that must come in such a time; a piece that drips is broken off. */
const pieceMillisMax = 5 * 60_000;

export interface Wanted {
  readonly release: string;
  readonly pieces: number;
}

const roomOf = (folder: string, release: string): string => join(folder, "fetching", release);

/** The sealed package, of what was fetched before and what is still missing. */
export async function fetchPieces(
  folder: string,
  cloud: OfficeCloud,
  { release, pieces }: Wanted,
  terminal: Terminal,
): Promise<Uint8Array> {
  const room = roomOf(folder, release);
  makePrivateFolder(join(folder, "fetching"));
  makePrivateFolder(room);
  const files = Array.from({ length: pieces }, (_, index) => join(room, `${index}`));
  for (const [index, file] of files.entries()) {
    if (existsSync(file)) continue;
    terminal.progress(`piece ${index + 1} of ${pieces}`);
    const path = `/agency/v1/releases/${release}/pieces/${index}`;
    const piece = await pieceAt(cloud, path).catch((error: unknown) => gone(error, folder, release));
    // Power lost before this: the piece is fetched again.
    writeDurably(file, piece);
  }
  return Uint8Array.from(Buffer.concat(files.map((file) => readFileSync(file))));
}

export function forgetPieces(folder: string, release: string): void {
  rmSync(roomOf(folder, release), { recursive: true, force: true });
}

/** What was withdrawn is not kept here in parts either. */
function gone(error: unknown, folder: string, release: string): never {
  if (!(error instanceof Problem) || error.status !== 404) throw error;
  forgetPieces(folder, release);
  throw new Refused(
    `Release ${release} can no longer be fetched: it was withdrawn, or its time is over. What had come of it is deleted.`,
  );
}

async function pieceAt(cloud: OfficeCloud, path: string): Promise<Uint8Array> {
  const headers = { accept: "application/octet-stream" };
  const answer = await cloud.stream({ method: "GET", path, headers });
  const timer = setTimeout(() => answer.destroy(), pieceMillisMax);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const part of answer) {
      bytes += part.length;
      if (bytes > packagePieceBytesMax) throw new Refused("The cloud sends more than a piece can hold.");
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused("The connection broke off. The same command goes on where it stopped.");
  } finally {
    clearTimeout(timer);
  }
  if (!answer.complete) throw new Refused("A piece came in part. The same command goes on where it stopped.");
  return Buffer.concat(parts);
}
