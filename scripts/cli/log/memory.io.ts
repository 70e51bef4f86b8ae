import { join } from "node:path";
import { textOf } from "../../../shared/seal/note.js";
import { type Checkpoint, type LogPolicy, parseCheckpoint } from "../../../shared/tlog/checkpoint.js";
import { parsePolicy } from "../../../shared/tlog/policy.js";
import { makePrivateFolder, readIfThere, readNamed, writeDurably } from "../disk.io.js";
import { fieldsOf } from "../fields.js";
import { checkedUrl } from "../http.io.js";
import { Refused } from "../refused.js";
import type { LogSite } from "./site.io.js";

/** What this computer holds against a log: whom it believes, and the newest checkpoint that it has audited. */
export interface LogMemory {
  readonly policy: LogPolicy;
  /** False where the log itself has just named its key and witnesses. */
  readonly isPinned: boolean;
  readonly seen: Checkpoint | undefined;
  keep(checkpoint: string): void;
}

interface Kept {
  readonly policy: string;
  readonly checkpoint: string;
}

/** The policy of the file, if one was named; else the one that is remembered; else the log's own word. */
export async function openMemory(
  site: LogSite,
  folder: string,
  file: string | undefined,
): Promise<LogMemory> {
  const path = join(folder, `${checkedUrl(site.url).host.replace(/[^a-z0-9.-]/g, "_")}.json`);
  const kept = readKept(path);
  const given = file === undefined ? kept?.policy : readNamed(file, "--policy");
  const text = given ?? (await site.policy());
  const policy = policyIn(text, file);
  const seen = kept && parseCheckpoint(textOf(kept.checkpoint));
  return {
    policy,
    isPinned: given !== undefined,
    seen: seen?.origin === policy.log.name ? seen : undefined,
    keep(checkpoint) {
      makePrivateFolder(folder);
      // Power lost before this: the next audit compares with what was seen before.
      writeDurably(path, JSON.stringify({ v: 1, policy: text, checkpoint }));
    },
  };
}

function policyIn(text: string, file: string | undefined): LogPolicy {
  const policy = parsePolicy(text);
  const [log] = policy.ok ? policy.value.logs : [];
  if (policy.ok && log !== undefined) {
    const { witnesses, quorum } = policy.value;
    return { log, witnesses: witnesses.map(({ key }) => key), quorum };
  }
  const why = policy.ok ? "it names no log" : `line ${policy.error.line}: ${policy.error.why}`;
  throw new Refused(
    `${file ?? "The log's own policy"} is no policy that can be used (${why}). See C2SP tlog-policy.`,
  );
}

function readKept(path: string): Kept | undefined {
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  try {
    const fields = fieldsOf(JSON.parse(text), path);
    return { policy: fields.text("policy"), checkpoint: fields.text("checkpoint") };
  } catch {
    throw new Refused(
      `${path} is damaged. Put back a copy of it, or move it away: the log is then audited as if for the first time.`,
    );
  }
}
