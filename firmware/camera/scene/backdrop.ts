import { groundPaint } from "./ground.js";
import { paintHouses } from "./houses.js";
import { createLayer, fillGlow, fillRows, flat, type Layer, type Paint, type Rgb } from "./layer.js";
import { clamp, cloudNoise, mix, step, valueNoise } from "./noise.js";
import { housesFront, screenY, type View } from "./world.js";

const zenith: Rgb = [96, 128, 170];
const rim: Rgb = [250, 206, 158];

/** All that never moves and that everything else passes in front of: sky, trees, houses opposite, street, garden. */
export function paintBackdrop(view: View, seed: number): Layer {
  const layer = createLayer(view.width, view.height);
  const groundTop = screenY(view, 0, housesFront);
  fillRows(layer, 0, groundTop + 1, skyPaint(view, seed));
  const sunX = view.width * 0.1;
  fillGlow(layer, sunX, view.horizon, view.width * 0.5, view.height * 0.42, flat([255, 214, 150], 0.55));
  fillRows(layer, view.height * 0.1, groundTop + 1, treeLinePaint(view, seed));
  fillRows(layer, groundTop, view.height, groundPaint(view, seed));
  paintHouses(layer, view, seed);
  return layer;
}

function skyPaint(view: View, seed: number): Paint {
  return (x, y, colour) => {
    const height = clamp(y / (view.horizon * 1.05), 0, 1);
    const u = x / view.width;
    const v = y / view.height;
    const cloud = cloudNoise(u * 5 + v * 2, v * 15, seed + 61, 5);
    const cover = step(0.5, 0.72, cloud) * (0.85 - 0.35 * height);
    const warm = height * height;
    for (let i = 0; i < 3; i++) {
      const air = mix(zenith[i] ?? 0, rim[i] ?? 0, warm);
      const puff = mix(244, rim[i] ?? 0, 0.55) - 26 * step(0.6, 0.85, cloud);
      colour[i] = mix(air, puff, cover);
    }
    colour[3] = 1;
  };
}

/** Far trees behind the roofs, blue with distance. */
function treeLinePaint(view: View, seed: number): Paint {
  const unit = view.width / 1280;
  return (x, y, colour) => {
    const at = x / unit;
    const crowns = 60 * cloudNoise(at / 95, 1, seed + 71, 4) + 14 * valueNoise(at / 9, 2, seed + 72);
    const top = view.horizon - (28 + crowns) * unit;
    const leaf = valueNoise(at / 5, y / unit / 4, seed + 73) - 0.5;
    colour[0] = 104 + 26 * leaf;
    colour[1] = 108 + 24 * leaf;
    colour[2] = 92 + 18 * leaf;
    colour[3] = step(-1.5, 1.5, y - top) * 0.92;
  };
}
