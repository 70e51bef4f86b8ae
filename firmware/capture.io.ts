import { type Polygon, pictureScale } from "../shared/charter/areas.js";
import type { ClipEffect } from "../shared/clip/cutting.js";
import type { InitSegment } from "../shared/clip/init.js";
import { unreachable } from "../shared/kernel/assert.js";
import type { Millis } from "../shared/kernel/brand.js";
import type { ClipId } from "../shared/kernel/ids.js";
import type { Clock, Log, Random } from "../shared/kernel/ports.js";
import { type CameraHandle, type LumaFrame, startCamera, type Trouble } from "./camera/camera.io.js";
import type { Ffmpeg } from "./camera/finder.io.js";
import type { Mask } from "./camera/mask.js";
import { describeSource, type Source } from "./camera/source.js";
import { core } from "./core.io.js";
import type { CameraFault } from "./detector/health.js";
import type { Motion, MotionSettings } from "./detector/motion.js";
import type { TriggerEffect, TriggerEvent } from "./detector/trigger.js";
import type { Rules } from "./house.io.js";
import type { CutEvent } from "./recorder/cut.js";
import type { CutSettings } from "./recorder/cutter.js";
import type { NewEvent } from "./recorder/journal.js";
import type { Moment } from "./recorder/ring.js";
import type { PickedFrame } from "./thumbnail/picker.js";

const { createMotion, cutDefaults, dueIn, idleTrigger, isRecording, newCutter, stepCutter, stepTrigger } =
  core;
const { createPicker, judge } = core;

export interface CaptureOptions {
  readonly source: Source;
  readonly ffmpeg: Ffmpeg;
  readonly rpicam: string | undefined;
  readonly rolls: Pick<CutSettings, "preRoll" | "postRoll">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface CaptureHandlers {
  /** Footage of a clip, in order, for the sealer. */
  readonly clip: (effect: ClipEffect) => void;
  /** The frame that shows best what a clip is about, once or twice a clip. */
  readonly picked: (frame: PickedFrame) => void;
  readonly happened: (event: NewEvent) => void;
  /** A clip was announced before there is footage of it, or its footage never came (`since` absent) and a gap told so. */
  readonly due: (clip: ClipId, since?: Millis) => void;
  /** Before the first sealed footage of a clip, and after its last. */
  readonly recording: (on: boolean) => void;
  /** What `state` gives has changed. */
  readonly changed: () => void;
}

export interface CaptureState {
  readonly recording: boolean;
  /** How the picture gets its form. */
  readonly video: string;
  readonly restarts: number;
  readonly trouble: string | undefined;
  /** When the camera last gave footage, or its supervisor last said why it does not. */
  readonly aliveAt: Millis;
}

/** From the lens to the cut: camera, detector, trigger, cutter. */
export interface Capture {
  /** Takes effect at once; a camera whose masks or leave for sound changed starts anew: nothing is recorded that they forbid. */
  apply(rules: Rules): Promise<void>;
  press(): void;
  state(): CaptureState;
  /** The open clip ends here. */
  stop(): Promise<void>;
}

const tickMillis = 500;
const off: Rules = { mode: "off", masks: [], zones: [], audio: false };

const blindness: Readonly<Record<CameraFault, string>> = {
  empty:
    "the camera's pictures have another size than they began with; motion is not seen; start the firmware anew",
  blank: "the picture is one even grey: is the lens covered, or is there no light?",
  frozen: "the picture has stood still to the last bit; take the camera's power away and give it back",
  torn: "the picture is torn; check the camera's cable and power",
};

/** What a running camera cannot change. */
const bornWith = ({ masks, audio }: Rules): string => JSON.stringify({ masks, audio });

export function openCapture(options: CaptureOptions, handlers: CaptureHandlers): Capture {
  return new DoorCapture(options, handlers);
}

class DoorCapture implements Capture {
  private readonly options: CaptureOptions;
  private readonly handlers: CaptureHandlers;
  private readonly ticker: NodeJS.Timeout;
  private rules = off;
  private stopped = false;
  /** Cameras are started and stopped one after another: there is never more than one. */
  private last: Promise<void> = Promise.resolve();
  /** Undefined from the moment it is told to stop. */
  private camera: CameraHandle | undefined;
  /** What the camera was started with. */
  private born = "";
  /** Sound is wanted, and the source gives none. */
  private mute = false;
  private motion: Motion | undefined;
  private readonly picker = createPicker();
  private trigger = idleTrigger();
  private cutter;
  private video = "off";
  private starts = 0;
  private trouble: string | undefined;
  /** Motion never stopped, and triggers no more until it has. */
  private stuck = false;
  /** The camera runs, and what it gives is no picture of the scene. */
  private blind: CameraFault | undefined;
  private aliveAt: Millis;

