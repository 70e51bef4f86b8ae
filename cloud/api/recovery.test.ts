import { t as tap, test } from "tap";
import { recoveryIdOf } from "../../shared/charter/recovery.js";
import { toBase64, toUtf8 } from "../../shared/kernel/bytes.js";
import { sealToPassphrase } from "../../shared/seal/age.js";
import { call, tokenOf } from "./testcalls.js";
import { newHousehold, openTestCloud } from "./testing.js";
import { newPerson, nextCharter, sign } from "./testpeople.js";

const cloud = await openTestCloud();
tap.teardown(cloud.close);
const file = toBase64(await sealToPassphrase(toUtf8("a seed"), "seven words"));
const other = toBase64(await sealToPassphrase(toUtf8("another"), "other words"));
const [id, otherId] = [recoveryIdOf("seven words"), recoveryIdOf("other words")];
const fetched = async (of: string) => (await call(cloud, "GET", `/v1/recovery/${of}`)).body.file;

test("what a passphrase opens is found by the passphrase's id alone, and its member is told", async (t) => {
  const home = await newHousehold(cloud);
  const { token } = home;
  const put = (body: object) => call(cloud, "PUT", "/v1/recovery", { token, body });
  t.equal((await call(cloud, "GET", "/v1/recovery", { token })).status, 404);
  t.equal((await put({ id, file })).status, 204);
  t.equal((await put({ id, file })).status, 204, "an answer was lost");
  t.match((await call(cloud, "GET", "/v1/recovery", { token })).body, { madeAt: /^20/ });
  const told: unknown[] = [];
  const { stop } = cloud.hub.subscribe(home.household, undefined, ({ kind, member }) =>
    told.push([kind, member]),
  );
  t.teardown(stop);
  t.equal(await fetched(id), file);
  t.same(told, [["recovery.fetched", home.owner.member.id]]);
  t.equal((await put({ id: otherId, file: other })).status, 204);
  t.same([await fetched(id), await fetched(otherId)], [undefined, other], "the newest one only");
  const stranger = await newHousehold(cloud);
  const stolen = await call(cloud, "PUT", "/v1/recovery", {
    token: stranger.token,
    body: { id: otherId, file },
  });
  t.match(stolen, { status: 409, body: { type: "urn:lintel:problem:recovery-taken" } });
  t.equal(await fetched(otherId), other);
  for (const body of [{ id: "short", file }, { id, file: toBase64(toUtf8("no age file")) }, { id }])
    t.equal((await put(body)).status, 400);
  const remove = () => call(cloud, "DELETE", "/v1/recovery", { token });
  t.same([(await remove()).status, (await remove()).status], [204, 404]);
});

test("what lets somebody in later takes the member's own key: a session of a browser makes and ends none of it", async (t) => {
  const home = await newHousehold(cloud);
  const who = { household: home.household, member: home.owner.member.id };
  const { id: session } = await cloud.sessions.open(who, { how: "passkey", client: "browser" });
  const token = cloud.app.jwt.sign({ ...who, session });
  const ask = (method: "PUT" | "DELETE" | "POST", path: string, body?: object) =>
    call(cloud, method, path, { token, ...(body && { body }) });
  for (const answer of [
    await ask("PUT", "/v1/recovery", { id, file }),
    await ask("DELETE", "/v1/recovery"),
    await ask("POST", "/v1/tokens", { name: "x", scopes: ["clips:read"], days: 366 }),
  ])
    t.match(answer, { status: 403, body: { type: "urn:lintel:problem:key-session-only" } });
});

test("a member who is taken out takes their recovery along", async (t) => {
  const guest = await newPerson("guest", "Bo");
  const home = await newHousehold(cloud, [guest]);
  const token = await tokenOf(cloud, guest, home.household);
  await call(cloud, "PUT", "/v1/recovery", { token, body: { id, file } });
  t.equal(await fetched(id), file);
  const charter = sign(nextCharter(home.charter, { members: [home.owner.member] }), [home.owner]);
  await call(cloud, "PUT", "/v1/household/charter", { token: home.token, body: { charter } });
  t.equal(await fetched(id), undefined);
  t.same(await cloud.db.selectFrom("recovery").selectAll().execute(), []);
});
