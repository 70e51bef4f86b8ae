import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "tap";
import type { HouseholdId } from "../../shared/kernel/ids.js";
import { readThumbnailAnswer } from "../../shared/protocol/messages.js";
import { filesUnder } from "../vault/setting.contract.js";
import type { TestCamera } from "./camera.contract.js";
import { type Scene, setUpScene, startRig } from "./rig.contract.js";
import { makeClip, makeSigner, type RigSegment, systemClock } from "./segment.contract.js";
import { makeThumbnail, type RigThumbnail, thumbnailMessage } from "./thumbnail.contract.js";

/** Sends a thumbnail, and what the cloud says of it. */
async function offer(camera: TestCamera, thumbnail: RigThumbnail): Promise<string> {
  await camera.publish({ kind: "thumbnail" }, thumbnailMessage(thumbnail));
  return camera.hears(({ kind, payload }) => {
    const read = kind === "thumbnail" ? readThumbnailAnswer(payload) : undefined;
    const { clip, take } = thumbnail;
    return read?.ok && read.value.clip === clip && read.value.take === take ? read.value.answer : undefined;
  });
}

/** A camera whose clip's first segment is stored. */
async function begun({ camera }: Scene): Promise<RigSegment> {
  const [segment] = await makeClip(camera.camera, 1);
  if (segment === undefined) throw new Error("a clip has a segment");
  await camera.push(segment);
  return segment;
}

test("a thumbnail is stored once its clip is, announced once, and read back as the camera sealed it", async (t) => {
  const scene = await setUpScene(t);
  const { rig, camera } = scene;
  const [segment] = await makeClip(camera.camera, 1);
  if (segment === undefined) return;
  const thumbnail = await makeThumbnail(camera.camera, segment);
  t.equal(await offer(camera, thumbnail), "no-clip");
  await camera.push(segment);
  const { clip } = segment;
  t.match(await rig.vault.reader.clip(rig.household, clip), { hasThumbnail: false });
  for (let round = 0; round < 2; round++) t.equal(await offer(camera, thumbnail), "stored");
  t.match(
    rig.announced.filter(({ kind }) => kind === "clip.thumbnail"),
    [{ clip, take: 1 }],
  );
  t.equal(rig.ingest.counts().thumbnailsStored, 1);
  const stored = await rig.vault.reader.thumbnail(rig.household, clip);
  t.ok(Buffer.from(stored?.file ?? []).equals(thumbnail.file));
  t.match(await rig.vault.reader.clips(rig.household, { limit: 1 }), { items: [{ hasThumbnail: true }] });
  const bytes = segment.file.length + thumbnail.file.length;
  t.match(await rig.vault.reader.clip(rig.household, clip), { bytes, thumbnail: { note: thumbnail.note } });
  t.equal(rig.vault.reader.room(rig.household).bytesStored, bytes, "it counts");
});

test("take 2 replaces take 1; take 1 never comes back, and no take is replaced by another of its number", async (t) => {
  const scene = await setUpScene(t);
  const { rig, camera } = scene;
  const { clip, file } = await begun(scene);
  const takes = [await makeThumbnail(camera.camera, { clip }), await makeThumbnail(camera.camera, { clip })];
  const [first, other] = takes;
  const second = await makeThumbnail(camera.camera, { clip, take: 2, plain: new Uint8Array(30_000) });
  if (first === undefined || other === undefined) return;
  t.equal(await offer(camera, first), "stored");
  t.equal(await offer(camera, other), "conflict");
  t.equal(await offer(camera, second), "stored");
  t.equal(await offer(camera, first), "stored", "a camera that repeats itself needs no more");
  const stored = await rig.vault.reader.thumbnail(rig.household, clip);
  t.ok(Buffer.from(stored?.file ?? []).equals(second.file));
  t.equal(rig.vault.reader.room(rig.household).bytesStored, file.length + second.file.length);
});

