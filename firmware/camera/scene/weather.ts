import { type Millis, millis } from "../../../shared/kernel/brand.js";
import type { Frame } from "./frame.js";
import { paintGlow, paintStreak } from "./limb.js";
import { chance, clamp, hash, mix, sine, step, valueNoise } from "./noise.js";
import type { Nuisance, SceneSpec } from "./spec.js";

/** What lies between the scene and the picture: light, weather, the sensor. */
export interface Weather {
  /** Lays rain, snow, insects or headlights over the frame. */
  paint(frame: Frame, at: Millis): void;
  /** Applies light and sensor noise to the whole frame, in place. */
  expose(frame: Frame, at: Millis, index: number): void;
  /** How strongly leaves swing, 1 in a breeze. */
  readonly wind: number;
  /** How far the mount shakes, in pixels. */
  shake(at: Millis, frameWidth: number): { readonly x: number; readonly y: number };
}

const noiseLength = 1 << 18;

export function createWeather(spec: SceneSpec): Weather {
  const { nuisance } = spec;
  const deviation = nuisance === "noise" ? Math.max(spec.noise, 15) * 4 : spec.noise;
  const grain = noiseTable(spec.seed, deviation / 10, spec.width);
  const table = new Uint8Array(256);
  return {
    wind: nuisance === "foliage" ? 3.2 : 1,
    shake: (at, width) => (nuisance === "shake" ? shakeAt(spec.seed, at, width) : still),
    paint: (frame, at) => paintNuisance(frame, nuisance, spec.seed, at),
    expose: (frame, at, index) => {
      fillTable(table, lightAt(spec, at));
      const clouds = nuisance === "clouds";
      for (let row = 0; row < frame.height; row++) {
        const from = hash(index, row, spec.seed) & (noiseLength - 1);
        if (clouds) shadeRow(frame, row, at, spec.seed);
        exposeRow(frame, row, table, grain, from);
      }
    },
  };
}

const still = { x: 0, y: 0 } as const;

function exposeRow(frame: Frame, row: number, table: Uint8Array, grain: Int8Array, from: number): void {
  const { y, width } = frame;
  const first = row * width;
  for (let x = 0; x < width; x++) {
    y[first + x] = (table[y[first + x] ?? 0] ?? 0) + (grain[from + x] ?? 0);
  }
}

/** Sums of twelve even chances are close to a bell curve; cut at three deviations so that no sum leaves the luma range. */
function noiseTable(seed: number, deviation: number, width: number): Int8Array {
  const table = new Int8Array(noiseLength + width);
  const most = Math.min(deviation * 3, 13);
  for (let i = 0; i < table.length; i++) {
    let sum = -6;
    for (let part = 0; part < 3; part++) {
      const bits = hash(i, part, seed);
      sum += ((bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24)) / 256;
    }
    table[i] = Math.round(clamp(sum * deviation, -most, most));
  }
  return table;
}

/** Light as a share of the evening's; it always drifts a little, as clouds and the camera's exposure do. */
function lightAt(spec: SceneSpec, at: Millis): number {
  const seconds = at / 1000;
  const drift = 1 + 0.05 * (valueNoise(seconds / 23, 1, spec.seed) - 0.5);
  switch (spec.nuisance) {
    case "light":
      return drift * (0.72 + 0.5 * valueNoise(seconds / 6, 2, spec.seed));
    case "switch":
      return drift * switchLight(seconds, spec.seed);
    case "flicker":
      return (
        drift *
        (1 + 0.07 * sine(seconds * 7.3) + 0.05 * (chance(Math.floor(seconds * 15), 3, spec.seed) - 0.5))
      );
    default:
      return drift;
  }
}

/** A lamp goes on or off every 12 s or so, and the camera's exposure follows within two seconds. */
function switchLight(seconds: number, seed: number): number {
  const period = Math.floor(seconds / 12);
  const since = seconds - period * 12 - 4 * chance(period, 4, seed);
  if (since < 0) return period % 2 === 0 ? 0.94 : 1.06;
  return period % 2 === 0 ? mix(1.35, 1.06, step(0.2, 2, since)) : mix(0.64, 0.94, step(0.2, 2, since));
}

function fillTable(table: Uint8Array, light: number): void {
  for (let i = 0; i < 256; i++) table[i] = Math.round(clamp((i - 16) * light + 16, 30, 221));
}

/** Soft shadows of clouds, drifting to the right. */
function shadeRow(frame: Frame, row: number, at: Millis, seed: number): void {
  const unit = frame.width / 1280;
  const down = row / unit / 420;
  const first = row * frame.width;
  const block = 16;
  let left = cloudShade(0, down, at, seed);
  for (let x = 0; x < frame.width; x += block) {
    const right = cloudShade((x + block) / unit, down, at, seed);
    for (let i = 0; i < block && x + i < frame.width; i++) {
      const share = (left * (block - i) + right * i) / block;
      const luma = frame.y[first + x + i] ?? 0;
      frame.y[first + x + i] = 16 + (((luma - 16) * share) >> 8);
    }
    left = right;
  }
}

