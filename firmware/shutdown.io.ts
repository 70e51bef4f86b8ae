import type { Log } from "../shared/kernel/ports.js";

/** How to close what runs, in the order in which it was started. */
export type Started = (() => unknown)[];

/** Closes the last first. One that fails, in the same turn or later, must not keep the others from closing. */
export async function closeAll(started: Started, log: Log): Promise<void> {
  for (const close of started.reverse()) {
    try {
      await close();
    } catch (error) {
      log("stop-failed", { why: String(error) });
    }
  }
}
