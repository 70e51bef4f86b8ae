import { execFileSync } from "node:child_process";
import { t as tap, test } from "tap";
import { checkThumbnail, type SealedThumbnail, thumbnailBytesMax } from "../shared/clip/thumbnail.js";
import { type Millis, millis } from "../shared/kernel/brand.js";
import { cameraIdOf, householdIdOf } from "../shared/kernel/ids.js";
import { newIdentity, open, recipientOf } from "../shared/seal/age.js";
import { verifierOf } from "../shared/seal/note.js";
import type { Mask } from "./camera/mask.js";
import { parseSceneSpec, type SceneSpec } from "./camera/scene/spec.js";
import { createScene, truth } from "./camera/scene.js";
import { ffmpeg, program, skip } from "./camera/watch.io.js";
import { record, rigOf } from "./capture.contract.js";
import type { PickedFrame } from "./thumbnail/picker.js";
import { takePicture } from "./thumbnail/picture.io.js";
import { startThumbnails } from "./thumbnail/thumbnail.io.js";

tap.setTimeout(180_000);

const [width, height] = [640, 360];
const stop = new AbortController().signal;
const limits = { bytesMax: thumbnailBytesMax, stop };

function specOf(text: string): SceneSpec {
  const spec = parseSceneSpec(text);
  if (!spec.ok) throw new Error(text);
  return spec.value;
}

async function jpegOf(frame: PickedFrame): Promise<Uint8Array> {
  const taken = await takePicture(ffmpeg().path, frame, limits);
  if ("fault" in taken) throw new Error(`${taken.fault}: ${taken.why}`);
  return taken.jpeg;
}

/** A JPEG's luma, by a stranger's decoder. */
function greyOf(jpeg: Uint8Array): Uint8Array {
  const args = [
    "-v",
    "error",
    "-i",
    "pipe:0",
    "-vf",
    "format=yuv420p,extractplanes=y",
    "-f",
    "rawvideo",
    "-",
  ];
  return execFileSync(ffmpeg().path, args, { input: jpeg, maxBuffer: 16 * 1024 * 1024 });
}

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function meanDifference(a: Uint8Array, b: Uint8Array, area: Area): number {
  let sum = 0;
  for (let y = area.y; y < area.y + area.height; y++)
    for (let x = area.x; x < area.x + area.width; x++)
      sum += Math.abs((a[y * width + x] ?? 0) - (b[y * width + x] ?? 0));
  return sum / (area.width * area.height);
}

const sizeOf = (area: Area | undefined): number => (area === undefined ? 0 : area.width * area.height);

test("the first take shows the visitor, as large as the moments after the trigger had them", {
  skip,
}, async (t) => {
  for (const seed of [3, 8]) {
    const text = `scene:seed=${seed},size=${width}x${height},fps=10,first=2,every=60`;
    const rig = rigOf(t, text);
    await rig.capture.apply(record());
    await rig.until(() => rig.picked.length > 0);
    await rig.capture.stop();
    const [frame] = rig.picked;
    const [begun] = rig.clips;
    if (frame === undefined || begun?.kind !== "begin") return t.fail("no clip");
    // The trigger came within the pre-roll's length of the start: the clip begins with the scene's first frame.
    const at = millis(Math.round((frame.at - begun.start.wall) / 100) * 100);
    const scene = specOf(text);
    const event = truth(scene, millis(30_000)).find(({ from, to }) => at >= from && at <= to);
    const box = event?.boxAt(at);
    if (event === undefined || box === undefined) return t.fail(`seed ${seed}: nobody is there at ${at}`);
    const around: Millis[] = Array.from({ length: 61 }, (_, i) => millis(at - 3_000 + i * 100));
    const largest = Math.max(...around.filter((time) => time <= at).map((time) => sizeOf(event.boxAt(time))));
    t.ok(sizeOf(box) >= 0.6 * largest, `seed ${seed}: ${sizeOf(box)} of at most ${largest} pixels at ${at}`);
    const jpeg = await jpegOf(frame);
    const grey = greyOf(jpeg);
    t.equal(grey.length, width * height, "the whole picture, at most 640 across");
    const shown = createScene(scene)
      .frame(at / 100)
      .slice(0, width * height);
    const empty = createScene(scene)
      .frame(5)
      .slice(0, width * height);
    const [same, other] = [meanDifference(grey, shown, box), meanDifference(grey, empty, box)];
    t.ok(
      same < 10 && other > 1.5 * same,
      `seed ${seed}: ${same} from the truth, ${other} from the empty street`,
    );
    t.comment(
      `seed ${seed}: ${event.kind} at ${at} ms, box ${box.width}x${box.height}, ${jpeg.length} bytes`,
    );
  }
});

