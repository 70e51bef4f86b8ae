import { test } from "tap";
import { judge } from "./holes.js";

const branch = (line: number) => ({ loc: { start: { line } } });
const file = {
  path: "x.ts",
  branchMap: { 0: branch(1), 1: branch(3), 2: branch(4), 3: branch(5) },
  b: { 0: [2], 1: [0], 2: [0], 3: [0] },
};

test("a branch that nothing ran is a hole unless a reason stands beside it or above it", (t) => {
  const source = [
    "all();",
    "// unreached: the compiler wants an answer here",
    "if (a) b();",
    "if (c) d(); // unreached: a list of one has a first",
    "if (e) f();",
  ].join("\n");
  t.same(judge(file, source), {
    ...{ branches: 4, covered: 1, holes: [5], idle: [] },
    excused: [
      { line: 3, reason: "the compiler wants an answer here" },
      { line: 4, reason: "a list of one has a first" },
    ],
  });
  t.end();
});

test("an excuse without a reason, or beside what runs, is none", (t) => {
  t.match(judge(file, "// unreached:\n\nx\n// unreached: so\nx"), { holes: [3, 4, 5], idle: [1, 4] });
  t.match(judge({ ...file, b: {} }, "x // unreached: nobody comes here\n"), { holes: [], idle: [1] });
  t.end();
});
