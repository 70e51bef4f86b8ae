import { concat } from "../kernel/bytes.js";
import { type NodeReader, nodeHash, type TreeHash, treeHashBytes } from "./tree.js";

// C2SP tlog-tiles: the tree's hashes and entries as files that are written once and cached for ever.

/** Hashes, or entries, of a full tile. */
export const tileWidth = 256;
/** Levels of the tree that one tile spans. */
const tileLevels = 8;
export const entryBytesMax = 65_535;

export interface Tile {
  /** 0 holds leaf hashes; each level above holds the roots of full tiles below. */
  readonly level: number | "entries";
  readonly index: number;
  /** 1 to 256; below that the tile is partial, and a wider one follows. */
  readonly width: number;
}

/** Its path below the log's address, such as `tile/1/x001/067.p/12`. */
export function tilePath({ level, index, width }: Tile): string {
  return `tile/${level}/${indexPath(index)}${width < tileWidth ? `.p/${width}` : ""}`;
}

function indexPath(index: number): string {
  const [last = "", ...before] = groupsOf(index).reverse();
  return [...before.reverse().map((group) => `x${group}`), last].join("/");
}

/** The tile at a path; `undefined` for what is no tile's path, or another way to write one. */
export function parseTilePath(path: string): Tile | undefined {
  const [, level = "", groups = "", width] =
    /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path) ?? [];
  const tile: Tile = {
    level: level === "entries" ? level : Number(level),
    index: Number(groups.replace(/[x/]/g, "")),
    width: width === undefined ? tileWidth : Number(width),
  };
  return tile.width > 0 && tilePath(tile) === path ? tile : undefined;
}

/** Whether a tree of `size` has all that the tile holds. */
export function isCovered({ level, index, width }: Tile, size: number): boolean {
  const count = level === "entries" ? size : Math.floor(size / tileWidth ** level);
  return index * tileWidth + width <= count;
}

/** Three digits each, the most significant first. */
function groupsOf(index: number): string[] {
  const group = `${index % 1_000}`.padStart(3, "0");
  return index < 1_000 ? [group] : [...groupsOf(Math.floor(index / 1_000)), group];
}

/** The tiles of a tree of `size` that one of `before` leaves does not have so, hashes first, from level 0 up; entries last. */
export function tilesBetween(before: number, size: number): readonly Tile[] {
  const tiles: Tile[] = [];
  for (let [level, had, has] = [0, before, size]; has > 0; level++) {
    tiles.push(...tilesOfLevel(level, had, has));
    had = Math.floor(had / tileWidth);
    has = Math.floor(has / tileWidth);
  }
  return [...tiles, ...tilesOfLevel("entries", before, size)];
}

function tilesOfLevel(level: Tile["level"], had: number, has: number): readonly Tile[] {
  if (had === has) return [];
  const tiles: Tile[] = [];
  for (let index = Math.floor(had / tileWidth); index * tileWidth < has; index++)
    tiles.push({ level, index, width: Math.min(has - index * tileWidth, tileWidth) });
  return tiles;
}

/** Entries as a bundle: each behind its length in two bytes, the more significant first. */
export function formatBundle(entries: readonly Uint8Array[]): Uint8Array {
  return concat(
    ...entries.flatMap((entry) => {
      if (entry.length > entryBytesMax) throw new Error(`An entry has more than ${entryBytesMax} bytes.`);
      return [Uint8Array.of(Math.floor(entry.length / 256), entry.length % 256), entry];
    }),
  );
}

/** `undefined` where the bundle is cut. */
export function parseBundle(bundle: Uint8Array): readonly Uint8Array[] | undefined {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bundle.length; ) {
    const [high = 0, low = 0] = bundle.subarray(at, at + 2);
    const end = at + 2 + high * 256 + low;
    if (end > bundle.length) return undefined;
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  return entries;
}

/** The hashes of one tile, 32 bytes each. `undefined` where it has not `width` of them. */
export function parseTile(bytes: Uint8Array, width: number): readonly TreeHash[] | undefined {
  if (bytes.length !== width * treeHashBytes) return undefined;
  return Array.from({ length: width }, (_, at) =>
    bytes.subarray(at * treeHashBytes, (at + 1) * treeHashBytes),
  );
}

/** Reads the tree's nodes from tiles. `tile` gives the hashes of that tile that there are. Throws where one is missing. */
export function tileNodes(tile: (level: number, index: number) => readonly TreeHash[]): NodeReader {
  return (level, index) => {
    const [inTiles, above] = [Math.floor(level / tileLevels), level % tileLevels];
    const first = index * 2 ** above;
    const within = first % tileWidth;
    const row = tile(inTiles, Math.floor(first / tileWidth)).slice(within, within + 2 ** above);
    if (row.length < 2 ** above) throw new Error(`The log has no node ${index} of level ${level} yet.`);
    return rootOfRow(row);
  };
}

/** Of a power of two hashes. */
export function rootOfRow(row: readonly TreeHash[]): TreeHash {
  const [left, right] = row;
  // unreached: rows are powers of two
  if (left === undefined) throw new Error("A row of no hashes has no root.");
  if (right === undefined) return left;
  const half = row.length / 2;
  return nodeHash(rootOfRow(row.slice(0, half)), rootOfRow(row.slice(half)));
}
