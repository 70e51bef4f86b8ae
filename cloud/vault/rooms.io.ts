import { statfs } from "node:fs/promises";
import type { Kysely } from "kysely";
import type { Millis } from "../../shared/kernel/brand.js";
import type { Clock } from "../../shared/kernel/ports.js";
import type { Database } from "../database.io.js";
import type { Bodies } from "./bodies.io.js";
import type { Calendar } from "./calendar.io.js";
import type { RetentionRule } from "./clip.js";
import type { Records } from "./records.io.js";
import type { ShredKeys } from "./shred.io.js";

export interface VaultOptions extends RetentionRule {
  /** Holds bodies, shred keys and the vault's key; made with mode 0700. */
  readonly directory: string;
  readonly db: Kysely<Database>;
  readonly clock: Clock;
  /** All segments together, in bytes. */
  readonly bytesMax: number;
  /** Those of one household, in bytes. */
  readonly householdBytesMax: number;
  /** The operator has compared the clock with this day: near it the clock is believed. */
  readonly clockChecked?: Millis | undefined;
  /** A stored body was found missing or damaged. Told once of each, while the cloud runs. */
  readonly onDamage?: (body: Damage) => void;
}

export interface Damage {
  readonly camera: string;
  readonly clip: string;
  readonly index: number | "thumbnail";
  readonly what: "missing" | "damaged";
}

/** What the vault's reader, writer and eraser share. */
export interface Rooms extends VaultOptions {
  readonly records: Records;
  readonly bodies: Bodies;
  readonly shred: ShredKeys;
  readonly space: Space;
  readonly calendar: Calendar;
  readonly damages: Damages;
  /** Commits and erasures go one after the other: no key is made for a clip that is being deleted. */
  readonly turn: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Kept free on the file system, in bytes: the database must be able to write after the bodies cannot. */
const reserveBytes = 64 * 1024 * 1024;
/** A full disk stays full for a while: asking the file system once a second is enough. */
const askAgainMillis = 1_000;

type SpaceOptions = Pick<VaultOptions, "directory" | "bytesMax" | "householdBytesMax" | "clock">;

/** How much room there is. */
export class Space {
  /** By household; who stores nothing is not in it. */
  private byHousehold = new Map<string, number>();
  private all = 0;
  private readonly options: SpaceOptions;
  private free = 0;
  private askedAt: Millis | undefined;

  constructor(options: SpaceOptions) {
    this.options = options;
  }

  get bytesStored(): number {
    return this.all;
  }

  bytesOf(household: string): number {
    return this.byHousehold.get(household) ?? 0;
  }

  /** What stands, as the rows say. */
  set(byHousehold: ReadonlyMap<string, number>): void {
    this.byHousehold = new Map(byHousehold);
    this.all = [...byHousehold.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** `bytes` more of a household's, or fewer. */
  add(household: string, bytes: number): void {
    this.byHousehold.set(household, this.bytesOf(household) + bytes);
    if (this.bytesOf(household) <= 0) this.byHousehold.delete(household);
    this.all += bytes;
  }

  /** Segments that are under way at the same time may together go beyond it. */
  async hasRoomFor(bytes: number, household: string): Promise<boolean> {
    if (this.bytesOf(household) + bytes > this.options.householdBytesMax) return false;
    return this.takes(bytes);
  }

  /** Whether a household far from its own limit would be taken. */
  async takes(bytes: number): Promise<boolean> {
    if (this.all + bytes > this.options.bytesMax) return false;
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

/** Bodies found damaged that are remembered; beyond that they are counted no more. */
const damagesMax = 10_000;

/** Which bodies were found damaged since the start. */
export class Damages {
  private readonly found = new Set<string>();
  private readonly tell: (body: Damage) => void;

  constructor(tell: (body: Damage) => void = () => undefined) {
    this.tell = tell;
  }

  get count(): number {
    return this.found.size;
  }

  note(body: Damage): void {
    const name = `${body.clip}/${body.index}`;
    if (this.found.has(name) || this.found.size >= damagesMax) return;
    this.found.add(name);
    this.tell(body);
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
export function headerPlace(
  household: string,
  clip: string,
  index: number | "thumbnail" | `share/${string}`,
): string {
  return `${household}/${clip}/${index}`;
}
