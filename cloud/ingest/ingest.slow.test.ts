import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "tap";
import { parseReceipt } from "../../shared/clip/custody.js";
import { householdIdOf } from "../../shared/kernel/ids.js";
import { chunkBytesMax } from "../../shared/protocol/limits.js";
import { writeMessage } from "../../shared/protocol/messages.js";
import { openNote, parseVerifier } from "../../shared/seal/note.js";
import { initOf } from "./camera.contract.js";
import { mosquittoMissing, type Scene, setUpScene, startRig } from "./rig.contract.js";
import { collect, makeClip, makeSegment, type RigSegment, systemRandom } from "./segment.contract.js";
import { partsPerCameraMax } from "./segments.io.js";

async function oneSegment({ camera }: Scene, bodyBytes = 100_000): Promise<RigSegment> {
  const [segment] = await makeClip(camera.camera, 1, { bodyBytes });
  if (segment === undefined) throw new Error("no segment");
  return segment;
}

async function storedFile({ rig, camera }: Scene, { clip, index }: RigSegment): Promise<Buffer | undefined> {
  const stored = await rig.vault.reader.segment(camera.camera.household, clip, index);
  return stored && collect(stored.read(0, stored.bytes));
}

/** Sends an announcement as it is and gives the answer's refusal code. */
async function refusalOf({ camera }: Scene, segment: RigSegment, init = initOf(segment)): Promise<string> {
  await camera.publish({ kind: "init" }, init);
  const answer = await camera.answer(segment);
  return answer.kind === "refused" ? answer.code : answer.kind;
}

for (const broker of ["embedded", "mosquitto"] as const) {
  const skip = broker === "mosquitto" && mosquittoMissing();
  test(`${broker}: a clip is stored, receipted, announced and read back byte for byte`, {
    skip,
  }, async (t) => {
    const scene = await setUpScene(t, { broker });
    const { rig, camera } = scene;
    const clip = await makeClip(camera.camera, 3, { bodyBytes: 1_500_000 });
    const key = parseVerifier(rig.vault.writer.vaultKey);
    if (!key.ok) return t.fail("the vault's key does not parse");
    const answers = await Promise.all(clip.map((segment) => camera.push(segment)));
    for (const [index, answer] of answers.entries()) {
      const segment = clip[index];
      if (answer.kind !== "done" || segment === undefined) return t.fail(JSON.stringify(answer));
      const note = openNote(answer.receipt, [key.value]);
      const receipt = note.ok ? parseReceipt(note.value.text) : note;
      t.match(receipt, { ok: true, value: { camera: camera.camera.id, clip: segment.clip, index } });
      t.ok((await storedFile(scene, segment))?.equals(segment.file), `segment ${index}`);
    }
    const kinds = rig.announced.map(({ kind }) => kind).filter((kind) => kind.startsWith("clip"));
    t.same(kinds.sort(), ["clip.ended", "clip.segment", "clip.segment", "clip.segment", "clip.started"]);
    const page = await rig.vault.reader.clips(rig.household, { limit: 10 });
    t.match(page, { items: [{ id: clip[0]?.clip, state: "complete", segments: 3 }] });
  });
}

test("a segment that is sent again is answered with the same receipt and stored once", async (t) => {
  const scene = await setUpScene(t);
  const segment = await oneSegment(scene);
  const first = await scene.camera.push(segment);
  const second = await scene.camera.push(segment);
  t.equal(first.kind, "done");
  t.same(second, first);
  t.equal(scene.rig.ingest.counts().segmentsStored, 1);
  t.equal(scene.rig.announced.filter(({ kind }) => kind === "clip.segment").length, 1);
});

test("chunks that come in another order, twice or not at all cost time, nothing else", async (t) => {
  const scene = await setUpScene(t);
  const segment = await oneSegment(scene, 400_000);
  const { clip, index } = segment;
  await scene.camera.publish({ kind: "init" }, initOf(segment));
  t.match(await scene.camera.answer(segment), { kind: "progress", stored: 0 });
  const offsets = Array.from({ length: 14 }, (_, at) => at * chunkBytesMax);
  const jumbled = offsets
    .filter((_, at) => at !== 2)
    .flatMap((offset, at) => (at % 3 === 0 ? [offset, offset] : [offset]));
  for (const offset of jumbled) {
    const body = segment.body.subarray(offset, offset + chunkBytesMax);
    if (body.length > 0)
      await scene.camera.publish({ kind: "chunk", node: "local", clip, index, offset }, body);
  }
  for (let stored = 0; stored !== 2 * chunkBytesMax; ) {
    const answer = await scene.camera.answer(segment);
    if (answer.kind !== "progress") return t.fail(answer.kind);
    stored = answer.stored;
  }
  t.equal((await scene.camera.push(segment)).kind, "done");
  t.ok((await storedFile(scene, segment))?.equals(segment.file));
  t.ok(scene.rig.ingest.counts().chunksDropped > 10);
});

