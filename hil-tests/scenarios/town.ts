import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agreementOf } from "../../cloud/agency/agency.js";
import { openCasework } from "../../cloud/casework.io.js";
import { openDatabase } from "../../cloud/database.io.js";
import { openDesk } from "../../cloud/desk.io.js";
import { breakTables, makeBreakable } from "../../cloud/docket/breaking.contract.js";
import type { EntryLog } from "../../cloud/docket/docket.io.js";
import { createCameraDirectory } from "../../cloud/household/cameras.io.js";
import { createDirectory } from "../../cloud/office/people.js";
import type { ClipDetail } from "../../cloud/vault/clip.js";
import type { VaultCustodian } from "../../cloud/vault/vault.io.js";
import { type OpenedCharter, openCharterChain, signCharter } from "../../shared/charter/charter.js";
import { bytes, type Millis, millis } from "../../shared/kernel/brand.js";
import { type ClipId, newClipId, type OfficerId, officerIdOf } from "../../shared/kernel/ids.js";
import { type Prng, seededPrng } from "../../shared/kernel/prng.js";
import { floorPolicy } from "../../shared/release/floor.js";
import { newHome } from "../../shared/release/home.contract.js";
import { newAgency } from "../../shared/release/testing.contract.js";
import { formatEntry, type LogEntry } from "../../shared/tlog/entry.js";
import { start } from "./explorer.js";

// One cloud's books as they are, over SQLite in memory; only the public log, the disk and the power fail as chance wants.

const people = seededPrng(2_026);
export const agency = newAgency(start, people);
export const home = newHome();
const newOperator = (): OfficerId => officerIdOf(people.bytes(32));
export const operators = [newOperator(), newOperator(), newOperator()] as const;
export const day = 24 * 60 * 60_000;

type Db = Awaited<ReturnType<typeof openDatabase>>;

/** Where a write may fail. */
export const breakable: readonly string[] = [
  "docket",
  "docket_step",
  "release_act",
  "release_batch",
  "notice",
];

/** The public log: away, or its answer is lost. Says what was logged in the wrong order. */
class FailingLog implements EntryLog {
  readonly entries: LogEntry[] = [];
  readonly faults: string[] = [];
  mode: "works" | "away" | "answers-get-lost" = "works";
  private readonly places = new Map<string, number>();
  private readonly chance: Prng;
  private readonly faultIn: (entry: LogEntry) => Promise<string | undefined>;

  constructor(chance: Prng, faultIn: (entry: LogEntry) => Promise<string | undefined>) {
    this.chance = chance;
    this.faultIn = faultIn;
  }

  async append(entry: LogEntry): Promise<{ readonly index: number }> {
    await turns(this.chance.between(0, 6));
    if (this.mode === "away") throw new Error("The log is away.");
    const text = new TextDecoder().decode(formatEntry(entry));
    if (!this.places.has(text)) {
      const fault = await this.faultIn(entry);
      if (fault !== undefined) this.faults.push(`${fault}: ${entry.kind} ${entry.id} ${entry.state}`);
      if (!this.places.has(text)) this.places.set(text, this.entries.push(entry) - 1);
    }
    if (this.mode === "answers-get-lost") throw new Error("The answer was lost.");
    return { index: this.places.get(text) ?? -1 };
  }
}

/** Others go on meanwhile. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export async function openTown(seed: number) {
  const chance = seededPrng(seed);
  const db = await openDatabase(":memory:");
  const data = await mkdtemp(join(tmpdir(), "lintel-town-"));
  await furnish(db);
  const time = { now: start };
  const log = new FailingLog(chance, (entry) => faultIn(db, entry));
  const household = livingHome(chance);
  const open = () => openBooks(db, { data, log, chance, time, household });
  let books = open();
  return {
    ...{ db, data, log, chance, household, time },
    books: () => books,
    /** As after a power cut: what was under way is forgotten. */
    restart() {
      household.forgetListeners();
      books = open();
    },
    pass(wait: number) {
      time.now = millis(time.now + wait);
    },
    /** From here on these writes fail. */
    breakTables: (broken: readonly string[]) => breakTables(db, broken),
    async close() {
      await db.destroy();
      await rm(data, { recursive: true });
    },
  };
}
export type Town = Awaited<ReturnType<typeof openTown>>;

async function furnish(db: Db): Promise<void> {
  await makeBreakable(db, breakable);
  const { household: id } = home.charter;
  await db.insertInto("household").values({ id, registered_at: start }).execute();
  const { id: camera, place, name, tlsKeyHash } = home.camera;
  const row = { id: camera, household: id, note_key: "", tls_key_hash: tlsKeyHash, epoch: 1, place, name };
  await db
    .insertInto("camera")
    .values({ ...row, named: 1 })
    .execute();
}

