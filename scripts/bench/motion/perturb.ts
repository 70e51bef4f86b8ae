import { type Prng, seededPrng } from "../../../shared/kernel/prng.js";

interface Frame {
  readonly luma: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A frame as another camera, mount, light or weather would have given it; undefined when it is left out. */
export type Perturb = (frame: Frame, index: number) => Frame | undefined;

/** By name, each a fresh one for a clip: causes, not clips, are what the detector must bear. */
export const perturbations: { readonly [name: string]: () => Perturb } = {
  plain: () => (frame) => frame,
  flipped: () => flipped,
  "noise-2": () => noisy(2),
  "noise-4": () => noisy(4),
  "noise-8": () => noisy(8),
  grain: () => grainy(4),
  blurred: () => blurred,
  "gamma-0.6": () => curved((share) => share ** 0.6),
  "gamma-1.6": () => curved((share) => share ** 1.6),
  flat: () => curved((share) => 0.3 + 0.4 * share),
  night: () =>
    both(
      curved((share) => share * 0.35),
      noisy(3),
    ),
  steps: () => stepped,
  pumping: () => lit((seconds) => 1 + 0.12 * Math.sin(seconds * 4.4)),
  ramps: () => lit((seconds) => 1 + 0.4 * Math.max(-1, Math.min(1, 2 * Math.sin(seconds * 0.5)))),
  balance: () => whiteBalance,
  flicker: () => flickering,
  "night-filter": () => filtered,
  shaking: () => shaking,
  "half-rate": () => (frame, index) => (index % 2 === 0 ? frame : undefined),
  repeated: repeating,
  "three-quarters": () => (frame) => scaled(frame, 0.75),
  "one-and-half": () => (frame) => scaled(frame, 1.5),
  rain: () => rainy,
  snow: () => snowy,
  insects: () => insects,
};

function both(first: Perturb, second: Perturb): Perturb {
  return (frame, index) => {
    const between = first(frame, index);
    return between && second(between, index);
  };
}

function mapped(frame: Frame, value: (luma: number, at: number) => number): Frame {
  const luma = new Uint8Array(frame.luma.length);
  for (let at = 0; at < luma.length; at++) {
    luma[at] = Math.max(0, Math.min(255, Math.round(value(frame.luma[at] ?? 0, at))));
  }
  return { ...frame, luma };
}

function moved(frame: Frame, from: (x: number, y: number) => readonly [number, number]): Frame {
  const { width, height } = frame;
  const within = (value: number, size: number): number => Math.max(0, Math.min(size - 1, value));
  return mapped(frame, (_, at) => {
    const [x, y] = from(at % width, Math.floor(at / width));
    return frame.luma[within(y, height) * width + within(x, width)] ?? 0;
  });
}

function flipped(frame: Frame): Frame {
  return moved(frame, (x, y) => [frame.width - 1 - x, y]);
}

/** Twelve even chances make a bell curve of deviation 1. */
function bell(random: Prng): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.next();
  return sum;
}

const noiseLength = 1 << 17;

/** A long table once; every row starts somewhere else in it. */
function noiseRows(deviation: number): (index: number, row: number) => Int8Array {
  const random = seededPrng(17);
  const table = Int8Array.from({ length: noiseLength + 1024 }, () => Math.round(bell(random) * deviation));
  return (index, row) => {
    const from = seededPrng(index * 1009 + row).between(0, noiseLength);
    return table.subarray(from, from + 1024);
  };
}

function noisy(deviation: number): Perturb {
  const rows = noiseRows(deviation);
  return (frame, index) => {
    let row: Int8Array = rows(index, 0);
    return mapped(frame, (luma, at) => {
      const x = at % frame.width;
      if (x === 0) row = rows(index, at / frame.width);
      return luma + (row[x] ?? 0);
    });
  };
}

/** Noise after a coder: patches of three by three pixels that change every third frame. */
function grainy(deviation: number): Perturb {
  const rows = noiseRows(deviation);
  return (frame, index) => {
    const { width } = frame;
    return mapped(frame, (luma, at) => {
      const patch = rows(Math.floor(index / 3), Math.floor(at / width / 3));
      return luma + (patch[Math.floor((at % width) / 3)] ?? 0);
    });
  };
}

function blurred(frame: Frame): Frame {
  const { luma, width } = frame;
  return mapped(frame, (own, at) => {
    let sum = 0;
    for (const line of [at - width, at, at + width]) {
      for (const near of [line - 1, line, line + 1]) sum += luma[near] ?? own;
    }
    return sum / 9;
  });
}

function curved(curve: (share: number) => number): Perturb {
  return (frame) => mapped(frame, (luma) => 255 * curve(luma / 255));
}

function lit(factor: (seconds: number) => number): Perturb {
  return (frame, index) => {
    const share = factor(index / 10);
    return mapped(frame, (luma) => luma * share);
  };
}

/** The exposure jumps every three to eight seconds. */
const stepped = lit((seconds) => {
  const step = Math.floor(seconds / 5 + 0.3 * Math.sin(seconds));
  return 0.7 + 0.7 * seededPrng(step).next();
});

