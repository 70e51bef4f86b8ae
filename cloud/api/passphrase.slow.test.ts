import { t as tap, test } from "tap";
import { assert } from "../../shared/kernel/assert.js";
import { fromBase64 } from "../../shared/kernel/bytes.js";
import { waitingMax } from "../household/passphrases.io.js";
import { failuresMax } from "../household/throttle.io.js";
import { codeOfStep } from "../household/totp.io.js";
import { call, loginNote, tokenOf } from "./testcalls.js";
import { newHousehold, openTestCloud } from "./testing.js";
import { newPerson, nextCharter, sign } from "./testpeople.js";

const cloud = await openTestCloud();
tap.teardown(cloud.close);
const headers = { origin: "http://cloud.test" };
const kind = (answer: { body: { type: string } }) => answer.body.type.replace("urn:lintel:problem:", "");
const signIn = (body: object) => call(cloud, "POST", "/v1/login/passphrase", { body, headers });
const make = async (token: string) => (await call(cloud, "POST", "/v1/passphrase", { token })).body;

/** As an authenticator does. */
async function codeFor(name: string, steps = 0): Promise<string> {
  const row = await cloud.db.selectFrom("passphrase").selectAll().where("name", "=", name).executeTakeFirst();
  const key = fromBase64(row?.code_key ?? "");
  assert(key.ok, "a key is kept");
  return codeOfStep(key.value, Math.floor(cloud.clock.wall() / 30_000) + steps);
}

test("words and code sign in together, each code once and one step off at most; neither does alone", async (t) => {
  const { token } = await newHousehold(cloud);
  const { name, words, otpauth } = await make(token);
  t.match(words, /^([a-z-]+ ){6}[a-z-]+$/);
  t.match(otpauth, /^otpauth:\/\/totp\/Lintel:[a-z2-7]{8}\?secret=[A-Z2-7]{32}&/);
  const code = await codeFor(name);
  const typed = {
    name: ` ${name.toUpperCase()} `,
    words: `  ${words.toUpperCase().replace(" ", "   ")}`,
    code,
  };
  const answers = await Promise.all([signIn(typed), signIn(typed)]);
  t.same(answers.map(({ status }) => status).sort(), [200, 401], "of two at once one gets in");
  const [inside] = answers.filter(({ status }) => status === 200);
  t.match(inside?.headers["set-cookie"], /^__Host-lintel=lintel_rt_.*HttpOnly; SameSite=Strict$/);
  t.notOk("refresh" in (inside?.body ?? {}));
  const list = (await call(cloud, "GET", "/v1/sessions", { token: inside?.body.token ?? "" })).body.sessions;
  t.ok(list.some(({ how, current }: { how: string; current: boolean }) => current && how === "passphrase"));
  t.equal(kind(await signIn({ name, words, code })), "passphrase-refused", "a code counts once");
  t.equal(
    kind(await signIn({ name, words, code: await codeFor(name, -1) })),
    "passphrase-refused",
    "none of before",
  );
  t.equal((await signIn({ name, words, code: await codeFor(name, 1) })).status, 200, "a clock that is fast");
  t.equal(kind(await signIn({ name, words, code: await codeFor(name, 2) })), "passphrase-refused");
  for (const half of [
    { name, words },
    { name, code },
  ])
    t.equal((await signIn(half)).status, 400);
  for (const half of [{ words: "" }, { code: "" }])
    t.equal(kind(await signIn({ name, words, code, ...half })), "passphrase-refused");
  const stored = JSON.stringify(await cloud.db.selectFrom("passphrase").selectAll().execute());
  for (const word of words.split(" ").slice(0, 3))
    t.notOk(stored.includes(word), "the database holds no word");
  const other = await call(cloud, "POST", "/v1/login/passphrase", {
    body: typed,
    headers: { origin: "http://x" },
  });
  t.equal(kind(other), "other-origin");
  t.equal((await call(cloud, "DELETE", "/v1/sessions", { token })).status, 204);
  const cookie = String(inside?.headers["set-cookie"]).split(";")[0] ?? "";
  const renewed = await call(cloud, "POST", "/v1/session/browser", { headers: { ...headers, cookie } });
  t.equal(kind(renewed), "session-over", "the command line ends what a browser opened");
  t.equal((await call(cloud, "GET", "/v1/sessions", { token: inside?.body.token ?? "" })).status, 401);
});

test("new words end the old ones; from a browser none are made, and the last way in is not removed", async (t) => {
  const { token, household, owner } = await newHousehold(cloud);
  const before = await make(token);
  const after = await make(token);
  t.equal((await signIn({ ...before, code: "000000", otpauth: undefined })).status, 401);
  const { name, words } = after;
  const inside = (await signIn({ name, words, code: await codeFor(name) })).body.token;
  t.equal(kind(await call(cloud, "POST", "/v1/passphrase", { token: inside })), "key-session-only");
  t.equal((await call(cloud, "GET", "/v1/passphrase", { token: inside })).body.name, name);
  t.equal(kind(await call(cloud, "DELETE", "/v1/passphrase", { token: inside })), "last-way-in");
  t.equal((await call(cloud, "DELETE", "/v1/passphrase", { token })).status, 204);
  t.equal((await call(cloud, "DELETE", "/v1/passphrase", { token })).status, 404);
  t.equal((await call(cloud, "GET", "/v1/passphrase", { token: inside })).status, 404);
  await make(token);
  const note = await loginNote(cloud, owner, household);
  t.equal((await call(cloud, "DELETE", "/v1/household", { token, body: { note } })).status, 204);
  t.same(
    await cloud.db.selectFrom("passphrase").where("household", "=", household).selectAll().execute(),
    [],
  );
});

