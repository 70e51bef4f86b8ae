import fc from "fast-check";
import { test } from "tap";
import { concat, equal, fromHex } from "../kernel/bytes.js";
import { hashOf } from "../seal/hash.js";
import { verifierOf } from "../seal/note.js";
import type { Parsed } from "./boxes.js";
import { fragmentFramesMax, parseFragment, rebase } from "./fmp4.js";
import { FragmentStream, type StreamEvent } from "./fragmentstream.js";
import { parseInit } from "./init.js";
import { formatFragment, signManifest } from "./manifest.js";
import { factsOf, formatPlain, openClip } from "./plain.js";
import { splitFmp4, splitFragments } from "./split.js";

// The smallest muxer that writes what the camera's child writes, one box at a time, so that each can be spoilt.

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const zeros = (length: number): Uint8Array => new Uint8Array(length);
const words = (...values: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(values.length * 4);
  values.forEach((value, i) => {
    new DataView(bytes.buffer).setUint32(i * 4, value);
  });
  return bytes;
};
const box = (type: string, ...parts: readonly Uint8Array[]): Uint8Array => {
  const body = concat(...parts);
  return concat(words(body.length + 8), ascii(type), body);
};
const wideBox = (type: string, ...parts: readonly Uint8Array[]): Uint8Array => {
  const body = concat(...parts);
  return concat(words(1), ascii(type), words(0, body.length + 16), body);
};

const ftyp = box("ftyp", ascii("isom"), words(512));
const avcC = box("avcC", Uint8Array.of(1, 0x64, 0x00, 0x1f, 0xff, 0xe0, 0));
const picture = concat(zeros(24), Uint8Array.of(0x05, 0, 0x02, 0xd0), zeros(50));
const avc1 = box("avc1", picture, avcC);
const mp4a = box("mp4a", zeros(28));
const stsd = (...entries: readonly Uint8Array[]): Uint8Array =>
  box("stsd", words(0, entries.length), ...entries);
const tkhd = (id: number): Uint8Array => box("tkhd", words(3, 0, 0, id), zeros(68));
const mdhd = box("mdhd", words(0, 0, 0, 15360, 0, 0));
const hdlr = (handler: string): Uint8Array => box("hdlr", words(0, 0), ascii(handler), zeros(13));
const mdia = (handler: string, description: Uint8Array): Uint8Array =>
  box("mdia", mdhd, hdlr(handler), box("minf", box("stbl", description)));
const videoTrak = box("trak", tkhd(1), mdia("vide", stsd(avc1)));
const audioTrak = box("trak", tkhd(2), mdia("soun", stsd(mp4a)));
const moov = (...traks: readonly Uint8Array[]): Uint8Array => box("moov", box("mvhd", zeros(100)), ...traks);
const init = concat(ftyp, moov(videoTrak));

const mfhd = (sequence: number): Uint8Array => box("mfhd", words(0, sequence));
const tfhd = box("tfhd", words(0x020038, 1, 1024, 10, 0x01010000));
const tfdt = (time: number): Uint8Array => box("tfdt", words(0x01000000, 0, time));
/** 15 frames of 10 bytes, as the encoder's fragments are. */
const trun = (dataOffset: number): Uint8Array => box("trun", words(0x000005, 15, dataOffset, 0x02000000));
const mdat = box("mdat", zeros(150));

interface Parts {
  readonly mfhd?: Uint8Array;
  readonly tfhd?: Uint8Array;
  readonly tfdt?: Uint8Array;
  readonly trun?: (dataOffset: number) => Uint8Array;
  readonly mdat?: Uint8Array;
}
const fragment = (parts: Parts = {}): Uint8Array => {
  const run = parts.trun ?? trun;
  const moof = (offset: number): Uint8Array =>
    box(
      "moof",
      parts.mfhd ?? mfhd(7),
      box("traf", parts.tfhd ?? tfhd, parts.tfdt ?? tfdt(30720), run(offset)),
    );
  return concat(moof(moof(0).length + 8), parts.mdat ?? mdat);
};
const whole = (...extra: readonly Uint8Array[]): Uint8Array =>
  concat(init, fragment(), fragment({ mfhd: mfhd(8), tfdt: tfdt(46080) }), ...extra);

