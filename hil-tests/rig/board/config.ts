// rig.yaml: one board, and what of it is wired to what. Every fault of the file is said at once, each with its line.
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { ok, type Result, refuse } from "../../../shared/kernel/result.js";

/** A computer by the ssh that is there: its keys, its known hosts. */
export interface SshResource {
  /** As ssh takes it: `user@board`, or a name from its configuration. */
  readonly target: string;
  readonly config: string | undefined;
}

/** What switches something: a plug or relay with a web address, a USB relay board, or any program. */
export type OutputResource =
  | { readonly kind: "http"; readonly on: string; readonly off: string }
  | { readonly kind: "serial"; readonly device: string; readonly channel: number }
  | { readonly kind: "command"; readonly on: readonly string[]; readonly off: readonly string[] };

export interface RigConfig {
  /** The board's own number: this file is for no other. */
  readonly id: string;
  readonly board: SshResource & { readonly source: string; readonly bootSeconds: number };
  /** Of this computer, as the board reaches it: the cloud listens there. */
  readonly cloud: { readonly address: string };
  readonly power: OutputResource | undefined;
  readonly button: OutputResource | undefined;
  readonly pir: OutputResource | undefined;
  readonly screen: (SshResource & Record<"walk" | "still" | "dark", string>) | undefined;
  readonly router: (SshResource & { readonly toBoard: string; readonly toCloud: string }) | undefined;
  /** Prints 1 while the photodiode at the recording light sees it. */
  readonly light: readonly string[] | undefined;
  /** A wire to the board's own console, whose lines go into the report. */
  readonly console: string | undefined;
}

const bootSecondsUsual = 90;
const bootSecondsMost = 600;
/** A USB relay board has no more. */
const channelMost = 8;

/** Reads the file's text. Refuses with a sentence for each fault, in the order of their lines. */
export function readRig(text: string): Result<RigConfig, readonly string[]> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faults: Fault[] = [];
  const say = (at: number, says: string): void => void faults.push({ line: lines.linePos(at).line, says });
  for (const { pos, message } of [...document.errors, ...document.warnings]) say(pos[0], message);
  const config = faults.length === 0 ? readRoot(document.contents, say) : undefined;
  if (config !== undefined && faults.length === 0) return ok(config);
  const sorted = faults.toSorted((a, b) => a.line - b.line);
  return refuse(sorted.map(({ line, says }) => `line ${line}: ${says}`));
}

interface Fault {
  readonly line: number;
  readonly says: string;
}
type Say = (at: number, says: string) => void;

function readRoot(node: Node | null, say: Say): RigConfig | undefined {
  const rig = fields(node, "a rig", say);
  if (rig === undefined) return undefined;
  const kind = rig.text("rig", word, "the word board");
  if (kind !== "" && kind !== "board")
    rig.fault("rig", `rig is "${kind}", but this file must describe a board`);
  const config = {
    id: rig.text(
      "id",
      word,
      "the board's own number (cat /proc/device-tree/serial-number, or /etc/machine-id)",
    ),
    board: rig.part("board", readBoard) ?? rig.missing("board", "how to reach the board", noBoard),
    cloud: rig.part("cloud", readCloud) ?? rig.missing("cloud", "this computer's address", { address: "" }),
    power: rig.part("power", readOutput),
    button: rig.part("button", readOutput),
    pir: rig.part("pir", readOutput),
    screen: rig.part("screen", (screen) => ({
      ...readSsh(screen),
      walk: screen.text("walk", line, "the command that plays somebody walking past, once"),
      still: screen.text("still", line, "the command that shows one picture"),
      dark: screen.text("dark", line, "the command that shows black"),
    })),
    router: rig.part("router", (router) => ({
      ...readSsh(router),
      toBoard: router.text("toBoard", word, "the interface towards the board"),
      toCloud: router.text("toCloud", word, "the interface towards this computer"),
    })),
    light: rig.part("light", (light) => light.words("command", "a program that prints 1 or 0")),
    console: rig.part("console", (wire) =>
      wire.text("device", path, "a serial device, such as /dev/ttyUSB1"),
    ),
  };
  rig.end();
  return config;
}

