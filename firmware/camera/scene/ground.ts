import type { Paint, Rgb } from "./layer.js";
import { clamp, cloudNoise, mix, step, valueNoise } from "./noise.js";
import {
  eyeHeight,
  farPavement,
  pathCentre,
  pathHalfWidth,
  pavementFar,
  pavementNear,
  roadFar,
  roadNear,
  type View,
} from "./world.js";

const grass: Rgb = [98, 112, 58];
const asphalt: Rgb = [88, 84, 84];
const concrete: Rgb = [160, 149, 136];
const kerb: Rgb = [186, 178, 166];
const flagstone: Rgb = [172, 150, 126];

/** One point of the street, and how much ground its pixel covers, in metres: finer texture than that is left out. */
interface Spot {
  x: number;
  z: number;
  acrossMetres: number;
  alongMetres: number;
}

/** Paints everything between the houses opposite and the porch: gardens, pavements, kerbs, road, path, lawn. */
export function groundPaint(view: View, seed: number): Paint {
  const spot: Spot = { x: 0, z: 0, acrossMetres: 0, alongMetres: 0 };
  return (px, py, colour) => {
    const drop = Math.max(py - view.horizon, 0.5);
    spot.z = (view.focal * eyeHeight) / drop;
    spot.x = ((px - view.centreX) * spot.z) / view.focal;
    spot.acrossMetres = spot.z / view.focal;
    spot.alongMetres = spot.z / drop;
    const light = paintSpot(spot, seed, colour) * longShadows(spot, seed);
    for (let i = 0; i < 3; i++) colour[i] = clamp((colour[i] ?? 0) * light, 0, 255);
    colour[3] = 1;
  };
}

/** The base colour into `colour`; the answer is its brightness, 1 in the middle. */
function paintSpot(spot: Spot, seed: number, colour: Float64Array): number {
  const { z } = spot;
  if (z > farPavement + 0.25) return paintGrass(spot, seed, colour);
  if (z > roadFar + 0.3) return paintSlabs(spot, seed, concrete, colour);
  if (z > roadFar) return paintPlain(spot, seed, kerb, colour);
  if (z > roadNear) return paintRoad(spot, seed, colour);
  if (z > pavementFar) return paintPlain(spot, seed, kerb, colour);
  if (z > pavementNear) return paintSlabs(spot, seed, concrete, colour);
  return paintGarden(spot, seed, colour);
}

function put(colour: Float64Array, [red, green, blue]: Rgb): void {
  colour[0] = red;
  colour[1] = green;
  colour[2] = blue;
}

/** How much of a texture with grains of `metres` a pixel still shows. */
function visible(spot: Spot, metres: number): number {
  return clamp(metres / spot.alongMetres / 1.5, 0, 1);
}

function paintPlain(spot: Spot, seed: number, base: Rgb, colour: Float64Array): number {
  put(colour, base);
  return 0.92 + 0.16 * valueNoise(spot.x * 9, spot.z * 9, seed + 3);
}

function paintGrass(spot: Spot, seed: number, colour: Float64Array): number {
  const { x, z } = spot;
  put(colour, grass);
  const patches = cloudNoise(x * 0.9, z * 0.9, seed + 11, 3);
  const tufts = valueNoise(x * 26, z * 9, seed + 12) - 0.5;
  const blades = valueNoise(x * 90, z * 24, seed + 13) - 0.5;
  colour[0] = (colour[0] ?? 0) * (0.8 + 0.45 * patches);
  return 0.72 + 0.5 * patches + 0.34 * tufts * visible(spot, 0.06) + 0.34 * blades * visible(spot, 0.02);
}

