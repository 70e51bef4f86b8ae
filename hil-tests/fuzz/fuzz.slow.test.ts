import { test } from "tap";
import { campaign } from "./campaign.js";
import { readCorpus } from "./corpus.io.js";
import { textTarget } from "./target.js";
import { targets } from "./targets/all.js";

/** For all targets together; `npm run prove -- fuzz` takes its time. */
const millisMax = 3_000;
const seed = 1;

test("every parser keeps what it promises for what it was ever given, and for a little that is new", async (t) => {
  for (const { name, open } of targets) {
    const target = await open();
    const corpus = readCorpus(target);
    const known = target.seeds.length + corpus.length;
    const until = performance.now() + millisMax / targets.length;
    const { runs, finds } = await campaign(target, {
      ...{ seed, corpus },
      goesOn: (done) => done === known || performance.now() < until,
    });
    await target.close();
    t.same(
      finds.map(({ what, input }) => `${what}: ${Buffer.from(input).toString("base64")}`),
      [],
      `${name}: ${known} known inputs, ${runs - known} new`,
    );
    t.ok(runs > known, `${name} was given something new`);
  }
});

test("what is not UTF-8 reaches no parser of text, and counts as refused", async (t) => {
  const run = (): never => t.fail("it was parsed") as never;
  const target = textTarget({ name: "text", about: "any", seeds: [], kinds: [], run });
  t.equal(await target.run(Uint8Array.of(0xff)), "not-utf8");
  t.ok(target.kinds.includes("not-utf8"));
});