  constructor(options: CaptureOptions, handlers: CaptureHandlers) {
    this.options = options;
    this.handlers = handlers;
    this.cutter = newCutter(options.random, { ...cutDefaults, ...options.rolls });
    this.aliveAt = options.clock.monotonic();
    this.ticker = setInterval(() => this.feed({ kind: "tick" }), tickMillis);
  }

  async apply(rules: Rules): Promise<void> {
    if (!this.stopped) await this.follow(rules);
  }

  press(): void {
    this.feed({ kind: "press" });
  }

  state(): CaptureState {
    const { video, aliveAt } = this;
    const trouble = this.trouble ?? this.lesserTrouble();
    const restarts = Math.max(0, this.starts - 1);
    return { recording: isRecording(this.cutter), video, restarts, trouble, aliveAt };
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.ticker);
    await this.follow(off);
  }

  /** What is recorded ends at once; the camera stops and starts after what it was told before. */
  private follow(rules: Rules): Promise<void> {
    // The next picture makes a detector that knows them; the camera runs on.
    if (JSON.stringify(rules.zones) !== JSON.stringify(this.rules.zones)) this.motion = undefined;
    this.rules = rules;
    if (rules.mode !== "record") this.cut({ kind: "stop", at: this.now() });
    const followed = this.last.then(() => this.obey());
    this.last = followed.catch(() => undefined);
    return followed;
  }

  /** Carries out the newest rules; nothing when the camera runs as they say. */
  private async obey(): Promise<void> {
    const wanted = (): boolean => this.rules.mode !== "off";
    if (this.camera !== undefined && (!wanted() || bornWith(this.rules) !== this.born))
      await this.stopCamera();
    if (wanted() && this.camera === undefined) this.startCamera();
    this.handlers.changed();
  }

  private startCamera(): void {
    const { source, ffmpeg, rpicam, clock, random, log } = this.options;
    const { masks, audio } = this.rules;
    this.born = bornWith(this.rules);
    const started = startCamera(
      { source, ffmpeg, clock, random, masks, sound: audio, ...(rpicam !== undefined && { rpicam }) },
      {
        onPlan: ({ description }) => {
          this.starts++;
          this.video = description;
          log("camera.plan", { description });
          this.handlers.changed();
        },
        onInit: (init) => this.onInit(init),
        onFragment: (fragment, _, sound) => {
          this.aliveAt = clock.monotonic();
          this.setTrouble(undefined);
          this.cut({ kind: "fragment", fragment, ...(sound && { sound }), at: this.now() });
        },
        onLuma: (frame) => this.look(frame),
        onTrouble: (trouble) => this.onTrouble(trouble),
        onEnd: () => this.onEnd(),
      },
    );
    if (started.ok) this.camera = started.value;
    else this.setTrouble(started.error.message);
  }

  private async stopCamera(): Promise<void> {
    const { camera } = this;
    this.camera = undefined;
    this.mute = false;
    await camera?.stop();
  }

  /** The camera runs, and yet not as it should. */
  private lesserTrouble(): string | undefined {
    if (this.blind !== undefined) return blindness[this.blind];
    if (this.stuck) return "motion never stops; look at what the camera sees";
    return this.mute ? "the household wants sound, and the camera's source gives none" : undefined;
  }

  private onInit(init: InitSegment): void {
    this.motion = undefined;
    this.blind = undefined;
    this.mute = this.rules.audio && init.tracks.length === 1;
    this.handlers.changed();
    this.picker.restart();
    this.cut({ kind: "init", init, at: this.now() });
  }

  private onTrouble({ kind, message, lines }: Trouble): void {
    this.aliveAt = this.options.clock.monotonic();
    this.options.log("camera.trouble", { kind, message, stderr: lines.join("\n") });
    this.setTrouble(message);
    this.cut({ kind: "source-lost", at: this.now() });
  }

