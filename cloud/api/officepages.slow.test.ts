import type { Page } from "playwright-core";
import { t as tap, test } from "tap";
import { assert } from "../../shared/kernel/assert.js";
import { formatAgreement } from "../../shared/release/agreement.js";
import { square } from "../../shared/release/testing.contract.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { noBrowser as skip, startBrowser } from "./browser.contract.js";
import { newClaim } from "./emergencies.contract.js";
import { type OfficeStaff, signInStaff } from "./officetesting.js";
import { newReport } from "./pressures.contract.js";
import {
  activeBureau,
  newAsk,
  newBureau,
  newHome,
  openReleaseCloud,
  publish,
  signedAgreement,
  terms,
} from "./releases.contract.js";
import { call } from "./testcalls.js";

// The pages of operators and officers in a real browser, with a virtual authenticator.

const cloud = await openReleaseCloud();
tap.teardown(cloud.close);
const [olga, omar] = cloud.operators;
const bureau = await activeBureau(cloud);
const home = await newHome(cloud);
const origin = (await cloud.app.listen({ host: "127.0.0.1", port: 0 })).replace("127.0.0.1", "localhost");
cloud.origins.unshift(origin);
const browser = skip === false ? await startBrowser() : undefined;
tap.teardown(() => browser?.close());

const faults: string[] = [];
async function openPage(): Promise<Page> {
  assert(browser !== undefined, "a test that is skipped opens no browser");
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1024, height: 900 } });
  tap.teardown(() => context.close());
  // Officers and operators live in the cloud's own time.
  await context.clock.setFixedTime(cloud.clock.wall());
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (said) => {
    if (/Content.Security|Refused to|Trusted/.test(said.text())) faults.push(said.text());
  });
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      ...{ protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true },
      ...{ isUserVerified: true, automaticPresenceSimulation: true },
    },
  });
  return page;
}

const keyTokenOf = async (office: string, staff: OfficeStaff): Promise<string> =>
  (await signInStaff(cloud, office as typeof bureau.agency, staff)).token;

/** For who looks at them: LINTEL_SCREENSHOTS names a folder. */
const folder = process.env.LINTEL_SCREENSHOTS;
async function picture(page: Page, name: string): Promise<void> {
  if (folder === undefined) return;
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${folder}/${name}-${colorScheme}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await page.screenshot({ path: `${folder}/${name}-phone.png`, fullPage: true });
  await page.setViewportSize({ width: 1024, height: 900 });
}

/** As `lintel operator|agency passkey add` and its link do. */
async function comeIn(page: Page, side: "operator" | "agency", token: string): Promise<void> {
  const made = await call(cloud, "POST", `/${side}/v1/passkeys/links`, { token, body: { name: "Laptop" } });
  await page.goto(made.body.url);
  await page.getByRole("button", { name: "Make the passkey" }).click();
  await page.getByText("The passkey is made").waitFor();
  await picture(page, `${side}-door`);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("button", { name: "Sign out", exact: true }).waitFor();
}

/** What waits on the desk: each by its first word, and each of one kind. */
async function fillDesk() {
  const applicant = newBureau(cloud.clock.wall());
  await call(cloud, "POST", "/agency/v1/agreements", { body: { note: signedAgreement(applicant), terms } });
  const token = await keyTokenOf("operator", olga);
  await call(cloud, "POST", `/operator/v1/agencies/${applicant.agency}/vet`, { token });
  const officer = await keyTokenOf(bureau.agency, bureau.officer);
  const asked = await newAsk(cloud, bureau, { file: "2026/0900" });
  await call(cloud, "POST", "/agency/v1/requests", { token: officer, body: { note: asked.note } });
  const wish = { household: home.household, ticket: "T-7", scope: ["storage"], minutes: 5 };
  await call(cloud, "POST", "/operator/v1/accesses", { token, body: wish });
  const { claim, note, cosigned } = await newClaim(
    cloud,
    { ...bureau, agreement: hashOfText(formatAgreement(bureau.agreement)) },
    { household: home.household, camera: home.camera },
  );
  const claimed = await call(cloud, "POST", "/agency/v1/emergencies", { token: officer, body: { note } });
  assert(claimed.status === 201, claimed.text);
  const supervisor = await keyTokenOf(bureau.agency, bureau.supervisor);
  await call(cloud, "POST", `/agency/v1/emergencies/${claim.id}/cosignature`, {
    token: supervisor,
    body: { note: cosigned },
  });
  const body = await newReport(cloud, { ...home, agency: bureau.agency });
  const told = await call(cloud, "POST", "/v1/household/pressures", { token: home.token, body });
  const pressure: string = told.body.id;
  const found = { token, body: { finding: "not-upheld" } };
  await call(cloud, "POST", `/operator/v1/pressures/${pressure}/finding`, found);
  return { applicant, asked, emergency: claim.id, pressure };
}

