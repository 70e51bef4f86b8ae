import { type Millis, millis } from "../../shared/kernel/brand.js";
import { paintBackdrop } from "./scene/backdrop.js";
import { carColours, carHeight, carLength, carMargin, paintCar } from "./scene/car.js";
import { paintFigure } from "./scene/figure.js";
import { type Bough, paintBoughs, paintTrunk } from "./scene/foliage.js";
import { type Area, createFrame, drawSprite, type Frame, type Sprite, spriteOf } from "./scene/frame.js";
import {
  boxOf,
  carX,
  type Drive,
  distanceOf,
  endOf,
  isAbout,
  type Mover,
  moverAt,
  moversAbout,
  poseAt,
} from "./scene/movers.js";
import { clamp, hash, sine, valueNoise } from "./scene/noise.js";
import { paintPorch, porchEdge } from "./scene/porch.js";
import type { MoverKind, SceneSpec } from "./scene/spec.js";
import { createWeather, timeOfFrame, type Weather } from "./scene/weather.js";
import { porchEnd, screenX, screenY, type View, viewOf } from "./scene/world.js";

/** Something that comes by, known exactly. Times count from the first frame. */
export interface SceneEvent {
  readonly kind: MoverKind;
  /** From the first moment to the last in which a pixel of it may be in the picture. */
  readonly from: Millis;
  readonly to: Millis;
  /** The box in whole pixels around it, its shadow and its light; undefined when it is not in the picture. */
  boxAt(at: Millis): Area | undefined;
}

/** A doorbell's view of a street in the evening, painted frame by frame. */
export interface Scene {
  readonly spec: SceneSpec;
  /** Paints frame number `index` into one buffer that the next call uses again: planar yuv420p. */
  frame(index: number): Uint8Array;
}

/** Painting the street once takes about a second at 1280x720; each frame then takes a few milliseconds. */
export function createScene(spec: SceneSpec): Scene {
  const view = viewOf(spec.width, spec.height);
  const stage = buildStage(spec, view);
  const frame = createFrame(spec.width, spec.height);
  return {
    spec,
    frame: (index) => {
      const at = timeOfFrame(spec, index);
      paintMoment(stage, frame, at);
      stage.weather.paint(frame, at);
      stage.weather.expose(frame, at, index);
      return frame.bytes;
    },
  };
}

/** Who comes by before `until`, in the order of setting out. */
export function truth(spec: SceneSpec, until: Millis): readonly SceneEvent[] {
  const view = viewOf(spec.width, spec.height);
  const events: SceneEvent[] = [];
  for (const mover of moversBefore(spec, view, until)) {
    const boxAt = (at: Millis): Area | undefined => boxOf(view, mover, at);
    const shown = shownBetween(mover, boxAt);
    if (shown !== undefined && shown[0] < until) {
      events.push({ kind: mover.kind, from: shown[0], to: shown[1], boxAt });
    }
  }
  return events;
}

/** When the bell is pressed before `until`. */
export function bellPresses(spec: SceneSpec, until: Millis): readonly Millis[] {
  const presses: Millis[] = [];
  for (const mover of moversBefore(spec, viewOf(spec.width, spec.height), until)) {
    if (mover.kind !== "car" && mover.press !== undefined && mover.press < until) presses.push(mover.press);
  }
  return presses;
}

function moversBefore(spec: SceneSpec, view: View, until: Millis): readonly Mover[] {
  const [, end] = moversAbout(spec, until);
  const movers: Mover[] = [];
  for (let index = 0; index < end; index++) {
    const mover = moverAt(spec, view, index);
    if (mover !== undefined) movers.push(mover);
  }
  return movers;
}

const truthStep = 10;

function shownBetween(mover: Mover, boxAt: (at: Millis) => Area | undefined): [Millis, Millis] | undefined {
  let from = millis(mover.start);
  let to = endOf(mover);
  while (from < to && boxAt(from) === undefined) from = millis(from + truthStep);
  while (to > from && boxAt(to) === undefined) to = millis(to - truthStep);
  return from < to ? [from, to] : undefined;
}

interface Stage {
  readonly spec: SceneSpec;
  readonly view: View;
  readonly street: Frame;
  readonly trunk: Sprite;
  readonly porch: readonly Placed[];
  readonly boughs: readonly (Placed & Pick<Bough, "pivot" | "swing">)[];
  readonly cars: Sprite[];
  readonly weather: Weather;
}

interface Placed {
  readonly sprite: Sprite;
  readonly x: number;
  readonly y: number;
}

