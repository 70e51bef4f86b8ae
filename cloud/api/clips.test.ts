import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { chromium } from "playwright-core";
import { t as tap, test } from "tap";
import { formatDeletion } from "../../shared/clip/custody.js";
import { openSegmentChain } from "../../shared/clip/segment.js";
import { toBase64 } from "../../shared/kernel/bytes.js";
import { open, splitHeader } from "../../shared/seal/age.js";
import { signNote } from "../../shared/seal/note.js";
import { systemClock, systemRandom } from "../system.io.js";
import { createHub } from "./hub.js";
import { tokenSeconds } from "./plugins/session.js";
import { parseRange } from "./range.js";
import {
  call,
  metricsToken,
  newHousehold,
  newPerson,
  nextCharter,
  openTestCloud,
  sign,
  storeClip,
} from "./testing.js";

const cloud = await openTestCloud();
tap.teardown(cloud.close);
const origin = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
const home = await newHousehold(cloud);
const authorization = `Bearer ${home.token}`;
const plain = systemRandom.bytes(200_000);
const { clip, sealed } = await storeClip(cloud, home, plain);
const path = `/v1/clips/${clip}/segments/0`;

/** Over a real socket, which is where ranges and streams live. */
function get(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(origin + path, { method, headers: { authorization, ...headers } }, resolve);
    sent.on("error", reject);
    sent.end();
  });
}
async function bytesOf(answer: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece);
  return Buffer.concat(pieces);
}

test("a segment comes as the age file that the camera sealed, and opens with the camera's identity only", async (t) => {
  const answer = await get(path);
  const body = await bytesOf(answer);
  t.equal(answer.statusCode, 200);
  t.equal(answer.headers["content-type"], "application/octet-stream");
  t.equal(answer.headers["content-length"], `${sealed.length}`);
  t.ok(body.equals(sealed));
  const detail = (await call(cloud, "GET", `/v1/clips/${clip}`, { token: home.token })).body;
  t.equal(answer.headers.etag, `"${detail.segments[0].sha256}"`);
  t.equal(answer.headers["repr-digest"], `sha-256=:${detail.segments[0].sha256}:`);
  const camera = { name: home.board.note.name, publicKey: home.board.line.noteKey };
  t.ok(
    openSegmentChain(
      detail.segments.map(({ note }: { note: string }) => note),
      camera,
    ).ok,
  );
  const mine = await open(new Uint8Array(body), [home.board.identity]);
  t.ok(mine.ok && Buffer.from(mine.value).equals(plain));
  t.notOk((await open(new Uint8Array(body), [home.owner.identity])).ok);
});

test("a range is exactly those bytes, over header and body alike", async (t) => {
  const n = sealed.length;
  const ranges = [
    ["bytes=0-0", 0, 1],
    ["bytes=100-299", 100, 300],
    ["bytes=65000-", 65_000, n],
    ["bytes=-7", n - 7, n],
    [`bytes=0-${n * 2}`, 0, n],
    [`bytes=${n - 1}-`, n - 1, n],
  ] as const;
  for (const [range, start, end] of ranges) {
    const answer = await get(path, { range });
    const body = await bytesOf(answer);
    t.equal(answer.statusCode, 206, range);
    t.equal(answer.headers["content-range"], `bytes ${start}-${end - 1}/${n}`);
    t.equal(answer.headers["content-length"], `${end - start}`);
    t.ok(body.equals(sealed.subarray(start, end)), range);
  }
});

test("a range behind the end is 416 with the length; other units and several ranges give the whole", async (t) => {
  const behind = await get(path, { range: `bytes=${sealed.length}-` });
  t.equal(behind.statusCode, 416);
  t.equal(behind.headers["content-range"], `bytes */${sealed.length}`);
  t.match(String(behind.headers["content-type"]), /problem\+json/);
  behind.resume();
  for (const range of ["lines=0-1", "bytes=0-1,5-6", "bytes=5-1", "bytes=a-b"]) {
    const answer = await get(path, { range });
    t.equal(answer.statusCode, 200, range);
    t.equal((await bytesOf(answer)).length, sealed.length);
  }
});

