import { equal, toBase64 } from "../../../shared/kernel/bytes.js";
import {
  type Checkpoint,
  type CheckpointRefusal,
  openCheckpoint,
  type WitnessedCheckpoint,
} from "../../../shared/tlog/checkpoint.js";
import { formatEntry } from "../../../shared/tlog/entry.js";
import { leafHash, rootOf } from "../../../shared/tlog/tree.js";
import { UnexpectedAnswer } from "../fields.js";
import { Problem, type Server, Unreachable } from "../http.io.js";
import { exit } from "../program.js";
import { type Claimed, type CrossCheck, crossCheck } from "../record/crosscheck.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { type LogMemory, openMemory } from "./memory.io.js";
import { type LogSite, logSite } from "./site.io.js";
import { compareList, type Walked, walk } from "./walk.io.js";

/** Neither good nor bad: the log did not answer. */
const exitCodeAway = 3;

export interface LogOptions {
  readonly server: Server;
  readonly policy?: string;
  readonly state: string;
}

/** Audits a whole log from nothing. Throws `Refused` with what contradicts what; a log that does not answer gives exit code 3. */
export async function audit({ server, policy, state }: LogOptions, terminal: Terminal): Promise<void> {
  await unlessAway(terminal, async () => {
    const site = logSite(server);
    const memory = await openMemory(site, state, policy);
    if (!memory.isPinned)
      terminal.warn(
        "The log itself names its key and witnesses. Compare them with another source, or name whom you believe: --policy FILE. From now on they are remembered.",
      );
    const note = await site.checkpoint();
    const checkpoint = opened(note, memory);
    const walked = await whole(site, checkpoint, { seen: memory.seen, terminal });
    const record = await publicRecord(server, checkpoint, walked);
    memory.keep(note);
    report({ checkpoint, walked, memory, record }, terminal);
  });
}

/** A log that does not answer is no contradiction. */
export async function unlessAway(terminal: Terminal, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    const isAway =
      error instanceof Unreachable || error instanceof UnexpectedAnswer || error instanceof Problem;
    if (!isAway) throw error;
    terminal.warn(`The log could not be read to its end, and nothing was judged: ${error.message}`);
    exit.code = exitCodeAway;
  }
}

function opened(note: string, { policy, seen }: LogMemory): WitnessedCheckpoint {
  const checkpoint = openCheckpoint(note, policy);
  if (!checkpoint.ok)
    throw new Refused(`The log's checkpoint is not to be believed: ${whyOf(checkpoint.error)}.`);
  if (seen !== undefined && checkpoint.value.size < seen.size)
    throw new Refused(
      `The log shows ${checkpoint.value.size} entries, but this computer has seen ${seen.size}: it hides what it once showed.`,
    );
  return checkpoint.value;
}

function whyOf(refusal: CheckpointRefusal): string {
  switch (refusal.kind) {
    case "malformed-note":
    case "malformed-checkpoint":
      return "it has not the form of one";
    case "forged-signature":
      return `the signature of ${refusal.name} does not hold`;
    case "no-known-signer":
      return "the key that you believe has not signed it. Is it another log, begun anew?";
    case "other-log":
      return `it is that of ${refusal.found}`;
    case "too-few-witnesses":
      return `${refusal.found} of the ${refusal.needed} witnesses that it needs have cosigned it`;
  }
}

interface Before {
  readonly seen: Checkpoint | undefined;
  readonly terminal: Terminal;
}

async function whole(site: LogSite, checkpoint: Checkpoint, { seen, terminal }: Before): Promise<Walked> {
  const { size } = checkpoint;
  const walked = await walk(site, checkpoint, (done) =>
    terminal.progress(`${done} of ${size} entries hashed`),
  );
  if (!equal(rootOf(walked.node, size), checkpoint.root))
    throw new Refused("The log's entries do not give the root that its checkpoint names.");
  if (seen !== undefined && !equal(rootOf(walked.node, seen.size), seen.root))
    throw new Refused(
      `The log's first ${seen.size} entries are not those that this computer has seen: it shows another history.`,
    );
  await compareList(site, checkpoint, walked, (done) =>
    terminal.progress(`${done} of ${size} found in the list`),
  );
  return walked;
}

/** Each step that the public record shows must stand in the log; `undefined` where the cloud keeps no such record. */
async function publicRecord(
  server: Server,
  { size }: Checkpoint,
  { leaf }: Walked,
): Promise<CrossCheck | undefined> {
  const stands = async ({ index, entries }: Claimed): Promise<boolean> => {
    const there = leaf(index);
    const isOne = entries.some((entry) => there !== undefined && equal(leafHash(formatEntry(entry)), there));
    // What came after the audited checkpoint the next audit looks at.
    return index >= size || isOne;
  };
  const record = await crossCheck(server, stands).catch((error: unknown) => {
    if (error instanceof Problem && error.status === 404) return undefined;
    throw error;
  });
  const [fault] = record?.faults ?? [];
  if (fault !== undefined) throw new Refused(`The public record does not agree with the log. ${fault}`);
  return record;
}

interface Audited {
  readonly checkpoint: WitnessedCheckpoint;
  readonly walked: Walked;
  readonly memory: LogMemory;
  readonly record: CrossCheck | undefined;
}

function report({ checkpoint, walked, memory, record }: Audited, terminal: Terminal): void {
  const { origin, size, cosignatures } = checkpoint;
  const root = toBase64(checkpoint.root);
  const kinds = Object.fromEntries([...walked.kinds].sort());
  const witnesses = cosignatures.map(({ witness, time }) => ({ name: witness.name, time }));
  const seen = memory.seen?.size ?? 0;
  terminal.json({
    event: "audited",
    origin,
    size,
    root,
    quorum: memory.policy.quorum,
    witnesses,
    seen,
    kinds,
    ...(record && { record: { documents: record.documents, steps: record.steps } }),
  });
  const counts = Object.entries(kinds).map(([kind, count]) => `${count} ${kind}`);
  terminal.say(
    `${origin}: ${size === 1 ? "1 entry" : `${size} entries`}${counts.length === 0 ? "" : ` (${counts.join(", ")})`}, root ${root}`,
  );
  const cosigned = witnesses.map(
    ({ name, time }) => `${name} at ${new Date(time * 1_000).toISOString().replace(".000", "")}`,
  );
  terminal.say(
    cosigned.length === 0
      ? "No witness has cosigned it: the log could show others another history."
      : `Cosigned by ${cosigned.join(", ")}; ${memory.policy.quorum} were needed.`,
  );
  if (record !== undefined)
    terminal.say(
      `The public record agrees with it: requests and agencies ${record.documents}, their steps ${record.steps}, each at its place.`,
    );
  terminal.say(
    seen === 0
      ? "Every tile, entry and listed record was computed anew and agrees. It is remembered; the next audit compares."
      : `Every tile, entry and listed record was computed anew and agrees, also with the ${seen} entries seen before.`,
  );
}