const verdict = (parsed: Parsed<unknown>): string =>
  parsed.ok ? "ok" : `${parsed.error.kind} ${parsed.error.box}`;

test("an init segment says the video track's size, timescale and codec", async (t) => {
  const parsed = parseInit(concat(ftyp, moov(videoTrak, audioTrak)));
  t.ok(parsed.ok);
  if (!parsed.ok) return;
  const { track, timescale, codec, codecs, width, height, tracks } = parsed.value;
  t.same(
    { track, timescale, codec, codecs, width, height, kinds: tracks.map((each) => each.kind) },
    {
      track: 1,
      timescale: 15360,
      codec: "avc1",
      codecs: "avc1.64001f",
      width: 1280,
      height: 720,
      kinds: ["video", "audio"],
    },
  );
});

test("an init segment that is not one is refused, with the box that is wrong", async (t) => {
  const trak = (...parts: readonly Uint8Array[]): Uint8Array => concat(ftyp, moov(box("trak", ...parts)));
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ["nothing", zeros(0), "missing-box ftyp"],
    ["without moov", ftyp, "missing-box moov"],
    ["moov first", concat(moov(videoTrak), ftyp), "unexpected-box moov"],
    ["something after it", concat(init, box("free")), "unexpected-box free"],
    ["no track", concat(ftyp, moov()), "no-video moov"],
    ["sound only", concat(ftyp, moov(audioTrak)), "no-video moov"],
    [
      "two pictures",
      concat(ftyp, moov(videoTrak, box("trak", tkhd(2), mdia("vide", stsd(avc1))))),
      "no-video moov",
    ],
    [
      "one id twice",
      concat(ftyp, moov(videoTrak, box("trak", tkhd(1), mdia("soun", stsd(mp4a))))),
      "repeated-box trak",
    ],
    ["five tracks", concat(ftyp, moov(...Array.from({ length: 5 }, () => videoTrak))), "too-large moov"],
    ["an edit list", trak(tkhd(1), box("edts"), mdia("vide", stsd(avc1))), "unsupported trak"],
    ["two edit lists", trak(tkhd(1), box("edts"), box("edts"), mdia("vide", stsd(avc1))), "unsupported trak"],
    ["torn defaults", concat(ftyp, moov(videoTrak, box("mvex", words(9)))), "truncated "],
    [
      "tkhd of version 1",
      trak(box("tkhd", words(0x01000000, 0, 0, 0, 0, 1), zeros(80)), mdia("vide", stsd(avc1))),
      "ok",
    ],
    ["no tkhd", trak(mdia("vide", stsd(avc1))), "missing-box tkhd"],
    ["two tkhd", trak(tkhd(1), tkhd(1), mdia("vide", stsd(avc1))), "repeated-box tkhd"],
    ["track id 0", trak(tkhd(0), mdia("vide", stsd(avc1))), "malformed tkhd"],
    [
      "tkhd of version 2",
      trak(box("tkhd", words(0x02000000), zeros(80)), mdia("vide", stsd(avc1))),
      "malformed tkhd",
    ],
    ["no mdia", trak(tkhd(1)), "missing-box mdia"],
    ["no mdhd", trak(tkhd(1), box("mdia")), "missing-box mdhd"],
    ["no hdlr", trak(tkhd(1), box("mdia", mdhd)), "missing-box hdlr"],
    ["short hdlr", trak(tkhd(1), box("mdia", mdhd, box("hdlr", words(0)))), "malformed hdlr"],
    ["two descriptions", trak(tkhd(1), mdia("vide", stsd(avc1, avc1))), "unsupported stsd"],
    ["a lying count", trak(tkhd(1), mdia("vide", box("stsd", words(0, 1), avc1, avc1))), "malformed stsd"],
    ["short avc1", trak(tkhd(1), mdia("vide", stsd(box("avc1", zeros(20))))), "malformed avc1"],
    ["avc1 without avcC", trak(tkhd(1), mdia("vide", stsd(box("avc1", picture)))), "missing-box avcC"],
    [
      "short avcC",
      trak(tkhd(1), mdia("vide", stsd(box("avc1", picture, box("avcC", zeros(3)))))),
      "malformed avcC",
    ],
    ["0 pixels", trak(tkhd(1), mdia("vide", stsd(box("avc1", zeros(78), avcC)))), "malformed avc1"],
  ];
  for (const [name, bytes, expected] of cases) t.equal(verdict(parseInit(bytes)), expected, name);
});

