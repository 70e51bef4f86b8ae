import { type Millis, millis } from "../kernel/brand.js";
import { toUtf8 } from "../kernel/bytes.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import type { LogPolicy, WitnessedCheckpoint } from "../tlog/checkpoint.js";
import { type EntryRefusal, type LogEntry, parseEntry } from "../tlog/entry.js";
import { type ProofRefusal, parseProof, verifyProof } from "../tlog/proof.js";

/** A line of the public log, and the proof that it stands there. */
export interface Evidence {
  /** `entry/v1`. */
  readonly entry: string;
  /** C2SP tlog-proof, as it was when the line was first published. */
  readonly proof: string;
}

/** What somebody knows who holds evidence against a policy. */
export interface Known {
  readonly entry: LogEntry;
  readonly index: number;
  /** Since when it stands: by the witnesses' clocks, where the policy asks for any, else by the log's own word. */
  readonly since: Millis;
}

export type EvidenceRefusal =
  | { readonly kind: "proof-refused"; readonly name: string; readonly why: ProofRefusal }
  | { readonly kind: "entry-refused"; readonly name: string; readonly why: EntryRefusal }
  /** The line speaks of something else. */
  | { readonly kind: "entry-of-another"; readonly name: string };

/** What the line must say. */
export type Said = Partial<Pick<LogEntry, "id" | "agency" | "hash">> & {
  readonly kind: LogEntry["kind"];
  readonly states?: readonly string[];
};

/** Holds evidence against a policy, and against what it is to prove. `name` is for people. */
export function weigh(
  { entry: text, proof }: Evidence,
  { name, said, policy }: { readonly name: string; readonly said: Said; readonly policy: LogPolicy },
): Result<Known, EvidenceRefusal> {
  const bytes = toUtf8(text);
  const entry = parseEntry(bytes);
  if (!entry.ok) return refuse({ kind: "entry-refused", name, why: entry.error });
  if (!says(entry.value, said)) return refuse({ kind: "entry-of-another", name });
  const checkpoint = verifyProof(proof, bytes, policy);
  if (!checkpoint.ok) return refuse({ kind: "proof-refused", name, why: checkpoint.error });
  // unreached: a proof that was verified has an index
  const index = parseProof(proof)?.index ?? 0;
  return ok({ entry: entry.value, index, since: sinceWhen(checkpoint.value, entry.value, policy) });
}

function says(entry: LogEntry, { states, ...said }: Said): boolean {
  const same = (["kind", "id", "agency", "hash"] as const).every(
    (field) => said[field] === undefined || said[field] === entry[field],
  );
  return same && (states === undefined || states.includes(entry.state));
}

/** When so many witnesses had cosigned as the policy asks for: fewer of them together cannot make it earlier. */
function sinceWhen({ cosignatures }: WitnessedCheckpoint, { at }: LogEntry, { quorum }: LogPolicy): Millis {
  const times = cosignatures.map(({ time }) => time * 1_000).sort((a, b) => a - b);
  // unreached: what was verified has so many
  return quorum === 0 ? at : millis(times[quorum - 1] ?? Number.POSITIVE_INFINITY);
}