test("an operator makes a passkey by a link, sees what waits, and says the second word, never both", {
  skip,
}, async (t) => {
  const { applicant, asked, emergency, pressure } = await fillDesk();
  const page = await openPage();
  await comeIn(page, "operator", await keyTokenOf("operator", omar));
  await picture(page, "desk");
  t.equal(page.url(), `${origin}/desk`, "the secret is out of the address");
  const card = page.locator(`[id="${applicant.agency}"]`);
  await card.getByText(`1 of 2 operators · operator ${olga.person.id}`).waitFor();
  const request = page.locator(`[id="${asked.request.id}"]`);
  await request.getByText("You do not have to answer").waitFor();
  t.match(await request.locator("pre").innerText(), `lintel operator request approve ${asked.request.id}`);
  const urgent = page.locator(`[id="${emergency}"]`);
  await urgent.getByText(/call back, at the registry's number only: \+33123456789/i).waitFor();
  t.match(await urgent.locator("time").innerText(), /in \d+ minutes/);

  const reported = page.locator(`[id="${pressure}"]`);
  await reported.getByText("came to the door").waitFor();
  t.match(await reported.locator("pre").innerText(), `lintel operator pressure read ${pressure}`);
  t.notMatch(await reported.innerText(), home.household);

  await card.getByRole("button", { name: "The agreement is what it says" }).click();
  await page.getByText("Done. It stands in the public log").waitFor();
  t.equal(await card.count(), 0, "vetted by two");
  const state = await call(cloud, "GET", `/public/v1/agencies/${applicant.agency}`);
  t.equal(state.body.state, "public");
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByRole("button", { name: "End it now" }).waitFor();
  await request.getByRole("button", { name: "not plausible" }).click();
  await request.waitFor({ state: "detached" });
  await urgent.getByRole("button", { name: "Deny" }).click();
  await urgent.waitFor({ state: "detached" });
  await reported.getByRole("button", { name: "Confirm: not upheld" }).click();
  await reported.waitFor({ state: "detached" });

  t.equal(await page.evaluate("document.cookie"), "");
  t.equal(await page.evaluate("localStorage.length + sessionStorage.length"), 0);
  await page.goto(`${origin}/desk?lang=fr`);
  await page.getByRole("heading", { name: "Le guichet" }).waitFor();
  t.equal(await page.locator("html").getAttribute("lang"), "fr");
  await picture(page, "desk-fr");
  await page.setViewportSize({ width: 390, height: 844 });
  t.equal(await page.evaluate("document.documentElement.scrollWidth"), 390, "nothing is wider than a phone");
  await page.getByRole("button", { name: "Se déconnecter partout" }).click();
  await page.getByText("Vous êtes déconnecté").waitFor();
  t.same(faults, []);
});

test("an officer sees the agreement, what was asked and what is owed, and the command for each", {
  skip,
}, async (t) => {
  await publish(cloud, bureau, await newAsk(cloud, bureau, { area: square(400, 4_800_000) }));
  const page = await openPage();
  await comeIn(page, "agency", await keyTokenOf(bureau.agency, bureau.officer));
  t.equal(page.url(), `${origin}/office`);
  await page.getByRole("heading", { name: "Police municipale" }).waitFor();
  await page.getByText("It may ask.").waitFor();
  t.equal(await page.locator(".state.good", { hasText: "open" }).count(), 1);
  await page.getByText("turned down").waitFor();
  await page.getByText(/lintel agency request resolve/).waitFor();
  await picture(page, "office");
  const lost = page.getByRole("button", { name: "End everything of the agency" });
  await page.getByText("A key is lost").click();
  t.notOk(await lost.isVisible(), "not by one click");
  await page.getByLabel("I know that this cannot be taken back").check();
  t.ok(await lost.isVisible());
  await page.goto(`${origin}/office?lang=fr`);
  await page.getByText("Il peut demander.").waitFor();
  await picture(page, "office-fr");
  await page.setViewportSize({ width: 390, height: 844 });
  t.equal(await page.evaluate("document.documentElement.scrollWidth"), 390, "nothing is wider than a phone");
  await page.goto(`${origin}/desk`);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByText("The sign-in does not hold").waitFor();
  t.same(faults, []);
});
