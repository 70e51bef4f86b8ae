import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Test, t, test } from "tap";
import { cameraKeyName } from "../shared/charter/lines.js";
import { type OpenedClip, openClip } from "../shared/clip/plain.js";
import { millis } from "../shared/kernel/brand.js";
import { concat } from "../shared/kernel/bytes.js";
import { cameraIdOf, householdIdOf } from "../shared/kernel/ids.js";
import { seededPrng } from "../shared/kernel/prng.js";
import { newIdentity, open as openAge, recipientOf } from "../shared/seal/age.js";
import { hashOfText } from "../shared/seal/hash.js";
import { verifierOf } from "../shared/seal/note.js";
import {
  clock,
  decodeErrors,
  directory,
  ffmpeg,
  run,
  skipProbe,
  soundingCard,
  source,
  tracksOf,
} from "./camera/watch.io.js";
import { openCapture } from "./capture.io.js";
import type { Rules } from "./house.io.js";
import { startSealer } from "./sealer/seal.io.js";

// From a source with sound to the household's opened clip, by every stage but card and wire.

/** The card plays at its own pace, on a machine that may be busy. */
t.setTimeout(120_000);

const random = seededPrng(6);
const secretKey = random.bytes(32);
const camera = cameraIdOf(verifierOf({ name: "", secretKey }).publicKey);
const signer = { name: cameraKeyName(camera), secretKey };
const identity = await newIdentity();
const recipient = await recipientOf(identity);

interface Opened {
  readonly mp4: Uint8Array;
  readonly clip: OpenedClip;
  readonly trouble: string | undefined;
}

/** Presses the bell before a test card, and opens the clip that comes of it. */
async function openedClip(t: Test, from: string, rules: Pick<Rules, "masks" | "audio">): Promise<Opened> {
  const sealed: Uint8Array[] = [];
  const custody = {
    household: householdIdOf(secretKey),
    camera,
    recipient,
    charter: hashOfText("c"),
  } as const;
  const sealer = startSealer({
    ...{
      signer,
      random,
      previous: "none",
      log: () => undefined,
      onShortfall: ({ reason }) => t.fail(reason),
    },
    custody: () => ({ ...custody, clock: "synchronised" }),
    sink: {
      begin: async () => undefined,
      append: async (segment) => void sealed.push(segment.sealed),
      abandon: async () => undefined,
      blocked: () => undefined,
    },
  });
  const rolls = { preRoll: millis(6_000), postRoll: millis(10_000) };
  let trouble: string | undefined;
  await new Promise<void>((over) => {
    const capture = openCapture(
      {
        source: source(from),
        ffmpeg: ffmpeg(),
        rpicam: undefined,
        rolls,
        clock,
        random,
        log: () => undefined,
      },
      {
        clip: (effect) => sealer.push(effect),
        due: (clip, since) => sealer.due(clip, since),
        picked: () => undefined,
        happened: () => undefined,
        recording: () => undefined,
        changed: () => {
          const state = capture.state();
          trouble ??= state.trouble;
          if (state.video.endsWith("has ended")) over();
        },
      },
    );
    t.teardown(() => capture.stop());
    void capture.apply({ mode: "record", zones: [], ...rules }).then(() => capture.press());
  });
  await sealer.settled();
  const plain = await Promise.all(sealed.map((file) => openAge(file, [identity])));
  const mp4 = concat(...plain.map((part) => (part.ok ? part.value : new Uint8Array())));
  const clip = openClip(mp4, verifierOf(signer));
  if (!clip.ok) throw new Error(`the clip does not open: ${JSON.stringify(clip.error)}`);
  return { mp4, clip: clip.value, trouble };
}

/** The left half, from its upper to its lower edge. */
const leftHalf = [
  { x: 0, y: 0 },
  { x: 0.5, y: 0 },
  { x: 0.5, y: 1 },
  { x: 0, y: 1 },
];

/** The brightest pixel of each half of all pictures of a 320x240 clip; a border of 8 pixels is left out, where paint rings. */
async function brightest(
  t: Test,
  mp4: Uint8Array,
): Promise<{ readonly left: number; readonly right: number }> {
  const path = join(await directory(t), "clip.mp4");
  await writeFile(path, mp4);
  await run(ffmpeg().path, ["-v", "error", "-i", path, "-pix_fmt", "gray", "-f", "rawvideo", `${path}.gray`]);
  const most = { left: 0, right: 0 };
  for (const [at, value] of (await readFile(`${path}.gray`)).entries()) {
    const x = at % 320;
    if (x < 160 - 8 && value > most.left) most.left = value;
    if (x >= 160 && value > most.right) most.right = value;
  }
  return most;
}

async function cardWithoutSound(t: Test, card: string): Promise<string> {
  const path = join(await directory(t), "mute.mp4");
  await run(ffmpeg().path, ["-v", "error", "-i", card, "-an", "-c", "copy", path]);
  return path;
}

const kindsOf = (tracks: readonly (readonly [string, number])[]): readonly string[] =>
  tracks.map(([kind]) => kind);

test("an opened clip has no sound without the charter's word, and both in step with it; masks are black in it", {
  skip: skipProbe,
}, async (t) => {
  const path = await soundingCard(t, "tone.mp4");
  const mute = await cardWithoutSound(t, path);
  const [silent, sounding, refused] = await Promise.all([
    openedClip(t, path, { masks: [], audio: false }),
    openedClip(t, path, { masks: [leftHalf], audio: true }),
    openedClip(t, mute, { masks: [], audio: true }),
  ]);
  t.same(await tracksOf(t, silent.mp4), [["video", 0]]);
  t.same(kindsOf(await tracksOf(t, refused.mp4)), ["video"], "the source has none to give");
  t.same([silent.trouble, sounding.trouble], [undefined, undefined]);
  t.match(refused.trouble, /wants sound, and the camera's source gives none/);

  const tracks = await tracksOf(t, sounding.mp4);
  t.same(kindsOf(tracks), ["audio", "video"]);
  t.ok(
    tracks.every(([, start]) => start <= 1024 / 48_000),
    "both start within an AAC frame",
  );
  t.equal(await decodeErrors(t, sounding.mp4), "");
  const { manifest, init } = sounding.clip;
  const signed = manifest.fragments.map((facts) => (facts?.track === init.track ? "picture" : "sound"));
  t.equal(signed.length, 12);
  t.same(
    signed,
    signed.map((_, i) => (i % 2 === 0 ? "sound" : "picture")),
    "a release can leave the sound out",
  );

  const open = await brightest(t, silent.mp4);
  const masked = await brightest(t, sounding.mp4);
  t.ok(open.left > 200 && masked.right > 200, `the card is bright: ${open.left}, ${masked.right}`);
  t.ok(masked.left <= 4, `brightness ${masked.left} under the mask`);
});
