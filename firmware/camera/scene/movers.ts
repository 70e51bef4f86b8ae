import { type Millis, millis } from "../../../shared/kernel/brand.js";
import { carColours, carHeight, carLength } from "./car.js";
import { figureBox, type Outfit, type Pose } from "./figure.js";
import type { Area } from "./frame.js";
import type { Rgb } from "./layer.js";
import { chance, clamp, hash, step } from "./noise.js";
import { postWidth } from "./porch.js";
import type { SceneSpec } from "./spec.js";
import {
  farLane,
  farWalkLine,
  groundAt,
  nearLane,
  pathCentre,
  porchEnd,
  screenX,
  screenY,
  stepsEnd,
  type View,
  walkLine,
} from "./world.js";

/** Somebody or something that comes by: what it is, when it sets out, and how it looks. */
export type Mover = Walk | Drive;

export interface Walk {
  readonly kind: "walker" | "visitor";
  readonly start: Millis;
  readonly stops: readonly Stop[];
  readonly outfit: Outfit;
  /** When the finger is on the bell. */
  readonly press: Millis | undefined;
}

export interface Drive {
  readonly kind: "car";
  readonly start: Millis;
  readonly end: Millis;
  readonly lane: number;
  /** Metres a second, to the right if positive. */
  readonly speed: number;
  readonly fromX: number;
  readonly colour: number;
}

interface Stop {
  readonly at: Millis;
  readonly x: number;
  readonly z: number;
}

/** No mover is about for longer than this after it set out. */
const longestWalk = millis(60_000);
const atTheDoor = { x: 0.16, z: 1.36 };
const reachBellAfter = 1300;
const waitAtDoor = 8000;

const coats: readonly Rgb[] = [
  [54, 78, 116],
  [128, 50, 46],
  [186, 152, 78],
  [62, 88, 70],
  [92, 74, 112],
  [206, 200, 190],
];
const trousers: readonly Rgb[] = [
  [46, 48, 58],
  [92, 82, 70],
  [40, 52, 74],
  [70, 66, 64],
];
const skins: readonly Rgb[] = [
  [226, 178, 148],
  [198, 146, 112],
  [142, 98, 72],
  [96, 66, 50],
];
const hairs: readonly Rgb[] = [
  [52, 38, 30],
  [30, 26, 26],
  [126, 92, 56],
  [146, 140, 134],
];

/** The mover with number `index`, whether or not it is about yet. */
export function moverAt(spec: SceneSpec, view: View, index: number): Mover | undefined {
  const kind = spec.movers[index % spec.movers.length];
  if (kind === undefined) return undefined;
  const start = millis(spec.first + index * spec.every);
  const seed = hash(index, 77, spec.seed);
  if (kind === "car") return drive(view, start, seed);
  return kind === "visitor" ? visit(view, start, seed) : walk(view, start, seed);
}

/** Numbers of the movers that may be about at a time: from the first to the one before the last. */
export function moversAbout(spec: SceneSpec, at: Millis): readonly [number, number] {
  if (spec.movers.length === 0) return [0, 0];
  const first = Math.max(0, Math.ceil((at - longestWalk - spec.first) / spec.every));
  return [first, Math.max(first, Math.floor((at - spec.first) / spec.every) + 1)];
}

export function isAbout(mover: Mover, at: Millis): boolean {
  return at >= mover.start && at <= endOf(mover);
}

export function endOf(mover: Mover): Millis {
  return mover.kind === "car" ? mover.end : (mover.stops[mover.stops.length - 1]?.at ?? mover.start);
}

/** The mover's box in whole pixels inside the picture, with the shadow and the light that it throws. */
export function boxOf(view: View, mover: Mover, at: Millis): Area | undefined {
  if (!isAbout(mover, at)) return undefined;
  const box =
    mover.kind === "car" ? carBox(view, mover, at) : figureBox(view, poseAt(mover, at), mover.outfit);
  const hidden = distanceOf(mover, at) > porchEnd ? postWidth(view) : 0;
  const left = Math.max(Math.floor(box.x), hidden);
  const top = Math.max(Math.floor(box.y), 0);
  const right = Math.min(Math.ceil(box.x + box.width), view.width - hidden);
  const bottom = Math.min(Math.ceil(box.y + box.height), view.height);
  return right > left && bottom > top
    ? { x: left, y: top, width: right - left, height: bottom - top }
    : undefined;
}

/** How far from the door, in metres. */
export function distanceOf(mover: Mover, at: Millis): number {
  return mover.kind === "car" ? mover.lane : poseAt(mover, at).z;
}

/** Where the middle of a car is, in metres. */
export function carX(car: Drive, at: Millis): number {
  return car.fromX + (car.speed * (at - car.start)) / 1000;
}

function carBox(view: View, car: Drive, at: Millis): Area {
  const scale = view.focal / car.lane;
  const [ahead, behind] = car.speed > 0 ? [0.7, 0.6] : [0.6, 0.7];
  const left = screenX(view, carX(car, at) - carLength / 2 - behind, car.lane) - 2;
  const top = screenY(view, carHeight, car.lane) - 2;
  return {
    x: left,
    y: top,
    width: (carLength + ahead + behind) * scale + 4,
    height: (carHeight + 0.24) * scale + 4,
  };
}

