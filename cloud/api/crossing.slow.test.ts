import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import type { InjectOptions } from "fastify";
import { t as tap, test } from "tap";
import { toBase32 } from "../../shared/kernel/bytes.js";
import { newEventId, newReleaseId } from "../../shared/kernel/ids.js";
import { allScopes } from "../household/scopes.js";
import { startCourier } from "../notify/courier.io.js";
import { systemRandom } from "../system.io.js";
import { type Answer, call, getter, tokenOf } from "./testcalls.js";
import { fillClips, newHousehold, openTestCloud, storeClip } from "./testing.js";
import { newClaim, newPerson } from "./testpeople.js";

// Two households of one cloud, 5,000 clips each: whatever the one asks, nothing of the other is in any answer, event or webhook.

const clipsEach = 5_000;
const cloud = await openTestCloud();
const courier = startCourier(cloud.db, { clock: cloud.clock, reach: "any", onFault: tap.error });
tap.teardown(() => courier.close().then(cloud.close));
const origin = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
const document = (await call(cloud, "GET", "/openapi.json")).body;

type House = Awaited<ReturnType<typeof living>>;
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const keyId = /[a-z2-7]{16,}/g;

/** A household with everything that it can have, and who of it asks. */
async function living(receiver: string) {
  const guest = await newPerson("guest", `Bo ${systemRandom.bytes(8).join("")}`);
  const contact = await newPerson("contact", `Cy ${systemRandom.bytes(8).join("")}`);
  const home = await newHousehold(cloud, [guest, contact]);
  const { household, token, charter, owner, board } = home;
  const make = async (url: string, body: object) => (await call(cloud, "POST", url, { token, body })).body;
  const clips = [...(await fillClips(cloud, home, clipsEach))];
  for (let count = 0; count < 10; count += 1)
    clips.unshift((await storeClip(cloud, home, systemRandom.bytes(500))).clip);
  const { claimId } = newClaim(charter);
  const expiresAt = new Date(cloud.clock.wall() + 500_000).toISOString();
  await make("/v1/claims", { claimId, charter: charter.hash, expiresAt });
  const access = await make("/v1/tokens", {
    name: `script of ${household}`,
    scopes: [...allScopes],
    days: 9,
  });
  const webhook = (await make("/v1/webhooks", { url: `${receiver}/${household}` })).id;
  const share = (await make("/v1/shares", { clip: clips[0], pieces: 1 })).id;
  const invitation = toBase32(systemRandom.bytes(10));
  await make("/v1/invitations", { id: invitation, role: "guest" });
  const passkey = systemRandom.bytes(20);
  const credential = Buffer.from(passkey).toString("base64url");
  const times = { made_at: 1, used_at: null, counter: 0, public_key: "none", name: `key of ${household}` };
  await cloud.db
    .insertInto("passkey")
    .values({ id: credential, household, member: owner.member.id, ...times })
    .execute();
  const release = await someRelease(household);
  const sessions = (await call(cloud, "GET", "/v1/sessions", { token })).body.sessions;
  const ids = {
    camera: [board.id],
    clip: clips,
    claimId: [claimId],
    session: sessions.map(({ id }: { id: string }) => id),
    token: [access.id],
    webhook: [webhook],
    passkey: [credential],
    share: [share],
    invitation: [invitation],
    release: [release],
  };
  const callers = [
    ...[token, access.token, await tokenOf(cloud, owner, household)],
    ...[await tokenOf(cloud, guest, household), await tokenOf(cloud, contact, household)],
  ];
  const members = [owner, guest, contact].map(({ member }) => member.id);
  const names = [guest.member.name, contact.member.name, `script of ${household}`, `key of ${household}`];
  return { ...home, ids, callers, members, names };
}

/** A release that lies in escrow, as its row says. */
async function someRelease(household: string): Promise<string> {
  const id = newReleaseId(cloud.clock.wall(), systemRandom);
  const named = {
    household,
    agency: unknown.agency,
    request: unknown.release,
    record: id,
    authorisation: "x",
  };
  const state = { ...named, kind: "escrowed", hash: "", keep: 1, urgent: false, pieces: 1, reviewers: [] };
  await cloud.db
    .insertInto("docket")
    .values({
      ...{ machine: "releases", id, version: 1, kind: "escrowed", household, state: JSON.stringify(state) },
      ...{ settled: 1, began_at: 1, changed_at: 1 },
    })
    .execute();
  return id;
}

