import type { Fragment } from "../../shared/clip/fmp4.js";
import type { InitSegment } from "../../shared/clip/init.js";
import { unreachable } from "../../shared/kernel/assert.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { core } from "../core.io.js";
import { adviceOn, isDeaf } from "./advice.js";
import { cleanExit } from "./ffmpeg.io.js";
import type { Ffmpeg } from "./finder.io.js";
import type { IntakeEvent } from "./intake.js";
import type { LumaPicture } from "./luma.js";
import { checkMasks, type Mask, type MaskRefusal } from "./mask.js";
import { defaultSettings, type Mode, mayCopy, type Plan, planOf, type Settings } from "./plan.js";
import { type Run, type RunEnd, type RunOptions, startRun } from "./run.io.js";
import { describeSource, type Source } from "./source.js";
import type { SupervisorEffect, SupervisorEvent, SupervisorState, TroubleKind } from "./supervisor.js";

const { dueAt, startSupervisor, stepSupervisor } = core;

export interface CameraOptions {
  readonly source: Source;
  readonly ffmpeg: Ffmpeg;
  readonly clock: Clock;
  readonly random: Random;
  readonly masks?: readonly Mask[];
  /** Whether sound is recorded where the source has it. Without this there is no track of it at all. */
  readonly sound?: boolean;
  readonly settings?: Partial<Settings>;
  /** `own`, the default: files play at their own pace. `fast`: as fast as they are taken. */
  readonly pace?: "own" | "fast";
  /** The program that reads the Pi's camera; `rpicam-vid` without it. */
  readonly rpicam?: string;
}

/** One grey picture for the detector. */
export interface LumaFrame {
  /** `width` × `height` bytes, row by row, 0 black to 255 white. Its own memory. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** When it came, by the monotonic clock. */
  readonly at: Millis;
  /** Its place in the footage: counts from the same start as the run's fragments do. */
  readonly time: Millis;
}

/** What runs from now on. Each start of the child is told, and begins a new timeline of fragments and luma frames. */
export interface CameraPlan {
  readonly mode: Mode;
  /** For a log: what is done and why. No passwords. */
  readonly description: string;
}

export interface Trouble {
  readonly kind: TroubleKind;
  /** What happened and what happens next. */
  readonly message: string;
  /** The last stderr lines of the programs that ran. */
  readonly lines: readonly string[];
}

export interface CameraHandlers {
  readonly onPlan: (plan: CameraPlan) => void;
  /** Once in each run, before its first fragment. Earlier fragments belong to another timeline. */
  readonly onInit: (init: InitSegment) => void;
  /**
   * In order, without gaps within a run, with the sound that came with it. While a returned promise is open, the child
   * is held back.
   */
  readonly onFragment: (fragment: Fragment, arrivedAt: Millis, sound?: Fragment) => void | Promise<void>;
  readonly onLuma: (frame: LumaFrame) => void;
  readonly onTrouble: (trouble: Trouble) => void;
  /** A file played to its end, or `stop()` is done. Nothing is called after it. */
  readonly onEnd: () => void;
}

export interface CameraHandle {
  /** Ends the child politely: what it still had is handed out as a last fragment. Resolves after `onEnd`. */
  stop(): Promise<void>;
  /** The child's process id, for measurements and tests; undefined while none runs. */
  pid(): number | undefined;
}

export type CameraRefusal = MaskRefusal | { readonly kind: "cannot-encode"; readonly message: string };

/** Keeps one camera running until it is stopped: ffmpeg in, fragments and luma frames out. */
export function startCamera(
  options: CameraOptions,
  handlers: CameraHandlers,
): Result<CameraHandle, CameraRefusal> {
  const masks = checkMasks(options.masks ?? []);
  if (!masks.ok) return masks;
  const mode: Mode = mayCopy(options.source, masks.value) ? "copy" : "encode";
  if (mode === "encode" && options.ffmpeg.encoders.length === 0) {
    return refuse({ kind: "cannot-encode", message: cannotEncode(options) });
  }
  const camera = new Camera(options, handlers, mode);
  camera.take({ kind: "tick" });
  return ok({ stop: () => camera.stop(), pid: () => camera.pid() });
}

function cannotEncode({ ffmpeg, source }: CameraOptions): string {
  return `${describeSource(source)} must be encoded, but ${ffmpeg.path} has no H.264 encoder that works. Install an ffmpeg with libx264.`;
}

/** The timer's grain while a reader holds the child back: its silence is counted from the last look. */
const tickMillisMax = 250;

/** Feeds what happens to the supervisor, in order, and carries out what it decides. */
class Camera {
  private readonly options: CameraOptions;
  private readonly handlers: CameraHandlers;
  private readonly over: Promise<void>;
  private resolveOver: () => void = () => undefined;
  private state: SupervisorState;
  private run: Run | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** Why the source's own stream is not recorded as it is. */
  private why: string;
  /** The last child could not open its microphone: the next one records the picture alone. */
  private deaf = false;

