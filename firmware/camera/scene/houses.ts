import {
  fillGlow,
  fillPolygon,
  fillRect,
  flat,
  gradient,
  type Layer,
  type Paint,
  type Rgb,
} from "./layer.js";
import { chance, clamp, valueNoise } from "./noise.js";
import { farPavement, housesFront, screenX, screenY, type View } from "./world.js";

interface House {
  /** Left edge and width in metres, height of the eaves and of the ridge. */
  readonly left: number;
  readonly wide: number;
  readonly eaves: number;
  readonly ridge: number;
  readonly wall: Rgb;
  readonly roof: Rgb;
  readonly brick: boolean;
  readonly gable: boolean;
}

const houses: readonly House[] = [
  {
    left: -27,
    wide: 9.5,
    eaves: 5.2,
    ridge: 8,
    wall: [172, 148, 120],
    roof: [92, 70, 62],
    brick: false,
    gable: true,
  },
  {
    left: -15.6,
    wide: 10.4,
    eaves: 5.4,
    ridge: 8.4,
    wall: [158, 98, 76],
    roof: [78, 72, 76],
    brick: true,
    gable: false,
  },
  {
    left: -3.4,
    wide: 8.8,
    eaves: 5.1,
    ridge: 8.7,
    wall: [214, 198, 168],
    roof: [124, 78, 60],
    brick: false,
    gable: true,
  },
  {
    left: 7.2,
    wide: 10.8,
    eaves: 5.5,
    ridge: 8.2,
    wall: [136, 146, 152],
    roof: [70, 66, 70],
    brick: false,
    gable: false,
  },
  {
    left: 19.8,
    wide: 10,
    eaves: 5.2,
    ridge: 8.3,
    wall: [168, 104, 82],
    roof: [86, 70, 66],
    brick: true,
    gable: true,
  },
];

const trim: Rgb = [232, 222, 206];

export function paintHouses(layer: Layer, view: View, seed: number): void {
  houses.forEach((house, index) => {
    paintHouse(layer, view, house, seed + index * 101);
  });
  paintHedges(layer, view, seed);
}

function paintHouse(layer: Layer, view: View, house: House, seed: number): void {
  const walls = wallPaint(view, house, seed);
  const roof = roofPaint(view, house.roof, seed);
  const place: Place = (points) =>
    points.map((metres, i) => (i % 2 === 0 ? screenX : screenY)(view, metres, housesFront));
  if (house.gable) paintGable(layer, place, house, walls, roof);
  else paintHip(layer, place, house, walls, roof);
  paintFront(layer, view, house, seed);
}

/** Metres on the house's front (x, y, x, y, …) to pixels. */
type Place = (points: readonly number[]) => number[];

function paintGable(
  layer: Layer,
  place: Place,
  { left, wide, eaves, ridge }: House,
  walls: Paint,
  roof: Paint,
): void {
  const right = left + wide;
  const middle = left + wide / 2;
  fillPolygon(layer, place([left, 0, left, eaves, middle, ridge, right, eaves, right, 0]), walls);
  const [low, band, over] = [eaves - 0.3, 0.55, 0.45];
  const under = [left - over, low, middle, ridge + 0.1, right + over, low];
  const upper = [right + over, low + band, middle, ridge + band, left - over, low + band];
  fillPolygon(layer, place([...under, ...upper]), roof);
}

function paintHip(
  layer: Layer,
  place: Place,
  { left, wide, eaves, ridge }: House,
  walls: Paint,
  roof: Paint,
): void {
  const right = left + wide;
  const inset = wide * 0.14;
  const chimney = right - inset - 1.6;
  const slab = (x: number, y: number, w: number, h: number, paint: Paint): void =>
    fillPolygon(layer, place([x, y, x + w, y, x + w, y + h, x, y + h]), paint);
  slab(left, 0, wide, eaves, walls);
  const low = eaves - 0.1;
  fillPolygon(
    layer,
    place([left - 0.4, low, left + inset, ridge, right - inset, ridge, right + 0.4, low]),
    roof,
  );
  slab(left - 0.4, low, wide + 0.8, 0.22, flat(trim));
  slab(chimney, ridge - 0.8, 0.9, 1.7, flat([120, 84, 70]));
}

/** Windows on two floors and a door; some rooms are lit. */
function paintFront(layer: Layer, view: View, house: House, seed: number): void {
  const columns = 3;
  const doorColumn = seed % columns;
  for (let column = 0; column < columns; column++) {
    const middle = house.left + (house.wide * (column + 0.5)) / columns;
    paintWindow(layer, view, middle, 3.4, 1.3, chance(column, 1, seed) < 0.35, seed + column);
    if (column === doorColumn) paintDoor(layer, view, middle, seed);
    else paintWindow(layer, view, middle, 0.9, 1.6, chance(column, 0, seed) < 0.45, seed + column + 7);
  }
}

