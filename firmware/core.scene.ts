import { seededPrng } from "../shared/kernel/prng.js";

/** A wall with noise, somebody who walks past, and light that changes: integers only, the same on every engine. */
export interface SceneStory {
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** From `from` on, `width` × `height` pixels move `speed` pixels a frame from the left edge, feet at `feet`. */
  readonly walkers: readonly Walker[];
  /** From frame `from` on, luma is `gain` 256ths of what it was. */
  readonly lights: readonly { readonly from: number; readonly gain: number }[];
}

interface Walker {
  readonly from: number;
  readonly width: number;
  readonly height: number;
  readonly speed: number;
  readonly feet: number;
}

const noiseValues = 1024;

/** Draws frame after frame into the same picture. */
export function sceneOf(story: SceneStory): (frame: number) => Uint8Array {
  const prng = seededPrng(story.seed);
  const noise = new Int8Array(noiseValues);
  for (let i = 0; i < noiseValues; i++) noise[i] = prng.between(-2, 3);
  const luma = new Uint8Array(story.width * story.height);
  const row = new Uint8Array(story.width);
  return (frame) => {
    let gain = 256;
    for (const light of story.lights) if (frame >= light.from) gain = light.gain;
    for (let y = 0; y < story.height; y++) {
      drawWall(row, y);
      for (const walker of story.walkers) drawWalker(row, y, walker, frame);
      expose(luma, row, y * story.width, gain, noise, prng.between(0, noiseValues));
    }
    return luma;
  };
}

function drawWall(row: Uint8Array, y: number): void {
  for (let x = 0; x < row.length; x++)
    row[x] = 50 + ((x * 7 + y * 13) % 32) + (((x >> 4) ^ (y >> 4)) & 1) * 48;
}

function drawWalker(row: Uint8Array, y: number, walker: Walker, frame: number): void {
  if (frame < walker.from || y > walker.feet || y <= walker.feet - walker.height) return;
  const left = (frame - walker.from) * walker.speed - walker.width;
  const end = Math.min(row.length, left + walker.width);
  for (let x = Math.max(0, left); x < end; x++) row[x] = 150 + (((x - left) * 31 + y * 17) % 64);
}

function expose(
  luma: Uint8Array,
  row: Uint8Array,
  start: number,
  gain: number,
  noise: Int8Array,
  from: number,
): void {
  for (let x = 0; x < row.length; x++) {
    const value = (((row[x] ?? 0) * gain) >> 8) + (noise[(from + x) & (noiseValues - 1)] ?? 0);
    luma[start + x] = Math.max(0, Math.min(255, value));
  }
}
