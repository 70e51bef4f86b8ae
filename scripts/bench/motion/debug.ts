import { spawn } from "node:child_process";
import { once } from "node:events";
import type { MotionReading } from "../../../firmware/detector/motion.js";
import type { Polygon, Zone } from "../../../shared/charter/areas.js";

/** A picture being painted: red, green, blue, `scale` times as wide and high as the luma frame. */
interface Canvas {
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export interface DebugVideo {
  paint(luma: Uint8Array, reading: MotionReading, triggered: boolean): Promise<void>;
  end(): Promise<void>;
}

const scale = 4;
const cell = 4 * scale;
const colours = {
  zone: [80, 160, 255],
  mask: [255, 0, 255],
  cell: [255, 200, 0],
  box: [255, 60, 60],
  quiet: [110, 110, 110],
  text: [255, 255, 255],
} as const;
type Colour = readonly [number, number, number];

/** Writes a video that shows zones, cells, boxes, score and reasons over the luma that the detector saw. */
export function openDebugVideo(
  path: string,
  size: {
    readonly width: number;
    readonly height: number;
    readonly fps: number;
    readonly zones: readonly Zone[];
    readonly masks: readonly Polygon[];
  },
): DebugVideo {
  const canvas = {
    rgb: new Uint8Array(size.width * size.height * scale * scale * 3),
    width: size.width * scale,
    height: size.height * scale,
  };
  const input = [
    "-f",
    "rawvideo",
    "-pix_fmt",
    "rgb24",
    "-s",
    `${canvas.width}x${canvas.height}`,
    "-r",
    String(size.fps),
    "-i",
    "-",
  ];
  const coder = [
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-crf",
    "20",
    "-pix_fmt",
    "yuv420p",
    "-vf",
    "pad=ceil(iw/2)*2:ceil(ih/2)*2",
  ];
  const child = spawn("ffmpeg", ["-v", "error", "-y", ...input, ...coder, path], {
    stdio: ["pipe", "inherit", "inherit"],
  });
  const closed = once(child, "close");
  return {
    paint: async (luma, reading, triggered) => {
      enlarge(canvas, luma, size.width);
      for (const { corners } of size.zones) outline(canvas, corners, colours.zone);
      for (const mask of size.masks) outline(canvas, mask, colours.mask);
      tint(canvas, reading, size.width);
      for (const box of reading.boxes.slice(0, reading.boxCount)) frame(canvas, box);
      gauge(canvas, reading, triggered);
      if (!child.stdin.write(Uint8Array.from(canvas.rgb))) await once(child.stdin, "drain");
    },
    end: async () => {
      child.stdin.end();
      await closed;
      if (child.exitCode !== 0) throw new Error(`ffmpeg could not write ${path}; its reason is above.`);
    },
  };
}

function enlarge({ rgb, width, height }: Canvas, luma: Uint8Array, lumaWidth: number): void {
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3)
      rgb.fill(luma[Math.floor(y / scale) * lumaWidth + Math.floor(x / scale)] ?? 0, at, at + 3);
  }
}

function dot({ rgb, width, height }: Canvas, x: number, y: number, colour: Colour): void {
  if (x >= 0 && y >= 0 && x < width && y < height) rgb.set(colour, (y * width + x) * 3);
}

function outline(canvas: Canvas, polygon: Polygon, colour: Colour): void {
  polygon.forEach((from, index) => {
    const to = polygon[(index + 1) % polygon.length] ?? from;
    const steps = canvas.width + canvas.height;
    for (let i = 0; i <= steps; i++) {
      const x = from.x + ((to.x - from.x) * i) / steps;
      const y = from.y + ((to.y - from.y) * i) / steps;
      dot(
        canvas,
        Math.floor((x * (canvas.width - 1)) / 10_000),
        Math.floor((y * (canvas.height - 1)) / 10_000),
        colour,
      );
    }
  });
}

/** Corners of the cells that changed. */
function tint(canvas: Canvas, { cells }: MotionReading, lumaWidth: number): void {
  const wide = Math.ceil(lumaWidth / 4);
  cells.forEach((pixels, index) => {
    if (pixels === 0) return;
    const [x0, y0] = [(index % wide) * cell, Math.floor(index / wide) * cell];
    for (let i = 0; i < cell; i++) {
      dot(canvas, x0 + i, y0, colours.cell);
      dot(canvas, x0, y0 + i, colours.cell);
    }
  });
}

function frame(canvas: Canvas, box: { x: number; y: number; width: number; height: number }): void {
  const [x0, y0, x1, y1] = [
    box.x * scale,
    box.y * scale,
    (box.x + box.width) * scale - 1,
    (box.y + box.height) * scale - 1,
  ];
  for (let thick = 0; thick < 2; thick++) {
    for (let x = x0; x <= x1; x++) for (const y of [y0 + thick, y1 - thick]) dot(canvas, x, y, colours.box);
    for (let y = y0; y <= y1; y++) for (const x of [x0 + thick, x1 - thick]) dot(canvas, x, y, colours.box);
  }
}

/** The score as a bar whose mark is the threshold, and what it is made of in words. */
function gauge(canvas: Canvas, reading: MotionReading, triggered: boolean): void {
  const { area, travel, persistence, light } = reading.reasons;
  for (let y = 0; y < 34; y++) canvas.rgb.fill(0, y * canvas.width * 3, (y + 1) * canvas.width * 3);
  for (let x = 0; x < reading.score * 2; x++)
    for (let y = 4; y < 12; y++) dot(canvas, 4 + x, y, triggered ? colours.box : colours.quiet);
  for (let y = 2; y < 14; y++) dot(canvas, 104, y, colours.text);
  const state = reading.trouble?.kind ?? (reading.settling ? "settling" : triggered ? "motion" : "quiet");
  write(canvas, `${state} ${reading.score}`, 212, 3);
  write(canvas, `area ${area} travel ${travel} for ${(persistence / 1000).toFixed(1)} light ${light}`, 4, 19);
}

/** Letters of 3 by 5 dots, three bits a row from the top, as octal digits. */
const letters: { readonly [letter: string]: string } = {
  "0": "75557",
  "1": "26227",
  "2": "71747",
  "3": "71717",
  "4": "55711",
  "5": "74717",
  "6": "74757",
  "7": "71122",
  "8": "75757",
  "9": "75717",
  ".": "00002",
  a: "75755",
  b: "65656",
  c: "74447",
  d: "65556",
  e: "74747",
  f: "74644",
  g: "74557",
  h: "55755",
  i: "72227",
  j: "11157",
  k: "55655",
  l: "44447",
  m: "57755",
  n: "65555",
  o: "75557",
  p: "75744",
  q: "75571",
  r: "75765",
  s: "74717",
  t: "72222",
  u: "55557",
  v: "55552",
  w: "55775",
  x: "55255",
  y: "55222",
  z: "71247",
};

function write(canvas: Canvas, text: string, left: number, top: number): void {
  [...text].forEach((letter, index) => {
    [...(letters[letter] ?? "")].forEach((digit, row) => {
      for (let column = 0; column < 3; column++) {
        if (((Number(digit) >> (2 - column)) & 1) === 0) continue;
        for (let i = 0; i < 4; i++)
          dot(canvas, left + index * 8 + column * 2 + (i & 1), top + row * 2 + (i >> 1), colours.text);
      }
    });
  });
}
