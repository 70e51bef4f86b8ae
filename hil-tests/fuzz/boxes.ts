import { readBoxes } from "../../shared/clip/boxes.js";
import { concat, toUtf8 } from "../../shared/kernel/bytes.js";
import type { Prng } from "../../shared/kernel/prng.js";
import { changeBytes, pick, withWord } from "./change.js";

// MP4 boxes changed as boxes: sizes still fit, unless the sizes are what is changed.

interface Tree {
  readonly type: string;
  readonly head: Uint8Array;
  readonly inside: readonly Tree[];
}

/** Boxes that hold boxes, and how many bytes stand before those. */
const holders: Readonly<Record<string, number>> = {
  ...{ moov: 0, trak: 0, mdia: 0, minf: 0, stbl: 0, mvex: 0, moof: 0, traf: 0, dinf: 0, edts: 0 },
  ...{ stsd: 8, avc1: 78, mp4a: 28 },
};
const types = ["free", "uuid", "trak", "moof", "mdat", "mvex", "trex", "tkhd", "edts", "\0\0\0\0"];

function treesIn(bytes: Uint8Array): readonly Tree[] {
  const boxes = readBoxes(bytes, 0, bytes.length);
  if (!boxes.ok) return [{ type: "", head: bytes, inside: [] }];
  return boxes.value.map(({ type, body, end }) => {
    const before = Object.hasOwn(holders, type) ? holders[type] : undefined;
    const [from, holds] = [body + (before ?? 0), before !== undefined];
    if (!holds || from > end) return { type, head: bytes.subarray(body, end), inside: [] };
    return { type, head: bytes.subarray(body, from), inside: treesIn(bytes.subarray(from, end)) };
  });
}

function bytesOf({ type, head, inside }: Tree): Uint8Array {
  const body = concat(head, ...inside.map(bytesOf));
  if (type === "") return body;
  const size = withWord(new Uint8Array(8), 0, body.length + 8);
  size.set(toUtf8(type).subarray(0, 4), 4);
  return concat(size, body);
}

/** A box taken out, repeated, moved, renamed, cut, or changed inside; or plain bytes. */
export function changeBoxes(input: Uint8Array, other: Uint8Array, chance: Prng): Uint8Array {
  if (chance.next() < 0.2) return changeBytes(input, other, chance);
  const theirs = treesIn(other);
  return concat(...changedTrees(treesIn(input), theirs, chance).map(bytesOf));
}

function changedTrees(trees: readonly Tree[], theirs: readonly Tree[], chance: Prng): readonly Tree[] {
  const at = chance.between(0, trees.length);
  const tree = trees[at];
  if (tree === undefined) return theirs;
  if (tree.inside.length > 0 && chance.next() < 0.7)
    return trees.with(at, { ...tree, inside: changedTrees(tree.inside, theirs, chance) });
  const makers: readonly (() => readonly Tree[])[] = [
    () => trees.toSpliced(at, 1),
    () => trees.toSpliced(at, 0, tree),
    () => trees.toSpliced(at, 1).toSpliced(chance.between(0, trees.length), 0, tree),
    () => trees.with(at, { ...tree, type: pick(types, chance) ?? "" }),
    () =>
      trees.toSpliced(at, 0, {
        type: pick(types, chance) ?? "",
        head: chance.bytes(chance.between(0, 16)),
        inside: [],
      }),
    () => trees.with(at, { ...tree, head: tree.head.subarray(0, chance.between(0, tree.head.length + 1)) }),
    () => trees.with(at, { ...tree, head: changeBytes(tree.head, tree.head, chance) }),
    () => trees.with(at, { ...tree, head: changeBytes(tree.head, tree.head, chance) }),
    () => trees.with(at, pick(theirs, chance) ?? tree),
  ];
  return pick(makers, chance)?.() ?? trees;
}