/** All that may never be seen elsewhere: ids, names, and what the stored rows hold of hashes and bytes. */
async function marksOf({ household, ids, members, names }: House): Promise<ReadonlySet<string>> {
  const segments = await cloud.db
    .selectFrom("segment")
    .selectAll()
    .where("household", "=", household)
    .execute();
  const bytes = segments.flatMap(({ sha256, note, header }) => [sha256, note, header]);
  const events = await cloud.db.selectFrom("event").select("id").where("household", "=", household).execute();
  return new Set([
    household,
    ...members,
    ...events.map(({ id }) => id),
    ...Object.values(ids).flat(),
    ...names,
    ...bytes,
  ]);
}

/** What of these marks stands in a text. */
function crossed(text: string, marks: ReadonlySet<string>, clips: ReadonlySet<string>): readonly string[] {
  const ids = [...(text.match(uuid) ?? []), ...(text.match(keyId) ?? [])];
  return [...ids.filter((id) => clips.has(id)), ...[...marks].filter((mark) => text.includes(mark))];
}

interface Ask {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { readonly in: string; readonly name: string }[];
}
const guarded: readonly Ask[] = Object.entries<
  Record<string, { parameters?: Ask["parameters"]; security?: readonly object[] }>
>(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods)
    .filter(([, { security }]) => security?.some((needed) => "member" in needed))
    .map(([method, { parameters = [] }]) => ({ method: method.toUpperCase(), path, parameters })),
);
/** The stream stays open; the other ends the session that asks. */
const askable = guarded.filter(
  ({ method, path }) => path !== "/v1/stream" && `${method} ${path}` !== "DELETE /v1/sessions",
);

const unknown: Readonly<Record<string, string>> = {
  clip: "01999999-9999-7999-8999-999999999999",
  webhook: "11111111-1111-4111-8111-111111111111",
  release: "01999999-9999-7999-8999-999999999998",
  agency: "aaaaaaaaaaaaaaaa",
};
const nobodys = (name: string): string => unknown[name] ?? "aaaaaaaaaaaaaaaa";

/** The address with each id by `idOf`; a cursor is the id of a clip. */
function addressOf({ path, parameters }: Ask, idOf: (name: string) => string, optional: number): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) =>
    ["index", "piece"].includes(name) ? "0" : encodeURIComponent(idOf(name)),
  );
  const query = parameters
    .filter(({ in: where, name }) => where === "query" && ["cursor", "camera", "clip"].includes(name))
    .filter((_, at) => (optional >> at) % 2 === 1)
    .map(({ name }) => `${name}=${idOf(name === "cursor" ? "clip" : name)}`);
  return query.length === 0 ? filled : `${filled}?${query.join("&")}`;
}

function bodyFor({ method, path }: Ask, idOf: (name: string) => string): object | undefined {
  const bodies: Readonly<Record<string, object>> = {
    "PUT /v1/household/charter": { charter: { note: idOf("camera"), openings: [] } },
    "POST /v1/releases": { authorisation: idOf("release"), pieces: 1 },
    "POST /v1/releases/{release}/withdraw": { note: idOf("release") },
    "PUT /v1/household/state": { version: 2, file: `YWdlLWVuY3J5cHRpb24${"A".repeat(87_000)}` },
    "PUT /v1/household/proposal": { charter: { note: idOf("camera"), openings: [] } },
    "PUT /v1/recovery": { id: "a".repeat(32), file: "YWdlLWVuY3J5cHRpb24ub3JnL3YxCg==" },
    "POST /v1/webhooks": { url: hooks.url },
    "POST /v1/claims": {
      claimId: idOf("claimId"),
      charter: `${"A".repeat(43)}=`,
      expiresAt: "2999-01-01T00:00:00.000Z",
    },
    "POST /v1/invitations": { id: idOf("invitation") },
    "POST /v1/tokens": { name: "script", scopes: ["clips:read"], days: 1 },
    "PUT /v1/household/retention": { days: 30 },
    "PUT /v1/cameras/{camera}/mode": { note: "x" },
    "PUT /v1/cameras/{camera}/renewal": { answer: "approve" },
    "POST /v1/shares": { clip: idOf("clip"), pieces: 1 },
    "POST /v1/passkeys/links": { name: "Laptop" },
    "POST /v1/webhooks/{webhook}/replay": { since: "2026-01-01T00:00:00.000Z" },
    "DELETE /v1/household": { note: "x" },
  };
  return bodies[`${method} ${path}`];
}

