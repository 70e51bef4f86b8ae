import { existsSync } from "node:fs";
import type { Clock, Log } from "../../shared/kernel/ports.js";
import { type Button, type ButtonEffect, type ButtonEvent, buttonUp, stepButton } from "./button.js";
import { openGpio } from "./gpio.io.js";
import type { Wiring } from "./gpio.js";
import type { Lines, LinesHandlers } from "./lines.js";
import { openSocket, SocketTaken } from "./socket.io.js";

export interface BoardOptions {
  /** `undefined`, or a chip that is not there: the socket stands in, or nothing when it cannot be made. */
  readonly wiring: Wiring | undefined;
  readonly socketPath: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface BoardHandlers {
  readonly press: () => void;
  /** What `troubles` gives has changed. */
  readonly changed: () => void;
}

export interface Board {
  readonly described: string;
  /** The recording light. There is no way to record without it: whoever captures drives it, and no setting switches it off. */
  light(on: boolean): void;
  troubles(): readonly string[];
  /** Resolves when light and chime were put off. */
  close(): Promise<void>;
}

/** A bell's coil burns out when it stays on: the hardware's limit, kept by the software too. */
export const chimeMillis = 700;
/** Rest after a ring. */
const chimeRestMillis = 300;
const tickMillis = 1_000;

export async function openBoard(options: BoardOptions, handlers: BoardHandlers): Promise<Board> {
  const bell = new Bell(options, handlers);
  const lines = await openLines(options, {
    edge: (edge) => bell.feed(edge),
    trouble: (line, why) => bell.trouble(line, why),
  });
  // A killed firmware may have left the bell's coil on.
  lines.set("chime", false);
  lines.set("light", false);
  const ticker = setInterval(() => bell.feed("tick"), tickMillis);
  const chime = new Chime(lines, options.clock);
  bell.onPress = () => {
    chime.ring();
    handlers.press();
  };
  return {
    described: lines.described,
    light: (on) => lines.set("light", on),
    troubles: () => bell.troubles(),
    async close() {
      clearInterval(ticker);
      chime.stop();
      lines.set("light", false);
      await lines.close();
    },
  };
}

class Bell {
  private readonly options: BoardOptions;
  private readonly handlers: BoardHandlers;
  private readonly faults: Record<string, string> = {};
  private button: Button = buttonUp;
  /** Set when the chime stands; until then a press only counts. */
  onPress: () => void;

  constructor(options: BoardOptions, handlers: BoardHandlers) {
    this.options = options;
    this.handlers = handlers;
    this.onPress = handlers.press;
  }

  feed(event: ButtonEvent): void {
    const next = stepButton(this.button, event, this.options.clock.monotonic());
    this.button = next.button;
    for (const effect of next.effects) this.carryOut(effect);
  }

  troubles(): readonly string[] {
    return Object.values(this.faults);
  }

  trouble(line: string, why: string): void {
    this.options.log("board.trouble", { line, why });
    this.set(line, `${line}: ${why}`);
  }

  private carryOut(effect: ButtonEffect): void {
    this.options.log(`board.${effect}`, {});
    if (effect === "press") this.onPress();
    else this.set("stuck", effect === "stuck" ? "the bell button is held down or stuck" : undefined);
  }

  private set(name: string, text: string | undefined): void {
    if (text === undefined) delete this.faults[name];
    else this.faults[name] = text;
    this.handlers.changed();
  }
}

/** Rings for a moment; ringing again while it rings does not prolong it. */
class Chime {
  private readonly lines: Lines;
  private readonly clock: Clock;
  private quietAt = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(lines: Lines, clock: Clock) {
    this.lines = lines;
    this.clock = clock;
  }

  ring(): void {
    const now = this.clock.monotonic();
    if (now < this.quietAt) return;
    this.quietAt = now + chimeMillis + chimeRestMillis;
    this.lines.set("chime", true);
    this.timer = setTimeout(() => this.lines.set("chime", false), chimeMillis);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.lines.set("chime", false);
  }
}

async function openLines({ wiring, socketPath, log }: BoardOptions, handlers: LinesHandlers): Promise<Lines> {
  if (wiring === undefined || !existsSync(wiring.chip)) return openStandIn(socketPath, log, handlers);
  try {
    return await openGpio(wiring, handlers);
  } catch (error) {
    // A doorbell whose wires fail still watches the door; the socket keeps the same path alive.
    log("board.gpio-failed", { why: String(error) });
    handlers.trouble("button", `GPIO does not work (${String(error)}); install the package gpiod`);
    return openStandIn(socketPath, log, handlers);
  }
}

/** A doorbell without its socket still watches the door. Next to a firmware that runs already it does not start. */
async function openStandIn(path: string, log: Log, handlers: LinesHandlers): Promise<Lines> {
  try {
    return await openSocket(path, handlers);
  } catch (error) {
    if (error instanceof SocketTaken) throw error;
    const why = error instanceof Error ? error.message : String(error);
    log("board.socket-failed", { why });
    handlers.trouble("button", `there is no board.sock, so no press comes in: ${why}`);
    return { described: "none", set: () => undefined, close: async () => undefined };
  }
}
