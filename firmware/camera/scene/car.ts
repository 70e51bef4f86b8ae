import { type Sprite, spriteOf } from "./frame.js";
import {
  createLayer,
  fillEllipse,
  fillGlow,
  fillPolygon,
  fillRect,
  flat,
  gradient,
  type Layer,
  type Rgb,
} from "./layer.js";
import { cosine, sine } from "./noise.js";

/** Metres of a car's side view, and the margin around it that its lights and its shadow need. */
export const carLength = 4.3;
export const carHeight = 1.46;
export const carMargin = 0.9;

/** x forward from the rear bumper, y up, in metres, clockwise from the rear. */
const body = [
  0.04, 0.34, 0, 0.62, 0.06, 0.92, 0.3, 1.0, 0.56, 1.06, 1.02, 1.36, 1.5, 1.45, 2.1, 1.46, 2.5, 1.4, 3.02,
  1.05, 3.3, 0.97, 3.86, 0.88, 4.16, 0.76, 4.28, 0.6, 4.3, 0.36, 4.2, 0.27, 0.14, 0.26,
];
const rearWindow = [0.74, 1.06, 1.08, 1.3, 1.5, 1.38, 1.66, 1.38, 1.66, 1.03];
const frontWindow = [1.76, 1.03, 1.76, 1.385, 2.08, 1.39, 2.42, 1.34, 2.84, 1.05];

export const carColours: readonly Rgb[] = [
  [168, 42, 40],
  [52, 84, 128],
  [206, 206, 202],
  [58, 62, 66],
  [196, 150, 70],
  [64, 104, 92],
];

/** A car as a sprite, nose to the right or to the left, `scale` pixels a metre, lights on. */
export function paintCar(scale: number, colour: Rgb, toTheRight: boolean): Sprite {
  const width = Math.ceil(((carLength + 2 * carMargin) * scale) / 2) * 2;
  const height = Math.ceil(((carHeight + 2 * carMargin) * scale) / 2) * 2;
  const layer = createLayer(width, height);
  const x = (metres: number): number => (carMargin + (toTheRight ? metres : carLength - metres)) * scale;
  const y = (metres: number): number => height - (carMargin + metres) * scale;
  const outline = (points: readonly number[]): number[] =>
    points.map((value, index) => (index % 2 === 0 ? x(value) : y(value)));
  const metal = gradient(light(colour, 1.16), light(colour, 0.62), y(1.2), y(0.3));
  fillGlow(layer, x(2.15), y(0.03), 2.6 * scale, 0.24 * scale, flat([18, 16, 18], 0.95));
  fillPolygon(layer, outline(body), metal);
  fillPolygon(layer, outline([0.1, 0.9, 4.1, 0.78, 4.16, 0.72, 0.06, 0.84]), flat(light(colour, 1.3), 0.5));
  fillPolygon(layer, outline([0.1, 0.34, 4.24, 0.34, 4.2, 0.27, 0.14, 0.26]), flat([34, 34, 36]));
  const glass = gradient([150, 160, 170], [44, 48, 56], y(1.4), y(1.0));
  fillPolygon(layer, outline(rearWindow), glass);
  fillPolygon(layer, outline(frontWindow), glass);
  for (const seam of [1.71, 2.9])
    fillRect(layer, x(seam), y(1.02), 0.025 * scale, 0.62 * scale, flat(light(colour, 0.5)));
  for (const handle of [1.5, 2.6])
    fillRect(layer, x(handle) - 0.06 * scale, y(0.93), 0.14 * scale, 0.03 * scale, flat(light(colour, 0.55)));
  paintWheels(layer, scale, x, y);
  paintLights(layer, scale, x, y);
  return spriteOf(layer, { x: 0, y: 0, width, height });
}

type Measure = (metres: number) => number;

function paintWheels(layer: Layer, scale: number, x: Measure, y: Measure): void {
  for (const axle of [0.82, 3.42]) {
    fillEllipse(layer, x(axle), y(0.33), 0.38 * scale, 0.38 * scale, flat([30, 28, 30]));
    fillEllipse(layer, x(axle), y(0.31), 0.31 * scale, 0.31 * scale, flat([20, 20, 22]));
    fillEllipse(layer, x(axle), y(0.31), 0.2 * scale, 0.2 * scale, flat([138, 138, 140]));
    for (let spoke = 0; spoke < 5; spoke++) {
      const hubX = x(axle) + 0.12 * scale * cosine(spoke / 5);
      const hubY = y(0.31) + 0.12 * scale * sine(spoke / 5);
      fillEllipse(layer, hubX, hubY, 0.045 * scale, 0.045 * scale, flat([66, 66, 70]));
    }
  }
}

function paintLights(layer: Layer, scale: number, x: Measure, y: Measure): void {
  fillEllipse(layer, x(4.14), y(0.66), 0.13 * scale, 0.07 * scale, flat([255, 246, 220]));
  fillGlow(layer, x(4.24), y(0.66), 0.6 * scale, 0.42 * scale, flat([255, 236, 190], 0.65));
  fillEllipse(layer, x(0.08), y(0.8), 0.07 * scale, 0.1 * scale, flat([226, 52, 40]));
  fillGlow(layer, x(0.02), y(0.8), 0.45 * scale, 0.34 * scale, flat([230, 60, 40], 0.4));
}

function light(rgb: Rgb, share: number): Rgb {
  const [red, green, blue] = rgb;
  return [Math.min(255, red * share), Math.min(255, green * share), Math.min(255, blue * share)];
}