const sameBut = ({ status, text }: Answer): string => `${status} ${text.replace(/"requestId":"[^"]*"/, "")}`;

/** The text of a stream of server-sent events, as it grows. */
async function following(token: string) {
  const stream = await getter(origin, token)("/v1/stream");
  const heard = { text: "", status: stream.statusCode };
  stream.setEncoding("utf8").on("data", (text: string) => {
    heard.text += text;
  });
  const until = async (wanted: string): Promise<void> => {
    while (!heard.text.includes(wanted)) await new Promise((resolve) => stream.once("data", resolve));
  };
  return { heard, until, stop: () => stream.destroy() };
}

/** A press at a door, as the broker's side tells it: stored, and told to the streams. */
async function press({ household, board }: House): Promise<string> {
  const id = newEventId(cloud.clock.wall(), systemRandom);
  const event = { v: 1, id, kind: "press", at: "2026-11-01T00:00:00.000Z" } as const;
  await cloud.vault.writer.storeEvents([{ household, camera: board.id, event }]);
  cloud.hub.publish({ household, camera: board.id, kind: "event", data: event });
  courier.wake();
  return id;
}

/** Receives webhooks, each address by itself. */
async function receiver() {
  const heard = new Map<string, string>();
  const waiting: (() => void)[] = [];
  const server = createServer(async (request, answer) => {
    let body = "";
    for await (const piece of request) body += piece;
    answer.writeHead(204).end();
    const path = request.url ?? "";
    heard.set(path, `${heard.get(path) ?? ""}${JSON.stringify(request.headers)}${body}`);
    for (const resume of waiting.splice(0)) resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  tap.teardown(() => new Promise((resolve) => server.close(resolve)));
  const until = async (path: string, wanted: string): Promise<string> => {
    while (!heard.get(path)?.includes(wanted)) await new Promise<void>((resolve) => waiting.push(resolve));
    return heard.get(path) ?? "";
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, until };
}

const hooks = await receiver();
const [ours, theirs] = [await living(hooks.url), await living(hooks.url)];
for (const house of [ours, theirs]) {
  await press(house);
  await call(cloud, "GET", `/v1/clips/${house.ids.clip[0]}/segments/0`, { token: house.token });
}
const theirMarks = [...(await marksOf(theirs))];
const theirClips = new Set<string>(theirs.ids.clip);
const few: ReadonlySet<string> = new Set(theirMarks.filter((mark) => !theirClips.has(mark)));

/** Whose rows a stranger must not touch. */
const tablesOfHouseholds = [
  "charter",
  "member",
  "camera",
  "clip",
  "webhook",
  "access_token",
  "session",
  "retention",
  "passkey",
  "share",
  "invitation",
  "recovery",
  "proposal",
  "passphrase",
  "key_file",
  "camera_mode",
  "event",
  "custody",
  "docket",
  "sealed_state",
  "contacts_state",
  "owners_word",
] as const;

test("random calls of random members over every route, with the other household's real ids, learn and change nothing", async (t) => {
  const rows = async () => {
    const dump: unknown[] = [];
    for (const table of tablesOfHouseholds)
      dump.push(
        await cloud.db.selectFrom(table).selectAll().where("household", "=", theirs.household).execute(),
      );
    return JSON.stringify(dump);
  };
  const before = await rows();
  const kinds = [
    "camera",
    "clip",
    "claimId",
    "session",
    "token",
    "webhook",
    "passkey",
    "share",
    "invitation",
    "release",
  ] as const;
  const asking = fc.record({
    ask: fc.constantFrom(...askable),
    caller: fc.nat(ours.callers.length - 1),
    pick: fc.nat(),
    optional: fc.nat(7),
  });
  let asked = 0;
  await fc.assert(
    fc.asyncProperty(asking, async ({ ask, caller, pick, optional }) => {
      const theirId = (name: string): string => {
        const list = theirs.ids[kinds.find((kind) => kind === name) ?? "clip"];
        return list[pick % list.length] ?? "";
      };
      const token = ours.callers[caller] ?? "";
      const send = (idOf: (name: string) => string) => {
        const body = bodyFor(ask, idOf);
        const method = ask.method as NonNullable<InjectOptions["method"]>;
        return call(cloud, method, addressOf(ask, idOf, optional), { token, ...(body && { body }) });
      };
      const answer = await send(theirId);
      asked += 1;
      const found = crossed(`${answer.text}${JSON.stringify(answer.headers)}`, few, theirClips);
      if (found.length > 0) throw new Error(`${ask.method} ${ask.path} shows ${found[0]}`);
      if (ask.path.includes("{")) {
        const twin = await send(nobodys);
        if (sameBut(answer) !== sameBut(twin))
          throw new Error(`${ask.method} ${ask.path}: ${sameBut(answer)}, not there: ${sameBut(twin)}`);
      }
    }),
    { numRuns: 1_000, seed: 20_261_122 },
  );
  t.equal(asked, 1_000);
  t.equal(await rows(), before, "not a row of theirs changed");
});

test("pages count the household's own clips, from the first to the last, and no other", async (t) => {
  for (const [house, other] of [
    [ours, theirs],
    [theirs, ours],
  ] as const) {
    const others = new Set<string>(other.ids.clip);
    const seen: string[] = [];
    for (let cursor = ""; ; ) {
      const { body } = await call(cloud, "GET", `/v1/clips?limit=200${cursor}`, { token: house.token });
      seen.push(...body.clips.map(({ id }: { id: string }) => id));
      if (body.next === undefined) break;
      cursor = `&cursor=${body.next}`;
    }
    t.same([...seen].sort(), [...house.ids.clip].sort());
    t.notOk(seen.some((id) => others.has(id)));
  }
});

test("of presses and clips that arrive at both doors in any order, streams and webhooks hear their own", async (t) => {
  const streams = await Promise.all([ours, theirs].map((house) => following(house.token)));
  const marks = [await marksOf(ours), await marksOf(theirs)];
  const pressed: string[][] = [[], []];
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.boolean(), async (first, clip) => {
      const at = first ? 0 : 1;
      const house = first ? ours : theirs;
      pressed[at]?.push(await press(house));
      if (clip) await storeClip(cloud, house, systemRandom.bytes(100));
    }),
    { numRuns: 60, seed: 20_261_122 },
  );
  for (const [at, house] of [ours, theirs].entries()) {
    const stream = streams[at];
    const own = pressed[at] ?? [];
    const others = new Set([...(marks[1 - at] ?? []), ...(pressed[1 - at] ?? [])]);
    await stream?.until(own.at(-1) ?? "");
    stream?.stop();
    let told = "";
    for (const id of own) told = await hooks.until(`/${house.household}`, id);
    for (const text of [stream?.heard.text ?? "", told]) {
      t.ok(
        own.every((id) => text.includes(id)),
        `${own.length} presses of their own`,
      );
      const small = new Set([...others].filter((mark) => !/^[0-9a-f]{8}-/.test(mark)));
      t.same(crossed(text, small, others), []);
    }
  }
});

test("all sessions ended at once are the member's own", async (t) => {
  t.equal((await call(cloud, "DELETE", "/v1/sessions", { token: ours.token })).status, 204);
  t.equal((await call(cloud, "GET", "/v1/clips", { token: ours.token })).status, 401);
  for (const token of theirs.callers)
    t.equal((await call(cloud, "GET", "/v1/clips?limit=1", { token })).status, 200);
});