test("forged, foreign, damaged and unreadable thumbnails are refused and leave nothing", async (t) => {
  const scene = await setUpScene(t);
  const { rig, camera } = scene;
  const segment = await begun(scene);
  const { clip } = segment;
  const good = await makeThumbnail(camera.camera, { clip });
  const stranger = { ...makeSigner(rig.household), id: camera.camera.id };
  t.equal(await offer(camera, await makeThumbnail(stranger, { clip })), "forged");
  const elsewhere = { ...camera.camera, household: "aaaaaaaaaaaaaaaa" as HouseholdId };
  t.equal(await offer(camera, await makeThumbnail(elsewhere, { clip })), "forged", "another household");
  const neighbour = await rig.camera();
  t.equal(await offer(camera, await makeThumbnail(neighbour, { clip })), "forged", "another camera's note");
  const body = good.body.slice();
  body[100] = (body[100] ?? 0) ^ 1;
  t.equal(await offer(camera, { ...good, body }), "damaged");
  t.equal(await offer(camera, { ...good, body: good.body.subarray(1) }), "damaged");
  const split = { header: good.file.subarray(0, 50), body: good.file.subarray(50) };
  t.equal(await offer(camera, { ...good, ...split }), "damaged", "half of the header in the body");
  const theirs = await rig.connect(neighbour);
  t.teardown(() => theirs.close());
  t.equal(await offer(theirs, await makeThumbnail(neighbour, { clip })), "conflict", "another camera's clip");
  const before = rig.ingest.counts().messagesRefused;
  await camera.publish({ kind: "thumbnail" }, thumbnailMessage({ ...good, body: new Uint8Array(45_100) }));
  await camera.publish({ kind: "thumbnail" }, thumbnailMessage({ ...good, note: segment.note }));
  t.equal(await offer(camera, { ...good, body }), "damaged");
  t.equal(rig.ingest.counts().messagesRefused, before + 2, "too large; a segment's note");
  t.equal(await rig.vault.reader.thumbnail(rig.household, clip), undefined);
  rig.cameras.delete(camera.camera.id);
  t.equal(await offer(camera, good), "unknown-camera");
});

test("a clip's deletion takes its thumbnail along, for good; retention does, too", async (t) => {
  let ahead = 0;
  const clock = {
    ...systemClock,
    wall: () => (systemClock.wall() + ahead) as ReturnType<typeof systemClock.wall>,
  };
  const scene = await setUpScene(t, { clock });
  const { rig, camera } = scene;
  const [deleted, expired] = [await begun(scene), await begun(scene)];
  const first = await makeThumbnail(camera.camera, deleted);
  t.equal(await offer(camera, first), "stored");
  t.equal(await offer(camera, await makeThumbnail(camera.camera, expired)), "stored");
  await rig.vault.eraser.erase(rig.household, deleted.clip, "a signed note");
  t.equal(await rig.vault.reader.thumbnail(rig.household, deleted.clip), undefined);
  t.equal(await offer(camera, first), "deleted");
  await camera.hears(({ kind }) => kind === "delete" || undefined);
  t.ok(await rig.vault.reader.thumbnail(rig.household, expired.clip));
  for (let day = 0; day < 31; day++) {
    ahead += 86_400_000;
    await rig.vault.eraser.sweep();
  }
  t.equal(await rig.vault.reader.thumbnail(rig.household, expired.clip), undefined);
  t.equal(rig.vault.reader.room(rig.household).bytesStored, 0);
});

test("no file of the cloud holds a thumbnail's wrapped key; a full household's is refused", async (t) => {
  const scene = await setUpScene(t, { householdBytesMax: 150_000 });
  const { rig, camera } = scene;
  const { clip } = await begun(scene);
  const thumbnail = await makeThumbnail(camera.camera, { clip });
  t.equal(await offer(camera, thumbnail), "stored");
  const stanza = Buffer.from(thumbnail.header).toString().split("\n")[2] ?? "";
  t.ok(stanza.length > 40);
  const files = filesUnder(rig.directory).filter((path) => !path.startsWith(join(rig.directory, "keys")));
  t.same(
    files.filter((path) => readFileSync(path).includes(stanza)),
    [],
  );
  const large = await makeThumbnail(camera.camera, { clip, take: 2, plain: new Uint8Array(44_000) });
  const tight = await startRig({ householdBytesMax: 101_000 });
  t.teardown(() => tight.close());
  const device = await tight.connect(await tight.camera());
  t.teardown(() => device.close());
  const other = await begun({ rig: tight, camera: device });
  t.equal(await offer(device, await makeThumbnail(device.camera, other)), "full");
  t.equal(await offer(camera, large), "stored", "what it replaces makes room");
});
