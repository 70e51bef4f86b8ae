import { t as tap, test } from "tap";
import { assert } from "../../shared/kernel/assert.js";
import { fromBase64 } from "../../shared/kernel/bytes.js";
import { formatAgreement, officerKeyName } from "../../shared/release/agreement.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { signNote } from "../../shared/seal/note.js";
import { failuresMax } from "../household/throttle.io.js";
import { codeOfStep } from "../household/totp.io.js";
import { type OfficeStaff, signInStaff } from "./officetesting.js";
import {
  activeBureau,
  type Bureau,
  newBureau,
  openReleaseCloud,
  signedAgreement,
  terms,
} from "./releases.contract.js";
import { type Answer, call } from "./testcalls.js";
import { newHousehold } from "./testing.js";

// Officers and operators sign in from a browser: words and a code here, passkeys in the tests of their pages.

const cloud = await openReleaseCloud();
tap.teardown(cloud.close);
const [olga, omar] = cloud.operators;
const bureau = await activeBureau(cloud);
const headers = { origin: "http://cloud.test", "sec-fetch-site": "same-origin" };
const kind = ({ body }: Answer): string => (body?.type ?? "none").replace("urn:lintel:problem:", "");
const sameBut = ({ body }: Answer) => ({ ...body, requestId: "" });

type Side = "agency" | "operator";
const sideOf = (office: string): Side => (office === "operator" ? "operator" : "agency");

/** Words and a code, made with the person's own key. */
async function wordsOf(office: Bureau["agency"] | "operator", staff: OfficeStaff) {
  const { token } = await signInStaff(cloud, office, staff);
  const { name, words } = (await call(cloud, "POST", `/${sideOf(office)}/v1/passphrase`, { token })).body;
  return async () => {
    // A code counts once.
    cloud.clock.forward(30_000);
    const row = await cloud.db
      .selectFrom("passphrase")
      .selectAll()
      .where("name", "=", name)
      .executeTakeFirst();
    const key = fromBase64(row?.code_key ?? "");
    assert(key.ok, "a key is kept");
    return { name, words, code: codeOfStep(key.value, Math.floor(cloud.clock.wall() / 30_000)) };
  };
}

const signIn = (side: Side | "member", body: object) =>
  call(cloud, "POST", `${side === "member" ? "" : `/${side}`}/v1/login/passphrase`, { body, headers });

async function inBrowser(office: Bureau["agency"] | "operator", staff: OfficeStaff): Promise<string> {
  const said = await wordsOf(office, staff);
  const answer = await signIn(sideOf(office), await said());
  assert(answer.status === 200, answer.text);
  return answer.body.token;
}

test("words and a code let a person in on their own side only; elsewhere the answer is that of an invented name", async (t) => {
  const said = await wordsOf(bureau.agency, bureau.officer);
  const answer = await signIn("agency", await said());
  t.match(answer.body, {
    office: bureau.agency,
    id: bureau.officer.person.id,
    name: "Oscar",
    role: "officer",
  });
  t.notOk("refresh" in answer.body);
  t.match(
    answer.headers["set-cookie"],
    /^__Host-lintel-agency=lintel_ot_[a-z2-7]{68}; Max-Age=43\d{3}; Path=\/; Secure; HttpOnly; SameSite=Strict$/,
  );
  const invented = await signIn("agency", { name: "aaaaaaaa", words: "x", code: "000000" });
  t.same([invented.status, kind(invented)], [401, "passphrase-refused"]);
  for (const side of ["operator", "member"] as const)
    t.same(sameBut(await signIn(side, await said())), sameBut(invented), side);
  const wrong = await signIn("agency", { ...(await said()), code: "000000" });
  t.same(sameBut(wrong), sameBut(invented), "and so is that of a wrong code");
  const home = await newHousehold(cloud);
  const theirs = (await call(cloud, "POST", "/v1/passphrase", { token: home.token })).body;
  t.same(
    sameBut(await signIn("operator", { ...theirs, code: "000000", otpauth: undefined })),
    sameBut(invented),
  );
});

