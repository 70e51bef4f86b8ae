import { join } from "node:path";
import type { SignedCharter } from "../../../shared/charter/charter.js";
import { millis } from "../../../shared/kernel/brand.js";
import type { LogPolicy } from "../../../shared/tlog/checkpoint.js";
import { formatEntry } from "../../../shared/tlog/entry.js";
import { parsePolicy, type WitnessPolicy } from "../../../shared/tlog/policy.js";
import { verifyProof } from "../../../shared/tlog/proof.js";
import { readIfThere, writeDurably } from "../disk.io.js";
import { type Fields, fieldsOf, UnexpectedAnswer } from "../fields.js";
import { call, fetchText, Problem, type Server, Unreachable } from "../http.io.js";
import { Refused } from "../refused.js";
import type { Household } from "./household.js";
import { idsOf, judgeListed, type ListedCharter, type LogRefusal, type Standing } from "./logcheck.js";

/** Ids that the cloud takes in one call. */
const idsMax = 50;
const textBytesMax = 64 * 1024;

/** What this client holds against the log: its key and witnesses as first seen, and the charters that it saw proven. */
interface Memory {
  readonly policy: string;
  /** All versions up to this one. */
  readonly proven: number;
}

export type LogCheck = LogRefusal | "good" | { readonly kind: "warned"; readonly sentence: string };

/**
 * Whether each charter stands in the public log once, proven, and none that the cloud does not show. In one call where nothing
 * is new. A log that is away or behind is a warning; what it contradicts is a refusal.
 */
export async function checkLog(
  server: Server,
  folder: string,
  { chain, household }: { readonly chain: readonly SignedCharter[]; readonly household: Household },
): Promise<LogCheck> {
  const path = join(folder, "log.json");
  try {
    const memory = readMemory(path) ?? { policy: await policyOf(server), proven: 0 };
    const checked = await checkAgainst(server, memory, { chain, household });
    if (typeof checked !== "number") return checked;
    // Power lost before this: the same is proven once more.
    if (checked > memory.proven || memory.proven === 0)
      writeDurably(path, JSON.stringify({ v: 1, policy: memory.policy, proven: checked }));
    const { version } = household.newest;
    return checked === version
      ? "good"
      : warned(
          `Charter ${checked + 1} does not stand in the public log yet. Look again: lintel member cameras`,
        );
  } catch (error) {
    if (!(error instanceof Problem || error instanceof Unreachable || error instanceof UnexpectedAnswer))
      throw error;
    return warned(`The public log could not be asked: ${error.message}`);
  }
}

function warned(sentence: string): LogCheck {
  return { kind: "warned", sentence };
}

/** Up to which version all are proven. */
async function checkAgainst(
  server: Server,
  { policy, proven }: Memory,
  { chain, household: { charters, newest } }: Parameters<typeof checkLog>[2],
): Promise<number | LogRefusal> {
  const [first] = chain;
  if (first === undefined) throw new Error("Lintel has a bug: a household without charters.");
  // Those that are new, and of the others as many as one call takes.
  const from = Math.min(proven, Math.max(newest.version - idsMax + 1, 0));
  let reached = from;
  for (let at = from; at < newest.version; at += idsMax - 1) {
    const asked = { first, charters: charters.slice(at, at + idsMax - 1), newest };
    const judged = judgeListed(asked, await listed(server, idsOf(asked)));
    if (!judged.ok) return judged.error;
    const unproven = await firstUnproven(
      server,
      policy,
      judged.value.filter(({ version }) => version > proven),
    );
    if (unproven !== undefined) return { kind: "charter-not-proven", version: unproven };
    for (const { version } of judged.value) if (version === reached + 1) reached++;
  }
  return reached;
}

async function firstUnproven(
  server: Server,
  policy: string,
  standings: readonly Standing[],
): Promise<number | undefined> {
  for (const standing of standings) if (!(await isProven(server, policy, standing))) return standing.version;
  return undefined;
}

async function isProven(server: Server, policy: string, { index, entry }: Standing): Promise<boolean> {
  const { log, witnesses, quorum } = pinned(policy);
  const text = await fetchText(server, `/tlog/proof/${index}`, textBytesMax);
  return verifyProof(text, formatEntry(entry), { log, witnesses: witnesses.map(({ key }) => key), quorum })
    .ok;
}

/** The log's keys and witnesses as this client saw them first, and their text. */
export async function pinnedPolicy(
  server: Server,
  folder: string,
): Promise<{ readonly text: string; readonly policy: LogPolicy }> {
  const text = readMemory(join(folder, "log.json"))?.policy ?? (await policyOf(server));
  const { log, witnesses, quorum } = pinned(text);
  return { text, policy: { log, witnesses: witnesses.map(({ key }) => key), quorum } };
}

function pinned(text: string): WitnessPolicy & { readonly log: WitnessPolicy["logs"][number] } {
  const policy = parsePolicy(text);
  const log = policy.ok ? policy.value.logs[0] : undefined;
  if (!policy.ok || log === undefined) throw new UnexpectedAnswer("/tlog/policy names no log");
  return { ...policy.value, log };
}

async function policyOf(server: Server): Promise<string> {
  const text = await fetchText(server, "/tlog/policy", textBytesMax);
  pinned(text);
  return text;
}

export async function listed(server: Server, ids: readonly string[]): Promise<readonly ListedCharter[]> {
  const path = `/tlog/entries?kind=charter&limit=500&id=${ids.join(",")}`;
  const answer = fieldsOf(await call(server, { method: "GET", path }), "/tlog/entries");
  return answer.list("entries", (entry) => ({
    index: entry.number("index"),
    id: entry.text("id"),
    at: millis(Date.parse(entry.text("at"))),
    hash: entry.text("hash"),
  }));
}

function readMemory(path: string): Memory | undefined {
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  try {
    const fields: Fields = fieldsOf(JSON.parse(text), path);
    return { policy: fields.text("policy"), proven: fields.number("proven") };
  } catch {
    throw new Refused(
      `${path} is damaged. Put back a copy of it, or move it away: the log is then looked at anew.`,
    );
  }
}