function cloudShade(x: number, down: number, at: Millis, seed: number): number {
  return 256 - Math.floor(92 * step(0.42, 0.7, valueNoise(x / 520 - at / 5200, down, seed + 7)));
}

function shakeAt(seed: number, at: Millis, width: number): { x: number; y: number } {
  const seconds = at / 1000;
  const gust = step(0.45, 0.75, valueNoise(seconds / 4, 5, seed)) * Math.max(0.5, width / 1280);
  return {
    x: 2 * Math.round(2.2 * gust * (valueNoise(seconds * 7, 6, seed) - 0.5) * 2),
    y: 2 * Math.round(1.8 * gust * (valueNoise(seconds * 8, 7, seed) - 0.5) * 2),
  };
}

function paintNuisance(frame: Frame, nuisance: Nuisance | undefined, seed: number, at: Millis): void {
  const unit = frame.width / 1280;
  if (nuisance === "rain") paintRain(frame, unit, seed, at);
  if (nuisance === "snow") paintSnow(frame, unit, seed, at);
  if (nuisance === "insects") paintInsects(frame, unit, seed, at);
  if (nuisance === "headlights") paintHeadlights(frame, unit, seed, at);
}

function paintRain(frame: Frame, unit: number, seed: number, at: Millis): void {
  const moment = Math.floor(at / 20);
  for (let drop = 0; drop < 240; drop++) {
    const near = chance(drop, 8, seed);
    const x = chance(drop, moment, seed + 1) * frame.width;
    const y = chance(drop, moment, seed + 2) * frame.height;
    const long = (14 + 40 * near) * unit;
    paintStreak(frame, x, y, long * 0.12, long, Math.round(26 + 46 * near));
  }
}

function paintSnow(frame: Frame, unit: number, seed: number, at: Millis): void {
  const seconds = at / 1000;
  for (let flake = 0; flake < 220; flake++) {
    const near = chance(flake, 9, seed);
    const fall = (60 + 190 * near) * unit;
    const y = (chance(flake, 10, seed) * frame.height + seconds * fall) % (frame.height + 20);
    const drift = sine(seconds * 0.3 + near * 7) * 24 * unit;
    const x =
      (chance(flake, 11, seed) * frame.width + seconds * 26 * unit + drift + frame.width) % frame.width;
    const size = (1.2 + 3.4 * near * near) * unit + 0.4;
    paintGlow(frame, x, y - 10, size, size, 110);
  }
}

/** Insects close to the lens: big, blurred, quick, gone after a second. */
function paintInsects(frame: Frame, unit: number, seed: number, at: Millis): void {
  for (let lane = 0; lane < 3; lane++) {
    const flight = Math.floor((at + lane * 900) / 2600);
    const t = ((at + lane * 900) % 2600) / 1100;
    if (t > 1 || chance(flight, lane, seed + 12) < 0.35) continue;
    const sx = chance(flight, lane, seed + 13) * frame.width;
    const sy = chance(flight, lane, seed + 14) * frame.height;
    const turn = chance(flight, lane, seed + 15) + 0.12 * sine(t * 2.3);
    const x = sx + sine(turn) * t * 620 * unit;
    const y = sy + sine(turn + 0.25) * t * 420 * unit + 22 * unit * sine(t * 5);
    const size = (9 + 16 * chance(flight, lane, seed + 16)) * unit;
    paintGlow(frame, x, y, size * 1.6, size, 150);
  }
}

/** The light of cars that do not come into view sweeps over the front gardens. */
function paintHeadlights(frame: Frame, unit: number, seed: number, at: Millis): void {
  const pass = Math.floor(at / 9000);
  const t = ((at % 9000) - 2500 * chance(pass, 17, seed)) / 3200;
  if (t < 0 || t > 1) return;
  const right = chance(pass, 18, seed) < 0.5;
  const x = (right ? t : 1 - t) * 1.5 - 0.25;
  const strength = Math.round(95 * step(0, 0.25, t) * (1 - step(0.75, 1, t)));
  paintGlow(frame, x * frame.width, 330 * unit, 260 * unit, 130 * unit, strength);
  paintGlow(frame, x * frame.width, 470 * unit, 420 * unit, 110 * unit, strength >> 1);
}

/** The time of a frame by its number. */
export function timeOfFrame(spec: SceneSpec, index: number): Millis {
  return millis(Math.round((index * 1000) / spec.fps));
}
