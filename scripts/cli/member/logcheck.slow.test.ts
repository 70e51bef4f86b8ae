import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Test, test } from "tap";
import { newHousehold, openTestCloud, type TestCloud } from "../../../cloud/api/testing.js";
import { charterEntry, householdLogOf } from "../../../shared/charter/logtag.js";
import { millis } from "../../../shared/kernel/brand.js";
import { hashOfText } from "../../../shared/seal/hash.js";
import { openHousehold } from "./household.js";
import { checkLog } from "./logcheck.io.js";

// A member's computer, a cloud, and what that cloud's public log says of the household.

async function memberOf(t: Test) {
  const cloud = await openTestCloud();
  t.teardown(cloud.close);
  const url = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
  const { chain } = await newHousehold(cloud);
  const [first] = chain;
  const household = openHousehold(chain, undefined);
  if (first === undefined || !household.ok) throw new Error("the household's charters hold");
  const folder = t.testdir({});
  const keys = householdLogOf(first);
  const shown = { chain, household: household.value };
  return {
    cloud,
    folder,
    check: () => checkLog({ url }, folder, shown),
    checkWith: (count: number) => {
      const some = openHousehold(chain.slice(0, count), undefined);
      if (!some.ok) throw new Error("the household's charters hold");
      return checkLog({ url }, folder, { chain: chain.slice(0, count), household: some.value });
    },
    enter: (version: number, what: string) =>
      cloud.log.append(charterEntry(keys, { version, hash: hashOfText(what), at: millis(1) })),
  };
}

const kept = (folder: string): { proven: number; policy: string } =>
  JSON.parse(readFileSync(join(folder, "log.json"), "utf8"));

test("each charter's place in the log is proven once, and looked at again by one call", async (t) => {
  const { cloud, folder, check } = await memberOf(t);
  t.equal(await check(), "good");
  t.equal(kept(folder).proven, 2);
  t.match(kept(folder).policy, /^log cloud\.test\/tlog\+/);
  const asked = await callsIn(cloud, async () => t.equal(await check(), "good"));
  t.same(asked, ["/tlog/entries"]);
});

async function callsIn({ app }: TestCloud, run: () => Promise<unknown>): Promise<readonly string[]> {
  const seen: string[] = [];
  const listen = ({ request }: { request: { url?: string } }): void =>
    void seen.push(request.url?.split("?")[0] ?? "");
  const onRequest = (request: { url?: string }): void => listen({ request });
  app.server.on("request", onRequest);
  await run();
  app.server.off("request", onRequest);
  return seen;
}

test("a charter in the log that the cloud does not show is an alarm", async (t) => {
  const { check, checkWith, enter } = await memberOf(t);
  t.same(await checkWith(1), { kind: "unshown-charter-logged", version: 2 }, "withheld");
  await enter(3, "shown to somebody else");
  t.same(await check(), { kind: "unshown-charter-logged", version: 3 });
});

test("a second charter of one version is an alarm, and so is another one", async (t) => {
  const { cloud, check, enter } = await memberOf(t);
  await enter(2, "shown to somebody else");
  t.same(await check(), { kind: "charter-logged-twice", version: 2 });
  await cloud.db.deleteFrom("log_entry").where("at", "!=", 1).execute();
  t.same(await check(), { kind: "other-charter-logged", version: 2 });
});

test("a log that proves by another key is an alarm, one that is behind or away a warning", async (t) => {
  const { cloud, folder, check } = await memberOf(t);
  const other = await openTestCloud();
  t.teardown(other.close);
  writeFileSync(join(folder, "log.json"), JSON.stringify({ v: 1, policy: other.log.policy, proven: 0 }));
  t.same(await check(), { kind: "charter-not-proven", version: 1 });
  writeFileSync(join(folder, "log.json"), JSON.stringify({ v: 1, policy: cloud.log.policy, proven: 0 }));
  const row = await cloud.db.selectFrom("charter").select("tag").where("version", "=", 2).executeTakeFirst();
  await cloud.db
    .updateTable("log_entry")
    .set({ place: null })
    .where("subject", "=", row?.tag ?? "")
    .execute();
  t.match(await check(), { kind: "warned", sentence: /Charter 2 does not stand in the public log yet/ });
  t.equal(kept(folder).proven, 1);
  await cloud.app.close();
  t.match(await check(), { kind: "warned", sentence: /could not be asked/ });
});
