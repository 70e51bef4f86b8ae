import { test } from "tap";
import { millis } from "../shared/kernel/brand.js";
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
import { core, loadCore } from "./core.io.js";
import { createMotion } from "./detector/motion.js";

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

test("the firmware takes its machines from the bundle and shares its arrays with it", async (t) => {
  t.not(String(core.createMotion), String(createMotion), "not the module, whose code is not minified");
  const { score, settling } = core
    .createMotion({ width: 160, height: 90 })
    .feed(new Uint8Array(160 * 90), millis(0));
  t.same({ score, settling }, { score: 0, settling: true });
});

test("a firmware without the bundle says what is missing and what makes it", async (t) => {
  t.throws(() => loadCore("/nowhere/core.bundle.js"), /\/nowhere\/core[.]bundle[.]js.*npm run build:core/);
});
