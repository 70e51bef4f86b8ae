import { assert } from "../../shared/kernel/assert.js";
import { concat } from "../../shared/kernel/bytes.js";
import {
  formatBundle,
  rootOfRow,
  type Tile,
  tileNodes,
  tilesBetween,
  tileWidth,
} from "../../shared/tlog/tiles.js";
import { leafHash, rootOf, type TreeHash } from "../../shared/tlog/tree.js";

/** The right edge of a log's tree: of each level the hashes behind the last full tile, and the entries behind the last full bundle. */
export interface Edge {
  readonly size: number;
  readonly levels: readonly (readonly TreeHash[])[];
  readonly entries: readonly Uint8Array[];
}

export const emptyEdge: Edge = { size: 0, levels: [], entries: [] };

/** A file of the log, by its tile. */
export interface TileFile {
  readonly tile: Tile;
  readonly bytes: Uint8Array;
}

export function rootOfEdge({ size, levels }: Edge): TreeHash {
  return rootOf(
    // unreached: the tree asks for no level that an edge of its size lacks
    tileNodes((level) => levels[level] ?? []),
    size,
  );
}

/** The edge behind some more entries, and the files that it brings: full tiles, and the partial ones at the new edge. */
export function grow(
  edge: Edge,
  added: readonly Uint8Array[],
): { readonly edge: Edge; readonly files: readonly TileFile[] } {
  const size = edge.size + added.length;
  const rows: (readonly TreeHash[])[] = [];
  let fresh: readonly TreeHash[] = added.map(leafHash);
  for (let level = 0; level < edge.levels.length || fresh.length > 0; level++) {
    const row = [...(edge.levels[level] ?? []), ...fresh];
    rows.push(row);
    fresh = fullTilesOf(row).map(rootOfRow);
  }
  const entries = [...edge.entries, ...added];
  const files = tilesBetween(edge.size, size).map((tile) => ({
    tile,
    bytes: bytesOf(tile, { edge, rows, entries }),
  }));
  const left = <T>(all: readonly T[]): readonly T[] => all.slice(all.length - (all.length % tileWidth));
  return { edge: { size, levels: rows.map(left), entries: left(entries) }, files };
}

function bytesOf(
  { level, index, width }: Tile,
  {
    edge,
    rows,
    entries,
  }: { edge: Edge; rows: readonly (readonly TreeHash[])[]; entries: readonly Uint8Array[] },
): Uint8Array {
  const first = Math.floor(edge.size / tileWidth ** ((level === "entries" ? 0 : level) + 1));
  const from = (index - first) * tileWidth;
  if (level === "entries") return formatBundle(entries.slice(from, from + width));
  // unreached: each tile is of a level that grew
  const hashes = (rows[level] ?? []).slice(from, from + width);
  assert(hashes.length === width, "a tile has as many hashes as its width");
  return concat(...hashes);
}

function fullTilesOf(row: readonly TreeHash[]): readonly (readonly TreeHash[])[] {
  const count = Math.floor(row.length / tileWidth);
  return Array.from({ length: count }, (_, at) => row.slice(at * tileWidth, (at + 1) * tileWidth));
}
