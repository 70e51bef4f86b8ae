import type { Abilities, Capability, Drivers } from "./rig.js";

/** What happened in a story, for its timeline. */
export interface Moment {
  /** Since the story began, in ms of the rig's time. */
  readonly at: number;
  readonly kind: "act" | "fault" | "mend" | "expect" | "measure" | "failed";
  readonly text: string;
}

/** A figure with the limit that it has to keep, where it has one. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly most?: number;
  readonly least?: number;
}

/** What the verbs counted. */
export interface Tally {
  readonly moments: readonly Moment[];
  readonly measurements: readonly Measurement[];
  /** Injected faults. */
  readonly faults: number;
  readonly clips: number;
  readonly lost: readonly string[];
  readonly twice: readonly string[];
}

/** An expectation that did not hold; what it says is for the report. */
export class StoryFailed extends Error {}

/** Between two looks at what a story waits for. */
const lookMillis = 250;
export const minuteMillis = 60_000;

/** Tells a story by the rig's time and keeps what is to be reported. */
export class Teller {
  protected readonly drivers: Drivers;
  private readonly began: number;
  private readonly secondsMax: number;
  protected readonly tallied = {
    moments: [] as Moment[],
    measurements: [] as Measurement[],
    faults: 0,
    clips: 0,
    lost: [] as string[],
    twice: [] as string[],
  };

  /** Whoever waits beyond `secondsMax` of the rig's time fails. */
  constructor(drivers: Drivers, secondsMax: number) {
    this.drivers = drivers;
    this.secondsMax = secondsMax;
    this.began = drivers.time.now();
  }

  get tally(): Tally {
    return this.tallied;
  }

  now(): number {
    return this.drivers.time.now();
  }

  async pass(millis: number): Promise<void> {
    await this.drivers.time.pass(millis);
    if (this.now() - this.began > this.secondsMax * 1_000)
      throw new StoryFailed(`not over within ${this.secondsMax} s`);
  }

  /** Waits until it holds, and says for how long it waited; fails the story with `what` where it takes longer. */
  async until(
    what: string,
    holds: () => boolean | Promise<boolean>,
    withinMillis = minuteMillis,
  ): Promise<number> {
    const since = this.now();
    while (!(await holds())) {
      if (this.now() - since > withinMillis) throw new StoryFailed(`${what}: not within ${withinMillis} ms`);
      await this.pass(lookMillis);
    }
    return this.now() - since;
  }

  /** Fails the story unless it is so. */
  expect(holds: boolean, what: string): void {
    if (!holds) throw new StoryFailed(what);
    this.tell("expect", what);
  }

  /** Keeps a figure; one beyond its limit fails the story. */
  measure(measurement: Measurement): void {
    const { name, value, unit, most, least } = measurement;
    this.tallied.measurements.push(measurement);
    const figure = `${name}: ${Number(value.toPrecision(4))} ${unit}`;
    this.tell("measure", figure);
    if (most !== undefined && value > most) throw new StoryFailed(`${figure}, allowed are ${most}`);
    if (least !== undefined && value < least) throw new StoryFailed(`${figure}, needed are ${least}`);
  }

  tell(kind: Moment["kind"], text: string): void {
    this.tallied.moments.push({ at: this.now() - this.began, kind, text });
  }

  protected inject(text: string): void {
    this.tallied.faults++;
    this.tell("fault", text);
  }

  protected driver<Name extends Capability>(name: Name): Abilities[Name] {
    const drivers: Partial<Abilities> = this.drivers;
    const driver = drivers[name];
    if (driver === undefined) throw new Error(`The story needs "${name}", and does not say so in its needs.`);
    return driver;
  }
}

export function seconds(millis: number): string {
  return `${(millis / 1_000).toFixed(1)} s`;
}
