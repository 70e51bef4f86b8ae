import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { test } from "tap";
import { householdIdOf } from "../../shared/kernel/ids.js";
import { openDatabase } from "../database.io.js";
import { collect, makeClip, makeSegment, makeSigner, systemRandom } from "../ingest/segment.contract.js";
import { recordsContract, wrapped } from "./records.contract.js";
import { fileOf, filesUnder, holds, household, setUp, signer, store } from "./setting.contract.js";
import { unwrapHeader, wrapHeader } from "./shred.io.js";

recordsContract("SQLite in memory", () => openDatabase(":memory:"));
recordsContract("SQLite on disk", () => {
  const directory = mkdtempSync(join(tmpdir(), "lintel-records-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  return openDatabase(join(directory, "lintel.db"));
});

test("what is stored comes back as the plain age file, also in ranges across header and body", async (t) => {
  const setting = await setUp(t);
  const [segment] = await makeClip(signer, 1, { bodyBytes: 600_000 });
  if (segment === undefined) return;
  t.match(await store(setting, segment), { kind: "stored", began: true, ended: "complete" });
  await setting.restart();
  t.ok((await fileOf(setting, segment))?.equals(segment.file));
  const stored = await setting.vault.reader.segment(household, segment.clip, 0);
  const edge = segment.header.length;
  for (const [start, end] of [
    [0, 1],
    [edge - 3, edge + 3],
    [edge, edge + 1],
    [5, 5],
    [600_000, segment.file.length],
  ] as const) {
    const piece = stored && (await collect(stored.read(start, end)));
    t.ok(piece?.equals(segment.file.subarray(start, end)), `${start} to ${end}`);
  }
  t.equal(
    await setting.vault.reader.segment(householdIdOf(systemRandom.bytes(32)), segment.clip, 0),
    undefined,
  );
});

test("no file and no row holds an age header, and nobody else may look into the vault", async (t) => {
  const setting = await setUp(t);
  const [segment] = await makeClip(signer, 1);
  if (segment === undefined) return;
  await store(setting, segment);
  t.equal(holds(setting.directory, segment.body).length, 1, "the body is there, so the search works");
  t.same(holds(setting.directory, segment.header.subarray(-40)), []);
  t.same(holds(setting.directory, Buffer.from("age-encryption.org")), []);
  t.equal(statSync(join(setting.directory, "vault")).mode & 0o777, 0o700);
  t.equal(statSync(join(setting.directory, "vault/vault.key")).mode & 0o777, 0o600);
  const key = setting.vault.writer.vaultKey;
  await setting.restart();
  t.equal(setting.vault.writer.vaultKey, key, "one key for ever");
});

test("the vault is not writable while no row can be written", async (t) => {
  const { vault, directory } = await setUp(t);
  const db = await openDatabase(join(directory, "lintel.db"));
  await sql`create trigger broken before insert on camera_status begin select raise(abort, 'no'); end`.execute(
    db,
  );
  await db.destroy();
  t.match(await vault.reader.health(), { writable: false });
});

test("nor while no file can be written", async (t) => {
  const { vault, directory } = await setUp(t);
  t.match(await vault.reader.health(), { writable: true });
  t.same(
    filesUnder(join(directory, "vault")).filter((path) => path.endsWith("probe")),
    [],
  );
  mkdirSync(join(directory, "vault", "probe"));
  const setting = await setUp(t, { directory });
  t.match(await setting.vault.reader.health(), { writable: false });
});

test("a part goes on where it was after a restart, and only a whole one with the right hash is asked for", async (t) => {
  const setting = await setUp(t);
  const [segment] = await makeClip(signer, 1);
  if (segment === undefined) return;
  const part = await setting.vault.writer.openPart(wrapped(signer, segment));
  await part.append([segment.body.subarray(0, 30_000), segment.body.subarray(30_000, 40_000)]);
  await part.close();
  await setting.restart();
  const again = await setting.vault.writer.openPart(wrapped(signer, segment));
  t.equal(again.stored, 40_000);
  await again.append([segment.body.subarray(40_000)]);
  t.equal(again.digest(), wrapped(signer, segment).note.sha256);
  await again.discard();
  t.same(await setting.vault.writer.partsOf(signer.id), []);
});

test("of segments that are ready together each is stored once, whatever their number", async (t) => {
  const setting = await setUp(t);
  const clips = await Promise.all(
    Array.from({ length: 20 }, () => makeClip(signer, 3, { bodyBytes: 5_000 })),
  );
  const outcomes = await Promise.all(clips.flat().map((segment) => store(setting, segment)));
  t.ok(outcomes.every(({ kind }) => kind === "stored"));
  t.equal(outcomes.filter(({ began }) => began).length, 20);
  t.equal(outcomes.filter(({ ended }) => ended === "complete").length, 20);
  for (const segment of clips.flat()) {
    if (!(await fileOf(setting, segment))?.equals(segment.file))
      return t.fail(`${segment.clip} ${segment.index}`);
  }
  const again = await Promise.all(clips.flat().map((segment) => store(setting, segment)));
  t.ok(
    again.every(({ kind, began }) => kind === "stored" && began === undefined),
    "a second time changes nothing",
  );
  t.equal(await setting.vault.writer.partCount(signer.id), 0, "and leaves no part behind");
});

test("a full vault says so, stores nothing partial, and takes again what a deletion made room for", async (t) => {
  const setting = await setUp(t, { bytesMax: 250_000 });
  const [one, two, three] = [
    await makeClip(signer, 1),
    await makeClip(signer, 1),
    await makeClip(signer, 1),
  ].flat();
  if (one === undefined || two === undefined || three === undefined) return;
  await store(setting, one);
  await store(setting, two);
  t.match(await setting.vault.writer.standing(wrapped(signer, three)), { kind: "full" });
  t.match(
    await setting.vault.writer.standing(wrapped(signer, one)),
    { kind: "stored" },
    "what is here is here",
  );
  await setting.vault.eraser.erase(household, one.clip);
  t.match(await setting.vault.writer.standing(wrapped(signer, three)), { kind: "absent" });
});

test("a household at its own limit is full while its neighbours are not, and takes again what a deletion made room for", async (t) => {
  const setting = await setUp(t, { householdBytesMax: 150_000 });
  const [one, two] = [await makeClip(signer, 1), await makeClip(signer, 1)].flat();
  if (one === undefined || two === undefined) return;
  t.match(await store(setting, one), { kind: "stored" });
  t.match(await setting.vault.writer.standing(wrapped(signer, two)), { kind: "full" });
  const neighbour = makeSigner(householdIdOf(systemRandom.bytes(32)));
  const [theirs] = await makeClip(neighbour, 1);
  if (theirs === undefined) return;
  t.match(await setting.vault.writer.standing(wrapped(neighbour, theirs)), { kind: "absent" });
  t.match(await setting.vault.reader.health(), { full: false }, "the vault itself takes more");
  const bytesStored = one.file.length;
  t.same(setting.vault.reader.room(household), { bytesStored, bytesMax: 150_000 });
  await setting.restart();
  t.same(setting.vault.reader.room(household), { bytesStored, bytesMax: 150_000 }, "after a restart, too");
  await setting.vault.eraser.erase(household, one.clip);
  t.same(setting.vault.reader.room(household), { bytesStored: 0, bytesMax: 150_000 });
  t.match(await store(setting, two), { kind: "stored" });
});

/** Why no small file system can be mounted here, or false. */
function mountMissing(): string | false {
  const directory = mkdtempSync(join(tmpdir(), "lintel-mount-"));
  const mounted = mountSmall(directory);
  if (mounted) spawnSync("umount", [directory]);
  rmSync(directory, { recursive: true });
  return mounted ? false : "a small file system cannot be mounted here";
}

function mountSmall(directory: string): boolean {
  return spawnSync("mount", ["-t", "tmpfs", "-o", "size=66m", "none", directory]).status === 0;
}

test("a full disk is a full vault, not a crash", { skip: mountMissing() }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "lintel-full-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  mountSmall(directory);
  // Registered before the vault's own, so that it runs after it.
  t.teardown(() => spawnSync("umount", [directory]));
  const setting = await setUp(t, { directory });
  const [segment] = await makeClip(signer, 1, { bodyBytes: 3_000_000 });
  if (segment === undefined) return;
  t.match(await setting.vault.writer.standing(wrapped(signer, segment)), { kind: "full" });
  t.match(await setting.vault.reader.health(), { full: true });
  writeFileSync(join(directory, "ballast"), Buffer.alloc(64 * 1024 * 1024));
  const part = await setting.vault.writer.openPart(wrapped(signer, segment));
  await t.rejects(part.append([segment.body]), { code: "ENOSPC" });
  await part.close();
  t.equal(await fileOf(setting, segment), undefined);
});

test("a wrapped header opens with its key in its place only", async (t) => {
  const [segment] = await makeClip(signer, 1);
  const header = segment?.header ?? new Uint8Array();
  const key = systemRandom.bytes(32);
  const text = wrapHeader(header, key, "a/b/0");
  t.same(Buffer.from(unwrapHeader(text, key, "a/b/0")), Buffer.from(header));
  t.throws(() => unwrapHeader(text, key, "a/b/1"));
  t.throws(() => unwrapHeader(text, systemRandom.bytes(32), "a/b/0"));
  const bytes = Buffer.from(text, "base64");
  for (const at of [0, 12, bytes.length - 17, bytes.length - 1]) {
    const bent = Buffer.from(bytes);
    bent[at] = (bent[at] ?? 0) ^ 1;
    t.throws(() => unwrapHeader(bent.toString("base64"), key, "a/b/0"), `byte ${at}`);
  }
  t.not(text, wrapHeader(header, key, "a/b/0"), "never the same twice");
});

test("a closing segment without bytes ends an interrupted clip", async (t) => {
  const setting = await setUp(t);
  const [first] = await makeClip(signer, 2);
  if (first === undefined) return;
  await store(setting, first);
  const closing = await makeSegment(signer, {
    clip: first.clip,
    index: 1,
    previous: first.hash,
    end: "interrupted",
    bodyBytes: 0,
  });
  t.match(await store(setting, closing), { kind: "stored", ended: "interrupted" });
  t.match(await setting.vault.reader.clip(household, first.clip), { state: "interrupted", segments: 2 });
  t.equal((await fileOf(setting, closing))?.length, 0);
});
