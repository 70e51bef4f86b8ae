import { t as tap, test } from "tap";
import { agencyIdOf } from "../../shared/kernel/ids.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { systemRandom } from "../system.io.js";
import { agencyWith, newStaff, signInStaff } from "./officetesting.js";
import { activeBureau, openReleaseCloud } from "./releases.contract.js";
import { type Answer, call, newHousehold, openTestCloud, tokenOf } from "./testing.js";

const [agency, rival] = [agencyIdOf(systemRandom.bytes(32)), agencyIdOf(systemRandom.bytes(32))];
const [fay, gus, eve] = [
  newStaff("officer", "Fay"),
  newStaff("supervisor", "Gus"),
  newStaff("supervisor", "Eve"),
];
const [olga, omar] = [newStaff("operator", "Olga"), newStaff("operator", "Omar")];
const cloud = await openTestCloud({
  operators: [olga.person, omar.person],
  agencyOf: async (id) => agencyWith(id === agency ? [fay, gus] : id === rival ? [eve] : []),
});
tap.teardown(cloud.close);
const home = await newHousehold(cloud);

const kind = ({ body }: Answer): string => body.type.replace("urn:lintel:problem:", "");
const iso = (at: number): string => new Date(at).toISOString();
const minute = 60_000;
const hour = 60 * minute;
const wish = () => ({
  ...{ file: "24-119", danger: "threat-to-life", camera: home.board.id },
  ...{ from: iso(cloud.clock.wall() - 2 * hour), to: iso(cloud.clock.wall() - hour) },
});
const officer = async (staff: typeof fay, path: string, body?: object, office = agency) =>
  call(cloud, "POST", `/agency/v1/emergencies${path}`, {
    token: (await signInStaff(cloud, office, staff)).token,
    ...(body && { body }),
  });
const operator = async (staff: typeof olga, path: string, body: object) =>
  call(cloud, "POST", `/operator/v1/emergencies/${path}`, {
    token: (await signInStaff(cloud, "operator", staff)).token,
    body,
  });
const authentic = { called: "+15550100", authentic: true };
async function pass(millis: number): Promise<void> {
  cloud.clock.forward(millis);
  await cloud.docket.tick();
}
async function asked(): Promise<string> {
  const { id } = (await officer(fay, "", wish())).body;
  await officer(gus, `/${id}/cosignature`);
  await operator(olga, `${id}/callback`, authentic);
  await operator(omar, `${id}/answer`, { answer: "agree" });
  return id;
}
const statesOf = async () => {
  const token = (await signInStaff(cloud, agency, fay)).token;
  const { emergencies } = (await call(cloud, "GET", "/agency/v1/emergencies", { token })).body;
  return emergencies.map(({ state }: { state: string }) => state);
};
const noticesOf = async () => {
  const token = await tokenOf(cloud, home.owner, home.household);
  const { notices } = (await call(cloud, "GET", "/v1/household/notices", { token })).body;
  return notices.map((notice: { kind: string }) => notice.kind);
};

test("a claim that reaches further than one outdoor camera's last 72 hours is refused", async (t) => {
  t.equal(
    kind(await officer(fay, "", { ...wish(), from: iso(cloud.clock.wall() - 73 * hour) })),
    "emergency-out-of-reach",
  );
  t.equal(
    kind(await officer(fay, "", { ...wish(), to: iso(cloud.clock.wall() + hour) })),
    "emergency-out-of-reach",
  );
  t.equal((await officer(fay, "", { ...wish(), danger: "protest" })).status, 400);
  t.equal(
    (await officer(fay, "", { ...wish(), message: "please" })).status,
    400,
    "there is no room for words",
  );
  t.equal((await officer(fay, "", { ...wish(), camera: undefined })).status, 400);
});

test("a forged claim, alone or of one operator's making, is never put to the household", async (t) => {
  const { id } = (await officer(fay, "", wish())).body;
  t.equal(kind(await officer(fay, `/${id}/cosignature`)), "supervisors-only");
  t.equal(
    (await officer(eve, `/${id}/cosignature`, undefined, rival)).status,
    404,
    "another agency's is not there",
  );
  t.equal(
    kind(await operator(olga, `${id}/callback`, authentic)),
    "not-its-turn",
    "not before the supervisor",
  );
  await officer(gus, `/${id}/cosignature`);
  t.equal(
    kind(await operator(olga, `${id}/callback`, { ...authentic, called: "+15550199" })),
    "other-number",
  );
  await operator(olga, `${id}/callback`, authentic);
  t.equal(kind(await operator(olga, `${id}/answer`, { answer: "agree" })), "second-person-needed");
  await pass(30 * minute);
  t.equal((await statesOf())[0], "denied");
  t.same(await noticesOf(), []);
});