test("whom the charter names no more has no passphrase", async (t) => {
  const guest = await newPerson("guest", "Bo");
  const home = await newHousehold(cloud, [guest]);
  const { name, words } = await make(await tokenOf(cloud, guest, home.household));
  const code = await codeFor(name);
  const charter = sign(nextCharter(home.charter, { members: [home.owner.member] }), [home.owner]);
  await call(cloud, "PUT", "/v1/household/charter", { token: home.token, body: { charter } });
  t.equal((await signIn({ name, words, code })).status, 401);
});

test("when too many wait to be looked at, one more is told to come again, whether its name is known or not", async (t) => {
  const own = await openTestCloud({ wordsCost: 2 ** 14 });
  t.teardown(own.close);
  const { token } = await newHousehold(own);
  const { name } = (await call(own, "POST", "/v1/passphrase", { token })).body;
  const asked = Array.from({ length: waitingMax + 20 }, (_, at) => (at % 2 === 0 ? name : "aaaaaaaa"));
  const answers = await Promise.all(
    asked.map((of) =>
      call(own, "POST", "/v1/login/passphrase", { body: { name: of, words: "x", code: "0" }, headers }),
    ),
  );
  const refused = answers
    .map((answer, at) => ({ ...answer, name: asked[at] }))
    .filter(({ status }) => status === 503);
  t.equal(new Set(refused.map((one) => one.name)).size, 2, `${refused.length} were refused, of both names`);
  const said = refused.map(({ body, headers }) => `${kind({ body })} ${headers["retry-after"]}`);
  t.same([...new Set(said)], ["sign-in-busy 5"]);
  t.ok(refused.length <= 20);
  const later = await call(own, "POST", "/v1/passphrase", { token });
  t.equal(later.status, 201, "and then it goes on");
});

test("an unknown name, wrong words and a wrong code get one answer, after the same time", async (t) => {
  const own = await openTestCloud({ wordsCost: 2 ** 15 });
  t.teardown(own.close);
  const { token } = await newHousehold(own);
  const { name, words } = (await call(own, "POST", "/v1/passphrase", { token })).body;
  const wrongs = {
    name: { name: "aaaaaaaa", words, code: "000000" },
    words: { name, words: words.replace(/^\S+/, "zoom"), code: "000000" },
    code: { name, words, code: "000000" },
  };
  const fastest: Record<string, number> = {};
  const bodies = new Set<string>();
  for (let round = 0; round < 4; round++)
    for (const [what, wrong] of Object.entries(wrongs)) {
      const from = performance.now();
      const { status, body } = await call(own, "POST", "/v1/login/passphrase", { body: wrong, headers });
      fastest[what] = Math.min(fastest[what] ?? Infinity, performance.now() - from);
      bodies.add(JSON.stringify({ status, ...body, requestId: "" }));
    }
  t.equal(bodies.size, 1);
  const times = Object.values(fastest);
  t.comment(`fastest of 4: ${times.map((ms) => ms.toFixed(1)).join(", ")} ms`);
  // What leaves the hash out takes a twentieth.
  t.ok(Math.min(...times) > 0.6 * Math.max(...times));
});

test("failures are counted by address and by name, also by one that nobody has; only codes hold up whoever has the words", async (t) => {
  const own = await openTestCloud();
  t.teardown(own.close);
  const { token } = await newHousehold(own);
  const { name, words } = (await call(own, "POST", "/v1/passphrase", { token })).body;
  let address = 0;
  const from = async (payload: object) => {
    const remoteAddress = `192.0.2.${++address}`;
    const answer = await own.app.inject({
      method: "POST",
      url: "/v1/login/passphrase",
      payload,
      headers,
      remoteAddress,
    });
    return answer.json().type?.split(":").at(-1) ?? "in";
  };
  const last = async (body: object) => {
    const all = [];
    for (let tries = 0; tries <= failuresMax.ofMember; tries++) all.push(await from(body));
    return [all[0], all.at(-1)];
  };
  const held = ["passphrase-refused", "too-many-attempts"];
  const [wrong, unknown] = [
    { name, words: "x", code: "000000" },
    { name: "aaaaaaaa", words, code: "000000" },
  ];
  t.same(await last(wrong), held);
  t.same(await last(unknown), held, "the same for a name that nobody has");
  const row = await own.db.selectFrom("passphrase").selectAll().executeTakeFirstOrThrow();
  const key = fromBase64(row.code_key);
  assert(key.ok, "a key is kept");
  const code = () => codeOfStep(key.value, Math.floor(own.clock.wall() / 30_000));
  t.equal(
    await from({ name, words, code: code() }),
    "in",
    "nobody keeps the member out by failing in their name",
  );
  own.clock.forward(60 * 60_000);
  await last({ name, words, code: "000000" });
  t.equal(
    await from({ name, words, code: code() }),
    "too-many-attempts",
    "who has the words guesses 20 codes an hour",
  );
  own.clock.forward(60 * 60_000);
  t.equal(await from({ name, words, code: code() }), "in");
});
