import { connect } from "node:net";
import { t as tap, test } from "tap";
import { noBrowser, startBrowser } from "./browser.contract.js";
import { bytesOf, call, getter } from "./testcalls.js";
import { metricsToken, openTestCloud } from "./testing.js";

const cloud = await openTestCloud();
tap.teardown(cloud.close);
const origin = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
const get = getter(origin, "");

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

const contract = [
  "delete /agency/v1/passkeys/{passkey}",
  "delete /agency/v1/passphrase",
  "delete /agency/v1/session",
  "delete /agency/v1/sessions",
  "delete /operator/v1/passkeys/{passkey}",
  "delete /operator/v1/passphrase",
  "delete /operator/v1/session",
  "delete /operator/v1/sessions",
  "delete /v1/clips/{clip}",
  "delete /v1/clips/{clip}/keep",
  "delete /v1/household",
  "delete /v1/household/proposal",
  "delete /v1/invitations/{invitation}",
  "delete /v1/passkeys/{passkey}",
  "delete /v1/passphrase",
  "delete /v1/recovery",
  "delete /v1/sessions",
  "delete /v1/sessions/{session}",
  "delete /v1/shares/{share}",
  "delete /v1/tokens/{token}",
  "delete /v1/webhooks/{webhook}",
  "get /agency/v1/emergencies",
  "get /agency/v1/me",
  "get /agency/v1/passkeys",
  "get /agency/v1/passphrase",
  "get /agency/v1/preservations",
  "get /agency/v1/processes",
  "get /agency/v1/processes/{process}/production",
  "get /agency/v1/releases",
  "get /agency/v1/releases/{release}/evidence",
  "get /agency/v1/releases/{release}/pieces/{piece}",
  "get /agency/v1/requests",
  "get /ca.pem",
  "get /healthz",
  "get /metrics",
  "get /operator/v1/accesses",
  "get /operator/v1/accesses/{access}/metadata/{kind}",
  "get /operator/v1/agencies",
  "get /operator/v1/emergencies",
  "get /operator/v1/me",
  "get /operator/v1/passkeys",
  "get /operator/v1/passphrase",
  "get /operator/v1/preservations",
  "get /operator/v1/pressures",
  "get /operator/v1/pressures/{pressure}/text",
  "get /operator/v1/processes",
  "get /operator/v1/queue",
  "get /operator/v1/releases",
  "get /operator/v1/requests",
  "get /public/v1/agencies",
  "get /public/v1/agencies.jsonl",
  "get /public/v1/agencies/{agency}",
  "get /public/v1/feed",
  "get /public/v1/feed.atom",
  "get /public/v1/feed.json",
  "get /public/v1/overdue",
  "get /public/v1/report",
  "get /public/v1/requests",
  "get /public/v1/requests.csv",
  "get /public/v1/requests.jsonl",
  "get /public/v1/requests/{request}",
  "get /public/v1/statistics",
  "get /readyz",
  "get /s/{share}/pieces/{piece}",
  "get /tlog/checkpoint",
  "get /tlog/entries",
  "get /tlog/policy",
  "get /tlog/proof/{index}",
  "get /tlog/tile/{*}",
  "get /v1/audit",
  "get /v1/board",
  "get /v1/cameras",
  "get /v1/cameras/{camera}",
  "get /v1/cameras/{camera}/keys",
  "get /v1/cameras/{camera}/renewal",
  "get /v1/claims/{claimId}",
  "get /v1/claims/{claimId}/enrolment",
  "get /v1/clips",
  "get /v1/clips/{clip}",
  "get /v1/clips/{clip}/evidence",
  "get /v1/clips/{clip}/segments/{index}",
  "get /v1/clips/{clip}/thumbnail",
  "get /v1/events",
  "get /v1/household",
  "get /v1/household/accesses",
  "get /v1/household/contacts-state",
  "get /v1/household/emergencies",
  "get /v1/household/notices",
  "get /v1/household/pressures",
  "get /v1/household/proposal",
  "get /v1/household/retention",
  "get /v1/household/state",
  "get /v1/household/words",
  "get /v1/invitations",
  "get /v1/members",
  "get /v1/passkeys",
  "get /v1/passphrase",
  "get /v1/recovery",
  "get /v1/recovery/{recovery}",
  "get /v1/releases",
  "get /v1/releases/{release}",
  "get /v1/sessions",
  "get /v1/shares",
  "get /v1/stream",
  "get /v1/tokens",
  "get /v1/webhooks",
  "get /v1/webhooks/{webhook}/deliveries",
  "post /agency/v1/agreements",
  "post /agency/v1/attestation",
  "post /agency/v1/emergencies",
  "post /agency/v1/emergencies/{emergency}/cosignature",
  "post /agency/v1/emergencies/{emergency}/paper",
  "post /agency/v1/login",
  "post /agency/v1/login/challenge",
  "post /agency/v1/login/passkey",
  "post /agency/v1/login/passkey-link",
  "post /agency/v1/login/passkey-link/challenge",
  "post /agency/v1/login/passkey/challenge",
  "post /agency/v1/login/passphrase",
  "post /agency/v1/lost-key",
  "post /agency/v1/passkeys/links",
  "post /agency/v1/passphrase",
  "post /agency/v1/preservations",
  "post /agency/v1/preservations/{order}/renewal",
  "post /agency/v1/processes",
  "post /agency/v1/processes/{process}/withdrawal",
  "post /agency/v1/releases/{release}/word",
  "post /agency/v1/requests",
  "post /agency/v1/requests/{request}/errata",
  "post /agency/v1/requests/{request}/resolve",
  "post /agency/v1/requests/{request}/withdraw",
  "post /agency/v1/session/browser",
  "post /agency/v1/session/refresh",
  "post /operator/v1/accesses",
  "post /operator/v1/accesses/{access}/answer",
  "post /operator/v1/accesses/{access}/end",
  "post /operator/v1/accesses/{access}/review",
  "post /operator/v1/agencies/{agency}/reject",
  "post /operator/v1/agencies/{agency}/sentence",
  "post /operator/v1/agencies/{agency}/vet",
  "post /operator/v1/emergencies/{emergency}/answer",
  "post /operator/v1/emergencies/{emergency}/callback",
  "post /operator/v1/emergencies/{emergency}/finding",
  "post /operator/v1/login",
  "post /operator/v1/login/challenge",
  "post /operator/v1/login/passkey",
  "post /operator/v1/login/passkey-link",
  "post /operator/v1/login/passkey-link/challenge",
  "post /operator/v1/login/passkey/challenge",
  "post /operator/v1/login/passphrase",
  "post /operator/v1/passkeys/links",
  "post /operator/v1/passphrase",
  "post /operator/v1/preservations/{order}/callback",
  "post /operator/v1/pressures/{pressure}/finding",
  "post /operator/v1/processes/{process}/answer",
  "post /operator/v1/processes/{process}/callback",
  "post /operator/v1/processes/{process}/proposal",
  "post /operator/v1/releases/{release}/review",
  "post /operator/v1/requests/{request}/approve",
  "post /operator/v1/requests/{request}/reject",
  "post /operator/v1/session/browser",
  "post /operator/v1/session/refresh",
  "post /s/{share}/looks",
  "post /v1/claims",
  "post /v1/claims/{claimId}/answer",
  "post /v1/household/pressures",
  "post /v1/households",
  "post /v1/invitations",
  "post /v1/invitations/{invitation}/answer",
  "post /v1/login",
  "post /v1/login/challenge",
  "post /v1/login/passkey",
  "post /v1/login/passkey-link",
  "post /v1/login/passkey-link/challenge",
  "post /v1/login/passkey/challenge",
  "post /v1/login/passphrase",
  "post /v1/passkeys/links",
  "post /v1/passphrase",
  "post /v1/releases",
  "post /v1/releases/{release}/escrow",
  "post /v1/releases/{release}/withdraw",
  "post /v1/renewals",
  "post /v1/session/browser",
  "post /v1/session/refresh",
  "post /v1/shares",
  "post /v1/tokens",
  "post /v1/webhooks",
  "post /v1/webhooks/{webhook}/replay",
  "post /v1/webhooks/{webhook}/test",
  "put /agency/v1/agreement",
  "put /v1/cameras/{camera}/mode",
  "put /v1/cameras/{camera}/renewal",
  "put /v1/clips/{clip}/keep",
  "put /v1/household/charter",
  "put /v1/household/contacts-state",
  "put /v1/household/proposal",
  "put /v1/household/retention",
  "put /v1/household/state",
  "put /v1/household/word",
  "put /v1/recovery",
  "put /v1/releases/{release}/pieces/{piece}",
  "put /v1/shares/{share}/pieces/{piece}",
];

