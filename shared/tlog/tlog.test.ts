import { sha256 } from "@noble/hashes/sha2.js";
import { test } from "tap";
import { concat, fromHex, toBase64, toHex, toUtf8 } from "../kernel/bytes.js";
import { seededPrng } from "../kernel/prng.js";
import { vectors } from "../vectors/vectors.contract.js";
import {
  formatBundle,
  parseBundle,
  parseTile,
  tileNodes,
  tilePath,
  tilesBetween,
  tileWidth,
} from "./tiles.js";
import {
  consistencyProof,
  emptyRoot,
  inclusionProof,
  leafHash,
  type NodeReader,
  nodeHash,
  rootOf,
  type TreeHash,
  verifyConsistency,
  verifyInclusion,
} from "./tree.js";

interface Vectors {
  readonly "1 empty root": string;
  readonly "2 leaf/node": Readonly<Record<string, string>>;
  readonly "3 CT roots sizes 1..8": readonly string[];
  readonly "4 CT inclusion": Readonly<Record<string, readonly string[]>>;
  readonly "5 CT consistency": Readonly<Record<string, readonly string[]>>;
  readonly "6 tile paths": Readonly<Record<string, string>>;
  readonly "7 entry-i roots": Readonly<Record<string, string>>;
  readonly "8 tiles at 70000": Readonly<Record<string, string | number>>;
  readonly "9 bundles": Readonly<Record<string, string>>;
}
const known = vectors<Vectors>("tlog");

/** The tree over these leaves, hashed anew for each node. */
function nodesOf(leaves: readonly TreeHash[]): NodeReader {
  const node: NodeReader = (level, index) => {
    const leaf = leaves[index];
    if (level === 0 && leaf !== undefined) return leaf;
    if (level === 0) throw new Error(`no leaf ${index}`);
    return nodeHash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1));
  };
  return node;
}

const ctEntries = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
].map(fromHex);
const ct = ctEntries.map(leafHash);
const entries = Array.from({ length: 70_000 }, (_, i) => toUtf8(`entry-${i}`));

/** All tiles of a tree over `leaves`, by level. */
function tilesOf(leaves: readonly TreeHash[]): TreeHash[][] {
  const levels = [[...leaves]];
  for (let below = leaves; below.length >= tileWidth; below = levels.at(-1) ?? []) {
    const full = Math.floor(below.length / tileWidth);
    const row = Array.from({ length: full }, (_, at) =>
      rootOf(nodesOf(below.slice(at * tileWidth, (at + 1) * tileWidth)), tileWidth),
    );
    levels.push(row);
  }
  return levels;
}
const levels = tilesOf(entries.map(leafHash));
const nodes = tileNodes((level, index) =>
  (levels[level] ?? []).slice(index * tileWidth, (index + 1) * tileWidth),
);

test("leaves, nodes and roots are those of RFC 9162's tree", (t) => {
  t.equal(toHex(emptyRoot), known["1 empty root"]);
  const {
    "leaf('')": leaf,
    "leaf('hello world')": hello,
    "node(leaf(''),leaf(00))": node,
  } = known["2 leaf/node"];
  t.equal(toHex(leafHash(toUtf8(""))), leaf);
  t.equal(toBase64(leafHash(toUtf8("hello world"))), hello);
  t.equal(toHex(nodeHash(leafHash(new Uint8Array()), leafHash(Uint8Array.of(0)))), node);
  for (const [at, root] of known["3 CT roots sizes 1..8"].entries())
    t.equal(toHex(rootOf(nodesOf(ct), at + 1)), root);
  for (const [size, root] of Object.entries(known["7 entry-i roots"]))
    t.equal(toBase64(rootOf(nodes, Number(size))), root, size);
  t.end();
});

test("proofs are the known ones, and hold", (t) => {
  for (const [which, proof] of Object.entries(known["4 CT inclusion"])) {
    const [index = 0, size = 0] = which.split(",").map(Number);
    const made = inclusionProof(nodesOf(ct), index, size);
    t.same(made.map(toHex), proof, which);
    const leaf = ct[index] ?? emptyRoot;
    t.ok(verifyInclusion({ leaf, index }, { size, root: rootOf(nodesOf(ct), size) }, made));
  }
  for (const [which, proof] of Object.entries(known["5 CT consistency"])) {
    const [before = 0, size = 0] = which.split("->").map(Number);
    const made = consistencyProof(nodesOf(ct), before, size);
    t.same(made.map(toHex), proof, which);
    const rooted = (of: number) => ({ size: of, root: rootOf(nodesOf(ct), of) });
    t.ok(verifyConsistency(rooted(before), rooted(size), made));
  }
  t.end();
});

