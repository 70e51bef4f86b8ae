import { type Test, test } from "tap";
import { crashLog, killLog, type LogStory } from "./logkill.js";

// A few of the kills that `npm run prove -- "killed 200 times"` makes.

function holds(t: Test, { faults, acknowledged, entries, shown }: LogStory): void {
  t.same(faults, []);
  t.ok(acknowledged > 0 && shown > 0 && entries >= acknowledged, "it was at work when it died");
}

test("a log whose write fails somewhere, lost or persisted, keeps what it answered and shows one history", async (t) => {
  holds(t, await crashLog({ directory: t.testdir({}), crashes: 25, seed: 1 }));
});

test("a log whose process is killed keeps what it answered, each entry once, and shows one history", async (t) => {
  holds(t, await killLog({ directory: t.testdir({}), crashes: 4, seed: 1 }));
});
