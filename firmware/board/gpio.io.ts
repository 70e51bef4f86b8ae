import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import {
  edgeOf,
  type GpioMajor,
  gpioMajor,
  holdArguments,
  monitorArguments,
  offArguments,
  type Wiring,
} from "./gpio.js";
import type { Lines, LinesHandlers } from "./lines.js";

/** A tool that has nothing to wait for is done by then. */
const toolMillisMax = 2_000;
const restartMillis = 1_000;

/** The board's real lines, through libgpiod's own tools of either generation. Throws when they do not run. */
export async function openGpio(wiring: Wiring, handlers: LinesHandlers): Promise<Lines> {
  const { stdout } = await promisify(execFile)("gpiomon", ["--version"], { timeout: toolMillisMax });
  const major = gpioMajor(stdout);
  if (major === undefined)
    throw new Error(`gpiomon is neither libgpiod 1 nor 2: ${stdout.slice(0, 60).trim()}`);
  return new GpioLines(wiring, handlers, major);
}

class GpioLines implements Lines {
  readonly described: string;
  private readonly wiring: Wiring;
  private readonly handlers: LinesHandlers;
  private readonly major: GpioMajor;
  private readonly levels = { light: false, chime: false };
  private readonly holders: { light?: ChildProcess; chime?: ChildProcess } = {};
  private monitor: ChildProcess | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(wiring: Wiring, handlers: LinesHandlers, major: GpioMajor) {
    this.wiring = wiring;
    this.handlers = handlers;
    this.major = major;
    this.described = `${wiring.chip} (libgpiod ${major})`;
    this.watch();
  }

  set(line: "light" | "chime", on: boolean): void {
    this.levels[line] = on;
    // A line belongs to one program at a time: the next begins when the last has let go.
    if (this.holders[line] === undefined) this.hold(line);
    else this.holders[line].kill();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    this.monitor?.kill();
    await Promise.all([this.leaveOff("light"), this.leaveOff("chime")]);
  }

  /** A line may keep the level that its last holder left: a chime's coil would stay on. */
  private async leaveOff(line: "light" | "chime"): Promise<void> {
    const number = this.wiring[line];
    if (number === undefined) return;
    const holder = this.holders[line];
    try {
      if (holder !== undefined) {
        const ended = once(holder, "exit");
        holder.kill();
        await ended;
      }
      const off = offArguments(this.major, this.wiring.chip, number);
      await promisify(execFile)("gpioset", [...off], { timeout: toolMillisMax });
    } catch (error) {
      this.handlers.trouble(line, error instanceof Error ? error.message : String(error));
    }
  }

  private hold(line: "light" | "chime"): void {
    const number = this.wiring[line];
    if (number === undefined || this.closed) return;
    const { chip } = this.wiring;
    const holder = spawn("gpioset", holdArguments(this.major, chip, number, this.levels[line]), {
      stdio: "ignore",
    });
    this.holders[line] = holder;
    holder.once("error", (error) => {
      delete this.holders[line];
      this.handlers.trouble(line, error.message);
    });
    holder.once("exit", (code) => {
      delete this.holders[line];
      // Ended by us for the next level, or by itself: then something is wrong with the wire, and the next level tries again.
      if (holder.killed) this.hold(line);
      else this.handlers.trouble(line, `gpioset ended with ${code}`);
    });
  }

  private watch(): void {
    const { chip, button } = this.wiring;
    if (button === undefined) return;
    const child = spawn("gpiomon", monitorArguments(this.major, chip, button), {
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.monitor = child;
    child.once("error", (error) => this.handlers.trouble("button", error.message));
    child.once("close", (code) => {
      if (this.closed) return;
      this.handlers.trouble("button", `gpiomon ended with ${code}`);
      this.timer = setTimeout(() => this.watch(), restartMillis);
    });
    const edges = createInterface({ input: child.stdout });
    edges.on("error", () => undefined); // the program's end tells
    edges.on("line", (text) => {
      const edge = edgeOf(this.major, text.trim());
      if (edge !== undefined) this.handlers.edge(edge);
    });
  }
}
