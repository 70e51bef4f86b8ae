import { t as tap, test } from "tap";
import { assert } from "../../shared/kernel/assert.js";
import { allScopes } from "../household/scopes.js";
import { tokensPerMemberMax } from "../household/tokens.io.js";
import {
  askAll,
  bodies,
  memberRoutes,
  type Route,
  unknownClip,
  unknownHook,
  unknownKey,
} from "./access.contract.js";
import { problems, problemType } from "./problems.js";
import { call, loginNote, tokenFor, tokenOf } from "./testcalls.js";
import { newHousehold, openTestCloud, storeClip, type TestCloud } from "./testing.js";
import { firstCharter, newClaim, newPerson, nextCharter, opened, sign } from "./testpeople.js";

const cloud = await openTestCloud();
tap.teardown(cloud.close);
const home = await newHousehold(cloud);

const sameBut = (body: Record<string, unknown>) => ({ ...body, requestId: "" });

const routes = memberRoutes(home.board.id, unknownClip, unknownKey, unknownKey, unknownKey);

test("the list of routes here is the list of routes that ask for a token", async (t) => {
  const document = (await call(cloud, "GET", "/openapi.json")).body;
  const guarded = Object.entries<Record<string, { security?: readonly object[] }>>(document.paths).flatMap(
    ([path, methods]) =>
      Object.entries(methods).flatMap(([method, { security }]) =>
        security?.some((needed) => "member" in needed) ? `${method.toUpperCase()} ${path}` : [],
      ),
  );
  const named = [
    ...memberRoutes(
      ...(["{camera}", "{clip}", "{claimId}", "{session}", "{token}", "{webhook}"] as const),
      ...(["{passkey}", "{share}", "{invitation}", "{release}"] as const),
    ),
  ].map(([method, path]) =>
    `${method} ${path}`.replace("/segments/0", "/segments/{index}").replace("/pieces/0", "/pieces/{piece}"),
  );
  t.same(guarded.sort(), named.sort());
});

test("without a token every member's route is refused before it reads anything", async (t) => {
  for (const [method, path] of routes) {
    const answer = await call(cloud, method, path);
    t.equal(answer.status, 401, `${method} ${path}`);
    t.equal(answer.body.type, "urn:lintel:problem:not-logged-in");
    t.equal(answer.headers["www-authenticate"], "Bearer");
  }
});

