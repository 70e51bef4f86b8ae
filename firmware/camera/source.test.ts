import fc from "fast-check";
import { test } from "tap";
import { adviceOn } from "./advice.js";
import { LastWords, lastWordsCharacters, lastWordsLines } from "./lastwords.js";
import {
  barsMax,
  barsOf,
  checkMasks,
  gridColumns,
  gridRows,
  type Mask,
  maskPointsMax,
  masksMax,
} from "./mask.js";
import { defaultSettings, mayCopy, type PlanRequest, planOf } from "./plan.js";
import { describeSource, parseSource, redact, type Source } from "./source.js";

test("a source is read into its parts", async (t) => {
  const cases: readonly (readonly [string, unknown])[] = [
    ["v4l2:/dev/video0", { kind: "v4l2", device: "/dev/video0", wish: {} }],
    [
      "v4l2:/dev/v4l/by-id/usb-Cam_1.0:2?size=1280x720&fps=15&format=h264",
      {
        kind: "v4l2",
        device: "/dev/v4l/by-id/usb-Cam_1.0:2",
        wish: { size: { width: 1280, height: 720 }, fps: 15 },
        format: "h264",
      },
    ],
    [
      "v4l2:/dev/video0?audio=plughw:1,0",
      { kind: "v4l2", device: "/dev/video0", wish: {}, audio: "plughw:1,0" },
    ],
    ["libcamera", { kind: "libcamera", wish: {} }],
    ["libcamera?fps=30", { kind: "libcamera", wish: { fps: 30 } }],
    ["rtsp://cam", { kind: "rtsp", url: "rtsp://cam" }],
    ["RTSPS://u:p@[fe80::1]:322/a?b=c", { kind: "rtsp", url: "RTSPS://u:p@[fe80::1]:322/a?b=c" }],
    ["file:/a b/c:d.mp4?loop=1", { kind: "file", path: "/a b/c:d.mp4", loop: true }],
    ["file:///a.mp4", { kind: "file", path: "/a.mp4", loop: false }],
    ["/a.mp4", { kind: "file", path: "/a.mp4", loop: false }],
    ["./a.mp4?loop=0", { kind: "file", path: "./a.mp4", loop: false }],
    ["a.mp4", { kind: "file", path: "a.mp4", loop: false }],
  ];
  for (const [text, expected] of cases) t.same(parseSource(text), { ok: true, value: expected }, text);
  const scene = parseSource("scene:seed=7,fps=12");
  t.match(scene, { ok: true, value: { kind: "scene", spec: { seed: 7, fps: 12 } } });
});

test("a malformed source is refused with a word on what to write, and never repeats a password", async (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /No camera source is given/],
    ["x".repeat(2049), /longer than 2048/],
    ["file:/a\nb", /control character/],
    ["http://cam/live", /"http:" are not known.*rtsp/],
    ["v4l2:", /such as v4l2:\/dev\/video0/],
    ["v4l2:/etc/passwd", /such as v4l2:\/dev\/video0/],
    ["v4l2:/dev/../etc/passwd", /such as v4l2:\/dev\/video0/],
    ["v4l2:/dev/video0?size=1280", /WIDTHxHEIGHT/],
    ["v4l2:/dev/video0?size=1281x720", /even pixels/],
    ["v4l2:/dev/video0?size=9999x720", /64 to 4096/],
    ["v4l2:/dev/video0?fps=0", /1 to 60/],
    ["v4l2:/dev/video0?fps=61", /1 to 60/],
    ["v4l2:/dev/video0?fps=1.5", /whole number/],
    ["v4l2:/dev/video0?format=h265", /not one of h264/],
    ["v4l2:/dev/video0?audio=-f", /name in ALSA/],
    ["v4l2:/dev/video0?audio=/etc/passwd", /name in ALSA/],
    ["v4l2:/dev/video0?fps=1&fps=2", /twice/],
    ["v4l2:/dev/video0?fps=", /no value/],
    ["v4l2:/dev/video0?", /not an option; known are size=…, fps=…/],
    ["libcamera:x", /written libcamera/],
    ["libcamera?format=h264", /not an option/],
    ["rtsp://", /not an address/],
    ["rtsp:///stream", /not an address/],
    ["rtsp://u:geheim@host:99999/x", /not an address/],
    ["rtsp://u:geheim@ho st/x", /not an address/],
    ["file:", /names no file/],
    ["file:/a?loop=2", /loop is 1 or 0/],
    ["file:/a?speed=2", /not an option; known are loop/],
    ["scene:seed=x", /seed/],
    ["scenery:seed=1", /not known/],
  ];
  for (const [text, expected] of cases) {
    const parsed = parseSource(text);
    t.match(parsed, { ok: false, error: { kind: "bad-source", message: expected } }, text);
    t.notMatch(JSON.stringify(parsed), /geheim/);
  }
  fc.assert(fc.property(fc.string(), (text) => typeof parseSource(text).ok === "boolean"));
});

