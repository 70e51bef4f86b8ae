import { hash } from "node:crypto";
import { parseTile, tilePath, tileWidth } from "../../shared/tlog/tiles.js";
import { type NodeReader, type TreeHash, treeHashBytes } from "../../shared/tlog/tree.js";
import type { LogStore } from "./files.io.js";

/** Tiles that are kept in memory. */
const tilesKeptMax = 300;
const tileLevels = 8;
const noHash = new Uint8Array(treeHashBytes);

/** A tile's hashes, and above them those of its complete subtrees. */
type Pyramid = readonly (readonly TreeHash[])[];

/** Reads the nodes of a log's tree from its tiles, of the tree of any size that it once had. */
export class Nodes {
  private readonly files: Pick<LogStore, "read">;
  private readonly keptMax: number;
  private readonly kept = new Map<string, Promise<Pyramid | undefined>>();

  constructor(files: Pick<LogStore, "read">, keptMax = tilesKeptMax) {
    this.files = files;
    this.keptMax = keptMax;
  }

  /** What `use` makes of the tree of `size` leaves, such as a proof. Throws where a tile is not there. */
  async of<T>(size: number, use: (node: NodeReader) => T): Promise<T> {
    const wanted = new Map<string, Place>();
    // First only to see which tiles it takes.
    use((level, index) => {
      const place = placeOf(level, index);
      wanted.set(keyOf(place), place);
      return noHash;
    });
    const tiles = new Map<string, Pyramid>();
    for (const [key, place] of wanted) tiles.set(key, await this.tile(size, place));
    return use((level, index) => {
      const place = placeOf(level, index);
      const hash = tiles.get(keyOf(place))?.[place.above]?.[place.within];
      if (hash === undefined) throw new Error(`The log has no node ${index} of level ${level} yet.`);
      return hash;
    });
  }

  /** The leaves' hashes from the tile on in which leaf `from` is, a tile at a time. */
  async *leaves(from: number, size: number): AsyncGenerator<{ first: number; hashes: readonly TreeHash[] }> {
    for (let tile = Math.floor(from / tileWidth); tile * tileWidth < size; tile++) {
      const [hashes = []] = await this.tile(size, { level: 0, tile });
      yield { first: tile * tileWidth, hashes: hashes.slice(0, size - tile * tileWidth) };
    }
  }

  private async tile(size: number, { level, tile: index }: Pick<Place, "level" | "tile">): Promise<Pyramid> {
    const width = Math.min(Math.floor(size / tileWidth ** level) - index * tileWidth, tileWidth);
    const partial = width < tileWidth ? await this.read(level, index, width) : undefined;
    // Of a tree that grew on, only the full tile may be left.
    const tile = partial ?? (await this.read(level, index, tileWidth));
    if (tile !== undefined) return tile;
    throw new Error(`The log's file ${tilePath({ level, index, width })} is missing. Restore a backup.`);
  }

  private read(level: number, index: number, width: number): Promise<Pyramid | undefined> {
    const path = tilePath({ level, index, width });
    const known = this.kept.get(path);
    if (known !== undefined) return known;
    if (this.kept.size >= this.keptMax) this.kept.clear();
    // Many ask for one tile at a time: it is read once.
    const reading = this.load(path, width);
    this.kept.set(path, reading);
    const forget = (found?: Pyramid): void => {
      if (found === undefined) this.kept.delete(path);
    };
    reading.then(forget, () => forget());
    return reading;
  }

  private async load(path: string, width: number): Promise<Pyramid | undefined> {
    const bytes = await this.files.read(path);
    const row = bytes && parseTile(bytes, width);
    return row && pyramidOf(row);
  }
}

/** Where a node of the tree stands in the tiles. */
interface Place {
  readonly level: number;
  readonly tile: number;
  /** Levels above the tile's own hashes. */
  readonly above: number;
  readonly within: number;
}

function placeOf(nodeLevel: number, index: number): Place {
  const [level, above] = [Math.floor(nodeLevel / tileLevels), nodeLevel % tileLevels];
  const perTile = 2 ** (tileLevels - above);
  return { level, tile: Math.floor(index / perTile), above, within: index % perTile };
}

function keyOf({ level, tile }: Place): string {
  return `${level}/${tile}`;
}

function pyramidOf(row: readonly TreeHash[]): Pyramid {
  const rows = [row];
  for (let below = row; below.length > 1; ) {
    const above: TreeHash[] = [];
    for (let at = 0; at + 1 < below.length; at += 2)
      // unreached: the loop stops before the last pair
      above.push(nativeNodeHash(below[at] ?? noHash, below[at + 1] ?? noHash));
    rows.push(above);
    below = above;
  }
  return rows;
}

const nodeBytes = new Uint8Array(1 + 2 * treeHashBytes).fill(1);

/** As `nodeHash`, by the platform's own code: it is most of what a proof costs. */
function nativeNodeHash(left: TreeHash, right: TreeHash): TreeHash {
  nodeBytes.set(left, 1);
  nodeBytes.set(right, 1 + treeHashBytes);
  return hash("sha256", nodeBytes, "buffer");
}
