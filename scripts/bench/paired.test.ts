import { test } from "tap";
import { compete, median } from "./paired.js";

const contest = (ours: readonly number[], rival: readonly number[], order: string[]) => {
  const from = (name: string, values: readonly number[]) => {
    const left = [...values];
    return async () => {
      order.push(name);
      return left.shift() ?? Number.NaN;
    };
  };
  return {
    name: "a contest",
    unit: "ms",
    rounds: ours.length - 1,
    ours: from("ours", ours),
    rival: { name: "a rival", measure: from("rival", rival) },
  };
};

test("the first pair is thrown away and the ratio is the median of the pairs' ratios", async (t) => {
  const order: string[] = [];
  const result = await compete({
    ...contest([900, 10, 30, 20], [1, 10, 10, 10], order),
    bound: { ratioMax: 2 },
  });
  t.match(result, { ours: 20, rival: 10, ratio: 2, ratioLeast: 1, ratioMost: 3, ok: true });
  t.equal(order.join(" "), "ours rival rival ours ours rival rival ours", "who goes first alternates");
});

test("a ratio beyond its bound is not ok, in either direction, and no figures are never ok", async (t) => {
  t.notOk((await compete({ ...contest([1, 3], [1, 2], []), bound: { ratioMax: 1.4 } })).ok);
  t.notOk((await compete({ ...contest([1, 1], [1, 2], []), bound: { ratioMin: 0.8 } })).ok);
  t.notOk((await compete({ ...contest([1], [1], []), bound: { ratioMin: 0.8 } })).ok);
  t.equal(median([4, 1, 3, 2]), 2.5);
  t.ok(Number.isNaN(median([])));
});
