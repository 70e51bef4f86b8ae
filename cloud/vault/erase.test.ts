import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { openDatabase } from "../database.io.js";
import { makeClip, systemClock } from "../ingest/segment.contract.js";
import { BetterSqlite3 } from "../sqlite.io.js";
import { dayMillis } from "./clip.js";
import { wrapped } from "./records.contract.js";
import { fileOf, holds, household, setUp, signer, store } from "./setting.contract.js";
import { openShredKeys } from "./shred.io.js";
import { openVault } from "./vault.io.js";

test("a deleted clip's shred key is in no file any more, its bodies are gone, and it cannot come back", async (t) => {
  const setting = await setUp(t);
  const clip = await makeClip(signer, 2);
  const [first] = clip;
  if (first === undefined) return;
  for (const segment of clip) await store(setting, segment);
  const keys = await openShredKeys(join(setting.directory, "vault/shred.db"));
  const key = await keys.find({ household, id: first.clip });
  await keys.close();
  const encoded = Buffer.from(Buffer.from(key ?? []).toString("base64"));
  t.equal(encoded.length, 44);
  t.not(holds(setting.directory, encoded).length, 0, "while the clip stands, its key does");

  t.equal(await setting.vault.eraser.erase(household, first.clip, "a signed note"), signer.id);
  t.same(holds(setting.directory, encoded), []);
  t.same(holds(setting.directory, first.body), []);
  t.equal(await fileOf(setting, first), undefined);
  t.match(await setting.vault.writer.standing(wrapped(signer, first)), {
    kind: "deleted",
    deletion: "a signed note",
  });
  t.match(await store(setting, first), { kind: "deleted" });
  t.same(await setting.vault.writer.deletions(signer.id), { notes: ["a signed note"] });
  t.equal(await setting.vault.eraser.erase(household, first.clip), undefined);
  t.equal((await setting.vault.reader.health()).bytesStored, 0);
});

test("a deletion cut off by a crash is finished by the next sweep", async (t) => {
  const setting = await setUp(t);
  const [segment] = await makeClip(signer, 1);
  if (segment === undefined) return;
  await store(setting, segment);
  const db = await openDatabase(join(setting.directory, "lintel.db"));
  await db.updateTable("clip").set({ deleted_at: Date.now() }).execute();
  await db.deleteFrom("segment").execute();
  await db.destroy();
  const [body = ""] = holds(setting.directory, segment.body);
  utimesSync(body, new Date(0), new Date(0));
  await setting.restart();
  await setting.vault.eraser.sweep();
  t.same(holds(setting.directory, segment.body), []);
  const keys = await openShredKeys(join(setting.directory, "vault/shred.db"));
  t.teardown(() => keys.close());
  t.same(await keys.all(), []);
});

test("a key that was destroyed by a process that died at once leaves the log with the next sweep", async (t) => {
  const setting = await setUp(t);
  const [segment] = await makeClip(signer, 1);
  if (segment === undefined) return;
  await store(setting, segment);
  const died = new BetterSqlite3(join(setting.directory, "vault/shred.db"));
  died.pragma("secure_delete = on");
  const row = died.prepare<[], { key: string }>("select key from shred_key").get();
  const key = Buffer.from(row?.key ?? "none");
  died.exec("delete from shred_key");
  t.not(holds(setting.directory, key).length, 0, "the log holds it still");
  await setting.vault.eraser.sweep();
  t.same(holds(setting.directory, key), []);
  died.close();
});

test("retention ends what arrived too long ago, and strays of crashes, and nothing else", async (t) => {
  const setting = await setUp(t);
  const [old] = await makeClip(signer, 1);
  const [young] = await makeClip(signer, 1, { bodyBytes: 50_000 });
  if (old === undefined || young === undefined) return;
  await store(setting, old);
  for (let day = 0; day < 29; day++) {
    setting.later(dayMillis);
    await setting.vault.eraser.sweep();
  }
  await store(setting, young);
  const beside = `${holds(setting.directory, young.body)[0]}x`;
  writeFileSync(beside, "a body whose row was never written");
  await setting.vault.eraser.sweep();
  t.ok((await fileOf(setting, old))?.equals(old.file), "29 days");
  setting.later(1.5 * dayMillis);
  await setting.vault.eraser.sweep();
  t.equal(await fileOf(setting, old), undefined, "30 days and a half");
  t.same(holds(setting.directory, old.body), []);
  t.ok((await fileOf(setting, young))?.equals(young.file));
  t.same(holds(setting.directory, Buffer.from("never written")), []);
  t.match(await setting.vault.writer.standing(wrapped(signer, old)), { kind: "deleted" });
});