function paintRoad(spot: Spot, seed: number, colour: Float64Array): number {
  const { x, z } = spot;
  put(colour, asphalt);
  const worn = cloudNoise(x * 0.35, z * 0.9, seed + 21, 3);
  const grains = (valueNoise(x * 40, z * 24, seed + 22) - 0.5) * visible(spot, 0.04);
  const middle = (roadNear + roadFar) / 2;
  const soft = spot.alongMetres / 2;
  const dash = step(0.42, 0.46, Math.abs(x / 3 - Math.floor(x / 3) - 0.5));
  const onLine = 1 - step(0.06 - soft, 0.06 + soft, Math.abs(z - middle));
  const paint = (1 - dash) * onLine * 0.75;
  for (let i = 0; i < 3; i++) colour[i] = mix(colour[i] ?? 0, 214 - i * 8, paint);
  const gutter = step(0, 0.5, z - roadNear) * (1 - 0.4 * step(-0.5, 0, z - roadFar));
  return (0.78 + 0.36 * worn + 0.22 * grains) * (0.72 + 0.28 * gutter);
}

function paintSlabs(spot: Spot, seed: number, base: Rgb, colour: Float64Array): number {
  const { x, z } = spot;
  put(colour, base);
  const column = Math.floor(x / 0.9);
  const tone = valueNoise(column * 7.3, Math.floor(z / 0.8) * 5.1, seed + 31) - 0.5;
  const jointX = joint(x / 0.9, spot.acrossMetres / 0.9);
  const jointZ = joint(z / 0.8, spot.alongMetres / 0.8);
  const grains = (valueNoise(x * 30, z * 20, seed + 32) - 0.5) * visible(spot, 0.05);
  const stains = cloudNoise(x * 0.7, z * 0.7, seed + 33, 3);
  return (0.82 + 0.3 * stains + 0.16 * tone + 0.14 * grains) * (1 - 0.32 * Math.max(jointX, jointZ));
}

/** The dark line between two slabs, for a coordinate in slabs and a pixel's size in slabs. */
function joint(slabs: number, pixel: number): number {
  const near = Math.abs(slabs - Math.floor(slabs + 0.5));
  const width = 0.012 + pixel / 2;
  return (1 - step(0.3 * width, width, near)) * clamp(0.03 / width, 0.25, 1);
}

/** Lawn with the path from the pavement to the steps, its edges and its flagstones. */
function paintGarden(spot: Spot, seed: number, colour: Float64Array): number {
  const lawn = paintGrass(spot, seed, colour);
  const wobble = 0.05 * (valueNoise(spot.z * 3, 7, seed + 41) - 0.5);
  const beside = Math.abs(spot.x - pathCentre + wobble) - pathHalfWidth;
  const soft = spot.acrossMetres;
  const onPath = 1 - step(-soft, soft, beside);
  const edge = 1 - step(0, 0.16, Math.abs(beside));
  if (onPath === 0) return lawn * (1 - 0.35 * edge);
  const [red, green, blue] = [colour[0] ?? 0, colour[1] ?? 0, colour[2] ?? 0];
  const stone = flagstoneLight(spot, seed, colour);
  colour[0] = mix(red, colour[0] ?? 0, onPath);
  colour[1] = mix(green, colour[1] ?? 0, onPath);
  colour[2] = mix(blue, colour[2] ?? 0, onPath);
  return mix(lawn * (1 - 0.35 * edge), stone, onPath);
}

function flagstoneLight(spot: Spot, seed: number, colour: Float64Array): number {
  put(colour, flagstone);
  const row = Math.floor(spot.z / 0.42);
  const across = spot.x / 0.4 + (row % 2 === 0 ? 0 : 0.5);
  const tone = valueNoise(Math.floor(across) * 3.7, row * 9.1, seed + 42) - 0.5;
  const lines = Math.max(
    joint(across, spot.acrossMetres / 0.4),
    joint(spot.z / 0.42, spot.alongMetres / 0.42),
  );
  const grains = valueNoise(spot.x * 40, spot.z * 22, seed + 43) - 0.5;
  colour[2] = (colour[2] ?? 0) * (1 + 0.2 * tone);
  return (0.94 + 0.34 * tone + 0.16 * grains) * (1 - 0.45 * lines);
}

/** The low sun comes from the left: long soft shadows of what stands outside the picture lie over lawn and road. */
function longShadows(spot: Spot, seed: number): number {
  const slanted = spot.x * 0.45 + spot.z * 1.1;
  const blotches = cloudNoise(slanted * 0.55, spot.z * 0.5 - spot.x * 0.06, seed + 51, 3);
  return 0.7 + 0.38 * step(0.36, 0.6, blotches);
}