test("a fragment says its place, its length and whether it starts on a keyframe", async (t) => {
  const perFrame = (offset: number): Uint8Array =>
    box("trun", words(0xf01, 2, offset, 500, 100, 0x01010000, 0, 700, 50, 0x01010000, 0));
  const bare = box("tfhd", words(0x020000, 2));
  const read = (bytes: Uint8Array): unknown => {
    const parsed = parseFragment(bytes);
    if (!parsed.ok) return parsed.error;
    const { track, sequence, time, duration, frames, keyframe } = parsed.value;
    return { track, sequence, time, duration, frames, keyframe };
  };
  const usual = { track: 1, sequence: 7, time: 30720, duration: 15360, frames: 15, keyframe: true };
  t.same(read(fragment()), usual);
  t.same(read(fragment({ tfdt: box("tfdt", words(0, 30720)) })), usual, "a 32-bit time");
  t.same(
    read(fragment({ tfdt: box("tfdt", words(0x01000000, 1, 5)) })),
    { ...usual, time: 4294967301 },
    "a 64-bit time",
  );
  t.same(
    read(fragment({ trun: perFrame, tfhd: bare })),
    { ...usual, track: 2, duration: 1200, frames: 2, keyframe: false },
    "fields frame by frame",
  );
  t.same(
    read(fragment({ trun: (offset) => box("trun", words(1, 15, offset)) })),
    { ...usual, keyframe: false },
    "the track header's flags",
  );
  const wide = concat(fragment({ trun: () => trun(fragment().length - mdat.length + 16) }).subarray(0, -158));
  t.same(read(concat(wide, wideBox("mdat", zeros(150)))), usual, "a 64-bit box size");
});

