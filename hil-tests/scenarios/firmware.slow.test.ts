import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Test, test } from "tap";
import { parseZone } from "../../scripts/cli/member/areas.js";
import { type CameraOptions, memberCamera } from "../../scripts/cli/member/camera.io.js";
import { openCloud } from "../../scripts/cli/member/cloud.io.js";
import { memberDelete } from "../../scripts/cli/member/deletion.io.js";
import { quiet } from "../../scripts/demo/home.io.js";
import { type Charter, signCharter } from "../../shared/charter/charter.js";
import { memberKeyName } from "../../shared/charter/lines.js";
import { millis } from "../../shared/kernel/brand.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { inVault, onCard, openEach } from "../rig/host/evidence.io.js";
import { type House, openHouse } from "../rig/host/house.io.js";

/** Small pictures and nothing that moves: only the bell cuts clips. */
const source = "scene:seed=5,size=640x360,fps=15,quiet";
const camera = { LINTEL_PREROLL: "2", LINTEL_POSTROLL: "3" };

async function open(t: Test): Promise<House> {
  const house = await openHouse({ source, broker: "embedded", camera });
  t.teardown(() => house.close());
  return house;
}

async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  millisMax = 60_000,
): Promise<void> {
  const deadline = performance.now() + millisMax;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${millisMax} ms`);
    await wait(50);
  }
}

const countOf = ({ log }: House, name: string): number => log.filter(({ event }) => event === name).length;

/** What the cloud shows of the one camera. */
async function statusOf({ places, camera: id }: House): Promise<string> {
  return JSON.stringify(await openCloud(places.member).call({ method: "GET", path: `/v1/cameras/${id}` }));
}

/** As `lintel member camera`: resolves when the camera says that it does so. */
function tell({ places, camera: id }: House, changes: Partial<CameraOptions>): Promise<void> {
  return memberCamera(places.member, { camera: id, masks: true, zones: true, wait: 60, ...changes }, quiet());
}

/** The owner's next charter, with changes. */
async function change({ places }: House, changes: (now: Charter) => Partial<Charter>): Promise<void> {
  const cloud = openCloud(places.member);
  const { hash: previous, ...newest } = (await cloud.household()).newest;
  const next = { ...newest, ...changes(newest), version: newest.version + 1, previous, issued: millis(1) };
  const { member, keys } = cloud.profile;
  const signer = { name: memberKeyName(member), secretKey: keys.noteSecret };
  const charter = signCharter(next, [signer], seededPrng(next.version));
  await cloud.call({ method: "PUT", path: "/v1/household/charter", body: { charter } });
}

test("without a cloud it records, ends cleanly on SIGTERM, and delivers everything after the next start", async (t) => {
  const house = await open(t);
  await house.stop("cloud");
  await house.press();
  await until("a clip is being sealed", () => countOf(house, "journal.stored") >= 3);
  const since = performance.now();
  await house.stop("camera");
  t.ok(performance.now() - since < 8_000, `${Math.round(performance.now() - since)} ms to stop`);
  t.equal(countOf(house, "stop-failed"), 0);
  const card = onCard(house);
  t.equal(card.size, 1);
  const last = [...card.values()][0]?.at(-1);
  t.equal(last?.end, "interrupted", "the open clip was closed");
  await house.start("cloud");
  await house.start("camera");
  const segments = [...card.values()].flat().length;
  await until("all is acknowledged", () => countOf(house, "uplink.acknowledged") >= segments);
  const vault = await inVault(house);
  t.same(
    vault.flatMap((clip) => clip.segments.map(({ sha256 }) => sha256)),
    [...card.values()].flat().map(({ sha256 }) => sha256),
  );
  t.ok([...(await openEach(house, vault)).values()].every((seconds) => seconds > 1));
});

test("a second firmware on the same state directory is refused and harms nothing", async (t) => {
  const house = await open(t);
  const main = fileURLToPath(new URL("../../firmware/main.js", import.meta.url));
  const second = spawn(process.execPath, [main, "--state", house.places.camera], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  second.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const [code] = await once(second, "close");
  t.equal(code, 1);
  t.match(said, /another firmware is running/);
  await house.press();
  await until("the first one records on", () => countOf(house, "uplink.acknowledged") >= 1);
});

test("a wrong broker address is said in the log; recording goes on, and nothing is lost", async (t) => {
  const house = await open(t);
  await house.stop("camera");
  const path = join(house.places.camera, "identity", "cloud.json");
  const right = readFileSync(path, "utf8");
  writeFileSync(path, right.replace(/mqtts:[^"]+/, "mqtts://127.0.0.1:1"));
  await house.start("camera");
  await until("it says so", () => countOf(house, "uplink.connect-failed") >= 2);
  await house.press();
  await until("a clip ends", () =>
    house.log.some(({ event, fields }) => event === "clip.sealed" && fields.text("end") === "complete"),
  );
  await house.stop("camera");
  writeFileSync(path, right);
  await house.start("camera");
  await until(
    "all is acknowledged",
    () => countOf(house, "uplink.acknowledged") >= [...onCard(house).values()].flat().length,
  );
});

test("the charter is obeyed as it comes: a mask restarts the camera, removal ends recording, deletion reaches the card", async (t) => {
  const house = await open(t);
  await until("the camera is online", async () => (await statusOf(house)).includes('"online"'));
  await house.press();
  await until("a clip ends", () =>
    house.log.some(({ event, fields }) => event === "clip.sealed" && fields.text("end") === "complete"),
  );
  await until(
    "it is acknowledged",
    () => countOf(house, "uplink.acknowledged") >= countOf(house, "clip.sealed"),
  );
  const [clip = ""] = onCard(house).keys();
  await memberDelete(house.places.member, clip, quiet());
  await until("the card has it no more", () => onCard(house).size === 0);

  const mask = [
    { x: 0, y: 0 },
    { x: 5_000, y: 0 },
    { x: 0, y: 10_000 },
  ];
  const plans = countOf(house, "camera.plan");
  await tell(house, { mask: [mask] });
  await until("the camera starts anew", () => countOf(house, "camera.plan") > plans);
  const plan = house.log.filter(({ event }) => event === "camera.plan").at(-1);
  t.match(plan?.fields.text("description"), /1 privacy mask/);

  await change(house, () => ({ cameras: [] }));
  await until("the camera heard its last word", () =>
    house.log.some(({ event, fields }) => event === "charter.followed" && fields.text("mode") === "off"),
  );
  await house.press();
  await wait(2_000); // Nothing is to happen: there is no event to wait for.
  t.equal(onCard(house).size, 0);
  await t.rejects(tell(house, { masks: false }), /was removed: charter 4 does not name it any more/);
});

test("motion under a zone of sensitivity 0 is no trigger, and is one again without it; the camera runs on", async (t) => {
  const walkMillis = 16_000;
  const walkers = `scene:seed=5,size=640x360,fps=15,movers=walker,first=4,every=${walkMillis / 1_000}`;
  const house = await openHouse({ source: walkers, broker: "embedded", camera });
  t.teardown(() => house.close());
  await until("a walker is seen", () => countOf(house, "trigger") >= 1);
  // They walk on the far pavement, between 41 and 64 % of the height.
  const pavement = parseZone("0,38 100,38 100,67 0,67 sensitivity=0");
  if (!pavement.ok) return t.fail(pavement.error);
  await tell(house, { zone: [pavement.value] });
  const seen = countOf(house, "trigger");
  await wait(2 * walkMillis); // Nothing is to happen, while two of them come by.
  t.equal(countOf(house, "trigger"), seen);
  await tell(house, { zones: false });
  await until("a walker is seen again", () => countOf(house, "trigger") > seen);
  t.equal(countOf(house, "camera.plan"), 1);
});

test("recording 1080p the firmware's own process stays below 150 MB", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "lintel-1080p-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "street.mp4");
  const picture = "testsrc2=size=1920x1080:rate=15,noise=alls=20:allf=t";
  const encoding = [
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-g",
    "15",
    "-b:v",
    "4M",
    "-pix_fmt",
    "yuv420p",
  ];
  spawnSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", picture, "-t", "6", ...encoding, file]);
  const house = await openHouse({ source: `file:${file}?loop=1`, broker: "embedded", camera });
  t.teardown(() => house.close());
  await house.press();
  await until("footage is sealed", () => countOf(house, "clip.sealed") >= 15, 120_000);
  const pid = house.log
    .find(({ part, event }) => part === "camera" && event === "start")
    ?.fields.number("pid");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const megabytes = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
  t.ok(megabytes < 150, `${Math.round(megabytes)} MB at most of memory`);
  t.comment(`${Math.round(megabytes)} MB`);
});
