import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "kysely";
import { t as tap, test } from "tap";
import { type Charter, type OpenedCharter, openNextCharter } from "../../shared/charter/charter.js";
import { formatDeletion } from "../../shared/clip/custody.js";
import { openSegmentChain } from "../../shared/clip/segment.js";
import { millis } from "../../shared/kernel/brand.js";
import { toBase64 } from "../../shared/kernel/bytes.js";
import type { CameraId } from "../../shared/kernel/ids.js";
import { open, splitHeader } from "../../shared/seal/age.js";
import { signNote } from "../../shared/seal/note.js";
import { systemClock, systemRandom } from "../system.io.js";
import { clipRows } from "../vault/clips.io.js";
import { parseRange } from "./range.js";
import { bytesOf, call, getter, tokenOf } from "./testcalls.js";
import { newHousehold, openTestCloud, storeClip } from "./testing.js";
import { newBoard, newPerson, nextCharter, sign } from "./testpeople.js";
import { timeTextOf } from "./time.js";

const cloud = await openTestCloud();
tap.teardown(cloud.close);
const origin = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
const home = await newHousehold(cloud);
const get = getter(origin, home.token);
const plain = systemRandom.bytes(200_000);
const { clip, sealed } = await storeClip(cloud, home, plain);
const path = `/v1/clips/${clip}/segments/0`;
const problem = (kind: string) => `urn:lintel:problem:${kind}`;

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
  for (const list of ["clips", "events"])
    t.match(
      await call(cloud, "GET", `/v1/${list}?cursor=${encodeURIComponent("' or 1")}`, { token: busy.token }),
      {
        status: 400,
        body: { type: "urn:lintel:problem:malformed-request" },
      },
    );
  const nonsense = await call(cloud, "GET", "/v1/clips?from=2020-02-31T99:00:00.000Z", { token: busy.token });
  t.equal(nonsense.status, 400);
});

test("a keep-mark and retention are the owner's, and change only what still is as it was read", async (t) => {
  const guest = await newPerson("guest", "Cleo");
  const family = await newHousehold(cloud, [guest]);
  const { token } = family;
  const { clip } = await storeClip(cloud, family, new Uint8Array(10));
  const path = `/v1/clips/${clip}`;
  const before = await call(cloud, "GET", path, { token });
  t.equal(before.body.kept, false);
  const etag = String(before.headers.etag);
  t.equal((await call(cloud, "GET", path, { token, headers: { "if-none-match": etag } })).status, 304);
  const asGuest = await tokenOf(cloud, guest, family.household);
  t.equal((await call(cloud, "PUT", `${path}/keep`, { token: asGuest })).body.type, problem("owners-only"));
  const mark = (method: "PUT" | "DELETE", seen: string) =>
    call(cloud, method, `${path}/keep`, { token, headers: { "if-match": seen } });
  t.equal((await mark("PUT", etag)).status, 204);
  t.equal((await mark("DELETE", etag)).body.type, problem("changed-meanwhile"));
  t.equal(
    (await call(cloud, "DELETE", path, { token, headers: { "if-match": etag } })).body.type,
    problem("changed-meanwhile"),
  );
  cloud.clock.forward(86_400_000 * 31);
  await cloud.vault.eraser.sweep();
  cloud.clock.forward(86_400_000);
  await cloud.vault.eraser.sweep();
  const kept = await call(cloud, "GET", path, {
    token: await tokenOf(cloud, family.owner, family.household),
  });
  t.match(kept, { status: 200, body: { kept: true } });
});

test("a keep-mark outlives the household's days, and not the ceiling", async (t) => {
  const own = await openTestCloud();
  t.teardown(own.close);
  const family = await newHousehold(own);
  const [kept, other] = [await storeClip(own, family, plain), await storeClip(own, family, plain)];
  t.equal((await call(own, "PUT", `/v1/clips/${kept.clip}/keep`, { token: family.token })).status, 204);
  const standing = async (days: number): Promise<readonly string[]> => {
    for (let day = 0; day < days; day += 1) {
      own.clock.forward(86_400_000);
      await own.vault.eraser.sweep();
    }
    const token = await tokenOf(own, family.owner, family.household);
    const { clips } = (await call(own, "GET", "/v1/clips", { token })).body;
    return clips.map(({ id }: { id: string }) => id);
  };
  t.same(new Set(await standing(29)), new Set([kept.clip, other.clip]));
  t.same(await standing(30), [kept.clip], "after 59 days");
  t.same(await standing(2), [], "after 61");
});

test("a guest who sees one camera only sees nothing of another, from the charter that says so on", async (t) => {
  const [guest, side] = [await newPerson("guest", "Cleo"), await newBoard("Side door")];
  const family = await newHousehold(cloud, [guest]);
  const asGuest = await tokenOf(cloud, guest, family.household);
  const put = async (before: OpenedCharter, change: Partial<Charter>): Promise<OpenedCharter> => {
    const charter = sign(nextCharter(before, change), [family.owner]);
    const body = { charter };
    await call(cloud, "PUT", "/v1/household/charter", { token: family.token, body });
    const next = openNextCharter(before, charter);
    return next.ok ? next.value : before;
  };
  const cameras = [family.board.line, side.line];
  const both = await put(family.charter, { cameras });
  const front = (await storeClip(cloud, family, new Uint8Array(10))).clip;
  const sideClip = (await storeClip(cloud, { ...family, board: side }, new Uint8Array(10))).clip;
  const seen = async (token: string) =>
    Promise.all([
      ...[front, sideClip].map(async (id) => (await call(cloud, "GET", `/v1/clips/${id}`, { token })).status),
      call(cloud, "GET", "/v1/clips", { token }).then(({ body }) => body.clips.length),
      call(cloud, "GET", "/v1/cameras", { token }).then(({ body }) => body.cameras.length),
      call(cloud, "GET", `/v1/cameras/${side.id}/keys`, { token }).then(({ status }) => status),
    ]);
  t.same(await seen(asGuest), [200, 200, 2, 2, 200]);
  const limited = (sees: readonly CameraId[]) => [family.owner.member, { ...guest.member, sees }];
  const one = await put(both, { members: limited([family.board.id]) });
  t.same(await seen(asGuest), [200, 404, 1, 1, 404]);
  await put(one, { members: limited([]) });
  t.same(await seen(asGuest), [404, 404, 0, 0, 404]);
  t.same(await seen(family.token), [200, 200, 2, 2, 200], "the owner sees all");
});

