import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { t as tap, test } from "tap";
import { freePort } from "../../shared/kernel/freeport.contract.js";
import { followClips } from "../demo/follow.io.js";
import { placesIn, quiet, settle, startCamera, startCloud } from "../demo/home.io.js";
import { openAsOwner } from "../demo/recordings.io.js";
import { pressBell } from "./bell.io.js";
import { homeBroker } from "./install/homebroker.io.js";
import { reset } from "./install/reset.io.js";

// The firmware's real process, a real cloud, and a real Mosquitto in the place of the home's broker.

process.env.LINTEL_POSTROLL = "2"; // clips that end soon
const skip = missing("mosquitto") ?? false;
const folder = mkdtempSync(join(tmpdir(), "lintel-home-"));
const places = placesIn(folder);
const password = "the-homes-own-password";
tap.teardown(() => {
  rmSync(folder, { recursive: true, force: true });
  setImmediate(() => process.exit()); // the live stream would go on for ever
});

interface Heard {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retain: boolean;
}

/** A Mosquitto with one user, and everything that passes through it. */
async function startMosquitto(port: number) {
  const users = join(folder, "users");
  execFileSync("mosquitto_passwd", ["-b", "-c", users, "home", password], { stdio: "ignore" });
  const config = join(folder, "mosquitto.conf");
  writeFileSync(
    config,
    `listener ${port} 127.0.0.1\nallow_anonymous false\npassword_file ${users}\nuser root\n`,
  );
  const child: ChildProcess = spawn("mosquitto", ["-c", config], { stdio: "ignore" });
  const client = await listen(port);
  const heard: Heard[] = [];
  const waiting: (() => void)[] = [];
  client.on("message", (topic, payload, { retain }) => {
    heard.push({ topic, payload, retain });
    for (const resume of waiting.splice(0)) resume();
  });
  await client.subscribeAsync("#");
  const until = async (wanted: (one: Heard) => boolean): Promise<Heard> => {
    for (;;) {
      const found = heard.find(wanted);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  const stop = async (): Promise<void> => {
    await client.endAsync(true);
    child.kill();
    await once(child, "exit");
  };
  return { client, heard, until, stop };
}

/** The broker is there when it takes us. */
async function listen(port: number): Promise<MqttClient> {
  for (;;) {
    try {
      const url = `mqtt://127.0.0.1:${port}`;
      return await connectAsync(url, { username: "home", password, reconnectPeriod: 0, protocolVersion: 5 });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

const cloud = await startCloud(places, { http: 0, mqtt: 0 });
const { camera } = await settle(places, cloud.ready.text("http"), "scene:seed=1,size=320x180,fps=10,quiet");
const follower = followClips(places, () => undefined);
follower.watching.catch(() => undefined);
const port = await freePort();
const broker = skip ? undefined : await startMosquitto(port);
const base = `lintel/${camera}`;
const config = `homeassistant/device/${camera}/config`;

test("a broker is named in words that can be used, and its password stands in a private file alone", {
  skip,
}, async (t) => {
  const wrong = homeBroker({ state: places.camera, url: "mqtt://127.0.0.1/topic" }, quiet());
  await t.rejects(wrong, { message: /is named as mqtt:\/\/HOST/ });
  const shown: object[] = [];
  const url = `mqtt://home:${password}@127.0.0.1:${port}`;
  await homeBroker(
    { state: places.camera, url, picture: true },
    quiet((value) => shown.push(value)),
  );
  t.match(shown, [{ broker: { host: "127.0.0.1", port, username: "home" }, picture: true }]);
  t.notMatch(JSON.stringify(shown), /trouble|password/);
  t.equal(statSync(join(places.camera, "homebroker.json")).mode & 0o777, 0o600);
});

test("Home Assistant finds the doorbell, and hears of presses, pictures and health while it runs", {
  skip,
}, async (t) => {
  if (broker === undefined) return;
  const running = await startCamera(places, follower.onLog);
  const found = JSON.parse((await broker.until(({ topic }) => topic === config)).payload.toString());
  t.match(found, {
    device: { name: "Front door", manufacturer: "Lintel" },
    availability_topic: `${base}/available`,
    components: {
      press: {
        platform: "event",
        device_class: "doorbell",
        event_types: ["ring"],
        state_topic: `${base}/press`,
      },
      motion: { platform: "binary_sensor", device_class: "motion", state_topic: `${base}/motion` },
      picture: { platform: "image", image_topic: `${base}/picture`, content_type: "image/jpeg" },
    },
  });
  const health = await broker.until(({ topic }) => topic === `${base}/health`);
  t.match(JSON.parse(health.payload.toString()), {
    queueSegments: Number,
    mode: "record",
    trouble: /ON|OFF/,
  });
  t.ok(JSON.parse(health.payload.toString()).certificateDays > 300);
  await pressBell(places.camera);
  const press = await broker.until(({ topic }) => topic === `${base}/press`);
  t.match(press, { payload: Buffer.from('{"event_type":"ring"}'), retain: false });
  const picture = await broker.until(({ topic }) => topic === `${base}/picture`);
  t.same([...picture.payload.subarray(0, 2)], [0xff, 0xd8], "a JPEG");
  await follower.nextEnded();

  const before = broker.heard.length;
  await broker.client.publishAsync("homeassistant/status", "online");
  await broker.until((one) => one.topic === config && broker.heard.indexOf(one) >= before);
  t.pass("told again when Home Assistant starts");
  const busy = homeBroker({ state: places.camera, off: true }, quiet());
  await t.rejects(busy, { message: /is running/ });
  await running.kill();
  const gone = await broker.until(
    ({ topic, payload }) => topic === `${base}/available` && `${payload}` === "offline",
  );
  t.ok(gone, "the will says it");
});

test("no secret is among what passed, and nothing of the doorbell stays when it is taken off", {
  skip,
}, async (t) => {
  if (broker === undefined) return;
  const all = Buffer.concat(
    broker.heard.map(({ topic, payload }) => Buffer.concat([Buffer.from(topic), payload])),
  );
  for (const secret of secretsIn(places.camera)) t.notOk(all.includes(secret), "no key is among what passed");
  t.notMatch(all.toString("latin1"), /PRIVATE KEY|AGE-SECRET|lintel_(pat|rt)_|mqtts:|CERTIFICATE/);

  await homeBroker({ state: places.camera, off: true }, quiet());
  t.notOk(existsSync(join(places.camera, "homebroker.json")));
  const later = await listen(port);
  const retained: string[] = [];
  later.on("message", (topic, _payload, packet) => packet.retain && retained.push(topic));
  await later.subscribeAsync(["homeassistant/#", "lintel/#"]);
  await later.publishAsync("lintel/end", "x", { qos: 1 });
  t.same(retained, [], "nothing of it stays on the broker");
  await later.endAsync(true);
  await broker.stop();
});

test("a home's broker that floods the camera delays neither a clip nor its way to the cloud, and fills no memory", async (t) => {
  const server = createServer(flood);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  write(server);
  const running = await startCamera(places, follower.onLog);
  await pressBell(places.camera);
  const { seconds } = await openAsOwner(places, await follower.nextEnded());
  t.ok(seconds > 1 && seconds < 20, `${seconds} s`);
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${running.pid}/status`, "utf8"))?.[1]);
  t.ok(rss < 250_000, `${rss} KiB in memory`);
  await running.stop();
});

test("a reset takes the doorbell off the broker first, and says where that fails", async (t) => {
  const warned: string[] = [];
  await reset(places.camera, { ...quiet(), warn: (line) => void warned.push(line) });
  t.match(warned[0], /was not told .* Delete the device there/);
  t.notOk(existsSync(join(places.camera, "homebroker.json")));
  await cloud.stop();
});

/** A CONNACK, and then megabytes of one message that never ends. */
function flood(socket: Socket): void {
  socket.on("error", () => undefined);
  socket.once("data", () => {
    socket.write(Buffer.from([0x20, 2, 0, 0, 0x30, 0xff, 0xff, 0xff, 0x7f]));
    const timer = setInterval(() => socket.write(Buffer.alloc(1 << 20)), 20);
    socket.once("close", () => clearInterval(timer));
  });
}

function write(server: Server): void {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const broker = { host: "127.0.0.1", port, tls: false, picture: true };
  writeFileSync(join(places.camera, "homebroker.json"), JSON.stringify(broker), { mode: 0o600 });
}

/** What a key looks like in a file, on a wire and in memory. */
function secretsIn(state: string): readonly Buffer[] {
  const identity = join(state, "identity");
  const texts = readdirSync(identity).map((name) => readFileSync(join(identity, name), "utf8"));
  const lines = texts
    .flatMap((text) => text.split("\n"))
    .filter((line) => /^[A-Za-z0-9+/=]{40,}$/.test(line));
  const raw = lines.map((line) => Buffer.from(line, "base64"));
  return [...lines.map((line) => Buffer.from(line)), ...raw, Buffer.from(password)];
}

function missing(program: string): string | undefined {
  try {
    execFileSync("which", [program], { stdio: "ignore" });
    return undefined;
  } catch {
    return `${program} is not installed`;
  }
}
