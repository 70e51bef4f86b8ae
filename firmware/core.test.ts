import { test } from "tap";
import {
  type Engine,
  jerry,
  jerryMissing,
  node,
  quickjs,
  readVectors,
  scriptsFor,
  textOf,
} from "./core.contract.js";

const engines: readonly (readonly [Engine, string | false])[] = [
  [node, false],
  [quickjs, false],
  [jerry, jerryMissing],
];

for (const [engine, skip] of engines) {
  test(`on ${engine.name} the core does to the byte what its vectors say`, { skip }, async (t) => {
    for (const { name, story, expected } of readVectors()) {
      const printed = textOf(await engine.run(scriptsFor(name, story)));
      t.match(printed, new RegExp(`\nend of ${name}: \\d+ lines\n$`), `${name} ran to its end`);
      if (printed === expected) continue;
      const lines = expected.split("\n");
      const at = printed.split("\n").findIndex((line, i) => line !== lines[i]);
      t.fail(`${name}.txt, line ${at + 1}; if it is meant: npm run build:core -- --write`, {
        expected: lines[at],
        printed: printed.split("\n")[at],
      });
    }
  });
}