test("strays that are no bodies end no sweep, and a step that fails keeps no other from being done", async (t) => {
  const setting = await setUp(t);
  const [old] = await makeClip(signer, 1);
  if (old === undefined) return;
  await store(setting, old);
  const vault = join(setting.directory, "vault");
  const at = (path: string): string => join(vault, path);
  const never = Buffer.from("never written");
  mkdirSync(at("clips/camera/clip/folder"), { recursive: true });
  mkdirSync(at("parts/camera/folder"), { recursive: true });
  for (const path of ["clips/stray", "clips/camera/stray", "clips/camera/clip/0-00.body", "parts/stray"])
    writeFileSync(at(path), never);
  setting.later(1.5 * dayMillis);
  await setting.vault.eraser.sweep();
  t.same(
    [...holds(setting.directory, never)].sort(),
    ["clips/camera/stray", "clips/stray", "parts/stray"].map(at),
    "only what lies where a body would",
  );
  symlinkSync("loop", at("clips/loop"));
  for (let day = 0; day < 30; day++) {
    setting.later(dayMillis);
    await t.rejects(setting.vault.eraser.sweep(), /^retention: .*stray bodies: .*ELOOP[^;]*$/);
  }
  t.equal(await fileOf(setting, old), undefined);
  writeFileSync(at("parts/camera/a.0.part"), never);
  setting.later(1.5 * dayMillis);
  await t.rejects(setting.vault.eraser.sweep());
  t.notOk(
    holds(setting.directory, never).includes(at("parts/camera/a.0.part")),
    "the steps after it were done",
  );
});

test("a lost database destroys nothing: with its backup every clip opens again", async (t) => {
  const setting = await setUp(t);
  const [segment] = await makeClip(signer, 1);
  if (segment === undefined) return;
  await store(setting, segment);
  const empty = await openDatabase(":memory:");
  const clock = { ...systemClock, wall: () => millis(Date.now() + 1.5 * dayMillis) };
  const directory = join(setting.directory, "vault");
  const vault = await openVault({
    directory,
    db: empty,
    clock,
    retentionDays: 30,
    longestDays: 60,
    bytesMax: 2 ** 40,
    householdBytesMax: 2 ** 40,
    clockChecked: undefined,
  });
  await vault.eraser.sweep();
  await vault.close();
  await empty.destroy();
  t.ok((await fileOf(setting, segment))?.equals(segment.file));
});

test("a clock that leapt ends nothing until somebody has looked at it or it is right again", async (t) => {
  const setting = await setUp(t);
  const [segment] = await makeClip(signer, 1);
  if (segment === undefined) return;
  await store(setting, segment);
  for (const swept of [false, true]) {
    setting.later(365 * dayMillis);
    await setting.restart();
    await setting.vault.eraser.sweep();
    t.ok((await fileOf(setting, segment))?.equals(segment.file), `swept before: ${swept}`);
    t.match(await setting.vault.reader.health(), { clockDoubtful: true });
    setting.later(-365 * dayMillis);
    await setting.vault.eraser.sweep();
    t.match(await setting.vault.reader.health(), { clockDoubtful: false });
  }
  const checked = await setUp(t, {
    directory: setting.directory,
    clockChecked: millis(Date.now() + 366 * dayMillis),
  });
  checked.later(365 * dayMillis);
  await checked.vault.eraser.sweep();
  t.match(await checked.vault.reader.health(), { clockDoubtful: false });
  t.equal(await fileOf(checked, segment), undefined, "the operator says that a year went by");
});