/** The household, whose rules may change. */
function livingHome(chance: Prng) {
  const listeners: ((charter: OpenedCharter) => void)[] = [];
  let [chain, charter] = [home.chain, home.charter];
  let hasLeft = false;
  const hashes = chain.map((_, at) => opened(chain.slice(0, at + 1)).hash);
  return {
    now: () => charter,
    current: async () => (hasLeft ? undefined : charter),
    chain: async () => chain,
    async find(_household: string, hash: string) {
      const at = hashes.indexOf(hash);
      const link = chain[at];
      return link && { ...link, version: at + 1 };
    },
    onChange: (listener: (charter: OpenedCharter) => void) => void listeners.push(listener),
    forgetListeners: () => void listeners.splice(0),
    /** Its charters are nowhere any more. */
    leave() {
      hasLeft = true;
    },
    /** The owners sign it again; nobody comes or goes. */
    renew() {
      const { hash, version, ...rules } = charter;
      const owners = home.members.filter(({ member }) => member.role === "owner");
      const signers = owners.map(({ signer }) => signer);
      chain = [...chain, signCharter({ ...rules, version: version + 1, previous: hash }, signers, chance)];
      charter = opened(chain);
      hashes.push(charter.hash);
      for (const listener of listeners) listener(charter);
    },
  };
}

function opened(chain: Parameters<typeof openCharterChain>[0]): OpenedCharter {
  const charter = openCharterChain(chain);
  if (!charter.ok) throw new Error(charter.error.kind);
  return charter.value;
}

interface Ground {
  readonly data: string;
  readonly log: FailingLog;
  readonly chance: Prng;
  readonly time: { readonly now: Millis };
  readonly household: ReturnType<typeof livingHome>;
}

function openBooks(db: Db, { data, log, chance: random, time, household }: Ground) {
  const clock = { wall: () => time.now, monotonic: () => time.now };
  const casework = openCasework({
    ...{ db, data, log, clock, random, charters: household, policy: floorPolicy, onFault: () => undefined },
    vault: { clip: async (_household, id) => detailOf(id) },
  });
  const desk = openDesk(db, {
    ...{ ...casework, clock, random, directory: createDirectory([], casework.agencyOf) },
    ...{ cameras: createCameraDirectory(db), vault: { custodian: emptyShelf() } },
    ...{ tellAccess: () => undefined, tellNotice: () => undefined },
  });
  return { ...casework, ...desk };
}

export const clip: ClipId = newClipId(start, people);

function detailOf(id: ClipId): ClipDetail {
  return {
    ...{ id, camera: home.camera.id, recordedAt: start, arrivedAt: start, state: "complete", segments: 1 },
    ...{ bytes: bytes(10), hasThumbnail: false, kept: false, parts: [] },
  };
}

/** The household has one clip; what is held stays with the process that holds it. */
function emptyShelf(): VaultCustodian {
  return {
    ...{ hold: async () => undefined, lift: async () => undefined, holds: async () => false },
    ...{ clips: async () => [clip], segmentsOf: async () => [], segment: async () => undefined },
  };
}

/** What an entry says must have been decided durably, and must not have taken effect. */
async function faultIn(db: Db, { kind, id, at, state }: LogEntry): Promise<string | undefined> {
  if (id.startsWith("batch-")) return faultInBatch(db, id);
  const row = await db
    .selectFrom("docket")
    .selectAll()
    .where("machine", "=", kind)
    .where("id", "=", id)
    .executeTakeFirst();
  const pending = row?.pending && JSON.parse(row.pending);
  if (!pending || pending.entry.state !== state || pending.entry.at !== at)
    return "logged before it was decided";
  const isThere = row.version > 0 && row.state === JSON.stringify(pending.state);
  return isThere ? "took effect before it was logged" : undefined;
}

async function faultInBatch(db: Db, id: string): Promise<string | undefined> {
  const early = await db
    .selectFrom("release_act")
    .innerJoin("docket", "docket.id", "release_act.release")
    .select("docket.id")
    .where("batch", "=", id)
    .where("act", "=", "escrowed")
    .where("docket.kind", "in", ["available", "retrieved"])
    .executeTakeFirst();
  return early && "could be fetched before it was logged";
}

/** The agreement by which everybody goes. */
export const agreement = agreementOf({ agreements: [agency.note] });
