import type { Press } from "./evidence.js";
import type { LineQuality, Part } from "./rig.js";
import { seconds, Teller } from "./teller.js";

const spoiled = {
  cover: "the lens is covered",
  freeze: "the picture freezes",
  hang: "the sensor's program hangs",
  kill: "the sensor's program is killed",
} as const;

/** What a story does, to the world and at the door. */
export class Acts extends Teller {
  protected readonly presses: Press[] = [];
  protected readonly cameraCuts: number[] = [];
  /** Of the camera's clock, by which it tells its events. */
  private clockOffset = 0;

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

  async failDisk(part: "camera" | "cloud"): Promise<void> {
    this.inject(`the ${part}'s disk answers everything with an I/O error`);
    await this.driver("disk").fail(part);
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

  async spoilLens(how: keyof typeof spoiled): Promise<void> {
    this.inject(spoiled[how]);
    await this.driver("lens")[how]();
  }

  async clearLens(): Promise<void> {
    await this.driver("lens").clear();
    this.tell("mend", "the lens is clear");
  }

  private pressed(from: number): void {
    this.presses.push({ from, to: this.now() + this.clockOffset });
  }
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