test("tiles and bundles are those of C2SP tlog-tiles", (t) => {
  for (const [index, path] of Object.entries(known["6 tile paths"]))
    t.equal(tilePath({ level: "entries", index: Number(index), width: 256 }), `tile/entries/${path}`);
  const all = tilesBetween(0, 70_000);
  const { count, ...tiles } = known["8 tiles at 70000"];
  t.equal(all.filter(({ level }) => level !== "entries").length, count);
  for (const [path, hash] of Object.entries(tiles)) {
    const tile = all.find((one) => tilePath(one) === path);
    if (tile === undefined || tile.level === "entries") return t.fail(path);
    const from = tile.index * tileWidth;
    const bytes = concat(...(levels[tile.level] ?? []).slice(from, from + tile.width));
    t.equal(toHex(sha256(bytes)), hash, path);
    t.equal(parseTile(bytes, tile.width)?.length, tile.width);
    t.equal(parseTile(bytes.subarray(1), tile.width), undefined, "cut");
  }
  const {
    "['one','two','three'] hex": small = "",
    "sha256 tile/entries/000 (entry-0..255)": first,
    "sha256 tile/entries/273.p/112": last,
  } = known["9 bundles"];
  const words = ["one", "two", "three"].map(toUtf8);
  t.equal(toHex(formatBundle(words)), small);
  t.same(parseBundle(fromHex(small)), words);
  for (let cut = 1; cut < small.length / 2; cut++) {
    const parsed = parseBundle(fromHex(small).subarray(0, cut));
    t.ok(parsed === undefined || parsed.length < 3, `cut at ${cut}`);
  }
  t.equal(toHex(sha256(formatBundle(entries.slice(0, 256)))), first);
  t.equal(toHex(sha256(formatBundle(entries.slice(273 * 256)))), last);
  t.throws(() => formatBundle([new Uint8Array(65_536)]), /more than 65535 bytes/);
  t.end();
});

test("what grew between two sizes is a tile each, and nothing twice", (t) => {
  const paths = (before: number, size: number) => tilesBetween(before, size).map(tilePath);
  t.same(paths(0, 1), ["tile/0/000.p/1", "tile/entries/000.p/1"]);
  t.same(paths(255, 257), [
    ...["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"],
    ...["tile/entries/000", "tile/entries/001.p/1"],
  ]);
  t.same(paths(256, 256), []);
  t.same(paths(256, 300), ["tile/0/001.p/44", "tile/entries/001.p/44"]);
  t.end();
});

test("a proof holds for its leaf, place, size and roots, and for no other", (t) => {
  const random = seededPrng(5);
  const drawn = (below: number): number => random.bytes(4).reduce((sum, byte) => sum * 256 + byte, 0) % below;
  for (let run = 0; run < 200; run++) {
    const size = 1 + drawn(70_000);
    const [index, before] = [drawn(size), drawn(size + 1)];
    const rooted = (of: number) => ({ size: of, root: rootOf(nodes, of) });
    const [now, old] = [rooted(size), rooted(before)];
    const leaf = nodes(0, index);
    const inclusion = inclusionProof(nodes, index, size);
    t.ok(verifyInclusion({ leaf, index }, now, inclusion), `${index} in ${size}`);
    t.notOk(verifyInclusion({ leaf: emptyRoot, index }, now, inclusion));
    if (index !== size - 1 - index)
      t.notOk(verifyInclusion({ leaf, index: size - 1 - index }, now, inclusion), "elsewhere");
    t.notOk(verifyInclusion({ leaf, index }, now, [...inclusion, emptyRoot]), "longer");
    t.notOk(verifyInclusion({ leaf, index }, { ...now, root: emptyRoot }, inclusion));
    const consistency = consistencyProof(nodes, before, size);
    t.ok(verifyConsistency(old, now, consistency), `${before} in ${size}`);
    t.notOk(verifyConsistency(old, now, [...consistency, emptyRoot]), "longer");
    if (before > 0) {
      t.notOk(verifyConsistency({ ...old, root: emptyRoot }, now, consistency), "another history");
      t.notOk(verifyConsistency(old, { ...now, root: emptyRoot }, consistency));
      t.notOk(verifyConsistency(now, { ...old, size: size + 1 }, consistency), "backwards");
    }
    if (consistency.length > 0) t.notOk(verifyConsistency(old, now, consistency.slice(1)), "shorter");
  }
  t.end();
});

test("what is no count and no hash is refused", (t) => {
  const root = rootOf(nodesOf(ct), 8);
  const leaf = ct[0] ?? emptyRoot;
  const proof = inclusionProof(nodesOf(ct), 0, 8);
  for (const [index, size] of [
    [-1, 8],
    [8, 8],
    [0.5, 8],
    [0, Number.MAX_VALUE],
    [Number.NaN, 8],
  ] as const)
    t.notOk(verifyInclusion({ leaf, index }, { size, root }, proof), `${index} of ${size}`);
  t.notOk(verifyInclusion({ leaf: leaf.subarray(1), index: 0 }, { size: 8, root }, proof));
  t.notOk(verifyInclusion({ leaf, index: 0 }, { size: 8, root }, [new Uint8Array(31), ...proof.slice(1)]));
  t.notOk(verifyConsistency({ size: 0, root }, { size: 8, root }, []), "nothing has no other root");
  t.notOk(verifyConsistency({ size: 3, root }, { size: 8, root }, []), "no proof at all");
  t.notOk(verifyConsistency({ size: -1, root }, { size: 8, root }, []));
  t.notOk(verifyConsistency({ size: 3, root }, { size: 8, root: root.subarray(1) }, []));
  t.ok(verifyConsistency({ size: 0, root: emptyRoot }, { size: 8, root }, []));
  t.throws(() => nodes(0, 70_000), /no node 70000 of level 0/);
  t.end();
});
