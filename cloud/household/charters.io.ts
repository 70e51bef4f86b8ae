import type { Kysely, Transaction } from "kysely";
import {
  type CharterRefusal,
  type OpenedCharter,
  openCharterChain,
  openFirstCharter,
  openNextCharter,
  type SignedCharter,
} from "../../shared/charter/charter.js";
import type { HouseholdId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { jsonBytesMax, writeMessage } from "../../shared/protocol/messages.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { textOf } from "../../shared/seal/note.js";
import type { Database } from "../database.io.js";
import { type CharterLog, meanCharter } from "./charterlog.io.js";
import {
  type CharterRowsRefusal,
  type KeyFile,
  readChain,
  signedOf,
  storeCharter,
  storeKeyFiles,
} from "./charterrows.io.js";

/** Households whose newest charter is kept opened in memory. */
const openedMax = 1_000;
/** Links of one household's chain. */
export const chartersMax = 10_000;

export type StoreCharterRefusal =
  | CharterRefusal
  | { readonly kind: "household-exists" }
  | { readonly kind: "chain-full" }
  /** No message to a camera could hold it. */
  | { readonly kind: "too-large" }
  | CharterRowsRefusal;

export interface CharterReader {
  /** The newest charter. */
  current(household: HouseholdId): Promise<OpenedCharter | undefined>;
  /** The links after version `after`, oldest first, at most `limit`. */
  chain(household: HouseholdId, after: number, limit: number): Promise<readonly SignedCharter[]>;
  /** The link with this hash. */
  find(
    household: HouseholdId,
    hash: string,
  ): Promise<(SignedCharter & { readonly version: number }) | undefined>;
}

export interface CharterWriter {
  /** Stores a new household's first charter durably, and in the public log. The same charter again is the same answer. */
  register(signed: SignedCharter): Promise<Result<HouseholdId, StoreCharterRefusal>>;
  /** Stores the next link and key files durably, all or nothing, and in the public log. The newest link again is the same answer. */
  append(
    household: HouseholdId,
    signed: SignedCharter,
    keyFiles: readonly KeyFile[],
  ): Promise<Result<OpenedCharter, StoreCharterRefusal>>;
  /** Called once a charter is stored and stands in the log: others go by it from then on. */
  onChange(listener: (charter: OpenedCharter) => void): void;
}

/** The chain of each household: only `openFirstCharter` and `openNextCharter` decide what joins it. */
export function createCharters(
  db: Kysely<Database>,
  { clock, log }: { readonly clock: Clock; readonly log: CharterLog },
): CharterReader & CharterWriter {
  const opened = new Map<HouseholdId, OpenedCharter>();
  const listeners: ((charter: OpenedCharter) => void)[] = [];

  const remember = (charter: OpenedCharter): void => {
    opened.delete(charter.household);
    opened.set(charter.household, charter);
    const [oldest] = opened.keys();
    if (opened.size > openedMax && oldest !== undefined) opened.delete(oldest);
  };
  const stored = (charter: OpenedCharter): void => {
    remember(charter);
    for (const listener of listeners) listener(charter);
  };
  // The database says which charter is the newest, also when another process stored it; the memory only spares opening it.
  const newest = async (
    from: Kysely<Database>,
    household: HouseholdId,
  ): Promise<OpenedCharter | undefined> => {
    const known = opened.get(household);
    if (known !== undefined && known.hash === (await newestHash(from, household))) return known;
    const charter = openCharterChain(await readChain(from, household, 0, chartersMax));
    if (!charter.ok) return undefined;
    remember(charter.value);
    return charter.value;
  };

  return {
    current: (household) => newest(db, household),
    chain: (household, after, limit) => readChain(db, household, after, limit),
    find: (household, hash) => linkWith(db, household, hash),
    onChange: (listener) => void listeners.push(listener),
    async register(signed) {
      if (!fitsIntoMessage(signed)) return refuse({ kind: "too-large" });
      const charter = openFirstCharter(signed);
      if (!charter.ok) return charter;
      const result = await transact(db, async (tx) => {
        const outcome = await registerIn(tx, charter.value, signed, clock);
        if (!outcome.ok) return outcome;
        return ok({ isNew: outcome.value === "stored", entry: await meanCharter(tx, charter.value, log) });
      });
      if (!result.ok) return result;
      await log.enter(result.value.entry);
      if (result.value.isNew) stored(charter.value);
      return ok(charter.value.household);
    },
    async append(household, signed, keyFiles) {
      if (!fitsIntoMessage(signed)) return refuse({ kind: "too-large" });
      const result = await transact(db, async (tx) => {
        const current = await newest(tx, household);
        if (current === undefined) return refuse({ kind: "other-household", found: household } as const);
        const outcome = await appendIn(tx, { current, signed, keyFiles }, clock);
        if (!outcome.ok) return outcome;
        return ok({ charter: outcome.value, entry: await meanCharter(tx, outcome.value, log) });
      });
      if (!result.ok) return result;
      const { charter, entry } = result.value;
      // Power lost before this: the next start enters what the commit meant for the log, before it serves anybody.
      await log.enter(entry);
      stored(charter);
      return ok(charter);
    },
  };
}

async function linkWith(
  db: Kysely<Database>,
  household: HouseholdId,
  hash: string,
): ReturnType<CharterReader["find"]> {
  const row = await db
    .selectFrom("charter")
    .selectAll()
    .where("household", "=", household)
    .where("hash", "=", hash)
    .executeTakeFirst();
  return row && { ...signedOf(row), version: row.version };
}

async function newestHash(db: Kysely<Database>, household: HouseholdId): Promise<string | undefined> {
  const row = await db
    .selectFrom("charter")
    .select("hash")
    .where("household", "=", household)
    .orderBy("version", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.hash;
}

interface Append {
  readonly current: OpenedCharter;
  readonly signed: SignedCharter;
  readonly keyFiles: readonly KeyFile[];
}

async function registerIn(
  tx: Transaction<Database>,
  charter: OpenedCharter,
  signed: SignedCharter,
  clock: Clock,
): Promise<Result<"stored" | "known", StoreCharterRefusal>> {
  const [first] = await tx
    .selectFrom("charter")
    .select("hash")
    .where("household", "=", charter.household)
    .orderBy("version")
    .limit(1)
    .execute();
  if (first !== undefined)
    return first.hash === charter.hash ? ok("known") : refuse({ kind: "household-exists" });
  await tx.insertInto("household").values({ id: charter.household, registered_at: clock.wall() }).execute();
  const refusal = await storeCharter(tx, charter, signed, clock);
  return refusal === undefined ? ok("stored") : refuse(refusal);
}

async function appendIn(
  tx: Transaction<Database>,
  { current, signed, keyFiles }: Append,
  clock: Clock,
): Promise<Result<OpenedCharter, StoreCharterRefusal>> {
  const next = openNextCharter(current, signed);
  const repeated = !next.ok && isSame(current, signed);
  if (!next.ok && !repeated) return next;
  const charter = next.ok ? next.value : current;
  if (charter.version > chartersMax) return refuse({ kind: "chain-full" });
  const refusal = repeated ? undefined : await storeCharter(tx, charter, signed, clock);
  // Who repeats the newest link shows a token only, no signature: it cannot replace a key file.
  const fault = refusal ?? (await storeKeyFiles(tx, charter, { keyFiles, replace: !repeated }));
  return fault === undefined ? ok(charter) : refuse(fault);
}

/** Cameras get charters in messages: one that fits into none would end their chain. */
function fitsIntoMessage({ note, openings }: SignedCharter): boolean {
  return writeMessage({ v: 1, charters: [{ note, openings: [...openings] }] }).length <= jsonBytesMax;
}

/** The newest link once more: an answer was lost on its way. */
function isSame(current: OpenedCharter, signed: SignedCharter): boolean {
  const text = textOf(signed.note);
  return hashOfText(text) === current.hash;
}

/** Rolled back on a refusal. Power lost before the commit: nothing of it is there; after it: all of it. */
async function transact<T>(
  db: Kysely<Database>,
  run: (tx: Transaction<Database>) => Promise<Result<T, StoreCharterRefusal>>,
): Promise<Result<T, StoreCharterRefusal>> {
  try {
    return ok(
      await db.transaction().execute(async (tx) => {
        const result = await run(tx);
        if (!result.ok) throw new Refused(result.error);
        return result.value;
      }),
    );
  } catch (error) {
    if (error instanceof Refused) return refuse(error.refusal);
    throw error;
  }
}

class Refused extends Error {
  readonly refusal: StoreCharterRefusal;
  constructor(refusal: StoreCharterRefusal) {
    super(refusal.kind);
    this.refusal = refusal;
  }
}