test("when the clip ends, the visitor at the door replaces the one on the street", { skip }, async (t) => {
  const text = `scene:seed=8,size=${width}x${height},fps=10,first=2,every=600`;
  const rig = rigOf(t, text);
  await rig.capture.apply(record());
  await rig.until(() => rig.picked.length > 1);
  await rig.capture.stop();
  const [begun] = rig.clips;
  if (begun?.kind !== "begin") return t.fail("no clip");
  const [event] = truth(specOf(text), millis(30_000));
  const sizes = rig.picked.map(({ at }) => sizeOf(event?.boxAt(millis(at - begun.start.wall))));
  t.match(rig.picked, [
    { take: 1, clip: begun.clip },
    { take: 2, clip: begun.clip },
  ]);
  t.ok((sizes[1] ?? 0) > 2 * (sizes[0] ?? 0), `${sizes} pixels`);
  t.comment(`${sizes} pixels, at ${rig.picked.map(({ at }) => at - begun.start.wall)} ms`);
});

const mask: Mask = [
  { x: 0.1, y: 0.1 },
  { x: 0.5, y: 0.1 },
  { x: 0.5, y: 0.8 },
  { x: 0.1, y: 0.8 },
];

/** A pressed bell's first take. */
async function pressed(t: Parameters<typeof rigOf>[0], masks: readonly Mask[]): Promise<PickedFrame> {
  const rig = rigOf(t, `scene:seed=5,size=${width}x${height},fps=10,quiet`);
  await rig.capture.apply(record(...masks));
  rig.capture.press();
  await rig.until(() => rig.picked.length > 0);
  await rig.capture.stop();
  const [frame] = rig.picked;
  if (frame === undefined) throw new Error("nothing was picked");
  return frame;
}

test("a press without motion has a picture too, and what is masked in the recording is black in it", {
  skip,
}, async (t) => {
  const grey = greyOf(await jpegOf(await pressed(t, [mask])));
  let [inside, outside] = [0, 0];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const value = grey[y * width + x] ?? 255;
      const [across, down] = [x / width, y / height];
      if (across > 0.13 && across < 0.47 && down > 0.14 && down < 0.76) inside = Math.max(inside, value);
      if (across > 0.55) outside = Math.max(outside, value);
    }
  t.ok(inside <= 20, `${inside} at most under the mask, where 16 is black`);
  t.ok(outside > 60, `${outside} beside it`);
});

test("a thumbnail leaves sealed to the camera's recipient and signed, or not at all", { skip }, async (t) => {
  const frame = await pressed(t, []);
  const identity = await newIdentity();
  const secretKey = new Uint8Array(32).fill(9);
  const camera = cameraIdOf(verifierOf({ name: "", secretKey }).publicKey);
  const signer = { name: `camera-${camera}`, secretKey };
  const household = householdIdOf(secretKey);
  const recipient = await recipientOf(identity);
  const sealed: SealedThumbnail[] = [];
  const logged: string[] = [];
  const start = (path: string, custody = () => ({ household, camera, recipient })) =>
    startThumbnails({
      ...{ ffmpeg: path, signer, custody, sealed: (one) => void sealed.push(one) },
      log: (event) => void logged.push(event),
    });
  const good = start(ffmpeg().path);
  good.push(frame);
  while (sealed.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await good.stop();
  const [thumbnail] = sealed;
  if (thumbnail === undefined) return t.fail();
  t.match(checkThumbnail(thumbnail, verifierOf(signer)), {
    value: { clip: frame.clip, take: 1, at: frame.at },
  });
  const opened = await open(thumbnail.sealed, [identity]);
  t.ok(opened.ok && opened.value[0] === 0xff && opened.value[1] === 0xd8, "a JPEG inside");
  t.notOk((await open(thumbnail.sealed, [await newIdentity()])).ok);
  const removed = start(ffmpeg().path, () => {
    throw new Error("the camera was removed");
  });
  removed.push(frame);
  const none = start("/nowhere/ffmpeg");
  none.push(frame);
  await Promise.all([removed.stop(), none.stop()]);
  t.equal(sealed.length, 1);
  t.same(logged, ["thumbnail.sealed", "thumbnail.failed", "thumbnail.failed"]);
  const hanging = await program(t, "ffmpeg", "setInterval(() => {}, 1000)");
  const since = performance.now();
  const stuck = start(hanging);
  for (let i = 0; i < 9; i++) stuck.push(frame);
  await stuck.stop();
  t.ok(performance.now() - since < 5_000, "the firmware's end waits for none of them");
  const late = await takePicture(hanging, frame, { ...limits, childMillisMax: 300 });
  t.match(late, { fault: "too-slow" });
  t.match(await takePicture(ffmpeg().path, frame, { ...limits, bytesMax: 500 }), { fault: "too-large" });
  t.equal(sealed.length, 1);
});