test("a fragment that could hide or lose frames is refused", async (t) => {
  const run =
    (...values: readonly number[]) =>
    (): Uint8Array =>
      box("trun", words(...values));
  const offset = fragment().length - mdat.length + 8;
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ["nothing", zeros(0), "missing-box moof"],
    ["no mdat", fragment().subarray(0, -158), "missing-box mdat"],
    ["mdat first", concat(mdat, fragment().subarray(0, -158)), "unexpected-box mdat"],
    ["two fragments", concat(fragment(), fragment()), "unexpected-box moof"],
    ["a box more", concat(fragment(), box("free")), "unexpected-box free"],
    ["a byte more in mdat", fragment({ mdat: box("mdat", zeros(151)) }), "malformed mdat"],
    ["a byte less in mdat", fragment({ mdat: box("mdat", zeros(149)) }), "malformed mdat"],
    ["data elsewhere", fragment({ trun: run(0x05, 15, offset + 1, 0x02000000) }), "unsupported trun"],
    ["two tracks", concat(box("moof", mfhd(1), box("traf"), box("traf")), mdat), "unexpected-box traf"],
    ["no frames", fragment({ trun: run(0x05, 0, offset, 0) }), "malformed trun"],
    ["too many frames", fragment({ trun: run(0x05, fragmentFramesMax + 1, offset, 0) }), "too-large trun"],
    ["a trun of version 2", fragment({ trun: run(0x02000005, 15, offset, 0) }), "unsupported trun"],
    ["an unknown trun flag", fragment({ trun: run(0x1005, 15, offset, 0) }), "unsupported trun"],
    ["a short trun", fragment({ trun: run(0x05, 15) }), "malformed trun"],
    ["a trun without its table", fragment({ trun: run(0x201, 15, offset) }), "malformed trun"],
    ["no sizes", fragment({ tfhd: box("tfhd", words(0x020028, 1, 1024, 0)) }), "unsupported trun"],
    ["no durations", fragment({ tfhd: box("tfhd", words(0x020030, 1, 10, 0)) }), "unsupported trun"],
    [
      "no flags",
      fragment({ tfhd: box("tfhd", words(0x020018, 1, 1024, 10)), trun: run(1, 15, offset - 8) }),
      "unsupported trun",
    ],
    ["an absolute offset", fragment({ tfhd: box("tfhd", words(0x020001, 1, 0, 0)) }), "unsupported tfhd"],
    ["a short tfhd", fragment({ tfhd: box("tfhd", words(0x020038, 1)) }), "malformed tfhd"],
    ["an empty tfhd", fragment({ tfhd: box("tfhd") }), "malformed tfhd"],
    ["a long mfhd", fragment({ mfhd: box("mfhd", words(0, 1, 2)) }), "malformed mfhd"],
    ["a tfdt of version 2", fragment({ tfdt: box("tfdt", words(0x02000000, 0)) }), "malformed tfdt"],
    ["an empty tfdt", fragment({ tfdt: box("tfdt") }), "malformed tfdt"],
    ["a time above 2^53", fragment({ tfdt: box("tfdt", words(0x01000000, 0x200000, 0)) }), "malformed tfdt"],
    [
      "an end above 2^53",
      fragment({ tfdt: box("tfdt", words(0x01000000, 0x1fffff, 0xffffffff)) }),
      "malformed tfdt",
    ],
    ["a size below its header", words(7, 0x6d6f6f66), "bad-size moof"],
    ["a size of 0", words(0, 0x6d6f6f66), "bad-size moof"],
    ["a size above 2^53", words(1, 0x6d6f6f66, 0xffffffff, 0), "bad-size moof"],
    ["half a header", zeros(5), "truncated "],
  ];
  for (const [name, bytes, expected] of cases) t.equal(verdict(parseFragment(bytes)), expected, name);
});

test("a clip is refused for the first thing in it that its camera did not sign", async (t) => {
  const camera = { name: "camera-a", secretKey: new Uint8Array(32).fill(7) };
  const parts = [fragment({ tfdt: tfdt(0) }), fragment({ mfhd: mfhd(8), tfdt: tfdt(15360) })];
  const sign = (signer = camera) =>
    signManifest(
      {
        ...{
          household: "ivznv7x5sq6lk565",
          camera: "27q6bbf6ee5qdzig",
          start: 0,
          monotonic: 0,
          clock: "synchronised",
        },
        ...{
          clip: "01a0c450-6c7b-7303-8303-030303030303",
          trigger: "press",
          charter: hashOf(init),
          previous: "none",
        },
        init: hashOf(init),
      } as never,
      parts.map((bytes, index) => {
        const parsed = parseFragment(bytes);
        const line = parsed.ok ? formatFragment(factsOf(parsed.value, index)) : "";
        return { salt: zeros(16), line };
      }),
      "complete",
      signer,
    );
  const manifest = sign();
  const all = { init, fragments: parts, manifest };
  const verdictOn = (bytes: Uint8Array): string => {
    const opened = openClip(bytes, verifierOf(camera));
    return opened.ok ? "ok" : opened.error.kind;
  };
  t.equal(verdictOn(formatPlain(all)), "ok");
  t.equal(verdictOn(concat(init, formatPlain({ fragments: parts, manifest }))), "ok", "in two segments");
  t.equal(verdictOn(concat(init, ...parts)), "no-manifest");
  t.equal(verdictOn(concat(formatPlain(all), box("uuid", zeros(20)))), "no-manifest");
  const uuid = fromHex("1171ad78527c6d5593dd4ac8736dba8f");
  for (const body of [
    "{",
    "null",
    "{}",
    '{"note":1,"openings":[]}',
    '{"note":"","openings":[1]}',
    '{"note":"","openings":1}',
  ])
    t.equal(verdictOn(concat(formatPlain(all), box("uuid", uuid, ascii(body)))), "no-manifest", body);
  t.equal(verdictOn(concat(formatPlain(all), box("uuid", uuid, Uint8Array.of(0xff)))), "no-manifest");
  const stranger = { name: "camera-b", secretKey: new Uint8Array(32).fill(8) };
  t.equal(verdictOn(formatPlain({ ...all, manifest: sign(stranger) })), "manifest-refused");
  t.equal(verdictOn(formatPlain({ ...all, init: concat(ftyp, moov(videoTrak, audioTrak)) })), "init-differs");
  t.equal(verdictOn(formatPlain({ ...all, fragments: parts.slice(1) })), "fragments-missing");
  t.equal(verdictOn(formatPlain({ ...all, fragments: parts.toReversed() })), "fragment-differs");
  const kept = { note: manifest.note, openings: manifest.openings.map(() => null) };
  t.equal(
    verdictOn(formatPlain({ ...all, manifest: kept })),
    "fragment-differs",
    "a line kept back vouches for nothing",
  );
});

