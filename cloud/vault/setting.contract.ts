import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { householdIdOf } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { openDatabase } from "../database.io.js";
import {
  collect,
  makeSigner,
  type RigSegment,
  systemClock,
  systemRandom,
} from "../ingest/segment.contract.js";
import type { Committed } from "./commit.io.js";
import { wrapped } from "./records.contract.js";
import { openVault, type Vault } from "./vault.io.js";

// A vault over real files and a real database, and what its tests ask of it.

export const household = householdIdOf(systemRandom.bytes(32));
export const signer = makeSigner(household);

export interface Setting {
  readonly directory: string;
  vault: Vault;
  /** Moves the wall clock. */
  later(milliseconds: number): void;
  /** Closes everything and opens it again, as after a crash. */
  restart(): Promise<void>;
}

export interface Wish {
  readonly bytesMax?: number;
  readonly householdBytesMax?: number;
  readonly directory?: string;
  /** Its file, in the directory. */
  readonly database?: string;
  readonly clockChecked?: Millis;
}

export async function setUp(
  t: Test,
  {
    bytesMax = 2 ** 40,
    householdBytesMax = 2 ** 40,
    directory = t.testdir({}),
    database = "lintel.db",
    clockChecked,
  }: Wish = {},
): Promise<Setting> {
  let ahead = 0;
  const clock: Clock = { wall: () => millis(Date.now() + ahead), monotonic: systemClock.monotonic };
  const open = async (): Promise<{ vault: Vault; close: () => Promise<void> }> => {
    const db = await openDatabase(join(directory, database));
    const vault = await openVault({
      directory: join(directory, "vault"),
      db,
      clock,
      retentionDays: 30,
      longestDays: 60,
      bytesMax,
      householdBytesMax,
      clockChecked,
    });
    return { vault, close: () => vault.close().then(() => db.destroy()) };
  };
  let opened = await open();
  t.teardown(() => opened.close());
  const setting: Setting = {
    directory,
    vault: opened.vault,
    later: (milliseconds) => {
      ahead += milliseconds;
    },
    async restart() {
      await opened.close();
      opened = await open();
      setting.vault = opened.vault;
    },
  };
  return setting;
}

export async function store({ vault }: Setting, segment: RigSegment): Promise<Committed> {
  const offered = wrapped(signer, segment);
  if (segment.file.length === 0) return vault.writer.commit(offered);
  const part = await vault.writer.openPart(offered);
  await part.append([segment.body.subarray(part.stored)]);
  return vault.writer.commit({ ...offered, part });
}

export function filesUnder(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The files that hold these bytes. */
export const holds = (directory: string, needle: Uint8Array): readonly string[] =>
  filesUnder(directory).filter((path) => readFileSync(path).includes(Buffer.from(needle)));

export async function fileOf({ vault }: Setting, { clip, index }: RigSegment): Promise<Buffer | undefined> {
  const stored = await vault.reader.segment(household, clip, index);
  return stored && collect(stored.read(0, stored.bytes));
}
