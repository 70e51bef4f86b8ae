import { spawnSync } from "node:child_process";
import { type Test, test } from "tap";
import { type KillReport, killStory } from "./kill.js";

/** What a power cut may cost: the segment that is not sealed yet. */
const cutMillisMax = 2_000;

const withoutMosquitto = spawnSync("mosquitto", ["-h"]).error !== undefined && "Mosquitto is not installed";

for (const broker of ["embedded", "mosquitto"] as const) {
  const skip = broker === "mosquitto" && withoutMosquitto;
  test(`killed at random moments, every clip arrives once, byte for byte (${broker} broker)`, {
    skip,
  }, async (t) => {
    const report = await killStory({ seed: 20, broker, kills: 8, presses: 4 });
    t.comment(JSON.stringify(report));
    t.equal(
      Object.values(report.kills).reduce((a, b) => a + b),
      8,
    );
    t.ok(report.presses >= 4 && report.clips > 0);
    nothingLost(t, report);
  });
}

function nothingLost(t: Test, report: KillReport): void {
  t.same(report.lost, [], "nothing is lost");
  t.same(report.surplus, [], "nothing is there twice");
  t.same(report.unrecorded, [], "every press has footage");
  t.ok(
    report.cuts.every(({ millis }) => millis <= cutMillisMax),
    `cut before the kill: ${report.cuts.map(({ millis }) => millis)} ms`,
  );
}
