import { type Test, test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { cameraIdOf, timeOf } from "../../shared/kernel/ids.js";
import { makeClip, type RigSegment } from "../ingest/segment.contract.js";
import { dayMillis } from "./clip.js";
import { fileOf, holds, household, type Setting, setUp, signer, store } from "./setting.contract.js";

/** A vault with one stored clip of two segments. */
async function kept(t: Test): Promise<{ readonly setting: Setting; readonly first: RigSegment }> {
  const setting = await setUp(t);
  const clip = await makeClip(signer, 2);
  for (const segment of clip) await store(setting, segment);
  const [first] = clip;
  if (first === undefined) throw new Error("a clip has segments");
  return { setting, first };
}

const windowOf = ({ clip }: RigSegment) => {
  const at = timeOf(clip);
  return { household, camera: signer.id, from: millis(at - 1_000), to: millis(at + 1_000) };
};

/** Days pass, each with its sweep. */
async function pass({ vault, later }: Setting, days: number): Promise<void> {
  for (let day = 0; day < days; day += 1) {
    later(dayMillis);
    await vault.eraser.sweep();
  }
}

test("what an order keeps stays past its retention and the ceiling, sealed, and goes once the order does", async (t) => {
  const { setting, first } = await kept(t);
  const { custodian } = setting.vault;
  await custodian.hold("order", windowOf(first));
  await custodian.hold("order", windowOf(first));
  t.equal(await custodian.holds(household), true);
  await pass(setting, 62);
  t.same(await fileOf(setting, first), Buffer.from(first.file), "as its camera sealed it");
  await custodian.lift("order");
  t.equal(await custodian.holds(household), false);
  await setting.vault.eraser.sweep();
  t.equal(await fileOf(setting, first), undefined);
  t.same(holds(setting.directory, first.body), []);
});

test("another camera's order, and one for another hour, keep nothing", async (t) => {
  const { setting, first } = await kept(t);
  const { custodian } = setting.vault;
  const window = windowOf(first);
  await custodian.hold("elsewhere", { ...window, camera: cameraIdOf(Uint8Array.of(1)) });
  await custodian.hold("before", { ...window, to: window.from });
  await custodian.hold("after", { ...window, from: window.to, to: millis(window.to + 1) });
  await pass(setting, 32);
  t.same(holds(setting.directory, first.body), []);
});

test("a kept recording that its household deletes is gone for the household at once, and for all when the order ends", async (t) => {
  const { setting, first } = await kept(t);
  const { custodian, eraser, reader } = setting.vault;
  const window = windowOf(first);
  await custodian.hold("order", window);
  t.equal(await eraser.erase(household, first.clip, "a signed note"), signer.id);
  t.equal(await reader.clip(household, first.clip), undefined);
  t.equal(await fileOf(setting, first), undefined);
  t.match(await store(setting, first), { kind: "deleted" });
  await eraser.sweep();
  await setting.restart();
  const again = setting.vault.custodian;
  t.same(await again.clips(window), [first.clip]);
  t.equal((await again.segment({ household, id: first.clip }, 0))?.bytes, first.file.length);
  t.equal((await again.segment({ household, id: first.clip }, 0))?.sha256.length, 44);
  await again.lift("order");
  await setting.vault.eraser.sweep();
  t.same(await again.clips(window), []);
  t.same(holds(setting.directory, first.body), []);
  t.equal(await again.segment({ household, id: first.clip }, 0), undefined);
  t.equal((await setting.vault.reader.health()).bytesStored, 0);
  t.match(await store(setting, first), { kind: "deleted" }, "and it cannot come back");
});