test("a rebased fragment counts from its clip's start and differs nowhere else", async (t) => {
  for (const time of [tfdt(30720), box("tfdt", words(0, 30720)), box("tfdt", words(0x01000000, 1, 0))]) {
    const parsed = parseFragment(fragment({ tfdt: time }));
    t.ok(parsed.ok);
    if (!parsed.ok) return;
    const before = parsed.value.bytes.slice();
    const moved = rebase(parsed.value, { origin: parsed.value.time - 5, sequence: 1 });
    t.same(parseFragment(moved.bytes), { ok: true, value: moved });
    t.same([moved.time, moved.sequence], [5, 1]);
    const changed = moved.bytes.filter((byte, i) => byte !== before[i]).length;
    t.ok(changed <= 12, "only time and sequence change");
    t.ok(equal(parsed.value.bytes, before), "the original stays");
    t.throws(() => rebase(moved, { origin: 6, sequence: 1 }), /count from/);
  }
});

test("a recording splits into init, fragments and only the extra boxes that are allowed", async (t) => {
  const note = box("uuid", zeros(30));
  const split = splitFmp4(concat(init, note, fragment(), fragment(), note), { extras: ["uuid"] });
  t.ok(split.ok);
  if (!split.ok) return;
  t.equal(split.value.fragments.length, 2);
  t.same(
    split.value.extras.map((extra) => [extra.type, extra.after, extra.bytes.length]),
    [
      ["uuid", 0, 38],
      ["uuid", 2, 38],
    ],
  );
  t.ok(equal(split.value.init.bytes, init));
  t.equal(verdict(splitFmp4(init)), "ok", "an init segment alone");
  t.equal(verdict(splitFragments(concat(fragment(), fragment()))), "ok");
  t.equal(verdict(splitFragments(whole())), "unexpected-box ftyp");
  t.equal(verdict(splitFmp4(whole(note))), "unexpected-box uuid");
  t.equal(verdict(splitFmp4(whole(mdat))), "unexpected-box mdat");
  t.equal(verdict(splitFmp4(whole(init))), "unexpected-box ftyp");
  t.equal(verdict(splitFmp4(whole(fragment().subarray(0, -158)))), "missing-box mdat");
  t.equal(
    verdict(splitFmp4(whole(fragment().subarray(0, -158), note, mdat), { extras: ["uuid"] })),
    "unexpected-box uuid",
  );
  const stray = fragment({ tfhd: box("tfhd", words(0x020038, 9, 1024, 10, 0)) });
  t.same(splitFmp4(whole(stray)), {
    ok: false,
    error: { kind: "malformed", box: "moof", at: whole().length },
  });
});

