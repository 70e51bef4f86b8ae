import {
  createLayer,
  fillGlow,
  fillPolygon,
  fillRect,
  fillRows,
  flat,
  type Layer,
  type Paint,
  type Rgb,
} from "./layer.js";
import { chance, clamp, cloudNoise, mix, step, valueNoise } from "./noise.js";
import { eyeHeight, porchEnd, porchHeight, screenX, screenY, type View } from "./world.js";

const plank: Rgb = [134, 98, 70];
const timber: Rgb = [228, 218, 200];

/** The porch: floor, two posts, the beam they carry and a lantern. What stands on the street passes behind it. */
export function paintPorch(view: View, seed: number): Layer {
  const layer = createLayer(view.width, view.height);
  const edge = porchEdge(view);
  fillRows(layer, edge, view.height, floorPaint(view, seed));
  const unit = view.width / 1280;
  fillRect(layer, 0, edge - 3 * unit, view.width, 7 * unit, flat([96, 68, 50]));
  paintPost(layer, view, 0, seed);
  paintPost(layer, view, view.width - postWidth(view), seed);
  paintBeam(layer, view, seed);
  paintLantern(layer, view);
  paintPot(layer, view, -1.78);
  return layer;
}

/** The row at which the porch floor ends and the garden begins. */
export function porchEdge(view: View): number {
  return Math.round(screenY(view, porchHeight, porchEnd) / 2) * 2;
}

function floorPaint(view: View, seed: number): Paint {
  const drop = eyeHeight - porchHeight;
  return (px, py, colour) => {
    const z = (view.focal * drop) / (py - view.horizon);
    const x = ((px - view.centreX) * z) / view.focal;
    const board = Math.floor(x / 0.13);
    const inBoard = x / 0.13 - board;
    const tone = chance(board, 1, seed + 91) - 0.5;
    const grain = valueNoise(x * 70, z * 3.5 + board * 9, seed + 92) - 0.5;
    const wear = cloudNoise(x * 1.2, z * 1.6, seed + 93, 3);
    const gap = 1 - step(0, 0.09, Math.min(inBoard, 1 - inBoard));
    const light = (0.8 + 0.4 * wear + 0.24 * tone + 0.26 * grain) * (1 - 0.6 * gap);
    const lit = light * mix(0.72, 1.08, step(1.5, 2.2, z));
    for (let i = 0; i < 3; i++) colour[i] = clamp((plank[i] ?? 0) * lit, 0, 255);
    colour[3] = 1;
  };
}

/** The posts stand at the very edges of the picture: what comes along the street is first seen beside them. */
export function postWidth(view: View): number {
  return Math.round(view.width / 64) * 2;
}

function paintPost(layer: Layer, view: View, left: number, seed: number): void {
  const wide = postWidth(view);
  const base = screenY(view, porchHeight, porchEnd) + 4;
  const side = (px: number, py: number, colour: Float64Array): void => {
    const across = (px - left) / wide;
    const round = 1.02 - 0.42 * across + 0.08 * (across < 0.12 ? 1 : 0) - 0.12 * Math.abs(across - 0.5);
    const grain = 0.06 * (valueNoise(px / 3, py / 60, seed + 95) - 0.5);
    for (let i = 0; i < 3; i++) colour[i] = clamp((timber[i] ?? 0) * (round + grain) * 0.86, 0, 255);
    colour[3] = 1;
  };
  fillRect(layer, left, 0, wide, base, side);
  fillRect(layer, left - wide * 0.2, base - wide * 0.55, wide * 1.4, wide * 0.55, side);
  fillRect(layer, left - wide * 0.2, base - wide * 0.6, wide * 1.4, wide * 0.07, flat([120, 108, 92], 0.6));
}

/** The lintel: the beam over the door. */
function paintBeam(layer: Layer, view: View, seed: number): void {
  const deep = view.height * 0.058;
  fillRows(layer, 0, deep, (px, py, colour) => {
    const down = py / deep;
    const grain = valueNoise(px / 70, py / 2.5, seed + 96) - 0.5;
    const light = mix(0.34, 0.5, down) + 0.05 * grain + (down > 0.86 ? 0.2 : 0);
    for (let i = 0; i < 3; i++) colour[i] = clamp((timber[i] ?? 0) * light - i * 4, 0, 255);
    colour[3] = 1;
  });
  const unit = view.width / 1280;
  fillRows(layer, deep, deep + 16 * unit, (_px, py, colour) => {
    colour[0] = 40;
    colour[1] = 30;
    colour[2] = 24;
    colour[3] = 0.3 * clamp(1 - (py - deep) / (16 * unit), 0, 1);
  });
}

function paintLantern(layer: Layer, view: View): void {
  const unit = view.width / 1280;
  const x = 962 * unit;
  const top = view.height * 0.058;
  const iron = flat([34, 30, 30]);
  fillRect(layer, x - 1.5 * unit, top - 2, 3 * unit, 16 * unit, iron);
  const roof = top + 14 * unit;
  fillPolygon(layer, [x - 22 * unit, roof + 14 * unit, x, roof, x + 22 * unit, roof + 14 * unit], iron);
  fillGlow(layer, x, roof + 36 * unit, 92 * unit, 92 * unit, flat([255, 206, 128], 0.5));
  const lower = roof + 56 * unit;
  fillPolygon(
    layer,
    [
      x - 17 * unit,
      roof + 14 * unit,
      x + 17 * unit,
      roof + 14 * unit,
      x + 12 * unit,
      lower,
      x - 12 * unit,
      lower,
    ],
    flat([255, 228, 170]),
  );
  fillRect(layer, x - 14 * unit, lower, 28 * unit, 5 * unit, iron);
  for (const side of [-1, 1]) {
    const a = x + side * 17 * unit;
    const b = x + side * 12 * unit;
    fillPolygon(
      layer,
      [
        a - 1.5 * unit,
        roof + 14 * unit,
        a + 1.5 * unit,
        roof + 14 * unit,
        b + 1.5 * unit,
        lower,
        b - 1.5 * unit,
        lower,
      ],
      iron,
    );
  }
  fillRect(layer, x - unit, roof + 14 * unit, 2 * unit, 42 * unit, flat([70, 56, 44]));
}

function paintPot(layer: Layer, view: View, x: number): void {
  const z = porchEnd - 0.15;
  const scale = view.focal / z;
  const middle = screenX(view, x, z);
  const base = screenY(view, porchHeight, z);
  const clay: Paint = (px, _py, colour) => {
    const across = (px - middle) / (0.2 * scale);
    const light = 0.86 - 0.3 * across - 0.16 * across * across;
    colour[0] = clamp(188 * light, 0, 255);
    colour[1] = clamp(108 * light, 0, 255);
    colour[2] = clamp(76 * light, 0, 255);
    colour[3] = 1;
  };
  fillGlow(layer, middle + 0.08 * scale, base, 0.36 * scale, 0.09 * scale, flat([30, 20, 14], 0.75));
  const w = 0.2 * scale;
  fillPolygon(
    layer,
    [
      middle - w,
      base - 0.32 * scale,
      middle + w,
      base - 0.32 * scale,
      middle + w * 0.72,
      base,
      middle - w * 0.72,
      base,
    ],
    clay,
  );
  fillRect(layer, middle - w * 1.12, base - 0.38 * scale, w * 2.24, 0.08 * scale, clay);
}
