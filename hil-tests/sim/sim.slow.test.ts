import { fileURLToPath } from "node:url";
import { test } from "tap";
import { bundleWorld } from "./bundle.js";
import { isFound, watch } from "./crew.js";
import { mutations } from "./mutations.js";
import type { Report } from "./world/seed.js";

const root = fileURLToPath(new URL("../../..", import.meta.url)); // from .build/hil-tests/sim/
const worlds = 60;
const seeds = (from: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, at) => from + at);
const live = (bundle: string, wanted: readonly number[], untilFound = false): Promise<readonly Report[]> =>
  watch({ bundle, seeds: wanted, workers: 2, onReport: () => undefined, untilFound });

test(`in ${worlds} worlds full of faults every promise holds, and a seed is the same world each time`, async (t) => {
  const bundle = await bundleWorld(root, undefined);
  const reports = await live(bundle, seeds(1, worlds));
  t.same(
    reports.flatMap(({ ok, seed, why }) => (ok ? [] : [`seed ${seed}: ${why}`])),
    [],
  );
  t.equal(reports.length, worlds);
  t.ok(reports.every(({ segments }) => segments > 0));
  const [again] = await live(bundle, [7]);
  t.equal(again?.trace, reports[6]?.trace);
});

for (const bug of ["body-unsynced", "directory-unsynced"])
  test(`a planted bug is found, by its oracle, and the story tells of it: ${bug}`, async (t) => {
    const mutation = mutations.find(({ name }) => name === bug);
    const reports = await live(await bundleWorld(root, mutation), seeds(1, 40), true);
    const found = reports.find(isFound);
    t.equal(found?.oracle, "acknowledged-is-in-the-vault");
    t.ok((found?.story ?? []).length > 10);
  });

test("a mutation whose text is not there any more is refused", async (t) => {
  const [mutation] = mutations;
  if (mutation === undefined) return t.fail("there are mutations");
  await t.rejects(bundleWorld(root, { ...mutation, from: "no such text" }), /stands 0 times/);
});