function buildStage(spec: SceneSpec, view: View): Stage {
  const { width, height } = view;
  const street = createFrame(width, height);
  drawSprite(street, spriteOf(paintBackdrop(view, spec.seed), { x: 0, y: 0, width, height }), 0, 0);
  const porch = paintPorch(view, spec.seed);
  const edge = porchEdge(view) - 8;
  const half = Math.floor(width / 4) * 2;
  const porchParts: readonly Area[] = [
    { x: 0, y: 0, width: half, height: edge },
    { x: half, y: 0, width: width - half, height: edge },
    { x: 0, y: edge, width, height: height - edge },
  ];
  return {
    spec,
    view,
    street,
    trunk: spriteOf(paintTrunk(view, spec.seed), { x: 0, y: 0, width, height }),
    porch: porchParts.map((area) => ({ sprite: spriteOf(porch, area), x: area.x, y: area.y })),
    boughs: paintBoughs(view, spec.seed).map(({ layer, pivot, swing }) => ({
      sprite: spriteOf(layer, { x: 0, y: 0, width, height }),
      x: 0,
      y: 0,
      pivot,
      swing,
    })),
    cars: [],
    weather: createWeather(spec),
  };
}

/** Everything at one moment, the farthest first. */
function paintMoment(stage: Stage, frame: Frame, at: Millis): void {
  const { view, weather } = stage;
  frame.bytes.set(stage.street.bytes);
  const movers = moversNow(stage, at);
  for (const mover of movers) {
    if (distanceOf(mover, at) > porchEnd) paintMover(stage, frame, mover, at);
  }
  drawSprite(frame, stage.trunk, 0, 0);
  stage.boughs.forEach((bough, index) => {
    if (index === stage.boughs.length - 1)
      for (const part of stage.porch) drawSprite(frame, part.sprite, part.x, part.y);
    drawSprite(frame, bough.sprite, bough.x, bough.y, swayOf(stage, bough, index, at));
  });
  for (const mover of movers) {
    if (distanceOf(mover, at) <= porchEnd) paintMover(stage, frame, mover, at);
  }
  const shake = weather.shake(at, view.width);
  if (shake.x !== 0 || shake.y !== 0) shiftFrame(frame, shake.x, shake.y);
}

function moversNow(stage: Stage, at: Millis): readonly Mover[] {
  const [first, end] = moversAbout(stage.spec, at);
  const movers: Mover[] = [];
  for (let index = first; index < end; index++) {
    const mover = moverAt(stage.spec, stage.view, index);
    if (mover !== undefined && isAbout(mover, at)) movers.push(mover);
  }
  return movers.sort((a, b) => distanceOf(b, at) - distanceOf(a, at));
}

function paintMover(stage: Stage, frame: Frame, mover: Mover, at: Millis): void {
  if (mover.kind === "car") paintDrive(stage, frame, mover, at);
  else paintFigure(frame, stage.view, poseAt(mover, at), mover.outfit);
}

function paintDrive({ view, cars }: Stage, frame: Frame, car: Drive, at: Millis): void {
  const scale = view.focal / car.lane;
  const colour = carColours[car.colour] ?? [120, 120, 120];
  const key = car.colour * 2 + (car.speed > 0 ? 1 : 0);
  const sprite = cars[key] ?? paintCar(scale, colour, car.speed > 0);
  cars[key] = sprite;
  const left = screenX(view, carX(car, at) - carLength / 2 - carMargin, car.lane);
  drawSprite(
    frame,
    sprite,
    left,
    screenY(view, carHeight, car.lane) -
      carMargin * scale -
      (sprite.height - (carHeight + 2 * carMargin) * scale),
  );
}

function swayOf(
  stage: Stage,
  bough: Stage["boughs"][number],
  index: number,
  at: Millis,
): (row: number) => number {
  const seconds = at / 1000;
  const { seed } = stage.spec;
  const gust = 0.35 + 0.9 * valueNoise(seconds / 3.1, index, seed + 200);
  const unit = stage.view.width / 1280;
  const swing = bough.swing * gust * stage.weather.wind * unit;
  const phase = (hash(index, 1, seed) % 100) / 100;
  const lean = sine(seconds * 0.31 + phase) * 0.6 + 0.4 * sine(seconds * 0.83 + phase * 3);
  return (row) => {
    const away = clamp(Math.abs(row - bough.pivot) / (150 * unit), 0.1, 1);
    const ripple = 0.45 * sine(seconds * 1.3 + row / (90 * unit) + phase);
    return Math.round(swing * away * (lean + ripple));
  };
}

/** Moves the picture by even pixels; the rim repeats what was there. */
function shiftFrame(frame: Frame, dx: number, dy: number): void {
  shiftPlane(frame.y, frame.width, frame.height, dx, dy);
  shiftPlane(frame.u, frame.width / 2, frame.height / 2, dx / 2, dy / 2);
  shiftPlane(frame.v, frame.width / 2, frame.height / 2, dx / 2, dy / 2);
}

function shiftPlane(plane: Uint8Array, width: number, height: number, dx: number, dy: number): void {
  const [right, left] = [Math.max(dx, 0), Math.max(-dx, 0)];
  for (let i = 0; i < height; i++) {
    const y = dy > 0 ? height - 1 - i : i;
    const from = clamp(y - dy, 0, height - 1) * width;
    const to = y * width;
    plane.copyWithin(to + right, from + left, from + width - right);
    plane.fill(plane[to + right] ?? 0, to, to + right);
    plane.fill(plane[to + width - left - 1] ?? 0, to + width - left, to + width);
  }
}