/** A new white balance weighs the colours anew: what was dark may brighten while what was bright darkens. */
function whiteBalance(frame: Frame, index: number): Frame {
  const bend = 0.25 * (seededPrng(Math.floor(index / 57)).next() - 0.5);
  return mapped(frame, (luma) => luma + 255 * bend * Math.sin((luma / 255) * Math.PI * 2));
}

/** Every 13 s the infrared filter comes or goes: a black half second, then every brightness is another. */
function filtered(frame: Frame, index: number): Frame {
  const since = index % 130;
  if (index > 130 && since < 5) return mapped(frame, () => 12);
  if (index % 260 < 130) return frame;
  return mapped(frame, (luma) => 60 + 70 * Math.sin(luma / 23) + luma / 4);
}

const flickering = lit((seconds) => 1 + 0.25 * (seededPrng(Math.round(seconds * 10)).next() - 0.5));

function shaking(frame: Frame, index: number): Frame {
  if (Math.floor(index / 30) % 2 === 0) return frame;
  const random = seededPrng(index);
  const [dx, dy] = [random.between(-1, 2), random.between(-1, 2)];
  return moved(frame, (x, y) => [x + dx, y + dy]);
}

/** Half the frames, each twice, as a slow camera's stream looks at a higher rate. */
function repeating(): Perturb {
  let kept: Frame | undefined;
  return (frame, index) => {
    if (index % 2 === 0 || kept === undefined) kept = frame;
    return kept;
  };
}

function scaled({ luma, width, height }: Frame, share: number): Frame {
  const small = { width: Math.round(width * share), height: Math.round(height * share) };
  const empty = { ...small, luma: new Uint8Array(small.width * small.height) };
  return mapped(empty, (_, at) => {
    const x = Math.max(0, ((at % small.width) + 0.5) / share - 0.5);
    const y = Math.max(0, (Math.floor(at / small.width) + 0.5) / share - 0.5);
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
    const upper = mix(luma[top * width + left], luma[top * width + right], x - left);
    return mix(upper, mix(luma[bottom * width + left], luma[bottom * width + right], x - left), y - top);
  });
}

function mix(from = 0, to = 0, share: number): number {
  return from + (to - from) * share;
}

interface Spot {
  readonly x: number;
  readonly y: number;
  readonly wide: number;
  readonly tall: number;
  readonly light: number;
}

function spotted(frame: Frame, spots: readonly Spot[]): Frame {
  const luma = frame.luma.slice();
  for (const { x, y, wide, tall, light } of spots) {
    for (let row = Math.max(0, Math.ceil(y - tall)); row <= Math.min(frame.height - 1, y + tall); row++) {
      for (
        let column = Math.max(0, Math.ceil(x - wide));
        column <= Math.min(frame.width - 1, x + wide);
        column++
      ) {
        const away = ((column - x) / wide) ** 2 + ((row - y) / tall) ** 2;
        const at = row * frame.width + column;
        luma[at] = Math.min(255, (luma[at] ?? 0) + light * Math.max(0, 1 - away));
      }
    }
  }
  return { ...frame, luma };
}

function rainy(frame: Frame, index: number): Frame {
  const random = seededPrng(index);
  const drop = (): Spot => {
    const [x, y] = [random.next() * frame.width, random.next() * frame.height];
    return { x, y, wide: 0.8, tall: 2 + 6 * random.next(), light: 6 + 24 * random.next() };
  };
  return spotted(frame, Array.from({ length: 60 }, drop));
}

function snowy(frame: Frame, index: number): Frame {
  const random = seededPrng(5);
  const flake = (): Spot => {
    const near = random.next();
    const fall = (10 + 40 * near) * (index / 10);
    const x = (random.next() * frame.width + 0.3 * fall) % frame.width;
    const y = (random.next() * frame.height + fall) % frame.height;
    return { x, y, wide: 0.8 + 1.2 * near * near, tall: 0.8 + 1.2 * near * near, light: 15 + 35 * near };
  };
  return spotted(frame, Array.from({ length: 80 }, flake));
}

/** Bright smudges close to the lens that cross the picture within a second, in turns and pauses. */
function insects(frame: Frame, index: number): Frame {
  const spots: Spot[] = [];
  for (let lane = 0; lane < 3; lane++) {
    const flight = Math.floor((index + lane * 11) / 31);
    const age = ((index + lane * 11) % 31) / 10;
    const random = seededPrng(flight * 7 + lane);
    const [x0, y0, turn, size] = [random.next(), random.next(), random.next() * 6.3, 1.5 + 3 * random.next()];
    const lasts = 0.5 + random.next();
    if (age > lasts) continue;
    const x = x0 * frame.width + (Math.cos(turn + age) * age * frame.width) / 2;
    const y = y0 * frame.height + (Math.sin(turn + age * 2) * age * frame.width) / 3;
    spots.push({ x, y, wide: size * 1.5, tall: size, light: 90 });
  }
  return spotted(frame, spots);
}
