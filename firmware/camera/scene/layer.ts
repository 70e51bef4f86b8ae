import { clamp, cosine, sine } from "./noise.js";

/** A colour as red, green, blue, 0 to 255. */
export type Rgb = readonly [number, number, number];
/** Writes red, green, blue (0–255) and opacity (0–1) of the pixel at (x, y) into `colour`. */
export type Paint = (x: number, y: number, colour: Float64Array) => void;

/** A picture that is painted once, before the first frame: premultiplied red, green, blue, opacity. */
export interface Layer {
  readonly width: number;
  readonly height: number;
  readonly rgba: Float32Array;
}

const subRows = 4;

export function createLayer(width: number, height: number): Layer {
  return { width, height, rgba: new Float32Array(width * height * 4) };
}

export function flat([red, green, blue]: Rgb, opacity = 1): Paint {
  return (_x, _y, colour) => {
    colour[0] = red;
    colour[1] = green;
    colour[2] = blue;
    colour[3] = opacity;
  };
}

/** From `upper` at row `top` to `lower` at row `bottom`. */
export function gradient(upper: Rgb, lower: Rgb, top: number, bottom: number): Paint {
  return (_x, y, colour) => {
    const share = clamp((y - top) / (bottom - top), 0, 1);
    for (let i = 0; i < 3; i++) colour[i] = (upper[i] ?? 0) * (1 - share) + (lower[i] ?? 0) * share;
    colour[3] = 1;
  };
}

/** Fills a rectangle of whole pixels, edges included on the left and the top only. */
export function fillRows(layer: Layer, top: number, bottom: number, paint: Paint): void {
  const w = layer.width;
  fillPolygon(layer, [0, top, w, top, w, bottom, 0, bottom], paint);
}

export function fillRect(layer: Layer, x: number, y: number, w: number, h: number, paint: Paint): void {
  fillPolygon(layer, [x, y, x + w, y, x + w, y + h, x, y + h], paint);
}

export function fillEllipse(layer: Layer, x: number, y: number, rx: number, ry: number, paint: Paint): void {
  const points: number[] = [];
  for (let i = 0; i < 40; i++) points.push(x + rx * cosine(i / 40), y + ry * sine(i / 40));
  fillPolygon(layer, points, paint);
}

/** A disc that fades out towards its rim: glows and soft shadows. */
export function fillGlow(layer: Layer, x: number, y: number, rx: number, ry: number, paint: Paint): void {
  fillEllipse(layer, x, y, rx, ry, (px, py, colour) => {
    paint(px, py, colour);
    const dx = (px - x) / rx;
    const dy = (py - y) / ry;
    const left = clamp(1 - dx * dx - dy * dy, 0, 1);
    colour[3] = (colour[3] ?? 0) * left * left;
  });
}

/** Fills a polygon (x, y, x, y, …) by the even-odd rule with smooth edges. */
export function fillPolygon(layer: Layer, points: readonly number[], paint: Paint): void {
  const left = clamp(Math.floor(extreme(points, 0, Math.min)), 0, layer.width);
  const right = clamp(Math.ceil(extreme(points, 0, Math.max)), left, layer.width);
  const top = Math.max(0, Math.floor(extreme(points, 1, Math.min)));
  const bottom = Math.min(layer.height, Math.ceil(extreme(points, 1, Math.max)));
  const coverage = new Float64Array(right - left + 1);
  for (let row = top; row < bottom; row++) {
    coverage.fill(0);
    for (let sub = 0; sub < subRows; sub++) {
      coverRow(coverage, crossings(points, row + (sub + 0.5) / subRows), left, right);
    }
    blendRow(layer, row, left, coverage, paint);
  }
}

function extreme(points: readonly number[], first: 0 | 1, of: (a: number, b: number) => number): number {
  let found = points[first] ?? 0;
  for (let i = first; i < points.length; i += 2) found = of(found, points[i] ?? 0);
  return found;
}

function crossings(points: readonly number[], y: number): number[] {
  const found: number[] = [];
  const count = points.length;
  for (let i = 0; i < count; i += 2) {
    const x0 = points[i] ?? 0;
    const y0 = points[i + 1] ?? 0;
    const x1 = points[(i + 2) % count] ?? 0;
    const y1 = points[(i + 3) % count] ?? 0;
    if (y0 <= y !== y1 <= y) found.push(x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
  }
  return found.sort((a, b) => a - b);
}

function coverRow(coverage: Float64Array, edges: readonly number[], left: number, right: number): void {
  for (let i = 0; i + 1 < edges.length; i += 2) {
    const from = clamp(edges[i] ?? 0, left, right);
    const to = clamp(edges[i + 1] ?? 0, left, right);
    const last = Math.ceil(to);
    for (let x = Math.floor(from); x < last; x++) {
      const share = Math.min(to, x + 1) - Math.max(from, x);
      coverage[x - left] = (coverage[x - left] ?? 0) + share / subRows;
    }
  }
}

const colour = new Float64Array(4);

function blendRow(layer: Layer, row: number, left: number, coverage: Float64Array, paint: Paint): void {
  const { rgba, width } = layer;
  for (let i = 0; i < coverage.length - 1; i++) {
    const covered = coverage[i] ?? 0;
    if (covered === 0) continue;
    paint(left + i + 0.5, row + 0.5, colour);
    const opacity = covered * (colour[3] ?? 0);
    const at = (row * width + left + i) * 4;
    for (let part = 0; part < 3; part++) {
      rgba[at + part] = (rgba[at + part] ?? 0) * (1 - opacity) + (colour[part] ?? 0) * opacity;
    }
    rgba[at + 3] = (rgba[at + 3] ?? 0) * (1 - opacity) + opacity;
  }
}
