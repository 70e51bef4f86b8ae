import { t as tap, test } from "tap";
import { formatWithdrawal } from "../../shared/release/withdrawal.js";
import { signNote } from "../../shared/seal/note.js";
import { refuseAbandoning } from "../startup.js";
import { newClaim } from "./emergencies.contract.js";
import { signInStaff } from "./officetesting.js";
import {
  activeBureau,
  authorisationFor,
  newAsk,
  newBureau,
  newHome,
  openReleaseCloud,
  publish,
  signedAgreement,
  signedBy,
  terms,
} from "./releases.contract.js";
import { call } from "./testcalls.js";

const before = await openReleaseCloud();
const bureau = await activeBureau(before);
const home = await newHome(before);
const asked = await newAsk(before, bureau);
await publish(before, bureau, asked);
const authorisation = signedBy(authorisationFor(before, asked, bureau, home), [home.owner]);
const body = { authorisation, pieces: 1 };
const claimed = await newClaim(before, { ...bureau, agreement: asked.request.agreement }, home);
await call(before, "POST", "/agency/v1/emergencies", {
  ...{ token: (await signInStaff(before, bureau.agency, bureau.officer)).token },
  body: { note: claimed.note },
});
const begun = await call(before, "POST", "/v1/releases", { token: home.token, body });
await before.stop();
const cloud = await openReleaseCloud({ directory: before.directory, releases: "ending" });
tap.teardown(cloud.close);
cloud.clock.forward(before.clock.wall() - cloud.clock.wall());

const { token: officer } = await signInStaff(cloud, bureau.agency, bureau.officer);
const ending = { status: 403, body: { type: "urn:lintel:problem:releases-ending" } };

test("while releases end nothing new begins, and the cloud says so", async (t) => {
  const agreement = { note: signedAgreement(newBureau(cloud.clock.wall())), terms };
  t.match(await call(cloud, "POST", "/agency/v1/agreements", { body: agreement }), ending);
  const { note } = await newAsk(cloud, bureau, { file: "FILE-2" });
  t.match(await call(cloud, "POST", "/agency/v1/requests", { token: officer, body: { note } }), ending);
  t.match(await call(cloud, "POST", "/agency/v1/emergencies", { token: officer, body: { note } }), ending);
  t.match(await call(cloud, "POST", "/v1/releases", { token: home.token, body }), ending);
  const approve = `/operator/v1/requests/${asked.request.id}/approve`;
  t.match(await call(cloud, "POST", approve), ending);
});

test("what is under way is withdrawn as before, and only then may the cloud take no part", async (t) => {
  const { id } = begun.body;
  await t.rejects(refuseAbandoning("off", cloud.casework), {
    message: /releases or emergencies are under way.*ending/,
  });
  await refuseAbandoning("ending", cloud.casework);
  t.equal((await call(cloud, "GET", "/agency/v1/releases", { token: officer })).status, 200);
  const text = formatWithdrawal({ release: id, household: home.household, at: cloud.clock.wall() });
  const withdrawn = await call(cloud, "POST", `/v1/releases/${id}/withdraw`, {
    token: home.token,
    body: { note: signNote(text, [home.owner.note]) },
  });
  t.equal(withdrawn.status, 200);
  await t.rejects(refuseAbandoning("off", cloud.casework), { message: /emergencies are under way/ });
  cloud.clock.forward(30 * 60_000);
  await cloud.docket.tick();
  await refuseAbandoning("off", cloud.casework);
});