function paintWindow(
  layer: Layer,
  view: View,
  middle: number,
  sill: number,
  wide: number,
  lit: boolean,
  seed: number,
): void {
  const z = housesFront;
  const tall = 1.35;
  const box = (x: number, y: number, w: number, h: number, paint: Paint): void => {
    const left = screenX(view, x, z);
    const top = screenY(view, y + h, z);
    fillRect(layer, left, top, screenX(view, x + w, z) - left, screenY(view, y, z) - top, paint);
  };
  const left = middle - wide / 2;
  box(left - 0.12, sill - 0.14, wide + 0.24, tall + 0.26, flat(trim));
  const top = screenY(view, sill + tall, z);
  const bottom = screenY(view, sill, z);
  const glass = lit
    ? gradient([255, 216, 140], [232, 164, 84], top, bottom)
    : gradient([146, 156, 168], [66, 68, 76], top, bottom + 4);
  box(left, sill, wide, tall, glass);
  if (lit && chance(3, 3, seed) < 0.7) box(left, sill, wide * 0.22, tall, flat([206, 150, 96], 0.8));
  box(left + wide / 2 - 0.035, sill, 0.07, tall, flat(trim));
  box(left, sill + tall * 0.55, wide, 0.06, flat(trim));
  if (!lit) return;
  const glow = pixels(view, 1.5);
  fillGlow(layer, screenX(view, middle, z), (top + bottom) / 2, glow, glow, flat([255, 206, 130], 0.28));
}

function paintDoor(layer: Layer, view: View, middle: number, seed: number): void {
  const z = housesFront;
  const doors: readonly Rgb[] = [
    [96, 44, 40],
    [44, 66, 78],
    [58, 78, 56],
  ];
  const colour = doors[seed % doors.length] ?? [60, 60, 60];
  const left = screenX(view, middle - 0.62, z);
  const right = screenX(view, middle + 0.62, z);
  fillRect(layer, left, screenY(view, 2.45, z), right - left, pixels(view, 2.45), flat(trim));
  fillRect(
    layer,
    screenX(view, middle - 0.5, z),
    screenY(view, 2.3, z),
    pixels(view, 1),
    pixels(view, 2.3),
    flat(colour),
  );
  fillRect(
    layer,
    screenX(view, middle - 0.3, z),
    screenY(view, 2.1, z),
    pixels(view, 0.6),
    pixels(view, 0.5),
    flat([226, 178, 108]),
  );
}

/** Low hedges between the far pavement and the houses. */
function paintHedges(layer: Layer, view: View, seed: number): void {
  const z = farPavement + 0.6;
  const scale = view.focal / z;
  fillRect(layer, 0, screenY(view, 1.4, z), view.width, 1.7 * scale, (x, y, colour) => {
    const metres = (x - view.centreX) / scale;
    const up = (screenY(view, 0, z) - y) / scale;
    const gap = Math.abs(((metres + 40.4) % 11.6) - 5.8) < 0.9;
    const top =
      0.75 + 0.22 * valueNoise(metres * 1.1, 1, seed + 81) + 0.12 * valueNoise(metres * 6, 1, seed + 82);
    const leaf = valueNoise(metres * 12, up * 12, seed + 83);
    const light = 0.55 + 0.4 * leaf + 0.3 * clamp(up, 0, 1);
    colour[0] = 74 * light;
    colour[1] = 86 * light;
    colour[2] = 48 * light;
    colour[3] = gap ? 0 : clamp((top - up) * scale + 0.5, 0, 1);
  });
}

function wallPaint(view: View, house: House, seed: number): Paint {
  const scale = view.focal / housesFront;
  return (x, y, colour) => {
    const across = (x - view.centreX) / scale;
    const up = (screenY(view, 0, housesFront) - y) / scale;
    const courses = house.brick ? 0.12 * (valueNoise(across * 3.2, up * 9, seed + 5) - 0.5) : 0;
    const rough = 0.1 * (valueNoise(across * 1.3, up * 1.3, seed + 6) - 0.5);
    const evening = 1.05 - 0.18 * clamp((across - house.left) / house.wide, 0, 1) - 0.1 * clamp(1 - up, 0, 1);
    const shade = up > house.eaves - 0.5 && !house.gable ? 0.86 : 1;
    for (let i = 0; i < 3; i++) {
      colour[i] = clamp((house.wall[i] ?? 0) * (evening + courses + rough) * shade, 0, 255);
    }
    colour[3] = 1;
  };
}

function roofPaint(view: View, roof: Rgb, seed: number): Paint {
  const scale = view.focal / housesFront;
  return (x, y, colour) => {
    const rows = (y / scale) * 3.2;
    const tile = valueNoise((x / scale) * 4, Math.floor(rows) * 3.1, seed + 9) - 0.5;
    const light = 1 + 0.22 * tile + 0.14 * (rows - Math.floor(rows) - 0.5);
    for (let i = 0; i < 3; i++) colour[i] = clamp((roof[i] ?? 0) * light, 0, 255);
    colour[3] = 1;
  };
}

function pixels(view: View, metres: number): number {
  return (metres * view.focal) / housesFront;
}