  constructor(options: CameraOptions, handlers: CameraHandlers, mode: Mode) {
    this.options = options;
    this.handlers = handlers;
    this.why = reasonToEncode(options);
    this.state = startSupervisor(mode, options.clock.monotonic());
    this.over = new Promise((resolve) => {
      this.resolveOver = resolve;
    });
  }

  take(event: SupervisorEvent): void {
    const next = stepSupervisor(this.state, event, this.options.clock.monotonic());
    this.state = next.state;
    for (const effect of next.effects) this.carryOut(effect);
    this.arm();
  }

  stop(): Promise<void> {
    this.take({ kind: "stop" });
    return this.over;
  }

  pid(): number | undefined {
    return this.state.kind === "running" || this.state.kind === "ending" ? this.run?.pid : undefined;
  }

  private arm(): void {
    clearTimeout(this.timer);
    const due = dueAt(this.state);
    if (due === undefined) return;
    const wait = Math.min(tickMillisMax, Math.max(0, due - this.options.clock.monotonic()));
    this.timer = setTimeout(() => this.take({ kind: this.run?.held() ? "held" : "tick" }), wait);
  }

  private carryOut(effect: SupervisorEffect): void {
    switch (effect.kind) {
      case "spawn":
        this.spawn(effect.mode);
        break;
      case "signal":
        this.run?.signal(effect.signal);
        break;
      case "switch":
        this.why = effect.why;
        break;
      case "trouble":
        this.handlers.onTrouble(troubleOf(effect, this.options.source, this.run?.lastWords() ?? []));
        break;
      case "over":
        this.handlers.onEnd();
        this.resolveOver();
        break;
      default:
        unreachable(effect);
    }
  }

  private spawn(mode: Mode): void {
    this.handlers.onPlan({ mode, description: describe(this.options, mode, this.why) });
    const { sound = false } = this.options;
    const options = { ...this.options, sound: sound && !this.deaf };
    const run = startRun(runOptions(options, mode), (event) => this.listen(event));
    this.run = run;
    void run.ended.then((end) => this.afterRun(end));
  }

  private listen(event: IntakeEvent): void | Promise<void> {
    const { handlers, options } = this;
    const at = options.clock.monotonic();
    switch (event.kind) {
      case "init":
        this.take({ kind: "init" });
        handlers.onInit(event.init);
        break;
      case "fragment":
        this.take({ kind: "fragment" });
        return handlers.onFragment(event.fragment, at, event.sound);
      case "picture":
        this.take({ kind: "luma" });
        handlers.onLuma(lumaFrame(event.picture, at, options));
        break;
      default:
        this.take(event);
    }
  }

  private afterRun({ how, fragments, unfit }: RunEnd): void {
    if (unfit !== undefined) this.take({ kind: "unfit", why: unfit });
    this.deaf = fragments === 0 && isDeaf(this.run?.lastWords() ?? []);
    const finished = this.options.source.kind === "file" && how === cleanExit && fragments > 0;
    const chance = (this.options.random.bytes(1)[0] ?? 0) / 256;
    this.take({ kind: "exited", how, finished, chance });
  }
}

function lumaFrame({ index, ...picture }: LumaPicture, at: Millis, options: CameraOptions): LumaFrame {
  return { ...picture, at, time: millis((index * 1000) / settingsOf(options).lumaFps) };
}

function settingsOf({ settings }: CameraOptions): Settings {
  return { ...defaultSettings, ...settings };
}

function planFor(options: CameraOptions, mode: Mode): Plan {
  const { source, masks = [], sound = false, ffmpeg, pace = "own" } = options;
  const [encoder = "libx264"] = ffmpeg.encoders;
  const { libavformat } = ffmpeg;
  return planOf({ source, mode, encoder, libavformat, masks, sound, pace, settings: settingsOf(options) });
}

function runOptions(options: CameraOptions, mode: Mode): RunOptions {
  const plan = planFor(options, mode);
  const { source, ffmpeg, sound = false, pace = "own", rpicam = "rpicam-vid" } = options;
  return { plan, source, sound, settings: settingsOf(options), pace, ffmpeg: ffmpeg.path, rpicam };
}

function reasonToEncode({ source, masks = [] }: CameraOptions): string {
  return masks.length > 0
    ? `${masks.length} privacy mask(s) are painted`
    : `${source.kind} gives raw pictures`;
}

function describe(options: CameraOptions, mode: Mode, why: string | undefined): string {
  const from = describeSource(options.source);
  if (mode === "copy") return `records the H.264 of ${from} as it comes`;
  return `encodes ${from} with ${options.ffmpeg.encoders[0] ?? "no encoder"}, because ${why ?? "it was asked to"}`;
}

function troubleOf(
  effect: Extract<SupervisorEffect, { kind: "trouble" }>,
  source: Source,
  lines: readonly string[],
): Trouble {
  const advice = adviceOn(source, lines);
  const message = `The camera ${describeSource(source)} is ${effect.trouble}: ${effect.why}. It is started again.`;
  return { kind: effect.trouble, message: advice === undefined ? message : `${message} ${advice}`, lines };
}
