import { fromBase64, toBase64 } from "../kernel/bytes.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import { parseDecimal } from "../seal/fields.js";
import {
  type CheckpointRefusal,
  type LogPolicy,
  openCheckpoint,
  type WitnessedCheckpoint,
} from "./checkpoint.js";
import { leafHash, type TreeHash, treeHashBytes, verifyInclusion } from "./tree.js";

/** That an entry stands in a log, for whoever is offline (C2SP tlog-proof): index, way to the root, checkpoint. */
export interface LogProof {
  readonly index: number;
  readonly hashes: readonly TreeHash[];
  /** The signed note. */
  readonly checkpoint: string;
}

export type ProofRefusal =
  | CheckpointRefusal
  | { readonly kind: "malformed-proof" }
  /** The way does not lead from this entry to the checkpoint's root. */
  | { readonly kind: "not-in-the-log" };

const firstLine = "c2sp.org/tlog-proof@v1";
/** A tree of 2^53 leaves is no higher. */
const hashesMax = 64;

export function formatProof({ index, hashes, checkpoint }: LogProof): string {
  return `${firstLine}\nindex ${index}\n${formatHashes(hashes)}\n${checkpoint}`;
}

export function parseProof(text: string): LogProof | undefined {
  const split = text.indexOf("\n\n");
  const [first, indexLine = "", ...lines] = text.slice(0, Math.max(split, 0)).split("\n");
  const index = indexLine.startsWith("index ") ? parseDecimal(indexLine.slice("index ".length)) : undefined;
  const hashes = parseHashes(lines);
  if (first !== firstLine || index === undefined || hashes === undefined) return undefined;
  return { index, hashes, checkpoint: text.slice(split + 2) };
}

/** The checkpoint under which `entry` stands. */
export function verifyProof(
  text: string,
  entry: Uint8Array,
  policy: LogPolicy,
): Result<WitnessedCheckpoint, ProofRefusal> {
  const proof = parseProof(text);
  if (proof === undefined) return refuse({ kind: "malformed-proof" });
  const checkpoint = openCheckpoint(proof.checkpoint, policy);
  if (!checkpoint.ok) return checkpoint;
  const stands = verifyInclusion(
    { leaf: leafHash(entry), index: proof.index },
    checkpoint.value,
    proof.hashes,
  );
  return stands ? ok(checkpoint.value) : refuse({ kind: "not-in-the-log" });
}

/** A line of base64 each. */
export function formatHashes(hashes: readonly TreeHash[]): string {
  return hashes.map((hash) => `${toBase64(hash)}\n`).join("");
}

/** `undefined` where one is no hash, or there are more than any proof has. */
export function parseHashes(lines: readonly string[]): readonly TreeHash[] | undefined {
  const hashes = lines.flatMap((line) => {
    const hash = fromBase64(line);
    return hash.ok && hash.value.length === treeHashBytes ? [hash.value] : [];
  });
  return hashes.length === lines.length && hashes.length < hashesMax ? hashes : undefined;
}