test("who opened, kept and deleted what is there for the household, and for nobody else", async (t) => {
  const guest = await newPerson("guest", "Cleo");
  const family = await newHousehold(cloud, [guest]);
  const inside = await newHousehold(cloud, []);
  const { clip } = await storeClip(cloud, family, new Uint8Array(10));
  const asGuest = await tokenOf(cloud, guest, family.household);
  const ask = (method: "GET" | "PUT" | "DELETE" | "HEAD", tail: string, token = family.token) =>
    call(cloud, method, `/v1/clips/${clip}${tail}`, { token });
  const audit = async (token: string, query = "") =>
    (await call(cloud, "GET", `/v1/audit?${query}`, { token })).body.entries.map(
      ({ act, member }: { act: string; member: string }) => [act, member],
    );
  await ask("GET", "");
  await ask("HEAD", "/segments/0");
  t.same(await audit(family.token), [], "nothing was sent yet");
  for (let i = 0; i < 3; i++) await ask("GET", "/segments/0", asGuest);
  await ask("PUT", "/keep");
  await ask("DELETE", "");
  const [owner, visitor] = [family.owner.member.id, guest.member.id];
  const all = [
    ["deleted", owner],
    ["kept", owner],
    ["opened", visitor],
  ];
  t.same((await audit(family.token, `clip=${clip}`)).sort(), all);
  t.same((await audit(asGuest)).sort(), all);
  t.same(await audit(inside.token), []);
  const page = (await call(cloud, "GET", "/v1/audit?limit=2", { token: family.token })).body;
  t.equal((await audit(family.token, `limit=2&cursor=${page.next}`)).length, 1);
});

test("a household chooses how long its clips are kept, within the cloud's limit", async (t) => {
  const family = await newHousehold(cloud);
  const ask = (method: "GET" | "PUT", days?: number, headers = {}) =>
    call(cloud, method, "/v1/household/retention", {
      token: family.token,
      headers,
      ...(days && { body: { days } }),
    });
  const before = await ask("GET");
  t.same(before.body, { days: 30, daysMax: 60 });
  t.equal((await ask("PUT", 61)).status, 400);
  const chosen = await ask("PUT", 7, { "if-match": before.headers.etag });
  t.match(chosen, { status: 200, body: { days: 7 } });
  t.equal((await ask("PUT", 8, { "if-match": before.headers.etag })).body.type, problem("changed-meanwhile"));
  t.equal((await ask("GET", undefined, { "if-none-match": chosen.headers.etag })).status, 304);
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

test("a deletion counts with an owner's or adult's signature only, as for the camera", async (t) => {
  const [adult, guest] = [await newPerson("adult", "Bo"), await newPerson("guest", "Cleo")];
  const family = await newHousehold(cloud, [adult, guest]);
  const { clip } = await storeClip(cloud, family, new Uint8Array(10));
  const names = { household: family.household, camera: family.board.id, clip };
  const text = formatDeletion({ ...names, at: systemClock.wall() });
  const remove = (by: typeof adult) =>
    call(cloud, "DELETE", `/v1/clips/${clip}`, {
      token: family.token,
      body: { note: signNote(text, [by.note]) },
    });
  t.equal((await remove(guest)).body.type, "urn:lintel:problem:no-known-signer");
  t.equal((await remove(adult)).status, 204);
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

test("a time is written as the language's own long way writes it, to the ends of the calendar of four digits", async (t) => {
  const days = [0, 1, -1, 86_399_999, 86_400_000, -86_400_000, 951_782_400_000, 253_402_300_799_999];
  const drawn = Array.from(
    { length: 2_000 },
    () => new DataView(systemRandom.bytes(8).buffer).getUint32(0) * 59_000,
  );
  for (const time of [...days, ...drawn]) {
    if (timeTextOf(time) !== new Date(time).toISOString()) t.fail(`${time} is written ${timeTextOf(time)}`);
  }
});

test("a page of clips is found by an index, whichever way it is narrowed", async (t) => {
  const { household, board } = home;
  const narrowed = [
    {},
    { cameras: [board.id] },
    { trigger: "press" as const },
    { from: millis(1), to: millis(2) },
    { windows: [1, 3].map((from) => ({ camera: board.id, from: millis(from), to: millis(from + 1) })) },
  ];
  for (const query of narrowed) {
    const rows = clipRows(cloud.db, household, { limit: 50, ...query });
    const plan = await rows.explain<{ detail: string }>(undefined, sql`query plan`);
    t.match(plan[0]?.detail, /^SEARCH clip USING INDEX/);
    t.notMatch(plan.map(({ detail }) => detail).join(), /SCAN|TEMP B-TREE/);
  }
});
