import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { writeMessage } from "../../shared/protocol/messages.js";
import { initOf, makeCamera, type TestCamera } from "../ingest/camera.contract.js";
import { mosquittoMissing, type Rig, rigAuthority, startRig } from "../ingest/rig.contract.js";
import { makeClip, systemClock, testStatus } from "../ingest/segment.contract.js";
import { packetBytesMax } from "./bus.js";

const yearMillis = 366 * 24 * 60 * 60 * 1_000;

for (const broker of ["embedded", "mosquitto"] as const) {
  const skip = broker === "mosquitto" && mosquittoMissing();

  test(`${broker}: a camera cannot speak, listen or connect in another's name`, { skip }, async (t) => {
    const rig = await startRig({ broker });
    t.teardown(() => rig.close());
    const victim = await rig.camera();
    const attacker = await rig.camera();
    const good = await rig.connect(victim);
    t.teardown(() => good.close());

    const evil = await rig.connect(attacker);
    t.teardown(() => evil.close());
    await evil.client.subscribeAsync(`lt1/${victim.id}/down/#`).catch(() => undefined);
    await evil.client.subscribeAsync("#").catch(() => undefined);
    const [segment] = await makeClip(victim, 1);
    if (segment === undefined) return;
    const before = evil.heard.length;
    t.equal((await good.push(segment)).kind, "done");
    t.equal(evil.heard.length, before, "it hears nothing of what goes to the other");

    const [forged] = await makeClip(victim, 1);
    if (forged === undefined) return;
    // Acknowledged or cut off, as the broker likes; what counts is that it does not arrive.
    const topic = `lt1/${victim.id}/up/init`;
    await Promise.race([
      evil.client.publishAsync(topic, Buffer.from(initOf(forged)), { qos: 1 }),
      evil.closed(),
    ]);
    await good.publish({ kind: "init" }, initOf(segment));
    await good.answer(segment);
    t.equal(
      good.heard.filter(({ payload }) => Buffer.from(payload).includes(forged.clip)).length,
      0,
      "what it publishes in the other's place goes nowhere",
    );
  });

  test(`${broker}: neither another client id nor a foreign or missing certificate gets in`, {
    skip,
  }, async (t) => {
    const rig = await startRig({ broker });
    t.teardown(() => rig.close());
    const [victim, attacker] = [await rig.camera(), await rig.camera()];
    const good = await rig.connect(victim);
    t.teardown(() => good.close());
    const impostor = await rig
      .connect(attacker, { clientId: victim.id, username: victim.id })
      .catch(() => undefined);
    // A broker may refuse the connection, or admit it under its own certificate's name.
    await impostor?.close();
    t.ok(good.client.connected, "the other's connection stands");

    const foreign = await makeCamera(await rigAuthority(t.testdir({})), rig.household);
    await t.rejects(rig.connect(foreign), "another authority's certificate");
    const { port } = rig.ingest.address;
    const bare = connectTls({ host: "127.0.0.1", port, ca: rig.authority.caPem });
    bare.on("error", () => undefined);
    bare.on("secureConnect", () => bare.write(Buffer.from([0x10, 0x00])));
    bare.resume();
    await closeOf(bare);
    t.pass("no certificate at all");
    const plain = connectTcp({ host: "127.0.0.1", port });
    plain.on("error", () => undefined);
    plain.write("GET / HTTP/1.1\r\n\r\n");
    plain.resume();
    await closeOf(plain);
    t.pass("not even TLS");
  });

  test(`${broker}: an expired certificate gets nobody in, though its camera is the household's`, {
    skip,
  }, async (t) => {
    const rig = await startRig({ broker });
    t.teardown(() => rig.close());
    const longAgo = { ...systemClock, wall: () => millis(systemClock.wall() - 21 * yearMillis) };
    const expired = await makeCamera(await rigAuthority(rig.directory, longAgo), rig.household);
    rig.cameras.set(expired.id, expired);
    await t.rejects(rig.connect(expired), "the same authority signed it, for 20 years");
    const good = await rig.connect(await rig.camera());
    t.teardown(() => good.close());
    t.ok(good.client.connected, "a new one gets in");
  });

  test(`${broker}: a packet above the limit ends its connection and nobody else's`, { skip }, async (t) => {
    const rig = await startRig({ broker });
    t.teardown(() => rig.close());
    const [good, evil] = [await rig.connect(await rig.camera()), await rig.connect(await rig.camera())];
    t.teardown(() => Promise.all([good.close(), evil.close()]));
    const closed = evil.closed();
    void evil.publish({ kind: "init" }, new Uint8Array(packetBytesMax + 1)).catch(() => undefined);
    await closed;
    const [segment] = await makeClip(good.camera, 1);
    if (segment !== undefined) t.equal((await good.push(segment)).kind, "done");
  });
}

test("a camera that its charter names no more is disconnected, and refused when it comes again", async (t) => {
  const rig = await startRig();
  t.teardown(() => rig.close());
  const camera = await rig.camera();
  const connected = await rig.connect(camera);
  t.ok(rig.ingest.health(camera.id).online);
  rig.cameras.delete(camera.id);
  const closed = connected.closed();
  await rig.bus.recheck();
  await closed;
  t.notOk(rig.ingest.health(camera.id).online);
  await t.rejects(rig.connect(camera), { code: 5 }, "CONNACK 5, not authorised");
});

