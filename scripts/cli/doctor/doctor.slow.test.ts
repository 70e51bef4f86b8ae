// A board that works, and the same with one fault planted in it: doctor names each, and what to do about it.
import { spawnSync } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { t as tap, test } from "tap";
import { openAuthority } from "../../../cloud/household/ca.io.js";
import { openKeystore } from "../../../firmware/board/keystore.io.js";
import { millis } from "../../../shared/kernel/brand.js";
import type { CameraId } from "../../../shared/kernel/ids.js";
import { placesIn, quiet, settle, startCloud } from "../../demo/home.io.js";
import { writeDurably } from "../disk.io.js";
import { memberCamera } from "../member/camera.io.js";
import { openCloud } from "../member/cloud.io.js";
import { readSignedCharter } from "../member/profile.io.js";
import { systemClock, systemRandom } from "../world.io.js";
import { type DoctorOptions, doctor } from "./doctor.io.js";
import type { Finding } from "./finding.js";

tap.setTimeout(180_000);
const folder = mkdtempSync(join(tmpdir(), "lintel-doctor-"));
const place = (...names: readonly string[]): string => join(folder, ...names);
const source = "scene:seed=1,size=320x180,fps=10";
const lifeMillis = 5 * 365 * 24 * 3_600_000;

/** Programs of the board, which say what a board says. */
function program(name: string, body: string): string {
  mkdirSync(place("bin"), { recursive: true });
  writeFileSync(place("bin", name), `#!/bin/sh\n${body}\n`);
  chmodSync(place("bin", name), 0o755);
  return place("bin", name);
}
program("timedatectl", "echo yes");
process.env.PATH = `${place("bin")}:${process.env.PATH}`;