test("what the client has is not sent again, and a range of something else is not sent at all", async (t) => {
  const { headers } = await get(path, {}, "HEAD");
  const etag = String(headers.etag);
  t.equal((await get(path, { "if-none-match": `"x", ${etag}` })).statusCode, 304);
  const changed = await get(path, { range: "bytes=0-1", "if-range": '"x"' });
  t.equal(changed.statusCode, 200);
  changed.resume();
  const same = await get(path, { range: "bytes=0-1", "if-range": etag });
  t.equal(same.statusCode, 206);
  same.resume();
});

test("ranges by the rules of RFC 9110 §14", (t) => {
  t.same(parseRange(undefined, 10), "whole");
  t.same(parseRange("bytes=-", 10), "whole");
  t.same(parseRange("bytes=-0", 10), "unsatisfiable");
  t.same(parseRange("bytes=-99", 10), { start: 0, end: 10 });
  t.same(parseRange("bytes=007-8", 10), { start: 7, end: 9 });
  t.same(parseRange("bytes=0-", 0), "unsatisfiable");
  t.same(parseRange("bytes=99999999999999999999-", 10), "whole");
  t.end();
});

test("clips come newest first, page by page, and within times", async (t) => {
  const busy = await newHousehold(cloud);
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.unshift((await storeClip(cloud, busy, new Uint8Array(1))).clip);
  const list = async (query: string) =>
    (await call(cloud, "GET", `/v1/clips?${query}`, { token: busy.token })).body;
  ids.sort().reverse();
  const seen: string[] = [];
  let page = await list("limit=2");
  for (;;) {
    seen.push(...page.clips.map(({ id }: { id: string }) => id));
    if (page.next === undefined) break;
    page = await list(`limit=2&cursor=${page.next}`);
  }
  t.same(seen, ids);
  t.same((await list("to=2020-01-01T00:00:00.000Z")).clips, []);
  t.equal((await list("from=2020-01-01T00:00:00.000Z")).clips.length, 5);
  t.equal((await call(cloud, "GET", "/v1/clips?limit=0", { token: busy.token })).status, 400);
  const nonsense = await call(cloud, "GET", "/v1/clips?from=2020-02-31T99:00:00.000Z", { token: busy.token });
  t.equal(nonsense.status, 400);
});

test("a deleted clip is gone before the answer, stays gone, and the camera is told by the member's note", async (t) => {
  const { clip } = await storeClip(cloud, home, new Uint8Array(10));
  const deletion = (of: string) => {
    const at = systemClock.wall();
    const text = formatDeletion({
      household: home.household,
      camera: home.board.id,
      clip: of as typeof clip,
      at,
    });
    return signNote(text, [home.owner.note]);
  };
  const remove = (note?: string) =>
    call(cloud, "DELETE", `/v1/clips/${clip}`, {
      token: home.token,
      ...(note === undefined ? {} : { body: { note } }),
    });
  t.equal(
    (await remove(deletion("01999999-9999-7999-8999-999999999999"))).body.type,
    "urn:lintel:problem:other-clip",
  );
  const stranger = await newPerson("owner", "Mallory");
  const forged = signNote(`${deletion(clip).split("\n\n")[0]}\n`, [stranger.note]);
  t.equal((await remove(forged)).body.type, "urn:lintel:problem:no-known-signer");
  t.equal((await call(cloud, "GET", `/v1/clips/${clip}`, { token: home.token })).status, 200);
  const note = deletion(clip);
  t.equal((await remove(note)).status, 204);
  t.same(cloud.deletions, [note]);
  t.equal((await call(cloud, "GET", `/v1/clips/${clip}`, { token: home.token })).status, 404);
  t.equal((await call(cloud, "GET", `/v1/clips/${clip}/segments/0`, { token: home.token })).status, 404);
  t.equal((await remove(note)).status, 404);
});

