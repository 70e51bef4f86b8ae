import { equal, toUtf8 } from "../../shared/kernel/bytes.js";
import { openNote, type Signer, verifierOf } from "../../shared/seal/note.js";
import { type Checkpoint, parseCheckpoint, signCheckpoint } from "../../shared/tlog/checkpoint.js";
import { parseBundle, parseTile, tilePath, tileWidth } from "../../shared/tlog/tiles.js";
import { type Edge, emptyEdge, rootOfEdge } from "./edge.js";
import type { LogStore } from "./files.io.js";

export const statePath = "state";
export const checkpointPath = "checkpoint";

/** What a log's files say. */
export interface Standing {
  readonly edge: Edge;
  /** The signed checkpoint of `edge`. */
  readonly state: string;
  /** What was published last: `state`, or an earlier one. */
  readonly published: string;
}

export function checkpointOf(edge: Edge, signer: Signer): string {
  return signCheckpoint({ origin: signer.name, size: edge.size, root: rootOfEdge(edge) }, signer);
}

/** The edge that the signed state names. Throws where the files are not those. */
export async function recover(files: LogStore, signer: Signer): Promise<Standing> {
  const kept = await textAt(files, statePath);
  const state = kept ?? checkpointOf(emptyEdge, signer);
  // Power lost before it resolves: nothing stands yet, and the next start begins the same log.
  if (kept === undefined) await files.write(statePath, toUtf8(state));
  const checkpoint = ownCheckpoint(state, signer);
  if (checkpoint === undefined)
    throw new Error(`${files.root}/${statePath} is not signed by this log's key.`);
  const edge = await edgeOf(files, checkpoint.size);
  if (!equal(rootOfEdge(edge), checkpoint.root))
    throw new Error(`The log's tiles in ${files.root} are not those of its signed state. Restore a backup.`);
  const shown = await textAt(files, checkpointPath);
  // The empty tree says nothing about anybody: it needs no witness.
  const published =
    shown !== undefined && ownCheckpoint(shown, signer) ? shown : checkpointOf(emptyEdge, signer);
  return { edge, state, published };
}

function ownCheckpoint(note: string, signer: Signer): Checkpoint | undefined {
  const opened = openNote(note, [verifierOf(signer)]);
  return opened.ok ? parseCheckpoint(opened.value.text) : undefined;
}

async function edgeOf(files: LogStore, size: number): Promise<Edge> {
  const levels = [];
  for (let [level, count] = [0, size]; count > 0; level++) {
    const width = count % tileWidth;
    const tile = { level, index: Math.floor(count / tileWidth), width };
    levels.push(
      width === 0 ? [] : needed(parseTile(await bytesAt(files, tilePath(tile)), width), tilePath(tile)),
    );
    count = Math.floor(count / tileWidth);
  }
  const width = size % tileWidth;
  const path = tilePath({ level: "entries", index: Math.floor(size / tileWidth), width });
  const entries = width === 0 ? [] : needed(parseBundle(await bytesAt(files, path)), path);
  return { size, levels, entries };
}

async function textAt(files: LogStore, path: string): Promise<string | undefined> {
  const bytes = await files.read(path);
  return bytes && new TextDecoder().decode(bytes);
}

async function bytesAt(files: LogStore, path: string): Promise<Uint8Array> {
  return needed(await files.read(path), path);
}

function needed<T>(found: T | undefined, path: string): T {
  if (found === undefined) throw new Error(`The log's file ${path} is missing or cut. Restore a backup.`);
  return found;
}
