import { readdir, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { t as tap, test } from "tap";
import { newIdentity, open, recipientOf, seal } from "../../shared/seal/age.js";
import { systemRandom } from "../system.io.js";
import { call, loginNote, tokenOf } from "./testcalls.js";
import { newHousehold, openTestCloud, storeClip } from "./testing.js";
import { newPerson, nextCharter, sign } from "./testpeople.js";

const cloud = await openTestCloud();
tap.teardown(cloud.close);
type Home = Awaited<ReturnType<typeof newHousehold>>;
const kind = (answer: { body: { type: string } }) => answer.body.type.replace("urn:lintel:problem:", "");
const hour = 60 * 60_000;
const pieceBytes = 2 * 1024 * 1024;
const begin = (token: string, body: object, headers = {}) =>
  call(cloud, "POST", "/v1/shares", { token, body, headers });
const look = (id: string) => call(cloud, "POST", `/s/${id}/looks`);

async function put(token: string, id: string, piece: number, payload: Uint8Array) {
  const answer = await cloud.app.inject({
    method: "PUT",
    url: `/v1/shares/${id}/pieces/${piece}`,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/octet-stream" },
    payload: Buffer.from(payload),
  });
  return answer.statusCode === 204 ? "taken" : answer.json().type.replace("urn:lintel:problem:", "");
}
async function fetched(id: string, piece: number, pass: string): Promise<Buffer | string> {
  const headers = { "lintel-look": pass };
  const answer = await cloud.app.inject({ url: `/s/${id}/pieces/${piece}`, headers });
  return answer.statusCode === 200
    ? answer.rawPayload
    : answer.json().type.replace("urn:lintel:problem:", "");
}
async function filesOf(): Promise<readonly string[]> {
  const entries = await readdir(join(cloud.directory, "vault/shares"), {
    recursive: true,
    withFileTypes: true,
  });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

/** A clip and a link to it that opens. */
async function shared(home: Home, wanted: object = {}, token = home.token) {
  const { clip } = await storeClip(cloud, home, new Uint8Array(100));
  const identity = await newIdentity();
  const plain = systemRandom.bytes(pieceBytes + 1_000);
  const sealed = await seal(plain, [await recipientOf(identity)]);
  const { id } = (await begin(token, { clip, pieces: 2, ...wanted })).body;
  const taken = [
    await put(token, id, 0, sealed.subarray(0, pieceBytes)),
    await put(token, id, 1, sealed.subarray(pieceBytes)),
  ];
  const url = `/v1/shares/${id}/pieces/1`;
  const asJson = await cloud.app.inject({
    method: "PUT",
    url,
    headers: { authorization: `Bearer ${token}` },
    payload: {},
  });
  if (asJson.statusCode !== 415) throw new Error(`${url} took JSON: ${asJson.statusCode}`);
  if (taken.join() !== "taken,taken") throw new Error(taken.join());
  return { id: String(id), clip, identity, plain, sealed };
}

test("a link's copy comes back to whoever has the link, opens with the link's key only, and each opening is noted", async (t) => {
  const home = await newHousehold(cloud);
  const { id, clip, identity, plain } = await shared(home);
  const before = Date.now();
  const opened = (await look(id)).body;
  t.equal(opened.pieces, 2);
  t.ok(
    Math.abs(Date.parse(opened.expiresAt) - before - 7 * 24 * hour) < hour,
    "seven days where none are said",
  );
  const pieces = [await fetched(id, 0, opened.pass), await fetched(id, 1, opened.pass)] as Buffer[];
  const plainAgain = await open(new Uint8Array(Buffer.concat(pieces)), [identity]);
  t.ok(plainAgain.ok && Buffer.from(plainAgain.value).equals(plain));
  const others = await open(new Uint8Array(Buffer.concat(pieces)), [
    home.board.identity,
    home.owner.identity,
  ]);
  t.notOk(others.ok, "neither the camera's key nor the owner's opens it");
  await look(id);
  const { entries } = (await call(cloud, "GET", `/v1/audit?clip=${clip}`, { token: home.token })).body;
  t.same(
    entries.map(({ act, member }: { act: string; member: string }) => [act, member]),
    [
      ["seen-by-link", home.owner.member.id],
      ["seen-by-link", home.owner.member.id],
      ["shared", home.owner.member.id],
    ],
  );
  const { shares } = (await call(cloud, "GET", "/v1/shares", { token: home.token })).body;
  t.match(shares, [{ id, clip, views: 2, whole: true }]);
  for (const pass of ["", "1.x", opened.pass.replace(/^\d/, "9"), opened.pass.slice(0, -4)])
    t.equal(await fetched(id, 0, pass), "link-over", `pass ${pass}`);
  const other = await shared(home);
  t.equal(await fetched(other.id, 0, opened.pass), "link-over", "a pass is for its link");
  cloud.clock.forward(10 * 60_000);
  t.equal(await fetched(id, 0, opened.pass), "link-over", "and for ten minutes");
});

test("a link ends when it expires, after its openings, when it is taken back, and with its clip; all alike, and nothing is left", async (t) => {
  const home = await newHousehold(cloud);
  const once = await shared(home, { views: 1, hours: 1 });
  const { pass, viewsLeft } = (await look(once.id)).body;
  t.equal(viewsLeft, 0);
  t.equal(typeof (await fetched(once.id, 1, pass)), "object", "what was opened is fetched");
  const over = await look(once.id);
  const unknown = await look("a".repeat(16));
  t.same([over.status, kind(over)], [404, "link-over"]);
  t.same({ ...over.body, requestId: "" }, { ...unknown.body, requestId: "" });
  const both = await shared(home, { views: 1 });
  const at = await Promise.all([look(both.id), look(both.id)]);
  t.same(at.map(({ status }) => status).sort(), [200, 404], "of two at once one gets in");
  const revoked = await shared(home);
  const inside = (await look(revoked.id)).body.pass;
  const end = () => call(cloud, "DELETE", `/v1/shares/${revoked.id}`, { token: home.token });
  t.equal((await end()).status, 204);
  t.equal((await end()).status, 404);
  t.equal(await fetched(revoked.id, 0, inside), "link-over", "also for whoever has opened it already");
  const gone = await shared(home);
  t.equal((await call(cloud, "DELETE", `/v1/clips/${gone.clip}`, { token: home.token })).status, 204);
  t.equal((await look(gone.id)).status, 404);
  const late = await shared(home, { hours: 2 });
  cloud.clock.forward(2 * hour);
  t.equal((await look(late.id)).status, 404);
  const { clip } = late;
  const half = (await begin(home.token, { clip, pieces: 2 })).body.id;
  t.equal((await look(half)).status, 404, "one that is not whole opens nothing");
  const stands = await shared(home);
  cloud.clock.forward(hour);
  await cloud.vault.eraser.sweep();
  const rows = await cloud.db
    .selectFrom("share")
    .select("id")
    .where("household", "=", home.household)
    .execute();
  t.same(new Set(rows.map(({ id }) => id)), new Set([stands.id, both.id]));
  const files = await filesOf();
  for (const { id } of [once, revoked, gone, late, { id: half }])
    t.notOk(
      files.some((file) => file.includes(id)),
      `a file of ${id} is left`,
    );
  t.equal((await look(stands.id)).status, 200);
});

test("owners and adults share what they see, and end their own; an owner ends anybody's; who leaves takes theirs along", async (t) => {
  const [adult, guest] = [await newPerson("adult", "Cy"), await newPerson("guest", "Bo")];
  const home = await newHousehold(cloud, [adult, guest]);
  const neighbour = await newHousehold(cloud);
  const tokens = {
    adult: await tokenOf(cloud, adult, home.household),
    guest: await tokenOf(cloud, guest, home.household),
  };
  const { clip } = await storeClip(cloud, home, new Uint8Array(100));
  t.equal(kind(await begin(tokens.guest, { clip, pieces: 1 })), "may-not-share");
  t.equal(kind(await begin(neighbour.token, { clip, pieces: 1 })), "not-there");
  for (const wrong of [{ hours: 0 }, { hours: 721 }, { views: 0 }, { pieces: 129 }, { key: "x" }])
    t.equal((await begin(home.token, { clip, pieces: 1, ...wrong })).status, 400, JSON.stringify(wrong));
  const theirs = await shared(home, {}, tokens.adult);
  const own = await shared(home);
  const list = async (token: string) =>
    (await call(cloud, "GET", "/v1/shares", { token })).body.shares.length;
  t.same([await list(home.token), await list(tokens.adult), await list(tokens.guest)], [2, 1, 0]);
  const end = (id: string, token: string) => call(cloud, "DELETE", `/v1/shares/${id}`, { token });
  t.equal((await end(own.id, tokens.adult)).status, 404);
  t.equal((await end(own.id, neighbour.token)).status, 404);
  t.equal(
    await put(home.token, theirs.id, 0, theirs.sealed.subarray(0, 10)),
    "not-there",
    "not another's pieces",
  );
  const without = sign(nextCharter(home.charter, { members: [home.owner.member] }), [home.owner]);
  await call(cloud, "PUT", "/v1/household/charter", { token: home.token, body: { charter: without } });
  t.equal(await list(home.token), 1, "with the charter");
  t.equal((await look(theirs.id)).status, 404);
  t.equal((await look(own.id)).status, 200);
});

test("a link ends with its maker's right to share that camera: at once, and also when its row is left over", async (t) => {
  const adult = await newPerson("adult", "Cy");
  const home = await newHousehold(cloud, [adult]);
  const token = await tokenOf(cloud, adult, home.household);
  const [theirs, own] = [await shared(home, {}, token), await shared(home)];
  const inside = (await look(theirs.id)).body.pass;
  const row = await cloud.db
    .selectFrom("share")
    .selectAll()
    .where("id", "=", theirs.id)
    .executeTakeFirstOrThrow();
  const rows = await cloud.db.selectFrom("share_piece").selectAll().where("share", "=", theirs.id).execute();
  const become = async (change: object) => {
    const members = [home.owner.member, { ...adult.member, ...change }];
    const charter = sign(nextCharter(home.charter, { members }), [home.owner]);
    const put = { token: home.token, body: { charter } };
    t.equal((await call(cloud, "PUT", "/v1/household/charter", put)).status, 200);
  };
  await become({ sees: [] });
  const ids = async () =>
    (await cloud.db.selectFrom("share").select("id").where("household", "=", home.household).execute()).map(
      ({ id }) => id,
    );
  t.same(await ids(), [own.id], "the charter that says so takes the link along");
  await cloud.db.insertInto("share").values(row).execute();
  await cloud.db.insertInto("share_piece").values(rows).execute();
  for (const [what, change] of [
    ["sees the camera no more", { sees: "" }],
    ["is a guest", { role: "guest", sees: null }],
  ] as const) {
    await cloud.db.updateTable("member").set(change).where("id", "=", adult.member.id).execute();
    t.equal((await look(theirs.id)).status, 404, what);
    t.equal(await fetched(theirs.id, 0, inside), "link-over", what);
  }
  t.equal((await look(own.id)).status, 200);
  await cloud.db.updateTable("member").set({ role: "adult" }).where("id", "=", adult.member.id).execute();
  t.equal((await look(theirs.id)).body.pieces, 2, "it was their right alone");
  await cloud.db.deleteFrom("share").where("id", "=", theirs.id).execute();
  await cloud.vault.eraser.sweep();
  t.notOk((await filesOf()).some((file) => file.includes(theirs.id)));
  t.ok((await filesOf()).some((file) => file.includes(own.id)));
});

test("a piece that is sent again is taken when it is the same, also when all are here, and never replaces what is whole", async (t) => {
  const home = await newHousehold(cloud);
  const { id, sealed } = await shared(home);
  const [first, last] = [sealed.subarray(0, pieceBytes), sealed.subarray(pieceBytes)];
  t.equal(await put(home.token, id, 1, last), "taken", "its answer was lost");
  t.equal(await put(home.token, id, 0, first), "taken");
  t.equal(await put(home.token, id, 1, systemRandom.bytes(last.length)), "not-there");
  t.equal(await put(home.token, id, 0, last), "not-there");
  const { pass } = (await look(id)).body;
  t.ok(Buffer.from(last).equals((await fetched(id, 1, pass)) as Buffer));
  const { clip } = await storeClip(cloud, home, new Uint8Array(100));
  const other = (await begin(home.token, { clip, pieces: 1 })).body.id;
  const at = await Promise.all([0, 1].map(() => put(home.token, other, 0, sealed.subarray(0, pieceBytes))));
  t.same(at, ["taken", "taken"], "the last piece twice at once");
  t.same(await readdir(join(cloud.directory, "vault/halves")), []);
});

test("the sweep ends a link of which a piece's file is missing or short, and counts what is replaced as it is", async (t) => {
  const home = await newHousehold(cloud);
  const [stands, short, gone] = [await shared(home), await shared(home), await shared(home)];
  const fileOf = async (id: string, piece: number) =>
    (await filesOf()).find((file) => file.endsWith(`${id}/${piece}`)) ?? "";
  await truncate(await fileOf(short.id, 0), 1_000);
  await rm(await fileOf(gone.id, 1));
  await cloud.vault.eraser.sweep();
  const ids = (await call(cloud, "GET", "/v1/shares", { token: home.token })).body.shares.map(
    (share: { id: string }) => share.id,
  );
  t.same(ids, [stands.id]);
  const { clip } = await storeClip(cloud, home, new Uint8Array(100));
  const { id } = (await begin(home.token, { clip, pieces: 2 })).body;
  const room = () => cloud.vault.reader.room(home.household).bytesStored;
  const before = room();
  for (const bytes of [1_000, 3_000, 2_000]) {
    t.equal(await put(home.token, id, 1, systemRandom.bytes(bytes)), "taken");
    t.equal(room(), before + bytes);
  }
});

test("the cloud takes sealed pieces only, a creation with a key once, and counts the bytes", async (t) => {
  const home = await newHousehold(cloud);
  const { clip } = await storeClip(cloud, home, new Uint8Array(100));
  const key = { "idempotency-key": "one" };
  const first = await begin(home.token, { clip, pieces: 2 }, key);
  const again = await begin(home.token, { clip, pieces: 2 }, key);
  t.equal(again.body.id, first.body.id);
  const { id } = first.body;
  t.equal(await put(home.token, id, 0, systemRandom.bytes(1_000)), "not-sealed");
  t.equal(await put(home.token, id, 2, systemRandom.bytes(1_000)), "not-there");
  t.equal(await put(home.token, id, 1, new Uint8Array(pieceBytes + 1)), "too-large");
  const room = () => cloud.vault.reader.room(home.household).bytesStored;
  const before = room();
  t.equal(await put(home.token, id, 1, systemRandom.bytes(1_000)), "taken");
  t.equal(await put(home.token, id, 1, systemRandom.bytes(1_000)), "taken", "again does no harm");
  t.equal(room(), before + 1_000);
  await cloud.vault.eraser.sweep();
  t.equal(room(), before + 1_000, "as counted by the sweep");
  t.equal((await call(cloud, "DELETE", `/v1/shares/${id}`, { token: home.token })).status, 204);
  t.equal(room(), before);
  for (let made = 0; made < 100; made++)
    if ((await begin(home.token, { clip, pieces: 1 })).status !== 201) t.fail(`link ${made}`);
  t.equal(kind(await begin(home.token, { clip, pieces: 1 })), "too-many-shares");
});

test("a household that leaves leaves no link; a link's age header is in no row and no file, and goes with the clip's key", async (t) => {
  const home = await newHousehold(cloud);
  const { id, sealed } = await shared(home);
  const rows = await cloud.db.selectFrom("share").selectAll().where("id", "=", id).execute();
  t.notMatch(JSON.stringify(rows), Buffer.from("age-encryption.org").toString("base64").slice(0, 20));
  t.notOk(Buffer.from(rows[0]?.header ?? "", "base64").includes("X25519"));
  t.ok(Buffer.from(sealed).includes("X25519"));
  const note = await loginNote(cloud, home.owner, home.household);
  t.equal((await call(cloud, "DELETE", "/v1/household", { token: home.token, body: { note } })).status, 204);
  t.same(await cloud.db.selectFrom("share").selectAll().where("id", "=", id).execute(), []);
  t.same(await cloud.db.selectFrom("share_piece").selectAll().where("share", "=", id).execute(), []);
  t.notOk((await filesOf()).some((file) => file.includes(id)));
});

test("the page of a link is the same for each, is in no search engine, and plays only what it has opened itself", async (t) => {
  const [page, other] = [await call(cloud, "GET", `/s/${"a".repeat(16)}`), await call(cloud, "GET", "/s/x")];
  t.equal(page.text, other.text);
  t.match(page.headers["content-security-policy"], /default-src 'none'.*media-src blob:$/);
  t.match(page.headers, { "x-robots-tag": /noindex/, "referrer-policy": "no-referrer" });
});
