import type { Layer, Rgb } from "./layer.js";
import { clamp } from "./noise.js";

/** One picture in planar yuv420p (BT.601, limited range): `bytes` holds the three planes one after the other. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;
  readonly y: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
}

export interface Yuv {
  readonly y: number;
  readonly u: number;
  readonly v: number;
}

/** A painted layer, cropped and converted, that is laid over frames. Opacity runs from 0 to 256; the rest is premultiplied. */
export interface Sprite {
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array;
  readonly opacity: Uint16Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
  readonly chromaOpacity: Uint16Array;
  /** Where each row's first visible pixel lies, and the one after its last. */
  readonly from: Uint16Array;
  readonly to: Uint16Array;
}

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function createFrame(width: number, height: number): Frame {
  const luma = width * height;
  const bytes = new Uint8Array((luma * 3) / 2);
  return {
    width,
    height,
    bytes,
    y: bytes.subarray(0, luma),
    u: bytes.subarray(luma, (luma * 5) / 4),
    v: bytes.subarray((luma * 5) / 4),
  };
}

export function yuvOf([red, green, blue]: Rgb): Yuv {
  return {
    y: Math.round(16 + 0.2568 * red + 0.5041 * green + 0.0979 * blue),
    u: Math.round(128 - 0.1482 * red - 0.291 * green + 0.4392 * blue),
    v: Math.round(128 + 0.4392 * red - 0.3678 * green - 0.0714 * blue),
  };
}

/** Cuts `area` (even pixels) out of a layer. */
export function spriteOf(layer: Layer, area: Area): Sprite {
  const { width, height } = area;
  const sprite: Sprite = {
    width,
    height,
    y: new Uint8Array(width * height),
    opacity: new Uint16Array(width * height),
    u: new Uint8Array((width * height) / 4),
    v: new Uint8Array((width * height) / 4),
    chromaOpacity: new Uint16Array((width * height) / 4),
    from: new Uint16Array(height).fill(width),
    to: new Uint16Array(height),
  };
  for (let row = 0; row < height; row++) convertLumaRow(sprite, layer, area, row);
  for (let row = 0; row < height / 2; row++) convertChromaRow(sprite, layer, area, row);
  return sprite;
}

function convertLumaRow(sprite: Sprite, layer: Layer, area: Area, row: number): void {
  for (let x = 0; x < sprite.width; x++) {
    const from = ((area.y + row) * layer.width + area.x + x) * 4;
    const [red = 0, green = 0, blue = 0, opacity = 0] = layer.rgba.subarray(from, from + 4);
    const at = row * sprite.width + x;
    sprite.y[at] = Math.round(16 * opacity + 0.2568 * red + 0.5041 * green + 0.0979 * blue);
    sprite.opacity[at] = Math.round(256 * clamp(opacity, 0, 1));
    if (sprite.opacity[at] === 0) continue;
    sprite.from[row] = Math.min(sprite.from[row] ?? 0, x);
    sprite.to[row] = x + 1;
  }
}

function convertChromaRow(sprite: Sprite, layer: Layer, area: Area, row: number): void {
  const half = sprite.width / 2;
  for (let x = 0; x < half; x++) {
    const upper = ((area.y + row * 2) * layer.width + area.x + x * 2) * 4;
    const sum = [0, 0, 0, 0];
    for (const at of [upper, upper + 4, upper + layer.width * 4, upper + layer.width * 4 + 4]) {
      for (let i = 0; i < 4; i++) sum[i] = (sum[i] ?? 0) + (layer.rgba[at + i] ?? 0) / 4;
    }
    const [red = 0, green = 0, blue = 0, opacity = 0] = sum;
    sprite.u[row * half + x] = Math.round(128 * opacity - 0.1482 * red - 0.291 * green + 0.4392 * blue);
    sprite.v[row * half + x] = Math.round(128 * opacity + 0.4392 * red - 0.3678 * green - 0.0714 * blue);
    sprite.chromaOpacity[row * half + x] = Math.round(256 * clamp(opacity, 0, 1));
  }
}

/**
 * Lays a sprite over the frame with its corner at (left, top), rounded to even pixels. `sway` gives each row's shift to
 * the right in sixteenths of a pixel.
 */
export function drawSprite(
  frame: Frame,
  sprite: Sprite,
  left: number,
  top: number,
  sway?: (row: number) => number,
): void {
  const x0 = Math.round(left / 2) * 2;
  const y0 = Math.round(top / 2) * 2;
  const firstRow = Math.max(0, -y0);
  const lastRow = Math.min(sprite.height, frame.height - y0);
  for (let row = firstRow; row < lastRow; row++) {
    const shift = sway === undefined ? 0 : sway(row);
    drawLumaRow(frame, sprite, row, x0 + (shift >> 4), y0 + row, shift & 15);
    if (row % 2 === 0) drawChromaRow(frame, sprite, row / 2, x0 / 2 + (shift >> 5), (y0 + row) / 2);
  }
}

function drawLumaRow(frame: Frame, sprite: Sprite, row: number, left: number, y: number, part: number): void {
  const { opacity, y: luma } = sprite;
  const out = frame.y;
  const whole = 16 - part;
  const from = Math.max(sprite.from[row] ?? 0, -left);
  const to = Math.min((sprite.to[row] ?? 0) + (part > 0 ? 1 : 0), frame.width - left, sprite.width);
  const base = row * sprite.width;
  const target = y * frame.width + left;
  let lastOpacity = 0;
  let lastLuma = 0;
  for (let x = from; x < to; x++) {
    const o = opacity[base + x] ?? 0;
    const l = luma[base + x] ?? 0;
    const mixedOpacity = (o * whole + lastOpacity * part) >> 4;
    if (mixedOpacity > 0) {
      const under = out[target + x] ?? 0;
      out[target + x] = ((under * (256 - mixedOpacity)) >> 8) + ((l * whole + lastLuma * part) >> 4);
    }
    lastOpacity = o;
    lastLuma = l;
  }
}

function drawChromaRow(frame: Frame, sprite: Sprite, row: number, left: number, y: number): void {
  const half = sprite.width / 2;
  const frameHalf = frame.width / 2;
  const { u: outU, v: outV } = frame;
  const from = Math.max(0, (sprite.from[row * 2] ?? 0) >> 1, -left);
  const to = Math.min(((sprite.to[row * 2] ?? 0) + 1) >> 1, half, frameHalf - left);
  for (let x = from; x < to; x++) {
    const at = row * half + x;
    const keep = 256 - (sprite.chromaOpacity[at] ?? 0);
    if (keep === 256) continue;
    const target = y * frameHalf + left + x;
    outU[target] = (((outU[target] ?? 0) * keep) >> 8) + (sprite.u[at] ?? 0);
    outV[target] = (((outV[target] ?? 0) * keep) >> 8) + (sprite.v[at] ?? 0);
  }
}