test("what is logged of a source holds no password", async (t) => {
  t.equal(redact("rtsp://u:p@h/x: refused, rtsps://a@b"), "rtsp://…@h/x: refused, rtsps://…@b");
  t.equal(redact("rtsp://u:p@ss@h/x"), "rtsp://…@h/x");
  t.equal(describeSource(sourceOf("rtsp://u:p@h/x")), "rtsp://…@h/x");
  const words = new LastWords();
  words.push("rtsp://u:p");
  words.push("@h/x: Connection refused\n\u001b[31mred\r\nhalf");
  t.same(words.lines(), ["rtsp://…@h/x: Connection refused", "?[31mred", "half"]);
});

test("a child's last words are bounded, whatever it writes", async (t) => {
  const words = new LastWords();
  for (let i = 0; i < 3000; i++) words.push(`line ${i}\n`);
  t.same([words.lines().length, words.lines()[0]], [lastWordsLines, "line 2980"]);
  for (let i = 0; i < 1000; i++) words.push("x".repeat(10_000));
  t.equal(words.lines().at(-1)?.length, lastWordsCharacters);
});

test("known last words come with advice", async (t) => {
  const said = (source: string, line: string): string | undefined => adviceOn(sourceOf(source), ["x", line]);
  t.match(said("v4l2:/dev/video0", "/dev/video0: No such file or directory"), /cable/);
  t.match(said("v4l2:/dev/video0", "Device or resource busy"), /Another program/);
  const deaf = "[alsa @ 0x1] cannot open audio device hw:9 (No such file or directory)";
  t.match(said("v4l2:/dev/video0?audio=hw:9", deaf), /microphone.*arecord -L/);
  t.match(said("rtsp://h/x", "method DESCRIBE failed: 401 Unauthorized"), /password/);
  t.match(said("rtsp://h/x", "Connection refused"), /Nothing answers/);
  t.match(said("/x", "/x: Invalid data found when processing input"), /no video/);
  t.match(said("/x", "/x: Is a directory"), /directory/);
  t.match(said("libcamera", "could not be started: spawn rpicam-vid ENOENT"), /rpicam-apps/);
  t.equal(said("/x", "something new"), undefined);
});

const triangle: Mask = [
  { x: 0.1, y: 0.1 },
  { x: 0.9, y: 0.5 },
  { x: 0.2, y: 0.8 },
];

test("masks that are no polygons inside the picture are refused", async (t) => {
  t.same(checkMasks([triangle]), { ok: true, value: [triangle] });
  t.match(checkMasks([triangle, triangle.slice(1)]), { error: { mask: 1, message: /3 to 64 corners/ } });
  t.match(checkMasks([Array.from({ length: maskPointsMax + 1 }, () => ({ x: 0, y: 0 }))]), { ok: false });
  t.match(checkMasks(Array.from({ length: masksMax + 1 }, () => triangle)), { ok: false });
  for (const bad of [-0.01, 1.01, Number.NaN, Number.POSITIVE_INFINITY]) {
    t.match(checkMasks([[...triangle, { x: 0.5, y: bad }]]), { error: { kind: "bad-mask" } }, `${bad}`);
  }
});

