import { createPublicKey } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "tap";
import { newEventId } from "../../shared/kernel/ids.js";
import { type DoorEvent, writeMessage } from "../../shared/protocol/messages.js";
import { setUpScene, startRig } from "./rig.contract.js";
import { makeClip, systemClock, systemRandom, testStatus } from "./segment.contract.js";

function press(): DoorEvent {
  return {
    v: 1,
    id: newEventId(systemClock.wall(), systemRandom),
    kind: "press",
    at: "2026-11-01T12:00:00.000Z",
  };
}

test("an event is acknowledged after it is stored, each time it is sent, and kept once", async (t) => {
  const { rig, camera } = await setUpScene(t);
  const event = press();
  const acknowledged = (): Promise<true> =>
    camera.hears(
      ({ kind, payload }) => (kind === "event" && Buffer.from(payload).includes(event.id)) || undefined,
    );
  for (let round = 0; round < 2; round++) {
    await camera.publish({ kind: "event" }, writeMessage(event));
    t.ok(await acknowledged());
  }
  t.match(await rig.vault.reader.events(rig.household, { limit: 5 }), { items: [{ event }] });
  t.equal(rig.announced.filter(({ kind }) => kind === "event").length, 1);
});

test("a camera's status, its will and its silence are known, also after a restart", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "lintel-status-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const before = await startRig({ directory });
  const device = await before.camera();
  const camera = await before.connect(device);
  await camera.publish({ kind: "status" }, writeMessage(testStatus));
  // The charter's answer comes behind the status on the same connection.
  await camera.publish({ kind: "charter" }, writeMessage({ v: 1, have: 0 }));
  await camera.hears(({ kind }) => kind === "charter" || undefined);
  t.match(before.ingest.health(device.id), { online: true, status: { recording: true } });
  t.match(before.announced, [{ kind: "camera.status", camera: device.id }]);
  await camera.close();
  await before.close();
  const rig = await startRig({ directory, cameras: before.cameras });
  t.teardown(() => rig.close());
  t.match(rig.ingest.health(device.id), { online: false, status: { firmware: "0.1.0" } });
  t.same(rig.ingest.health((await rig.camera()).id), { online: false, identityConflict: false });
});

test("a camera gets the charters that it does not have, when it asks and when there is a new one", async (t) => {
  const charters = ["one", "two"].map((note) => ({ note, openings: [] }));
  const { rig, camera } = await setUpScene(t, { charters });
  const answer = (): Promise<unknown> =>
    camera.hears(({ kind, payload }) =>
      kind === "charter" ? JSON.parse(Buffer.from(payload).toString()) : undefined,
    );
  await camera.publish({ kind: "charter" }, writeMessage({ v: 1, have: 1 }));
  t.match(await answer(), { v: 1, charters: [{ note: "two" }] });
  charters.push({ note: "three", openings: [] });
  await rig.ingest.charterChanged(rig.household);
  t.same(await answer(), { v: 1, charters: [{ note: "three", openings: [] }] }, "not what it was sent");
  for (let index = 4; index <= 24; index++) charters.push({ note: `${index}`, openings: [] });
  await rig.ingest.charterChanged(rig.household);
  t.match(await answer(), { charters: { length: 16 } });
  await rig.ingest.charterChanged(rig.household);
  t.match(await answer(), { charters: [{ note: "20" }, { note: "21" }] }, "and the chain does not stall");
});

test("a camera that was connected before this node started is told, too, once it has spoken twice", async (t) => {
  const charters = ["one", "two"].map((note) => ({ note, openings: [] }));
  const { rig, camera } = await setUpScene(t, { charters });
  const answer = (): Promise<unknown> =>
    camera.hears(({ kind, payload }) =>
      kind === "charter" ? JSON.parse(Buffer.from(payload).toString()) : undefined,
    );
  for (let times = 0; times < 2; times++)
    await camera.publish({ kind: "status" }, writeMessage({ ...testStatus, charter: 1 }));
  t.match(await answer(), { charters: [{ note: "two" }] });
  charters.push({ note: "three", openings: [] });
  await rig.ingest.charterChanged(rig.household);
  t.match(await answer(), { charters: [{ note: "three" }] });
});

test("a camera hears of every deletion, page after page, before it hears of new charters; of all at once when it was removed", async (t) => {
  const charters = [{ note: "one", openings: [] }];
  const { rig, camera } = await setUpScene(t, { charters });
  for (let index = 0; index < 70; index++) {
    const [segment] = await makeClip(camera.camera, 1, { bodyBytes: 10 });
    if (segment === undefined) return;
    await camera.push(segment);
    await rig.vault.eraser.erase(rig.household, segment.clip, `deletion ${index} `);
  }
  await camera.publish({ kind: "charter" }, writeMessage({ v: 1, have: 0 }));
  const before = camera.heard.length;
  await camera.hears(({ kind }) => kind === "charter" || undefined);
  t.ok(before + camera.heard.length >= 64, "a page came before the charter");
  const heard = new Set<string>();
  while (heard.size < 70) {
    heard.add(
      await camera.hears(
        ({ kind, payload }) => (kind === "delete" ? Buffer.from(payload).toString() : undefined),
        8_000,
      ),
    );
  }
  const { id } = camera.camera;
  rig.removed.set(id, camera.camera);
  rig.cameras.delete(id);
  camera.heard.splice(0);
  await camera.publish({ kind: "charter" }, writeMessage({ v: 1, have: 1 }));
  const last = new Set<string>();
  await camera.hears(({ kind, payload }) => {
    if (kind === "delete") last.add(Buffer.from(payload).toString());
    return kind === "charter" || undefined;
  }, 8_000);
  t.same(last, heard);
});

test("a camera gets another certificate for its own key over its own connection, and for no other key", async (t) => {
  const { rig, camera } = await setUpScene(t);
  const answer = (): Promise<{ readonly certificate?: string }> =>
    camera.hears(({ kind, payload }) =>
      kind === "charter" ? JSON.parse(Buffer.from(payload).toString()) : undefined,
    );
  const spkiOf = ({ key }: { readonly key: string }): string =>
    createPublicKey(key).export({ type: "spki", format: "der" }).toString("base64");
  const ask = (tlsKey: string) =>
    camera.publish({ kind: "charter" }, writeMessage({ v: 1, have: 0, tlsKey }));
  await ask(spkiOf(await rig.camera()));
  t.notOk((await answer()).certificate);
  t.ok(rig.logged.some(({ fields }) => fields.why === "a certificate for another key"));
  await ask(spkiOf(camera.camera));
  t.notOk((await answer()).certificate, "first the charters");
  const { certificate = "" } = await answer();
  const renewed = await rig.connect({ ...camera.camera, certificate });
  t.ok(renewed.client.connected, "the broker takes it");
  await renewed.close();
});
