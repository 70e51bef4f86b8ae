import { t as tap, test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { type Agreement, formatAgreement } from "../../shared/release/agreement.js";
import type { Pressure } from "../../shared/release/pressure.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { signInStaff } from "./officetesting.js";
import { newReport } from "./pressures.contract.js";
import {
  activeBureau,
  type Bureau,
  day,
  hour,
  openReleaseCloud,
  signedAgreement,
  terms,
} from "./releases.contract.js";
import { type Answer, call, loginNote, tokenOf } from "./testcalls.js";
import { newHousehold } from "./testing.js";
import { newPerson, type Person } from "./testpeople.js";

// What households report to the review board: who may, what is refused, who learns of it, and what follows for the agency.

const cloud = await openReleaseCloud();
tap.teardown(cloud.close);
const [olga, omar] = cloud.operators;
const bureau = await activeBureau(cloud);
const kind = ({ body }: Answer): string => (body?.type ?? "none").replace("urn:lintel:problem:", "");
const routes = "/v1/household/pressures";

async function newHouse(others: readonly Person[] = []) {
  const { owner, household } = await newHousehold(cloud, others);
  return { owner, household };
}
type House = Awaited<ReturnType<typeof newHouse>>;

const wordOf = (house: House, changes: Partial<Pressure> = {}, by = house.owner) =>
  newReport(cloud, { ...house, agency: bureau.agency }, changes, by);

async function report(house: House, changes: Partial<Pressure> = {}): Promise<Answer> {
  const token = await tokenOf(cloud, house.owner, house.household);
  return call(cloud, "POST", routes, { token, body: await wordOf(house, changes) });
}
const operatorToken = async (staff: typeof olga) => (await signInStaff(cloud, "operator", staff)).token;
const judge = async (id: string, staff: typeof olga, finding: string) =>
  call(cloud, "POST", `/operator/v1/pressures/${id}/finding`, {
    token: await operatorToken(staff),
    body: { finding },
  });
const uphold = async (id: string) =>
  [await judge(id, olga, "upheld"), await judge(id, omar, "upheld")] as const;
const stateOf = async ({ agency }: Bureau) =>
  (await call(cloud, "GET", `/public/v1/agencies/${agency}`)).body as Record<string, string>;
async function pass(wait: number): Promise<void> {
  cloud.clock.forward(wait);
  await cloud.casework.tick();
}

test("owners and adults report what they sign themselves, of an agency that is known, once, and four at a time", async (t) => {
  const [adult, guest] = [await newPerson("adult", "Cy"), await newPerson("guest", "Bo")];
  const house = await newHouse([adult, guest]);
  const tokens = await Promise.all([adult, guest].map((person) => tokenOf(cloud, person, house.household)));
  const send = (token: string | undefined, body: object) =>
    call(cloud, "POST", routes, { ...(token && { token }), body });
  t.equal(kind(await send(tokens[1], await wordOf(house, {}, guest))), "adults-only");
  t.equal(kind(await send(tokens[0], await wordOf(house))), "other-household", "another member's word");
  const first = await wordOf(house, {}, adult);
  t.equal(kind(await send(tokens[0], { ...first, file: (await wordOf(house)).file })), "not-sealed");
  const made = await send(tokens[0], first);
  t.match(made, {
    status: 201,
    body: { state: "received", kind: "came-to-the-door", agency: bureau.agency },
  });
  t.equal((await send(tokens[0], first)).body.id, made.body.id, "the same again is the same");
  t.equal(kind(await report(house)), "reported-already", "be it by another member");
  t.equal(kind(await report(house, { agency: house.owner.member.id as never })), "agency-unknown");
  const late = millis(cloud.clock.wall() - 2 * hour);
  t.equal(kind(await report(house, { at: late, signed: late })), "signed-at-another-time");
  const before = millis(cloud.clock.wall() - 401 * day);
  t.equal(kind(await report(house, { at: before, kind: "called" })), "too-long-ago");
  t.equal(kind(await report(house, { at: millis(0), kind: "called" })), "too-long-ago");
  const others = await Promise.all(
    (["called", "wrote", "threatened", "other", "cited-a-refusal"] as const).map((what) =>
      report(house, { kind: what }),
    ),
  );
  t.equal(others.filter(({ status }) => status === 201).length, 3, "be they sent at once");
  t.same(new Set(others.filter(({ status }) => status !== 201).map(kind)), new Set(["too-many-reports"]));
  const own = await call(cloud, "GET", routes, { token: await tokenOf(cloud, house.owner, house.household) });
  t.same(
    own.body.pressures.map(({ id }: { id: string }) => id).sort(),
    others.flatMap(({ status, body }) => (status === 201 ? [body.id] : [])).sort(),
    "each sees their own",
  );
  const { operators } = (await call(cloud, "GET", "/v1/board", { token: tokens[0] ?? "" })).body;
  t.match(operators, [new RegExp(`^${olga.person.id} .* age1.* Olga$`), /Omar$/]);
});

test("nothing is upheld by one operator; two put the agency on probation at all agencies' time, weeks later", async (t) => {
  const house = await newHouse();
  const { id } = (await report(house)).body;
  t.equal((await judge(id, olga, "upheld")).body.state, "received");
  t.equal(kind(await judge(id, olga, "upheld")), "second-person-needed");
  t.match((await judge(id, omar, "not-upheld")).body, {
    state: "received",
    findings: [
      { by: olga.person.id, finding: "upheld" },
      { by: omar.person.id, finding: "not-upheld" },
    ],
  });
  const reported = cloud.clock.wall();
  const upheld = await judge(id, omar, "upheld");
  t.equal(upheld.body.state, "upheld");
  const until = Date.parse(upheld.body.until);
  t.equal(until % (28 * day), 0, "the same moment for every agency");
  t.ok(until - reported >= 14 * day && until - reported <= 42 * day);
  t.equal(kind(await judge(id, olga, "not-upheld")), "not-its-turn");

  await pass(until - cloud.clock.wall() - 60_000);
  t.equal((await stateOf(bureau)).state, "active");
  t.equal((await call(cloud, "GET", "/public/v1/statistics")).body.pressure, "none");
  await pass(120_000);
  t.match(await stateOf(bureau), { state: "probation", why: "upheld-pressure" });
  const { entries } = (await call(cloud, "GET", `/tlog/entries?kind=agency&agency=${bureau.agency}`)).body;
  t.equal(entries[0].state, "probation", "it stands in the log");
  const { named } = (await call(cloud, "GET", "/public/v1/overdue")).body;
  t.match(named, [{ agency: bureau.agency, state: "probation", why: "upheld-pressure" }]);
  const sentence = { token: await operatorToken(olga), body: { to: "active" } };
  cloud.clock.forward(hour);
  await call(cloud, "POST", `/operator/v1/agencies/${bureau.agency}/sentence`, sentence);
  const { named: again } = (await call(cloud, "GET", "/public/v1/overdue")).body;
  t.same(again, named, "what one operator proposes shows in nothing public");
  t.equal((await call(cloud, "GET", "/public/v1/statistics")).body.pressure, "under-10");
});

test("all that is upheld in one round counts once; on probation it suspends, and a dismissed report does nothing", async (t) => {
  const town = await activeBureau(cloud);
  const of = async (changes: Partial<Pressure> = {}) =>
    (await report(await newHouse(), { agency: town.agency, ...changes })).body.id as string;
  const dismissed = await of();
  for (const staff of [olga, omar]) await judge(dismissed, staff, "not-upheld");
  for (const id of [await of(), await of({ kind: "threatened" })]) await uphold(id);
  await pass(42 * day);
  t.match(await stateOf(town), { state: "probation", why: "upheld-pressure" });
  await uphold(await of());
  await pass(42 * day);
  t.match(await stateOf(town), { state: "suspended", why: "upheld-pressure" });
  for (const token of await cloud.operatorTokens()) {
    const body = { to: "active" };
    await call(cloud, "POST", `/operator/v1/agencies/${town.agency}/sentence`, { token, body });
  }
  const back = await stateOf(town);
  t.same([back.state, back.why], ["active", undefined], "two operators may let it ask again");
});

/** What an agency, an operator and anybody may read, by its address. */
async function readable(pressure: string): Promise<readonly string[]> {
  const { paths } = (await call(cloud, "GET", "/openapi.json")).body;
  return Object.keys(paths)
    .filter((path) => /^\/(agency|operator|public|tlog)\//.test(path) && paths[path].get !== undefined)
    .map((path) => path.replace("{agency}", bureau.agency).replace("{pressure}", pressure))
    .map((path) => (path.endsWith("/report") ? `${path}?year=2026` : path));
}

test("operators and agency are shown nothing of whose it is, and the log and the public record hold nothing of it", async (t) => {
  const house = await newHouse();
  const { id } = (await report(house)).body;
  await uphold(id);
  await pass(42 * day);
  const officer = (await signInStaff(cloud, bureau.agency, bureau.supervisor)).token;
  const operator = await operatorToken(olga);
  const texts = [];
  for (const url of await readable(id)) {
    const token = url.startsWith("/agency/") ? officer : url.startsWith("/operator/") ? operator : undefined;
    texts.push([url, (await call(cloud, "GET", url, { ...(token && { token }) })).text] as const);
  }
  t.ok(texts.length > 30, `${texts.length} routes were asked`);
  for (const [url, text] of texts) {
    const whose = [house.household, house.owner.member.id].some((known) => text.includes(known));
    t.notOk(whose, `${url} names the household`);
    if (!url.startsWith("/operator/")) t.notOk(text.includes(id), `${url} names the report`);
  }
  const entries = await cloud.log.list({ limit: 200 });
  t.ok(entries.every((entry) => entry.id !== id && entry.id !== house.household));
});

test("an operator whom an agency names neither reads nor judges what is said of it", async (t) => {
  const town = await activeBureau(cloud);
  const { agency, agreement: before } = town;
  const agreement: Agreement = {
    ...{ ...before, version: 2, previous: hashOfText(formatAgreement(before)) },
    ...{
      issued: millis(cloud.clock.wall()),
      officers: [...before.officers, { ...olga.person, role: "officer" }],
    },
  };
  const amended = await call(cloud, "PUT", "/agency/v1/agreement", {
    token: (await signInStaff(cloud, agency, town.supervisor)).token,
    body: { note: signedAgreement({ ...town, agreement }), terms },
  });
  t.equal(amended.status, 200);
  const { id } = (await report(await newHouse(), { agency })).body;
  const shownTo = async (staff: typeof olga) => {
    const token = await operatorToken(staff);
    const answers = await Promise.all(
      ["queue", "pressures", `pressures/${id}/text`].map((path) =>
        call(cloud, "GET", `/operator/v1/${path}`, { token }),
      ),
    );
    return answers.map(({ status, text }) => [status, text.includes(agency)]);
  };
  t.same(await shownTo(olga), [
    [200, false],
    [200, false],
    [404, false],
  ]);
  t.same(await shownTo(omar), [
    [200, true],
    [200, true],
    [200, false],
  ]);
  t.equal(kind(await judge(id, olga, "upheld")), "own-agency");
});

test("what was upheld outlasts its household's farewell, and names it no more", async (t) => {
  const house = await newHouse();
  const town = await activeBureau(cloud);
  const { id } = (await report(house, { agency: town.agency })).body;
  await uphold(id);
  t.equal((await report(house, { kind: "called", agency: town.agency })).status, 201);
  const token = await tokenOf(cloud, house.owner, house.household);
  const note = await loginNote(cloud, house.owner, house.household);
  t.equal((await call(cloud, "DELETE", "/v1/household", { token, body: { note } })).status, 204);
  const rows = await cloud.db.selectFrom("docket").selectAll().where("machine", "=", "pressure").execute();
  const steps = await cloud.db.selectFrom("docket_step").select("by").execute();
  for (const known of [house.household, house.owner.member.id])
    t.notOk(JSON.stringify([rows, steps]).includes(known), "no row names it");
  const path = `/operator/v1/pressures/${id}/text`;
  t.equal((await call(cloud, "GET", path, { token: await operatorToken(olga) })).status, 404);
  await pass(42 * day);
  t.equal((await stateOf(town)).state, "probation", "the agency learns nothing of its leaving");
});