test("a stream gives the same fragments however its bytes are cut", async (t) => {
  const input = concat(whole(), wideFragment());
  const expected = ["init", "fragment", "fragment", "fragment"];
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 60 }), (cuts) => {
      const { events, stream } = streamed(input, cuts);
      const bytes = concat(...events.map(bytesOf));
      return (
        events.map((e) => e.kind).join() === expected.join() && equal(bytes, input) && stream.pending() === 0
      );
    }),
  );
  t.equal(
    streamed(input.subarray(0, -1), [64]).stream.pending(),
    wideFragment().length - 1,
    "a tail is told",
  );
});

test("a babbling stream is refused once, at once, and holds no more than its limit", async (t) => {
  const refusals: readonly (readonly [string, Uint8Array, string])[] = [
    ["text", ascii("Hello, this is not a video at all."), "unexpected-box o, t"],
    ["a huge box", concat(ftyp, words(0x7fffffff, 0x6d6f6f76)), "too-large moov"],
    ["two init segments", concat(init, init), "unexpected-box ftyp"],
    ["a lost moof", concat(init, mdat), "unexpected-box mdat"],
    ["a broken fragment", concat(init, fragment({ mdat: box("mdat", zeros(3)) })), "malformed mdat"],
    ["a broken init", concat(ftyp, box("moov")), "no-video moov"],
    ["a bad size", words(2, 2), "bad-size \0\0\0\u0002"],
  ];
  for (const [name, bytes, expected] of refusals) {
    const stream = new FragmentStream(1_000_000);
    const events = [...stream.push(bytes), ...stream.push(whole())];
    const last = events.filter((event) => event.kind === "refused");
    t.equal(last.length, 1, name);
    t.equal(last[0]?.kind === "refused" && `${last[0].refusal.kind} ${last[0].refusal.box}`, expected, name);
  }
});

test("any bytes are answered without a throw, and no truncation passes", async (t) => {
  const input = whole(box("uuid", zeros(9)));
  const options = { extras: ["uuid"] };
  t.ok(splitFmp4(input, options).ok);
  const boundaries = [init.length, init.length + fragment().length, whole().length];
  for (let length = 0; length < input.length; length++) {
    if (boundaries.includes(length)) continue;
    t.notOk(splitFmp4(input.subarray(0, length), options).ok || false, `cut at ${length}`);
  }
  const spoilt = fc.tuple(
    fc.nat(input.length - 1),
    fc.nat(255),
    fc.nat(input.length),
    fc.uint8Array({ maxLength: 40 }),
  );
  fc.assert(
    fc.property(spoilt, ([at, value, cut, tail]) => {
      const bytes = concat(input.subarray(0, cut), tail);
      if (at < bytes.length) bytes[at] = value;
      for (const parse of [splitFmp4, splitFragments, parseInit, parseFragment]) parse(bytes);
      streamed(bytes, [cut + 1, 7]);
    }),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      (bytes) => !parseFragment(bytes).ok && !parseInit(bytes).ok,
    ),
  );
});

function wideFragment(): Uint8Array {
  const moof = (offset: number): Uint8Array =>
    box("moof", mfhd(9), box("traf", tfhd, tfdt(61440), trun(offset)));
  return concat(moof(moof(0).length + 16), wideBox("mdat", zeros(150)));
}

function streamed(
  input: Uint8Array,
  cuts: readonly number[],
): { events: StreamEvent[]; stream: FragmentStream } {
  const stream = new FragmentStream();
  const events: StreamEvent[] = [];
  for (let at = 0, i = 0; at < input.length; i++) {
    const length = cuts[i % cuts.length] ?? 1;
    events.push(...stream.push(input.subarray(at, at + length)));
    at += length;
  }
  return { events, stream };
}

function bytesOf(event: StreamEvent): Uint8Array {
  if (event.kind === "init") return event.init.bytes;
  return event.kind === "fragment" ? event.fragment.bytes : zeros(0);
}
