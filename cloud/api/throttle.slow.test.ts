import { test } from "tap";
import { failuresMax } from "../household/throttle.io.js";
import { loginNote } from "./testcalls.js";
import { newHousehold, openTestCloud, type TestCloud } from "./testing.js";
import { newPerson } from "./testpeople.js";

type Home = Awaited<ReturnType<typeof newHousehold>>;

/** So many wrong logins in the member's name, each with a nonce, from so many addresses. */
async function guess(target: TestCloud, { household, owner }: Home, times: number, addresses: number) {
  const imposter = {
    ...owner,
    login: { ...owner.login, secretKey: (await newPerson("owner", "Eve")).login.secretKey },
  };
  const note = await loginNote(target, imposter, household);
  const statuses = new Map<number, number>();
  for (let at = 0; at < times; at++) {
    const remoteAddress = `198.51.${Math.floor((at % addresses) / 250)}.${(at % addresses) % 250}`;
    const { statusCode } = await target.app.inject({
      method: "POST",
      url: "/v1/login",
      payload: { note },
      remoteAddress,
    });
    statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
  }
  return Object.fromEntries(statuses);
}

test("10,000 attempts: throttled, no session, also after a restart; the member's own key still gets in", async (t) => {
  let target = await openTestCloud();
  t.teardown(() => target.close());
  const home = await newHousehold(target);
  const sessions = () => target.db.selectFrom("session").select("id").execute();
  const before = await sessions();
  t.same(await guess(target, home, 5_000, 1), {
    401: failuresMax.ofMember - 1,
    429: 5_000 - failuresMax.ofMember + 1,
  });
  t.same(await guess(target, home, 5_000, 10), { 429: 5_000 });
  t.same(await sessions(), before);
  await target.stop();
  target = await openTestCloud({ directory: target.directory });
  t.same(await guess(target, home, 10, 1), { 429: 10 }, "a restart forgives nothing");
  const note = await loginNote(target, home.owner, home.household);
  const inject = async (remoteAddress: string) =>
    (await target.app.inject({ method: "POST", url: "/v1/login", payload: { note }, remoteAddress }))
      .statusCode;
  t.equal(await inject("198.51.0.0"), 429, "from the attacker's address nobody gets in for a while");
  t.equal(await inject("192.0.2.77"), 200, "nobody can lock a member out");
  target.clock.forward(61 * 60_000);
  t.same(await guess(target, home, 1, 1), { 401: 1 }, "an hour later attempts count anew");
});
