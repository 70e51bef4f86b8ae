import { join } from "node:path";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { parseDecimal } from "../../shared/seal/fields.js";
import { readPrivate, writePrivate } from "../household/privatefile.io.js";
import { dayMillis } from "./clip.js";

/** The wall clock may go forward by this much from one sweep to the next, and lie this far from the day that was checked. */
const leapMillisMax = 2 * dayMillis;

/**
 * Keeps a clock that is ahead from ending every clip: one that leapt since the last sweep is not believed until an operator has
 * looked at it, or it is set right.
 */
export class Calendar {
  private readonly path: string;
  private readonly checked: Millis | undefined;
  private leapt = false;

  constructor(directory: string, checked: Millis | undefined) {
    this.path = join(directory, "last-sweep");
    this.checked = checked;
  }

  /** The last sweep found the clock ahead and ended nothing. */
  get doubtful(): boolean {
    return this.leapt;
  }

  /** Whether `now` may decide what is old. `newest` is when something last arrived, for the first sweep of all. */
  async believes(now: Millis, newest: Millis | undefined): Promise<boolean> {
    const written = parseDecimal((await readPrivate(this.path)) ?? "");
    const last = written === undefined ? newest : millis(written);
    const confirmed = this.checked !== undefined && Math.abs(now - this.checked) <= leapMillisMax;
    this.leapt = last !== undefined && now - last > leapMillisMax && !confirmed;
    // Power lost before this: the sweep before is the last one, and the next start compares with that.
    if (!this.leapt) await writePrivate(this.path, `${now}`);
    return !this.leapt;
  }
}
