import { t as tap, test } from "tap";
import { sessionsPerMemberMax } from "../household/sessions.io.js";
import { failuresMax } from "../household/throttle.io.js";
import { call, loginNote } from "./testcalls.js";
import { newHousehold, openTestCloud } from "./testing.js";
import { newPerson, nextCharter, sign } from "./testpeople.js";

const cloud = await openTestCloud();
tap.teardown(cloud.close);

type Home = Awaited<ReturnType<typeof newHousehold>>;
const kind = (answer: { body: { type: string } }) => answer.body.type.replace("urn:lintel:problem:", "");
const renew = (refresh: string) => call(cloud, "POST", "/v1/session/refresh", { body: { refresh } });
const works = async (token: string) => (await call(cloud, "GET", "/v1/sessions", { token })).status === 200;
async function signIn({ owner, household }: Pick<Home, "owner" | "household">, userAgent = "") {
  const note = await loginNote(cloud, owner, household);
  const headers = { "user-agent": userAgent };
  return (await call(cloud, "POST", "/v1/login", { body: { note }, headers })).body;
}

test("a refresh token renews its session, each time with another one, and the session stays the same", async (t) => {
  const home = await newHousehold(cloud);
  const first = await signIn(home);
  const second = (await renew(first.refresh)).body;
  t.equal(second.session, first.session);
  t.not(second.refresh, first.refresh);
  const third = (await renew(second.refresh)).body;
  t.ok(
    (await works(third.token)) && (await works(first.token)),
    "tokens of an open session count until they expire",
  );
});

test("a refresh token that comes a second time ends its session, whoever holds the newer one", async (t) => {
  const home = await newHousehold(cloud);
  const other = await signIn(home);
  const stolen = await signIn(home);
  const thiefs = (await renew(stolen.refresh)).body;
  t.ok(await works(thiefs.token));
  const owners = await renew(stolen.refresh);
  t.same([owners.status, kind(owners)], [401, "session-over"]);
  t.notOk(await works(thiefs.token), "the thief's token is worthless at once");
  t.equal((await renew(thiefs.refresh)).status, 401);
  t.ok(await works(other.token), "other sessions go on");
});

test("two renewals with one token at the same time: one gets in, and the session is ended for it", async (t) => {
  const home = await newHousehold(cloud);
  const { refresh } = await signIn(home);
  const both = await Promise.all([renew(refresh), renew(refresh)]);
  t.same(both.map(({ status }) => status).sort(), [200, 401]);
});

test("an invented refresh token ends nothing", async (t) => {
  const home = await newHousehold(cloud);
  const { token } = await signIn(home);
  t.equal((await renew(`lintel_rt_${"a".repeat(52)}`)).status, 401);
  t.equal((await renew("x")).status, 400);
  t.ok(await works(token));
});

test("the database holds no refresh token", async (t) => {
  const home = await newHousehold(cloud);
  const first = await signIn(home);
  const second = (await renew(first.refresh)).body;
  const rows = [
    ...(await cloud.db.selectFrom("session").selectAll().execute()),
    ...(await cloud.db.selectFrom("spent_refresh").selectAll().execute()),
  ];
  const stored = JSON.stringify(rows);
  t.notMatch(stored, /lintel_rt_/);
  for (const { refresh } of [first, second]) t.notOk(stored.includes(refresh.slice(-52)));
});

test("a member sees their own sessions, with what each client calls itself, and ends one or all of them", async (t) => {
  const guest = await newPerson("guest", "Bo");
  const home = await newHousehold(cloud, [guest]);
  const phone = await signIn(home, "Phone\r\n\u0007 of Ada");
  const tablet = await signIn(home, "x".repeat(200));
  const guests = await signIn({ owner: guest, household: home.household });
  const list = async (token: string) => (await call(cloud, "GET", "/v1/sessions", { token })).body.sessions;
  const seen = await list(tablet.token);
  t.equal(seen.length, 3);
  t.same(
    seen.filter(({ current }: { current: boolean }) => current).map(({ id }: { id: string }) => id),
    [tablet.session],
  );
  const clients = seen.map(({ client }: { client: string }) => client);
  t.ok(clients.includes("Phone of Ada") && clients.includes("x".repeat(80)), clients.join());
  const end = (token: string, id: string) => call(cloud, "DELETE", `/v1/sessions/${id}`, { token });
  t.equal((await end(tablet.token, guests.session)).status, 404, "not another member's");
  t.equal((await end(tablet.token, phone.session)).status, 204);
  t.notOk(await works(phone.token));
  t.equal((await renew(phone.refresh)).status, 401);
  t.equal((await end(tablet.token, phone.session)).status, 404);
  t.equal((await call(cloud, "DELETE", "/v1/sessions", { token: tablet.token })).status, 204);
  t.notOk((await works(tablet.token)) || (await works(home.token)));
  t.ok(await works(guests.token), "another member's go on");
});

test("a session ends after 90 days, however often it was renewed", async (t) => {
  const own = await openTestCloud();
  t.teardown(own.close);
  const home = await newHousehold(own);
  const note = await loginNote(own, home.owner, home.household);
  let { refresh } = (await call(own, "POST", "/v1/login", { body: { note } })).body;
  const days = [];
  for (let day = 1; day <= 91; day++) {
    own.clock.forward(24 * 60 * 60_000);
    const answer = await call(own, "POST", "/v1/session/refresh", { body: { refresh } });
    if (answer.status === 200) days.push(day);
    refresh = answer.body.refresh ?? refresh;
  }
  t.equal(days.length, 89);
});

test("whom the charter names no more, and then again, has to sign in again", async (t) => {
  const guest = await newPerson("guest", "Bo");
  const home = await newHousehold(cloud, [guest]);
  const before = await signIn({ owner: guest, household: home.household });
  const without = nextCharter(home.charter, { members: [home.owner.member] });
  const { token } = home;
  const put = (charter: object) => call(cloud, "PUT", "/v1/household/charter", { token, body: { charter } });
  const removal = sign(without, [home.owner]);
  t.equal((await put(removal)).status, 200);
  t.equal((await renew(before.refresh)).status, 401);
  t.same(
    await cloud.db.selectFrom("session").select("id").where("member", "=", guest.member.id).execute(),
    [],
  );
});

test(`of one member's ${sessionsPerMemberMax + 1} sessions the cloud ends the one used least recently`, async (t) => {
  const home = await newHousehold(cloud);
  const all = [];
  for (let i = 0; i <= sessionsPerMemberMax; i++) {
    all.push(await signIn(home));
    cloud.clock.forward(1);
  }
  t.notOk(await works(home.token));
  t.notOk(await works(all[0].token));
  for (const { token } of [all[1], all.at(-1)]) t.ok(await works(token));
});

test("attempts are counted by /64 of IPv6, and no address is kept", async (t) => {
  const target = await openTestCloud();
  t.teardown(target.close);
  const refused = async (remoteAddress: string) =>
    (await target.app.inject({ method: "POST", url: "/v1/login", payload: { note: "x" }, remoteAddress }))
      .statusCode;
  for (let at = 0; at < failuresMax.ofAddress; at++)
    t.equal(await refused(`2001:db8:0:1::${at.toString(16)}`), 401);
  t.equal(await refused("2001:db8:0:1:ffff::1"), 429);
  t.equal(await refused("2001:db8:0:2::1"), 401);
  t.equal(await refused("192.0.2.1"), 401);
  const kept = JSON.stringify(await target.db.selectFrom("sign_in_failure").selectAll().execute());
  t.notMatch(kept, /2001|192\.0/);
});
