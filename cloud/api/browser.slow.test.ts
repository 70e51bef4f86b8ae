import type { BrowserContext, Page } from "playwright-core";
import { t as tap, test } from "tap";
import { codeOfStep } from "../household/totp.io.js";
import { noBrowser as skip, startBrowser } from "./browser.contract.js";
import { call, loginNote, tokenOf } from "./testcalls.js";
import { newHousehold, openTestCloud } from "./testing.js";
import { newPerson, nextCharter, sign } from "./testpeople.js";

// The sign-in page in a real browser, with an authenticator that the browser's own tools simulate.

const cloud = await openTestCloud();
tap.teardown(cloud.close);
const listening = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
const origin = listening.replace("127.0.0.1", "localhost");
cloud.origins.push(origin);

const browser = skip === false ? await startBrowser() : undefined;
tap.teardown(() => browser?.close());

/** A browser of its own, with a device that knows its person unless told otherwise. */
async function openBrowser() {
  const context = await browser?.newContext({ viewport: { width: 1024, height: 900 } });
  if (context === undefined) throw new Error("no browser");
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (said) => {
    if (/Content.Security|Refused to|Trusted/.test(said.text())) faults.push(said.text());
  });
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { context, page, devtools, authenticatorId, faults };
}

/** As `lintel member passkey add` does. */
async function linkFor(token: string, name = "Laptop"): Promise<string> {
  return (await call(cloud, "POST", "/v1/passkeys/links", { token, body: { name } })).body.url;
}

async function makePasskey(page: Page, url: string): Promise<void> {
  await page.goto("about:blank");
  await page.goto(url);
  await page.getByRole("button", { name: "Make the passkey" }).click();
  await page.getByText("The passkey is made").waitFor();
}

async function signIn(page: Page, name = "Ada"): Promise<void> {
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("heading", { name, exact: true }).waitFor();
}

async function signedInBrowser() {
  const home = await newHousehold(cloud);
  const opened = await openBrowser();
  await makePasskey(opened.page, await linkFor(home.token));
  await signIn(opened.page);
  return { home, ...opened };
}

const cookieOf = async (context: BrowserContext) => (await context.cookies(origin))[0];
/** For who looks at them: LINTEL_SCREENSHOTS names a folder. */
const folder = process.env.LINTEL_SCREENSHOTS;
async function picture(page: Page, name: string): Promise<void> {
  if (folder === undefined) return;
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${folder}/${name}-${colorScheme}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 360, height: 740 });
  await page.screenshot({ path: `${folder}/${name}-phone.png`, fullPage: true });
  await page.setViewportSize({ width: 1024, height: 900 });
}

test("a passkey is made by a link and signs in; a script of the page reads no cookie, and the token is in memory only", {
  skip,
}, async (t) => {
  const home = await newHousehold(cloud);
  const { page, context, faults } = await openBrowser();
  t.teardown(() => context.close());
  await page.goto(await linkFor(home.token));
  await page.getByRole("heading", { name: "A passkey for Ada" }).waitFor();
  t.equal(page.url(), `${origin}/sign-in`, "the secret is out of the address");
  await picture(page, "add");
  await page.getByRole("button", { name: "Make the passkey" }).click();
  await page.getByText("The passkey is made").waitFor();
  await picture(page, "sign-in");
  await signIn(page);
  await picture(page, "member");
  const cookie = await cookieOf(context);
  t.match(cookie, { name: "__Host-lintel", httpOnly: true, secure: true, sameSite: "Strict", path: "/" });
  t.equal(await page.evaluate("document.cookie"), "");
  t.equal(await page.evaluate("localStorage.length + sessionStorage.length"), 0);
  await page.reload();
  await page.getByRole("heading", { name: "Ada", exact: true }).waitFor();
  t.not((await cookieOf(context))?.value, cookie?.value, "each renewal has its own");
  t.same(faults, []);
});

test("a link makes one passkey, within ten minutes, and the newest link only", { skip }, async (t) => {
  const home = await newHousehold(cloud);
  const { page, context } = await openBrowser();
  t.teardown(() => context.close());
  const [first, second] = [await linkFor(home.token), await linkFor(home.token)];
  const over = async (url: string) => {
    await page.goto("about:blank");
    await page.goto(url);
    await page
      .getByText("This link was used, replaced by a newer one, or is older than 10 minutes")
      .waitFor();
  };
  await over(first);
  await makePasskey(page, second);
  await over(second);
  const late = await linkFor(home.token);
  cloud.clock.forward(10 * 60_000);
  await over(late);
  await picture(page, "over");
});

