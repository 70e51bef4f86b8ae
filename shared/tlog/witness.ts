import { equal } from "../kernel/bytes.js";
import { parseDecimal } from "../seal/fields.js";
import { openNote, textOf, type Verifier } from "../seal/note.js";
import { type Checkpoint, parseCheckpoint } from "./checkpoint.js";
import { formatHashes, parseHashes } from "./proof.js";
import { emptyRoot, type TreeHash, verifyConsistency } from "./tree.js";

/** What a log asks a witness (C2SP tlog-witness, `POST add-checkpoint`): to cosign a checkpoint that it shows to follow the last. */
export interface AddCheckpoint {
  /** The size that the log believes the witness saw last. */
  readonly old: number;
  readonly proof: readonly TreeHash[];
  /** The signed note. */
  readonly checkpoint: string;
}

/** The newest checkpoint that a witness has cosigned for a log. */
export type Seen = Pick<Checkpoint, "size" | "root">;

/** The answer's HTTP status. With `cosign` it is remembered durably before anything is answered. */
export type WitnessVerdict =
  | { readonly status: 200; readonly cosign: Checkpoint; readonly text: string }
  /** Malformed; not signed by the log; an unknown log; no proof that it follows. */
  | { readonly status: 400 | 403 | 404 | 422 }
  /** The witness saw another size last, which is the body, `text/x.tlog.size`; or another root of this size. */
  | { readonly status: 409; readonly size: number };

export const nothingSeen: Seen = { size: 0, root: emptyRoot };

export function formatAddCheckpoint({ old, proof, checkpoint }: AddCheckpoint): string {
  return `old ${old}\n${formatHashes(proof)}\n${checkpoint}`;
}

export function parseAddCheckpoint(body: string): AddCheckpoint | undefined {
  const split = body.indexOf("\n\n");
  const [first = "", ...lines] = body.slice(0, Math.max(split, 0)).split("\n");
  const [old, proof] = [
    first.startsWith("old ") ? parseDecimal(first.slice(4)) : undefined,
    parseHashes(lines),
  ];
  if (old === undefined || proof === undefined) return undefined;
  return { old, proof, checkpoint: body.slice(split + 2) };
}

/** `logs` are those the witness knows; `seen` is what it saw of one of them last. */
export function judge(
  body: string,
  logs: readonly Verifier[],
  seen: (origin: string) => Seen,
): WitnessVerdict {
  const asked = parseAddCheckpoint(body);
  const text = asked && textOf(asked.checkpoint);
  const next = text === undefined ? undefined : parseCheckpoint(text);
  if (asked === undefined || text === undefined || next === undefined) return { status: 400 };
  const log = logs.find(({ name }) => name === next.origin);
  if (log === undefined) return { status: 404 };
  if (!openNote(asked.checkpoint, [log]).ok) return { status: 403 };
  if (asked.old > next.size) return { status: 400 };
  const last = seen(next.origin);
  const isFork = next.size === last.size && !equal(next.root, last.root);
  if (asked.old !== last.size || isFork) return { status: 409, size: last.size };
  return verifyConsistency(last, next, asked.proof) ? { status: 200, cosign: next, text } : { status: 422 };
}