const noBoard: RigConfig["board"] = { target: "", config: undefined, source: "", bootSeconds: 0 };
const word = /^[^\s'"$`;&|<>\\-][^\s'"$`;&|<>\\]*$/;
const line = /^[^\n]+$/;
const path = /^\/\S+$/;
const address = /^[0-9a-zA-Z.:-]+$/;
const webAddress = /^https?:\/\/\S+$/;

function readSsh(from: Fields): SshResource {
  return {
    target: from.text("ssh", word, "an address as ssh takes it, such as pi@192.168.7.10"),
    config: from.has("sshConfig")
      ? from.text("sshConfig", path, "the path of an ssh configuration")
      : undefined,
  };
}

function readBoard(board: Fields): RigConfig["board"] {
  return {
    ...readSsh(board),
    source: board.has("source") ? board.text("source", word, "a camera, such as libcamera") : "libcamera",
    bootSeconds: board.has("bootSeconds") ? board.count("bootSeconds", bootSecondsMost) : bootSecondsUsual,
  };
}

function readCloud(cloud: Fields): RigConfig["cloud"] {
  return { address: cloud.text("address", address, "this computer's address, such as 192.168.7.1") };
}

function readOutput(from: Fields): OutputResource | undefined {
  const http = from.part("http", (plug) => ({
    kind: "http" as const,
    on: plug.text("on", webAddress, "a web address that switches on"),
    off: plug.text("off", webAddress, "a web address that switches off"),
  }));
  const serial = from.part("serial", (relay) => ({
    kind: "serial" as const,
    device: relay.text("device", path, "a serial device, such as /dev/ttyUSB0"),
    channel: relay.count("channel", channelMost),
  }));
  const command = from.part("command", (program) => ({
    kind: "command" as const,
    on: program.words("on", "a program that switches on"),
    off: program.words("off", "a program that switches off"),
  }));
  const given = [http, serial, command].filter((one) => one !== undefined);
  if (given.length !== 1) from.fault("", "needs one of http, serial or command");
  return given[0];
}

/** A mapping of the file, read by name. What nobody asked for is a fault of its own: most likely a typing error. */
interface Fields {
  has(name: string): boolean;
  text(name: string, pattern: RegExp, what: string): string;
  /** From 1 on. */
  count(name: string, most: number): number;
  words(name: string, what: string): readonly string[];
  /** `undefined` where it is not there, or no mapping. */
  part<T>(name: string, read: (part: Fields) => T): T | undefined;
  /** Says that it is missing, unless what is there was said to be wrong. */
  missing<T>(name: string, what: string, instead: T): T;
  fault(name: string, says: string): void;
  end(): void;
}

function fields(node: Node | null, where: string, say: Say): Fields | undefined {
  const start = node?.range?.[0] ?? 0;
  if (!isMap(node)) {
    say(start, `${where} must be a mapping, name: value`);
    return undefined;
  }
  const known: string[] = [];
  const pairs = node.items.flatMap(({ key, value }) =>
    isScalar(key) ? [{ name: String(key.value), at: key.range?.[0] ?? start, value }] : [],
  );
  const found = (name: string) => pairs.find((pair) => pair.name === name);
  const fault = (name: string, says: string): void =>
    say(found(name)?.at ?? start, name ? says : `${where} ${says}`);
  const named = (name: string): string => (where === "a rig" ? name : `${where}.${name}`);
  const scalar = (name: string, fits: (value: unknown) => boolean, what: string): unknown => {
    known.push(name);
    const value = found(name)?.value;
    const read = isScalar(value) ? value.value : undefined;
    if (fits(read)) return read;
    fault(name, `${named(name)} ${found(name) === undefined ? "is missing" : "is not right"}: ${what}`);
    return undefined;
  };
  return {
    fault,
    has: (name) => found(name) !== undefined,
    text(name, pattern, what) {
      const fits = (value: unknown): boolean => typeof value !== "object" && pattern.test(`${value ?? ""}`);
      return `${scalar(name, fits, what) ?? ""}`;
    },
    count(name, most) {
      const fits = (value: unknown): boolean =>
        Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most;
      return Number(scalar(name, fits, `a whole number from 1 to ${most}`));
    },
    words(name, what) {
      known.push(name);
      const value = found(name)?.value;
      const read = isSeq(value) ? value.items.map((item) => (isScalar(item) ? `${item.value}` : "")) : [];
      if (read.length === 0 || read.includes(""))
        fault(name, `${named(name)} must be a list, [program, argument, …]: ${what}`);
      return read;
    },
    part(name, read) {
      known.push(name);
      const pair = found(name);
      if (pair === undefined) return undefined;
      const part = fields(isNode(pair.value) ? pair.value : null, named(name), (at, says) =>
        say(at || pair.at, says),
      );
      const value = part && read(part);
      part?.end();
      return value;
    },
    missing(name, what, instead) {
      if (found(name) === undefined) fault(name, `${name} is missing: ${what}`);
      return instead;
    },
    end() {
      for (const { name, at } of pairs)
        if (!known.includes(name)) say(at, `${named(name)} is not known; here there is ${known.join(", ")}`);
    },
  };
}

function isNode(value: unknown): value is Node {
  return isMap(value) || isScalar(value) || isSeq(value);
}
