import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "kysely";
import { t as tap, test } from "tap";
import { newEventId } from "../../shared/kernel/ids.js";
import { systemRandom } from "../system.io.js";
import { call, loginNote, tokenOf } from "./testcalls.js";
import { newHousehold, openTestCloud, storeClip } from "./testing.js";
import { newPerson, nextCharter, sign } from "./testpeople.js";

const cloud = await openTestCloud();
tap.teardown(cloud.close);
const kind = (answer: { body: { type: string } }) => answer.body.type.replace("urn:lintel:problem:", "");
const leave = (token: string, note: string) =>
  call(cloud, "DELETE", "/v1/household", { token, body: { note } });

/** Every row of every table. */
async function rowsOfAll(): Promise<string> {
  const names = await sql<{ name: string }>`select name from sqlite_master where type = 'table'`.execute(
    cloud.db,
  );
  const rows = await Promise.all(
    names.rows.map(async ({ name }) => (await sql`select * from ${sql.table(name)}`.execute(cloud.db)).rows),
  );
  return JSON.stringify(rows);
}

async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

const tablesFilled = [
  "share",
  "passkey",
  "passkey_link",
  "passphrase",
  "recovery",
  "proposal",
  "renewal",
] as const;

/** What nothing else here makes. */
async function fillOtherTables({ household, owner, board, token }: Awaited<ReturnType<typeof newHousehold>>) {
  const of = { household, member: owner.member.id };
  const made_at = cloud.clock.wall();
  await call(cloud, "POST", "/v1/passphrase", { token });
  const key = { id: "k", name: "x", public_key: "x", counter: 0, made_at, used_at: null };
  await cloud.db
    .insertInto("passkey")
    .values({ ...of, ...key })
    .execute();
  const link = { hash: "h", name: "x", challenge: "x", expires_at: made_at };
  await cloud.db
    .insertInto("passkey_link")
    .values({ ...of, ...link })
    .execute();
  await cloud.db
    .insertInto("recovery")
    .values({ ...of, id: "r", file: "x", made_at })
    .execute();
  const proposal = { household, note: owner.member.id, openings: "[]", key_files: "[]", made_at };
  await cloud.db.insertInto("proposal").values(proposal).execute();
  const renewal = { household, camera: board.id, note: "x", asked_at: made_at };
  await cloud.db
    .insertInto("renewal")
    .values({ ...renewal, answer: null, answered_at: null })
    .execute();
}

test("a household that leaves leaves no row and no file behind, and its neighbour loses nothing", async (t) => {
  const guest = await newPerson("guest", "Bo");
  const home = await newHousehold(cloud, [guest]);
  const neighbour = await newHousehold(cloud);
  const theirs = await storeClip(cloud, neighbour, new Uint8Array(1_000));
  const clips = [];
  for (let at = 0; at < 3; at++) clips.push((await storeClip(cloud, home, new Uint8Array(1_000))).clip);
  const guests = await tokenOf(cloud, guest, home.household);
  await call(cloud, "DELETE", `/v1/clips/${clips[0]}`, { token: home.token });
  await call(cloud, "POST", "/v1/tokens", {
    token: home.token,
    body: { name: "x", scopes: ["clips:read"], days: 1 },
  });
  const invited = { id: "c".repeat(16) };
  t.equal((await call(cloud, "POST", "/v1/invitations", { token: home.token, body: invited })).status, 201);
  const now = cloud.clock.wall();
  const camera = home.board.id;
  const event = { household: home.household, id: newEventId(now, systemRandom), camera, kind: "press" };
  await cloud.db
    .insertInto("event")
    .values({ ...event, clip: null, message: "{}", arrived_at: now })
    .execute();
  await cloud.db.insertInto("camera_status").values({ camera, seen_at: now, message: "{}" }).execute();
  const body = { clip: clips[1], pieces: 2 };
  const share = (await call(cloud, "POST", "/v1/shares", { token: home.token, body })).body.id;
  const piece = await cloud.app.inject({
    method: "PUT",
    url: `/v1/shares/${share}/pieces/1`,
    headers: { authorization: `Bearer ${home.token}`, "content-type": "application/octet-stream" },
    payload: Buffer.alloc(1_000),
  });
  t.equal(piece.statusCode, 204);
  await fillOtherTables(home);
  for (const table of tablesFilled) {
    const all = await sql`select * from ${sql.table(table)}`.execute(cloud.db);
    t.ok(JSON.stringify(all.rows).includes(home.household), `before: in ${table}`);
  }
  const before = await rowsOfAll();
  const names = [home.household, home.owner.member.id, guest.member.id, camera, ...clips, share];
  for (const name of names) t.ok(before.includes(name), `before: ${name}`);
  t.equal((await leave(home.token, await loginNote(cloud, home.owner, home.household))).status, 204);
  const [rows, files] = [await rowsOfAll(), await filesOf(join(cloud.directory, "vault"))];
  for (const name of names) {
    t.notOk(rows.includes(name), `a row names ${name}`);
    t.notOk(
      files.some((file) => file.includes(name)),
      `a file is named by ${name}`,
    );
  }
  const shred = (await readFile(join(cloud.directory, "vault", "shred.db"))).toString("latin1");
  t.notOk(
    clips.slice(1).some((clip) => shred.includes(clip)),
    "no key is left either",
  );
  for (const token of [home.token, guests])
    t.equal((await call(cloud, "GET", "/v1/clips", { token })).status, 401);
  t.equal((await call(cloud, "GET", `/v1/clips/${theirs.clip}`, { token: neighbour.token })).status, 200);
  t.equal(
    (await call(cloud, "POST", "/v1/households", { body: { charter: home.chain[0] } })).status,
    201,
    "it may come again",
  );
});

test("only an owner who signs for it deletes a household, and where all owners decide, not one of them alone", async (t) => {
  const [adult, second] = [await newPerson("adult", "Cy"), await newPerson("owner", "Di")];
  const home = await newHousehold(cloud, [adult, second]);
  const other = await newHousehold(cloud);
  const adults = await tokenOf(cloud, adult, home.household);
  t.equal(kind(await leave(adults, await loginNote(cloud, adult, home.household))), "owners-only");
  t.equal(kind(await leave(home.token, "x")), "login-refused");
  const seconds = await loginNote(cloud, second, home.household);
  t.equal(kind(await leave(home.token, seconds)), "login-refused", "another owner's word");
  const others = await loginNote(cloud, other.owner, other.household);
  t.equal(kind(await leave(home.token, others)), "login-refused", "another household's owner");
  const charter = sign(nextCharter(home.charter, { change: "all-owners" }), [home.owner]);
  const put = { token: home.token, body: { charter } };
  t.equal((await call(cloud, "PUT", "/v1/household/charter", put)).status, 200);
  const own = await loginNote(cloud, home.owner, home.household);
  t.equal(kind(await leave(home.token, own)), "owners-must-agree");
  t.equal((await call(cloud, "GET", "/v1/household", { token: home.token })).status, 200);
});
