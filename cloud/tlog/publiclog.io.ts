import { join } from "node:path";
import type { CompiledQuery, Kysely } from "kysely";
import { assert } from "../../shared/kernel/assert.js";
import { formatVerifier, type Verifier, verifierOf } from "../../shared/seal/note.js";
import type { LogEntry } from "../../shared/tlog/entry.js";
import { formatPolicy, noWitnesses, type WitnessPolicy } from "../../shared/tlog/policy.js";
import { formatProof } from "../../shared/tlog/proof.js";
import { consistencyProof, inclusionProof } from "../../shared/tlog/tree.js";
import { LogBehind } from "./behind.js";
import { Entering } from "./entering.io.js";
import { LogFiles } from "./files.io.js";
import { openLogKey } from "./logkey.io.js";
import { Nodes } from "./nodes.io.js";
import { sizeOf } from "./publisher.io.js";
import { type EntryQuery, type ListedEntry, LogRecords, meant } from "./records.io.js";
import { openLog, type TransparencyLog } from "./sequencer.io.js";
import type { LogTables } from "./tables.js";
import { askWitnesses } from "./witnesses.io.js";

/** What does not wait for witnesses waits so long for a publication that is only under way. */
const enterMillisMax = 500;

/** Who waits for witnesses waits so long, and may then ask again: less than a client waits for its answer. */
const appendMillisMaxDefault = 12_000;

/** Where an entry stands. */
export interface Placed {
  readonly index: number;
  /** C2SP tlog-proof under the first published checkpoint that covers it with the quorum: its cosignatures say since when it stands. */
  readonly proof: string;
}

export interface LogReader {
  /** The newest published checkpoint, a signed note. */
  checkpoint(): string;
  /** A file below the log's address (C2SP tlog-tiles), as far as the published checkpoint covers it. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Of published entries, newest first; one more than `limit` where there are more. */
  list(query: Omit<EntryQuery, "before"> & { before?: number | undefined }): Promise<readonly ListedEntry[]>;
  /** `undefined` for what is not published. */
  proof(index: number): Promise<string | undefined>;
  readonly verifier: Verifier;
  /** Its key, and whose cosignatures its checkpoints have (C2SP tlog-policy). */
  readonly policy: string;
}

export interface LogWriter {
  /**
   * The entry stands exactly once, however often this is called with it, also after a crash between any two steps. Resolves
   * when it is durable and published; throws `LogBehind` when its witnesses are away: it is published once they are back.
   */
  append(entry: LogEntry): Promise<Placed>;
  /**
   * The same, but resolves with its index once the log's own signed state has it, and half a second later at most: for what must
   * not wait for witnesses.
   */
  enter(entry: LogEntry): Promise<number>;
  /**
   * For the transaction that makes what the entry is about: from its commit on the entry is meant for the log, and if the cloud
   * dies before `append` or `enter`, which come next, the next start enters it.
   */
  intent(entry: LogEntry): CompiledQuery;
  /** `undefined` while it is not published. */
  find(entry: LogEntry): Promise<Placed | undefined>;
}

export interface PublicLog extends LogReader, LogWriter {
  health(): LogHealth;
  close(): Promise<void>;
}

export interface LogHealth {
  /** Entries in the log's own state, and how many of them are published. */
  readonly entries: number;
  readonly published: number;
  /** False once a write of the state failed: nothing more is taken before a restart. */
  readonly writable: boolean;
  /** For how long the newest state has waited for its publication; 0 where it has none to wait for. */
  readonly lateMillis: number;
}

export interface LogPlace {
  readonly db: Kysely<LogTables>;
  /** The cloud's data directory. */
  readonly data: string;
  /** The log's name: without scheme, such as `door.example/tlog`. */
  readonly origin: string;
  /** Nothing is published that not so many of them have cosigned. None: what is durable is published. */
  readonly witnesses?: WitnessPolicy | undefined;
  /** So long `append` waits for witnesses, in milliseconds. */
  readonly appendMillisMax?: number;
  /** Called with each witness that did not cosign. */
  readonly onFault?: (witness: string, why: string) => void;
}