test("bars cover every point of a polygon, and nothing a cell away from it", async (t) => {
  const unit = fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000);
  const point = fc.record({ x: unit, y: unit });
  const polygon = fc.array(point, { minLength: 3, maxLength: 24 });
  fc.assert(
    fc.property(polygon, fc.array(point, { minLength: 50, maxLength: 50 }), (mask, points) => {
      const black = cellsOf(mask);
      return points.every((p) => !inside(mask, p) || black[cellAt(p)] === 1);
    }),
  );
  t.equal(
    barsOf([rectangle(0.25, 0.25, 0.75, 0.5)]).length,
    1,
    "a rectangle is one bar, a cell wider where its edge lies on the grid",
  );
  t.same(barsOf([rectangle(0.25, 0.25, 0.75, 0.5)]), [{ column: 32, row: 24, columns: 65, rows: 24 }]);
  const u = [
    ...rectangle(0.1, 0.1, 0.9, 0.9),
    { x: 0.1, y: 0.7 },
    { x: 0.5, y: 0.7 },
    { x: 0.5, y: 0.3 },
    { x: 0.1, y: 0.3 },
  ];
  t.equal(cellsOf(u)[cellAt({ x: 0.3, y: 0.5 })], 0, "a bay stays visible");
  t.equal(barsOf([]).length, 0);
  const comb = Array.from({ length: 64 }, (_, i) => ({ x: i / 63, y: i % 2 === 0 ? 0.02 : 0.98 - i / 999 }));
  const combs = Array.from({ length: 16 }, () => comb);
  t.ok(barsOf(combs).length <= barsMax && barsOf(combs).length > 0);
  const graph = planOf({ ...request("/a.mp4"), masks: combs }).graph ?? "";
  t.ok(graph.length < 131_072, `a filter of ${graph.length} bytes fits into one argument`);
});

test("a masked picture is never copied, and only H.264 sources are tried", async (t) => {
  t.ok(mayCopy(sourceOf("/a.mp4"), []));
  t.ok(mayCopy(sourceOf("v4l2:/dev/video0?format=h264"), []));
  t.notOk(mayCopy(sourceOf("v4l2:/dev/video0"), []));
  t.notOk(mayCopy(sourceOf("scene"), []));
  t.notOk(mayCopy(sourceOf("/a.mp4"), [triangle]));
  t.throws(() => planOf({ ...request("/a.mp4"), masks: [triangle], mode: "copy" }), /unmasked/);
});

test("a plan decodes once: painted, then split into recording and luma frames", async (t) => {
  const masked = planOf({ ...request("/a.mp4"), masks: [rectangle(0, 0, 0.5, 0.5)] });
  t.match(
    masked.graph,
    /^\[0:v:0\]format=yuv420p,fps=.*,drawbox=[^,]*,split=2\[large\]\[small\];\[large\]hqdn3d=[^,]*\[video\];\[small\]fps=10,scale=160:-2/,
  );
  const copied = planOf({ ...request("/a.mp4"), mode: "copy" });
  t.equal(copied.graph, undefined);
  t.match(copied.outputs[0]?.options.join(" "), /-c:v copy.*-an /);
  for (const plan of [masked, copied])
    t.same(
      plan.outputs.map((output) => output.target),
      ["pipe:1", "pipe:3"],
    );
  t.notMatch(
    planOf({ ...request("/a.mp4"), libavformat: 58 }).graph,
    /source_fps/,
    "ffmpeg 4 knows no expressions there",
  );
  t.match(
    planOf(request("/a.mp4")).inputs[0]?.options.join(" "),
    /-protocol_whitelist file -format_whitelist mov,\S+ -re$/,
  );
  t.notMatch(planOf({ ...request("/a.mp4"), pace: "fast" }).inputs[0]?.options.join(" "), /-re/);
  t.same(
    [request("scene"), request("libcamera"), request("/a")].map((each) => planOf(each).feed),
    ["scene", "rpicam", "nobody"],
  );
});

