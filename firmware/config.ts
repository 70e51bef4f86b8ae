import { type Bytes, bytes, type Millis, millis } from "../shared/kernel/brand.js";
import { ok, type Result, refuse } from "../shared/kernel/result.js";
import type { Wiring } from "./board/gpio.js";
import { parseSource, type Source } from "./camera/source.js";
import {
  type CutSettings,
  cutDefaults,
  postRollMillisMax,
  postRollMillisMin,
  preRollMillisMax,
} from "./recorder/cutter.js";
import { windowChunksMax, windowChunksMin } from "./uplink/window.js";

export const firmwareVersion = "0.1.0";

export interface Config {
  readonly source: Source;
  /** `undefined`: search for one. */
  readonly ffmpeg: string | undefined;
  /** Reads a Pi's camera; `undefined`: `rpicam-vid`. */
  readonly rpicam: string | undefined;
  readonly diskLimit: Bytes;
  /** How much footage before and after the activity a clip holds. */
  readonly rolls: Pick<CutSettings, "preRoll" | "postRoll">;
  /** Chunks that the broker allows on their way without PUBACK. */
  readonly windowChunks: number;
  readonly wiring: Wiring | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the person asked for, before the state directory with its settings was opened. */
export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "run"; readonly state: string; readonly flags: Readonly<Record<string, string>> };

interface Option {
  /** Also the name in settings.json. */
  readonly name: string;
  readonly env: string;
  readonly flag: string;
  readonly help: string;
}

const options = [
  {
    name: "state",
    env: "LINTEL_STATE",
    flag: "--state",
    help: "directory of keys, charter and journal (/var/lib/lintel)",
  },
  {
    name: "source",
    env: "LINTEL_SOURCE",
    flag: "--source",
    help: "v4l2:/dev/video0, libcamera, rtsp://…, file:…, scene:seed=1",
  },
  {
    name: "ffmpeg",
    env: "LINTEL_FFMPEG",
    flag: "--ffmpeg",
    help: "path of the ffmpeg to use (searched for)",
  },
  {
    name: "rpicam",
    env: "LINTEL_RPICAM",
    flag: "--rpicam",
    help: "program that reads the Pi's camera (rpicam-vid)",
  },
  {
    name: "diskLimit",
    env: "LINTEL_DISK_LIMIT",
    flag: "--disk-limit",
    help: "space for sealed clips, such as 500MiB (2GiB)",
  },
  {
    name: "preroll",
    env: "LINTEL_PREROLL",
    flag: "--preroll",
    help: "seconds of footage before the trigger, 0 to 15 (6)",
  },
  {
    name: "postroll",
    env: "LINTEL_POSTROLL",
    flag: "--postroll",
    help: "seconds of footage after the last movement, 2 to 30 (10)",
  },
  {
    name: "window",
    env: "LINTEL_WINDOW",
    flag: "--window",
    help: "chunks on their way at once, 2 to 64 (64; 2 where a broker limits to 64 KB)",
  },
  {
    name: "gpioChip",
    env: "LINTEL_GPIO_CHIP",
    flag: "--gpio-chip",
    help: "GPIO chip of button, light and chime, such as /dev/gpiochip0 (none)",
  },
  {
    name: "buttonLine",
    env: "LINTEL_BUTTON_LINE",
    flag: "--button-line",
    help: "its line of the bell button (17)",
  },
  {
    name: "lightLine",
    env: "LINTEL_LIGHT_LINE",
    flag: "--light-line",
    help: "its line of the recording light (27)",
  },
  { name: "chimeLine", env: "LINTEL_CHIME_LINE", flag: "--chime-line", help: "its line of the chime (22)" },
] as const satisfies readonly Option[];

type Name = (typeof options)[number]["name"];

const stateDefault = "/var/lib/lintel";
const diskLimitDefault = bytes(2 * 1024 ** 3);
/** Less holds no whole clip. */
const diskLimitMin = 32 * 1024 ** 2;
const units = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const;
const gpioLineMax = 511;

export function helpText(): string {
  const lines = options.map(({ flag, env, help }) => `  ${flag.padEnd(14)} ${env.padEnd(20)} ${help}`);
  return `The doorbell's firmware: records at the door, seals, pushes to the household's cloud.

Usage: node .build/firmware/main.js [options]      (first enrol it: lintel install)

${lines.join("\n")}
  --help         this text

A flag counts more than the environment, the environment more than settings.json in the state directory.
`;
}

