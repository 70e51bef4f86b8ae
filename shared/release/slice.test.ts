import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "tap";
import { cameraVerifier } from "../charter/lines.js";
import { setU32, u32 } from "../clip/boxes.js";
import { parseInit } from "../clip/init.js";
import { splitFmp4 } from "../clip/split.js";
import { millis } from "../kernel/brand.js";
import { concat } from "../kernel/bytes.js";
import { hashOf, hashOfText } from "../seal/hash.js";
import { film, filmed, newHome } from "./home.contract.js";
import { silentInit } from "./silent.js";
import { openSlice, type Slice, slice, type Wish } from "./slice.js";

const start = millis(1_800_000_000_000);
const home = newHome();
const clip = filmed(home, film(), start);
const camera = cameraVerifier(home.camera);
const lines = clip.manifest.fragments;
const whole: Wish = { first: 0, last: lines.length - 1, audio: true };
/** The middle four seconds, the sound not. */
const middle: Wish = { from: millis(start + 900), to: millis(start + 5_200), audio: false };

const cut = (wish: Wish): Slice => {
  const found = slice(clip, wish);
  if (found === undefined) throw new Error("nothing was cut");
  return found;
};
const kindOf = (one: Slice): string => {
  const opened = openSlice(one, camera);
  return opened.ok ? "opens" : opened.error.kind;
};

