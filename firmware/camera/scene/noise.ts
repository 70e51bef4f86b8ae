/** A 32-bit hash of two whole numbers and a seed: the source of everything that looks like chance in a scene. */
export function hash(x: number, y: number, seed: number): number {
  let h = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(seed, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The hash as a number in [0, 1). */
export function chance(x: number, y: number, seed: number): number {
  return hash(x, y, seed) / 4294967296;
}

/** Smooth value noise in [0, 1): chance at the whole coordinates, eased in between. */
export function valueNoise(x: number, y: number, seed: number): number {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const fx = ease(x - left);
  const fy = ease(y - top);
  const upper = mix(chance(left, top, seed), chance(left + 1, top, seed), fx);
  const lower = mix(chance(left, top + 1, seed), chance(left + 1, top + 1, seed), fx);
  return mix(upper, lower, fy);
}

/** Value noise in `octaves` layers, each twice as fine and half as strong; in [0, 1). */
export function cloudNoise(x: number, y: number, seed: number, octaves: number): number {
  let sum = 0;
  let weight = 0.5;
  let total = 0;
  for (let octave = 0; octave < octaves; octave++) {
    const scale = 1 << octave;
    sum += weight * valueNoise(x * scale, y * scale, seed + octave);
    total += weight;
    weight /= 2;
  }
  return sum / total;
}

/**
 * The sine of a number of full turns, to within 0.001. Only + - * and floor, which IEEE 754 rounds alike on every
 * engine; Math.sin may differ in the last bits, and with it a pixel.
 */
export function sine(turns: number): number {
  const x = turns - Math.floor(turns + 0.5);
  const rough = 8 * x - 16 * x * Math.abs(x);
  return 0.225 * (rough * Math.abs(rough) - rough) + rough;
}

export function cosine(turns: number): number {
  return sine(turns + 0.25);
}

export function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

export function clamp(value: number, least: number, most: number): number {
  return value < least ? least : value > most ? most : value;
}

/** 0 below `from`, 1 above `to`, eased in between. */
export function step(from: number, to: number, value: number): number {
  return ease(clamp((value - from) / (to - from), 0, 1));
}

function ease(t: number): number {
  return t * t * (3 - 2 * t);
}
