import { type Area, type Frame, type Yuv, yuvOf } from "./frame.js";
import type { Rgb } from "./layer.js";
import { type Limb, paintBlock, paintLimb, paintShadow } from "./limb.js";
import { clamp, cosine, sine } from "./noise.js";
import { screenX, screenY, type View } from "./world.js";

export interface Outfit {
  readonly coat: Rgb;
  readonly trousers: Rgb;
  readonly shoes: Rgb;
  readonly skin: Rgb;
  readonly hair: Rgb;
  /** A peaked cap and a parcel: who brings something to the door. */
  readonly courier: boolean;
  /** Against 1.75 m. */
  readonly size: number;
}

/** Where somebody stands and what the body does. Metres; the heading is a unit vector. */
export interface Pose {
  readonly x: number;
  readonly ground: number;
  readonly z: number;
  readonly headingX: number;
  readonly headingZ: number;
  /** Steps taken, in double steps. */
  readonly gait: number;
  /** 0 standing to 1 walking. */
  readonly stride: number;
  /** 0 arm down to 1 finger on the bell. */
  readonly reach: number;
}

interface Stroke extends Limb {
  readonly colour: Yuv;
  readonly relief: number;
  readonly depth: number;
  readonly block: boolean;
}

interface Joint {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** Body measures to the side, up and forward become a place in the street. */
type Place = (side: number, up: number, forward: number) => Joint;

interface Body {
  readonly view: View;
  readonly place: Place;
  readonly strokes: Stroke[];
}

/** The upper body is painted over the legs, as a coat lies over them. */
const nearer = 0.1;

export function paintFigure(frame: Frame, view: View, pose: Pose, outfit: Outfit): void {
  const scale = view.focal / pose.z;
  const footX = screenX(view, pose.x, pose.z);
  const footY = screenY(view, pose.ground, pose.z);
  paintShadow(frame, footX + 0.1 * scale, footY, 0.42 * scale, 0.07 * scale + 2, 150);
  for (const stroke of strokesOf(view, pose, outfit)) {
    if (stroke.block) {
      paintBlock(frame, stroke.x0, stroke.y0, stroke.r0, stroke.r1, stroke.colour);
    } else {
      paintLimb(frame, stroke, stroke.colour, stroke.relief);
    }
  }
}

/** The smallest upright box around the figure and its shadow; it may reach beyond the picture. */
export function figureBox(view: View, pose: Pose, outfit: Outfit): Area {
  const scale = view.focal / pose.z;
  const footX = screenX(view, pose.x, pose.z);
  const footY = screenY(view, pose.ground, pose.z);
  let left = footX - 0.32 * scale;
  let right = footX + 0.52 * scale;
  let top = footY;
  let bottom = footY + 0.07 * scale + 2;
  for (const s of strokesOf(view, pose, outfit)) {
    left = Math.min(left, s.x0 - s.r0, s.x1 - (s.block ? s.r0 : s.r1));
    right = Math.max(right, s.x0 + s.r0, s.x1 + (s.block ? s.r0 : s.r1));
    top = Math.min(top, s.y0 - (s.block ? s.r1 : s.r0), s.y1 - s.r1);
    bottom = Math.max(bottom, s.y0 + (s.block ? s.r1 : s.r0), s.y1 + s.r1);
  }
  return { x: left - 1, y: top - 1, width: right - left + 2, height: bottom - top + 2 };
}

/** The parts of the body, the farthest first. */
function strokesOf(view: View, pose: Pose, outfit: Outfit): readonly Stroke[] {
  const { size } = outfit;
  const bob = 0.02 * pose.stride * cosine(pose.gait * 2);
  const place: Place = (side, up, forward) => ({
    x: pose.x + size * (side * -pose.headingZ + forward * pose.headingX),
    y: pose.ground + size * (up + (up > 0.6 ? bob : 0)),
    z: pose.z + size * (side * pose.headingX + forward * pose.headingZ),
  });
  const body: Body = { view, place, strokes: [] };
  addLegs(body, pose, outfit);
  addTrunk(body, outfit);
  addArms(body, pose, outfit);
  addHead(body, outfit);
  if (outfit.courier) addParcel(body);
  return body.strokes.sort((a, b) => b.depth - a.depth);
}

function addLegs(body: Body, pose: Pose, outfit: Outfit): void {
  for (const side of [-1, 1]) {
    const phase = pose.gait + (side > 0 ? 0.5 : 0);
    const swing = pose.stride * sine(phase);
    const lift = pose.stride * Math.max(0, cosine(phase));
    const hip = body.place(side * 0.085, 0.92, 0);
    const knee = body.place(side * 0.09, 0.49 + 0.04 * lift, 0.17 * swing + 0.13 * lift + 0.02);
    const ankle = body.place(side * 0.09, 0.09 + 0.14 * lift, 0.34 * swing - 0.1 * lift);
    const toe = body.place(side * 0.11, 0.04 + 0.1 * lift, 0.34 * swing - 0.1 * lift + 0.16);
    add(body, hip, 0.098, knee, 0.066, outfit.trousers, 26);
    add(body, knee, 0.066, ankle, 0.048, outfit.trousers, 26);
    add(body, ankle, 0.05, toe, 0.038, outfit.shoes, 20);
  }
}

function addTrunk(body: Body, outfit: Outfit): void {
  const { place } = body;
  const { coat, skin } = outfit;
  for (const side of [-1, 1]) {
    add(body, place(side * 0.07, 0.83, 0), 0.128, place(side * 0.1, 1.33, 0.01), 0.122, coat, 18, nearer);
    const lapel = place(side * 0.05, 1.44, 0.07);
    add(body, lapel, 0.03, place(side * 0.035, 1.3, 0.13), 0.018, shade(coat, 0.84), 12, nearer + 0.02);
  }
  add(body, place(-0.14, 1.4, 0), 0.078, place(0.14, 1.4, 0), 0.078, coat, 18, nearer);
  add(body, place(0, 1.36, 0.125), 0.006, place(0, 0.78, 0.13), 0.006, shade(coat, 0.66), 0, nearer + 0.02);
  add(body, place(0, 1.45, 0.02), 0.058, place(0, 1.56, 0.015), 0.054, shade(skin, 0.9), 20, nearer);
  add(
    body,
    place(-0.05, 1.455, -0.01),
    0.045,
    place(0.05, 1.455, -0.01),
    0.045,
    shade(coat, 0.84),
    10,
    nearer,
  );
}

function addArms(body: Body, pose: Pose, outfit: Outfit): void {
  for (const side of [-1, 1]) {
    const swing = -pose.stride * sine(pose.gait + (side > 0 ? 0.5 : 0));
    const shoulder = body.place(side * 0.2, 1.39, 0);
    let elbow = body.place(side * 0.25, 1.1, 0.12 * swing - 0.03);
    let wrist = body.place(side * 0.245, 0.86, 0.26 * swing + 0.06);
    if (outfit.courier && side < 0) {
      elbow = body.place(-0.27, 1.12, 0.06);
      wrist = body.place(-0.1, 1.05, 0.24);
    } else if (pose.reach > 0) {
      const bell = { x: 0.07, y: 1.76, z: 0.66 };
      wrist = between(wrist, bell, pose.reach);
      elbow = between(elbow, { ...between(shoulder, bell, 0.5), y: shoulder.y - 0.22 }, pose.reach);
    }
    add(body, shoulder, 0.073, elbow, 0.056, outfit.coat, 24, nearer);
    add(body, elbow, 0.056, wrist, 0.043, outfit.coat, 24, nearer);
    add(body, between(elbow, wrist, 0.9), 0.046, wrist, 0.046, shade(outfit.coat, 0.84), 12, nearer);
    const hand = between(
      wrist,
      { x: wrist.x * 2 - elbow.x, y: wrist.y * 2 - elbow.y, z: wrist.z * 2 - elbow.z },
      0.3,
    );
    add(body, wrist, 0.038, hand, 0.034, outfit.skin, 22, nearer - 0.01);
    if (pose.reach > 0 && side > 0) {
      const tip = between(hand, { x: 0.03, y: 1.84, z: 0.6 }, 0.8 * pose.reach);
      add(body, hand, 0.016, tip, 0.011, outfit.skin, 16, nearer);
    }
  }
}

function addHead(body: Body, outfit: Outfit): void {
  const { place } = body;
  const { skin, hair } = outfit;
  add(body, place(0, 1.585, 0.03), 0.068, place(0, 1.66, 0.005), 0.096, skin, 30, nearer);
  for (const side of [-1, 1]) {
    add(body, place(side * 0.095, 1.635, 0), 0.022, place(side * 0.093, 1.605, 0), 0.014, skin, 14, nearer);
    const inner = place(side * 0.03, 1.645, 0.092);
    add(body, inner, 0.009, place(side * 0.042, 1.645, 0.09), 0.008, [226, 216, 206], 0, nearer + 0.02);
    const pupil = place(side * 0.036, 1.645, 0.095);
    add(body, pupil, 0.0085, pupil, 0.0085, [50, 36, 30], 0, nearer + 0.03);
    const brow = place(side * 0.022, 1.667, 0.093);
    add(body, brow, 0.006, place(side * 0.054, 1.667, 0.085), 0.004, shade(hair, 0.9), 0, nearer + 0.02);
  }
  add(body, place(0, 1.64, 0.1), 0.008, place(0, 1.603, 0.118), 0.014, shade(skin, 0.93), 14, nearer + 0.02);
  const mouth = place(-0.022, 1.562, 0.09);
  add(body, mouth, 0.005, place(0.022, 1.562, 0.09), 0.005, shade(skin, 0.62), 0, nearer + 0.02);
  if (outfit.courier) addCap(body, shade(outfit.coat, 0.72));
  else addHair(body, hair);
}

function addCap(body: Body, rgb: Rgb): void {
  const { place } = body;
  add(body, place(-0.033, 1.742, -0.01), 0.069, place(0.033, 1.742, -0.01), 0.069, rgb, 26, nearer + 0.04);
  add(body, place(0, 1.72, -0.04), 0.088, place(0, 1.74, -0.04), 0.08, rgb, 22, nearer - 0.02);
  add(
    body,
    place(-0.06, 1.694, 0.12),
    0.016,
    place(0.06, 1.694, 0.12),
    0.016,
    shade(rgb, 0.78),
    12,
    nearer + 0.04,
  );
}

function addHair(body: Body, rgb: Rgb): void {
  const { place } = body;
  add(body, place(0, 1.66, -0.05), 0.095, place(0, 1.715, -0.02), 0.094, rgb, 22, nearer - 0.02);
  add(body, place(-0.045, 1.744, 0.03), 0.04, place(0.05, 1.738, 0.03), 0.044, rgb, 16, nearer + 0.05);
}

function addParcel(body: Body): void {
  const middle = body.place(-0.02, 1.16, 0.27);
  const scale = body.view.focal / middle.z;
  const x = screenX(body.view, middle.x, middle.z);
  const y = screenY(body.view, middle.y, middle.z);
  const block = (
    dx: number,
    dy: number,
    halfWide: number,
    halfTall: number,
    rgb: Rgb,
    bias: number,
  ): void => {
    const [x0, y0, r0, r1] = [x + dx * scale, y + dy * scale, halfWide * scale, halfTall * scale];
    const stroke = { x0, y0, r0, x1: x0, y1: y0, r1, colour: yuvOf(rgb), relief: 0 };
    body.strokes.push({ ...stroke, depth: middle.z - nearer - bias, block: true });
  };
  block(0, 0, 0.17, 0.11, [178, 138, 96], 0);
  block(0, -0.122, 0.165, 0.014, [206, 168, 122], 0.001);
  block(0, -0.006, 0.022, 0.13, [212, 186, 148], 0.002);
  block(0.1, 0.04, 0.045, 0.035, [232, 228, 218], 0.003);
}

function add(
  body: Body,
  a: Joint,
  ra: number,
  b: Joint,
  rb: number,
  rgb: Rgb,
  relief: number,
  bias = 0,
): void {
  const { view } = body;
  const za = Math.max(a.z, 0.3);
  const zb = Math.max(b.z, 0.3);
  body.strokes.push({
    x0: screenX(view, a.x, za),
    y0: screenY(view, a.y, za),
    r0: (ra * view.focal) / za,
    x1: screenX(view, b.x, zb),
    y1: screenY(view, b.y, zb),
    r1: (rb * view.focal) / zb,
    colour: yuvOf(rgb),
    relief,
    depth: (za + zb) / 2 - bias,
    block: false,
  });
}

function between(from: Joint, to: Joint, share: number): Joint {
  return {
    x: from.x + (to.x - from.x) * share,
    y: from.y + (to.y - from.y) * share,
    z: from.z + (to.z - from.z) * share,
  };
}

function shade([red, green, blue]: Rgb, share: number): Rgb {
  return [clamp(red * share, 0, 255), clamp(green * share, 0, 255), clamp(blue * share, 0, 255)];
}
