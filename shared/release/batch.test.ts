import { test } from "tap";
import { seededPrng } from "../kernel/prng.js";
import { hashOf } from "../seal/hash.js";
import {
  type BatchLeaf,
  batchCommitment,
  batchFillers,
  batchOf,
  formatBatchPath,
  parseBatchPath,
  standsInBatch,
} from "./batch.js";

const random = seededPrng(5);
const leaves = (count: number): readonly BatchLeaf[] =>
  Array.from({ length: count }, (_, at) => ({ salt: random.bytes(16), text: `segment ${at}\n` }));

test("each text of a batch has a path to the root, and no other text has", (t) => {
  for (const count of [1, 2, 3, 7, 8, 65]) {
    const all = leaves(count);
    const batch = batchOf(all.map(batchCommitment));
    for (const leaf of all) {
      const path = batch.path(leaf);
      t.equal(path.root, batch.root);
      t.ok(standsInBatch(leaf.text, path), `${leaf.text} of ${count}`);
      t.notOk(standsInBatch(`${leaf.text}x`, path));
      t.notOk(standsInBatch(leaf.text, { ...path, root: hashOf(leaf.salt) }));
      t.notOk(standsInBatch(leaf.text, { ...path, index: path.index ^ 1 }));
    }
  }
  t.end();
});

test("a batch's root depends on what is in it, not on its order", (t) => {
  const all = leaves(9).map(batchCommitment);
  t.equal(batchOf(all).root, batchOf([...all].reverse()).root);
  t.not(batchOf(all).root, batchOf(all.slice(1)).root);
  t.throws(() => batchOf([]), /repeats a leaf/);
  t.throws(() => batchOf([...all, ...all.slice(0, 1)]), /repeats a leaf/);
  t.throws(() => batchOf(all).path({ salt: random.bytes(16), text: "another" }), /not in the batch/);
  t.end();
});

test("a batch is filled up so that its size says nothing of the count", (t) => {
  for (const [count, size] of [
    [1, 64],
    [64, 64],
    [65, 128],
    [1_000, 1_024],
  ] as const)
    t.equal(count + batchFillers(count, random).length, size, `${count}`);
  t.end();
});

test("a path has one text, and any flipped bit of it is refused", (t) => {
  const [leaf, ...others] = leaves(20);
  if (leaf === undefined) throw new Error("no leaf");
  const path = batchOf([leaf, ...others].map(batchCommitment)).path(leaf);
  const text = formatBatchPath(path);
  t.same(parseBatchPath(text), { ok: true, value: path });
  const proves = (edited: string): boolean => {
    const read = parseBatchPath(edited);
    return read.ok && read.value.root === path.root && standsInBatch(leaf.text, read.value);
  };
  t.ok(proves(text));
  const held = Array.from(text, (character, at) => {
    const flipped = String.fromCharCode(character.charCodeAt(0) ^ (1 << (at % 7)));
    return proves(text.slice(0, at) + flipped + text.slice(at + 1));
  });
  t.same(held.indexOf(true), -1);
  for (const bad of [
    text.replace("salt ", "salt AA"),
    text.replace("salt ", "salt !"),
    text.replace("hash ", "hash AA"),
    `${text}hash\n`,
  ])
    t.equal(parseBatchPath(bad).ok, false);
  t.end();
});