test("who is slower than the cloud waits is cut off: silent, header by header, or with half a body", async (t) => {
  const patience = { headersMillis: 300, requestMillis: 600, checkMillis: 50 };
  const hasty = await openTestCloud({ patience });
  t.teardown(hasty.close);
  const { port } = new URL(await hasty.app.listen({ host: "127.0.0.1", port: 0 }));
  const login =
    "POST /v1/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n";
  const slow = async (said: string, drip = ""): Promise<string> => {
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => undefined).write(said);
    const dripping = setInterval(() => socket.writable && socket.write(drip), 100);
    const heard = (await bytesOf(socket)).toString();
    clearInterval(dripping);
    return heard;
  };
  const cut = await Promise.all([slow(""), slow("GET / HTTP/1.1\r\n", "x: y\r\n"), slow(`${login}{`, " ")]);
  for (const heard of cut) t.match(heard, /^HTTP\/1\.1 408 [\s\S]*urn:lintel:problem:too-slow/);
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

/** Created without an Idempotency-Key, and why. */
const createdWithoutKey: Readonly<Record<string, string>> = {
  "post /v1/passkeys/links": "its secret is kept nowhere; it replaces the one before",
  "post /v1/passphrase": "its secret is kept nowhere; it replaces the one before",
  "post /agency/v1/passkeys/links": "its secret is kept nowhere; it replaces the one before",
  "post /agency/v1/passphrase": "its secret is kept nowhere; it replaces the one before",
  "post /operator/v1/passkeys/links": "its secret is kept nowhere; it replaces the one before",
  "post /operator/v1/passphrase": "its secret is kept nowhere; it replaces the one before",
  "post /v1/households": "the charter's own hash: registered again it is the same household",
  "post /v1/claims/{claimId}/answer": "the claim takes one answer, and the same one again",
  "post /v1/invitations/{invitation}/answer": "the invitation takes one answer, and the same one again",
  "post /v1/renewals": "a signed note: asked again it is the same one",
  "post /v1/login/passkey-link": "the link makes one passkey, once",
  "post /agency/v1/login/passkey-link": "the link makes one passkey, once",
  "post /operator/v1/login/passkey-link": "the link makes one passkey, once",
  "post /v1/releases": "the authorisation's own id: prepared again it is the same release",
  "post /v1/household/pressures": "the report's own id: handed in again it is the same one",
  "post /agency/v1/agreements": "a signed note: handed in again it is the same one",
  "post /agency/v1/requests": "a signed note: submitted again it is the same one",
  "post /agency/v1/emergencies": "a signed note: claimed again it is the same one",
  "post /agency/v1/preservations": "asked for again in the same words while it waits it is the same one",
  "post /agency/v1/processes": "filed again in the same words while it waits it is the same one",
  "post /operator/v1/accesses": "asked for again in the same words while it waits it is the same one",
};
/** Edited without If-Match, and why. */
const editedWithoutTag: Readonly<Record<string, string>> = {
  "put /v1/household/charter": "names the charter before it",
  "put /v1/household/proposal": "names the charter before it",
  "put /v1/cameras/{camera}/mode": "counts up from the order before it",
  "put /v1/cameras/{camera}/renewal": "an owner may think again: the last word counts",
  "put /v1/recovery": "a sealed file in place of the member's own one, whatever that was",
  "put /agency/v1/agreement": "names the agreement before it",
  "put /v1/household/state": "counts up from the version before it",
  "put /v1/household/contacts-state": "counts up from the version before it",
  "put /v1/household/word": "an owner's own word, never older than the one before it",
  "put /v1/releases/{release}/pieces/{piece}": "pieces of a file that nobody edits",
  "put /v1/shares/{share}/pieces/{piece}": "pieces of a file that nobody edits",
};

/** Lists that are answered whole, and why. */
const listedWhole: Readonly<Record<string, string>> = {
  "get /operator/v1/queue": "what waits has a bound",
  "get /v1/household/words": "one of each owner, and of these there are few",
  "get /v1/board": "one key of each operator, and of these there are few",
  "get /v1/clips/{clip}/evidence": "the segments of one clip, which have a bound",
};

test("what creates takes an Idempotency-Key, what lists comes by pages, what edits takes an If-Match, or stands here with its reason", async (t) => {
  const { body: document } = await call(cloud, "GET", "/openapi.json");
  type Answer = { properties?: Record<string, { type?: string }> };
  type Responses = Record<string, { content?: { "application/json"?: { schema: Answer } } }>;
  type Operation = { parameters?: readonly { name: string }[]; responses: Responses };
  const operations = Object.entries<Record<string, Operation>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], responses }]) => ({
      route: `${method} ${path}`,
      takes: (name: string) => parameters.some((one) => one.name === name),
      answers: method === "get" ? responses[200]?.content?.["application/json"]?.schema : undefined,
      creates: method === "post" && ("201" in responses || "202" in responses),
    })),
  );
  const without = (name: string, asked: readonly (typeof operations)[number][]) =>
    asked.flatMap(({ route, takes }) => (takes(name) ? [] : [route])).sort();
  const creating = operations.filter(({ creates }) => creates);
  t.same(without("idempotency-key", creating), Object.keys(createdWithoutKey).sort());
  const editing = operations.filter(({ route }) => route.startsWith("put "));
  t.same(without("if-match", editing), Object.keys(editedWithoutTag).sort());
  const lists = operations.filter(({ answers }) => {
    const properties = Object.entries(answers?.properties ?? {}).filter(([name]) => name !== "next");
    return properties.length === 1 && properties[0]?.[1].type === "array";
  });
  const paged = lists.filter(({ route }) => !(route in listedWhole));
  t.equal(paged.length, lists.length - Object.keys(listedWhole).length, "each exception is a list");
  t.ok(lists.length > 30);
  t.same([...without("limit", paged), ...without("cursor", paged)], [], "every list comes by pages");
  for (const { route, answers } of paged) t.ok("next" in (answers?.properties ?? {}), route);
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

test("the page at /docs loads and a request tried from it works", {
  skip: noBrowser,
}, async (t) => {
  const started = await startBrowser();
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
