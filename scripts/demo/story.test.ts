import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "tap";
import { newIdentity, recipientOf, seal } from "../../shared/seal/age.js";
import { emptyStory, linesOf, plainLine, type Story, type StoryEvent, tell } from "./story.js";
import { stealCloud, tryToOpen } from "./thief.io.js";

const clip = "0197f000-0000-7000-8000-00000000abcd";
const play = (...events: readonly StoryEvent[]): Story => events.reduce(tell, emptyStory);
const sealed = (last: boolean): StoryEvent => ({ kind: "sealed", clip, bytes: 1_000_000, last });

test("a clip's line follows it from the trigger to the opened file", (t) => {
  const started = play({ kind: "trigger", clip, trigger: "press" }, sealed(false), sealed(false));
  t.match(
    linesOf(started)[0],
    /press +recording +sealed 2 segments \(2\.0 MB\), pushed 0 %, acknowledged 0\/2/,
  );
  const pushed = tell(started, { kind: "pushed", clip, bytes: 1_000_000 });
  const closed = tell(tell(pushed, sealed(true)), { kind: "acknowledged", clip });
  t.match(linesOf(closed)[0], /closed .* pushed 33 %, acknowledged 1\/3/);
  const opened = { file: "/tmp/a.mp4", trigger: "motion", seconds: 12.34, bytes: 3e6, segments: 3 };
  t.match(
    linesOf(tell(closed, { kind: "opened", clip, opened }))[0],
    /motion +opened and verified: 12\.3 s, 3\.0 MB, 3 segments → \/tmp\/a\.mp4/,
  );
  t.end();
});

test("where lines cannot be redrawn, only the steps that count are printed", (t) => {
  const one = play(sealed(false));
  t.ok(plainLine(one, sealed(false)));
  t.notOk(plainLine(tell(one, sealed(false)), sealed(false)), "the second segment is no news");
  const end = tell(tell(one, sealed(false)), sealed(true));
  t.match(plainLine(end, sealed(true)), /closed/);
  t.notOk(plainLine(end, { kind: "pushed", clip, bytes: 1 }));
  t.end();
});

test("a thief who finds the key would be seen: the demo's proof can fail", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "lintel-thief-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const identity = await newIdentity();
  const file = await seal(new Uint8Array(100), [await recipientOf(identity)]);
  writeFileSync(join(folder, "vault.bin"), file);
  t.same(await tryToOpen([file], stealCloud(folder)), { withLoot: 0, withFreshKey: 0 });
  writeFileSync(join(folder, "leak.db"), `page ${identity} page`);
  t.same(await tryToOpen([file], stealCloud(folder)), { withLoot: 1, withFreshKey: 0 });
});