const places = placesIn(place("home"));
const cloud = await startCloud(places, { http: 0, mqtt: 0 });
const { camera } = await settle(places, cloud.ready.text("http"), source);
const mounts: string[] = [];
tap.teardown(async () => {
  for (const at of mounts) spawnSync("umount", [at]);
  await cloud.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A board whose service runs and whose package is whole. */
const board = {
  state: place("state"),
  running: place("running"),
  unit: place("unit"),
  root: place("root"),
};
mkdirSync(board.running);
writeFileSync(board.unit, "");
program("systemctl", "echo active");

function planted(): string {
  rmSync(board.state, { recursive: true, force: true });
  cpSync(places.camera, board.state, { recursive: true });
  mkdirSync(join(board.state, "journal"), { recursive: true });
  return board.state;
}

async function findings(options: DoctorOptions = {}) {
  const found: Finding[] = [];
  const code = await doctor(
    options,
    quiet((finding) => found.push(finding as unknown as Finding)),
    board,
  );
  return {
    code,
    troubles: found.filter(({ state }) => state !== "good"),
    checks: found.map(({ check }) => check),
  };
}

/** The firmware has the camera: it is not tried, which saves seconds. */
async function busy(state: string): Promise<() => void> {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(join(state, "board.sock"), () => resolve()));
  return () => void server.close();
}

const change = (name: string, edit: (text: string) => string): void =>
  writeDurably(join(board.state, name), edit(readFileSync(join(board.state, name), "utf8")));

/** Mounts a small disk until the test is over. */
function mounted(at: string, options: string): void {
  mkdirSync(at, { recursive: true });
  const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", at], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`mount: ${stderr}`);
  mounts.push(at);
}

/** Why a fault that needs a disk of its own is not planted. */
function whyNoMounts(): string | false {
  try {
    mounted(place("try"), "size=1m");
    return false;
  } catch {
    return "mounts are not allowed here";
  } finally {
    for (const at of mounts.splice(0)) spawnSync("umount", [at]);
  }
}
const noMounts = whyNoMounts();

/** A certificate by the cloud's own authority, as it was given five years and a day ago. */
async function anEndedCertificate(): Promise<string> {
  const past = { ...systemClock, wall: () => millis(systemClock.wall() - lifeMillis - 86_400_000) };
  const directory = join(places.cloud, "identity");
  const authority = await openAuthority({ directory, hosts: [], clock: past, random: systemRandom });
  const key = createPublicKey(readFileSync(join(board.state, "identity", "tls.key")));
  return authority.certify(camera as CameraId, new Uint8Array(key.export({ type: "spki", format: "der" })));
}

/** A cloud that thinks it is an hour earlier than this board does. */
async function anotherTime(): Promise<string> {
  const server = createHttp((_request, answer) =>
    answer.writeHead(200, { date: new Date(systemClock.wall() - 3_600_000).toUTCString() }).end("{}"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  tap.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function withSound(state: string): Promise<void> {
  const options = { camera, masks: true, zones: true, audio: "on", wait: 0 } as const;
  await memberCamera(places.member, options, quiet()).catch(() => undefined);
  const charters = (await openCloud(places.member).get("/v1/household")).list("charters", readSignedCharter);
  openKeystore(state, systemClock, () => undefined).addCharters(charters.slice(-1));
}

interface Fault {
  readonly check: string;
  readonly says: RegExp;
  readonly todo: RegExp;
  /** Exit code 1: it works, but not as it should. */
  readonly warns?: true;
  /** The camera is really tried. */
  readonly tries?: true;
  readonly options?: DoctorOptions;
  /** A disk of its own is mounted for it. */
  readonly mounts?: true;
  plant(): unknown;
}

const faults: Readonly<Record<string, Fault>> = {
  "a key that others can read": {
    ...{ check: "keys", says: /can read .*note\.key/, todo: /chmod go=/ },
    plant: () => chmodSync(join(board.state, "identity", "note.key"), 0o644),
  },
  "a key file that is gone": {
    ...{ check: "installation", says: /Missing: .*tls\.key/, todo: /Put back a copy/ },
    plant: () => rmSync(join(board.state, "identity", "tls.key")),
  },
  "a key file that is damaged": {
    ...{ check: "installation", says: /Damaged: .*note\.key/, todo: /Put back a copy/ },
    plant: () => change("identity/note.key", (text) => text.slice(5)),
  },
  "no camera": {
    ...{ check: "camera", says: /video99 gives no picture/, todo: /cable/, tries: true },
    plant: () => change("settings.json", () => JSON.stringify({ source: "v4l2:/dev/video99" })),
  },
  "no encoder": {
    ...{ check: "ffmpeg", says: /cannot encode H\.264/, todo: /libx264/, warns: true },
    options: {
      ffmpeg: program(
        "ffmpeg-poor",
        `case "$*" in *-version) echo "ffmpeg version 5.1"; echo "libavformat 59. 27.100 / 59. 27.100";; esac`,
      ),
    },
    plant: () => undefined,
  },
  "a full disk": {
    ...{ check: "disk", says: /^Only .* free/, todo: /Free at least/ },
    mounts: true,
    plant() {
      mounted(place("small"), "size=16m");
      cpSync(board.state, place("small", "state"), { recursive: true });
      rmSync(board.state, { recursive: true });
      return spawnSync("ln", ["-s", place("small", "state"), board.state]).status === 0;
    },
  },
  "a card that turned read-only": {
    ...{ check: "card", says: /Nothing can be kept in .*journal \(EROFS\)/, todo: /mount it for writing/ },
    mounts: true,
    plant: () => mounted(join(board.state, "journal"), "ro,size=1m"),
  },
  "a clock that is wrong": {
    ...{ check: "clock", says: /36\d\d s off/, todo: /timedatectl/, warns: true },
    plant: async () => {
      const cloudUrl = await anotherTime();
      change("identity/cloud.json", (text) => JSON.stringify({ ...JSON.parse(text), cloudUrl }));
    },
  },
  "a cloud that is not reached": {
    ...{ check: "cloud", says: /not reachable: .*ECONNREFUSED/, todo: /firewall/ },
    plant: () =>
      change("identity/cloud.json", (text) =>
        JSON.stringify({ ...JSON.parse(text), mqttUrl: "mqtts://127.0.0.1:1" }),
      ),
  },
  "another authority's certificate": {
    ...{ check: "certificate", says: /CA did not issue/, todo: /new claim/ },
    plant: async () => {
      const directory = place("stranger");
      const other = await openAuthority({ directory, hosts: [], clock: systemClock, random: systemRandom });
      change("identity/ca.pem", () => other.caPem);
    },
  },
  "a certificate that ended": {
    ...{ check: "certificate", says: /ended on .*fingerprint is ([a-z2-7]{4}-){3}/, todo: /camera renew/ },
    plant: async () => {
      const pem = await anEndedCertificate();
      change("identity/tls.crt", () => pem);
    },
  },
  "a charter that was changed": {
    ...{ check: "charter", says: /do not hold/, todo: /Put back a copy/ },
    plant: () => change("charter.json", (text) => text.replace("change any-owner", "change all-owners")),
  },
  "a mode order that was lost": {
    ...{ check: "mode", says: /camera is off/, todo: /lintel member mode/ },
    plant() {
      rmSync(join(board.state, "mode.txt"));
      change("mode.copy.txt", () => "mode/v1\n");
    },
  },
  "a charter with sound and no microphone": {
    ...{ check: "sound", says: /names no microphone/, todo: /--audio off/, warns: true },
    plant: () => withSound(board.state),
  },
  "a microphone that is named and not there": {
    ...{ check: "microphone", says: /the board has none/, todo: /Plug it in/ },
    plant: () => change("settings.json", () => JSON.stringify({ source: "v4l2:/dev/video0?audio=hw:9" })),
  },
  "a service that does not run": {
    ...{ check: "service", says: /does not run \(failed\)/, todo: /journalctl/ },
    plant: () => program("systemctl", "echo failed; exit 3"),
  },
  "a program that was altered": {
    ...{ check: "package", says: /Altered .*firmware\.js/, todo: /broken into/ },
    plant: () => program("dpkg", 'echo "??5??????   /usr/lib/lintel/firmware.js"'),
  },
};

test("a healthy board has no findings, also where the folder is not named", async (t) => {
  const state = planted();
  t.same(await findings({ state }), { ...(await findings()), code: 0, troubles: [] });
});

for (const [name, fault] of Object.entries(faults)) {
  test(`doctor finds ${name}`, { skip: fault.mounts ? noMounts : false }, async (t) => {
    const state = planted();
    await fault.plant();
    const free = fault.tries ? undefined : await busy(state);
    const { code, troubles } = await findings(fault.options);
    free?.();
    const [found] = troubles.filter(({ check }) => check === fault.check);
    t.match(found, { state: fault.warns ? "warning" : "bad", says: fault.says, todo: fault.todo });
    t.equal(code, troubles.some((one) => one.state === "bad") ? 2 : 1);
    if (fault.warns) t.equal(code, 1);
    const its = fault.check === "certificate" ? ["certificate", "cloud", "clock"] : [fault.check];
    t.same(
      troubles.filter(({ check }) => !its.includes(check)),
      [],
      "and nothing else",
    );
    program("systemctl", "echo active");
    rmSync(place("bin", "dpkg"), { force: true });
    for (const at of mounts.splice(0)) spawnSync("umount", [at]);
  });
}

test("as a program it prints one finding a line with --json, and its exit code says how bad it is", (t) => {
  const state = planted();
  chmodSync(join(state, "identity", "tls.key"), 0o640);
  const main = fileURLToPath(new URL("../main.js", import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [main, "doctor", "--state", state, "--json"], {
    encoding: "utf8",
  });
  t.equal(status, 2);
  const bad = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter((finding) => finding.state === "bad");
  t.match(bad, [{ check: "keys", todo: /chmod/ }]);
  t.equal(bad.length, 1);
  t.end();
});