test("a clip is deleted without a note, too", async (t) => {
  const { clip } = await storeClip(cloud, home, new Uint8Array(10));
  t.equal((await call(cloud, "DELETE", `/v1/clips/${clip}`, { token: home.token })).status, 204);
});

test("nothing in the cloud's directory opens a clip: no identity, no member's secret, no age header, no footage", async (t) => {
  const files = (await readdir(cloud.directory, { recursive: true, withFileTypes: true })).filter((file) =>
    file.isFile(),
  );
  t.ok(files.length >= 8, "database, write-ahead log, vault, keys");
  const all = Buffer.concat(
    await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name)))),
  );
  const { board, owner } = home;
  const split = splitHeader(sealed);
  t.ok(split.ok);
  const stanza = split.ok ? Buffer.from(split.value.header).toString().split("\n")[2] : "";
  const secrets: readonly (readonly [string, string | Uint8Array])[] = [
    ["camera identity", board.identity],
    ["member's identity", owner.identity],
    ["any age identity", "AGE-SECRET-KEY-"],
    ["camera's note key", board.note.secretKey],
    ["member's note key", owner.note.secretKey],
    ["member's note key, base64", toBase64(owner.note.secretKey)],
    ["member's login key", owner.login.secretKey],
    ["the wrapped file key", stanza ?? ""],
    ["footage", plain.subarray(0, 64)],
  ];
  for (const [what, secret] of secrets) {
    t.ok(secret.length > 8);
    t.notOk(all.includes(typeof secret === "string" ? secret : Buffer.from(secret)), what);
  }
  t.ok(
    all.includes(Buffer.from(sealed.subarray(-64))),
    "the search does find what is there: the sealed body",
  );
});

const event = (number: number) => ({
  household: home.household,
  camera: home.board.id,
  kind: "clip.started" as const,
  data: { number },
});

/** Reads a stream until it has this many events, or ends. */
async function events(answer: IncomingMessage, count: number): Promise<string[]> {
  let text = "";
  answer.setEncoding("utf8");
  for await (const piece of answer) {
    text += piece;
    if ((text.match(/^event: /gm) ?? []).length >= count) break;
  }
  return text.split("\n\n").filter((block) => block.includes("event: "));
}
async function stream(headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const answer = await get("/v1/stream", headers);
  return answer;
}

test("a stream hears its own household, in order, and goes on behind Last-Event-ID", async (t) => {
  const neighbour = await newHousehold(cloud);
  const first = await stream();
  t.equal(first.headers["content-type"], "text/event-stream; charset=utf-8");
  cloud.hub.publish({ ...event(0), household: neighbour.household, camera: neighbour.board.id });
  for (const number of [1, 2, 3]) cloud.hub.publish(event(number));
  const heard = await events(first, 3);
  const numbers = (blocks: string[]) =>
    blocks.map((block) => JSON.parse(block.split("data: ")[1] ?? "").number);
  t.same(numbers(heard), [1, 2, 3]);
  t.match(
    heard[0] ?? "",
    new RegExp(`^id: test-\\d+\nevent: clip.started\ndata: \\{"camera":"${home.board.id}"`, "m"),
  );
  const id = /^id: (.+)$/m.exec(heard[0] ?? "")?.[1] ?? "";
  t.same(numbers(await events(await stream({ "last-event-id": id }), 2)), [2, 3]);
});

test("a stream whose last event is kept no more, or is of another start of the cloud, hears `missed` first", async (t) => {
  for (const id of ["test-0", "other-5", "nonsense"]) {
    for (let number = 0; number < 9; number++) cloud.hub.publish(event(number));
    const [first] = await events(await stream({ "last-event-id": id }), 1);
    t.match(first ?? "", /event: missed\ndata: \{\}/, id);
  }
});

