import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { AgencyId, CameraId, HouseholdId, OfficerId } from "../../shared/kernel/ids.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { sealedHash } from "../../shared/release/sealedfacts.js";
import { type Hash, hashOfText } from "../../shared/seal/hash.js";
import { lapse, type Machine, type Turn } from "../docket/machine.js";
import type { CallBack } from "./preservation.js";
import { type ItemFault, match, type ProcessItem, type ProcessType } from "./scope.js";

const day = 24 * 60 * 60_000;
/** What an owner has to ask a court, where the process names no date of return. */
const returnMillis = 10 * day;
/** For so long the agency may fetch what was produced. */
const fetchMillis = 14 * day;
/** A court may forbid to tell the household for no longer at a time. */
const gagMillisMax = 366 * day;

/** A warrant, court order or subpoena from its receipt to its end. */
export interface LegalProcess extends Received {
  readonly kind:
    | "received"
    | "authenticated"
    | "scoped"
    | "narrowed"
    | "rejected"
    | "challenged"
    | "due"
    | "produced"
    | "nothing-held"
    | "withdrawn"
    | "closed";
  readonly calledBy?: OfficerId;
  /** What one operator wants, and a second one must want too. */
  readonly proposed?: Proposal & { readonly at?: Millis };
  /** Of `items`, by their place: what is handed over. */
  readonly kept: readonly number[];
  /** When the household is told: at once, or when a court's gag ends. Once set it is never taken away. */
  readonly noticeAt?: Millis;
  readonly notified: boolean;
  /** When what is held is handed over, and then until when it can be fetched. */
  readonly dueAt?: Millis;
}

export interface Received {
  readonly agency: AgencyId;
  readonly by: OfficerId;
  readonly file: string;
  readonly type: ProcessType;
  readonly items: readonly ProcessItem[];
  /** Whose cameras they are; absent where this cloud knows none of them. */
  readonly household?: HouseholdId;
  readonly returnBy?: Millis;
  /** Until when a court forbids to tell the household. */
  readonly gagUntil?: Millis;
  readonly receivedAt: Millis;
  readonly salt: string;
}

export interface Proposal {
  readonly by: OfficerId;
  readonly verdict: "produce" | "reject" | "challenge";
  readonly keep: readonly number[];
}

export type ProcessEvent =
  | ({ readonly kind: "receive" } & Omit<Received, "receivedAt">)
  | ({ readonly kind: "authenticate"; readonly by: OfficerId } & CallBack)
  | { readonly kind: "deny"; readonly by: OfficerId }
  | ({ readonly kind: "propose" } & Proposal)
  /** About the very proposal that was looked at. */
  | { readonly kind: "confirm" | "object"; readonly by: OfficerId; readonly proposal: Hash }
  | { readonly kind: "withdraw"; readonly by: OfficerId }
  /** How many clips there are of what is due. */
  | { readonly kind: "count"; readonly clips: number }
  | { readonly kind: "clock" };

export interface ProcessRefusal {
  readonly kind:
    | "not-its-turn"
    | "other-number"
    | "second-person-needed"
    | "proposal-changed"
    | "wider-than-the-process"
    | "gag-without-court-or-date";
}

export const processMachine: Machine<LegalProcess, ProcessEvent, ProcessRefusal> = {
  kind: "legal",
  due: { kind: "clock" },
  step,
  deadline(process) {
    const times = [noticeDue(process), handOver(process), lapse(process.proposed)].filter(
      (time) => time !== undefined,
    );
    return times.length === 0 ? undefined : millis(Math.min(...times));
  },
};

/** By which the second operator's word names what the first one wants. */
export function proposalHash({ by, verdict, keep }: Proposal): Hash {
  return hashOfText(`proposal/v1\n${by}\n${verdict}\n${keep.join(" ")}\n`);
}

/** Whether the cloud keeps what the process reaches. */
export function keepsFor({ kind }: LegalProcess): boolean {
  return ["scoped", "narrowed", "challenged", "due", "produced"].includes(kind);
}

/** What of the process reaches nothing, and why. */
export function faultsOf({ type, items }: Received): readonly (ItemFault | undefined)[] {
  return items.map((item) => match(type, item));
}

type Outcome = Result<Turn<LegalProcess>, ProcessRefusal>;
const no = (kind: ProcessRefusal["kind"]): Outcome => refuse({ kind });
const waiting: readonly LegalProcess["kind"][] = ["authenticated", "challenged", "scoped", "narrowed"];

function noticeDue({ noticeAt, notified }: LegalProcess): Millis | undefined {
  return notified ? undefined : noticeAt;
}

function handOver({ kind, dueAt }: LegalProcess): Millis | undefined {
  return kind === "scoped" || kind === "narrowed" || kind === "produced" ? dueAt : undefined;
}

function step(process: LegalProcess | undefined, event: ProcessEvent, now: Millis): Outcome {
  if (event.kind === "receive") return process === undefined ? receive(event, now) : no("not-its-turn");
  if (process === undefined) return no("not-its-turn");
  switch (event.kind) {
    case "clock":
      return byTheClock(process, now);
    case "authenticate":
    case "deny":
      return calledBack(process, event);
    case "propose":
      return propose(process, event, now);
    case "confirm":
    case "object":
      return answer(process, event, now);
    case "count":
      return counted(process, event.clips, now);
    case "withdraw":
      return [...waiting, "received"].includes(process.kind)
        ? logged({ ...without(process), kind: "withdrawn" })
        : no("not-its-turn");
  }
}

