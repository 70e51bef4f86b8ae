import { test } from "tap";
import { parseReceipt } from "../../shared/clip/custody.js";
import { openNote, parseVerifier } from "../../shared/seal/note.js";
import { collect, makeClip, mosquittoMissing, startRig } from "./rig.contract.js";

for (const broker of ["embedded", "mosquitto"] as const) {
  const skip = broker === "mosquitto" && mosquittoMissing();
  test(`a segment pushed over ${broker} is stored, receipted and read back byte for byte`, {
    skip,
  }, async (t) => {
    const rig = await startRig({ broker });
    t.teardown(() => rig.close());
    const camera = await rig.camera();
    const connected = await rig.connect(camera);
    t.teardown(() => connected.close());
    const clip = await makeClip(camera, 2, { bodyBytes: 300_000 });

    for (const segment of clip) {
      const answer = await connected.push(segment);
      t.equal(answer.kind, "done");
      if (answer.kind !== "done") continue;
      const key = parseVerifier(rig.vault.writer.vaultKey);
      const receipt = key.ok ? openNote(answer.receipt, [key.value]) : key;
      t.ok(receipt.ok, "the receipt opens with the vault's key");
      const read = receipt.ok ? parseReceipt(receipt.value.text) : receipt;
      t.match(read, { ok: true, value: { camera: camera.id, clip: segment.clip, index: segment.index } });
      const stored = await rig.vault.reader.segment(rig.household, segment.clip, segment.index);
      t.ok(stored);
      const back = stored === undefined ? Buffer.alloc(0) : await collect(stored.read(0, stored.bytes));
      t.ok(back.equals(segment.file), "the same bytes");
    }
    t.match(
      rig.announced.map(({ kind }) => kind),
      ["clip.started", "clip.segment", "clip.segment", "clip.ended"],
    );
    t.match(await rig.vault.reader.clips(rig.household, { limit: 10 }), {
      items: [{ id: clip[0]?.clip, state: "complete", segments: 2 }],
    });
  });
}
