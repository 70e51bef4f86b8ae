import { concat, fromBase64, toBase64 } from "../kernel/bytes.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import { parseDecimal } from "../seal/fields.js";
import {
  formatSignature,
  keyTypes,
  type NoteRefusal,
  openNote,
  openSignatures,
  type Signer,
  signatureOf,
  signNote,
  type Verifier,
  verifierOf,
  verifies,
} from "../seal/note.js";
import { type TreeHash, treeHashBytes } from "./tree.js";

/** What a log says of itself (C2SP tlog-checkpoint): this many entries, under this root. */
export interface Checkpoint {
  /** The log's name, its key's name as well. */
  readonly origin: string;
  readonly size: number;
  readonly root: TreeHash;
}

export type CheckpointRefusal =
  | NoteRefusal
  | { readonly kind: "malformed-checkpoint" }
  | { readonly kind: "other-log"; readonly found: string }
  | { readonly kind: "too-few-witnesses"; readonly found: number; readonly needed: number };

/** Whose word somebody takes for a log: its own key's, and that of so many witnesses. */
export interface LogPolicy {
  readonly log: Verifier;
  /** Keys of the type cosignature/v1. */
  readonly witnesses: readonly Verifier[];
  readonly quorum: number;
}

/** Under a checkpoint: who saw the log grow up to it without a break, and when. */
export interface Cosignature {
  readonly witness: Verifier;
  /** Seconds since 1970, by the witness's clock. */
  readonly time: number;
}

export interface WitnessedCheckpoint extends Checkpoint {
  readonly cosignatures: readonly Cosignature[];
}

const timeBytes = 8;

export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

export function signCheckpoint(checkpoint: Checkpoint, signer: Signer): string {
  return signNote(formatCheckpoint(checkpoint), [signer]);
}

/** The form alone. Lines behind the root are extensions, which this log never writes and nobody must understand. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [origin = "", sizeText = "", rootText = "", ...more] = text.split("\n");
  const [size, root] = [parseDecimal(sizeText), fromBase64(rootText)];
  const whole = origin !== "" && more.at(-1) === "" && !more.slice(0, -1).includes("");
  if (!whole || size === undefined || !root.ok || root.value.length !== treeHashBytes) return undefined;
  return { origin, size, root: root.value };
}

/** Opens a checkpoint that the policy's log signed and enough of its witnesses cosigned. */
export function openCheckpoint(
  note: string,
  { log, witnesses, quorum }: LogPolicy,
): Result<WitnessedCheckpoint, CheckpointRefusal> {
  const opened = openNote(note, [log]);
  if (!opened.ok) return opened;
  const checkpoint = parseCheckpoint(opened.value.text);
  if (checkpoint === undefined) return refuse({ kind: "malformed-checkpoint" });
  if (checkpoint.origin !== log.name) return refuse({ kind: "other-log", found: checkpoint.origin });
  const cosigned = openCosignatures(note, witnesses);
  if (!cosigned.ok) return cosigned;
  const found = cosigned.value.length;
  return found < quorum
    ? refuse({ kind: "too-few-witnesses", found, needed: quorum })
    : ok({ ...checkpoint, cosignatures: cosigned.value });
}

/** The cosignatures of `witnesses` under a checkpoint (C2SP tlog-cosignature); one that fails rejects the whole. */
export function openCosignatures(
  note: string,
  witnesses: readonly Verifier[],
): Result<readonly Cosignature[], NoteRefusal> {
  const opened = openSignatures(note, witnesses, { type: keyTypes.cosignature, verify: cosigns });
  if (!opened.ok) return opened;
  return ok(
    opened.value.signatures.map(({ verifier, bytes }) => ({ witness: verifier, time: timeIn(bytes) })),
  );
}

/** A witness's line under the checkpoint of this text. `time` in seconds. */
export function cosignatureLine(text: string, signer: Signer, time: number): string {
  const signature = signatureOf(cosigned(text, time), signer);
  return formatSignature(verifierOf(signer), concat(timeBytesOf(time), signature), keyTypes.cosignature);
}

function cosigns(verifier: Verifier, text: string, signature: Uint8Array): boolean {
  const time = timeIn(signature);
  return (
    Number.isSafeInteger(time) && verifies(verifier, cosigned(text, time), signature.subarray(timeBytes))
  );
}

function cosigned(text: string, time: number): string {
  return `cosignature/v1\ntime ${time}\n${text}`;
}

/** Big-endian; beyond the safe integers no clock goes. */
function timeIn(signature: Uint8Array): number {
  return signature.subarray(0, timeBytes).reduce((sum, byte) => sum * 256 + byte, 0);
}

function timeBytesOf(time: number): Uint8Array {
  const bytes = new Uint8Array(timeBytes);
  for (let [at, rest] = [timeBytes - 1, time]; at >= 0; at--) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}