  /** Stopped by us, or a file that played to its end: then what was recorded of it is whole. */
  private onEnd(): void {
    const kind = this.camera === undefined ? "stop" : "source-over";
    this.camera = undefined;
    this.video = `${describeSource(this.options.source)} has ended`;
    this.options.log("camera.ended", {});
    this.cut({ kind, at: this.now() });
    this.handlers.changed();
  }

  private look({ pixels, width, height, at, time }: LumaFrame): void {
    this.motion ??= createMotion({ width, height, ...this.sight() });
    const { score, settling, trouble, boxes, boxCount } = this.motion.feed(pixels, at);
    if (isRecording(this.cutter)) this.picker.look(time, judge({ pixels, width, height }, boxes, boxCount));
    this.setBlind(trouble?.kind);
    this.feed({ kind: "reading", score, settling });
  }

  /** What the detector is made with. */
  private sight(): Pick<MotionSettings, "zones" | "ignore" | "live"> {
    const { masks, zones } = this.rules;
    const { kind } = this.options.source;
    const whole = (mask: Mask): Polygon =>
      mask.map(({ x, y }) => ({ x: Math.round(x * pictureScale), y: Math.round(y * pictureScale) }));
    return { zones, ignore: masks.map(whole), live: kind !== "file" && kind !== "scene" };
  }

  private feed(event: TriggerEvent): void {
    const { state, effects } = stepTrigger(this.trigger, event, this.options.clock.monotonic());
    this.trigger = state;
    for (const effect of effects) this.pull(effect);
  }

  private pull(effect: TriggerEffect): void {
    const at = this.now();
    switch (effect.kind) {
      case "trigger":
        this.options.log("trigger", { kind: effect.trigger });
        this.stuck = false;
        this.begin(effect.trigger, at);
        break;
      case "extend":
        this.cut({ kind: "active", at });
        break;
      case "end":
        this.cut({ kind: "inactive", at });
        break;
      case "stuck":
        this.options.log("trigger.stuck", { since: effect.since });
        this.stuck = true;
        this.handlers.changed();
        break;
      default:
        unreachable(effect);
    }
  }

  /** Without leave to record, what happened is told and nothing is kept. */
  private begin(trigger: "motion" | "press", at: Moment): void {
    if (this.rules.mode !== "record") {
      if (trigger === "press" || this.rules.mode === "detect")
        this.handlers.happened({ kind: trigger, at: at.wall });
      return;
    }
    this.cut({ kind: "trigger", trigger, at });
    this.cut({ kind: "active", at });
  }

  private cut(event: CutEvent): void {
    const before = isRecording(this.cutter);
    const dueBefore = dueIn(this.cutter)?.clip;
    const { cutter, effects } = stepCutter(this.cutter, event);
    this.cutter = cutter;
    const recording = isRecording(cutter);
    if (recording && !before) this.handlers.recording(true);
    for (const effect of effects) {
      if (effect.kind === "happened") this.handlers.happened(effect.event);
      else this.handOut(effect, event);
    }
    this.tellDue(dueBefore);
    if (recording === before) return;
    if (!recording) this.handlers.recording(false);
    this.handlers.changed();
  }

  /** After what ended before it was handed out: the card must know of it although the power goes before the picture comes. */
  private tellDue(before: ClipId | undefined): void {
    const due = dueIn(this.cutter);
    if (due?.clip === before) return;
    if (due !== undefined) this.handlers.due(due.clip, due.since);
    else if (before !== undefined && this.cutter.phase.kind !== "recording") this.handlers.due(before);
  }

  private handOut(effect: ClipEffect, event: CutEvent): void {
    this.handlers.clip(effect);
    const frame = this.picker.take(effect, event.kind === "fragment" ? event.fragment : undefined);
    if (frame !== undefined) this.handlers.picked(frame);
  }

  private setBlind(fault: CameraFault | undefined): void {
    if (fault === this.blind) return;
    this.blind = fault;
    this.options.log("camera.sight", { fault: fault ?? "none" });
    this.handlers.changed();
  }

  private setTrouble(trouble: string | undefined): void {
    if (trouble === this.trouble) return;
    this.trouble = trouble;
    this.handlers.changed();
  }

  private now(): Moment {
    const { clock } = this.options;
    return { wall: clock.wall(), monotonic: clock.monotonic() };
  }
}