test("a browser's session is renewed by its cookie alone, from this cloud's own page, and ends after 12 hours", async (t) => {
  const said = await wordsOf("operator", olga);
  const answer = await signIn("operator", await said());
  const [cookie = ""] = String(answer.headers["set-cookie"]).split(";");
  const renew = (sent: string, more: Record<string, string> = headers, side = "operator") =>
    call(cloud, "POST", `/${side}/v1/session/browser`, { headers: { cookie: sent, ...more } });
  t.equal(kind(await renew(cookie, { origin: "https://evil.example" })), "other-origin");
  t.equal(kind(await renew(cookie, { ...headers, "sec-fetch-site": "same-site" })), "other-origin");
  t.equal(kind(await renew(cookie.replace("operator", "agency"), headers, "agency")), "session-over");
  const second = await renew((await signIn("operator", await said())).headers["set-cookie"] as string);
  t.equal(second.status, 200);
  const next = String(second.headers["set-cookie"]).split(";")[0] ?? "";
  const refresh = next.split("=")[1] ?? "";
  const elsewhere = await call(cloud, "POST", "/operator/v1/session/refresh", { body: { refresh } });
  t.equal(kind(elsewhere), "session-over", "what is in a cookie renews nothing outside of a browser");
  const long = await signIn("operator", await said());
  const me = () => call(cloud, "GET", "/operator/v1/me", { token: long.body.token });
  t.equal((await me()).status, 200);
  cloud.clock.forward(12 * 60 * 60_000 + 1);
  t.equal(kind(await me()), "not-logged-in");
  t.equal(kind(await renew(String(long.headers["set-cookie"]))), "session-over");
});

/** What a browser's session may ask; every other guarded route takes the person's own key. */
const allowed: Readonly<Record<Side, readonly string[]>> = {
  agency: [
    ...["DELETE /passkeys/{passkey}", "DELETE /passphrase", "DELETE /session", "DELETE /sessions"],
    ...["GET /emergencies", "GET /me", "GET /passkeys", "GET /passphrase", "GET /preservations"],
    ...["GET /processes", "GET /releases", "GET /requests", "POST /lost-key"],
  ],
  operator: [
    ...["DELETE /passkeys/{passkey}", "DELETE /passphrase", "DELETE /session", "DELETE /sessions"],
    ...["GET /accesses", "GET /agencies", "GET /emergencies", "GET /me", "GET /passkeys", "GET /passphrase"],
    ...[
      "GET /preservations",
      "GET /pressures",
      "GET /processes",
      "GET /queue",
      "GET /releases",
      "GET /requests",
    ],
    ...["POST /accesses/{access}/answer", "POST /accesses/{access}/end", "POST /accesses/{access}/review"],
    ...["POST /agencies/{agency}/reject", "POST /agencies/{agency}/sentence", "POST /agencies/{agency}/vet"],
    ...["POST /emergencies/{emergency}/answer", "POST /pressures/{pressure}/finding"],
    "POST /processes/{process}/answer",
    ...["POST /releases/{release}/review", "POST /requests/{request}/reject"],
  ],
};

/** Of one side's guarded routes those that this token gets further at than "with your own key only". */
async function openTo(side: Side, token: string): Promise<readonly string[]> {
  const { paths } = (await call(cloud, "GET", "/openapi.json")).body;
  const guarded = Object.entries<Record<string, { security?: readonly object[] }>>(paths).flatMap(
    ([path, methods]) =>
      Object.entries(methods).flatMap(([method, { security }]) =>
        path.startsWith(`/${side}/v1`) && security !== undefined
          ? [[method.toUpperCase(), path] as const]
          : [],
      ),
  );
  const open = [];
  for (const [method, path] of guarded) {
    const route = `${method} ${path.replace(`/${side}/v1`, "")}`;
    const ends = ["DELETE /session", "DELETE /sessions", "POST /lost-key"].includes(route);
    const url = path.replace(/\{\w+\}/g, "aaaaaaaaaaaaaaaa");
    // What ends the session that asks is tried by other tests.
    if (ends || kind(await call(cloud, method as "GET", url, { token })) !== "own-key-only") open.push(route);
  }
  return open.sort();
}

test("in a browser one may look, say no and second another's word; all else takes the person's own key", async (t) => {
  t.same(await openTo("agency", await inBrowser(bureau.agency, bureau.supervisor)), allowed.agency);
  t.same(await openTo("operator", await inBrowser("operator", omar)), allowed.operator);
});

