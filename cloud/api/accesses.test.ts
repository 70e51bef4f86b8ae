import { t as tap, test } from "tap";
import { newStaff, signInStaff } from "./officetesting.js";
import { type Answer, call, tokenOf } from "./testcalls.js";
import { fillClips, newHousehold, openTestCloud } from "./testing.js";
import { newPerson } from "./testpeople.js";

const [olga, omar] = [newStaff("operator", "Olga"), newStaff("operator", "Omar")];
const cloud = await openTestCloud({ operators: [olga.person, omar.person] });
tap.teardown(cloud.close);
const guest = await newPerson("guest", "Bo");
const home = await newHousehold(cloud, [guest]);
await fillClips(cloud, home, 3);

const kind = ({ body }: Answer): string => body.type.replace("urn:lintel:problem:", "");
const tokens = async () => ({
  olga: (await signInStaff(cloud, "operator", olga)).token,
  omar: (await signInStaff(cloud, "operator", omar)).token,
});
const wish = { household: home.household, ticket: "T-17", scope: ["storage", "clips"], minutes: 30 };
const ask = (token: string, body: object = wish) =>
  call(cloud, "POST", "/operator/v1/accesses", { token, body });
const act = (token: string, id: string, what: string, body?: object) =>
  call(cloud, "POST", `/operator/v1/accesses/${id}/${what}`, { token, ...(body && { body }) });
const read = (token: string, id: string, what: string) =>
  call(cloud, "GET", `/operator/v1/accesses/${id}/metadata/${what}`, { token });
const owners = async () =>
  (await call(cloud, "GET", "/v1/household/accesses", { token: home.token })).body.accesses;

test("an operator sees what they asked for once another one has agreed, for that time, and the household sees each look", async (t) => {
  const told: object[] = [];
  const { stop } = cloud.hub.subscribe(home.household, undefined, ({ kind: what, data }) =>
    told.push({ what, ...data }),
  );
  const { olga: mine, omar: other } = await tokens();
  const [asked, ...again] = await Promise.all([1, 2, 3, 4].map(() => ask(mine)));
  t.equal(asked?.status, 201);
  const id = asked?.body.id;
  for (const { body } of again) t.equal(body.id, id, "asked for again in the same words it is the same one");
  t.match(asked?.body, { state: "requested", by: { name: "Olga" }, scope: wish.scope });
  t.equal(kind(await read(mine, id, "storage")), "out-of-scope", "not before it is approved");
  t.equal(kind(await act(mine, id, "answer", { answer: "approve" })), "second-person-needed");
  t.match((await act(other, id, "answer", { answer: "approve" })).body, {
    state: "active",
    second: { name: "Omar" },
  });

  t.same((await read(mine, id, "storage")).body, { storage: { clips: 3, bytes: 9_000_000 } });
  t.equal((await read(mine, id, "clips")).body.clips.length, 3);
  t.equal(kind(await read(mine, id, "members")), "out-of-scope");
  t.equal(kind(await read(other, id, "storage")), "out-of-scope", "the second looks at nothing");
  t.equal(kind(await act(mine, id, "review", { finding: "in-order" })), "not-its-turn");

  cloud.clock.forward(31 * 60_000);
  t.equal(kind(await read(mine, id, "storage")), "out-of-scope", "over, before the clock's own step");
  await cloud.docket.tick();
  t.equal(kind(await act(mine, id, "review", { finding: "in-order" })), "second-person-needed");
  t.equal((await act(other, id, "review", { finding: "in-order" })).body.state, "reviewed");

  const [shown] = await owners();
  t.match(shown, {
    ...{ id, state: "reviewed", ticket: "T-17", by: { name: "Olga" }, second: { name: "Omar" } },
    reads: [{ kind: "storage" }, { kind: "clips" }],
  });
  const log = (await call(cloud, "GET", `/tlog/entries?kind=operator&id=${id}`)).body.entries;
  t.same(
    log.map(({ state }: { state: string }) => state),
    ["reviewed", "expired", "active", "requested"],
  );
  t.equal(log[0].hash, shown.hash, "the owner's own line in the public log");
  t.notMatch(JSON.stringify(log), home.household);
  t.match(
    told.filter((event) => "access" in event),
    ["requested", "active", "expired", "reviewed"].map((state) => ({
      what: "operator.access",
      access: id,
      state,
    })),
  );
  stop();
});

test("an access that nobody answers lapses, a refused one stays refused, and one may be ended early", async (t) => {
  const { olga: mine, omar: other } = await tokens();
  const refused = (await ask(mine)).body.id;
  t.equal((await act(other, refused, "answer", { answer: "refuse" })).body.state, "refused");
  t.equal(kind(await act(other, refused, "answer", { answer: "approve" })), "not-its-turn");
  const ended = (await ask(mine)).body.id;
  await act(other, ended, "answer", { answer: "approve" });
  t.equal((await act(mine, ended, "end")).body.state, "expired");
  t.equal(kind(await read(mine, ended, "storage")), "out-of-scope");
  const forgotten = (await ask(mine)).body.id;
  cloud.clock.forward(24 * 60 * 60_000);
  await cloud.docket.tick();
  const token = (await tokens()).olga;
  const list = (await call(cloud, "GET", "/operator/v1/accesses?limit=2", { token })).body;
  t.match(list.accesses, [{ id: forgotten, state: "lapsed" }, { id: ended }]);
  const rest = (await call(cloud, "GET", `/operator/v1/accesses?limit=2&cursor=${list.next}`, { token }))
    .body;
  t.equal(rest.accesses[0].id, refused);
});

test("what is asked wrongly is refused: more than an hour, no scope, a scope of recordings, a household that is not there", async (t) => {
  const { olga: mine } = await tokens();
  for (const wrong of [
    { minutes: 61 },
    { scope: [] },
    { scope: ["segments"] },
    { ticket: "" },
    { ticket: "a b" },
  ])
    t.equal((await ask(mine, { ...wish, ...wrong })).status, 400, JSON.stringify(wrong));
  t.equal((await ask(mine, { ...wish, household: "aaaaaaaaaaaaaaaa" })).status, 404);
  t.equal((await act(mine, "01999999-9999-7999-8999-999999999999", "end")).status, 404);
});

test("a household's owners see the looks at theirs, and nobody else does", async (t) => {
  const stranger = await newHousehold(cloud);
  t.same((await call(cloud, "GET", "/v1/household/accesses", { token: stranger.token })).body, {
    accesses: [],
  });
  const token = await tokenOf(cloud, guest, home.household);
  t.equal(kind(await call(cloud, "GET", "/v1/household/accesses", { token })), "owners-only");
  t.ok((await owners()).length >= 4);
});