/** What stock ffprobe and ffmpeg make of it: streams, and whether every frame decodes. */
function play(mp4: Uint8Array): {
  readonly streams: string;
  readonly frames: number;
  readonly faults: string;
} {
  const folder = mkdtempSync(join(tmpdir(), "lintel-slice-"));
  try {
    const path = join(folder, "clip.mp4");
    writeFileSync(path, mp4);
    const probe = ["-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0", path];
    const streams = execFileSync("ffprobe", probe, { encoding: "utf8" }).trim().replaceAll("\n", " ");
    const count = [
      "-v",
      "error",
      "-count_frames",
      "-select_streams",
      "v",
      "-show_entries",
      "stream=nb_read_frames",
    ];
    const frames = Number(execFileSync("ffprobe", [...count, "-of", "csv=p=0", path], { encoding: "utf8" }));
    const decode = ["-v", "error", "-xerror", "-i", path, "-f", "null", "-"];
    const faults = execFileSync("ffmpeg", decode, { encoding: "utf8", stdio: "pipe" });
    return { streams, frames, faults };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("a slice is whole fragments as the camera signed them, and says which", (t) => {
  const one = cut(middle);
  const film = splitFmp4(one.mp4);
  if (!film.ok) return t.fail(film.error.kind);
  const opened = openSlice(one, camera);
  if (!opened.ok) return t.fail(opened.error.kind);
  const shown = opened.value.manifest.fragments.filter((facts) => facts !== undefined);
  t.same(opened.value.released, one.released);
  t.equal(opened.value.kept, lines.length - shown.length);
  t.same(
    film.value.fragments.map(({ bytes }) => hashOf(bytes)),
    shown.map(({ sha256 }) => sha256),
  );
  t.ok(one.released.from >= start + 900 && one.released.to <= start + 5_200);
  t.match(one.released, {
    ...{ clip: clip.manifest.clip, camera: home.camera.id, charter: home.charter.hash, audio: false },
    ...{ manifest: hashOfText(clip.manifest.text), sha256: hashOf(one.mp4) },
  });
  t.same(new Set(shown.map(({ track }) => track)), new Set([clip.init.track]));
  t.end();
});

test("without sound the file has no sound track, and plays in stock players from its first frame to its last", (t) => {
  const mute = cut(middle);
  const seconds = (mute.released.to - mute.released.from) / 1_000;
  t.same(play(mute.mp4), { streams: "video", frames: Math.round(seconds * 10), faults: "" });
  t.same(play(cut(whole).mp4), { streams: "video audio", frames: 60, faults: "" });
  t.same(play(cut({ ...whole, audio: false }).mp4), { streams: "video", frames: 60, faults: "" });
  t.end();
});

test("the sound's track is found by a header of the long form, too", (t) => {
  const init = clip.init.bytes.slice();
  const text = String.fromCharCode(...init);
  for (let at = text.indexOf("tkhd"); at >= 0; at = text.indexOf("tkhd", at + 1)) {
    const body = at + 4;
    setU32(init, body + 20, u32(init, body + 12));
    init[body] = 1;
  }
  const long = parseInit(init);
  if (!long.ok) return t.fail(long.error.kind);
  t.equal(long.value.tracks.length, 2);
  t.match(parseInit(silentInit(long.value)), { ok: true, value: { tracks: [{ kind: "video" }] } });
  t.end();
});

test("what does not lie wholly inside is left out, and nothing is a release without a picture", (t) => {
  t.equal(slice(clip, { ...middle, to: millis(start + 1_900) }), undefined);
  t.equal(slice(clip, { from: millis(start - 9_000), to: start, audio: true }), undefined);
  const all = cut({ from: start, to: millis(start + 60_000), audio: true });
  t.same(all.released, cut(whole).released);
  t.equal(all.released.audio, true);
  t.same(all.manifest, clip.signed);
  const silent = filmed(home, film({ sound: false, seconds: 2 }), start);
  const mute = slice(silent, { first: 0, last: 9, audio: true });
  t.equal(mute?.released.audio, false, "a clip without sound releases none");
  t.equal(mute && openSlice(mute, camera).ok, true);
  t.end();
});

/** The same recording in the camera's order: a second's sound comes before its picture. */
function soundFirst(mp4: Uint8Array): Uint8Array {
  const film = splitFmp4(mp4);
  if (!film.ok) throw new Error(film.error.kind);
  const { init, fragments } = film.value;
  const pictures = fragments.filter(({ track }) => track === init.track);
  const sounds = fragments.filter(({ track }) => track !== init.track);
  const pairs = pictures.flatMap((picture, at) => [sounds[at]?.bytes ?? new Uint8Array(), picture.bytes]);
  return concat(init.bytes, ...pairs);
}

for (const [order, recorded] of [
  ["picture first", film()],
  ["sound first", soundFirst(film())],
] as const)
  test(`what was cut by times is cut again by its lines, with sound and without: ${order}`, (t) => {
    const clip = filmed(home, recorded, start);
    const differ: string[] = [];
    for (let from = 0; from < 3_000; from += 40) {
      for (const audio of [true, false]) {
        const times = { from: millis(start + from), to: millis(start + from + 2_400) };
        const one = slice(clip, { ...times, audio });
        if (one === undefined) continue;
        const { released } = one;
        const again = slice(clip, { first: released.first, last: released.last, audio: released.audio });
        const within = released.from >= times.from && released.to <= times.to;
        const same = again?.released.sha256 === released.sha256 && again.released.to === released.to;
        if (!within || !same) differ.push(`from ${from}, sound ${audio}`);
      }
    }
    t.same(differ, []);
    t.end();
  });

test("whatever is changed in a slice is refused for its reason", (t) => {
  const one = cut(middle);
  const film = splitFmp4(one.mp4);
  if (!film.ok) return t.fail(film.error.kind);
  const { init, fragments } = film.value;
  const parts = fragments.map(({ bytes }) => bytes);
  const [first = init.bytes, second = init.bytes, ...rest] = parts;
  const made = (...bytes: readonly Uint8Array[]): Slice => ({ ...one, mp4: concat(init.bytes, ...bytes) });
  const flipped = one.mp4.slice();
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
  const box = Uint8Array.of(0, 0, 0, 8, ...Array.from("free", (letter) => letter.charCodeAt(0)));
  const other = newHome({ seed: 22 });
  const strange = slice(filmed(other, Uint8Array.from(one.mp4), start), {
    ...middle,
    to: millis(start + 9_000),
  });
  const openings = one.manifest.openings;
  const hidden = openings.findIndex((opening) => opening !== null) + 2;
  const without = {
    ...one.manifest,
    openings: openings.map((opening, at) => (at === hidden ? null : opening)),
  };
  const [, , ...later] = parts;
  for (const [why, spoilt, kind] of [
    ["flipped bit", { ...one, mp4: flipped }, "fragment-differs"],
    ["swap", made(second, first, ...rest), "fragment-differs"],
    ["repeat", made(first, first, ...rest), "fragment-differs"],
    ["one more", made(first, ...parts), "fragments-missing"],
    ["one less", made(second, ...rest), "fragments-missing"],
    ["extra box", { ...one, mp4: concat(one.mp4, box) }, "not-an-mp4"],
    ["sound's header", { ...one, mp4: concat(one.init, ...parts) }, "init-differs"],
    ["another init", { ...one, init: init.bytes }, "init-differs"],
    [
      "edited manifest",
      { ...one, manifest: { ...one.manifest, note: one.manifest.note.replace("press", "motion") } },
      "manifest-refused",
    ],
    ["another camera's", { ...one, manifest: strange?.manifest ?? one.manifest }, "manifest-refused"],
    ["no init", { ...one, init: Uint8Array.of(1) }, "not-an-mp4"],
    ["cut inside", { ...made(first, ...later), manifest: without }, "cut-inside"],
  ] as const)
    t.equal(kindOf(spoilt), kind, why);
  t.equal(kindOf(one), "opens");
  t.end();
});
