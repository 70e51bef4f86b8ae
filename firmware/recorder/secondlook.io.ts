import type { Lane } from "./lane.io.js";
import { isWhole, type Recovery, recoverClip, type Unread } from "./recovery.io.js";
import type { Shelf } from "./shelf.io.js";
import { unlessUnreadable } from "./strange.io.js";

/** A bad sector holds its card up for seconds each time that it is asked: the waits grow. */
export const lookAgainMillis = 10 * 60_000;
const mostMillis = 24 * 60 * 60_000;

export interface SecondLookParts {
  readonly recovery: Recovery;
  readonly lane: Lane;
  readonly shelf: Shelf;
}

/** Does once more what the card refused at the start: one that failed for a moment keeps no footage back until the next. */
export class SecondLook {
  private readonly parts: SecondLookParts;
  private left: Unread;
  private waitMillis: number;
  private timer: NodeJS.Timeout | undefined;

  constructor(parts: SecondLookParts, left: Unread, firstMillis: number) {
    this.parts = parts;
    this.left = left;
    this.waitMillis = firstMillis;
    this.later();
  }

  /** Something on the card is still to be read. */
  get isDue(): boolean {
    return this.left === "all" || this.left.length > 0;
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private later(): void {
    if (!this.isDue || this.parts.lane.isClosed()) return;
    this.timer = setTimeout(() => {
      // Only a lane that was closed refuses a work.
      void this.look()
        .catch(() => undefined)
        .then(() => this.later());
    }, this.waitMillis);
    this.waitMillis = Math.min(2 * this.waitMillis, mostMillis);
  }

  private async look(): Promise<void> {
    const { lane } = this.parts;
    const names = await lane.run(() => this.names());
    if (names === undefined) return;
    const left: string[] = [];
    // One at a time: what is recorded meanwhile comes in between.
    for (const name of names) if (!(await lane.run(() => this.isRead(name)))) left.push(name);
    this.left = left;
  }

  private async names(): Promise<readonly string[] | undefined> {
    const { recovery, shelf } = this.parts;
    const { disk, clipsDir, log } = recovery;
    if (this.left !== "all") return this.left;
    const names = await unlessUnreadable(log, clipsDir, () => disk.list(clipsDir));
    return names?.filter((name) => !shelf.knows(name));
  }

  private async isRead(name: string): Promise<boolean> {
    const { recovery, shelf } = this.parts;
    try {
      const found = await unlessUnreadable(recovery.log, `clips/${name}`, () => recoverClip(recovery, name));
      if (found === undefined) return false;
      if (found === "none") return true;
      shelf.readAgain(found.shelved);
      return isWhole(found);
    } catch (error) {
      // A card that takes no writes: what it holds of this clip is looked at another time.
      recovery.log("journal.fault", { what: `clips/${name}`, why: String(error) });
      return false;
    }
  }
}
