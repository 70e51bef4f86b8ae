import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Test, test } from "tap";
import { cameraIdOf } from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import type { Status } from "../../shared/protocol/messages.js";
import { forgetHome, readHomeBroker, tryHome } from "./broker.io.js";
import { describe, healthOf, retainedTopics } from "./discovery.js";
import { openHome } from "./home.io.js";

const random = seededPrng(7);
const camera = cameraIdOf(random.bytes(32));
const status: Extract<Status, { state: "online" }> = {
  ...{
    v: 1,
    state: "online",
    at: "2026-11-22T00:00:00.000Z",
    firmware: "0.1.0",
    source: "rtsp://u:p@h/",
    video: "copied",
  },
  ...{
    recording: false,
    clock: "synchronised",
    charter: 3,
    mode: "detect",
    modeCounter: 4,
    uptimeSeconds: 9,
  },
  ...{
    outboxSegments: 2,
    outboxBytes: 10,
    diskFreeBytes: 99,
    cameraRestarts: 0,
    trouble: ["the card is worn"],
  },
};

/** A state directory that names this server as the home's broker. */
async function named(t: Test, behave: (socket: Socket) => void) {
  const state = mkdtempSync(join(tmpdir(), "lintel-home-"));
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket.on("error", () => undefined));
    behave(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const broker = { host: "127.0.0.1", port, tls: false, picture: true };
  writeFileSync(join(state, "homebroker.json"), JSON.stringify(broker));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(state, { recursive: true });
  });
  return { state, broker };
}

const open = (state: string, log: (event: string) => void = () => undefined) =>
  openHome({ state, camera, name: "Front door", firmware: "0.1.0", certificateDays: () => 12, random, log });

const evil: Readonly<Record<string, (socket: Socket) => void>> = {
  "says nothing": () => undefined,
  "hangs up": (socket) => socket.destroy(),
  "answers nonsense": (socket) => void socket.end(Buffer.alloc(2_000, 0xff)),
  "takes us and reads no more": (socket) =>
    void socket.once("data", () => socket.pause().write(Buffer.from([0x20, 2, 0, 0]))),
};
for (const [what, behave] of Object.entries(evil)) {
  test(`a broker that ${what} is never waited for, and what it does not take is dropped`, async (t) => {
    const { state } = await named(t, behave);
    const home = open(state);
    const before = performance.now();
    for (let count = 0; count < 200; count += 1) {
      home.happened("press");
      home.status(status);
      home.picture(random.bytes(50_000));
      if (count % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    t.ok(performance.now() - before < 2_000);
    await home.close();
    t.ok(performance.now() - before < 4_000, "and its end is not waited for either");
  });
}

test("without a broker, or with a damaged file, the camera runs all the same", async (t) => {
  const { state, broker } = await named(t, () => undefined);
  t.same(readHomeBroker(state), broker);
  const logged: string[] = [];
  for (const text of [
    "{",
    "{}",
    JSON.stringify({ ...broker, port: 0 }),
    JSON.stringify({ ...broker, more: 1 }),
  ]) {
    writeFileSync(join(state, "homebroker.json"), text);
    const home = open(state, (event) => logged.push(event));
    home.happened("motion");
    home.status({ v: 1, state: "offline" });
    await home.close();
  }
  t.same(logged, Array(4).fill("home.damaged"));
  t.equal(readHomeBroker(join(state, "absent")), undefined);
});

test("a broker that cannot be told says why", async (t) => {
  const { broker } = await named(t, (socket) => socket.destroy());
  t.match(await tryHome(broker, camera), /ended|ECONN/);
  t.match(await forgetHome({ ...broker, port: 1 }, camera), /ECONNREFUSED|ended/);
});

test("the picture's entity is there only where the household wants it; each entity has an id of its own", async (t) => {
  const doorbell = { camera, name: "Front door", firmware: "0.1.0" };
  t.notMatch(JSON.stringify(describe({ ...doorbell, picture: false })), /picture|image/);
  const text = JSON.stringify(describe({ ...doorbell, picture: true }));
  t.match(text, /"image_topic":"lintel\/[a-z2-7]{16}\/picture"/);
  const ids = [...text.matchAll(/"unique_id":"([^"]+)"/g)].map(([, id]) => id);
  t.equal(new Set(ids).size, 8);
  t.equal(retainedTopics(camera).length, 3);
});

test("health says how much and whether, and neither the source's password nor what is wrong", async (t) => {
  t.same(healthOf(status, 12), {
    ...{ diskFreeBytes: 99, queueSegments: 2, certificateDays: 12, mode: "detect", trouble: "ON" },
  });
});