test("the buffer of events is bounded, and a subscription ends", (t) => {
  const hub = createHub("x", 3);
  const got: string[] = [];
  const { stop } = hub.subscribe(home.household, undefined, ({ id }) => got.push(id));
  for (let number = 0; number < 5; number++) hub.publish(event(number));
  stop();
  hub.publish(event(9));
  t.same(got, ["x-1", "x-2", "x-3", "x-4", "x-5"]);
  const late = hub.subscribe(home.household, "x-4", () => undefined);
  t.same([late.incomplete, late.backlog.map(({ id }) => id)], [false, ["x-5", "x-6"]]);
  t.equal(hub.subscribe(home.household, "x-2", () => undefined).incomplete, true);
  t.end();
});

test("a member who is removed hears no more, and a closing cloud ends its streams", async (t) => {
  const guest = await newPerson("guest", "Bo");
  const other = await openTestCloud();
  const away = await newHousehold(other, [guest]);
  const address = await other.app.listen({ host: "127.0.0.1", port: 0 });
  const token = other.app.jwt.sign({ household: away.household, member: guest.member.id, role: "guest" });
  const follow = (bearer: string) =>
    new Promise<IncomingMessage>((resolve) => {
      request(`${address}/v1/stream`, { headers: { authorization: `Bearer ${bearer}` } }, resolve).end();
    });
  const [theirs, owners] = [await follow(token), await follow(away.token)];
  const ended = events(theirs, 1);
  const without = sign(nextCharter(away.charter, { members: [away.owner.member] }), [away.owner]);
  await call(other, "PUT", "/v1/household/charter", { token: away.token, body: { charter: without } });
  t.same(await ended, [], "ended by the cloud without an event");
  const closing = events(owners, 1);
  await other.close();
  t.same(await closing, []);
});

const contract = [
  "delete /v1/clips/{clip}",
  "get /ca.pem",
  "get /healthz",
  "get /metrics",
  "get /readyz",
  "get /v1/cameras",
  "get /v1/cameras/{camera}",
  "get /v1/cameras/{camera}/keys",
  "get /v1/claims/{claimId}",
  "get /v1/claims/{claimId}/enrolment",
  "get /v1/clips",
  "get /v1/clips/{clip}",
  "get /v1/clips/{clip}/segments/{index}",
  "get /v1/events",
  "get /v1/household",
  "get /v1/stream",
  "post /v1/claims",
  "post /v1/claims/{claimId}/answer",
  "post /v1/households",
  "post /v1/login",
  "post /v1/login/challenge",
  "put /v1/household/charter",
];

test("a stream ends with its token, and a household has 32 at most", async (t) => {
  const crowd = await newHousehold(cloud);
  const claims = { household: crowd.household, member: crowd.owner.member.id, role: "owner" as const };
  const iat = Math.floor(Date.now() / 1_000) - tokenSeconds + 2;
  const dying = cloud.app.jwt.sign({ ...claims, iat } as typeof claims);
  const opened: IncomingMessage[] = [];
  for (let i = 0; i < 32; i++) opened.push(await get("/v1/stream", { authorization: `Bearer ${dying}` }));
  t.ok(opened.every(({ statusCode }) => statusCode === 200));
  const one = await get("/v1/stream", { authorization: `Bearer ${crowd.token}` });
  t.equal(one.statusCode, 429);
  one.resume();
  for (const stream of opened) t.same(await events(stream, 1), []);
});

/** Bytes over a bare connection, and all that comes back. */
async function sendRaw(bytes: string): Promise<string> {
  const socket = connect(Number(new URL(origin).port), "127.0.0.1");
  socket.end(bytes);
  return (await bytesOf(socket)).toString();
}