test("an expired token, another cloud's token and no token at all get the same answer", async (t) => {
  const who = { household: home.household, member: home.owner.member.id };
  const expired = await tokenFor(cloud, who, 3_600);
  const other = await openTestCloud();
  t.teardown(other.close);
  const foreign = await tokenFor(other, who);
  const [head = "", body = ""] = home.token.split(".");
  const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.`;
  const flipped = `${head}.${body}.${"A".repeat(86)}`;
  const wanted = sameBut((await call(cloud, "GET", "/v1/clips")).body);
  for (const token of [expired, foreign, unsigned, flipped, "x"]) {
    for (const { route, status, body } of await askAll(cloud, routes, token)) {
      t.equal(status, 401, route);
      t.same(sameBut(body), wanted, route);
    }
  }
});

/** The stream stays open, and the other ends the session that asks. */
const askable = routes.filter(
  ([method, path]) => path !== "/v1/stream" && `${method} ${path}` !== "DELETE /v1/sessions",
);

test("every route refuses a revoked session, a removed member and an expired or revoked access token alike, in the same words", async (t) => {
  const guest = await newPerson("guest", "Bo");
  const family = await newHousehold(cloud, [guest]);
  const make = async (days: number) =>
    (
      await call(cloud, "POST", "/v1/tokens", {
        token: family.token,
        body: { name: "x", scopes: ["clips:read"], days },
      })
    ).body;
  const [revoked, expired] = [await make(9), await make(1)];
  const removed = await tokenOf(cloud, guest, family.household);
  const over = await tokenOf(cloud, family.owner, family.household);
  const { sessions } = (await call(cloud, "GET", "/v1/sessions", { token: over })).body;
  const { id } = sessions.find((one: { current: boolean }) => one.current);
  const end = (path: string) => call(cloud, "DELETE", path, { token: family.token });
  t.equal((await end(`/v1/sessions/${id}`)).status, 204);
  t.equal((await end(`/v1/tokens/${revoked.id}`)).status, 204);
  const charter = sign(nextCharter(family.charter, { members: [family.owner.member] }), [family.owner]);
  t.equal(
    (await call(cloud, "PUT", "/v1/household/charter", { token: family.token, body: { charter } })).status,
    200,
  );
  cloud.clock.forward(25 * 60 * 60_000);
  const wanted = sameBut((await call(cloud, "GET", "/v1/clips")).body);
  for (const token of [over, removed, revoked.token, expired.token, `lintel_pat_${"a".repeat(52)}`]) {
    for (const { route, status, body } of await askAll(cloud, routes, token)) {
      t.equal(status, 401, route);
      t.same(sameBut(body), wanted, route);
    }
  }
});

/** What a guest may not do. */
const ownersOrAdults = [
  ...[
    "DELETE /v1/household",
    "PUT /v1/household/charter",
    "GET /v1/household/proposal",
    "PUT /v1/household/proposal",
    "DELETE /v1/household/proposal",
    "POST /v1/claims",
    "GET /v1/household/accesses",
    "GET /v1/household/notices",
    ...["GET /v1/board", "GET /v1/household/pressures", "POST /v1/household/pressures"],
    "POST /v1/invitations",
    "GET /v1/invitations",
    `DELETE /v1/invitations/${unknownKey}`,
    `GET /v1/claims/${unknownKey}`,
    `PUT /v1/cameras/${home.board.id}/renewal`,
  ],
  ...[
    `DELETE /v1/clips/${unknownClip}`,
    `PUT /v1/clips/${unknownClip}/keep`,
    `DELETE /v1/clips/${unknownClip}/keep`,
    "PUT /v1/household/retention",
    "POST /v1/shares",
  ],
  ...["GET /v1/household/state", "PUT /v1/household/state", "GET /v1/household/emergencies"],
  ...["PUT /v1/household/word", "GET /v1/household/words"],
  ...["GET /v1/household/contacts-state", "PUT /v1/household/contacts-state"],
  ...["POST /v1/releases", "GET /v1/releases", `GET /v1/releases/${unknownClip}`],
  ...["escrow", "withdraw"].map((what) => `POST /v1/releases/${unknownClip}/${what}`),
  `PUT /v1/releases/${unknownClip}/pieces/0`,
  ...["POST /v1/webhooks", "GET /v1/webhooks", `DELETE /v1/webhooks/${unknownHook}`],
  ...["test", "replay"].map((what) => `POST /v1/webhooks/${unknownHook}/${what}`),
  `GET /v1/webhooks/${unknownHook}/deliveries`,
];

test("every route answers another household's owner as if nothing were there, and a guest with what guests may", async (t) => {
  const guest = await newPerson("guest", "Bo");
  const family = await newHousehold(cloud, [guest]);
  const { clip } = await storeClip(cloud, family, new Uint8Array(10));
  const stranger = await newHousehold(cloud);
  const ofFamily = (
    await call(cloud, "POST", "/v1/tokens", { token: family.token, body: bodies["POST /v1/tokens"] ?? {} })
  ).body.id;
  const body = { url: "http://127.0.0.1:9/" };
  const hook = (await call(cloud, "POST", "/v1/webhooks", { token: family.token, body })).body.id;
  const { claimId } = newClaim(family.charter);
  const expiresAt = new Date(cloud.clock.wall() + 500_000).toISOString();
  const claim = { claimId, charter: family.charter.hash, expiresAt };
  t.equal((await call(cloud, "POST", "/v1/claims", { token: family.token, body: claim })).status, 201);
  const session = (await call(cloud, "GET", "/v1/sessions", { token: family.token })).body.sessions[0].id;
  const wanted = { clip, pieces: 2 };
  const share = (await call(cloud, "POST", "/v1/shares", { token: family.token, body: wanted })).body.id;
  t.match(share, /^[a-z2-7]{16}$/);
  const invited = { id: "b".repeat(16) };
  t.equal((await call(cloud, "POST", "/v1/invitations", { token: family.token, body: invited })).status, 201);
  const theirs = memberRoutes(
    family.board.id,
    clip,
    claimId,
    session,
    ofFamily,
    ...([hook, unknownKey, share, invited.id] as const),
  );
  const nobodys = memberRoutes(unknownKey, unknownClip, unknownKey, unknownKey, unknownKey);
  const named = (list: readonly Route[]) => list.filter(([, path]) => /[a-z2-7]{16}|[0-9a-f]{8}-/.test(path));
  const [a, b] = [
    await askAll(cloud, named(theirs), stranger.token),
    await askAll(cloud, named(nobodys), stranger.token),
  ];
  for (const [at, { route, status, body }] of a.entries()) {
    t.ok([404, 428].includes(status), `${route}: ${status}`);
    t.same(sameBut(body), sameBut(b[at]?.body), route);
  }
  t.equal(
    (await call(cloud, "GET", `/v1/clips/${clip}`, { token: family.token })).status,
    200,
    "and nothing was touched",
  );
  t.equal((await call(cloud, "GET", `/v1/claims/${claimId}`, { token: family.token })).status, 200);
  const { invitations } = (await call(cloud, "GET", "/v1/invitations", { token: family.token })).body;
  t.match(invitations, [{ ...invited, state: "waiting" }]);
  const token = await tokenOf(cloud, guest, family.household);
  const forbidden = (await askAll(cloud, askable, token))
    .filter(({ status }) => status === 403)
    .map(({ route }) => route);
  t.same(forbidden.sort(), [...ownersOrAdults].sort());
});

test("an access token is good for the routes of its scopes and for no other", async (t) => {
  const family = await newHousehold(cloud);
  for (const scope of allScopes) {
    const body = { name: scope, scopes: [scope], days: 1 };
    const made = (await call(cloud, "POST", "/v1/tokens", { token: family.token, body })).body;
    t.match(made.token, /^lintel_pat_[a-z2-7]{52}$/);
    for (const { route, status, body } of await askAll(cloud, askable, made.token)) {
      const refused = status === 403 && body.type === problemType("scope-missing");
      t.equal(refused, !allowed(scope, route), `${scope}: ${route}: ${status}`);
    }
  }
  const stored = JSON.stringify(await cloud.db.selectFrom("access_token").selectAll().execute());
  t.notMatch(stored, /lintel_pat_/, "the database holds no secret");
});

/** As a person would say it, not as the program has it. */
function allowed(scope: string, route: string): boolean {
  const [what = "", how = ""] = scope.split(":");
  const [method = "", path = ""] = route.split(" ");
  const reads = method === "GET";
  if (what === "household") return reads && /^\/v1\/(household(\/retention)?|members)$/.test(path);
  return path.startsWith(`/v1/${what}`) && reads === (how === "read");
}

test("of access tokens a member has 32, of 366 days at most", async (t) => {
  const family = await newHousehold(cloud);
  const make = (days = 1) =>
    call(cloud, "POST", "/v1/tokens", {
      token: family.token,
      body: { name: "x", scopes: ["clips:read"], days },
    });
  t.equal((await make(367)).status, 400);
  for (let made = 0; made < tokensPerMemberMax; made++) t.equal((await make()).status, 201);
  t.equal((await make()).body.type, problemType("too-many-tokens"));
});

test("what is another household's and what does not exist get byte-equal answers", async (t) => {
  const neighbour = await newHousehold(cloud);
  const { clip } = await storeClip(cloud, neighbour, new Uint8Array(1000));
  const pairs = [
    [`/v1/clips/${clip}`, `/v1/clips/${unknownClip}`],
    [`/v1/clips/${clip}/segments/0`, `/v1/clips/${unknownClip}/segments/0`],
    [`/v1/clips/${clip}/thumbnail`, `/v1/clips/${unknownClip}/thumbnail`],
    [`/v1/cameras/${neighbour.board.id}`, `/v1/cameras/${unknownKey}`],
    [`/v1/cameras/${neighbour.board.id}/keys`, `/v1/cameras/${unknownKey}/keys`],
  ] as const;
  for (const [theirs, nobodys] of pairs) {
    const [a, b] = [
      await call(cloud, "GET", theirs, { token: home.token }),
      await call(cloud, "GET", nobodys, { token: home.token }),
    ];
    t.equal(a.status, 404, theirs);
    t.same(sameBut(a.body), sameBut(b.body));
  }
  const deletion = await call(cloud, "DELETE", `/v1/clips/${clip}`, { token: home.token });
  t.equal(deletion.status, 404);
  t.equal((await call(cloud, "GET", `/v1/clips/${clip}`, { token: neighbour.token })).status, 200);
  t.same((await call(cloud, "GET", "/v1/clips", { token: home.token })).body, { clips: [] });
  const asked = await call(cloud, "GET", `/v1/clips?camera=${neighbour.board.id}`, { token: home.token });
  t.same(asked.body, { clips: [] });
});

test("an unknown route is a problem document too", async (t) => {
  const answer = await call(cloud, "GET", "/v1/decline");
  t.equal(answer.status, 404);
  t.match(answer.type, /^application\/problem\+json/);
  t.equal(answer.headers["x-request-id"], answer.body.requestId);
});

const login = (note: string) => call(cloud, "POST", "/v1/login", { body: { note } });

test("a nonce is used up by its login", async (t) => {
  const note = await loginNote(cloud, home.owner, home.household);
  t.equal((await login(note)).status, 200);
  const again = await login(note);
  t.equal(again.status, 401);
  t.equal(again.body.type, "urn:lintel:problem:login-refused");
});

test("a nonce lives for two minutes", async (t) => {
  const note = await loginNote(cloud, home.owner, home.household);
  cloud.clock.forward(121_000);
  t.equal((await login(note)).status, 401);
});

test("two logins with one nonce at the same time: one gets in", async (t) => {
  const note = await loginNote(cloud, home.owner, home.household);
  const both = await Promise.all([login(note), login(note)]);
  t.same(both.map(({ status }) => status).sort(), [200, 401]);
});

test("a login for another cloud's address is refused by name", async (t) => {
  const answer = await login(await loginNote(cloud, home.owner, home.household, "https://elsewhere.example"));
  t.equal(answer.body.type, "urn:lintel:problem:other-audience");
});

test("the note-signing key does not log in", async (t) => {
  const imposter = { ...home.owner, login: { ...home.owner.login, secretKey: home.owner.note.secretKey } };
  t.equal((await login(await loginNote(cloud, imposter, home.household))).status, 401);
});

test("a stranger is challenged like a member, and refused like a bad signature", async (t) => {
  const stranger = await newPerson("owner", "Mallory");
  const challenge = await call(cloud, "POST", "/v1/login/challenge", {
    body: { household: home.household, member: stranger.member.id },
  });
  const known = await call(cloud, "POST", "/v1/login/challenge", {
    body: { household: home.household, member: home.owner.member.id },
  });
  t.equal(challenge.status, 200);
  t.same(Object.keys(challenge.body), Object.keys(known.body));
  t.equal(challenge.body.nonce.length, known.body.nonce.length);
  const refused = await login(await loginNote(cloud, stranger, home.household));
  const imposter = { ...home.owner, login: { ...home.owner.login, secretKey: stranger.login.secretKey } };
  const forged = await login(await loginNote(cloud, imposter, home.household));
  t.same(sameBut(refused.body), sameBut(forged.body));
});

test("of one member's waiting nonces the 33rd puts out the oldest only: nobody can lock a member out", async (t) => {
  const notes: string[] = [];
  for (let i = 0; i < 33; i++) {
    notes.push(await loginNote(cloud, home.owner, home.household));
    cloud.clock.forward(1);
  }
  t.equal((await login(notes[0] ?? "")).status, 401);
  for (const note of [notes[1], notes[32]]) t.equal((await login(note ?? "")).status, 200);
});

test("calls without a token are counted by address", async (t) => {
  const small = await openTestCloud({ openCallsPerMinute: 3 });
  t.teardown(small.close);
  const body = { household: unknownKey, member: unknownKey };
  const statuses = [];
  for (let i = 0; i < 4; i++) {
    const { status, headers } = await call(small, "POST", "/v1/login/challenge", { body });
    statuses.push(status);
    if (status === 429) t.ok(Number(headers["retry-after"]) > 0);
  }
  t.same(statuses, [200, 200, 200, 429]);
});

test("behind a proxy the address that counts is the one that the proxy saw, not the one that its caller wrote", async (t) => {
  const proxied = await openTestCloud({ trustProxy: true, openCallsPerMinute: 1 });
  t.teardown(proxied.close);
  const body = { household: unknownKey, member: unknownKey };
  const ask = async (forwarded: string) =>
    (await call(proxied, "POST", "/v1/login/challenge", { body, headers: { "x-forwarded-for": forwarded } }))
      .status;
  t.equal(await ask("192.0.2.1"), 200);
  t.equal(await ask("198.51.100.7, 192.0.2.1"), 429, "the same caller under an invented address");
  t.equal(await ask("192.0.2.2"), 200);
});

/** A household, a claim and a charter more, each from its own address. */
async function make(small: TestCloud, remoteAddress: string): Promise<readonly number[]> {
  const ada = await newPerson("owner", "Ada");
  const first = sign(firstCharter([ada]), [ada]);
  const { household, hash } = opened(first);
  const send = async (method: "POST" | "PUT", url: string, payload: object, token = "") => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await small.app.inject({ method, url, payload, headers, remoteAddress });
    if (answer.statusCode === 429) assert(Number(answer.headers["retry-after"]) > 60, "an hour's window");
    return answer.statusCode;
  };
  const registered = await send("POST", "/v1/households", { charter: first });
  if (registered !== 201) return [registered];
  const token = await tokenFor(small, { household, member: ada.member.id });
  const { claimId } = newClaim(opened(first));
  const expiresAt = new Date(Date.now() + 60_000).toISOString();
  const next = sign(nextCharter(opened(first), { cameras: [] }), [ada]);
  return [
    registered,
    await send("POST", "/v1/claims", { claimId, charter: hash, expiresAt }, token),
    await send("PUT", "/v1/household/charter", { charter: next }, token),
  ];
}

test("households, claims and charters have a budget for each address, of IPv6 for each /64, and one for all", async (t) => {
  const small = await openTestCloud({ budget: { perAddress: 1, total: 3 } });
  t.teardown(small.close);
  t.same(await make(small, "192.0.2.1"), [201, 201, 200]);
  t.same(await make(small, "192.0.2.1"), [429], "the address has spent its own");
  t.same(await make(small, "::ffff:192.0.2.1"), [429], "also written as IPv6");
  t.same(await make(small, "2001:db8:0:1::5"), [201, 201, 200]);
  t.same(await make(small, "2001:db8:0:1:ffff::9"), [429], "the same /64");
  t.same(
    await make(small, "2001:db8:0:2::5"),
    [201, 201, 200],
    "what was refused took nothing from the others",
  );
  t.same(await make(small, "198.51.100.1"), [429], "all together have spent theirs");
  const text = { method: "POST", url: "/v1/households", payload: {}, remoteAddress: "192.0.2.9" } as const;
  t.equal((await small.app.inject(text)).statusCode, 400, "what is malformed spends nothing");
});

test("malformed requests are problems with a place, never more", async (t) => {
  const post = (payload: string | Buffer, type = "application/json") =>
    cloud.app.inject({ method: "POST", url: "/v1/login", headers: { "content-type": type }, payload });
  const cases = [
    [await post("{"), 400, "malformed-request"],
    [await post('{"note":5}'), 400, "malformed-request"],
    [await post('{"note":"x","more":1}'), 400, "malformed-request"],
    [await post('{"__proto__":{"a":1},"note":"x"}'), 400, "malformed-request"],
    [await post("a=b", "application/x-www-form-urlencoded"), 415, "unsupported-media-type"],
    [await post(`{"note":"${"x".repeat(1_100_000)}"}`), 413, "too-large"],
    [await post('{"note":"x"}'), 401, "login-refused"],
  ] as const;
  for (const [response, status, kind] of cases) {
    t.equal(response.statusCode, status, kind);
    t.equal(response.json().type, problemType(kind));
    t.notMatch(response.body, /at .*\.js|node_modules|SyntaxError/);
  }
  t.match((await post('{"note":5}')).json().detail, /body\/note/);
});

test("each kind of problem has a status, a title and a sentence that ends", (t) => {
  for (const [kind, [status, title, sentence]] of Object.entries(problems)) {
    t.ok(status >= 400 && status < 600, kind);
    t.ok(title.length > 0 && /\.$/.test(sentence), kind);
  }
  t.end();
});

test("a broken part of the cloud is an internal error without details", async (t) => {
  const broken = await openTestCloud();
  const { token } = await newHousehold(broken);
  await broken.db.destroy();
  const answer = await call(broken, "GET", "/v1/clips", { token });
  t.equal(answer.status, 500);
  t.equal(answer.body.type, "urn:lintel:problem:internal-error");
  t.notMatch(answer.text, /destroyed|kysely|driver/i);
  await broken.close();
});