test("a segment that is not what its note says is damaged, and the right bytes are taken afterwards", async (t) => {
  const scene = await setUpScene(t);
  const segment = await oneSegment(scene);
  for (const at of [0, 50_000, segment.body.length - 1]) {
    const body = Buffer.from(segment.body);
    body[at] = (body[at] ?? 0) ^ 1;
    t.match(
      await scene.camera.push({ ...segment, body }),
      { kind: "refused", code: "damaged" },
      `byte ${at}`,
    );
  }
  const longer = { ...segment, body: Buffer.concat([segment.body, Buffer.alloc(1)]) };
  t.match(await scene.camera.push(longer), { kind: "refused", code: "damaged" }, "a byte more");
  t.equal(await storedFile(scene, segment), undefined, "nothing of it counts");
  t.match(scene.rig.ingest.gauges(), { openSegments: 0, pendingBytes: 0 });
  t.equal((await scene.camera.push(segment)).kind, "done");
});

test("an announcement whose header is missing, cut, too long or another's is damaged", async (t) => {
  const scene = await setUpScene(t);
  const segment = await oneSegment(scene);
  const { header, body } = segment;
  const wrong = {
    missing: new Uint8Array(),
    cut: header.subarray(0, header.length - 1),
    "with a byte of the body": Buffer.concat([header, body.subarray(0, 1)]),
    "not a header": Buffer.alloc(200, 65),
  };
  for (const [name, bytes] of Object.entries(wrong)) {
    t.equal(await refusalOf(scene, segment, initOf({ ...segment, header: bytes })), "damaged", name);
  }
  const bent = Buffer.from(header);
  bent[header.length - 5] = (bent[header.length - 5] ?? 0) === 65 ? 66 : 65;
  t.match(
    await scene.camera.push({ ...segment, header: bent }),
    { kind: "refused", code: "damaged" },
    "another's",
  );
  const empty = await makeSegment(scene.camera.camera, {
    clip: segment.clip,
    end: "interrupted",
    bodyBytes: 0,
  });
  t.equal(await refusalOf(scene, empty, initOf({ ...empty, header })), "damaged", "a header for no bytes");
});

test("a note that another signed, or that is about another camera or household, is forged", async (t) => {
  const scene = await setUpScene(t);
  const sibling = await scene.rig.camera();
  const foreign = householdIdOf(systemRandom.bytes(32));
  const { camera } = scene.camera;
  const mine = await oneSegment(scene);
  const forged: Readonly<Record<string, RigSegment>> = {
    "a sibling's own": await makeSegment(sibling, { clip: mine.clip }),
    "in a sibling's name": await makeSegment({ ...camera, id: sibling.id }, { clip: mine.clip }),
    "signed with a sibling's key": await makeSegment(
      { ...camera, signer: sibling.signer },
      { clip: mine.clip },
    ),
    "in another household": await makeSegment({ ...camera, household: foreign }, { clip: mine.clip }),
    "changed by one byte": { ...mine, note: mine.note.replace("end complete", "end interrupted") },
  };
  for (const [name, segment] of Object.entries(forged))
    t.equal(await refusalOf(scene, segment), "forged", name);
  t.equal((await scene.camera.push(mine)).kind, "done");
});

test("messages that are not what their topic says are counted, and nothing comes of them", async (t) => {
  const scene = await setUpScene(t);
  const { camera, rig } = scene;
  const segment = await oneSegment(scene);
  const junk = [
    new Uint8Array(),
    Buffer.from("{"),
    Buffer.from("[]"),
    Buffer.alloc(90_000, 0x5b),
    systemRandom.bytes(50),
  ];
  for (const payload of [...junk, initOf(segment).subarray(0, 100)])
    await camera.publish({ kind: "init" }, payload);
  for (const kind of ["event", "status", "charter"] as const)
    await camera.publish({ kind }, Buffer.from("{}"));
  const nothing = { kind: "chunk", node: "local", clip: segment.clip, index: 0, offset: 0 } as const;
  await camera.publish(nothing, segment.body.subarray(0, 100));
  t.equal((await camera.push(segment)).kind, "done");
  t.equal(rig.ingest.counts().messagesRefused, 9);
  t.equal(rig.ingest.counts().chunksDropped, 1);
});

test("a camera that no charter names is told so, and its events are not acknowledged", async (t) => {
  const scene = await setUpScene(t);
  const segment = await oneSegment(scene);
  scene.rig.cameras.delete(scene.camera.camera.id);
  t.equal(await refusalOf(scene, segment), "unknown-camera");
});

