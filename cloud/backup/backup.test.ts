import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Test, test } from "tap";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { ClipId } from "../../shared/kernel/ids.js";
import { openDatabase } from "../database.io.js";
import { collect, makeClip, type RigSegment, systemClock } from "../ingest/segment.contract.js";
import { dayMillis } from "../vault/clip.js";
import { holds, household, type Setting, setUp, signer, store } from "../vault/setting.contract.js";
import { openShredKeys } from "../vault/shred.io.js";
import { openVault, type Vault } from "../vault/vault.io.js";
import { backUp } from "./backup.io.js";
import { startDaily } from "./daily.io.js";
import { restore } from "./restore.io.js";

// A vault that runs, is backed up beside its work, lost, and brought back.

const rule = { retentionDays: 30, longestDays: 60, bytesMax: 2 ** 40, householdBytesMax: 2 ** 40 };

interface Drill {
  readonly setting: Setting;
  readonly folder: string;
  backUp(at?: Millis): ReturnType<typeof backUp>;
  /** The newest state as a vault of its own, opened. */
  restored(at?: Millis, withoutClips?: boolean): Promise<{ vault: Vault; data: string }>;
}

async function drill(t: Test): Promise<Drill> {
  const data = join(t.testdir({}), "data");
  mkdirSync(data, { mode: 0o700 });
  const setting = await setUp(t, { directory: data, database: "cloud.db" });
  mkdirSync(join(data, "identity"), { mode: 0o700 });
  for (const name of ["ca.key", "ca.pem"]) writeFileSync(join(data, "identity", name), name, { mode: 0o600 });
  const folder = `${data}-backup`;
  let restores = 0;
  return {
    setting,
    folder,
    backUp: (at = systemClock.wall()) => backUp(data, folder, at),
    async restored(at = systemClock.wall(), withoutClips = false) {
      const to = `${data}-${restores++}`;
      await restore(folder, to, at, { withoutClips });
      const db = await openDatabase(join(to, "cloud.db"));
      const directory = join(to, "vault");
      const vault = await openVault({ ...rule, directory, db, clock: systemClock });
      t.teardown(() => vault.close().then(() => db.destroy()));
      return { vault, data: to };
    },
  };
}

async function clipIn({ setting }: Drill): Promise<RigSegment> {
  const [first, ...more] = await makeClip(signer, 2, { bodyBytes: 3_000 });
  if (first === undefined) throw new Error("a clip has segments");
  for (const segment of [first, ...more]) await store(setting, segment);
  return first;
}

async function opens(vault: Vault, { clip, index, file }: RigSegment): Promise<boolean> {
  const stored = await vault.reader.segment(household, clip, index);
  if (stored === undefined || !(await stored.isWhole())) return false;
  return (await collect(stored.read(0, stored.bytes))).equals(file);
}

const later = (days: number): Millis => millis(systemClock.wall() + days * dayMillis);

test("what a backup brings back opens as it was sealed, and goes on where it stood", async (t) => {
  const d = await drill(t);
  const [a, b] = [await clipIn(d), await clipIn(d)];
  t.match(await d.backUp(), { bodies: 4, bodiesCopied: 4, statesDropped: 0 });
  const c = await clipIn(d);
  t.match(
    await d.backUp(millis(systemClock.wall() + 1)),
    { bodies: 6, bodiesCopied: 2 },
    "a body is copied once",
  );
  const { vault } = await d.restored();
  for (const segment of [a, b, c]) t.ok(await opens(vault, segment));
  t.equal(vault.writer.vaultKey, d.setting.vault.writer.vaultKey, "cameras believe this key only");
  t.equal((await vault.reader.health()).bytesStored, (await d.setting.vault.reader.health()).bytesStored);
  await t.rejects(restore(d.folder, d.folder, systemClock.wall(), { withoutClips: false }), {
    message: /is not empty/,
  });
});

