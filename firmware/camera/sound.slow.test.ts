import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "tap";
import {
  decodeErrors,
  directory,
  ffmpeg,
  skipProbe,
  soundingCard,
  source,
  tracksOf,
  Watch,
} from "./watch.io.js";

const mask = [
  { x: 0, y: 0 },
  { x: 0.2, y: 0 },
  { x: 0, y: 0.2 },
];
/** Seconds: an AAC frame at 48 kHz. */
const aacFrame = 1024 / 48_000;

test("without leave a source's sound is no track of the recording, copied or encoded", {
  skip: skipProbe,
}, async (t) => {
  const path = await soundingCard(t, "tone.mp4");
  t.same(
    (await tracksOf(t, await readFile(path))).map(([kind]) => kind),
    ["video", "audio"],
    "the source has sound",
  );
  for (const masks of [[], [mask]]) {
    const camera = new Watch(t, { source: source(path), pace: "fast", masks });
    await camera.first("end");
    t.same(await tracksOf(t, camera.recording()), [["video", 0]]);
    t.same([camera.all("init")[0]?.tracks.length, camera.all("sound").length], [1, 0]);
  }
});

test("with leave each second's sound comes with its picture, in step, copied or encoded", {
  skip: skipProbe,
}, async (t) => {
  const path = await soundingCard(t, "tone.mp4");
  for (const masks of [[], [mask]]) {
    const camera = new Watch(t, { source: source(path), pace: "fast", masks, sound: true });
    await camera.first("end");
    const [init] = camera.all("init");
    t.match(camera.all("plan"), [{ mode: masks.length === 0 ? "copy" : "encode" }]);
    t.same(
      init?.tracks.map(({ kind, codec }) => [kind, codec]),
      [
        ["audio", "mp4a"],
        ["video", "avc1"],
      ],
    );
    t.equal(camera.all("sound").length, 6);
    for (const seen of camera.seen) {
      if (seen.fragment === undefined || seen.sound === undefined || init === undefined) continue;
      const late = seen.sound.time / 48_000 - seen.fragment.time / init.timescale;
      t.ok(late >= 0 && late <= aacFrame, `sound ${late} s after its picture`);
      t.ok(Math.abs(seen.sound.duration / 48_000 - 1) <= 2 * aacFrame);
    }
    const tracks = await tracksOf(t, camera.recording());
    t.same(
      tracks.map(([kind]) => kind),
      ["audio", "video"],
    );
    t.ok(tracks.every(([, start]) => start <= aacFrame));
    t.equal(await decodeErrors(t, camera.recording()), "");
  }
});

test("a source without sound is recorded without, and a microphone that is not there is told", {
  skip: skipProbe,
}, async (t) => {
  const camera = new Watch(t, {
    source: source("scene:size=320x240,fps=10,quiet"),
    pace: "fast",
    sound: true,
  });
  await camera.first("fragment");
  await camera.handle.stop();
  t.equal(camera.all("init")[0]?.tracks.length, 1);
  const silent = new Watch(t, { source: source("v4l2:/dev/video63?audio=plughw:63"), sound: true });
  t.match(await silent.first("trouble"), { kind: "dead" });
});

test("a microphone that cannot be opened costs the sound, not the picture", {
  skip: skipProbe,
}, async (t) => {
  const path = join(await directory(t), "ffmpeg");
  // As where neither camera nor microphone is: refuses the microphone, and takes a test card for the camera.
  const standIn = `#!/bin/sh
case "$*" in *alsa*) echo "[alsa @ 0x1] cannot open audio device hw:9 (No such device)" >&2; exit 1;; esac
while [ "$1" != -i ]; do shift; done
shift 2
exec "${ffmpeg().path}" -hide_banner -loglevel error -re -f lavfi -i testsrc2=size=320x240:rate=10 "$@"
`;
  await writeFile(path, standIn, { mode: 0o755 });
  const camera = new Watch(t, {
    source: source("v4l2:/dev/video9?audio=hw:9"),
    ffmpeg: { ...ffmpeg(), path },
    sound: true,
  });
  await camera.first("fragment");
  t.match(camera.all("trouble"), [{ message: /recorded without sound/ }]);
  t.equal(camera.all("init")[0]?.tracks.length, 1);
  await camera.handle.stop();
});