test("a certificate for another key than the charter's line is refused, though the same authority signed it", async (t) => {
  const rig = await startRig();
  t.teardown(() => rig.close());
  const camera = await rig.camera();
  const other = await makeCamera(rig.authority, rig.household, camera);
  await t.rejects(rig.connect(other), { code: 5 }, "another key in the camera's name");
  const connected = await rig.connect(camera);
  const closed = connected.closed();
  rig.cameras.set(camera.id, other);
  await rig.bus.recheck();
  await closed;
  t.pass("whose line gets another key is disconnected");
});

test("a camera that was removed while it was away may connect to learn it, and for nothing else", async (t) => {
  const rig = await startRig({ charters: [{ note: "removes it", openings: [] }] });
  t.teardown(() => rig.close());
  const camera = await rig.camera();
  rig.cameras.delete(camera.id);
  rig.removed.set(camera.id, camera);
  const connected = await rig.connect(camera);
  const closed = connected.closed();
  const [segment] = await makeClip(camera, 1);
  if (segment === undefined) return;
  t.match(await connected.push(segment), { kind: "refused", code: "unknown-camera" });
  await connected.publish({ kind: "status" }, writeMessage(testStatus));
  await connected.publish({ kind: "charter" }, Buffer.from('{"v":1,"have":0}'));
  const heard = await connected.hears(({ kind, payload }) =>
    kind === "charter" ? Buffer.from(payload).toString() : undefined,
  );
  t.match(heard, "removes it");
  await closed;
  t.same(rig.announced, []);
  t.equal(rig.ingest.health(camera.id).status, undefined, "what it says of itself is not noted");
  t.pass("then it is disconnected");
});

test("two devices with one identity are noticed", async (t) => {
  const rig = await startRig();
  t.teardown(() => rig.close());
  const camera = await rig.camera();
  const devices: TestCamera[] = [];
  for (let round = 0; round < 5; round++) devices.push(await rig.connect(camera));
  t.teardown(() => Promise.all(devices.map((device) => device.close())));
  t.equal(rig.ingest.counts().identityConflicts, 1);
  t.ok(rig.ingest.health(camera.id).identityConflict);
  t.ok(rig.ingest.health(camera.id).online, "the newest one is connected");
});

function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

/** Sends bytes over TLS with a camera's certificate, and waits until the server ends the connection. */
async function flood(rig: Rig, head: Uint8Array): Promise<void> {
  const camera = await rig.camera();
  const socket = connectTls({
    host: "127.0.0.1",
    port: rig.ingest.address.port,
    ca: rig.authority.caPem,
    cert: camera.certificate,
    key: camera.key,
  });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  socket.resume();
  socket.write(head);
  await closeOf(socket);
}

test("before it has said who it is, a client cannot make the broker gather more than a CONNECT", async (t) => {
  const rig = await startRig();
  t.teardown(() => rig.close());
  await flood(rig, Uint8Array.of(0x10, 0xff, 0xff, 0xff, 0x7f));
  t.pass("256 MB announced");
  await flood(rig, Uint8Array.of(0x30, 0x80, 0x80, 0x02));
  t.pass("32 KiB announced");
  t.equal(rig.logged.filter(({ event }) => event === "broker.packet-too-large").length, 2);
});

test("the broker keeps no chunk for later readers, even if a camera asks for it", async (t) => {
  const rig = await startRig();
  t.teardown(() => rig.close());
  const camera = await rig.camera();
  const connected = await rig.connect(camera, { clean: false });
  const topic = `lt1/${camera.id}/up/c/local/0199aaaa-0000-7000-8000-000000000000/0/0`;
  await connected.client.publishAsync(topic, Buffer.alloc(1000), { qos: 1, retain: true });
  const twice = connected.client.publishAsync(topic, Buffer.alloc(1000), { qos: 2 }).catch(() => "refused");
  t.equal(await Promise.race([twice, connected.closed().then(() => "refused")]), "refused", "QoS 2");
  const again = await rig.connect(camera, { clean: false });
  t.teardown(() => again.close());
  t.equal(rig.ingest.counts().chunksDropped, 1);
});

test("a camera that floods the broker, or subscribes without end, is cut off", async (t) => {
  const rig = await startRig();
  t.teardown(() => rig.close());
  const flooding = await rig.connect(await rig.camera());
  t.teardown(() => flooding.close());
  for (let i = 0; i < 700; i++)
    void flooding.publish({ kind: "charter" }, Buffer.from('{"v":1,"have":1}')).catch(() => 0);
  await flooding.closed();
  t.ok(rig.logged.some(({ event }) => event === "broker.flood-refused"));
  t.equal(
    rig.logged.filter(({ event }) => event === "broker.client-failed").length,
    1,
    "one line a connection",
  );

  const camera = await rig.camera();
  const greedy = await rig.connect(camera);
  t.teardown(() => greedy.close());
  for (let i = 0; i < 20; i++) void greedy.client.subscribeAsync(`lt1/${camera.id}/down/${i}`).catch(() => 0);
  await greedy.closed();
  t.ok(rig.logged.some(({ event }) => event === "broker.subscribe-refused"));
});
