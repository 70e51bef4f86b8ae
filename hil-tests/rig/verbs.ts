import { compare, cutClips, type Press, untold } from "./evidence.js";
import type { Abilities, Capability, Drivers, LineQuality, Part } from "./rig.js";

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
/** What a power cut may cost: the segment that is not sealed yet. */
const cutMillisMost = 2_000;
const minuteMillis = 60_000;

/** The words in which stories are told, over the drivers of any rig. Each leaves its moment in the timeline. */
export class Verbs {
  private readonly drivers: Drivers;
  private readonly began: number;
  private readonly secondsMax: number;
  private readonly presses: Press[] = [];
  private readonly cameraCuts: number[] = [];
  /** Of the camera's clock, by which it tells its events. */
  private clockOffset = 0;
  private readonly tallied = {
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

  // Time

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

  // At the door

  /** True where the camera took it. */
  async press(): Promise<boolean> {
    const from = this.now() + this.clockOffset;
    const taken = await this.driver("button").move(["down", "up"]);
    if (taken) this.pressed(from);
    this.tell("act", taken ? "press" : "press, and nobody is there to take it");
    return taken;
  }

  /** A press of which nothing may be asked afterwards: the card could not take it. */
  async pressUntold(): Promise<void> {
    if (await this.press()) this.presses.pop();
  }

  async holdButton(millis: number): Promise<void> {
    this.inject(`button held for ${seconds(millis)}`);
    const from = this.now() + this.clockOffset;
    await this.driver("button").move(["down"]);
    this.pressed(from);
    await this.pass(millis);
    await this.driver("button").move(["up"]);
  }

  /** One press of a worn contact. */
  async pressBouncing(edges: number): Promise<void> {
    this.inject(`press with ${edges} edges`);
    const from = this.now() + this.clockOffset;
    const moves = Array.from({ length: edges }, (_, edge) => (edge % 2 === 0 ? "down" : "up"));
    await this.driver("button").move(moves);
    this.pressed(from);
  }

  async walkPast(): Promise<void> {
    this.tell("act", "somebody walks past");
    await this.driver("lens").walkPast();
  }

  /** Waits until so many clips are whole on the card, each with its end. */
  async clipsEnd(count: number): Promise<void> {
    const { evidence } = this.drivers;
    await this.until(`${count} clips have their end`, async () => {
      const clips = [...(await evidence.onCard()).values()];
      return clips.length >= count && clips.every((segments) => segments.at(-1)?.end !== "no");
    });
  }

  // Power

  async cutPower(part: Part): Promise<void> {
    this.inject(`power of the ${part} cut`);
    if (part === "camera") this.cameraCuts.push(this.now() + this.clockOffset);
    await this.driver("power").cut(part);
  }

  async restorePower(part: Part): Promise<void> {
    if (this.driver("power").isOn(part)) return;
    await this.driver("power").restore(part);
    this.tell("mend", `the ${part} has power again`);
  }

  // The line

  async partition(from: "camera" | "cloud" = "camera"): Promise<void> {
    this.inject(`the ${from}'s line is cut`);
    await this.driver("line").cut(from);
  }

  /** The line carries nothing, and says so to nobody. */
  async stall(): Promise<void> {
    this.inject("the line swallows everything");
    await this.driver("line").swallow();
  }

  async shape(quality: LineQuality): Promise<void> {
    this.inject(`line: ${spelled(quality)}`);
    await this.driver("line").shape(quality);
  }

  async heal(): Promise<void> {
    await this.driver("line").heal();
    this.tell("mend", "the line is whole");
  }

  carriedBytes(): number {
    return this.driver("line").carriedBytes();
  }

  // Disks

  async fillDisk(part: "camera" | "cloud"): Promise<void> {
    this.inject(`the ${part}'s disk is full`);
    await this.driver("disk").fill(part);
  }

  async protectDisk(part: "camera" | "cloud"): Promise<void> {
    this.inject(`the ${part}'s disk is read-only`);
    await this.driver("disk").protect(part);
  }

  async mendDisk(part: "camera" | "cloud"): Promise<void> {
    await this.driver("disk").mend(part);
    this.tell("mend", `the ${part}'s disk is as before`);
  }

  async rot(part: "camera" | "cloud"): Promise<string> {
    const what = await this.driver("disk").rot(part);
    this.inject(`a bit of ${what} turned over`);
    return what;
  }

  // Clock and lens

  async stepClock(millis: number): Promise<void> {
    this.inject(`the camera's clock jumps by ${(millis / 86_400_000).toFixed(2)} days`);
    await this.driver("clock").step(millis);
    this.clockOffset += millis;
  }

  async spoilLens(how: "cover" | "freeze" | "hang"): Promise<void> {
    this.inject(
      { cover: "the lens is covered", freeze: "the picture freezes", hang: "the sensor's program hangs" }[
        how
      ],
    );
    await this.driver("lens")[how]();
  }

  async clearLens(): Promise<void> {
    await this.driver("lens").clear();
    this.tell("mend", "the lens is clear");
  }

  // What must hold

  /** Fails the story unless it is so. */
  expect(holds: boolean, what: string): void {
    if (!holds) throw new StoryFailed(what);
    this.tell("expect", what);
  }

  /** How often a program said this, over all its lives. */
  said(part: Part, event: string): number {
    return this.drivers.evidence.said(part, event);
  }

  status() {
    return this.drivers.evidence.status();
  }

  doorEvents() {
    return this.drivers.evidence.doorEvents();
  }

  meter(part: Part) {
    return this.driver("meter").read(part);
  }

  async expectOnline(withinMillis: number): Promise<number> {
    const waited = await this.until(
      "the camera is online",
      async () => (await this.status()).online,
      withinMillis,
    );
    this.tell("expect", `the owner sees the camera online, after ${seconds(waited)}`);
    return waited;
  }

  /** The owner is told of a trouble that has these words, in time. */
  async expectTrouble(words: RegExp, withinMillis: number): Promise<number> {
    let troubles: readonly string[] = [];
    const found = async (): Promise<boolean> => {
      troubles = (await this.status()).troubles;
      return troubles.some((one) => words.test(one));
    };
    const waited = await this.until(`the owner is told ${words}`, found, withinMillis);
    this.tell(
      "expect",
      `the owner is told "${troubles.find((one) => words.test(one))}", after ${seconds(waited)}`,
    );
    return waited;
  }

  async expectNoTrouble(words: RegExp, withinMillis: number): Promise<void> {
    await this.until(
      `no trouble ${words} is left`,
      async () => !(await this.status()).troubles.some((one) => words.test(one)),
      withinMillis,
    );
    this.tell("expect", `no trouble ${words} is left`);
  }

  /**
   * Everything that was recorded arrives once, byte for byte, and opens; every press is told with its clip or a gap; a power cut
   * cost its clip no more than a segment. Says how many clips there are.
   */
  async expectInVault(withinMillis = 2 * minuteMillis): Promise<number> {
    const { evidence } = this.drivers;
    const { card, vault, said } = await this.atRest(withinMillis);
    const { lost, surplus } = compare(card, vault);
    const arrived = new Set(
      vault.flatMap(({ id, segments }) => segments.map(({ index }) => `${id}/${index}`)),
    );
    const forgotten = said.filter((segment) => !arrived.has(segment));
    const silent = await this.untold(new Set(vault.map(({ id }) => id)));
    this.tallied.clips = vault.length;
    this.tallied.lost.push(...lost, ...forgotten, ...silent.map((at) => `press of ${at}`));
    this.tallied.twice.push(...surplus);
    for (const { millis } of cutClips(card, this.cameraCuts))
      this.measure({ name: "footage lost with a cut", value: millis, unit: "ms", most: cutMillisMost });
    const opened = await Promise.all(vault.map((clip) => evidence.open(clip)));
    const shut = opened.filter((one) => typeof one === "string");
    this.tallied.lost.push(...shut);
    const footage = opened.reduce<number>((sum, one) => sum + Number(one), 0);
    const { lost: missing, twice } = this.tallied;
    if (missing.length + twice.length > 0)
      throw new StoryFailed(
        `lost: ${missing.join(", ") || "nothing"}; twice: ${twice.join(", ") || "nothing"}`,
      );
    this.tell("expect", `${vault.length} clips in the vault, once and whole; ${footage.toFixed(0)} s open`);
    return vault.length;
  }

  /** Each clip that a cut ended is shown as interrupted, or its gap is told. */
  async expectGapShown(): Promise<void> {
    const { evidence } = this.drivers;
    const vault = await evidence.inVault();
    const told = new Set(
      (await evidence.doorEvents()).flatMap((one) => (one.kind === "gap" ? [one.clip] : [])),
    );
    const shown = vault.filter(({ id, state }) => state === "interrupted" || told.has(id));
    this.expect(shown.length > 0, "the owner is shown where footage is missing");
  }

  /** Presses are told under the times at which they happened, each at least so long after the one before, by the camera's clock. */
  async expectInOrder(apartMillis: number): Promise<void> {
    const told = (await this.doorEvents()).filter(({ kind }) => kind === "press").map(({ at }) => at);
    const sorted = told.toSorted((a, b) => a - b);
    const isApart = sorted.every((at, i) => i === 0 || at - (sorted[i - 1] ?? at) >= apartMillis);
    this.expect(isApart, `${told.length} presses are told under their own times`);
  }

  /** One clip does not open, and says why, wherever the damage is; all others arrive as they were recorded. */
  async expectRotFound(): Promise<void> {
    const { evidence } = this.drivers;
    await this.until("everything has its receipt", async () => (await evidence.waiting()).length === 0);
    const vault = await evidence.inVault();
    const opened = await Promise.all(
      vault.map(async (clip) => ({ clip, how: clip.refused ?? (await evidence.open(clip)) })),
    );
    const [bad, ...more] = opened.filter(({ how }) => typeof how === "string");
    const { lost } = compare(await evidence.onCard(), vault);
    const others = lost.filter((segment) => bad === undefined || !segment.startsWith(bad.clip.id));
    this.tallied.clips = vault.length;
    this.tallied.lost.push(...others);
    this.expect(bad !== undefined, "one clip does not open");
    this.expect(more.length + others.length === 0, `no other is touched; of that one: ${bad?.how}`);
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

  /** Every press has its clip on the card, with its end, and all of it its receipt. */
  /** Card and vault as they are while nothing more is recorded: what begins in between is waited for, too. */
  private async atRest(withinMillis: number) {
    const { evidence } = this.drivers;
    for (;;) {
      await this.until("everything has its receipt", () => this.hasArrived(), withinMillis).catch(
        async (error: unknown) => {
          this.tallied.lost.push(...(await evidence.waiting()));
          if (this.tallied.lost.length > 0) throw error;
        },
      );
      const said = await evidence.saidStored();
      const [card, vault] = [await evidence.onCard(), await evidence.inVault()];
      if ((await evidence.saidStored()).length === said.length) return { card, vault, said };
    }
  }

  private async hasArrived(): Promise<boolean> {
    const { evidence } = this.drivers;
    if ((await evidence.waiting()).length > 0) return false;
    return (await this.untold(new Set((await evidence.onCard()).keys()))).length === 0;
  }

  private async untold(clips: ReadonlySet<string>): Promise<readonly string[]> {
    const { presses, cameraCuts } = this;
    return untold(clips, await this.doorEvents(), { presses, cameraCuts });
  }

  private pressed(from: number): void {
    this.presses.push({ from, to: this.now() + this.clockOffset });
  }

  private inject(text: string): void {
    this.tallied.faults++;
    this.tell("fault", text);
  }

  private driver<Name extends Capability>(name: Name): Abilities[Name] {
    const drivers: Partial<Abilities> = this.drivers;
    const driver = drivers[name];
    if (driver === undefined) throw new Error(`The story needs "${name}", and does not say so in its needs.`);
    return driver;
  }
}

function seconds(millis: number): string {
  return `${(millis / 1_000).toFixed(1)} s`;
}

function spelled({
  bitsPerSecond,
  delayMillis,
  lossPercent,
  duplicatePercent,
  reorderPercent,
}: LineQuality): string {
  const said = [
    bitsPerSecond === undefined ? "" : `${bitsPerSecond / 1_000} kbit/s`,
    delayMillis === undefined ? "" : `${delayMillis} ms one way`,
    lossPercent === undefined ? "" : `${lossPercent} % lost`,
    duplicatePercent === undefined ? "" : `${duplicatePercent} % twice`,
    reorderPercent === undefined ? "" : `${reorderPercent} % late`,
  ];
  return said.filter((one) => one !== "").join(", ") || "as before";
}
