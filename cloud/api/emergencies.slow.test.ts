import { t as tap, test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { agencyIdOf } from "../../shared/kernel/ids.js";
import { type AgencyState, formatAgreement } from "../../shared/release/agreement.js";
import { type EmergencyClaim, formatClaim } from "../../shared/release/emergency.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { signNote } from "../../shared/seal/note.js";
import { systemRandom } from "../system.io.js";
import { askHousehold, newClaim, staffSigner } from "./emergencies.contract.js";
import { agencyWith, newStaff, saidAgreement, signInStaff } from "./officetesting.js";
import { activeBureau, openReleaseCloud, signedAgreement, terms } from "./releases.contract.js";
import { type Answer, call, loginNote, tokenOf } from "./testcalls.js";
import { newHousehold, openTestCloud } from "./testing.js";

const [agency, rival] = [agencyIdOf(systemRandom.bytes(32)), agencyIdOf(systemRandom.bytes(32))];
const [fay, gus, eve] = [
  newStaff("officer", "Fay"),
  newStaff("supervisor", "Gus"),
  newStaff("supervisor", "Eve"),
];
const [olga, omar] = [newStaff("operator", "Olga"), newStaff("operator", "Omar")];
const cloud = await openTestCloud({
  operators: [olga.person, omar.person],
  agencyOf: async (id) => agencyWith(id === agency ? [fay, gus] : id === rival ? [eve] : [], "active", id),
});
tap.teardown(cloud.close);
const [home, stranger, indoor] = [
  await newHousehold(cloud),
  await newHousehold(cloud),
  await newHousehold(cloud, [], "indoor"),
];

const kind = ({ body }: Answer): string => body.type.replace("urn:lintel:problem:", "");
const minute = 60_000;
const hour = 60 * minute;
const bureau = { agency, agreement: saidAgreement, officer: fay, supervisor: gus, phone: "+15550100" };
const claimOf = (changes: Partial<EmergencyClaim> = {}, by = bureau) =>
  newClaim(cloud, by, { household: home.household, camera: home.board.id }, changes);
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
async function asked(changes: Partial<EmergencyClaim> = {}): Promise<string> {
  const [first, second] = [olga, omar].map((staff) => signInStaff(cloud, "operator", staff));
  const claimed = await claimOf(changes);
  await askHousehold(cloud, bureau, [(await first)?.token ?? "", (await second)?.token ?? ""], claimed);
  return claimed.claim.id;
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
  const now = cloud.clock.wall();
  const refusal = async (changes: Partial<EmergencyClaim>, by = bureau) => {
    const answer = await officer(fay, "", { note: (await claimOf(changes, by)).note });
    return answer.status === 201 ? "claimed" : kind(answer);
  };
  t.equal(await refusal({ from: millis(now - 73 * hour) }), "emergency-out-of-reach");
  t.equal(await refusal({ to: millis(now + hour) }), "emergency-out-of-reach");
  t.equal(await refusal({ danger: "protest" as "abduction" }), "bad-field");
  t.equal(await refusal({ file: "please help us" }), "bad-field", "there is no room for words");
  t.equal(await refusal({ submitted: millis(now - 11 * minute) }), "signed-at-another-time");
  t.equal(await refusal({ household: stranger.household }), "not-there", "another household's camera");
  const indoors = { household: indoor.household, camera: indoor.board.id };
  t.equal(await refusal(indoors), "emergency-out-of-reach", "an indoor camera");
});

test("a claim is its agency's people's own: nobody else's key, agreement or session makes one", async (t) => {
  const refusal = async (staff: typeof fay, note: string, office = agency) =>
    kind(await officer(staff, "", { note }, office));
  const { note, claim } = await claimOf();
  t.equal(await refusal(eve, note, rival), "other-agreement");
  t.equal(await refusal(gus, note), "not-signed-for-agency", "a supervisor who did not sign it");
  const forged = await claimOf({}, { ...bureau, officer: eve });
  t.equal(await refusal(fay, forged.note), "not-signed-for-agency");
  const other = await claimOf({ agreement: hashOfText("older") });
  t.equal(await refusal(fay, other.note), "other-agreement");
  t.equal((await officer(fay, "", { note })).status, 201);
  t.equal((await officer(fay, "", { note })).body.id, claim.id, "the same again is the same claim");
  const cosign = async (staff: typeof fay, cosigned: string) =>
    kind(await officer(staff, `/${claim.id}/cosignature`, { note: cosigned }));
  t.equal(await cosign(gus, note), "no-second-signature", "one signature is one person");
  const alone = signNote(formatClaim(claim), [staffSigner(gus)]);
  t.equal(
    await cosign(gus, alone),
    "no-second-signature",
    "the supervisor is somebody else than the officer",
  );
  t.equal(await cosign(gus, (await claimOf()).cosigned), "not-there", "another claim");
  await pass(30 * minute);
});

test("an agency has 20 claims that wait at most, be they claimed at once", async (t) => {
  const { token } = await signInStaff(cloud, agency, fay);
  const notes = await Promise.all(Array.from({ length: 24 }, async () => (await claimOf()).note));
  const claim = (note: string) => call(cloud, "POST", "/agency/v1/emergencies", { token, body: { note } });
  const answers = await Promise.all(notes.map(claim));
  t.same(
    answers.filter(({ status }) => status !== 201).map(kind),
    Array.from({ length: 4 }, () => "too-many-waiting"),
  );
  await pass(30 * minute);
});

