import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook as Checker } from "standardwebhooks";
import { type Test, t as tap, test } from "tap";
import { newEventId } from "../../shared/kernel/ids.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { createRepeats } from "../household/repeats.io.js";
import { createAccessTokens } from "../household/tokens.io.js";
import { pauseMillisAfter } from "../notify/backoff.js";
import { startCourier } from "../notify/courier.io.js";
import { isPublic, pin } from "../notify/guard.io.js";
import { systemRandom } from "../system.io.js";
import { call, tokenOf } from "./testcalls.js";
import { newHousehold, openTestCloud, storeClip } from "./testing.js";
import { newPerson } from "./testpeople.js";

const cloud = await openTestCloud();
const home = await newHousehold(cloud);
const { token } = home;
const courier = startCourier(cloud.db, { clock: cloud.clock, reach: "any", onFault: tap.error });
tap.teardown(() => courier.close().then(cloud.close));
const problem = (kind: string) => `urn:lintel:problem:${kind}`;

interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver that answers with these statuses, one after the other, and then with 204. */
async function receiver(t: Test, ...statuses: readonly number[]) {
  const heard: Heard[] = [];
  const waiting: (() => void)[] = [];
  const server = createServer(async (request, answer) => {
    let body = "";
    for await (const piece of request) body += piece;
    answer.writeHead(statuses[heard.length] ?? 204, { location: "/elsewhere" }).end();
    heard.push({ headers: request.headers, body });
    for (const resume of waiting.splice(0)) resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as AddressInfo;
  const nth = async (count: number): Promise<Heard> => {
    while (heard.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    return heard[count - 1] as Heard;
  };
  return { url: `http://127.0.0.1:${port}/hook`, nth, heard };
}

const add = (url: string, headers = {}) =>
  call(cloud, "POST", "/v1/webhooks", { token, body: { url }, headers });

interface Told {
  readonly message: string;
  readonly state: string;
  readonly answer?: string;
}

/** What was sent to it, once the newest says so, however long that takes. */
async function settled(id: string, answer: string): Promise<readonly Told[]> {
  for (;;) {
    const { body } = await call(cloud, "GET", `/v1/webhooks/${id}/deliveries`, { token });
    if (body.deliveries[0]?.answer === answer) return body.deliveries;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function press(household = home): Promise<string> {
  const id = newEventId(cloud.clock.wall(), systemRandom);
  const event = { v: 1, id, kind: "press", at: "2026-11-01T00:00:00.000Z" } as const;
  await cloud.vault.writer.storeEvents([
    { household: household.household, camera: household.board.id, event },
  ]);
  courier.wake();
  return id;
}

test("a press and an ended clip are told, once each and signed, to the household's own webhook only", async (t) => {
  const [mine, theirs] = [await receiver(t), await receiver(t)];
  const neighbour = await newHousehold(cloud);
  const { id, secret } = (await add(mine.url)).body;
  await call(cloud, "POST", "/v1/webhooks", { token: neighbour.token, body: { url: theirs.url } });
  const event = await press();
  const first = await mine.nth(1);
  t.equal(first.headers["webhook-id"], event);
  const told = new Checker(secret).verify(first.body, first.headers as Record<string, string>);
  t.match(told, { type: "press", data: { camera: home.board.id, event, household: home.household } });
  t.throws(() => new Checker(secret).verify(`${first.body} `, first.headers as Record<string, string>));
  await settled(id, "204");
  const { clip } = await storeClip(cloud, home, new Uint8Array(10));
  courier.wake();
  t.match(JSON.parse((await mine.nth(2)).body), { type: "clip.ended", data: { clip, state: "complete" } });
  await press(neighbour);
  await theirs.nth(1);
  t.equal(mine.heard.length, 2);
  t.equal(
    (await call(cloud, "GET", `/v1/webhooks/${id}/deliveries`, { token: neighbour.token })).status,
    404,
  );
  const listed = await call(cloud, "GET", "/v1/webhooks", { token });
  t.notMatch(listed.text, secret, "shown once");
  t.equal((await call(cloud, "DELETE", `/v1/webhooks/${id}`, { token })).status, 204);
});

test("what fails is tried again later with the same id, and can be replayed; a redirection is a failure", async (t) => {
  const hook = await receiver(t, 500, 302);
  const { id } = (await add(hook.url)).body;
  const event = await press();
  await hook.nth(1);
  t.match(await settled(id, "500"), [{ message: event, state: "waiting", tries: 1 }]);
  cloud.clock.forward(6_000);
  courier.wake();
  t.equal((await hook.nth(2)).headers["webhook-id"], event);
  await settled(id, "302");
  cloud.clock.forward(6 * 60_000);
  courier.wake();
  await hook.nth(3);
  const body = { since: new Date(cloud.clock.wall() - 3_600_000).toISOString() };
  t.match(await settled(id, "204"), [{ state: "delivered", tries: 3 }]);
  const replay = await call(cloud, "POST", `/v1/webhooks/${id}/replay`, { token, body });
  t.same(replay.body, { messages: 1 });
  courier.wake();
  t.equal((await hook.nth(4)).headers["webhook-id"], event);
  await call(cloud, "DELETE", `/v1/webhooks/${id}`, { token });
});

test("a receiver that says 410 is left alone; what waited for a removed one goes with it", async (t) => {
  const hook = await receiver(t, 410);
  const { id } = (await add(hook.url)).body;
  t.equal((await call(cloud, "POST", `/v1/webhooks/${id}/test`, { token })).status, 202);
  courier.wake();
  await hook.nth(1);
  t.match(await settled(id, "410"), [{ kind: "test", state: "given-up" }]);
  t.match((await call(cloud, "GET", "/v1/webhooks", { token })).body, { webhooks: [{ id, ended: true }] });
  await press();
  t.equal((await settled(id, "410")).length, 1);
  await call(cloud, "DELETE", `/v1/webhooks/${id}`, { token });
  t.same(
    await cloud.db.selectFrom("webhook_delivery").select("message").where("webhook", "=", id).execute(),
    [],
  );
});

test("a creation with a key is made once and answered alike; with another body, or while it is under way, refused", async (t) => {
  const headers = { "idempotency-key": "the-first" };
  const both = await Promise.all([
    add("http://127.0.0.1:9/a", headers),
    add("http://127.0.0.1:9/a", headers),
  ]);
  const made = both.find(({ status }) => status === 201);
  const again = await add("http://127.0.0.1:9/a", headers);
  t.same(again.body, made?.body);
  t.equal(again.headers["idempotency-replayed"], "true");
  t.equal((await add("http://127.0.0.1:9/b", headers)).body.type, problem("key-used-otherwise"));
  const count = async () => (await call(cloud, "GET", "/v1/webhooks", { token })).body.webhooks.length;
  t.equal(await count(), 1);
  for (let i = 1; i < 8; i++) await add(`http://127.0.0.1:9/${i}`);
  t.equal(
    (await add("http://127.0.0.1:9/9", { "idempotency-key": "x" })).body.type,
    problem("too-many-webhooks"),
  );
  t.equal(await count(), 8);
  cloud.clock.forward(25 * 3_600_000);
});

test("what a creation makes and its answer come in one transaction: a cloud that died before it did nothing, after it everything", async (t) => {
  const secret = "of this cloud";
  const repeats = createRepeats(cloud.db, { clock: cloud.clock, secret });
  const name = { household: home.household, member: home.owner.member.id, key: "slow" };
  const asked = hashOfText("a request");
  t.same(await repeats.begin(name, asked), { kind: "fresh" });
  t.same(await repeats.begin(name, asked), { kind: "under-way" });
  t.same(await repeats.begin(name, hashOfText("another")), { kind: "other" });
  const again = createRepeats(cloud.db, { clock: cloud.clock, secret });
  t.same(await again.begin(name, asked), { kind: "fresh" }, "what was under way ended with its process");
  const tokens = createAccessTokens(cloud.db, { clock: cloud.clock, random: systemRandom });
  const who = { household: home.household, member: home.owner.member.id };
  const wanted = { name: "script", scopes: ["clips:read"], days: 1 } as const;
  const answered = { status: 201, answer: '{"token":"lintel_pat_x"}' };
  const dies = () => {
    throw new Error("power lost");
  };
  await t.rejects(tokens.make(who, wanted, dies));
  t.same(await tokens.list(who), [], "neither of the two");
  await tokens.make(who, wanted, () => [again.answered(name, asked, answered)]);
  const third = createRepeats(cloud.db, { clock: cloud.clock, secret });
  t.same(await third.begin(name, asked), { kind: "done", ...answered }, "both of them");
  t.same(await third.begin(name, hashOfText("another")), { kind: "other" });
  t.equal((await tokens.list(who)).length, 1);
  const rows = JSON.stringify(await cloud.db.selectFrom("repeat").selectAll().execute());
  t.notMatch(rows, /lintel_pat|slow/, "neither the secret nor the key that opens it is stored");
  const other = createRepeats(cloud.db, { clock: cloud.clock, secret: "of another" });
  t.same(await other.begin(name, asked), { kind: "fresh" });
});

test("a token made twice with one key is one token with one secret; without a key two", async (t) => {
  const body = { name: "script", scopes: ["clips:read"], days: 1 };
  const make = (headers = {}) => call(cloud, "POST", "/v1/tokens", { token, body, headers });
  const list = async () => (await call(cloud, "GET", "/v1/tokens", { token })).body.tokens.length;
  const before = await list();
  const first = await make({ "idempotency-key": "a" });
  const second = await make({ "idempotency-key": "a" });
  t.equal(first.status, 201);
  t.equal(second.text, first.text);
  t.equal(second.headers["idempotency-replayed"], "true");
  t.equal((await call(cloud, "GET", "/v1/clips", { token: second.body.token })).status, 200);
  t.equal(await list(), before + 1);
  await make();
  t.equal(await list(), before + 2);
});

test("a list read by pages is the list, whatever comes or goes meanwhile; a cursor from nowhere harms nothing", async (t) => {
  const other = await newHousehold(cloud);
  const ask = (path: string) => call(cloud, "GET", path, { token: other.token });
  const make = (name: string) => {
    const body = { name, scopes: ["clips:read"], days: 1 };
    return call(cloud, "POST", "/v1/tokens", { token: other.token, body });
  };
  for (const name of ["a", "b", "c", "d"]) {
    await make(name);
    cloud.clock.forward(1_000);
  }
  const first = (await ask("/v1/tokens?limit=2")).body;
  t.match(first.tokens, [{ name: "d" }, { name: "c" }]);
  const [, seen] = first.tokens;
  await call(cloud, "DELETE", `/v1/tokens/${seen.id}`, { token: other.token });
  await make("e");
  const second = (await ask(`/v1/tokens?limit=2&cursor=${first.next}`)).body;
  t.match(second.tokens, [{ name: "b" }, { name: "a" }], "its last one is gone, and it goes on behind it");
  t.notOk("next" in second);
  t.equal((await ask("/v1/tokens")).body.tokens.length, 4, "whole where no limit is asked for");
  t.equal((await ask("/v1/tokens?cursor=AAAA")).status, 200);
  t.equal((await ask("/v1/tokens?cursor=%20")).status, 400);
  t.equal((await ask("/v1/tokens?limit=201")).status, 400);
  const lists = ["cameras", "sessions", "passkeys", "shares", "webhooks", `cameras/${other.board.id}/keys`];
  for (const list of lists) t.equal((await ask(`/v1/${list}?limit=1`)).status, 200, list);
});

test("webhooks are the owners' business", async (t) => {
  const adult = await newPerson("adult", "Bo");
  const family = await newHousehold(cloud, [adult]);
  const asAdult = await tokenOf(cloud, adult, family.household);
  t.equal((await call(cloud, "GET", "/v1/webhooks", { token: asAdult })).body.type, problem("owners-only"));
});

test("no name and no writing of an address leads a webhook into a private network", async (t) => {
  const strict = await openTestCloud({ webhookReach: "public" });
  t.teardown(strict.close);
  const there = await newHousehold(strict);
  const refused = async (url: string) =>
    (await call(strict, "POST", "/v1/webhooks", { token: there.token, body: { url } })).body.type;
  const inside = [
    ...["127.0.0.1", "2130706433", "0x7f.1", "10.0.0.1", "172.16.9.9", "192.168.1.1", "169.254.169.254"],
    ...["100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "[::1]", "[::]", "[fe80::1]", "[fd00::1]"],
    ...["[::ffff:10.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::a00:1]", "[2002:a00:1::]", "localhost"],
  ];
  for (const host of inside) t.equal(await refused(`https://${host}/x`), problem("webhook-not-public"), host);
  for (const url of [
    "http://example.org/",
    "ftp://example.org/",
    "https://me:secret@example.org/",
    "no address",
  ])
    t.equal(await refused(url), problem("webhook-not-https"), url);
  const answers =
    (...found: readonly string[]) =>
    async () =>
      found.map((address) => ({ address }));
  const url = new URL("https://door.example/");
  const mixed = await pin(url, "public", answers("93.184.216.34", "10.0.0.1"));
  t.same(mixed, { ok: false, error: { kind: "webhook-not-public" } }, "one private address is enough");
  t.same(await pin(url, "public", answers()), { ok: false, error: { kind: "webhook-no-address" } });
  t.match(await pin(url, "public", answers("2606:4700::1")), { ok: true, value: { family: 6 } });
  t.ok(isPublic("93.184.216.34"));
  t.notOk(isPublic("nonsense"));
});

test("pauses grow to a day and then end, after some three days in all", (t) => {
  const pauses = Array.from({ length: 10 }, (_, tries) => pauseMillisAfter(tries + 1, 0.5));
  t.same(pauses.slice(0, 3), [5_000, 300_000, 1_800_000]);
  t.equal(pauses[9], undefined);
  const hours = pauses.reduce<number>((sum, pause) => sum + (pause ?? 0), 0) / 3_600_000;
  t.ok(hours > 70 && hours < 80, `${hours} h`);
  t.ok((pauseMillisAfter(2, 0) ?? 0) < 300_000 && (pauseMillisAfter(2, 1) ?? 0) > 300_000);
  t.end();
});