test("eleven emergencies that nobody answers: the household is asked, nothing is released, the agency hears no at a fixed time", async (t) => {
  const ids: string[] = [];
  for (let count = 0; count < 11; count += 1) ids.push(await asked());
  t.same(
    await noticesOf(),
    Array.from({ length: 11 }, () => "emergency"),
  );
  await pass(89 * minute);
  t.same(new Set((await statesOf()).slice(0, 11)), new Set(["asked"]));
  await pass(minute);
  t.same(new Set((await statesOf()).slice(0, 11)), new Set(["not-released"]));
  t.equal((await noticesOf()).length, 22);
  const { entries } = (await call(cloud, "GET", `/tlog/entries?kind=emergency&id=${ids[0]}`)).body;
  t.same(
    entries.map((entry: { state: string }) => entry.state),
    ["not-released", "asked", "claimed"],
  );
  t.notMatch(JSON.stringify(entries), new RegExp(`${home.household}|${home.board.id}|24-119`));
});

test("no route releases anything, and none lets an operator override", async (t) => {
  const document = (await call(cloud, "GET", "/openapi.json")).body;
  const routes = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
    path.includes("emergenc") ? Object.keys(methods).map((method) => `${method} ${path}`) : [],
  );
  t.same(routes.sort(), [
    ...["get /agency/v1/emergencies", "get /operator/v1/emergencies", "post /agency/v1/emergencies"],
    ...[
      "post /agency/v1/emergencies/{emergency}/cosignature",
      "post /agency/v1/emergencies/{emergency}/paper",
    ],
    ...["answer", "callback", "finding"].map((what) => `post /operator/v1/emergencies/{emergency}/${what}`),
  ]);
});

test("court paper that two operators find genuine confirms it; without any it is unconfirmed after three court days", async (t) => {
  const [filed, never] = [await asked(), await asked()];
  await pass(90 * minute);
  const paper = hashOfText("an order");
  t.equal((await officer(fay, `/${filed}/paper`, { paper })).body.paper, paper);
  t.equal((await operator(olga, `${filed}/finding`, { genuine: true })).body.state, "not-released");
  t.equal(kind(await operator(olga, `${filed}/finding`, { genuine: true })), "second-person-needed");
  t.equal((await operator(omar, `${filed}/finding`, { genuine: true })).body.state, "confirmed");
  await pass(6 * 24 * hour);
  const token = (await signInStaff(cloud, "operator", olga)).token;
  const { emergencies } = (await call(cloud, "GET", "/operator/v1/emergencies", { token })).body;
  const stateOf = (id: string) => emergencies.find((one: { id: string }) => one.id === id)?.state;
  t.equal(stateOf(filed), "confirmed");
  t.equal(stateOf(never), "unconfirmed");
});

test("an agency that was vetted in public is on probation once its emergency stays unconfirmed", async (t) => {
  const real = await openReleaseCloud();
  t.teardown(real.close);
  const { agency: bureau, supervisor, officer: oscar } = await activeBureau(real);
  const house = await newHousehold(real);
  const now = real.clock.wall();
  const body = { ...wish(), camera: house.board.id, from: iso(now - hour), to: iso(now - minute) };
  const [first, second] = await real.operatorTokens();
  const as = async (staff: typeof fay) => (await signInStaff(real, bureau, staff)).token;
  const post = (path: string, token: string | undefined, sent?: object) =>
    call(real, "POST", path, { ...(token && { token }), ...(sent && { body: sent }) });
  const { id } = (await post("/agency/v1/emergencies", await as(oscar), body)).body;
  await post(`/agency/v1/emergencies/${id}/cosignature`, await as(supervisor));
  await post(`/operator/v1/emergencies/${id}/callback`, first, { called: "+33123456789", authentic: true });
  const agreed = await post(`/operator/v1/emergencies/${id}/answer`, second, { answer: "agree" });
  t.equal(agreed.body.state, "asked");
  for (const millis of [90 * minute, 6 * 24 * hour]) {
    real.clock.forward(millis);
    await real.docket.tick();
  }
  t.equal((await real.casework.agencies.find(bureau))?.state.kind, "probation");
  const { entries } = (await call(real, "GET", `/tlog/entries?kind=agency&agency=${bureau}`)).body;
  t.equal(entries[0].state, "probation", "and the public sees it");
});
