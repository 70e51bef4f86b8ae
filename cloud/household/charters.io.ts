import type { Kysely, Transaction } from "kysely";
import {
  type CharterRefusal,
  type OpenedCharter,
  openCharterChain,
  openFirstCharter,
  openNextCharter,
  type SignedCharter,
} from "../../shared/charter/charter.js";
import type { CharterCamera } from "../../shared/charter/lines.js";
import { toBase64 } from "../../shared/kernel/bytes.js";
import type { CameraId, HouseholdId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { hashOfText } from "../../shared/seal/hash.js";
import type { Database } from "../database.io.js";
import type { CharterRow } from "./tables.js";

/** Households whose newest charter is kept opened in memory. */
const openedMax = 1_000;
/** Links of one household's chain. */
export const chartersMax = 10_000;

export type StoreCharterRefusal =
  | CharterRefusal
  | { readonly kind: "household-exists" }
  | { readonly kind: "chain-full" }
  | { readonly kind: "camera-elsewhere"; readonly camera: CameraId }
  | { readonly kind: "key-file-for-unknown-camera"; readonly camera: string };

/** The private half of a camera's key, as an age file to the members who may see that camera. */
export interface KeyFile {
  readonly camera: CameraId;
  readonly epoch: number;
  /** Base64 of the age file. */
  readonly file: string;
}

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
  /** Stores a new household's first charter durably. The same charter again is the same answer. */
  register(signed: SignedCharter): Promise<Result<HouseholdId, StoreCharterRefusal>>;
  /** Stores the next link and key files durably, all or nothing. The newest link again is the same answer. */
  append(
    household: HouseholdId,
    signed: SignedCharter,
    keyFiles: readonly KeyFile[],
  ): Promise<Result<OpenedCharter, StoreCharterRefusal>>;
  /** Called after each commit of a charter. */
  onChange(listener: (charter: OpenedCharter) => void): void;
}

/** The chain of each household: only `openFirstCharter` and `openNextCharter` decide what joins it. */
export function createCharters(db: Kysely<Database>, clock: Clock): CharterReader & CharterWriter {
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
  const newest = async (
    from: Kysely<Database>,
    household: HouseholdId,
  ): Promise<OpenedCharter | undefined> => {
    const known = opened.get(household);
    if (known !== undefined) return known;
    const chain = await readChain(from, household, 0, chartersMax);
    const charter = openCharterChain(chain);
    return charter.ok ? charter.value : undefined;
  };

  return {
    async current(household) {
      const charter = await newest(db, household);
      if (charter !== undefined && !opened.has(household)) remember(charter);
      return charter;
    },
    chain: (household, after, limit) => readChain(db, household, after, limit),
    async find(household, hash) {
      const row = await db
        .selectFrom("charter")
        .selectAll()
        .where("household", "=", household)
        .where("hash", "=", hash)
        .executeTakeFirst();
      return row && { ...signedOf(row), version: row.version };
    },
    onChange: (listener) => void listeners.push(listener),
    async register(signed) {
      const charter = openFirstCharter(signed);
      if (!charter.ok) return charter;
      const result = await transact(db, (tx) => registerIn(tx, charter.value, signed, clock));
      if (result.ok && result.value === "stored") stored(charter.value);
      return result.ok ? ok(charter.value.household) : result;
    },
    async append(household, signed, keyFiles) {
      const result = await transact(db, async (tx) => {
        const current = await newest(tx, household);
        if (current === undefined) return refuse({ kind: "other-household", found: household } as const);
        return appendIn(tx, { current, signed, keyFiles }, clock);
      });
      if (result.ok) stored(result.value);
      return result;
    },
  };
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
  const fault = refusal ?? (await storeKeyFiles(tx, charter, keyFiles));
  return fault === undefined ? ok(charter) : refuse(fault);
}

/** The newest link once more: an answer was lost on its way. */
function isSame(current: OpenedCharter, signed: SignedCharter): boolean {
  const text = signed.note.slice(0, signed.note.lastIndexOf("\n\n") + 1);
  return hashOfText(text) === current.hash;
}

/** The charter and all that derives from it. A refusal rolls the whole transaction back. */
async function storeCharter(
  tx: Transaction<Database>,
  charter: OpenedCharter,
  signed: SignedCharter,
  clock: Clock,
): Promise<StoreCharterRefusal | undefined> {
  const { household, version, hash } = charter;
  await tx
    .insertInto("charter")
    .values({
      household,
      version,
      hash,
      note: signed.note,
      openings: JSON.stringify(signed.openings),
      arrived_at: clock.wall(),
    })
    .execute();
  await tx.deleteFrom("member").where("household", "=", household).execute();
  await tx
    .insertInto("member")
    .values(
      charter.members.map(({ id, role, loginKey, name }) => ({
        household,
        id,
        role,
        login_key: toBase64(loginKey),
        name,
      })),
    )
    .execute();
  await tx.updateTable("camera").set({ named: 0 }).where("household", "=", household).execute();
  for (const camera of charter.cameras) {
    if (!(await storeCamera(tx, household, camera))) return { kind: "camera-elsewhere", camera: camera.id };
  }
  return undefined;
}

/** False when the camera belongs to another household. */
async function storeCamera(
  tx: Transaction<Database>,
  household: HouseholdId,
  { id, noteKey, tlsKeyHash, epoch, place, name }: CharterCamera,
): Promise<boolean> {
  const now = { tls_key_hash: tlsKeyHash, epoch, place, name, named: 1 };
  const written = await tx
    .insertInto("camera")
    .values({ id, household, note_key: toBase64(noteKey), ...now })
    .onConflict((conflict) =>
      conflict.column("id").doUpdateSet(now).where("camera.household", "=", household),
    )
    .returning("id")
    .execute();
  return written.length === 1;
}

async function storeKeyFiles(
  tx: Transaction<Database>,
  { household, cameras }: OpenedCharter,
  keyFiles: readonly KeyFile[],
): Promise<StoreCharterRefusal | undefined> {
  for (const { camera, epoch, file } of keyFiles) {
    const named = cameras.some((one) => one.id === camera && epoch <= one.epoch);
    if (!named) return { kind: "key-file-for-unknown-camera", camera };
    await tx
      .insertInto("key_file")
      .values({ household, camera, epoch, file })
      .onConflict((conflict) => conflict.columns(["camera", "epoch"]).doUpdateSet({ file }))
      .execute();
  }
  return undefined;
}

async function readChain(
  db: Kysely<Database>,
  household: HouseholdId,
  after: number,
  limit: number,
): Promise<readonly SignedCharter[]> {
  const rows = await db
    .selectFrom("charter")
    .select(["note", "openings"])
    .where("household", "=", household)
    .where("version", ">", after)
    .orderBy("version")
    .limit(limit)
    .execute();
  return rows.map(signedOf);
}

function signedOf({ note, openings }: Pick<CharterRow, "note" | "openings">): SignedCharter {
  return { note, openings: JSON.parse(openings) };
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
