import type { Frame, Yuv } from "./frame.js";

/** A rounded stroke whose radius runs from r0 at (x0, y0) to r1 at (x1, y1), in pixels: limbs, heads, shadows. */
export interface Limb {
  readonly x0: number;
  readonly y0: number;
  readonly r0: number;
  readonly x1: number;
  readonly y1: number;
  readonly r1: number;
}

/** Paints a limb with smooth edges, lit from the upper left: `relief` is how much, in luma steps. */
export function paintLimb(frame: Frame, limb: Limb, colour: Yuv, relief: number): void {
  const { x0, y0, r0, x1, y1, r1 } = limb;
  const left = Math.max(0, Math.floor(Math.min(x0 - r0, x1 - r1) - 1));
  const right = Math.min(frame.width, Math.ceil(Math.max(x0 + r0, x1 + r1) + 1));
  const top = Math.max(0, Math.floor(Math.min(y0 - r0, y1 - r1) - 1));
  const bottom = Math.min(frame.height, Math.ceil(Math.max(y0 + r0, y1 + r1) + 1));
  for (let row = top; row < bottom; row++) paintLimbRow(frame, limb, colour, relief, row, left, right);
}

function paintLimbRow(
  frame: Frame,
  limb: Limb,
  colour: Yuv,
  relief: number,
  row: number,
  left: number,
  right: number,
): void {
  const { x0, y0, r0 } = limb;
  const dx = limb.x1 - x0;
  const dy = limb.y1 - y0;
  const dr = limb.r1 - r0;
  const scale = 1 / (dx * dx + dy * dy + 1e-9);
  const alongY = (row + 0.5 - y0) * dy;
  for (let x = left; x < right; x++) {
    const px = x + 0.5 - x0;
    let t = (px * dx + alongY) * scale;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    const ox = px - t * dx;
    const oy = row + 0.5 - y0 - t * dy;
    const radius = r0 + t * dr;
    const square = ox * ox + oy * oy;
    if (square >= (radius + 0.5) * (radius + 0.5)) continue;
    const rim = radius - 0.5;
    const share = rim > 0 && square <= rim * rim ? 256 : ((radius + 0.5 - Math.sqrt(square)) * 256) | 0;
    const lit = relief * (-(ox * 0.6 + oy * 0.35) / radius - (0.4 * square) / (radius * radius));
    blend(frame, x, row, share, colour.y + lit, colour);
  }
}

/** An upright rectangle with smooth edges. */
export function paintBlock(
  frame: Frame,
  centreX: number,
  centreY: number,
  halfWidth: number,
  halfHeight: number,
  colour: Yuv,
): void {
  const left = Math.max(0, Math.floor(centreX - halfWidth));
  const right = Math.min(frame.width, Math.ceil(centreX + halfWidth));
  const bottom = Math.min(frame.height, Math.ceil(centreY + halfHeight));
  for (let y = Math.max(0, Math.floor(centreY - halfHeight)); y < bottom; y++) {
    const rows = Math.min(y + 1, centreY + halfHeight) - Math.max(y, centreY - halfHeight);
    for (let x = left; x < right; x++) {
      const columns = Math.min(x + 1, centreX + halfWidth) - Math.max(x, centreX - halfWidth);
      blend(frame, x, y, (256 * rows * columns) | 0, colour.y, colour);
    }
  }
}

/** A soft dark ellipse on the ground; `strength` up to 255. */
export function paintShadow(
  frame: Frame,
  centreX: number,
  centreY: number,
  radiusX: number,
  radiusY: number,
  strength: number,
): void {
  const left = Math.max(0, Math.ceil(centreX - radiusX));
  const right = Math.min(frame.width, Math.floor(centreX + radiusX));
  const bottom = Math.min(frame.height, Math.floor(centreY + radiusY));
  for (let y = Math.max(0, Math.ceil(centreY - radiusY)); y < bottom; y++) {
    const dy = (y + 0.5 - centreY) / radiusY;
    for (let x = left; x < right; x++) {
      const dx = (x + 0.5 - centreX) / radiusX;
      const inside = 1 - dx * dx - dy * dy;
      if (inside <= 0) continue;
      const at = y * frame.width + x;
      const luma = frame.y[at] ?? 0;
      frame.y[at] = luma - (((luma - 16) * ((strength * inside * inside) | 0)) >> 8);
    }
  }
}

function blend(frame: Frame, x: number, y: number, share: number, luma: number, colour: Yuv): void {
  const at = y * frame.width + x;
  const under = frame.y[at] ?? 0;
  const capped = luma < 18 ? 18 : luma > 228 ? 228 : luma;
  frame.y[at] = under + (((capped - under) * share) >> 8);
  if (((x | y) & 1) === 1) return;
  const half = (y >> 1) * (frame.width >> 1) + (x >> 1);
  const u = frame.u[half] ?? 0;
  const v = frame.v[half] ?? 0;
  frame.u[half] = u + (((colour.u - u) * share) >> 8);
  frame.v[half] = v + (((colour.v - v) * share) >> 8);
}

/** Adds light in a soft ellipse; `strength` in luma steps at its middle. */
export function paintGlow(
  frame: Frame,
  centreX: number,
  centreY: number,
  radiusX: number,
  radiusY: number,
  strength: number,
): void {
  const left = Math.max(0, Math.floor(centreX - radiusX));
  const right = Math.min(frame.width, Math.ceil(centreX + radiusX));
  const bottom = Math.min(frame.height, Math.ceil(centreY + radiusY));
  for (let y = Math.max(0, Math.floor(centreY - radiusY)); y < bottom; y++) {
    const dy = (y + 0.5 - centreY) / radiusY;
    for (let x = left; x < right; x++) {
      const dx = (x + 0.5 - centreX) / radiusX;
      const inside = 1 - dx * dx - dy * dy;
      if (inside <= 0) continue;
      const at = y * frame.width + x;
      const luma = (frame.y[at] ?? 0) + strength * inside * inside;
      frame.y[at] = luma > 220 ? 220 : luma;
    }
  }
}

/** A thin slanted line of light, `long` rows down: a rain drop. */
export function paintStreak(
  frame: Frame,
  x: number,
  y: number,
  slant: number,
  long: number,
  strength: number,
): void {
  const bottom = Math.min(frame.height, Math.floor(y + long));
  for (let row = Math.max(0, Math.floor(y)); row < bottom; row++) {
    const column = Math.floor(x - (slant * (row - y)) / long);
    if (column < 0 || column >= frame.width) continue;
    const at = row * frame.width + column;
    frame.y[at] = Math.min(220, (frame.y[at] ?? 0) + strength);
  }
}