test("an address that is none, one far too long, and bytes that are no HTTP get problems, too", async (t) => {
  const from = (answer: string) =>
    JSON.parse(answer.split("\r\n\r\n")[1] ?? "")
      .type.split(":")
      .at(-1);
  const ask = (path: string) => sendRaw(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
  t.equal(from(await ask("/v1/clips/%zz")), "malformed-request");
  t.equal(from(await ask(`/v1/clips/${"a".repeat(300)}`)), "not-there");
  t.equal(from(await sendRaw("what is this\r\n\r\n")), "malformed-request");
  t.equal((await ask("/healthz")).split("\r\n")[0], "HTTP/1.1 200 OK");
});

test("the OpenAPI document names every route, with problems and tokens where they belong", async (t) => {
  const { body: document } = await call(cloud, "GET", "/openapi.json");
  t.equal(document.openapi, "3.1.0");
  const operations = Object.values<Record<string, { operationId: string; responses: object }>>(
    document.paths,
  ).flatMap((methods) => Object.values(methods));
  const ids = operations.map(({ operationId }) => operationId);
  t.equal(new Set(ids).size, ids.length);
  t.ok(ids.every((id) => id !== undefined));
  t.ok(operations.every(({ responses }) => "default" in responses));
  const routes = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  t.same(routes.sort(), [...contract].sort());
  t.notMatch(JSON.stringify(document), /decline|"seen"|latitude|longitude|"near/i, "what must never exist");
  t.notMatch(JSON.stringify(document), /\$ref/, "nothing that leads nowhere");
});

test("the AsyncAPI document describes every topic, and its references lead somewhere", async (t) => {
  const { body: document } = await call(cloud, "GET", "/asyncapi.json");
  t.equal(document.asyncapi, "3.0.0");
  t.same(Object.keys(document.channels).sort(), Object.keys(document.operations).sort());
  t.equal(document.channels.chunk.address, "lt1/{camera}/up/c/{node}/{clip}/{segment}/{offset}");
  const resolve = (ref: string) =>
    ref
      .slice(2)
      .split("/")
      .reduce((at, key) => at?.[key], document);
  for (const [, ref = ""] of JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)) t.ok(resolve(ref), ref);
});

test("metrics are for this machine, or for the operator's token", async (t) => {
  t.match(await bytesOf(await get("/metrics")).then(String), /lintel_http_seconds_count/);
  const ask = async ({ app }: typeof cloud, headers: Record<string, string>, remoteAddress: string) =>
    (await app.inject({ url: "/metrics", remoteAddress, headers })).statusCode;
  t.equal(await ask(cloud, {}, "192.0.2.1"), 404);
  t.equal(await ask(cloud, { authorization: "Bearer wrong" }, "192.0.2.1"), 404);
  t.equal(await ask(cloud, { authorization: `Bearer ${metricsToken}` }, "192.0.2.1"), 200);
  const proxied = await openTestCloud({ trustProxy: true });
  t.teardown(proxied.close);
  t.equal(await ask(proxied, { "x-forwarded-for": "127.0.0.1" }, "127.0.0.1"), 404, "a proxy proves nothing");
});

const browser = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((file) => existsSync(file));
test("the page at /docs loads and a request tried from it works", {
  skip: browser === undefined && "chromium is not installed",
}, async (t) => {
  const started = await chromium.launch({
    executablePath: browser ?? "",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
  t.teardown(() => started.close());
  const page = await started.newPage();
  const failures: string[] = [];
  page.on("pageerror", (error) => failures.push(error.message));
  page.on("requestfailed", (failed) => failures.push(failed.url()));
  await page.goto(`${origin}/docs`);
  const block = page.locator("#operations-operation-getHealth");
  await block.locator("button").first().click();
  await block.getByRole("button", { name: "Execute" }).click();
  await block.locator(".live-responses-table .response-col_status").first().waitFor();
  t.match(await block.locator(".live-responses-table").innerText(), /200[\s\S]*"status": "ok"/);
  t.same(failures, []);
});