test("who says the first word says it with their key, and nobody is two people by coming in twice", async (t) => {
  const applicant = newBureau(cloud.clock.wall());
  const note = signedAgreement(applicant);
  await call(cloud, "POST", "/agency/v1/agreements", { body: { note, terms } });
  const vet = (token: string) =>
    call(cloud, "POST", `/operator/v1/agencies/${applicant.agency}/vet`, { token });
  const browsers = { olga: await inBrowser("operator", olga), omar: await inBrowser("operator", omar) };
  t.equal(kind(await vet(browsers.olga)), "own-key-only");
  t.equal((await vet((await signInStaff(cloud, "operator", olga)).token)).status, 200);
  t.equal(kind(await vet(browsers.olga)), "needs-another-operator", "the same person in a browser");
  t.equal((await vet(browsers.omar)).body.state, "public");

  const sentence = (token: string, to: string) =>
    call(cloud, "POST", `/operator/v1/agencies/${applicant.agency}/sentence`, { token, body: { to } });
  t.equal(kind(await sentence(browsers.omar, "suspended")), "own-key-only");
  const key = (await signInStaff(cloud, "operator", omar)).token;
  t.equal((await sentence(key, "suspended")).body.state, "public", "proposed");
  t.equal(kind(await sentence(browsers.omar, "suspended")), "needs-another-operator");
  t.equal(
    kind(await sentence(browsers.olga, "revoked")),
    "own-key-only",
    "another sentence is another first word",
  );
  t.equal((await sentence(browsers.olga, "suspended")).body.state, "suspended");
});

test("who is struck out of the agreement is out on every way in, and has nothing from before when they come back", async (t) => {
  const town = await activeBureau(cloud);
  const said = await wordsOf(town.agency, town.officer);
  const { token } = (await signIn("agency", await said())).body;
  const boss = (await signInStaff(cloud, town.agency, town.supervisor)).token;
  const me = () => call(cloud, "GET", "/agency/v1/me", { token });
  t.equal((await me()).status, 200);
  const signer = { name: officerKeyName(town.supervisor.person.id), secretKey: town.supervisor.noteSecret };
  let { agreement } = town;
  const amend = async (people: readonly OfficeStaff[]) => {
    const officers = agreement.officers.filter(({ id }) => people.some(({ person }) => person.id === id));
    const wanted = people.length === 2 ? town.agreement.officers : officers;
    const previous = hashOfText(formatAgreement(agreement));
    agreement = { ...agreement, version: agreement.version + 1, previous, officers: wanted };
    const body = { note: signNote(formatAgreement(agreement), [signer]), terms };
    const answer = await call(cloud, "PUT", "/agency/v1/agreement", { token: boss, body });
    t.equal(answer.status, 200, answer.text);
  };
  const right = await said();
  await amend([town.supervisor]);
  t.equal(kind(await me()), "not-logged-in");
  t.equal(kind(await signIn("agency", right)), "passphrase-refused");
  await amend([town.supervisor, town.officer]);
  t.equal(kind(await me()), "not-logged-in", "the session did not come back");
  t.equal(
    (
      await cloud.db
        .selectFrom("passphrase")
        .where("member", "=", town.officer.person.id)
        .selectAll()
        .execute()
    ).length,
    0,
  );
});

test("who fails in a person's name is held up; ending all sessions ends those of browsers", async (t) => {
  const said = await wordsOf("operator", omar);
  const inside = await signIn("operator", await said());
  const { token } = await signInStaff(cloud, "operator", omar);
  const { name } = await said();
  const answers = [];
  for (let at = 0; at <= failuresMax.ofMember; at++)
    answers.push(await signIn("operator", { name, words: "wrong", code: "000000" }));
  t.same([answers[0]?.status, answers.at(-1)?.status], [401, 429]);
  t.equal((await signIn("operator", await said())).status, 200, "and nobody is locked out");
  t.equal((await call(cloud, "DELETE", "/operator/v1/sessions", { token })).status, 204);
  t.equal(kind(await call(cloud, "GET", "/operator/v1/me", { token: inside.body.token })), "not-logged-in");
});