test("a forged claim, alone or of one operator's making, is never put to the household", async (t) => {
  const { note, cosigned, claim } = await claimOf();
  const { id } = claim;
  await officer(fay, "", { note });
  const body = { note: cosigned };
  t.equal(kind(await officer(fay, `/${id}/cosignature`, body)), "supervisors-only");
  t.equal(
    (await officer(eve, `/${id}/cosignature`, body, rival)).status,
    404,
    "another agency's is not there",
  );
  t.equal(
    kind(await operator(olga, `${id}/callback`, authentic)),
    "not-its-turn",
    "not before the supervisor",
  );
  await officer(gus, `/${id}/cosignature`, body);
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

test("a household that leaves while it is asked is to the agency one that did not answer", async (t) => {
  const { owner, household, board } = await newHousehold(cloud);
  const id = await asked({ household, camera: board.id });
  const token = await tokenOf(cloud, owner, household);
  const body = { note: await loginNote(cloud, owner, household) };
  t.equal((await call(cloud, "DELETE", "/v1/household", { token, body })).status, 204);
  await pass(89 * minute);
  t.equal((await statesOf())[0], "asked");
  await pass(minute);
  t.equal((await statesOf())[0], "not-released");
  t.same(await cloud.db.selectFrom("notice").selectAll().where("about", "=", id).execute(), []);
});

test("no route releases anything, and none lets an operator override", async (t) => {
  const document = (await call(cloud, "GET", "/openapi.json")).body;
  const routes = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
    path.includes("emergenc") ? Object.keys(methods).map((method) => `${method} ${path}`) : [],
  );
  t.same(routes.sort(), [
    ...["get /agency/v1/emergencies", "get /operator/v1/emergencies", "get /v1/household/emergencies"],
    "post /agency/v1/emergencies",
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

test("whom a supervisor names is one of the two who claim only after 30 days", async (t) => {
  const real = await openReleaseCloud();
  t.teardown(real.close);
  const bureau = await activeBureau(real);
  const house = await newHousehold(real);
  const newcomer = newStaff("officer", "Mallory");
  const { agency: own, supervisor, agreement: before } = bureau;
  const previous = hashOfText(formatAgreement(before));
  const officers = [...before.officers, { ...newcomer.person, role: "officer" as const }];
  const agreement = { ...before, version: 2, previous, issued: millis(real.clock.wall()), officers };
  const body = { note: signedAgreement({ ...bureau, agreement }), terms };
  const { token } = await signInStaff(real, own, supervisor);
  t.equal((await call(real, "PUT", "/agency/v1/agreement", { token, body })).status, 200);
  const cosigned = async (officer: typeof newcomer): Promise<Answer> => {
    const claimant = { agency: own, agreement: hashOfText(formatAgreement(agreement)), officer, supervisor };
    const made = await newClaim(real, claimant, { household: house.household, camera: house.board.id });
    const path = "/agency/v1/emergencies";
    const { token: theirs } = await signInStaff(real, own, officer);
    await call(real, "POST", path, { token: theirs, body: { note: made.note } });
    const cosign = `${path}/${made.claim.id}/cosignature`;
    return call(real, "POST", cosign, { token, body: { note: made.cosigned } });
  };
  t.equal(kind(await cosigned(newcomer)), "signed-by-newcomers");
  t.match(await cosigned(bureau.officer), { status: 200, body: { state: "cosigned" } });
});

test("an agency that was suspended since its claim puts it to nobody", async (t) => {
  let state: AgencyState = "active";
  const own = await openTestCloud({
    operators: [olga.person, omar.person],
    agencyOf: async (id) => agencyWith([fay, gus], state, id),
  });
  t.teardown(own.close);
  const house = await newHousehold(own);
  const made = await newClaim(own, bureau, { household: house.household, camera: house.board.id });
  const as = async (staff: typeof fay) => (await signInStaff(own, agency, staff)).token;
  const path = "/agency/v1/emergencies";
  const claimed = await call(own, "POST", path, { token: await as(fay), body: { note: made.note } });
  t.equal(claimed.status, 201);
  const cosign = async () =>
    call(own, "POST", `${path}/${made.claim.id}/cosignature`, {
      token: await as(gus),
      body: { note: made.cosigned },
    });
  state = "suspended";
  t.equal(kind(await cosign()), "agency-not-active");
  state = "active";
  t.equal((await cosign()).status, 200);
  const operators = async (staff: typeof olga, what: string, body: object) =>
    call(own, "POST", `/operator/v1/emergencies/${made.claim.id}/${what}`, {
      token: (await signInStaff(own, "operator", staff)).token,
      body,
    });
  t.equal((await operators(olga, "callback", authentic)).status, 200);
  state = "suspended";
  t.equal(kind(await operators(omar, "answer", { answer: "agree" })), "agency-not-active");
  t.same(await own.db.selectFrom("notice").selectAll().execute(), [], "no household is asked");
  t.equal((await operators(omar, "answer", { answer: "deny" })).body.state, "denied");
});

test("an agency that was vetted in public is on probation once its emergency stays unconfirmed", async (t) => {
  const real = await openReleaseCloud();
  t.teardown(real.close);
  const bureau = await activeBureau(real);
  const house = await newHousehold(real);
  const claimant = { ...bureau, agreement: hashOfText(formatAgreement(bureau.agreement)) };
  const at = { household: house.household, camera: house.board.id };
  const claimed = await newClaim(real, claimant, at);
  await askHousehold(
    real,
    { ...claimant, phone: bureau.agreement.phone },
    await real.operatorTokens(),
    claimed,
  );
  for (const millis of [90 * minute, 6 * 24 * hour]) {
    real.clock.forward(millis);
    await real.docket.tick();
  }
  t.equal((await real.casework.agencies.find(bureau.agency))?.state.kind, "probation");
  const { entries } = (await call(real, "GET", `/tlog/entries?kind=agency&agency=${bureau.agency}`)).body;
  t.equal(entries[0].state, "probation", "and the public sees it");
});