function receive(event: ProcessEvent & { readonly kind: "receive" }, now: Millis): Outcome {
  const { kind: _, ...received } = event;
  const { gagUntil, type } = received;
  const dated = gagUntil === undefined || (gagUntil > now && gagUntil - now <= gagMillisMax);
  if (!dated || (gagUntil !== undefined && type === "subpoena")) return no("gag-without-court-or-date");
  return logged({ ...received, receivedAt: now, kind: "received", kept: [], notified: false });
}

function calledBack(
  process: LegalProcess,
  event: ProcessEvent & { readonly kind: "authenticate" | "deny" },
): Outcome {
  if (process.kind !== "received") return no("not-its-turn");
  if (event.kind === "deny") return logged({ ...process, kind: "rejected", calledBy: event.by });
  if (event.called !== event.registered) return no("other-number");
  const { gagUntil } = process;
  const later = gagUntil === undefined ? {} : { noticeAt: gagUntil };
  return logged({ ...process, ...later, kind: "authenticated", calledBy: event.by });
}

/** An operator may hand over less than the process reaches, never more. */
function propose(
  process: LegalProcess,
  event: ProcessEvent & { readonly kind: "propose" },
  now: Millis,
): Outcome {
  if (!waiting.includes(process.kind)) return no("not-its-turn");
  const { kind: _, ...proposed } = event;
  const faults = faultsOf(process);
  const reaches = (at: number): boolean => at < faults.length && faults[at] === undefined;
  if (proposed.verdict === "produce" && !proposed.keep.every(reaches)) return no("wider-than-the-process");
  return ok({ state: { ...process, proposed: { ...proposed, at: now } } });
}

function answer(
  process: LegalProcess,
  event: ProcessEvent & { readonly kind: "confirm" | "object" },
  now: Millis,
): Outcome {
  const { proposed } = process;
  if (proposed === undefined || !waiting.includes(process.kind)) return no("not-its-turn");
  if (proposalHash(proposed) !== event.proposal) return no("proposal-changed");
  if (event.kind === "object") return ok({ state: without(process) });
  if (event.by === proposed.by) return no("second-person-needed");
  const rest = without(process);
  if (proposed.verdict === "reject" || (proposed.verdict === "produce" && proposed.keep.length === 0))
    return logged({ ...rest, kind: "rejected", kept: [] });
  const noticeAt = rest.noticeAt ?? now;
  const told = { noticeAt, notified: rest.notified || noticeAt <= now };
  if (proposed.verdict === "challenge") return logged({ ...rest, ...told, kind: "challenged" });
  const whole = proposed.keep.length === process.items.length;
  const dueAt = returnOf(process, now);
  return logged({ ...rest, ...told, dueAt, kept: proposed.keep, kind: whole ? "scoped" : "narrowed" });
}

/** The date of return, where the process names one that is to come; else ten days from when the household could know. */
function returnOf({ returnBy }: LegalProcess, now: Millis): Millis {
  return returnBy !== undefined && returnBy > now ? returnBy : millis(now + returnMillis);
}

function byTheClock(process: LegalProcess, now: Millis): Outcome {
  const noticeAt = noticeDue(process);
  if (noticeAt !== undefined && noticeAt <= now) return logged({ ...process, notified: true }, "notified");
  const dueAt = handOver(process);
  const lapsesAt = lapse(process.proposed);
  if (dueAt === undefined || dueAt > now)
    return lapsesAt !== undefined && lapsesAt <= now ? ok({ state: without(process) }) : no("not-its-turn");
  return logged({ ...without(process), kind: process.kind === "produced" ? "closed" : "due" });
}

function counted(process: LegalProcess, clips: number, now: Millis): Outcome {
  if (process.kind !== "due") return no("not-its-turn");
  if (clips === 0) return logged({ ...process, kind: "nothing-held" });
  return logged({ ...process, kind: "produced", dueAt: millis(now + fetchMillis) });
}

function without({ proposed: _, ...process }: LegalProcess): LegalProcess {
  return process;
}

/** While a gag lasts strangers see no more than a hash; the household makes it from the salt that its notice brings. */
function logged(state: LegalProcess, says: string = state.kind): Outcome {
  const { salt, household = "none", file, type, items, kept } = state;
  const facts = {
    household,
    file,
    type,
    items: items.map(itemText).join("; "),
    kept: kept.join(" "),
    state: says,
  };
  return ok({ state, entry: { agency: state.agency, state: says, hash: sealedHash(salt, facts) } });
}

function itemText({ data, camera, from, to }: ProcessItem): string {
  return `${data} ${camera ?? "none"} ${from ?? 0} ${to ?? 0}`;
}

/** The camera and window of each item that is handed over. */
export function keptItems({ items, kept }: LegalProcess): readonly KeptItem[] {
  return kept.flatMap((at) => {
    const { data, camera, from, to } = items[at] ?? {};
    return data === undefined || camera === undefined || from === undefined || to === undefined
      ? []
      : [{ at, data, camera, from, to }];
  });
}

interface KeptItem {
  readonly at: number;
  readonly data: ProcessItem["data"];
  readonly camera: CameraId;
  readonly from: Millis;
  readonly to: Millis;
}
