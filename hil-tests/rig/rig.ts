// What a rig is. It brings drivers, each for one thing of the world that it can touch; the verbs in which stories are told
// (verbs.ts) are made of them once for all rigs. A story (story.ts) runs on every rig that has what it needs.
import type { CardClips, DoorEventEvidence, VaultClip } from "./evidence.js";

export type RigName = "sim" | "host" | "board";

/** What can lose its power and start again. `broker` is one of its own where the house has such a one. */
export type Part = "camera" | "cloud" | "broker";

/** What the network does to packets between the camera and the cloud. */
export interface LineQuality {
  readonly bitsPerSecond?: number;
  /** One way. */
  readonly delayMillis?: number;
  /** Of a hundred packets in each direction, chosen by chance. */
  readonly lossPercent?: number;
  readonly duplicatePercent?: number;
  /** These come later than the ones behind them. */
  readonly reorderPercent?: number;
}

/** Switches power: no part hears of it beforehand, and what its disk had not been asked to keep is gone. */
export interface PowerDriver {
  cut(part: Part): Promise<void>;
  restore(part: Part): Promise<void>;
  isOn(part: Part): boolean;
}

/** The camera's way to its broker, or the cloud's. */
export interface LineDriver {
  /** Nothing goes through any more, and whoever sends is told that there is no way. */
  cut(from: "camera" | "cloud"): Promise<void>;
  /** Nothing goes through, and nobody is told: the half-open connection. */
  swallow(): Promise<void>;
  /** As before all of it. */
  heal(): Promise<void>;
  shape(quality: LineQuality): Promise<void>;
  /** Towards the cloud, since the house was opened. */
  carriedBytes(): number;
}

/** The camera's card, or the vault's disk. */
export interface DiskDriver {
  /** Nothing more can be written; what is there stays. */
  fill(part: "camera" | "cloud"): Promise<void>;
  protect(part: "camera" | "cloud"): Promise<void>;
  /** Whatever is asked of it is an input or output error, until the part's power was cut. */
  fail(part: "camera" | "cloud"): Promise<void>;
  /** As before it was filled or protected. */
  mend(part: "camera" | "cloud"): Promise<void>;
  /** Turns over a bit in the middle of something sealed that lies there; says in what. */
  rot(part: "camera" | "cloud"): Promise<string>;
}

/** The camera's wall clock. */
export interface ClockDriver {
  /** Resolves when the camera has the new time. */
  step(millis: number): Promise<void>;
}

/** What the camera sees. */
export interface LensDriver {
  /** Somebody walks past, once. */
  walkPast(): Promise<void>;
  /** One dark grey from now on. */
  cover(): Promise<void>;
  /** The same picture again and again. */
  freeze(): Promise<void>;
  /** The living scene again. */
  clear(): Promise<void>;
  /** The program that reads the sensor stands still, but is there. */
  hang(): Promise<void>;
  /** It is killed, as for want of memory. */
  kill(): Promise<void>;
}

/** The bell button's contact. */
export interface ButtonDriver {
  /** One edge after the other, within milliseconds. False where the camera did not take them, having no power. */
  move(edges: readonly ("down" | "up")[]): Promise<boolean>;
}

/** What the parts use of the machine. */
export interface MeterDriver {
  /** Now; of the part alone, not of its children. */
  read(part: Part): Promise<{ readonly memoryBytes: number; readonly openFiles: number }>;
}

/** What happened, without help of whom it is about, as far as the rig can. */
export interface EvidenceDriver {
  onCard(): Promise<CardClips>;
  inVault(): Promise<readonly VaultClip[]>;
  doorEvents(): Promise<readonly DoorEventEvidence[]>;
  /** Segments that have no receipt on the card yet, and clips without an end. */
  waiting(): Promise<readonly string[]>;
  /** Segments of which the camera ever said that they are safe on its card: `clip/index`. */
  saidStored(): Promise<readonly string[]>;
  /** Opens a clip as its owner does, with every check: seconds of footage, or why it does not open. */
  open(clip: VaultClip): Promise<number | string>;
  /** What the camera's status tells its owner now, and whether the cloud calls it online. */
  status(): Promise<{
    readonly online: boolean;
    readonly clock: string;
    readonly troubles: readonly string[];
  }>;
  /** How often a program said this in its log. */
  said(part: Part, event: string): number;
  /** A picture out of a clip, as JPEG; `undefined` where the rig makes none. */
  picture(clip: VaultClip): Promise<Uint8Array | undefined>;
}

/** The rig's own time: virtual in a simulation. Stories wait by it alone. */
export interface TimeDriver {
  /** Wall time of the rig, whatever the camera's clock says. */
  now(): number;
  pass(millis: number): Promise<void>;
}

/** Those that a rig may lack: a story names the ones it needs. */
export interface Abilities {
  readonly power: PowerDriver;
  readonly line: LineDriver;
  readonly disk: DiskDriver;
  readonly clock: ClockDriver;
  readonly lens: LensDriver;
  readonly button: ButtonDriver;
  readonly meter: MeterDriver;
}
export type Capability = keyof Abilities;

/** A household with one camera that was signed in and runs, and its cloud. */
export interface Drivers extends Partial<Abilities> {
  readonly time: TimeDriver;
  readonly evidence: EvidenceDriver;
  /** Ends everything, and leaves nothing behind. */
  close(): Promise<void>;
}

/** What kind of house a story plays in. */
export interface HouseWish {
  /** The cloud's own broker, or another program's. */
  readonly broker: "embedded" | "external";
  /** Footage around a trigger, in seconds. */
  readonly preRoll: number;
  readonly postRoll: number;
}

export interface OpenRequest {
  readonly house: HouseWish;
  /** Drivers that the story needs: a rig need not bring the others. */
  readonly needs: readonly Capability[];
  /** Of everything that the rig leaves to chance. */
  readonly seed: number;
  /** A line of some part's log, or what the rig itself has to say. */
  onConsole(part: Part | "rig", line: string): void;
}

export interface Rig {
  readonly name: RigName;
  /** Why it has no such driver here, in a sentence for the report; undefined where it has one. */
  lacks(capability: Capability): string | undefined;
  /** Why it cannot open such a house, where it cannot. */
  cannot(house: HouseWish): string | undefined;
  open(request: OpenRequest): Promise<Drivers>;
}
