import { t as tap, test } from "tap";
import { formatLogin } from "../../shared/charter/login.js";
import { agencyIdOf } from "../../shared/kernel/ids.js";
import { signNote } from "../../shared/seal/note.js";
import { failuresMax } from "../household/throttle.io.js";
import { systemRandom } from "../system.io.js";
import { agencyWith, newStaff, type OfficeStaff, officeLoginNote, signInStaff } from "./officetesting.js";
import { type Answer, call } from "./testcalls.js";
import { newHousehold, openTestCloud } from "./testing.js";

const [agency, harbour] = [agencyIdOf(systemRandom.bytes(32)), agencyIdOf(systemRandom.bytes(32))];
const [fay, gus, ida] = [
  newStaff("officer", "Fay"),
  newStaff("supervisor", "Gus"),
  newStaff("officer", "Ida"),
];
const [olga, omar] = [newStaff("operator", "Olga"), newStaff("operator", "Omar")];
/** The agreement in force. */
const named = new Map<string, readonly OfficeStaff[]>([
  [agency, [fay, gus]],
  [harbour, [ida]],
]);
const cloud = await openTestCloud({
  operators: [olga.person, omar.person],
  agencyOf: async (id) => agencyWith(named.get(id) ?? []),
});
tap.teardown(cloud.close);

const kind = ({ body }: Answer): string => body.type.replace("urn:lintel:problem:", "");
const me = (side: string, token: string) => call(cloud, "GET", `/${side}/v1/me`, { token });
const login = (side: string, note: string) => call(cloud, "POST", `/${side}/v1/login`, { body: { note } });
const renew = (side: string, refresh: string) =>
  call(cloud, "POST", `/${side}/v1/session/refresh`, { body: { refresh } });

/** Every route of this side that needs somebody. */
async function guardedBy(side: "officer" | "operator" | "member"): Promise<readonly [string, string][]> {
  const document = (await call(cloud, "GET", "/openapi.json")).body;
  return Object.entries<Record<string, { security?: readonly object[] }>>(document.paths).flatMap(
    ([path, methods]) =>
      Object.entries(methods).flatMap(([method, { security }]): [string, string][] =>
        security?.some((needed) => side in needed)
          ? [[method.toUpperCase(), path.replace(/\{\w+\}/g, "aaaaaaaaaaaaaaaa")]]
          : [],
      ),
  );
}

test("officers and operators sign in with their own keys, and are who the files in force say", async (t) => {
  const officer = await signInStaff(cloud, agency, fay);
  t.same((await me("agency", officer.token)).body, {
    id: fay.person.id,
    name: "Fay",
    agency,
    role: "officer",
  });
  const supervisor = await signInStaff(cloud, agency, gus);
  t.match((await me("agency", supervisor.token)).body, { role: "supervisor" });
  const operator = await signInStaff(cloud, "operator", olga);
  t.same((await me("operator", operator.token)).body, { id: olga.person.id, name: "Olga" });
});

test("a login that does not hold is refused, and one that was used", async (t) => {
  const note = await officeLoginNote(cloud, agency, fay);
  t.equal((await login("agency", note)).status, 200);
  t.equal(kind(await login("agency", note)), "office-login-refused", "each nonce counts once");
  const imposter = { ...fay, login: { ...fay.login, secretKey: ida.login.secretKey } };
  t.equal(
    kind(await login("agency", await officeLoginNote(cloud, agency, imposter))),
    "office-login-refused",
  );
  const stranger = newStaff("officer", "Eve");
  t.equal(
    kind(await login("agency", await officeLoginNote(cloud, agency, stranger))),
    "office-login-refused",
  );
  const elsewhere = await officeLoginNote(cloud, harbour, fay);
  t.equal(kind(await login("agency", elsewhere)), "office-login-refused", "nobody works for another agency");
  const wrongDoor = await officeLoginNote(cloud, "operator", olga);
  t.equal(kind(await login("agency", wrongDoor)), "office-login-refused");
  const passedOn = await officeLoginNote(cloud, agency, fay, "https://other.example");
  t.equal(kind(await login("agency", passedOn)), "other-audience");
});

