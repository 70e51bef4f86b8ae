import { equal } from "../../../shared/kernel/bytes.js";
import type { Checkpoint } from "../../../shared/tlog/checkpoint.js";
import { formatEntry, type LogEntry, parseEntry } from "../../../shared/tlog/entry.js";
import {
  parseBundle,
  parseTile,
  rootOfRow,
  type Tile,
  tileNodes,
  tilePath,
  tileWidth,
} from "../../../shared/tlog/tiles.js";
import { leafHash, type NodeReader, type TreeHash, treeHashBytes } from "../../../shared/tlog/tree.js";
import { Refused } from "../refused.js";
import type { ListedEntry, LogSite } from "./site.io.js";

/** Tiles that are fetched at a time. */
const atOnceMax = 8;

/** A whole log as it was computed here: nothing of it is the log's word. */
export interface Walked {
  readonly node: NodeReader;
  readonly leaf: (index: number) => TreeHash | undefined;
  readonly kinds: ReadonlyMap<LogEntry["kind"], number>;
}

/** Fetches every tile and entry that the checkpoint covers. Throws `Refused` where one is missing, or not what the entries give. */
export async function walk(
  site: LogSite,
  { size }: Checkpoint,
  progress: (entries: number) => void,
): Promise<Walked> {
  const kinds = new Map<LogEntry["kind"], number>();
  const leaves: Uint8Array[] = [];
  await inTurn(Math.ceil(size / tileWidth), async (index) => {
    const width = Math.min(size - index * tileWidth, tileWidth);
    const row = await leavesOf(site, { level: "entries", index, width }, kinds);
    await demandTile(site, { level: 0, index, width }, row);
    leaves[index] = row;
    progress(index * tileWidth + width);
  });
  const levels = [leaves];
  for (let level = 1; size >= tileWidth ** level; level++)
    levels.push(await walkLevel(site, { level, size }, levels[level - 1] ?? []));
  const rows = (level: number, index: number): readonly TreeHash[] => {
    const tile = levels[level]?.[index];
    return (tile && parseTile(tile, tile.length / treeHashBytes)) ?? [];
  };
  const leaf = (index: number) => rows(0, Math.floor(index / tileWidth))[index % tileWidth];
  return { node: tileNodes(rows), leaf, kinds };
}

/** The tiles of a level above the leaves: each hash is the root of a full tile below. */
async function walkLevel(
  site: LogSite,
  { level, size }: { readonly level: number; readonly size: number },
  below: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  const roots = below.flatMap((tile) => {
    const row = parseTile(tile, tileWidth);
    return row === undefined ? [] : [rootOfRow(row)];
  });
  const tiles: Uint8Array[] = [];
  for (let index = 0; index * tileWidth < Math.floor(size / tileWidth ** level); index++) {
    const row = Buffer.concat(roots.slice(index * tileWidth, (index + 1) * tileWidth));
    await demandTile(site, { level, index, width: row.length / treeHashBytes }, row);
    tiles.push(row);
  }
  return tiles;
}

async function leavesOf(
  site: LogSite,
  tile: Tile,
  kinds: Map<LogEntry["kind"], number>,
): Promise<Uint8Array> {
  const bundle = await site.tile(tile);
  const entries = bundle && parseBundle(bundle);
  if (entries?.length !== tile.width)
    throw new Refused(`The log does not show ${tilePath(tile)} whole, which its checkpoint covers.`);
  for (const [at, bytes] of entries.entries()) {
    const entry = parseEntry(bytes);
    const index = tile.index * tileWidth + at;
    if (!entry.ok)
      throw new Refused(`Entry ${index} of the log has not the form of an entry (${entry.error.kind}).`);
    kinds.set(entry.value.kind, (kinds.get(entry.value.kind) ?? 0) + 1);
  }
  return Buffer.concat(entries.map(leafHash));
}

async function demandTile(site: LogSite, tile: Tile, wanted: Uint8Array): Promise<void> {
  const found = await site.tile(tile);
  if (found === undefined)
    throw new Refused(`The log does not show ${tilePath(tile)}, which its checkpoint covers.`);
  if (!equal(found, wanted))
    throw new Refused(
      `The log's ${tilePath(tile)} is not what its entries give: it shows a tree that is not its own.`,
    );
}

/** Whether the list that people search shows each entry of the log as it stands there, and no other. */
export async function compareList(
  site: LogSite,
  { size }: Checkpoint,
  walked: Walked,
  progress: (entries: number) => void,
): Promise<void> {
  for (let before = size; before > 0; ) {
    const page = await site.listed(before);
    if (page.length === 0) throw unlisted(before - 1);
    for (const listed of page) {
      demandListed(listed, before - 1, walked);
      before--;
    }
    progress(size - before);
  }
}

function demandListed({ index, entry }: ListedEntry, wanted: number, { leaf }: Walked): void {
  if (index < wanted) throw unlisted(wanted);
  if (index > wanted)
    throw new Refused(`The list that the log shows (/tlog/entries) has entry ${index} twice.`);
  const stands = leaf(index);
  if (stands === undefined || !equal(leafHash(formatEntry(entry)), stands))
    throw new Refused(
      `What the list shows as entry ${index} (/tlog/entries) is not what stands in the log there.`,
    );
}

function unlisted(index: number): Refused {
  return new Refused(`Entry ${index} stands in the log, but not in the list that it shows (/tlog/entries).`);
}

/** Runs all from 0 to before `count`, some at a time, each begun in its turn. */
async function inTurn(count: number, run: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const runner = async (): Promise<void> => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: atOnceMax }, runner));
}
