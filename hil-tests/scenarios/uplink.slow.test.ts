import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createServer } from "node:tls";
import { type Test, test } from "tap";
import { openAuthority } from "../../cloud/household/ca.io.js";
import type { RigCamera } from "../../cloud/ingest/camera.contract.js";
import { mosquittoMissing, type Rig, startRig } from "../../cloud/ingest/rig.contract.js";
import {
  systemClock as clock,
  makeClip,
  type RigSegment,
  systemRandom as random,
} from "../../cloud/ingest/segment.contract.js";
import { openJournal } from "../../firmware/recorder/journal.io.js";
import type { Journal } from "../../firmware/recorder/journal.js";
import type { TlsIdentity } from "../../firmware/uplink/tls.io.js";
import { startUplink, type Uplink, type UplinkOptions } from "../../firmware/uplink/uplink.io.js";
import { millis } from "../../shared/kernel/brand.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { parseVerifier, type Verifier } from "../../shared/seal/note.js";
import { openLink } from "../rig/host/link.io.js";

const yearMillis = 365 * 24 * 3_600_000;

interface Camera {
  readonly journal: Journal;
  readonly logged: readonly string[];
  readonly uplink: Uplink;
}

/** The firmware's journal and uplink, of a camera whose recorder is the test. */
async function startCamera(
  t: Test,
  rig: Rig,
  camera: RigCamera,
  changes: Partial<UplinkOptions> & { readonly segments?: readonly RigSegment[] } = {},
): Promise<Camera> {
  const dir = mkdtempSync(join(tmpdir(), "lintel-uplink-"));
  const logged: string[] = [];
  const log = (event: string, fields: Readonly<Record<string, unknown>>): void => {
    logged.push(`${event} ${JSON.stringify(fields)}`);
  };
  const journal = await openJournal({ dir, camera: camera.signer, clock, random, log });
  for (const segment of changes.segments ?? []) await record(journal, segment);
  const uplink = startUplink(
    {
      camera: camera.id,
      server: { host: "127.0.0.1", port: rig.ingest.address.port },
      identity: () => identityOf(rig, camera),
      vault: vaultOf(rig),
      store: journal,
      windowMax: 64,
      clockIsSet: () => true,
      clock,
      random,
      log,
      ...changes,
    },
    {
      ...{ have: () => 1, charters: () => undefined, haveMode: () => 0, mode: () => undefined },
      ...{ wantsCertificate: () => undefined, certificate: () => undefined },
      ...{ deletion: async () => undefined, turnedAway: () => undefined, changed: () => undefined },
    },
  );
  journal.watch({ stored: (segment) => uplink.stored(segment), happened: (event) => uplink.happened(event) });
  t.teardown(async () => {
    await uplink.stop(0);
    await journal.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return { journal, logged, uplink };
}

function identityOf({ authority }: Rig, { key, certificate }: RigCamera): TlsIdentity {
  return { key, certificate, ca: authority.caPem };
}

function vaultOf({ vault }: Rig): Verifier {
  const parsed = parseVerifier(vault.writer.vaultKey);
  if (!parsed.ok) throw new Error("the vault's key is no key");
  return parsed.value;
}

function record(journal: Journal, { clip, index, note, file }: RigSegment): Promise<void> {
  const end = /\nend (no|complete|interrupted)\n/.exec(note)?.[1] as "no" | "complete" | "interrupted";
  const times = { from: millis(0), to: millis(2_000) };
  return journal.append({ clip, index, end, note, sealed: file, manifest: hashOfText(note), ...times });
}

async function until(what: string, holds: () => boolean, millisMax = 20_000): Promise<void> {
  const deadline = performance.now() + millisMax;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${millisMax} ms`);
    await wait(10);
  }
}

const isDrained = ({ journal }: Camera): boolean => journal.usage().pendingSegments === 0;

async function storedOf(rig: Rig): Promise<readonly string[]> {
  const { items } = await rig.vault.reader.clips(rig.household, { limit: 100 });
  return items.map(({ id, state, segments }) => `${id} ${state} ${segments}`).sort();
}

for (const broker of ["embedded", "mosquitto"] as const) {
  const skip = broker === "mosquitto" && mosquittoMissing();
  test(`what the card holds, and what joins it, arrives over ${broker} and is acknowledged`, {
    skip,
  }, async (t) => {
    const rig = await startRig({ broker });
    t.teardown(() => rig.close());
    const who = await rig.camera();
    const clips = [
      await makeClip(who, 4, { bodyBytes: 250_000 }),
      await makeClip(who, 3, { bodyBytes: 90_000 }),
    ];
    const camera = await startCamera(t, rig, who, { segments: clips[0] ?? [] });
    for (const segment of clips[1] ?? []) await record(camera.journal, segment);
    const press = await camera.journal.appendEvent({ kind: "press", at: clock.wall() });
    await until(
      "everything is acknowledged",
      () => isDrained(camera) && camera.journal.pendingEvents().length === 0,
    );
    t.same(
      await storedOf(rig),
      [`${clips[0]?.[0]?.clip} complete 4`, `${clips[1]?.[0]?.clip} complete 3`].sort(),
    );
    t.ok(
      rig.announced.some((one) => JSON.stringify(one).includes(press.id)),
      "the press was announced",
    );
    t.same(camera.uplink.troubles(), []);
  });
}

test("at 1 Mbit/s, 300 ms round trip and with a cut line everything arrives once, and memory stays flat", async (t) => {
  const rig = await startRig();
  t.teardown(() => rig.close());
  const link = await openLink(rig.ingest.address.port, { bitsPerSecond: 1_000_000, delayMillis: 150 });
  t.teardown(() => link.close());
  const who = await rig.camera();
  const segments = await makeClip(who, 5, { bodyBytes: 150_000 });
  const server = { host: "127.0.0.1", port: link.port };
  const camera = await startCamera(t, rig, who, { segments, server });
  const before = process.memoryUsage().rss;
  await until("a part has gone", () => link.carriedBytes() > 200_000);
  link.cut();
  await until("the camera notices", () => !camera.uplink.isConnected());
  link.heal();
  const since = performance.now();
  await until("everything is acknowledged", () => isDrained(camera), 40_000);
  const overhead = link.carriedBytes() / (5 * 150_000);
  t.ok(overhead < 1.3, `${overhead.toFixed(2)} times the footage went over the line`);
  t.same(await storedOf(rig), [`${segments[0]?.clip} complete 5`]);
  t.comment(`${Math.round(performance.now() - since)} ms after the cut, ${overhead.toFixed(2)} × the bytes`);
  t.ok(process.memoryUsage().rss - before < 60e6, "less than 60 MB more memory");
});

test("a press that happens during an upload at 1 Mbit/s arrives within a second", async (t) => {
  const rig = await startRig();
  t.teardown(() => rig.close());
  const link = await openLink(rig.ingest.address.port, { bitsPerSecond: 1_000_000, delayMillis: 10 });
  t.teardown(() => link.close());
  const who = await rig.camera();
  const segments = await makeClip(who, 2, { bodyBytes: 400_000 });
  const camera = await startCamera(t, rig, who, { segments, server: { host: "127.0.0.1", port: link.port } });
  await until("the upload runs", () => link.carriedBytes() > 200_000);
  const since = performance.now();
  const press = await camera.journal.appendEvent({ kind: "press", at: clock.wall() });
  await until("the press is announced", () =>
    rig.announced.some((one) => JSON.stringify(one).includes(press.id)),
  );
  const latency = performance.now() - since;
  t.ok(latency < 1_000, `${Math.round(latency)} ms`);
  t.comment(`${Math.round(latency)} ms`);
});

test("a broker with an expired certificate is taken only while the clock is not set, and the status says so", async (t) => {
  const past = { ...clock, wall: () => millis(clock.wall() - 9 * yearMillis) };
  const rig = await startRig();
  t.teardown(() => rig.close());
  const keys = mkdtempSync(join(tmpdir(), "lintel-past-"));
  t.teardown(() => rmSync(keys, { recursive: true, force: true }));
  const expired = await openAuthority({
    directory: join(keys, "keys"),
    hosts: ["127.0.0.1"],
    clock: past,
    random,
  });
  const server = await serve(t, expired.server);
  const who = await rig.camera();
  const identity = { ...identityOf(rig, who), ca: expired.caPem };
  const strict = await startCamera(t, rig, who, { server, identity: () => identity });
  await until("it is refused", () => strict.uplink.troubles().includes("server-refused"));
  t.match(strict.logged.join("\n"), /certificate has expired/);
  t.equal(server.helloes(), 0, "not a byte was said to it");
  const lenient = await startCamera(t, rig, who, {
    server,
    identity: () => identity,
    clockIsSet: () => false,
  });
  await until("it is taken", () => server.helloes() > 0);
  t.same(lenient.uplink.troubles(), ["dates-ignored"]);
});

test("a broker of another authority, for another host, or that is a camera is refused, also without a clock", async (t) => {
  const rig = await startRig();
  t.teardown(() => rig.close());
  const who = await rig.camera();
  const keys = mkdtempSync(join(tmpdir(), "lintel-other-"));
  t.teardown(() => rmSync(keys, { recursive: true, force: true }));
  const past = { ...clock, wall: () => millis(clock.wall() - 9 * yearMillis) };
  const authority = (name: string, hosts: readonly string[], at = clock) =>
    openAuthority({ directory: join(keys, name), hosts, clock: at, random });
  const other = await authority("other", ["127.0.0.1"], past);
  const elsewhere = await authority("elsewhere", ["example.test"], past);
  const cases = [
    { name: "another authority", pair: other.server, ca: rig.authority.caPem },
    { name: "another host", pair: elsewhere.server, ca: elsewhere.caPem },
    { name: "a camera", pair: who, ca: rig.authority.caPem },
  ];
  const clocks = [() => true, () => false];
  const tries = cases.flatMap((one) => clocks.map((clockIsSet) => ({ ...one, clockIsSet })));
  await Promise.all(
    tries.map(async ({ name, pair, ca, clockIsSet }) => {
      const server = await serve(t, pair);
      const identity = { ...identityOf(rig, who), ca };
      const camera = await startCamera(t, rig, who, { server, identity: () => identity, clockIsSet });
      await until(`${name}, twice`, () => camera.logged.length > 1);
      t.same(camera.uplink.troubles(), ["server-refused"], name);
      t.equal(server.helloes(), 0, `${name}: not a byte was said to it`);
    }),
  );
});

test("a camera without the right certificate gets nowhere, loses nothing and keeps trying more slowly", async (t) => {
  const rig = await startRig();
  t.teardown(() => rig.close());
  const who = await rig.camera();
  const foreign = await startRig();
  t.teardown(() => foreign.close());
  const stranger = await foreign.camera();
  const segments = await makeClip(who, 1);
  const identity = { ...identityOf(rig, who), key: stranger.key, certificate: stranger.certificate };
  const camera = await startCamera(t, rig, who, { segments, identity: () => identity });
  await until("three tries", () => countOf(camera, "not-accepted") >= 3);
  t.same(camera.uplink.troubles(), ["not-accepted"]);
  t.notOk(camera.uplink.isConnected());
  t.equal(camera.journal.usage().pendingSegments, 1);
});

test("two firmwares with one identity notice it, and both get everything through", {
  timeout: 120_000,
}, async (t) => {
  const rig = await startRig();
  t.teardown(() => rig.close());
  const who = await rig.camera();
  const clips = [await makeClip(who, 3), await makeClip(who, 3)];
  const cameras = [
    await startCamera(t, rig, who, { segments: clips[0] ?? [] }),
    await startCamera(t, rig, who, { segments: clips[1] ?? [] }),
  ];
  const conflict = (): boolean =>
    cameras.some(({ uplink }) => uplink.troubles().includes("identity-conflict"));
  await until("one tells of it", conflict, 60_000);
  await until("both are through", () => cameras.every(isDrained), 60_000);
  t.equal((await storedOf(rig)).length, 2);
});

test("a receipt that the vault did not sign frees nothing", async (t) => {
  const rig = await startRig();
  t.teardown(() => rig.close());
  const who = await rig.camera();
  const vault = { name: vaultOf(rig).name, publicKey: who.verifier.publicKey };
  const camera = await startCamera(t, rig, who, { segments: await makeClip(who, 1), vault });
  await until("it is refused", () => camera.uplink.troubles().includes("forged-receipt"));
  t.equal(camera.journal.usage().pendingSegments, 1);
});

test("a camera that the household removed waits, and sends what it has when it is back", async (t) => {
  const rig = await startRig();
  t.teardown(() => rig.close());
  const who = await rig.camera();
  rig.cameras.delete(who.id);
  const camera = await startCamera(t, rig, who, { segments: await makeClip(who, 2) });
  await until("it was turned away", () => countOf(camera, "not-accepted") >= 2);
  t.equal(camera.journal.usage().pendingSegments, 2);
  rig.cameras.set(who.id, who);
  await until("all arrived", () => isDrained(camera));
});

function countOf({ logged }: Camera, event: string): number {
  return logged.filter((line) => line.startsWith(`uplink.${event}`)).length;
}

interface TlsStandIn {
  readonly host: string;
  readonly port: number;
  /** Connections on which anything was said. */
  helloes(): number;
}

/** A TLS server with this certificate, which only counts who speaks to it. */
async function serve(
  t: Test,
  { certificate: cert, key }: { certificate: string; key: string },
): Promise<TlsStandIn> {
  let helloes = 0;
  const server = createServer({ cert, key }, (socket) => {
    socket.on("error", () => socket.destroy()).once("data", () => helloes++);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { host: "127.0.0.1", port, helloes: () => helloes };
}
