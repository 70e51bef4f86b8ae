import { t as tap, test } from "tap";
import { charterEntry, charterTag, householdLogOf } from "../../shared/charter/logtag.js";
import { millis } from "../../shared/kernel/brand.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { openCheckpoint } from "../../shared/tlog/checkpoint.js";
import { formatEntry, type LogEntry } from "../../shared/tlog/entry.js";
import { verifyProof } from "../../shared/tlog/proof.js";
import { parseBundle } from "../../shared/tlog/tiles.js";
import { enterOldCharters } from "../household/charterlog.io.js";
import { call } from "./testcalls.js";
import { newHousehold, openTestCloud } from "./testing.js";
import { nextCharter, opened, sign } from "./testpeople.js";

const cloud = await openTestCloud();
tap.teardown(cloud.close);
const policy = { log: cloud.log.verifier, witnesses: [], quorum: 0 };

const entry = (number: number): LogEntry => ({
  kind: number % 2 === 0 ? "request" : "operator",
  id: `entry-${number}`,
  at: millis(1_795_000_000_000 + number),
  agency: number % 3 === 0 ? "springfield" : "none",
  state: "published",
  hash: hashOfText(`${number}`),
});
await Promise.all(Array.from({ length: 300 }, (_, at) => cloud.log.append(entry(at))));

test("whoever asks gets checkpoint and tiles, the one for a moment and the others for ever", async (t) => {
  const checkpoint = await call(cloud, "GET", "/tlog/checkpoint");
  t.equal(checkpoint.type, "text/plain; charset=utf-8");
  t.equal(checkpoint.headers["cache-control"], "public, max-age=2");
  const opened = openCheckpoint(checkpoint.text, policy);
  t.equal(opened.ok && opened.value.size, 300);
  const tile = await cloud.app.inject({ url: "/tlog/tile/entries/001.p/44" });
  t.equal(tile.headers["cache-control"], "public, max-age=31536000, immutable");
  t.equal(tile.headers["content-type"], "application/octet-stream");
  t.equal(parseBundle(tile.rawPayload)?.length, 44);
  for (const path of [
    "tile/0/002",
    "tile/0/001.p/45",
    "tile/0/000.p/12",
    "tile/../state",
    "state",
    "log.key",
  ])
    t.equal((await call(cloud, "GET", `/tlog/${path}`)).status, 404, path);
});

test("entries come newest first by pages, by kind, agency and ids, and nothing else is understood", async (t) => {
  const seen: number[] = [];
  let next: string | undefined = "300";
  while (next !== undefined) {
    const query = `kind=request&agency=springfield&limit=20&cursor=${next}`;
    const { body } = await call(cloud, "GET", `/tlog/entries?${query}`);
    seen.push(...body.entries.map(({ id }: { id: string }) => Number(id.slice(6))));
    next = body.next;
  }
  t.same(
    seen,
    Array.from({ length: 50 }, (_, at) => 294 - 6 * at),
  );
  const { body } = await call(cloud, "GET", "/tlog/entries?id=entry-7,entry-9,none");
  t.same(
    body.entries.map(({ id }: { id: string }) => id),
    ["entry-9", "entry-7"],
  );
  t.match(body.entries[0], { kind: "operator", agency: "springfield", hash: entry(9).hash });
  for (const query of ["kind=protest", "near=1", "id=a%20b", "limit=501", "cursor=x"])
    t.equal((await call(cloud, "GET", `/tlog/entries?${query}`)).status, 400, query);
});

test("an entry's proof holds for whoever is offline, and is the same text for ever", async (t) => {
  const { body } = await call(cloud, "GET", "/tlog/entries?id=entry-7");
  const path = `/tlog/proof/${body.entries[0].index}`;
  const proof = await call(cloud, "GET", path);
  t.ok(verifyProof(proof.text, formatEntry(entry(7)), policy).ok);
  t.notOk(verifyProof(proof.text, formatEntry(entry(8)), policy).ok);
  await cloud.log.append(entry(1_000));
  t.equal((await call(cloud, "GET", path)).text, proof.text);
  for (const index of ["301", "9007199254740993"])
    t.equal((await call(cloud, "GET", `/tlog/proof/${index}`)).status, 404);
});

test("each stored charter stands in the log once, under a tag that only its household and cloud can make", async (t) => {
  const { household, owner, token, chain, charter } = await newHousehold(cloud);
  const [first] = chain;
  if (first === undefined) return t.fail("no charter");
  const keys = householdLogOf(first);
  const standing = async (): Promise<readonly { index: number; hash: string; at: string }[]> => {
    const tags = [1, 2, 3, 4].map((version) => charterTag(keys, version));
    return (await call(cloud, "GET", `/tlog/entries?kind=charter&id=${tags.join(",")}`)).body.entries;
  };
  const hashes = (charters: readonly { version: number; hash: string }[]) =>
    charters.map((one) => charterEntry(keys, { ...one, at: millis(0) }).hash).toReversed();
  const both = [opened(first), charter];
  t.same(
    (await standing()).map(({ hash }) => hash),
    hashes(both),
  );
  const third = sign(nextCharter(charter, { cameras: [] }), [owner]);
  for (const _ of [1, 2])
    t.equal(
      (await call(cloud, "PUT", "/v1/household/charter", { token, body: { charter: third } })).status,
      200,
    );
  t.equal((await call(cloud, "POST", "/v1/households", { body: { charter: first } })).status, 201);
  const all = [...both, opened(...chain, third)];
  t.same(
    (await standing()).map(({ hash }) => hash),
    hashes(all),
    "repeated calls enter nothing",
  );
  const refused = sign(nextCharter(charter, { members: [] }), [owner]);
  t.not(
    (await call(cloud, "PUT", "/v1/household/charter", { token, body: { charter: refused } })).status,
    200,
  );
  t.equal((await standing()).length, 3, "nor does what is refused");
  const before = cloud.log.health().entries;
  await cloud.db.updateTable("charter").set({ tag: null }).execute();
  t.ok((await enterOldCharters(cloud.db, cloud.log)) >= 3, "an upgrade enters what has no tag yet");
  t.equal(cloud.log.health().entries, before, "and what stands there stays the one");
  const page = (await call(cloud, "GET", "/tlog/entries?kind=charter")).text;
  t.notMatch(page, new RegExp(household));
});
