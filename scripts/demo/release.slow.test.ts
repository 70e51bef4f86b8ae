import { test } from "tap";
import { playRelease } from "./release.io.js";

test("the story of a release goes to its end, and ends as it must", async (t) => {
  const lines: string[] = [];
  await playRelease(t.testdir(), (line) => lines.push(line));
  const told = lines.join("\n");
  for (const [what, pattern] of [
    ["the owner's machine finds the request", /Anna, owner +In that area: Front door\./],
    [
      "the agency verifies what it fetched",
      /Oscar, officer +Verified: release .*, byte for byte what was signed and logged\./,
    ],
    [
      "nobody poses as an agency",
      /A request is not shown\. The agency's terms were public since .* less than 30 days\./,
    ],
    ["what rests is withdrawn without a trace", /Withdrawn\. Nobody outside has it, and nobody gets it\./],
    ["an emergency that nobody answers releases nothing", /Oscar, officer +\S+ +not-released +abduction/],
    ["what an owner releases in one is there at the fixed time", /Oscar, officer +\S+ +released +abduction/],
    ["and verifies", /Oscar, officer +for .*, emergency \S+, file 2027\/0043, about abduction/],
    [
      "a stranger audits the log",
      /A stranger +Every tile, entry and listed record was computed anew and agrees\./,
    ],
  ] as const)
    t.match(told, pattern, what);
  t.notMatch(told, /about a burglary, file 2026\/0001/, "the forged request reaches nobody");
});
