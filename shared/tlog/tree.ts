import { sha256 } from "@noble/hashes/sha2.js";
import { concat, equal } from "../kernel/bytes.js";

/** A hash of the log's Merkle tree (RFC 9162 §2.1): 32 bytes. */
export type TreeHash = Uint8Array;

/** The root over the complete subtree of 2^`level` leaves that begins at leaf `index` · 2^`level`. */
export type NodeReader = (level: number, index: number) => TreeHash;

export const treeHashBytes = 32;
export const emptyRoot: TreeHash = sha256(new Uint8Array());

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

export const leafHash = (entry: Uint8Array): TreeHash => sha256(concat(leafPrefix, entry));
export const nodeHash = (left: TreeHash, right: TreeHash): TreeHash =>
  sha256(concat(nodePrefix, left, right));

/** The root of the first `size` leaves (RFC 9162 §2.1.1). */
export function rootOf(node: NodeReader, size: number): TreeHash {
  return size === 0 ? emptyRoot : rootBetween(node, 0, size);
}

/** Hashes that lead from leaf `index` to the root of `size` leaves (RFC 9162 §2.1.3.1). `index` is below `size`. */
export function inclusionProof(node: NodeReader, index: number, size: number): readonly TreeHash[] {
  const proof: TreeHash[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    if (index < middle) {
      proof.push(rootBetween(node, middle, to));
      to = middle;
    } else {
      proof.push(rootBetween(node, from, middle));
      from = middle;
    }
  }
  return proof.reverse();
}

/** Hashes that show that the first `before` leaves are those of the tree of `size` (RFC 9162 §2.1.4.1). None from 0, or to itself. */
export function consistencyProof(node: NodeReader, before: number, size: number): readonly TreeHash[] {
  if (before === 0 || before === size) return [];
  const proof: TreeHash[] = [];
  let [from, to] = [0, size];
  while (before !== to) {
    const middle = from + splitOf(to - from);
    if (before <= middle) {
      proof.push(rootBetween(node, middle, to));
      to = middle;
    } else {
      proof.push(rootBetween(node, from, middle));
      from = middle;
    }
  }
  // The old tree as a whole is known to whoever checks; a part of it is not.
  if (from > 0) proof.push(rootBetween(node, from, to));
  return proof.reverse();
}

/** RFC 9162 §2.1.3.2. */
export function verifyInclusion(
  { leaf, index }: { readonly leaf: TreeHash; readonly index: number },
  { size, root }: { readonly size: number; readonly root: TreeHash },
  proof: readonly TreeHash[],
): boolean {
  if (!isCount(index) || !isCount(size) || index >= size || ![leaf, root, ...proof].every(isTreeHash))
    return false;
  const path = { first: index, last: size - 1 };
  let hash = leaf;
  for (const sibling of proof) {
    if (path.last === 0) return false;
    hash = isRight(path) ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
    rise(path);
  }
  return path.last === 0 && equal(hash, root);
}

/** RFC 9162 §2.1.4.2. From an empty tree the proof is empty, as the witness protocol has it. */
export function verifyConsistency(
  before: { readonly size: number; readonly root: TreeHash },
  now: { readonly size: number; readonly root: TreeHash },
  proof: readonly TreeHash[],
): boolean {
  if (!isCount(before.size) || !isCount(now.size) || before.size > now.size) return false;
  if (![before.root, now.root, ...proof].every(isTreeHash)) return false;
  if (before.size === 0 && !equal(before.root, emptyRoot)) return false;
  if (before.size === now.size) return proof.length === 0 && equal(before.root, now.root);
  if (before.size === 0) return proof.length === 0;
  return leadsToBoth(before, now, proof);
}

function leadsToBoth(
  before: { readonly size: number; readonly root: TreeHash },
  now: { readonly size: number; readonly root: TreeHash },
  proof: readonly TreeHash[],
): boolean {
  const path = { first: before.size - 1, last: now.size - 1 };
  while (path.first % 2 === 1) climb(path);
  // Where the old tree is complete its root starts the way, and is not in the proof.
  const [start, ...rest] = path.first === 0 ? [before.root, ...proof] : proof;
  if (start === undefined) return false;
  let [old, young] = [start, start];
  for (const sibling of rest) {
    if (path.last === 0) return false;
    const right = isRight(path);
    if (right) old = nodeHash(sibling, old);
    young = right ? nodeHash(sibling, young) : nodeHash(young, sibling);
    rise(path);
  }
  return path.last === 0 && equal(old, before.root) && equal(young, now.root);
}

/** The places of the old and the young end among the nodes of one level. */
interface Path {
  first: number;
  last: number;
}

function isRight({ first, last }: Path): boolean {
  return first % 2 === 1 || first === last;
}

/** To the next level at which the way has a sibling, and from it to its parent. */
function rise(path: Path): void {
  if (path.first === path.last) while (path.first % 2 === 0 && path.first !== 0) climb(path);
  climb(path);
}

function climb(path: Path): void {
  path.first = Math.floor(path.first / 2);
  path.last = Math.floor(path.last / 2);
}

/** The root over the leaves from `from` to before `to`; `from` is a multiple of the largest power of two below their count. */
function rootBetween(node: NodeReader, from: number, to: number): TreeHash {
  const count = to - from;
  const level = Math.log2(count);
  if (Number.isInteger(level)) return node(level, from / count);
  const middle = from + splitOf(count);
  return nodeHash(rootBetween(node, from, middle), rootBetween(node, middle, to));
}

/** The largest power of two below `count`. */
function splitOf(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isTreeHash(hash: TreeHash): boolean {
  return hash.length === treeHashBytes;
}
