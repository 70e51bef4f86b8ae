import { test } from "tap";
import { stories } from "../../scenarios/stories.js";
import { runStory } from "../run.js";
import { openSimRig } from "./sim.io.js";

const rig = await openSimRig();
const seed = 20;

for (const story of stories)
  test(`in virtual time: ${story.name}`, async (t) => {
    const run = await runStory(story, { rig, seed, now: () => performance.now() });
    if (run.verdict === "skipped") return t.match(run.why, /simulation/, "it says why not");
    t.equal(run.why, "");
    t.same([run.lost, run.twice], [[], []]);
  });

test("a story is the same, moment by moment, each time that it is told by the same seed", async (t) => {
  const story = stories.find(({ row }) => row === "cut-in-clip");
  if (story === undefined) return t.fail("there is such a story");
  const told = async () => (await runStory(story, { rig, seed: 7, now: () => performance.now() })).console;
  t.same(await told(), await told());
});
