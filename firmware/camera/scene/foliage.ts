import { type Prng, seededPrng } from "../../../shared/kernel/prng.js";
import { createLayer, fillEllipse, fillPolygon, type Layer, type Paint, type Rgb } from "./layer.js";
import { clamp, cosine, mix, sine, valueNoise } from "./noise.js";
import { porchEnd, porchHeight, screenX, screenY, type View } from "./world.js";

/** Leaves that sway together: a layer the size of the picture, and the row they hang on. */
export interface Bough {
  readonly layer: Layer;
  /** Rows above (positive) or below which they move least. */
  readonly pivot: number;
  /** How far they swing in a breeze, in sixteenths of a pixel. */
  readonly swing: number;
}

interface Cluster {
  readonly x: number;
  readonly y: number;
  readonly rx: number;
  readonly ry: number;
  readonly leaves: number;
  readonly size: number;
  readonly dark: Rgb;
  readonly light: Rgb;
}

/** The trunk of the garden's tree. What walks on the street passes behind it. */
export function paintTrunk(view: View, seed: number): Layer {
  const layer = createLayer(view.width, view.height);
  const unit = view.width / 1280;
  const ground = screenY(view, 0, 4.6);
  const x = 250 * unit;
  const bark: Paint = (px, py, colour) => {
    const across = (px - x) / (22 * unit);
    const ridges = valueNoise(px / unit / 3, py / unit / 26, seed + 101) - 0.5;
    const light = 0.8 - 0.32 * across + 0.5 * ridges;
    colour[0] = clamp(112 * light, 0, 255);
    colour[1] = clamp(86 * light, 0, 255);
    colour[2] = clamp(66 * light, 0, 255);
    colour[3] = 1;
  };
  const at = (dx: number): number => x + dx * unit;
  const y = (share: number): number => ground * share;
  fillPolygon(
    layer,
    [
      at(-15),
      y(0.35),
      at(-18),
      y(0.8),
      at(-20),
      y(0.95),
      at(-34),
      y(1.02),
      at(30),
      y(1.02),
      at(19),
      y(0.95),
      at(16),
      y(0.8),
      at(14),
      y(0.35),
    ],
    bark,
  );
  fillPolygon(layer, [at(-14), y(0.5), at(-90), y(0.2), at(-80), y(0.19), at(0), y(0.42)], bark);
  fillPolygon(layer, [at(10), y(0.48), at(96), y(0.16), at(84), y(0.15), at(-6), y(0.4)], bark);
  return layer;
}

/** The tree's crown in three boughs, the shrub on the right and the plant in the pot, farthest first. */
export function paintBoughs(view: View, seed: number): readonly Bough[] {
  const u = view.width / 1280;
  const random = seededPrng(seed + 500);
  const tree = (x: number, y: number, rx: number, ry: number, leaves: number): Cluster => ({
    x: x * u,
    y: y * u,
    rx: rx * u,
    ry: ry * u,
    leaves,
    size: 7 * u,
    dark: [38, 52, 28],
    light: [142, 144, 66],
  });
  const boughs: Bough[] = [
    { layer: cluster(view, random, [tree(250, 120, 190, 92, 900)]), pivot: 220 * u, swing: 22 },
    {
      layer: cluster(view, random, [tree(170, 150, 100, 84, 620), tree(190, 90, 80, 60, 300)]),
      pivot: 230 * u,
      swing: 34,
    },
    {
      layer: cluster(view, random, [tree(352, 136, 112, 80, 660), tree(300, 92, 92, 50, 320)]),
      pivot: 225 * u,
      swing: 40,
    },
  ];
  const ground = screenY(view, 0, 4.1);
  const shrub = (x: number, y: number, rx: number, ry: number, leaves: number): Cluster => ({
    x: x * u,
    y: ground + y * u,
    rx: rx * u,
    ry: ry * u,
    leaves,
    size: 6 * u,
    dark: [34, 50, 34],
    light: [118, 134, 74],
  });
  boughs.push({
    layer: cluster(view, random, [
      shrub(1010, -50, 80, 52, 520),
      shrub(1090, -72, 76, 72, 560),
      shrub(1060, -30, 120, 40, 420),
    ]),
    pivot: ground,
    swing: 16,
  });
  const potX = screenX(view, -1.78, porchEnd - 0.15);
  const potY = screenY(view, porchHeight + 0.36, porchEnd - 0.15);
  const herb: Cluster = {
    x: potX,
    y: potY - 34 * u,
    rx: 56 * u,
    ry: 44 * u,
    leaves: 260,
    size: 8 * u,
    dark: [40, 58, 34],
    light: [150, 158, 84],
  };
  const blooms: Cluster = {
    ...herb,
    y: potY - 44 * u,
    rx: 44 * u,
    ry: 34 * u,
    leaves: 26,
    size: 5 * u,
    dark: [190, 70, 90],
    light: [240, 150, 160],
  };
  boughs.push({ layer: cluster(view, random, [herb, blooms]), pivot: potY, swing: 14 });
  return boughs;
}

function cluster(view: View, random: Prng, clusters: readonly Cluster[]): Layer {
  const layer = createLayer(view.width, view.height);
  for (const each of clusters) paintCluster(layer, random, each);
  return layer;
}

/** Leaves from the shaded inside to the lit outside. */
function paintCluster(layer: Layer, random: Prng, c: Cluster): void {
  for (let leaf = 0; leaf < c.leaves; leaf++) {
    const order = leaf / c.leaves;
    const turn = random.next();
    const out = Math.sqrt(random.next()) * (0.9 + 0.14 * random.next());
    const x = c.x + c.rx * out * cosine(turn) - c.rx * 0.1 * order;
    const y = c.y + c.ry * out * sine(turn) - c.ry * 0.16 * order;
    const facing = clamp(0.5 - 0.28 * out * cosine(turn) - 0.34 * out * sine(turn), 0, 1);
    const share = clamp(order * 0.5 + facing * 0.55 + 0.3 * (random.next() - 0.5), 0, 1);
    paintLeaf(layer, random, x, y, c.size * (0.7 + 0.7 * random.next()), shaded(c, share));
  }
}

function shaded(c: Cluster, share: number): Paint {
  return (_x, _y, colour) => {
    for (let i = 0; i < 3; i++) colour[i] = mix(c.dark[i] ?? 0, c.light[i] ?? 0, share);
    colour[3] = 1;
  };
}

function paintLeaf(layer: Layer, random: Prng, x: number, y: number, size: number, paint: Paint): void {
  if (size < 1.5) {
    fillEllipse(layer, x, y, size, size * 0.7, paint);
    return;
  }
  const turn = random.next();
  const points: number[] = [];
  for (let i = 0; i < 8; i++) {
    const along = cosine(i / 8) * size;
    const across = sine(i / 8) * size * 0.5;
    points.push(
      x + along * cosine(turn) - across * sine(turn),
      y + along * sine(turn) + across * cosine(turn),
    );
  }
  fillPolygon(layer, points, paint);
}