test("sound is asked for with leave only, where the source may have it", async (t) => {
  const saying = (text: string, sound: boolean, mode: "copy" | "encode" = "encode"): string => {
    const { inputs, outputs } = planOf({ ...request(text), mode, sound });
    return [...inputs, ...outputs].flatMap(({ options, target }) => [...options, target]).join(" ");
  };
  for (const text of ["/a.mp4", "rtsp://h/x", "v4l2:/dev/video0?audio=plughw:1", "libcamera", "scene"]) {
    t.notMatch(saying(text, false), /:a:|aac|alsa|plughw|audio|frag_discont/, text);
    t.match(saying(text, false), /-an /, text);
  }
  t.notMatch(saying("/a.mp4", false, "copy"), /:a:|aac/);
  t.match(saying("/a.mp4", true), /-map 0:a:0\? .*-c:a aac .*-map \[video\].*frag_discont/);
  t.match(saying("/a.mp4", true, "copy"), /-map 0:a:0\? .*-c:a aac .*-map 0:v:0 -c:v copy.*frag_discont/);
  t.match(saying("rtsp://h/x", true), /-allowed_media_types video\+audio/);
  t.match(saying("v4l2:/dev/video0?audio=plughw:1", true), /-f alsa .*plughw:1 .*-map 1:a:0 /);
  for (const text of ["libcamera", "scene", "v4l2:/dev/video0"])
    t.notMatch(saying(text, true), /:a:|alsa/, text);
});

test("the encoder keeps a constant quality under a ceiling; hardware has no keyframes of its own and no denoising before it", async (t) => {
  const saying = (encoder: "libx264" | "h264_v4l2m2m"): string =>
    planOf({ ...request("scene"), encoder }).outputs[0]?.options.join(" ") ?? "";
  t.match(saying("libx264"), /-crf 23 -maxrate 2500k -bufsize 5000k .*-sc_threshold 0 .*-force_key_frames/);
  t.notMatch(planOf({ ...request("scene"), encoder: "h264_v4l2m2m" }).graph, /hqdn3d/);
  t.match(saying("h264_v4l2m2m"), /-b:v 2500k -g 9999 -bf 0 .*-force_key_frames/);
});

function sourceOf(text: string): Source {
  const parsed = parseSource(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}

function request(text: string): PlanRequest {
  const source = sourceOf(text);
  return {
    source,
    mode: "encode",
    encoder: "libx264",
    libavformat: 59,
    masks: [],
    pace: "own",
    settings: defaultSettings,
  };
}

function rectangle(left: number, top: number, right: number, bottom: number): Mask {
  return [
    { x: left, y: top },
    { x: right, y: top },
    { x: right, y: bottom },
    { x: left, y: bottom },
  ];
}

function cellAt({ x, y }: Mask[number]): number {
  return (
    Math.min(gridRows - 1, Math.floor(y * gridRows)) * gridColumns +
    Math.min(gridColumns - 1, Math.floor(x * gridColumns))
  );
}

function cellsOf(mask: Mask): Uint8Array {
  const cells = new Uint8Array(gridColumns * gridRows);
  for (const { column, row, columns, rows } of barsOf([mask])) {
    for (let y = row; y < row + rows; y++)
      cells.fill(1, y * gridColumns + column, y * gridColumns + column + columns);
  }
  return cells;
}

/** Even-odd rule, by another way than the product's: a ray to the right. */
function inside(mask: Mask, { x, y }: Mask[number]): boolean {
  let odd = false;
  mask.forEach((from, i) => {
    const to = mask[(i + 1) % mask.length] ?? from;
    if (from.y > y !== to.y > y && x < from.x + ((y - from.y) * (to.x - from.x)) / (to.y - from.y))
      odd = !odd;
  });
  return odd;
}
