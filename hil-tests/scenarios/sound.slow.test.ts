import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { type Test, t, test } from "tap";
import { openCloud } from "../../scripts/cli/member/cloud.io.js";
import { memberMode } from "../../scripts/cli/member/mode.io.js";
import { systemClock, systemRandom } from "../../scripts/cli/world.io.js";
import { quiet } from "../../scripts/demo/home.io.js";
import { openAsOwner } from "../../scripts/demo/recordings.io.js";
import { signCharter } from "../../shared/charter/charter.js";
import { memberKeyName } from "../../shared/charter/lines.js";
import { inVault, untilArrived } from "../rig/host/evidence.io.js";
import { type House, openHouse } from "../rig/host/house.io.js";
import { openWithAge } from "./footage.js";

const run = promisify(execFile);
const missing = ["ffmpeg", "ffprobe", "age"].find((program) => {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`]);
    return false;
  } catch {
    return true;
  }
});
const skip = missing !== undefined && `needs ${missing}`;

t.setTimeout(300_000);
const arriveMillisMax = 60_000;

/** Ten seconds of a tone over a test card in which nothing moves: the clips are short. */
async function soundingCard(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lintel-sound-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "tone.mp4");
  const picture = ["-f", "lavfi", "-i", "smptebars=size=320x240:rate=10"];
  const tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"];
  const encode = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-bf", "0", "-pix_fmt", "yuv420p"];
  await run("ffmpeg", ["-v", "error", ...picture, ...tone, ...encode, "-c:a", "aac", "-t", "10", path]);
  return path;
}

/** The owner signs the next charter: sound, and the left half of the picture masked. */
async function wantSoundAndMask({ places }: House): Promise<void> {
  const cloud = openCloud(places.member);
  const { newest } = await cloud.household();
  const { hash, ...current } = newest;
  const mask = [0, 5_000, 5_000, 0].map((x, i) => ({ x, y: i < 2 ? 0 : 10_000 }));
  const cameras = newest.cameras.map((camera) => ({ ...camera, audio: true, masks: [mask] }));
  const next = {
    ...current,
    version: newest.version + 1,
    previous: hash,
    issued: systemClock.wall(),
    cameras,
  };
  const signer = { name: memberKeyName(cloud.profile.member), secretKey: cloud.profile.keys.noteSecret };
  const charter = signCharter(next, [signer], systemRandom);
  await cloud.call({ method: "PUT", path: "/v1/household/charter", body: { charter }, repeatable: true });
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 100) {
    if (waited > arriveMillisMax) throw new Error(`${what} did not come`);
    await wait(100);
  }
}

/** The owner's order; back once the camera says that it obeys. */
async function order({ places }: House, mode: "off" | "record"): Promise<void> {
  const [camera] = (await openCloud(places.member).household()).newest.cameras;
  await memberMode(places.member, { camera: camera?.id ?? "", mode, wait: 60 }, quiet());
}

/** Presses the bell and waits for the clip to be sealed to its end; ffprobe's words on it, opened by its owner. */
async function ring(house: House): Promise<{ readonly tracks: readonly string[]; readonly file: string }> {
  const ended = (): number =>
    house.log.filter(({ event, fields }) => event === "clip.sealed" && fields.maybeText("end") !== "no")
      .length;
  const before = ended();
  await house.press();
  await until("the clip's end", () => ended() > before);
  if ((await untilArrived(house, arriveMillisMax)).length > 0) throw new Error("the clip did not arrive");
  const newest = (await inVault(house)).toSorted((a, b) => (a.id < b.id ? 1 : -1))[0];
  if (newest === undefined) throw new Error("there is no clip");
  const { file } = await openAsOwner(house.places, newest.id);
  const folder = join(house.places.videos, newest.id);
  await mkdir(folder, { recursive: true });
  const joined = join(folder, "joined.mp4");
  await openWithAge(house, newest.id, { folder, joined });
  if (Buffer.compare(await readFile(joined), await readFile(file)) !== 0)
    throw new Error("age and cat give something else than lintel member open");
  const show = ["-show_entries", "stream=codec_name,start_time", "-of", "csv=p=0"];
  const { stdout } = await run("ffprobe", ["-v", "error", ...show, file]);
  return { tracks: stdout.trim().split("\n"), file };
}

test("sound and masks come with the owner's charter, into the very next clip, and not before; off means off", {
  skip,
}, async (t) => {
  const source = `file:${await soundingCard(t)}?loop=1`;
  const rolls = { LINTEL_PREROLL: "1", LINTEL_POSTROLL: "2" };
  const house = await openHouse({ source, broker: "embedded", camera: rolls });
  try {
    await until("the picture", () => house.log.some(({ event }) => event === "camera.plan"));
    await wait(2_000);
    t.same((await ring(house)).tracks, ["h264,0.000000"]);

    await wantSoundAndMask(house);
    const plans = (): number => house.log.filter(({ event }) => event === "camera.plan").length;
    await until("the camera's new start", () => plans() >= 2);
    await wait(4_000);
    const { tracks, file } = await ring(house);
    t.match(tracks, [/^aac,0\.0[0-4]/, /^h264,0\.000000$/]);
    const left = ["-vf", "crop=144:240:0:0", "-pix_fmt", "gray", "-f", "rawvideo", `${file}.gray`];
    await run("ffmpeg", ["-v", "error", "-i", file, ...left]);
    const brightest = readFileSync(`${file}.gray`).reduce((most, pixel) => Math.max(most, pixel), 0);
    t.ok(brightest <= 4, `brightness ${brightest} under the mask`);

    await order(house, "off");
    const clips = (await inVault(house)).length;
    await house.press();
    await wait(4_000);
    t.equal((await inVault(house)).length, clips, "off means off, whoever rings");
    await order(house, "record");
    await wait(4_000);
    t.match((await ring(house)).tracks, [/^aac/, /^h264/]);
  } finally {
    await house.close();
  }
});
