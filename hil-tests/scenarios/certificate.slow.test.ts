// Certificates end: of a camera in use and of one that lay in a drawer, with real processes, over either broker.
import { createPublicKey, X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type Test, t as tap, test } from "tap";
import { openAuthority, type Pair } from "../../cloud/household/ca.io.js";
import { mosquittoMissing } from "../../cloud/ingest/rig.contract.js";
import { systemClock as clock, systemRandom as random } from "../../cloud/ingest/segment.contract.js";
import { createWayBack } from "../../firmware/uplink/wayback.io.js";
import { memberCameras } from "../../scripts/cli/member/cameras.io.js";
import { memberRenewCamera } from "../../scripts/cli/member/renewal.io.js";
import { quiet } from "../../scripts/demo/home.io.js";
import { millis } from "../../shared/kernel/brand.js";
import type { CameraId } from "../../shared/kernel/ids.js";
import { type House, openHouse } from "../rig/host/house.io.js";

tap.setTimeout(120_000);
tap.jobs = 2;

const lifeMillis = 5 * 365 * 24 * 3_600_000;
const source = "scene:seed=1,size=320x180,fps=10";
const fileOf = ({ places }: House): string => join(places.camera, "identity", "tls.crt");
const endOf = (house: House): number => Date.parse(new X509Certificate(readFileSync(fileOf(house))).validTo);

/** Gives the camera, while it is off, a certificate of the cloud's own authority that ends then. */
async function giveOneThatEnds(house: House, at: number): Promise<void> {
  const { places, camera } = house;
  const past = { ...clock, wall: () => millis(at - lifeMillis) };
  const directory = join(places.cloud, "identity");
  const authority = await openAuthority({ directory, hosts: [], clock: past, random });
  const key = createPublicKey(readFileSync(join(places.camera, "identity", "tls.key")));
  const spki = new Uint8Array(key.export({ type: "spki", format: "der" }));
  writeFileSync(fileOf(house), await authority.certify(camera as CameraId, spki));
}

async function heard(house: House, event: string, count: number, millisMax = 30_000): Promise<void> {
  const until = performance.now() + millisMax;
  const soFar = (): number => house.log.filter((one) => one.part === "camera" && one.event === event).length;
  while (soFar() < count) {
    if (performance.now() > until) throw new Error(`${event}: ${soFar()} of ${count}`);
    await wait(20);
  }
}

const timesHeard = (house: House, event: string): number =>
  house.log.filter((one) => one.event === event).length;

async function living(t: Test, broker: "embedded" | "mosquitto"): Promise<House> {
  const house = await openHouse({ source, broker });
  t.teardown(() => house.close());
  await heard(house, "uplink.connected", 1);
  await house.stop("camera");
  return house;
}

/** An API that answers every question so; its address. */
async function serve(
  t: Test,
  { certificate: cert, key }: Pair,
  status: number,
  answer: string,
): Promise<string> {
  const server = createServer({ cert, key }, (request, response) => {
    request.resume().once("end", () => response.writeHead(status).end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  const address = server.address();
  return `https://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

test("another certificate is asked for over HTTPS of the pinned authority, and nowhere else", async (t) => {
  const make = (name: string) =>
    openAuthority({ directory: join(t.testdir({}), name), hosts: ["127.0.0.1"], clock, random });
  const [own, stranger] = [await make("own"), await make("stranger")];
  const ask = (cloudUrl: string): Promise<string> =>
    new Promise((resolve) => {
      const identity = { ...own.server, ca: own.caPem };
      const log = (event: string, fields: Readonly<Record<string, unknown>>): void =>
        resolve(`${event} ${fields.answer ?? fields.why}`);
      const rest = { word: () => "a note\n", clockIsSet: () => true, take: resolve, log };
      createWayBack({ cloudUrl, identity: () => identity, ...rest }).turnedAway();
    });
  const good = JSON.stringify({ certificate: "PEM" });
  t.equal(await ask(await serve(t, own.server, 200, good)), "PEM");
  t.equal(await ask(await serve(t, own.server, 202, '{"state":"waiting"}')), "certificate.asked waiting");
  t.equal(await ask(await serve(t, own.server, 403, '{"type":"refused"}')), "certificate.asked refused");
  t.match(await ask(await serve(t, own.server, 200, "what?")), /^certificate\.asked/);
  t.match(await ask(await serve(t, own.server, 200, "x".repeat(20_000))), /not-asked.*too long/);
  t.match(await ask(await serve(t, stranger.server, 200, good)), /^certificate\.not-asked/);
  t.match(await ask("http://192.0.2.1"), /not-asked.*not https/);
});

for (const broker of ["embedded", "mosquitto"] as const) {
  const skip = broker === "mosquitto" && mosquittoMissing();
  test(`over ${broker} a camera renews by itself before the end, and comes back from a drawer when an owner says so`, {
    skip,
  }, async (t) => {
    const house = await living(t, broker);
    t.comment(
      "its certificate ends in seconds: it has another before, and shows that one, also after a power cut",
    );
    const soon = Math.floor(clock.wall() / 1_000) * 1_000 + 8_000;
    await giveOneThatEnds(house, soon);
    await house.start("camera");
    await heard(house, "certificate.renewed", 1);
    t.ok(endOf(house) > soon + lifeMillis / 2);
    while (clock.wall() <= soon) await wait(100);
    const before = timesHeard(house, "uplink.connected");
    await house.kill("camera");
    await house.start("camera");
    await heard(house, "uplink.connected", before + 1);
    t.equal(timesHeard(house, "certificate.renewed"), 1, "there is time again");

    t.comment("its certificate ended in a drawer");
    await house.stop("camera");
    const connections = timesHeard(house, "uplink.connected");
    const past = Math.floor(clock.wall() / 1_000) * 1_000 - 24 * 3_600_000;
    await giveOneThatEnds(house, past);
    await house.start("camera");
    await heard(house, "certificate.asked", 1);
    t.equal(timesHeard(house, "uplink.connected"), connections, "it is shut out");
    const said: string[] = [];
    await memberCameras(house.places.member, { ...quiet(), say: (line) => said.push(line) });
    t.match(said.join("\n"), `lintel member camera renew ${house.camera}`);
    const options = { camera: "Front door" };
    await t.rejects(
      memberRenewCamera(
        house.places.member,
        options,
        quiet(undefined, async () => false),
      ),
      { message: /Nothing was answered/ },
    );
    await memberRenewCamera(house.places.member, options, quiet());
    await heard(house, "uplink.connected", connections + 1, 60_000);
    t.ok(endOf(house) > clock.wall() + lifeMillis / 2);
    await house.press();
    await heard(house, "uplink.acknowledged", 1, 60_000);
  });
}