test("eight days after a clip was deleted nothing in the backups opens it, and no state from before is left", async (t) => {
  const d = await drill(t);
  const [lost, stays] = [await clipIn(d), await clipIn(d)];
  const keys = await openShredKeys(join(d.setting.directory, "vault/shred.db"));
  const key = Buffer.from(
    Buffer.from((await keys.find({ household, id: lost.clip })) ?? []).toString("base64"),
  );
  await keys.close();
  await d.backUp();
  t.not(holds(d.folder, key).length, 0, "the key is where the search looks");
  await d.setting.vault.eraser.erase(household, lost.clip);
  await d.backUp(later(2));
  const { vault } = await d.restored(later(2));
  t.notOk(await opens(vault, lost));
  t.ok(await opens(vault, stays));
  t.match(await d.backUp(later(8)), { statesDropped: 1 });
  t.same(holds(d.folder, key), []);
  t.same(holds(d.folder, lost.body), [], "its sealed bytes went too");
  t.ok(await opens((await d.restored(later(8))).vault, stays));
});

test("keys older than the shred window are not used; the rest comes back when asked for without clips", async (t) => {
  const d = await drill(t);
  const clip = await clipIn(d);
  await d.backUp();
  await t.rejects(d.restored(later(7.1)), { message: /more than 7 days old.*--without-clips/ });
  const { vault, data } = await d.restored(later(7.1), true);
  t.notOk(await opens(vault, clip));
  t.same((await vault.reader.clips(household, { limit: 9 })).items, []);
  t.same(holds(data, clip.body), []);
});

test("clips that come and go while a backup is made are in it whole or not at all", async (t) => {
  const d = await drill(t);
  const before = await Promise.all([clipIn(d), clipIn(d), clipIn(d)]);
  const busy = (async () => {
    for (const { clip } of before) {
      await d.setting.vault.eraser.erase(household, clip);
      await clipIn(d);
    }
  })();
  const made = d.backUp();
  await Promise.all([busy, made]);
  const { vault } = await d.restored();
  for (const { id } of (await vault.reader.clips(household, { limit: 50 })).items) {
    const stored = await vault.reader.segment(household, id as ClipId, 0);
    t.ok(await stored?.isWhole());
  }
});

test("a backup that was cut off counts for nothing, and the next one takes it away", async (t) => {
  const d = await drill(t);
  const clip = await clipIn(d);
  await t.rejects(d.restored(), { message: /holds no backup/ });
  await d.backUp();
  const states = join(d.folder, "states");
  mkdirSync(join(states, "999999999999999.making"));
  t.ok(await opens((await d.restored()).vault, clip));
  await d.backUp(millis(systemClock.wall() + 1));
  t.equal(readdirSync(states).length, 2);
});

test("a backup is due a day after the newest there is, is tried again while it fails, and old states go all the same", async (t) => {
  const { folder, backUp: make } = await drill(t);
  let now = systemClock.wall();
  let full = false;
  let sure = true;
  let made = 0;
  const faults: unknown[] = [];
  const daily = () =>
    startDaily({
      folder,
      now: () => now,
      isClockSure: async () => sure,
      backUp: async () => {
        if (full) throw new Error("no room");
        made += 1;
        await make(now);
      },
      onFault: (error) => faults.push(error),
    });
  const forward = (hours: number): void => {
    now = millis(now + hours * 3_600_000);
  };
  const first = daily();
  await first.look();
  await first.look();
  t.equal(made, 1, "at once, and once");
  await first.close();
  forward(20);
  const second = daily();
  t.teardown(() => second.close());
  await second.look();
  t.equal(made, 1, "a new start is no new day");
  forward(5);
  await second.look();
  t.equal(made, 2);
  full = true;
  forward(24);
  await second.look();
  await second.look();
  t.match(faults, [{ message: "no room" }, { message: "no room" }]);
  const states = () => readdirSync(join(folder, "states")).length;
  t.equal(states(), 2);
  forward(8 * 24);
  sure = false;
  await second.look();
  t.equal(states(), 2, "a clock that leapt ends nothing");
  sure = true;
  await second.look();
  t.equal(states(), 0, "keys do not outlive the window because the disk is full");
  full = false;
  await second.look();
  t.equal(made, 3);
});