/** Reads the command line. Refuses with every fault at once. */
export function readCommand(args: readonly string[], env: Environment): Result<Command, readonly string[]> {
  if (args.includes("--help") || args.includes("-h")) return ok({ kind: "help" });
  const flags: Record<string, string> = {};
  const faults: string[] = [];
  // `--flag=value` is `--flag value`.
  const words = args.flatMap((word) => (word.startsWith("--") ? splitOnce(word) : [word]));
  for (let at = 0; at < words.length; at += 2) {
    const [flag, value] = [words[at], words[at + 1]];
    const option = options.find((one) => one.flag === flag);
    if (option === undefined) faults.push(`there is no option ${flag}; --help shows them`);
    else if (value === undefined) faults.push(`${flag} needs a value`);
    else flags[option.name] = value;
  }
  const state = flags.state ?? env.LINTEL_STATE ?? stateDefault;
  // An empty one would mean the folder in which the firmware happens to start.
  if (state === "")
    faults.push("the state directory's name is empty: set --state or LINTEL_STATE, or neither");
  return faults.length > 0 ? refuse(faults) : ok({ kind: "run", state, flags });
}

/** Flags before environment before the installer's settings. Refuses with every fault at once. */
export function readConfig(
  flags: Readonly<Record<string, string>>,
  env: Environment,
  settings: Readonly<Record<string, unknown>>,
): Result<Config, readonly string[]> {
  const faults: string[] = [];
  const read = <T>(name: Name, otherwise: T, parse: (text: string) => T | string): T => {
    const given = textOf(name, flags, env, settings);
    if (given === undefined) return otherwise;
    const parsed = parse(given.text);
    if (typeof parsed !== "string") return parsed;
    faults.push(`${given.from}: ${parsed}`);
    return otherwise;
  };
  const text = (name: Name): string | undefined => textOf(name, flags, env, settings)?.text;
  const line = (name: Name, usual: number): number => read(name, usual, wholeNumber(0, gpioLineMax));

  const source = read<Source | undefined>("source", undefined, (given) => {
    const parsed = parseSource(given);
    return parsed.ok ? parsed.value : parsed.error.message;
  });
  if (text("source") === undefined)
    faults.push("no camera source is given: set --source or LINTEL_SOURCE, or run lintel install");
  const seconds = (name: Name, usual: Millis, [least, most]: readonly [number, number]): Millis =>
    millis(1_000 * read(name, usual / 1_000, wholeNumber(least / 1_000, most / 1_000)));
  const chip = text("gpioChip");
  const lines = {
    button: line("buttonLine", 17),
    light: line("lightLine", 27),
    chime: line("chimeLine", 22),
  };
  const rest = {
    ffmpeg: text("ffmpeg"),
    rpicam: text("rpicam"),
    diskLimit: read("diskLimit", diskLimitDefault, parseDiskLimit),
    rolls: {
      preRoll: seconds("preroll", cutDefaults.preRoll, [0, preRollMillisMax]),
      postRoll: seconds("postroll", cutDefaults.postRoll, [postRollMillisMin, postRollMillisMax]),
    },
    windowChunks: read("window", windowChunksMax, wholeNumber(windowChunksMin, windowChunksMax)),
    wiring: chip === undefined ? undefined : { chip, ...lines },
  };
  return faults.length > 0 || source === undefined ? refuse(faults) : ok({ source, ...rest });
}

function splitOnce(word: string): readonly string[] {
  const equals = word.indexOf("=");
  return equals < 0 ? [word] : [word.slice(0, equals), word.slice(equals + 1)];
}

interface Given {
  readonly text: string;
  /** For the message about a fault. */
  readonly from: string;
}

function textOf(
  name: Name,
  flags: Readonly<Record<string, string>>,
  env: Environment,
  settings: Readonly<Record<string, unknown>>,
): Given | undefined {
  const option = options.find((one) => one.name === name);
  if (option === undefined) return undefined;
  const [flag, variable, setting] = [flags[name], env[option.env], settings[name]];
  if (flag !== undefined) return { text: flag, from: option.flag };
  if (variable !== undefined && variable !== "") return { text: variable, from: option.env };
  return setting === undefined || setting === null
    ? undefined
    : { text: `${setting}`, from: `"${name}" in settings.json` };
}

function wholeNumber(least: number, most: number): (text: string) => number | string {
  return (text) => {
    const value = Number(text);
    const fits = /^[0-9]{1,9}$/.test(text) && value >= least && value <= most;
    return fits ? value : `"${text}" is not a whole number from ${least} to ${most}`;
  };
}

function parseDiskLimit(text: string): Bytes | string {
  const match = /^([0-9]{1,12})(B|KiB|MiB|GiB|TiB)?$/.exec(text);
  const unit = (match?.[2] ?? "B") as keyof typeof units;
  const value = Number(match?.[1] ?? Number.NaN) * units[unit];
  if (Number.isNaN(value)) return `"${text}" is not a size such as 500MiB or 2GiB`;
  return value >= diskLimitMin
    ? bytes(value)
    : `"${text}" is too little for a whole clip; 32MiB is the least`;
}
