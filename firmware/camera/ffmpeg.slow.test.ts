import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { t, test } from "tap";
import { splitFmp4 } from "../../shared/clip/split.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { startCamera } from "./camera.io.js";
import { describeFfmpeg, findFfmpeg } from "./finder.io.js";
import {
  card,
  clock,
  decodeErrors,
  directory,
  ffmpeg,
  h264,
  program,
  searchPath,
  skip,
  source,
  Watch,
} from "./watch.io.js";

/** Many children, on a machine that may be busy. */
t.setTimeout(120_000);

test("the finder takes a given path or says why not, and never another", { skip }, async (t) => {
  const given = await findFfmpeg({ path: ffmpeg().path, searchPath: "" });
  t.match(given, { ok: true, value: { from: "configuration", encoders: ["libx264"] } });
  t.match(describeFfmpeg(ffmpeg()), /^ffmpeg \S+ from .*, encodes with .*libx264/);
  const noise = await program(t, "ffmpeg", "console.log('I am something else')");
  for (const path of ["/nonexistent/ffmpeg", "/etc", noise]) {
    const refused = await findFfmpeg({ path, searchPath });
    t.match(refused, { ok: false, error: { kind: "bad-ffmpeg", message: path } }, path);
  }
  const old = await findFfmpeg({ searchPath: join(noise, "..") });
  t.ok(!old.ok || old.value.from !== "PATH", "a program on PATH that is no ffmpeg is passed over");
});

test("H.264 with a keyframe each second is copied, whole and without a gap", { skip }, async (t) => {
  const path = await card(t, "card.mp4", ...h264(10));
  const camera = new Watch(t, { source: source(path), pace: "fast" });
  await camera.first("end");
  t.match(camera.all("plan"), [{ mode: "copy" }]);
  const fragments = camera.all("fragment");
  t.same(
    fragments.map((f) => [f.frames, f.keyframe]),
    Array.from({ length: 6 }, () => [10, true]),
  );
  t.same(
    fragments.map((f) => f.time),
    fragments.map((_, i) => i * (fragments[0]?.duration ?? 0)),
  );
  const recording = camera.recording();
  t.ok(splitFmp4(recording).ok);
  t.equal(await decodeErrors(t, recording), "");
  const lumas = camera.all("luma");
  t.match(lumas[0], { width: 160, height: 120, time: 0 });
  t.ok(Math.abs(lumas.length - 60) <= 1, `${lumas.length} luma frames of 6 s at 10/s`);
});

test("a source that cannot be copied is encoded into one-second fragments, and the reason told", {
  skip,
}, async (t) => {
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["sparse.mp4", h264(30), /keyframes are 3000 ms apart/],
    ["mpeg4.mp4", ["-c:v", "mpeg4"], /codec is mp4v/],
    ["huffyuv.avi", ["-c:v", "huffyuv"], /Could not find tag for codec huffyuv/],
  ];
  for (const [name, encode, reason] of cases) {
    const camera = new Watch(t, { source: source(await card(t, name, ...encode)), pace: "fast" });
    await camera.first("end");
    t.match(camera.all("plan"), [{ mode: "copy" }, { mode: "encode", description: reason }], name);
    t.same(
      camera.all("fragment").map((f) => [f.frames, f.keyframe]),
      Array.from({ length: 6 }, () => [10, true]),
    );
    t.equal(await decodeErrors(t, camera.recording()), "");
    t.equal(camera.all("trouble").length, 0);
  }
});

test("a playlist in disguise opens no other file, and every ordinary container plays", {
  skip,
}, async (t) => {
  const path = await card(t, "card.ts", ...h264(10));
  const lists = {
    "hls.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\ncard.ts\n#EXT-X-ENDLIST\n",
    "concat.mp4": "ffconcat version 1.0\nfile 'card.ts'\n",
  };
  for (const [name, text] of Object.entries(lists)) {
    const list = join(path, "..", name);
    await writeFile(list, text);
    const camera = new Watch(t, { source: source(list), pace: "fast" });
    const { lines } = await camera.first("trouble");
    t.match(lines.join("\n"), /not on whitelist/, name);
    t.same([camera.all("luma"), camera.all("fragment")], [[], []], name);
    await camera.handle.stop();
  }
  for (const [suffix, codec] of Object.entries({
    avi: "mjpeg",
    mkv: "libx264",
    ts: "libx264",
    mov: "mjpeg",
  })) {
    const whole = await card(t, `whole.${suffix}`, "-c:v", codec);
    const camera = new Watch(t, { source: source(whole), pace: "fast" });
    await camera.first("end");
    t.ok(camera.lastRun("fragment").length > 0, suffix);
    t.same(camera.all("trouble"), [], suffix);
  }
});

