import { appendFile, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "kysely";
import { type Test, test } from "tap";
import { toBase64 } from "../../shared/kernel/bytes.js";
import { storageFaultOf } from "../faults.js";
import { systemRandom as random } from "../system.io.js";
import { type Answer, call } from "./testcalls.js";
import { newHousehold, openTestCloud, storeClip, type TestCloud } from "./testing.js";
import { firstCharter, newClaim, newPerson, sign } from "./testpeople.js";

// What a client hears when the cloud's disk is at its end. SQLite itself refuses here, within limits set on the connection.

/** No page more than the database has: the disk is full. */
async function fill({ db }: TestCloud): Promise<void> {
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(db);
  await sql`pragma max_page_count = ${sql.lit(rows[0]?.page_count ?? 0)}`.execute(db);
}

async function makeRoom({ db }: TestCloud): Promise<void> {
  await sql`pragma max_page_count = 1000000`.execute(db);
}

function isProblem(t: Test, answer: Answer, status: number, kind: string): void {
  t.equal(answer.status, status, answer.text);
  t.match(answer.type, /^application\/problem\+json/);
  t.equal(answer.body?.type, `urn:lintel:problem:${kind}`);
  t.ok(Number(answer.headers["retry-after"]) > 0, "and says when to come again");
}

/** Until one is refused: a row more may fit into a page that is there. */
async function untilRefused(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await ask();
    if (answer.status >= 400) return answer;
  }
}

test("a full disk under the database is 507 at every writing route, and the next try after room was made goes through", async (t) => {
  const cloud = await openTestCloud();
  t.teardown(cloud.close);
  const home = await newHousehold(cloud);
  await fill(cloud);
  const register = async (): Promise<Answer> => {
    const people = await Promise.all(Array.from({ length: 8 }, (_, at) => newPerson("owner", `Ada ${at}`)));
    return call(cloud, "POST", "/v1/households", { body: { charter: sign(firstCharter(people), people) } });
  };
  const challenge = (): Promise<Answer> => {
    const member = [...random.bytes(16)].map((byte) => "abcdefghijklmnop"[byte % 16]).join("");
    return call(cloud, "POST", "/v1/login/challenge", { body: { household: home.household, member } });
  };
  const claim = (): Promise<Answer> => {
    const { claimId } = newClaim(home.charter);
    const body = {
      claimId,
      charter: home.charter.hash,
      expiresAt: new Date(Date.now() + 60_000).toISOString(),
    };
    return call(cloud, "POST", "/v1/claims", { token: home.token, body });
  };
  isProblem(t, await untilRefused(register), 507, "storage-full");
  isProblem(t, await untilRefused(challenge), 507, "storage-full");
  const claimed = await untilRefused(claim);
  t.ok([507, 429].includes(claimed.status), "sixteen claims may fit into a page");
  t.equal((await call(cloud, "GET", "/v1/household", { token: home.token })).status, 200, "reading goes on");
  await makeRoom(cloud);
  t.equal((await register()).status, 201);
  t.equal((await challenge()).status, 200);
});

test("a database that takes no writes is 503 with Retry-After, not an internal error", async (t) => {
  const cloud = await openTestCloud();
  t.teardown(cloud.close);
  const home = await newHousehold(cloud);
  await sql`pragma query_only = on`.execute(cloud.db);
  const body = { household: home.household, member: home.owner.member.id };
  isProblem(t, await call(cloud, "POST", "/v1/login/challenge", { body }), 503, "storage-failed");
  const ada = await newPerson("owner", "Ada");
  const charter = sign(firstCharter([ada]), [ada]);
  isProblem(t, await call(cloud, "POST", "/v1/households", { body: { charter } }), 503, "storage-failed");
});

test("what a transaction failed of is what its caller hears, also when SQLite has rolled back by itself", async (t) => {
  const cloud = await openTestCloud();
  t.teardown(cloud.close);
  await fill(cloud);
  const write = cloud.db.transaction().execute(async (tx) => {
    const row = { camera: "x", seen_at: 0, message: "x".repeat(100_000) };
    await tx.insertInto("camera_status").values(row).execute();
  });
  await t.rejects(write, { code: "SQLITE_FULL" });
  await makeRoom(cloud);
  const later = cloud.db.transaction().execute((tx) => tx.selectFrom("camera_status").selectAll().execute());
  t.same(await later, [], "and the connection is free for the next one");
});

test("a body that is missing, cut, longer or changed on the disk is a problem, counted and told once; no byte of it leaves", async (t) => {
  const cloud = await openTestCloud();
  t.teardown(cloud.close);
  const home = await newHousehold(cloud);
  const harm: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
    missing: (path) => rm(path),
    cut: (path) => truncate(path, 100),
    longer: (path) => appendFile(path, "x"),
    changed: async (path) => {
      const bytes = await readFile(path);
      bytes[500] = (bytes[500] ?? 0) ^ 1;
      await writeFile(path, bytes);
    },
  };
  for (const [how, damage] of Object.entries(harm)) {
    const { clip, sealed } = await storeClip(cloud, home, random.bytes(2_000));
    const ask = (range = "bytes=0-") =>
      call(cloud, "GET", `/v1/clips/${clip}/segments/0`, { token: home.token, headers: { range } });
    t.equal((await ask()).status, 206, how);
    const folder = join(cloud.directory, "vault/clips", home.board.id, clip);
    const [body = ""] = await readdir(folder);
    await damage(join(folder, body));
    for (const range of ["bytes=0-", "bytes=0-9", `bytes=${sealed.length - 1}-`]) {
      const answer = await ask(range);
      t.equal(answer.status, 500, `${how}, ${range}`);
      t.equal(answer.body?.type, "urn:lintel:problem:segment-damaged");
      for (const name of ["content-range", "etag", "repr-digest"]) t.equal(answer.headers[name], undefined);
    }
    const what = how === "missing" ? "missing" : "damaged";
    t.same(cloud.damages.pop(), { camera: home.board.id, clip, index: 0, what });
    t.same(cloud.damages, [], "told once");
  }
  t.equal((await cloud.vault.reader.health()).bodiesDamaged, 4);
  const { clip } = await storeClip(cloud, home, random.bytes(2_000));
  await cloud.db
    .updateTable("segment")
    .set({ header: toBase64(random.bytes(200)) })
    .where("clip", "=", clip)
    .execute();
  const bent = await call(cloud, "GET", `/v1/clips/${clip}/segments/0`, { token: home.token });
  t.equal(bent.body?.type, "urn:lintel:problem:segment-damaged", "a header that was changed, too");
});

test("errors of the storage are known by their codes, and no other error is one", (t) => {
  const coded = (code: unknown) => storageFaultOf(Object.assign(new Error("x"), { code }));
  for (const code of ["ENOSPC", "EDQUOT", "SQLITE_FULL"]) t.equal(coded(code), "full", code);
  for (const code of ["EIO", "EROFS", "SQLITE_IOERR", "SQLITE_IOERR_WRITE", "SQLITE_BUSY", "SQLITE_READONLY"])
    t.equal(coded(code), "failed", code);
  for (const code of ["SQLITE_CONSTRAINT_UNIQUE", "SQLITE_ERROR", "ECONNRESET", 28, undefined])
    t.equal(coded(code), undefined, String(code));
  t.equal(storageFaultOf("ENOSPC"), undefined);
  t.end();
});