test("a device that does not ask for its person, and one whose counter falls behind, sign nobody in", {
  skip,
}, async (t) => {
  const { page, context, devtools, authenticatorId } = await signedInBrowser();
  t.teardown(() => context.close());
  const [credential] = (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials;
  t.ok((credential?.signCount ?? 0) > 0);
  await page.getByRole("button", { name: "Sign out here" }).click();
  await page.getByText("You are signed out").waitFor();
  await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByText("It was not done").waitFor();
  await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
  if (credential === undefined) throw new Error("no credential");
  const standAt = async (signCount: number): Promise<void> => {
    const { credentialId } = credential;
    await devtools.send("WebAuthn.removeCredential", { authenticatorId, credentialId });
    await devtools.send("WebAuthn.addCredential", {
      authenticatorId,
      credential: { ...credential, signCount },
    });
  };
  await standAt(0);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByText("The sign-in does not hold").waitFor();
  await standAt(credential.signCount + 5);
  await signIn(page);
});

test("what signed in once signs in never again, from nowhere", { skip }, async (t) => {
  const home = await newHousehold(cloud);
  const { page, context } = await openBrowser();
  t.teardown(() => context.close());
  await makePasskey(page, await linkFor(home.token));
  const sent = page.waitForRequest((request) => request.url().endsWith("/v1/login/passkey"));
  await signIn(page);
  const body = JSON.parse((await sent).postData() ?? "");
  const login = (asked: object, headers: Record<string, string> = { origin }) =>
    call(cloud, "POST", "/v1/login/passkey", { body: asked, headers });
  const replayed = await login(body);
  t.same([replayed.status, replayed.body.type], [401, "urn:lintel:problem:sign-in-refused"]);
  const stranger = await login({ response: { ...body.response, id: "A".repeat(22), rawId: "A".repeat(22) } });
  t.same({ ...replayed.body, requestId: "" }, { ...stranger.body, requestId: "" }, "the same answer for all");
  const rows = await cloud.db.selectFrom("sign_in_failure").selectAll().execute();
  t.ok(rows.length >= 2, "both are counted, by address and by member");
});

test("no other page makes the browser ask: another origin, none, and a neighbouring site are refused", {
  skip,
}, async (t) => {
  const { context } = await signedInBrowser();
  t.teardown(() => context.close());
  const { name = "", value = "" } = (await cookieOf(context)) ?? {};
  const cookie = `${name}=${value}`;
  const renew = async (headers: Record<string, string>) =>
    (await call(cloud, "POST", "/v1/session/browser", { headers: { cookie, ...headers } })).body;
  for (const headers of [
    { origin: "https://evil.example" },
    {},
    { origin: "null" },
    { origin, "sec-fetch-site": "same-site" },
    { origin, "sec-fetch-site": "cross-site" },
  ] as Record<string, string>[])
    t.equal((await renew(headers)).type, "urn:lintel:problem:other-origin", JSON.stringify(headers));
  const renewed = await renew({ origin });
  t.ok(renewed.token, "and nothing of it used the cookie up");
  t.notOk("refresh" in renewed);
  const again = await renew({ origin });
  t.equal(again.type, "urn:lintel:problem:session-over", "a cookie that comes twice was copied");
  t.equal((await call(cloud, "GET", "/v1/sessions", { token: renewed.token })).status, 401, "and ends all");
  const away = await call(cloud, "POST", "/v1/session/browser", { headers: { origin, cookie } });
  t.match(away.headers["set-cookie"], /Max-Age=0; Path=\/; Secure; HttpOnly; SameSite=Strict/);
});

test("tabs that renew the session at the same time keep it; signing out everywhere ends all of them", {
  skip,
}, async (t) => {
  const { home, page, context } = await signedInBrowser();
  t.teardown(() => context.close());
  const tabs = await Promise.all([1, 2, 3].map(() => context.newPage()));
  await Promise.all(tabs.map((tab) => tab.goto(`${origin}/sign-in`)));
  for (const tab of tabs) await tab.getByRole("heading", { name: "Ada", exact: true }).waitFor();
  const { sessions } = (await call(cloud, "GET", "/v1/sessions", { token: home.token })).body;
  t.same(sessions.map(({ how, client }: { how: string; client: string }) => [how, client]).sort(), [
    ["key", "lightMyRequest"],
    ["passkey", "Chrome on Linux"],
  ]);
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await page.getByText("You are signed out, everywhere").waitFor();
  t.equal((await call(cloud, "GET", "/v1/sessions", { token: home.token })).status, 401);
  await tabs[0]?.reload();
  await tabs[0]?.getByRole("button", { name: "Sign in with a passkey" }).waitFor();
});

test("the last passkey is not removed from the browser that needs it, but with the member's own key", {
  skip,
}, async (t) => {
  const { home, page, context } = await signedInBrowser();
  t.teardown(() => context.close());
  await page.getByRole("button", { name: "Remove Laptop" }).click();
  await page.getByText("This is the only way in which you sign in from a browser").waitFor();
  await picture(page, "last");
  const list = await call(cloud, "GET", "/v1/passkeys", { token: home.token });
  const [{ id, name, usedAt }] = list.body.passkeys;
  t.ok(name === "Laptop" && usedAt);
  const remove = () => call(cloud, "DELETE", `/v1/passkeys/${id}`, { token: home.token });
  t.equal((await remove()).status, 204);
  t.equal((await remove()).status, 404);
  await page.reload();
  await page.getByText("None yet").waitFor();
  const cookie = await cookieOf(context);
  const headers = { origin, cookie: `${cookie?.name}=${cookie?.value}` };
  const { token } = (await call(cloud, "POST", "/v1/session/browser", { headers })).body;
  const link = await call(cloud, "POST", "/v1/passkeys/links", { token, body: { name: "x" } });
  t.equal(link.body.type, "urn:lintel:problem:key-session-only");
});

test("whom the charter names no more has no passkey, and a household that leaves leaves none", {
  skip,
}, async (t) => {
  const guest = await newPerson("guest", "Bo");
  const home = await newHousehold(cloud, [guest]);
  const { page, context } = await openBrowser();
  t.teardown(() => context.close());
  await makePasskey(page, await linkFor(await tokenOf(cloud, guest, home.household)));
  const before = await cloud.db
    .selectFrom("passkey")
    .where("member", "=", guest.member.id)
    .selectAll()
    .execute();
  t.equal(before.length, 1);
  const without = sign(nextCharter(home.charter, { members: [home.owner.member] }), [home.owner]);
  await call(cloud, "PUT", "/v1/household/charter", { token: home.token, body: { charter: without } });
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByText("The sign-in does not hold").waitFor();
  await linkFor(home.token);
  await cloud.db
    .insertInto("passkey")
    .values({ ...(before[0] ?? fail()), id: "another", member: home.owner.member.id })
    .execute();
  const note = await loginNote(cloud, home.owner, home.household);
  const left = await call(cloud, "DELETE", "/v1/household", { token: home.token, body: { note } });
  t.equal(left.status, 204);
  for (const table of ["passkey", "passkey_link"] as const) {
    const rows = await cloud.db
      .selectFrom(table)
      .where("household", "=", home.household)
      .selectAll()
      .execute();
    t.same(rows, [], table);
  }
});

function fail(): never {
  throw new Error("no row");
}

test("pages take scripts from their own cloud only, tell nobody where they lead, and are in no frame", async (t) => {
  const { headers, text } = await call(cloud, "GET", "/sign-in");
  t.match(
    headers["content-security-policy"],
    /default-src 'none'.*script-src 'self';.*frame-ancestors 'none'/,
  );
  t.notMatch(headers["content-security-policy"], /unsafe|data:|\*/);
  t.match(headers, { "referrer-policy": "no-referrer", "x-content-type-options": "nosniff" });
  t.notMatch(text, /style=|<style|<script>|onclick|https?:/);
  const etag = String(headers.etag);
  t.equal((await call(cloud, "GET", "/sign-in", { headers: { "if-none-match": etag } })).status, 304);
});

test("a cloud without a name says so, and how it gets one", async (t) => {
  const nameless = await openTestCloud();
  t.teardown(nameless.close);
  const { token } = await newHousehold(nameless);
  const answer = await call(nameless, "POST", "/v1/passkeys/links", { token, body: { name: "x" } });
  t.same([answer.status, answer.body.type], [409, "urn:lintel:problem:no-name-for-passkeys"]);
});

test("the other way in is a name, seven words and a code", { skip }, async (t) => {
  const home = await newHousehold(cloud);
  const { page, context, faults } = await openBrowser();
  t.teardown(() => context.close());
  const { name, words, otpauth } = (await call(cloud, "POST", "/v1/passphrase", { token: home.token })).body;
  await page.goto(`${origin}/sign-in`);
  await page.getByText("Passphrase and code").click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Seven words").fill(`${words} `);
  await page.getByLabel("Code of your authenticator").fill("000000");
  await picture(page, "words");
  await page.getByRole("button", { name: "Sign in with words and code" }).click();
  await page.getByText("Name, words and code do not hold together").waitFor();
  const row = await cloud.db.selectFrom("passphrase").selectAll().where("name", "=", name).executeTakeFirst();
  const code = codeOfStep(
    Buffer.from(row?.code_key ?? "", "base64"),
    Math.floor(cloud.clock.wall() / 30_000),
  );
  await page.getByLabel("Code of your authenticator").fill(code);
  await page.getByLabel("Code of your authenticator").press("Enter");
  await page.getByText(`Name ${name}`).waitFor();
  await picture(page, "words-in");
  t.ok((await page.content()).includes("with words and code"));
  t.notOk((await page.content()).includes(otpauth));
  t.same(faults, []);
});
