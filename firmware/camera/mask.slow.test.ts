import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Test, t, test } from "tap";
import type { Mask } from "./mask.js";
import { directory, ffmpeg, run, skip, source, Watch } from "./watch.io.js";

/** Many encoders, on a machine that may be busy. */
t.setTimeout(120_000);

const sides = { left: 0.18, right: 0.42, top: 0.26, bottom: 0.74 };
const mask: Mask = [
  { x: sides.left, y: sides.top },
  { x: sides.right, y: sides.top },
  { x: sides.right, y: sides.bottom },
  { x: sides.left, y: sides.bottom },
];

interface Card {
  readonly size: string;
  /** Degrees that a player turns the picture by. */
  readonly turned?: number;
  /** Something bright that moves under the mask, at 320x240. */
  readonly secret?: boolean;
}

/** Two seconds of a bright test card in H.264 that could be copied. */
async function cardOf(t: Test, { size, turned = 0, secret = false }: Card): Promise<string> {
  const path = join(await directory(t), "card.mp4");
  const picture = `testsrc2=size=${size}:rate=10:duration=2,format=yuv420p`;
  const hidden = "mandelbrot=size=60x100:rate=10,format=yuv420p[b];[a][b]overlay=64:70:shortest=1";
  const graph = secret ? `${picture}[a];${hidden}` : picture;
  // Without loss: else the noise would change the picture around it before the camera sees it.
  const encode = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", "-g", "10", "-bf", "0"];
  await run(ffmpeg().path, ["-v", "error", "-f", "lavfi", "-i", graph, ...encode, `${path}.mp4`]);
  const turn = turned === 0 ? [] : ["-metadata:s:v:0", `rotate=${turned}`];
  await run(ffmpeg().path, ["-v", "error", "-i", `${path}.mp4`, "-c", "copy", ...turn, path]);
  return path;
}

async function watched(t: Test, path: string): Promise<Watch> {
  const camera = new Watch(t, { source: source(path), pace: "fast", masks: [mask] });
  await camera.first("end");
  t.match(camera.all("plan"), [{ mode: "encode", description: /1 privacy mask/ }]);
  return camera;
}

/** The recording's pictures in grey. */
async function greyOf(t: Test, recording: Uint8Array): Promise<Uint8Array> {
  const path = join(await directory(t), "recording.mp4");
  await writeFile(path, recording);
  await run(ffmpeg().path, ["-v", "error", "-i", path, "-pix_fmt", "gray", "-f", "rawvideo", `${path}.gray`]);
  return readFile(`${path}.gray`);
}

interface Pictures {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Of all pictures, under the mask; `border` pixels from its edge are left out. */
function brightestUnder({ pixels, width, height }: Pictures, border: number): number {
  let most = 0;
  for (let at = 0; at < pixels.length; at += width * height) {
    for (let y = Math.ceil(height * sides.top) + border; y < height * sides.bottom - border; y++)
      for (let x = Math.ceil(width * sides.left) + border; x < width * sides.right - border; x++)
        most = Math.max(most, pixels[at + y * width + x] ?? 255);
  }
  return most;
}

const shapes: readonly Card[] = [
  { size: "320x240" },
  { size: "322x182" },
  { size: "242x318", turned: 90 },
  { size: "256x144", turned: 180 },
];

test("under a mask every pixel is black in recording and luma frames, whatever the picture's size and turn", {
  skip,
}, async (t) => {
  for (const shape of shapes) {
    const name = `${shape.size} turned by ${shape.turned ?? 0}`;
    const camera = await watched(t, await cardOf(t, shape));
    const [init] = camera.all("init");
    if (init === undefined) return t.fail(name);
    const recorded = { ...init, pixels: await greyOf(t, camera.recording()) };
    t.equal(recorded.pixels.length, 20 * init.width * init.height, name);
    // Black paint beside a bright picture rings a little; that is of the picture, not of what is under the paint.
    t.ok(brightestUnder(recorded, 0) <= 32, `${name}: ${brightestUnder(recorded, 0)} at the edge`);
    t.ok(brightestUnder(recorded, 8) <= 4, `${name}: ${brightestUnder(recorded, 8)} inside`);
    // A luma pixel on the edge is the mean of what it covers.
    t.ok(camera.all("luma").length > 0, name);
    t.same(
      camera.all("luma").filter((frame) => brightestUnder(frame, 1) > 2),
      [],
      name,
    );
  }
});

test("what moves under a mask changes no byte of the recording and no pixel of a luma frame", {
  skip,
}, async (t) => {
  const plain = await watched(t, await cardOf(t, { size: "320x240" }));
  const secret = await watched(t, await cardOf(t, { size: "320x240", secret: true }));
  t.ok(Buffer.compare(plain.recording(), secret.recording()) === 0, "the recordings are one");
  t.same(
    plain.all("luma").map(({ pixels }) => Buffer.from(pixels).toString("base64")),
    secret.all("luma").map(({ pixels }) => Buffer.from(pixels).toString("base64")),
  );
});
