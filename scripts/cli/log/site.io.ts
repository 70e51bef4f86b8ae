import { millis } from "../../../shared/kernel/brand.js";
import { isEntryKind, type LogEntry } from "../../../shared/tlog/entry.js";
import {
  entryBytesMax,
  formatBundle,
  parseBundle,
  type Tile,
  tilePath,
  tileWidth,
} from "../../../shared/tlog/tiles.js";
import { treeHashBytes } from "../../../shared/tlog/tree.js";
import { fieldsOf, UnexpectedAnswer } from "../fields.js";
import { call, fetchBytes, fetchText, Problem, type Server } from "../http.io.js";

const textBytesMax = 64 * 1024;
const bundleBytesMax = tileWidth * (entryBytesMax + 2);
const pageMax = 500;

/** An entry as the list names it. */
export interface ListedEntry {
  readonly index: number;
  readonly entry: LogEntry;
}

/** A public log at a cloud's address. What it says is worth nothing until it was checked. */
export interface LogSite {
  readonly url: string;
  checkpoint(): Promise<string>;
  policy(): Promise<string>;
  proof(index: number): Promise<string>;
  /** `undefined` where the log has not what its checkpoint covers. */
  tile(tile: Tile): Promise<Uint8Array | undefined>;
  /** Entries with a lower index than `before`, newest first. */
  listed(before: number): Promise<readonly ListedEntry[]>;
}

export function logSite(server: Server): LogSite {
  const text = (path: string): Promise<string> => fetchText(server, path, textBytesMax);
  const bytes = (tile: Tile): Promise<Uint8Array | undefined> =>
    fetchBytes(server, `/tlog/${tilePath(tile)}`, bundleBytesMax).catch(ignoreMissing);
  return {
    url: server.url,
    checkpoint: () => text("/tlog/checkpoint"),
    policy: () => text("/tlog/policy"),
    proof: (index) => text(`/tlog/proof/${index}`),
    async tile(tile) {
      const found = await bytes(tile);
      if (found !== undefined || tile.width === tileWidth) return found;
      // The log grew on meanwhile: of a partial tile only the full one is left (C2SP tlog-tiles, "Partial Tiles").
      const full = await bytes({ ...tile, width: tileWidth });
      return full && beginningOf(full, tile);
    },
    async listed(before) {
      const path = `/tlog/entries?limit=${pageMax}&cursor=${before}`;
      return fieldsOf(await call(server, { method: "GET", path }), path).list("entries", (one) => {
        const kind = one.text("kind");
        if (!isEntryKind(kind)) throw new UnexpectedAnswer(`${path}: an entry is of no known kind`);
        const [id, agency, state, hash] = ["id", "agency", "state", "hash"].map((name) => one.text(name));
        const at = millis(Date.parse(one.text("at")));
        const entry = { kind, at, id: `${id}`, agency: `${agency}`, state: `${state}`, hash: `${hash}` };
        return { index: one.number("index"), entry };
      });
    },
  };
}

function beginningOf(full: Uint8Array, { level, width }: Tile): Uint8Array | undefined {
  if (level !== "entries") return full.subarray(0, width * treeHashBytes);
  const entries = parseBundle(full);
  return entries && formatBundle(entries.slice(0, width));
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof Problem) || error.status !== 404) throw error;
}
