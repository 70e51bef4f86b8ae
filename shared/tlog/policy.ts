import { ok, type Result, refuse } from "../kernel/result.js";
import { parseDecimal } from "../seal/fields.js";
import { formatVerifier, keyTypes, parseVerifier, type Verifier } from "../seal/note.js";

/** Whose cosignatures make a log's checkpoint believed (C2SP tlog-policy). */
export interface WitnessPolicy {
  readonly logs: readonly Verifier[];
  /** Those that count, each with where it is asked, if that was said. */
  readonly witnesses: readonly PolicyWitness[];
  /** So many of them, at least. */
  readonly quorum: number;
}

export interface PolicyWitness {
  /** A key of the type cosignature/v1. */
  readonly key: Verifier;
  /** Its submission prefix (C2SP tlog-witness). */
  readonly url?: string;
}

export interface PolicyRefusal {
  readonly kind: "malformed-policy";
  /** 0 where something is missing in the whole. */
  readonly line: number;
  readonly why: string;
}

/** Signatures that a note may have, less the log's own. */
const witnessesMax = 15;

export const noWitnesses: WitnessPolicy = { logs: [], witnesses: [], quorum: 0 };

/** Reads a policy whose quorum is none, one witness, or one group of witnesses: groups of groups are refused. */
export function parsePolicy(text: string): Result<WitnessPolicy, PolicyRefusal> {
  const draft: Draft = { logs: [], names: new Map(), groups: new Map() };
  for (const [at, line] of text.split("\n").entries()) {
    const words = line.split(/[ \t]+/).filter((word) => word !== "");
    if (words.length === 0 || words[0]?.startsWith("#")) continue;
    const why = readLine(draft, words);
    if (why !== undefined) return refuse({ kind: "malformed-policy", line: at + 1, why });
  }
  const { logs, quorum } = draft;
  if (quorum === undefined) return refuse({ kind: "malformed-policy", line: 0, why: "it has no quorum" });
  return ok({ logs, ...quorum });
}

/** One log, and of its witnesses any so many. */
export function formatPolicy(log: Verifier, { witnesses, quorum }: WitnessPolicy): string {
  const lines = witnesses.map(({ key, url = "" }, at) =>
    `witness w${at + 1} ${formatVerifier(key, keyTypes.cosignature)} ${url}`.trimEnd(),
  );
  const names = witnesses.map((_, at) => `w${at + 1}`).join(" ");
  const rule = quorum === 0 ? ["quorum none"] : [`group witnesses ${quorum} ${names}`, "quorum witnesses"];
  return [`log ${formatVerifier(log)}`, ...lines, ...rule, ""].join("\n");
}

interface Draft {
  readonly logs: Verifier[];
  readonly names: Map<string, PolicyWitness>;
  readonly groups: Map<string, Pick<WitnessPolicy, "witnesses" | "quorum">>;
  quorum?: Pick<WitnessPolicy, "witnesses" | "quorum">;
}

/** What is wrong with the line, or nothing. */
function readLine(draft: Draft, [what, ...words]: readonly string[]): string | undefined {
  switch (what) {
    case "log":
      return readLog(draft, words);
    case "witness":
      return readWitness(draft, words);
    case "group":
      return readGroup(draft, words);
    case "quorum":
      return readQuorum(draft, words);
    default:
      return `"${what}" is no word of a policy`;
  }
}

function readLog({ logs }: Draft, [vkey = "", , ...more]: readonly string[]): string | undefined {
  const key = parseVerifier(vkey);
  if (!key.ok || more.length > 0) return "a log is its key, and perhaps its address";
  logs.push(key.value);
  return undefined;
}

function readWitness(
  draft: Draft,
  [name = "", vkey = "", url, ...more]: readonly string[],
): string | undefined {
  const key = parseVerifier(vkey, keyTypes.cosignature);
  if (!key.ok || more.length > 0)
    return "a witness is a name, its key (cosignature/v1), and perhaps its address";
  if (isTaken(draft, name)) return `the name ${name} is taken`;
  if (draft.names.size === witnessesMax) return `there are more than ${witnessesMax} witnesses`;
  const known = [...draft.names.values()].some(
    (one) => one.key.publicKey.join() === key.value.publicKey.join(),
  );
  if (known) return "this witness stands in it already";
  draft.names.set(name, url === undefined ? { key: key.value } : { key: key.value, url });
  return undefined;
}

function readGroup(draft: Draft, [name = "", count = "", ...members]: readonly string[]): string | undefined {
  const witnesses = members.flatMap((member) => draft.names.get(member) ?? []);
  if (isTaken(draft, name)) return `the name ${name} is taken`;
  if (witnesses.length !== members.length || new Set(members).size !== members.length)
    return "a group has witnesses that stand above it, each once";
  const quorum = count === "all" ? members.length : count === "any" ? 1 : parseDecimal(count);
  if (quorum === undefined || quorum < 1 || quorum > members.length)
    return `of ${members.length} witnesses ${count} cannot be asked for`;
  draft.groups.set(name, { witnesses, quorum });
  return undefined;
}

function readQuorum(draft: Draft, [name = "", ...more]: readonly string[]): string | undefined {
  const one = draft.names.get(name);
  const alone = one && { witnesses: [one], quorum: 1 };
  const none = name === "none" ? { witnesses: [...draft.names.values()], quorum: 0 } : undefined;
  const quorum = none ?? alone ?? draft.groups.get(name);
  if (quorum === undefined || more.length > 0) return "a quorum is none, or a name that stands above it";
  if (draft.quorum !== undefined) return "there is one quorum";
  draft.quorum = quorum;
  return undefined;
}

function isTaken({ names, groups }: Draft, name: string): boolean {
  return name === "" || name === "none" || names.has(name) || groups.has(name);
}
