import { statfs } from "node:fs/promises";
import type { Kysely } from "kysely";
import type { Millis } from "../../shared/kernel/brand.js";
import type { Clock } from "../../shared/kernel/ports.js";
import type { Bodies } from "./bodies.io.js";
import type { Calendar } from "./calendar.io.js";
import type { Records } from "./records.io.js";
import type { ShredKeys } from "./shred.io.js";
import type { VaultTables } from "./tables.js";

export interface VaultOptions {
  /** Holds bodies, shred keys and the vault's key; made with mode 0700. */
  readonly directory: string;
  readonly db: Kysely<VaultTables>;
  readonly clock: Clock;
  readonly retentionDays: number;
  /** All segments together, in bytes. */
  readonly bytesMax: number;
  /** The operator has compared the clock with this day: near it the clock is believed. */
  readonly clockChecked?: Millis | undefined;
}

/** What the vault's reader, writer and eraser share. */
export interface Rooms extends VaultOptions {
  readonly records: Records;
  readonly bodies: Bodies;
  readonly shred: ShredKeys;
  readonly space: Space;
  readonly calendar: Calendar;
  /** Commits and erasures go one after the other: no key is made for a clip that is being deleted. */
  readonly turn: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Kept free on the file system, in bytes: the database must be able to write after the bodies cannot. */
const reserveBytes = 64 * 1024 * 1024;
/** A full disk stays full for a while: asking the file system once a second is enough. */
const askAgainMillis = 1_000;

/** How much room there is. */
export class Space {
  bytesStored = 0;
  private readonly options: Pick<VaultOptions, "directory" | "bytesMax" | "clock">;
  private free = 0;
  private askedAt: Millis | undefined;

  constructor(options: Pick<VaultOptions, "directory" | "bytesMax" | "clock">) {
    this.options = options;
  }

  async hasRoomFor(bytes: number): Promise<boolean> {
    if (this.bytesStored + bytes > this.options.bytesMax) return false;
    return (await this.bytesFree()) >= reserveBytes + bytes;
  }

  async bytesFree(): Promise<number> {
    const now = this.options.clock.monotonic();
    if (this.askedAt !== undefined && now - this.askedAt < askAgainMillis) return this.free;
    const { bavail, bsize } = await statfs(this.options.directory);
    this.askedAt = now;
    this.free = bavail * bsize;
    return this.free;
  }
}

/** Runs works one after the other, in the order in which they were handed in. */
export function turnstile(): Rooms["turn"] {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };
}

/** Where a header belongs: its ciphertext opens in this place only. */
export function headerPlace(household: string, clip: string, index: number): string {
  return `${household}/${clip}/${index}`;
}
