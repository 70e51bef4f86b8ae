import { test } from "tap";
import { openHostRig } from "../rig/host/host.io.js";
import { runStory } from "../rig/run.js";
import { table } from "../rig/table.js";
import { stories } from "../scenarios/stories.js";

const rig = await openHostRig();
const seed = 20;

// All at once: they mostly wait.
const told = stories
  .filter(({ brief }) => brief)
  .map((story) => ({ story, running: runStory(story, { rig, seed, now: () => performance.now() }) }));

for (const { story, running } of told) {
  test(`${table[story.row].fault}: ${story.name}`, async (t) => {
    const run = await running;
    for (const { at, kind, text } of run.moments) t.comment(`${(at / 1_000).toFixed(1)} s  ${kind}: ${text}`);
    if (run.verdict === "failed")
      for (const { part, line } of run.console.slice(-40)) t.comment(`${part}: ${line}`);
    if (run.verdict === "skipped") t.pass(run.why, { skip: run.why });
    else t.equal(run.why, "");
  });
}
