import type { Millis } from "../../shared/kernel/brand.js";
import { namesIn } from "../disk.io.js";
import { dropOldStates } from "./backup.io.js";
import { placesOf, timeOfState } from "./state.js";

const dayMillis = 86_400_000;
/** Looked after so often: one that failed is tried again then. */
const lookMillis = 60 * 60_000;

export interface DailyOptions {
  readonly folder: string;
  readonly now: () => Millis;
  /** Nothing is dropped for its age while nobody believes the clock. */
  readonly isClockSure: () => Promise<boolean>;
  /** Makes one state of what is there now. */
  readonly backUp: () => Promise<unknown>;
  readonly onFault: (error: unknown) => void;
}

export interface Daily {
  /** Resolves when what was due is done or has failed. */
  look(): Promise<void>;
  /** What is under way ends first. */
  close(): Promise<void>;
}

/**
 * A backup a day after the newest that is there, whenever the cloud was started: the folder itself is the calendar. States older
 * than the shred window go also where no new one can be made.
 */
export function startDaily({ folder, now, isClockSure, backUp, onFault }: DailyOptions): Daily {
  const { states } = placesOf(folder);
  let last: Promise<void> = Promise.resolve();
  const look = (): Promise<void> => {
    last = last
      .then(async () => {
        if (await isClockSure()) await dropOldStates(states, now());
      })
      .then(async () => {
        const times = (await namesIn(states)).flatMap((name) => timeOfState(name) ?? []);
        // One of tomorrow is of a clock that went wrong: it says nothing.
        if (!times.some((at) => Math.abs(now() - at) < dayMillis)) await backUp();
      })
      .catch(onFault);
    return last;
  };
  const timer = setInterval(look, lookMillis);
  void look();
  return {
    look,
    async close() {
      clearInterval(timer);
      await last;
    },
  };
}
