import { t as tap, test } from "tap";
import { noBrowser as skip, startBrowser } from "./browser.contract.js";
import { activeBureau, newAsk, openReleaseCloud, publish } from "./releases.contract.js";
import { call } from "./testcalls.js";

// The public record in a real browser, without a login.

const cloud = await openReleaseCloud();
tap.teardown(cloud.close);
const bureau = await activeBureau(cloud);
const asked = await newAsk(cloud, bureau);
await publish(cloud, bureau, asked);
const origin = await cloud.app.listen({ host: "127.0.0.1", port: 0 });

test("the record shows agencies, requests and their places in the log, in both languages and on a phone", {
  skip,
}, async (t) => {
  const browser = await startBrowser();
  t.teardown(() => browser.close());
  const faults: string[] = [];
  const open = async (language: string) => {
    const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (said) => said.type() === "error" && faults.push(said.text()));
    await page.goto(`${origin}/record?lang=${language}`);
    return page;
  };
  const english = await open("en");
  const card = english.locator(`[id="${asked.request.id}"]`);
  await card.getByText("You do not have to answer").waitFor();
  t.equal(await card.locator(".state").innerText(), "open");
  await card.getByText("History").click();
  const proof = card.getByRole("link", { name: /^log \d+$/ }).last();
  await proof.waitFor();
  t.match(
    (await call(cloud, "GET", (await proof.getAttribute("href")) ?? "")).text,
    /^c2sp.org\/tlog-proof@v1/,
  );
  await english.getByText("No agency is overdue").waitFor();
  t.equal(await english.locator(`[id="${bureau.agency}"] .state`).innerText(), "active");
  const agency = english.locator(`[id="${bureau.agency}"]`);
  await agency.getByText("Who signs for it (2)").click();
  await agency.getByText("Sofia (supervisor)").waitFor();
  await agency.getByText("Where it may ask").click();
  t.match(await agency.innerText(), /km²\)\n50\.\d{5}, -?\d\.\d{5}\n/);
  const wide = await english.evaluate("document.documentElement.scrollWidth");
  t.equal(wide, 390, "nothing is wider than a phone");

  for (const token of await cloud.operatorTokens())
    await call(cloud, "POST", `/operator/v1/agencies/${bureau.agency}/sentence`, {
      token,
      body: { to: "suspended" },
    });
  const french = await open("fr");
  await french.getByText("Vous n'êtes pas tenu de répondre").waitFor();
  t.equal(await french.locator("html").getAttribute("lang"), "fr");
  t.equal(
    await french.locator(".state.bad", { hasText: "suspendu" }).count(),
    2,
    "named, and in its own card",
  );
  t.equal(await french.locator(".state.bad", { hasText: "gelée" }).count(), 1);
  t.same(faults, [], "no script, style or call was refused");
});

test("whoever the rules punished is named, and for what, in both languages", { skip }, async (t) => {
  const browser = await startBrowser();
  t.teardown(() => browser.close());
  const fault = { kind: "fault", why: "upheld-pressure", round: cloud.clock.wall() } as const;
  await cloud.casework.noteFault((await activeBureau(cloud)).agency, fault);
  const page = await browser.newPage();
  for (const [language, words] of [
    ["en", "on probation: it pressed households"],
    ["fr", "à l'épreuve : il a fait pression sur des foyers"],
  ] as const) {
    await page.goto(`${origin}/record?lang=${language}`);
    await page.getByText(words).waitFor();
  }
  t.pass("named");
});