/** Opens the cloud's public log, begins it at the first start, and completes what an earlier run meant for it. */
export async function openPublicLog(place: LogPlace): Promise<PublicLog> {
  const { db, data, origin, witnesses = noWitnesses, onFault = () => undefined } = place;
  const signer = await openLogKey(join(data, "identity"), origin, () => nameOfNext(db, origin));
  const verifier = verifierOf(signer);
  const records = new LogRecords(db, signer.name, witnesses.quorum);
  // A folder a key: a new key never goes on with another one's tree.
  const [, keyId = ""] = formatVerifier(verifier).split("+");
  const files = new LogFiles(join(data, "log", keyId));
  const onPublished = (note: string, size: number): Promise<void> => records.keepCheckpoint(note, size);
  const nodes = new Nodes(files);
  const consistency = (old: number, size: number) =>
    nodes.of(size, (node) => consistencyProof(node, old, size));
  const witnessed =
    witnesses.quorum === 0 ? undefined : askWitnesses({ policy: witnesses, consistency, onFault });
  const seen = await records.sizeSeen();
  const log = await openLog(files, signer, { witnessed, onPublished });
  if (log.size() < seen) {
    await log.close();
    throw new Error(
      `The log in ${files.root} has ${log.size()} entries, but ${seen} were published: it is older than its database. Put the newer files back, or move ${join(data, "identity", "log.key")} away: then another log is begun.`,
    );
  }
  const entering = new Entering(log, records);
  await entering.complete(nodes);
  await entering.adopt(files);
  const policy = formatPolicy(verifier, witnesses);
  const { appendMillisMax = appendMillisMaxDefault } = place;
  return publicLog({ log, records, nodes, entering, verifier, policy, appendMillisMax });
}

/** False when it is not yet after so long. */
function isPublished(log: TransparencyLog, index: number, millisMax: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(false), millisMax);
    const published = log.published(index + 1).finally(() => clearTimeout(timer));
    published.then(() => resolve(true), reject);
  });
}

/** Who lost a log's key, or restored a backup, has published something under the name before: another log needs another name. */
async function nameOfNext(db: Kysely<LogTables>, origin: string): Promise<string> {
  const before = await db.selectFrom("log_checkpoint").select("origin").limit(1).executeTakeFirst();
  const now = new Date().toISOString().replace(/[-:]/g, "").slice(0, 15).toLowerCase();
  return before === undefined ? origin : `${origin}-${now}`;
}

interface Parts {
  readonly log: TransparencyLog;
  readonly records: LogRecords;
  readonly nodes: Nodes;
  readonly entering: Entering;
  readonly verifier: Verifier;
  readonly policy: string;
  readonly appendMillisMax: number;
}

function publicLog({ log, records, nodes, entering, verifier, policy, appendMillisMax }: Parts): PublicLog {
  const proof = async (index: number): Promise<string | undefined> => {
    const checkpoint = await records.checkpointOver(index);
    if (checkpoint === undefined) return undefined;
    const size = sizeOf(checkpoint);
    const hashes = await nodes.of(size, (node) => inclusionProof(node, index, size));
    return formatProof({ index, hashes, checkpoint });
  };
  const placed = async (index: number): Promise<Placed | undefined> => {
    const text = await proof(index);
    return text === undefined ? undefined : { index, proof: text };
  };
  const published = (): number => sizeOf(log.checkpoint());
  return {
    verifier,
    policy,
    proof,
    checkpoint: () => log.checkpoint(),
    read: (path) => log.read(path),
    list: ({ before = published(), ...query }) =>
      records.list({ ...query, before: Math.min(before, published()) }),
    intent: (entry) => records.intent(meant(entry), log.size()),
    async enter(entry) {
      const index = await entering.enter(meant(entry));
      await isPublished(log, index, enterMillisMax).catch(() => undefined);
      return index;
    },
    async append(entry) {
      const index = await entering.enter(meant(entry));
      if (!(await isPublished(log, index, appendMillisMax))) throw new LogBehind();
      const found = await placed(index);
      assert(found !== undefined, "what is published has a checkpoint that was kept");
      return found;
    },
    async find(entry) {
      const { key } = meant(entry);
      const place = (await records.placesOf([key])).get(key);
      return place === undefined ? undefined : placed(place);
    },
    health: () => ({ ...log.health(), published: published() }),
    close: () => log.close(),
  };
}
