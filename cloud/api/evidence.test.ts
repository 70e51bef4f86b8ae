import { t as tap, test } from "tap";
import { toUtf8 } from "../../shared/kernel/bytes.js";
import { parseBatchPath, standsInBatch } from "../../shared/release/batch.js";
import { textOf } from "../../shared/seal/note.js";
import { parseEntry } from "../../shared/tlog/entry.js";
import { verifyProof } from "../../shared/tlog/proof.js";
import { call } from "./testcalls.js";
import { newHousehold, openTestCloud, storeClip } from "./testing.js";

const cloud = await openTestCloud();
tap.teardown(cloud.close);
const hour = 60 * 60_000;
const { footage } = cloud.casework;
const evidenceOf = async (clip: string, token: string) =>
  (await call(cloud, "GET", `/v1/clips/${clip}/evidence`, { token })).body.segments;

test("a segment stands in the log from its hour on, provably and without a trace of what it is", async (t) => {
  const home = await newHousehold(cloud);
  await footage.publishHourly();
  const { clip } = await storeClip(cloud, home, new Uint8Array(10));
  await footage.publishHourly();
  t.same(await evidenceOf(clip, home.token), [], "its hour is not over");
  cloud.clock.forward(hour);
  await footage.publishHourly();
  const [segment] = await evidenceOf(clip, home.token);
  const [path, entry] = [parseBatchPath(segment.path), parseEntry(toUtf8(segment.entry))];
  t.ok(path.ok && entry.ok && entry.value.hash === path.value.root);
  t.ok(path.ok && standsInBatch(textOf(segment.note), path.value));
  t.ok(
    verifyProof(segment.proof, toUtf8(segment.entry), { log: cloud.log.verifier, witnesses: [], quorum: 0 })
      .ok,
  );
  const { entries } = (await call(cloud, "GET", "/tlog/entries?kind=footage")).body;
  t.equal(entries.length, 2, "an hour without footage has its entry, too");
  t.same(Object.keys(entries[0]).sort(), ["agency", "at", "hash", "id", "index", "kind", "state"]);
});

test("a batch that a crash left without its entry is logged by the next start, once", async (t) => {
  const home = await newHousehold(cloud);
  const { clip } = await storeClip(cloud, home, new Uint8Array(10));
  cloud.clock.forward(hour);
  await footage.publishHourly();
  await cloud.db.updateTable("footage_batch").set({ log_index: null }).execute();
  t.same(await evidenceOf(clip, home.token), []);
  const before = (await call(cloud, "GET", "/tlog/entries?kind=footage")).body.entries.length;
  await footage.publishHourly();
  t.equal((await evidenceOf(clip, home.token)).length, 1);
  t.equal((await call(cloud, "GET", "/tlog/entries?kind=footage")).body.entries.length, before);
});

test("nobody else is shown when a household's cameras filmed", async (t) => {
  const home = await newHousehold(cloud);
  const { clip } = await storeClip(cloud, home, new Uint8Array(10));
  const stranger = await newHousehold(cloud);
  const answer = await call(cloud, "GET", `/v1/clips/${clip}/evidence`, { token: stranger.token });
  t.equal(answer.status, 404);
});
