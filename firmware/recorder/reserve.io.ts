import { join } from "node:path";
import type { Log } from "../../shared/kernel/ports.js";
import { isFull } from "./disk.io.js";
import type { Disk } from "./disk.js";
import { unlessUnreadable } from "./strange.io.js";

/** Room that is kept so that events and the state can be written on a full card: 64 small files. */
export const reserveBytes = 256 * 1024;

/** The file in the journal's directory that takes the room. */
export const reserveName = "reserve";

/** Holds room on the card, gives it up for small writes when there is no other, and takes it back before footage does. */
export interface Reserve {
  /** Carries out a small write; on a full card again after the reserve was given up. */
  spendFor(write: () => Promise<void>): Promise<void>;
  /** Takes the room back if it was given up. Rejects with ENOSPC while there is none. */
  restore(): Promise<void>;
}

export async function openReserve(disk: Disk, dir: string, log: Log): Promise<Reserve> {
  const path = join(dir, reserveName);
  let held = (await unlessUnreadable(log, path, () => disk.size(path))) === reserveBytes;

  const restore = async (): Promise<void> => {
    if (held) return;
    try {
      // Real bytes, not a hole: only they take room. Power lost here: a short file, which is written anew at boot.
      await disk.write(path, [new Uint8Array(reserveBytes).fill(0xa5)], { sync: true });
      held = true;
    } catch (error) {
      await disk.remove(path);
      throw error;
    }
  };

  return {
    restore,
    async spendFor(write) {
      try {
        await write();
      } catch (error) {
        if (!isFull(error) || !held) throw error;
        held = false;
        await disk.remove(path);
        await write();
      }
    },
  };
}
