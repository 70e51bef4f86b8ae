import type { Fragment } from "../../shared/clip/fmp4.js";
import { FragmentStream, type StreamEvent } from "../../shared/clip/fragmentstream.js";
import type { InitSegment } from "../../shared/clip/init.js";
import { keyframeMillisMax, type Unfit, unfitFragment, unfitInit } from "./fitness.js";
import { type LumaEvent, type LumaPicture, LumaStream } from "./luma.js";

export type IntakeEvent =
  | { readonly kind: "init"; readonly init: InitSegment }
  /** A second of picture, and the sound that came with it. */
  | { readonly kind: "fragment"; readonly fragment: Fragment; readonly sound?: Fragment }
  | { readonly kind: "picture"; readonly picture: LumaPicture }
  /** The child's output is not what it must be. The last event. */
  | { readonly kind: "babble"; readonly why: string }
  /** The source's own stream cannot be recorded as it is. The last event. */
  | { readonly kind: "unfit"; readonly why: string };

export interface IntakeOptions {
  readonly copying: boolean;
  /** Whether the recording may have sound. */
  readonly sound: boolean;
  readonly lumaFps: number;
  /** Whether luma frames tell the time that passes, so that a missing keyframe shows. */
  readonly paced: boolean;
}

/** What one child's two pipes bring, judged. */
export class Intake {
  /** Fragments that were handed out. */
  fragments = 0;
  private readonly videoStream = new FragmentStream();
  private readonly lumaStream = new LumaStream();
  private readonly options: IntakeOptions;
  private init: InitSegment | undefined;
  /** It comes before the picture of its second. */
  private sound: Fragment | undefined;
  /** Where the last fragment ends in the footage. */
  private recordedMillis = 0;
  private closed = false;

  constructor(options: IntakeOptions) {
    this.options = options;
  }

  video(chunk: Uint8Array): readonly IntakeEvent[] {
    const events: IntakeEvent[] = [];
    if (this.closed) return events;
    for (const event of this.videoStream.push(chunk)) this.add(events, this.judgeVideo(event));
    return events;
  }

  /** `held`: fragments wait for their reader, so that their absence means nothing. */
  luma(chunk: Uint8Array, held: boolean): readonly IntakeEvent[] {
    const events: IntakeEvent[] = [];
    if (this.closed) return events;
    for (const event of this.lumaStream.push(chunk)) {
      this.add(events, judgeLuma(event));
      if (event.kind === "picture" && !held) this.add(events, this.judgeWait(event.picture));
    }
    return events;
  }

  private add(events: IntakeEvent[], event: IntakeEvent | undefined): void {
    if (event === undefined || this.closed) return;
    events.push(event);
    this.closed = event.kind === "babble" || event.kind === "unfit";
  }

  private judgeVideo(event: StreamEvent): IntakeEvent | undefined {
    switch (event.kind) {
      case "init":
        this.init = event.init;
        if (event.init.tracks.length > (this.options.sound ? 2 : 1))
          return { kind: "babble", why: "its recording has more tracks than it was asked for" };
        return this.unless(unfitInit(event.init), event);
      case "fragment":
        return this.judgeFragment(event);
      case "refused": {
        const { kind, box, at } = event.refusal;
        const why = `its recording is no fragmented MP4 (${kind} at box "${box}", byte ${at})`;
        return { kind: this.options.copying && kind === "too-large" ? "unfit" : "babble", why };
      }
    }
  }

  private judgeFragment(event: Extract<StreamEvent, { kind: "fragment" }>): IntakeEvent | undefined {
    if (this.init === undefined) return undefined;
    const { fragment } = event;
    if (fragment.track !== this.init.track) {
      this.sound = fragment;
      return undefined;
    }
    const { sound } = this;
    this.sound = undefined;
    const judged = this.unless(unfitFragment(fragment, this.init), sound ? { ...event, sound } : event);
    if (judged.kind === "fragment") this.fragments += 1;
    this.recordedMillis = ((fragment.time + fragment.duration) * 1000) / this.init.timescale;
    return judged;
  }

  private judgeWait(picture: LumaPicture): IntakeEvent | undefined {
    const waited = Math.round((picture.index * 1000) / this.options.lumaFps - this.recordedMillis);
    if (!this.options.copying || !this.options.paced || waited <= keyframeMillisMax) return undefined;
    return { kind: "unfit", why: `no keyframe came for ${waited} ms` };
  }

  private unless<E extends IntakeEvent>(unfit: Unfit, event: E): E | IntakeEvent {
    return this.options.copying && unfit !== undefined ? { kind: "unfit", why: unfit } : event;
  }
}

function judgeLuma(event: LumaEvent): IntakeEvent {
  return event.kind === "picture"
    ? event
    : { kind: "babble", why: `its luma frames are spoilt (${event.why})` };
}