test("what a camera had begun to send ends with the charter that names it no more", async (t) => {
  const { rig, camera } = await setUpScene(t);
  const [segment] = await makeClip(camera.camera, 1, { bodyBytes: 100_000 });
  if (segment === undefined) return;
  await camera.publish({ kind: "init" }, initOf(segment));
  t.equal((await camera.answer(segment)).kind, "progress");
  const { id } = camera.camera;
  rig.removed.set(id, camera.camera);
  rig.cameras.delete(id);
  await rig.ingest.charterChanged(rig.household);
  t.match(await camera.push(segment), { kind: "refused", code: "unknown-camera" });
});

test("another segment in a stored one's place is a conflict", async (t) => {
  const scene = await setUpScene(t);
  const segment = await oneSegment(scene);
  await scene.camera.push(segment);
  const other = await makeSegment(scene.camera.camera, { clip: segment.clip });
  t.equal(await refusalOf(scene, other), "conflict");
  const open = await oneSegment(scene);
  t.equal(await refusalOf(scene, open), "progress");
  const rival = await makeSegment(scene.camera.camera, { clip: open.clip });
  t.equal(await refusalOf(scene, rival), "conflict", "also while the first is on its way");
});

test("a deleted clip's segments are refused, with the household's word for the camera's own copy", async (t) => {
  const scene = await setUpScene(t);
  const { rig, camera } = scene;
  const segment = await oneSegment(scene);
  await camera.push(segment);
  await rig.vault.eraser.erase(rig.household, segment.clip, "the member's signed note");
  t.equal(await refusalOf(scene, segment), "deleted");
  const note = (text: string) =>
    camera.hears(
      ({ kind, payload }) => (kind === "delete" && Buffer.from(payload).includes(text)) || undefined,
    );
  t.ok(await note("the member's signed note"));
  await camera.publish({ kind: "charter" }, writeMessage({ v: 1, have: 0 }));
  t.ok(await note("the member's signed note"), "again when the camera connects and asks for charters");
});

test("a full vault refuses what is new and still knows what it has", async (t) => {
  const scene = await setUpScene(t, { bytesMax: 150_000 });
  const [one, two] = [await oneSegment(scene), await oneSegment(scene)];
  t.equal((await scene.camera.push(one)).kind, "done");
  t.equal(await refusalOf(scene, two), "full");
  t.equal((await scene.camera.push(one)).kind, "done");
});

test("a household beyond its limit is told `full`, its camera keeps what it has, and after a deletion all of it is stored", async (t) => {
  const scene = await setUpScene(t, { householdBytesMax: 150_000 });
  const [one, two] = [await oneSegment(scene), await oneSegment(scene)];
  t.equal((await scene.camera.push(one)).kind, "done");
  t.equal(await refusalOf(scene, two), "full");
  t.match(
    scene.rig.logged.find(({ event }) => event === "segment.refused"),
    { fields: { code: "full" } },
  );
  await scene.rig.vault.eraser.erase(scene.rig.household, one.clip);
  t.equal((await scene.camera.push(two)).kind, "done");
  t.ok((await storedFile(scene, two))?.equals(two.file));
});

test("a camera has a limited number of segments under way", async (t) => {
  const scene = await setUpScene(t);
  const codes: string[] = [];
  for (let index = 0; index <= partsPerCameraMax; index++)
    codes.push(await refusalOf(scene, await oneSegment(scene)));
  t.equal(codes.filter((code) => code === "progress").length, partsPerCameraMax);
  t.equal(codes.at(-1), "busy");
});

test("after a restart of the cloud a segment goes on where its part file ends", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "lintel-restart-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const before = await startRig({ directory });
  const device = await before.camera();
  const first = await before.connect(device);
  const [segment] = await makeClip(device, 1, { bodyBytes: 500_000 });
  if (segment === undefined) return;
  const { clip, index } = segment;
  await first.publish({ kind: "init" }, initOf(segment));
  await first.answer(segment);
  const piece = segment.body.subarray(0, chunkBytesMax);
  await first.publish({ kind: "chunk", node: "local", clip, index, offset: 0 }, piece);
  t.match(await first.answer(segment), { kind: "progress", stored: chunkBytesMax }, "40 ms later");
  await first.close();
  await before.close();

  const rig = await startRig({ directory, cameras: before.cameras });
  t.teardown(() => rig.close());
  const again = await rig.connect(device);
  t.teardown(() => again.close());
  await again.publish({ kind: "init" }, initOf(segment));
  t.match(await again.answer(segment), { kind: "progress", stored: chunkBytesMax });
  t.equal((await again.push(segment)).kind, "done");
  t.ok((await storedFile({ rig, camera: again }, segment))?.equals(segment.file));
});