/** Body and limbs at a time: from the way between the last stop and the next. */
export function poseAt(walker: Walk, at: Millis): Pose {
  const here = placeAt(walker, at);
  const before = placeAt(walker, millis(at - 160));
  const after = placeAt(walker, millis(at + 160));
  const dx = after.x - before.x;
  const dz = after.z - before.z;
  const moved = Math.sqrt(dx * dx + dz * dz);
  const standing = moved < 0.06;
  return {
    x: here.x,
    z: here.z,
    ground: groundAt(here.z),
    headingX: standing ? 0 : dx / moved,
    headingZ: standing ? -1 : dz / moved,
    gait: here.way / (1.5 * walker.outfit.size),
    stride: clamp(moved / 0.4, 0, 1),
    reach: reachAt(walker, at),
  };
}

function reachAt(walker: Walk, at: Millis): number {
  if (walker.press === undefined) return 0;
  const from = at - walker.press;
  return step(-800, -100, from) * (1 - step(300, 1100, from));
}

function placeAt(walker: Walk, at: Millis): { x: number; z: number; way: number } {
  let way = 0;
  const { stops } = walker;
  for (let i = 0; i + 1 < stops.length; i++) {
    const from = stops[i];
    const to = stops[i + 1];
    if (from === undefined || to === undefined) break;
    const [dx, dz] = [to.x - from.x, to.z - from.z];
    const length = Math.sqrt(dx * dx + dz * dz);
    if (at < to.at) {
      const share = clamp((at - from.at) / (to.at - from.at), 0, 1);
      return { x: from.x + dx * share, z: from.z + dz * share, way: way + length * share };
    }
    way += length;
  }
  const last = stops[stops.length - 1];
  return { x: last?.x ?? 0, z: last?.z ?? 0, way };
}

function walk(view: View, start: Millis, seed: number): Walk {
  const z = chance(1, 0, seed) < 0.65 ? walkLine : farWalkLine;
  const speed = 1.2 + 0.5 * chance(2, 0, seed);
  const side = chance(3, 0, seed) < 0.5 ? -1 : 1;
  const edge = edgeAt(view, z);
  const route = [
    { x: -side * edge, z },
    { x: side * edge, z },
  ];
  return {
    kind: "walker",
    start,
    stops: stopsAlong(start, speed, route, []),
    outfit: outfitOf(seed, false),
    press: undefined,
  };
}

/** From the pavement up the path and the steps to the bell, and after a while away again. */
function visit(view: View, start: Millis, seed: number): Walk {
  const speed = 1.25 + 0.25 * chance(2, 0, seed);
  const comes = chance(3, 0, seed) < 0.5 ? -1 : 1;
  const leaves = chance(4, 0, seed) < 0.5 ? -1 : 1;
  const edge = edgeAt(view, walkLine);
  const corner = { x: pathCentre, z: walkLine };
  const foot = { x: pathCentre, z: stepsEnd };
  const away = [foot, corner, { x: leaves * edge, z: walkLine }];
  const route = [{ x: comes * edge, z: walkLine }, corner, foot, atTheDoor, atTheDoor, ...away];
  const stops = stopsAlong(start, speed, route, [3]);
  const arrived = stops[3]?.at ?? start;
  const press = millis(arrived + reachBellAfter);
  return { kind: "visitor", start, stops, outfit: outfitOf(seed, chance(5, 0, seed) < 0.7), press };
}

function stopsAlong(
  start: Millis,
  speed: number,
  route: readonly { x: number; z: number }[],
  waits: readonly number[],
): readonly Stop[] {
  let at: number = start;
  return route.map((place, index) => {
    const from = route[index - 1] ?? place;
    const [dx, dz] = [place.x - from.x, place.z - from.z];
    at += waits.includes(index - 1) ? waitAtDoor : Math.round((Math.sqrt(dx * dx + dz * dz) / speed) * 1000);
    return { ...place, at: millis(at) };
  });
}

function drive(view: View, start: Millis, seed: number): Drive {
  const toTheRight = chance(1, 0, seed) < 0.5;
  const lane = toTheRight ? nearLane : farLane;
  const speed = 7 + 5 * chance(2, 0, seed);
  const edge = edgeAt(view, lane) + carLength / 2 + 0.3;
  return {
    kind: "car",
    start,
    end: millis(start + Math.round((2000 * edge) / speed)),
    lane,
    speed: toTheRight ? speed : -speed,
    fromX: toTheRight ? -edge : edge,
    colour: hash(3, 0, seed) % carColours.length,
  };
}

/** Just outside the picture, in metres beside its middle. */
function edgeAt(view: View, z: number): number {
  return (view.width / 2 / view.focal) * z + 0.6;
}

function outfitOf(seed: number, courier: boolean): Outfit {
  const pick = <T>(list: readonly T[], salt: number, fallback: T): T =>
    list[hash(salt, 1, seed) % list.length] ?? fallback;
  return {
    coat: courier ? [66, 92, 70] : pick(coats, 1, [60, 60, 70]),
    trousers: pick(trousers, 2, [50, 50, 60]),
    shoes: [44, 38, 36],
    skin: pick(skins, 3, [200, 150, 120]),
    hair: pick(hairs, 4, [40, 34, 30]),
    courier,
    size: 0.94 + 0.1 * chance(6, 1, seed),
  };
}