test("pictures of absurd size are trouble with the camera, and take no memory", { skip }, async (t) => {
  const path = await card(t, "big.avi", "-vf", "scale=8192:4096", "-frames:v", "1", "-c:v", "mjpeg");
  const camera = new Watch(t, { source: source(path), pace: "fast" });
  const { lines } = await camera.first("trouble");
  t.match(lines.join("\n"), /exceeds specified max pixel count/);
  t.same([camera.all("luma"), camera.all("fragment")], [[], []]);
  await camera.handle.stop();
});

test("a mask that cannot be painted, or an ffmpeg that cannot encode, starts nothing", {
  skip,
}, async (t) => {
  const blind = { ...ffmpeg(), encoders: [] };
  t.throws(() => new Watch(t, { source: source("scene"), masks: [[]] }), /mask 1 cannot be painted/);
  t.throws(() => new Watch(t, { source: source("scene"), ffmpeg: blind }), /no H.264 encoder that works/);
});

test("sources that are not there are told with advice, and tried again", { skip }, async (t) => {
  const text = join(await directory(t), "text.mp4");
  await writeFile(text, "This is not a video.\n".repeat(1000));
  const cases: readonly (readonly [string, RegExp])[] = [
    ["v4l2:/dev/video63", /v4l2:\/dev\/video63 is dead.*check the cable/],
    [text, /no video file, or a playlist/],
    [tmpdir(), /This is a directory/],
    ["/nonexistent.mp4", /no such file/],
    ["rtsp://user:geheim@127.0.0.1:1/x", /rtsp:\/\/…@127.0.0.1:1\/x is dead.*Nothing answers/],
    ["libcamera", /Install rpicam-apps/],
  ];
  const watches = cases.map(
    ([text]) => new Watch(t, { source: source(text), rpicam: "/nonexistent/rpicam-vid" }),
  );
  for (const [i, [text, expected]] of cases.entries()) {
    const trouble = await watches[i]?.first("trouble");
    t.match(trouble, { kind: "dead", message: expected }, text);
    t.notMatch(JSON.stringify(watches[i]?.seen), /geheim/);
  }
  const again = watches[0];
  await again?.first("plan", (plan) => again.all("plan").indexOf(plan) === 1);
});

test("a child that babbles is told at once and replaced", { skip }, async (t) => {
  const noise = await program(
    t,
    "noise",
    `process.stderr.write("x".repeat(1e6)); const b = Buffer.alloc(1 << 16, 66);
     const w = () => { while (process.stdout.write(b)); process.stdout.once("drain", w); }; w();`,
  );
  const camera = new Watch(t, {
    source: source("scene:size=320x240,fps=10"),
    ffmpeg: { ...ffmpeg(), path: noise },
  });
  const trouble = await camera.first("trouble");
  t.match(trouble, { kind: "babbling", message: /no fragmented MP4/ });
  t.ok(JSON.stringify(trouble).length < 2000);
  await camera.first("plan", (plan) => camera.all("plan").indexOf(plan) === 1);
});

test("a reader that is slow holds the child back instead of losing or restarting", { skip }, async (t) => {
  const path = await card(t, "card.mp4", ...h264(10));
  const frames: number[] = [];
  let open = 0;
  await new Promise<void>((resolve) => {
    const camera = startCamera(
      { source: source(path), ffmpeg: ffmpeg(), pace: "fast", clock, random: seededPrng(1) },
      {
        onPlan: () => undefined,
        onInit: () => undefined,
        onLuma: () => undefined,
        onTrouble: ({ message }) => t.fail(message),
        onEnd: resolve,
        onFragment: async (fragment) => {
          t.equal(++open, 1, "one at a time");
          await new Promise<void>((go) => setImmediate(go));
          open -= 1;
          frames.push(fragment.frames);
        },
      },
    );
    t.ok(camera.ok);
  });
  t.equal(
    frames.reduce((a, b) => a + b, 0),
    60,
  );
});

test("stop hands out what was recorded, ends every child and calls nothing after the end", {
  skip,
}, async (t) => {
  const camera = new Watch(t, { source: source("scene:size=320x240,fps=10,quiet") });
  await camera.first("luma");
  const pid = camera.handle.pid() ?? 0;
  await camera.handle.stop();
  t.same(camera.seen.at(-1), { end: true });
  t.ok(camera.all("fragment").length > 0, "the unfinished second too");
  t.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  t.equal(camera.handle.pid(), undefined);
});
