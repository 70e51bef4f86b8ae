import { assert } from "../kernel/assert.js";
import { fromBase64, toBase64 } from "../kernel/bytes.js";
import type { Random } from "../kernel/ports.js";
import type { Result } from "../kernel/result.js";
import { type FieldsRefusal, formatFields, type NoteShape, readFields } from "../seal/fields.js";
import { type Hash, hashOf, isHash } from "../seal/hash.js";
import { commitment, saltBytes } from "../seal/opening.js";
import {
  inclusionProof,
  leafHash,
  type NodeReader,
  nodeHash,
  rootOf,
  type TreeHash,
  verifyInclusion,
} from "../tlog/tree.js";

/** A text that one line of the public log commits to among others, hidden by its own salt. */
export interface BatchLeaf {
  /** 16 random bytes, kept as long as anybody may have to prove the text; without it nobody can guess what stood there. */
  readonly salt: Uint8Array;
  readonly text: string;
}

/** Many texts behind one hash of the public log: who knows one of them learns neither the others nor how many they are. */
export interface Batch {
  /** The hash of the log's entry. */
  readonly root: Hash;
  /** The way from a leaf that is in the batch to the root. */
  path(leaf: BatchLeaf): BatchPath;
}

/** `path/v1`: that a text stands behind the root in its second line. */
export interface BatchPath {
  readonly root: Hash;
  readonly salt: Uint8Array;
  readonly index: number;
  readonly size: number;
  /** As an inclusion proof of RFC 9162 §2.1.3. */
  readonly hashes: readonly TreeHash[];
}

/** Batches of fewer are filled up to this: published counts end at "50+". */
const batchLeavesMin = 64;
const noBytes = new Uint8Array();
/** A tree of 2^53 leaves is no higher. */
const hashesMax = 53;

const shape: NoteShape = { type: "path/v1", fields: ["salt", "index", "size", "hash*"] };

/** What a batch holds of a leaf: base64 of SHA-256(salt ‖ text). */
export function batchCommitment({ salt, text }: BatchLeaf): Hash {
  return commitment({ salt, line: text });
}

/** Commitments to nothing, which fill `count` up to a power of two, 64 at least. They are kept with the others: the root needs them. */
export function batchFillers(count: number, random: Random): readonly Hash[] {
  let size = batchLeavesMin;
  while (size < count) size *= 2;
  return Array.from({ length: size - count }, () => hashOf(random.bytes(saltBytes)));
}

/** The tree over commitments, fillers among them, in the order of their text: it says nothing of who came when. */
export function batchOf(commitments: readonly Hash[]): Batch {
  const sorted = [...commitments].sort();
  assert(sorted.length > 0 && new Set(sorted).size === sorted.length, "a batch is empty, or repeats a leaf");
  const node = treeOver(sorted.map(treeLeaf));
  const size = sorted.length;
  const root = toBase64(rootOf(node, size));
  return {
    root,
    path(leaf) {
      const index = sorted.indexOf(batchCommitment(leaf));
      assert(index >= 0, "a path was asked for a leaf that is not in the batch");
      return { root, salt: leaf.salt, index, size, hashes: inclusionProof(node, index, size) };
    },
  };
}

export function formatBatchPath({ root, salt, index, size, hashes }: BatchPath): string {
  return formatFields(shape, root, { salt: toBase64(salt), index, size, hash: hashes.map(toBase64) });
}

export function parseBatchPath(text: string): Result<BatchPath, FieldsRefusal> {
  return readFields(shape, text, (read) => {
    const salt = bytesOf(read.plain("salt")) ?? noBytes;
    const hashes = read.list("hash", hashesMax);
    read.check(salt.length === saltBytes, "salt");
    read.check(hashes.every(isHash), "hash");
    return {
      root: read.subject(isHash),
      salt,
      index: read.number("index"),
      size: read.number("size"),
      hashes: hashes.map(hashBytes),
    };
  });
}

/** Whether `text` stands behind the path's root. Whether that root is in a log, its entry's proof says. */
export function standsInBatch(text: string, { root, salt, ...path }: BatchPath): boolean {
  const leaf = treeLeaf(batchCommitment({ salt, text }));
  return verifyInclusion(
    { leaf, index: path.index },
    { size: path.size, root: hashBytes(root) },
    path.hashes,
  );
}

/** All complete subtrees, level by level. */
function treeOver(leaves: readonly TreeHash[]): NodeReader {
  const levels = [leaves];
  for (let below = leaves; below.length > 1; ) {
    const above: TreeHash[] = [];
    for (let at = 0; at + 1 < below.length; at += 2)
      above.push(nodeHash(node(below, at), node(below, at + 1)));
    levels.push(above);
    below = above;
  }
  // unreached: every level that is asked for was made
  return (level, index) => node(levels[level] ?? [], index);
}

function node(level: readonly TreeHash[], index: number): TreeHash {
  const hash = level[index];
  assert(hash !== undefined, "a batch's tree has no such node");
  return hash;
}

const treeLeaf = (leaf: Hash): TreeHash => leafHash(hashBytes(leaf));

function hashBytes(hash: Hash): TreeHash {
  const bytes = bytesOf(hash);
  assert(bytes?.length === 32, "a hash is not one");
  return bytes;
}

function bytesOf(text: string): Uint8Array | undefined {
  const bytes = fromBase64(text);
  return bytes.ok ? bytes.value : undefined;
}