test("a member's login note opens no office, and an office's no household", async (t) => {
  const { household, owner } = await newHousehold(cloud);
  const { id } = owner.member;
  const body = { agency, person: fay.person.id };
  const { nonce } = (await call(cloud, "POST", "/agency/v1/login/challenge", { body })).body;
  const at = cloud.clock.wall();
  const note = signNote(formatLogin({ household, member: id, audience: "http://cloud.test", nonce, at }), [
    owner.login,
  ]);
  t.equal(kind(await login("agency", note)), "office-login-refused");
  const office = await officeLoginNote(cloud, agency, fay);
  t.equal(kind(await call(cloud, "POST", "/v1/login", { body: { note: office } })), "login-refused");
});

test("a token of one side opens no route of another", async (t) => {
  const home = await newHousehold(cloud);
  const officer = (await signInStaff(cloud, agency, gus)).token;
  const operator = (await signInStaff(cloud, "operator", omar)).token;
  const claims = { officeSession: (await signInStaff(cloud, "operator", omar)).session };
  const tokens = { member: home.token, officer, operator, nobody: cloud.app.jwt.sign(claims) };
  for (const side of ["officer", "operator", "member"] as const) {
    const routes = await guardedBy(side);
    t.ok(routes.length >= 2, side);
    for (const [method, path] of routes)
      for (const [whose, token] of Object.entries(tokens)) {
        if (whose === side) continue;
        const answer = await call(cloud, method as "GET", path, { token });
        t.equal(answer.status, 401, `${whose}: ${method} ${path}`);
        t.equal(kind(answer), "not-logged-in");
      }
    for (const [method, path] of routes)
      t.equal((await call(cloud, method as "GET", path)).status, 401, `nobody: ${method} ${path}`);
  }
});

test("who is struck out of the agreement is out at once, and comes in no more", async (t) => {
  const { token, refresh } = await signInStaff(cloud, harbour, ida);
  t.equal((await me("agency", token)).status, 200);
  named.set(harbour, []);
  t.equal(kind(await me("agency", token)), "not-logged-in");
  t.equal(kind(await renew("agency", refresh)), "session-over");
  const note = await officeLoginNote(cloud, harbour, ida);
  t.equal(kind(await login("agency", note)), "office-login-refused");
});

test("a session is renewed by a token that counts once, ends when that comes again, when asked, and after 12 hours", async (t) => {
  const first = await signInStaff(cloud, agency, fay);
  const second = (await renew("agency", first.refresh)).body;
  t.equal((await me("agency", second.token)).status, 200);
  t.equal(kind(await renew("operator", second.refresh)), "session-over", "not at another side");
  const again = await signInStaff(cloud, agency, fay);
  const renewed = (await renew("agency", again.refresh)).body;
  t.equal(kind(await renew("agency", again.refresh)), "session-over");
  t.equal(kind(await me("agency", renewed.token)), "not-logged-in", "one of the two was copied");
  const asked = await signInStaff(cloud, "operator", olga);
  t.equal((await call(cloud, "DELETE", "/operator/v1/session", { token: asked.token })).status, 204);
  t.equal(kind(await me("operator", asked.token)), "not-logged-in");
  const long = await signInStaff(cloud, "operator", olga);
  cloud.clock.forward(12 * 60 * 60_000 + 1);
  t.equal(kind(await me("operator", long.token)), "not-logged-in");
  t.equal(kind(await renew("operator", long.refresh)), "session-over");
  t.equal(
    (await cloud.db.selectFrom("office_session").select("refresh").execute()).join().includes("lintel_ot_"),
    false,
  );
});

test("wrong logins in one person's name are throttled; their own key still comes in from elsewhere", async (t) => {
  const imposter = { ...omar, login: { ...omar.login, secretKey: ida.login.secretKey } };
  const wrong = await officeLoginNote(cloud, "operator", imposter);
  const from = async (remoteAddress: string, note: string) =>
    (await cloud.app.inject({ method: "POST", url: "/operator/v1/login", payload: { note }, remoteAddress }))
      .statusCode;
  const statuses = [];
  for (let at = 0; at <= failuresMax.ofMember; at++) statuses.push(await from(`198.51.100.${at}`, wrong));
  t.same(statuses.slice(0, 2).concat(statuses.slice(-1)), [401, 401, 429]);
  t.equal(await from("192.0.2.1", await officeLoginNote(cloud, "operator", omar)), 200);
});
