import { parseDecimal } from "../../shared/seal/fields.js";
import { textOf } from "../../shared/seal/note.js";
import { openCosignatures } from "../../shared/tlog/checkpoint.js";
import type { PolicyWitness, WitnessPolicy } from "../../shared/tlog/policy.js";
import type { TreeHash } from "../../shared/tlog/tree.js";
import { formatAddCheckpoint } from "../../shared/tlog/witness.js";
import { sizeOf } from "./publisher.io.js";

/** A witness answers within this time, or it is away. */
const answerMillisMax = 5_000;
const answerBytesMax = 16 * 1024;

export interface Witnessing {
  readonly policy: WitnessPolicy;
  /** Hashes that show that the log's first `old` entries are those of its tree of `size`. */
  readonly consistency: (old: number, size: number) => Promise<readonly TreeHash[]>;
  /** A witness that did not cosign, and why. */
  readonly onFault: (witness: string, why: string) => void;
}

/** Asks the witnesses for their cosignatures: the checkpoint with those of a quorum, or `undefined`. */
export function askWitnesses(witnessing: Witnessing): (checkpoint: string) => Promise<string | undefined> {
  const { policy, onFault } = witnessing;
  const asked = policy.witnesses.map((witness) => new Asked(witness, witnessing));
  return (checkpoint) =>
    new Promise((resolve) => {
      const lines: string[] = [];
      let left = asked.length;
      const settle = (): void => {
        left--;
        if (lines.length >= policy.quorum) resolve(checkpoint + lines.join(""));
        else if (left === 0) resolve(undefined);
      };
      for (const one of asked)
        one
          .cosign(checkpoint)
          .then((line) => void lines.push(line))
          .catch((error: Error) => onFault(one.name, error.message))
          .finally(settle);
    });
}

/** One witness, and what it has seen of the log as far as is known here. */
class Asked {
  readonly name: string;
  private readonly witness: PolicyWitness;
  private readonly consistency: Witnessing["consistency"];
  private seen = 0;
  private busy = false;

  constructor(witness: PolicyWitness, { consistency }: Witnessing) {
    this.name = witness.key.name;
    this.witness = witness;
    this.consistency = consistency;
  }

  /** Its line under the checkpoint. Throws why there is none. */
  async cosign(checkpoint: string): Promise<string> {
    if (this.busy) throw new Error("it has not answered the question before");
    this.busy = true;
    try {
      const first = await this.ask(checkpoint);
      // It has seen another size than is remembered here: after a start, or when an answer got lost.
      const answer = first.status === 409 ? await this.askAfter(first.body, checkpoint) : first;
      if (answer.status !== 200) throw new Error(`it answered with status ${answer.status}`);
      return this.lineIn(answer.body, checkpoint);
    } finally {
      this.busy = false;
    }
  }

  private askAfter(body: string, checkpoint: string): Promise<Answer> {
    const seen = parseDecimal(body.trimEnd());
    if (seen === undefined) throw new Error("it does not say what it has seen");
    if (seen > sizeOf(checkpoint))
      throw new Error(`it has seen ${seen} entries, more than the log has: were its files put back?`);
    this.seen = seen;
    return this.ask(checkpoint);
  }

  private async ask(checkpoint: string): Promise<Answer> {
    const old = this.seen;
    const proof = await this.consistency(old, sizeOf(checkpoint));
    const address = `${this.witness.url?.replace(/\/$/, "")}/add-checkpoint`;
    const answer = await fetch(address, {
      method: "POST",
      body: formatAddCheckpoint({ old, proof, checkpoint }),
      redirect: "error",
      signal: AbortSignal.timeout(answerMillisMax),
    });
    return { status: answer.status, body: await textIn(answer) };
  }

  /** Only what verifies counts, whatever else it sends. */
  private lineIn(body: string, checkpoint: string): string {
    for (const line of body.split("\n")) {
      const opened = openCosignatures(`${textOf(checkpoint)}\n${line}\n`, [this.witness.key]);
      if (!opened.ok || opened.value.length === 0) continue;
      this.seen = sizeOf(checkpoint);
      return `${line}\n`;
    }
    throw new Error("what it answered is not its cosignature");
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function textIn(answer: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  // unreached: the answer to a POST has a body, if an empty one
  for await (const part of answer.body ?? []) {
    bytes += part.length;
    if (bytes > answerBytesMax) throw new Error("it answers with more than a witness has to say");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
