import { type Millis, millis } from "../../../shared/kernel/brand.js";
import { ok, type Result, refuse } from "../../../shared/kernel/result.js";

export const moverKinds = ["visitor", "car", "walker"] as const;
export type MoverKind = (typeof moverKinds)[number];

/** Each disturbs the picture in one way and is no motion of interest. */
export const nuisances = [
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
export type Nuisance = (typeof nuisances)[number];

/** Everything that decides the pixels of a generated scene: the same spec gives the same bytes on each machine. */
export interface SceneSpec {
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** When the first mover's walk begins; the next ones follow every `every`. */
  readonly first: Millis;
  readonly every: Millis;
  /** Who comes, in turn. Empty: nobody ever does. */
  readonly movers: readonly MoverKind[];
  readonly nuisance: Nuisance | undefined;
  /** Standard deviation of the sensor noise, in tenths of a luma step. */
  readonly noise: number;
}

export interface SceneSpecRefusal {
  readonly kind: "bad-scene-spec";
  readonly option: string;
  readonly message: string;
}

const limits = {
  seed: [0, 0xffff_ffff],
  fps: [1, 60],
  first: [0, 86_400],
  every: [5, 86_400],
  noise: [0, 12],
} as const;
const widthPixels = [64, 3840] as const;
const heightPixels = [64, 2160] as const;

type Options = { -readonly [K in keyof SceneSpec]: SceneSpec[K] };
type Setter = (options: Options, value: string) => string | undefined;

const setters: { readonly [option: string]: Setter } = {
  seed: numberSetter("seed", true, (options, value) => {
    options.seed = value;
  }),
  fps: numberSetter("fps", true, (options, value) => {
    options.fps = value;
  }),
  first: numberSetter("first", false, (options, value) => {
    options.first = millis(Math.round(value * 1000));
  }),
  every: numberSetter("every", false, (options, value) => {
    options.every = millis(Math.round(value * 1000));
  }),
  noise: numberSetter("noise", false, (options, value) => {
    options.noise = Math.round(value * 10);
  }),
  size: setSize,
  movers: setMovers,
  nuisance: setNuisance,
};

/**
 * Parses `scene` or `scene:seed=7,size=1280x720,fps=15,first=4,every=40,movers=visitor+car,nuisance=rain,quiet,noise=1.5`.
 * Seconds for `first` and `every`; `quiet` means no movers; every option may be left out and none may be repeated.
 */
export function parseSceneSpec(source: string): Result<SceneSpec, SceneSpecRefusal> {
  if (source !== "scene" && !source.startsWith("scene:")) {
    return refused("scene", `A generated scene is written scene or scene:option=value,…, not "${source}".`);
  }
  const options = defaults();
  const seen: string[] = [];
  for (const part of source.slice("scene:".length).split(",")) {
    if (part === "") continue;
    const [name = "", ...rest] = part.split("=");
    const fault = seen.includes(name) ? "is given twice; keep one" : setOption(options, name, rest);
    if (fault !== undefined) return refused(name, `Option "${name}" of the scene ${fault}.`);
    seen.push(name);
  }
  return ok(options);
}

function defaults(): Options {
  return {
    seed: 1,
    width: 1280,
    height: 720,
    fps: 15,
    first: millis(4000),
    every: millis(40_000),
    movers: moverKinds,
    nuisance: undefined,
    noise: 15,
  };
}

function setOption(options: Options, name: string, rest: readonly string[]): string | undefined {
  if (name === "quiet" && rest.length === 0) {
    options.movers = [];
    return undefined;
  }
  const known = Object.keys(setters);
  const setter = known.includes(name) ? setters[name] : undefined;
  if (setter === undefined) return `is not known; known are ${known.join(", ")} and quiet`;
  const value = rest.join("=");
  return value === "" ? `has no value; write ${name}=…` : setter(options, value);
}

function numberSetter(
  name: keyof typeof limits,
  whole: boolean,
  set: (options: Options, value: number) => void,
): Setter {
  const [least, most] = limits[name];
  return (options, text) => {
    const value = Number(text);
    const plain = (whole ? /^\d{1,10}$/ : /^\d{1,5}(\.\d{1,3})?$/).test(text);
    if (!plain || value < least || value > most) {
      return `must be ${whole ? "a whole number" : "a number"} from ${least} to ${most}, not "${text}"`;
    }
    set(options, value);
    return undefined;
  };
}

function setSize(options: Options, text: string): string | undefined {
  const match = /^(\d{2,4})x(\d{2,4})$/.exec(text);
  const width = Number(match?.[1]);
  const height = Number(match?.[2]);
  const fits = width >= widthPixels[0] && width <= widthPixels[1];
  if (!match || !fits || height < heightPixels[0] || height > heightPixels[1] || width % 2 || height % 2) {
    return `must be WIDTHxHEIGHT in even pixels, 64x64 to 3840x2160, not "${text}"`;
  }
  options.width = width;
  options.height = height;
  return undefined;
}

function setMovers(options: Options, text: string): string | undefined {
  const wanted: MoverKind[] = [];
  for (const name of text.split("+")) {
    const kind = moverKinds.find((known) => known === name);
    if (kind === undefined) return `must be ${moverKinds.join(", ")} joined by +, not "${text}"`;
    wanted.push(kind);
  }
  options.movers = wanted;
  return undefined;
}

function setNuisance(options: Options, text: string): string | undefined {
  const nuisance = nuisances.find((known) => known === text);
  if (nuisance === undefined) return `must be one of ${nuisances.join(", ")}, not "${text}"`;
  options.nuisance = nuisance;
  return undefined;
}

function refused(option: string, message: string): Result<never, SceneSpecRefusal> {
  return refuse({ kind: "bad-scene-spec", option, message });
}
