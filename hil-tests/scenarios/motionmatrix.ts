// The generated scene under every nuisance: who comes by is known exactly, and alone no nuisance is motion.
import { parseSceneSpec, type SceneSpec } from "../../firmware/camera/scene/spec.js";
import { createScene, type SceneEvent, truth } from "../../firmware/camera/scene.js";
import { createMotion, motionThreshold } from "../../firmware/detector/motion.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";

/** The size the detector gets. Scenes are painted four times as wide and averaged, as the camera's scaler does. */
const width = 160;
const height = 90;
const detail = 4;
const fps = 10;
/** Footage before the trigger that a clip holds. */
const preRollMs = 6000;
/** A person counts from this share of the picture's height on. */
const leastShare = 0.05;
/** Whoever comes before this counts, and is looked for until the pre-roll after it is over. */
const visitsMs = millis(36_000);

export const matrixNuisances = [
  "foliage",
  "noise",
  "light",
  "switch",
  "flicker",
  "headlights",
  "clouds",
  "rain",
  "snow",
  "insects",
  "shake",
] as const;
export type MatrixNuisance = (typeof matrixNuisances)[number];

export interface MatrixOptions {
  /** Scenes with visitors, cars and walkers under each nuisance. */
  readonly seeds: number;
  /** Of each nuisance alone. */
  readonly minutes: number;
  readonly onProgress?: (row: MatrixRow) => void;
  /** All when not given. */
  readonly nuisances?: readonly MatrixNuisance[];
}

export interface MatrixRow {
  readonly nuisance: MatrixNuisance;
  readonly people: number;
  /** Found before their first visible pixel has left the pre-roll. */
  readonly found: number;
  readonly missed: readonly string[];
  /** From the first visible pixel to motion, the longest of those found. */
  readonly latestMs: number;
  /** Triggers while the nuisance was alone. */
  readonly falseTriggers: number;
  readonly aloneMinutes: number;
}

export interface MatrixFigures {
  readonly rows: readonly MatrixRow[];
  readonly people: number;
  readonly recall: number;
  readonly latestMs: number;
  readonly falseTriggers: number;
}

export function sceneMatrix(options: MatrixOptions): MatrixFigures {
  const { seeds, minutes, onProgress, nuisances = matrixNuisances } = options;
  const rows = nuisances.map((nuisance) => {
    const row = { nuisance, ...visits(nuisance, seeds), ...alone(nuisance, minutes) };
    onProgress?.(row);
    return row;
  });
  const total = (of: (row: MatrixRow) => number): number => rows.reduce((sum, row) => sum + of(row), 0);
  const people = total((row) => row.people);
  return {
    rows,
    people,
    recall: total((row) => row.found) / people,
    latestMs: Math.max(...rows.map((row) => row.latestMs)),
    falseTriggers: total((row) => row.falseTriggers),
  };
}

/** `times`: how much wider the scene is painted than the detector sees it. */
export function sceneSpec(options: string, times = detail): SceneSpec {
  const parsed = parseSceneSpec(`scene:size=${width * times}x${height * times},fps=${fps},${options}`);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}

/** When the score says motion, in frame times, from the first frame to the last of `seconds`. */
export function motionIn(spec: SceneSpec, seconds: number): readonly Millis[] {
  const scene = createScene(spec);
  const motion = createMotion({ width, height, live: false });
  const luma = new Uint8Array(width * height);
  const times: Millis[] = [];
  for (let index = 0; index < seconds * fps; index++) {
    const at = millis((index * 1000) / fps);
    if (motion.feed(lumaOf(scene.frame(index), luma, spec.width / width), at).score >= motionThreshold)
      times.push(at);
  }
  return times;
}

/** The mean of each square of sixteen pixels, rounded. */
function lumaOf(frame: Uint8Array, into: Uint8Array, times: number): Uint8Array {
  const line = width * times;
  const pixels = times * times;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0, from = y * times * line; x < width; x++, at++, from += times) {
      let sum = pixels / 2;
      for (let row = from; row < from + times * line; row += line) {
        for (let i = row; i < row + times; i++) sum += frame[i] ?? 0;
      }
      into[at] = (sum / pixels) | 0;
    }
  }
  return into;
}

function visits(
  nuisance: MatrixNuisance,
  seeds: number,
): Pick<MatrixRow, "people" | "found" | "missed" | "latestMs"> {
  let people = 0;
  let latestMs = 0;
  const missed: string[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const spec = sceneSpec(`seed=${seed},first=4,every=30,movers=visitor+walker,nuisance=${nuisance}`);
    const events = truth(spec, visitsMs).filter(isTallEnough);
    const times = motionIn(spec, (visitsMs + preRollMs) / 1000 + 1);
    for (const event of events) {
      people++;
      const late = (times.find((at) => at >= event.from) ?? Number.POSITIVE_INFINITY) - event.from;
      if (late <= preRollMs) latestMs = Math.max(latestMs, late);
      else missed.push(`seed ${seed}, ${event.kind} from ${event.from}: after ${late} ms`);
    }
  }
  return { people, found: people - missed.length, missed, latestMs };
}

/** By its box, which the shadow makes a little taller. */
function isTallEnough({ from, to, boxAt }: SceneEvent): boolean {
  let tallest = 0;
  for (let at = Number(from); at < to; at += 200) tallest = Math.max(tallest, boxAt(millis(at))?.height ?? 0);
  return tallest >= leastShare * height * detail;
}

function alone(nuisance: MatrixNuisance, minutes: number): Pick<MatrixRow, "falseTriggers" | "aloneMinutes"> {
  const times = motionIn(sceneSpec(`seed=9,quiet,nuisance=${nuisance}`), minutes * 60);
  return {
    falseTriggers: times.filter((at, i) => at - (times[i - 1] ?? -10_000) > 1500).length,
    aloneMinutes: minutes,
  };
}
