import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { HouseholdId, OfficerId } from "../../shared/kernel/ids.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { sealedHash } from "../../shared/release/sealedfacts.js";
import type { Machine, Turn } from "../docket/machine.js";

/** What of a household's metadata an operator may ask to see. Nothing of it opens a clip, and no kind of it is a clip. */
export const metadataKinds = ["cameras", "clips", "members", "storage"] as const;
export type MetadataKind = (typeof metadataKinds)[number];

/** An access lasts no longer, whatever was asked for. */
export const accessMinutesMax = 60;
/** A request that no second operator has answered ends. */
const answerMillisMax = 24 * 60 * 60_000;

/** An operator's look at one household's metadata. */
export type Access = Asked &
  (
    | { readonly kind: "requested" }
    | { readonly kind: "refused" | "lapsed"; readonly second?: OfficerId }
    | { readonly kind: "active"; readonly second: OfficerId; readonly until: Millis }
    | { readonly kind: "expired"; readonly second: OfficerId; readonly until: Millis }
    | {
        readonly kind: "reviewed";
        readonly second: OfficerId;
        readonly until: Millis;
        readonly reviewer: OfficerId;
        readonly finding: Finding;
      }
  );

/** What the reviewer says of what was looked at. */
export type Finding = "in-order" | "not-in-order";

export interface Asked {
  readonly household: HouseholdId;
  readonly by: OfficerId;
  readonly ticket: string;
  readonly scope: readonly MetadataKind[];
  readonly minutes: number;
  readonly askedAt: Millis;
  /** Known to the household: with it the public log's entries are theirs to check. */
  readonly salt: string;
}

export type AccessEvent =
  | ({ readonly kind: "request" } & Omit<Asked, "askedAt">)
  | { readonly kind: "approve" | "refuse" | "end"; readonly by: OfficerId }
  | { readonly kind: "review"; readonly by: OfficerId; readonly finding: Finding }
  | { readonly kind: "clock" };

export interface AccessRefusal {
  readonly kind: "second-person-needed" | "not-its-turn";
}

export const accessMachine: Machine<Access, AccessEvent, AccessRefusal> = {
  kind: "operator",
  due: { kind: "clock" },
  step,
  deadline(access) {
    if (access.kind === "requested") return millis(access.askedAt + answerMillisMax);
    return access.kind === "active" ? access.until : undefined;
  },
};

function step(
  access: Access | undefined,
  event: AccessEvent,
  now: Millis,
): Result<Turn<Access>, AccessRefusal> {
  if (event.kind === "request") {
    if (access !== undefined) return refuse({ kind: "not-its-turn" });
    const { kind: _, ...asked } = event;
    const minutes = Math.min(asked.minutes, accessMinutesMax);
    return logged({ ...asked, minutes, askedAt: now, kind: "requested" });
  }
  if (access?.kind === "requested") return answered(access, event, now);
  if (access?.kind === "active") return ended(access, event, now);
  if (access?.kind === "expired" && event.kind === "review") {
    if (event.by === access.by) return refuse({ kind: "second-person-needed" });
    return logged({ ...access, kind: "reviewed", reviewer: event.by, finding: event.finding });
  }
  return refuse({ kind: "not-its-turn" });
}

function answered(
  access: Access & { readonly kind: "requested" },
  event: AccessEvent,
  now: Millis,
): Result<Turn<Access>, AccessRefusal> {
  if (event.kind === "clock") return logged({ ...access, kind: "lapsed" });
  if (event.kind !== "approve" && event.kind !== "refuse") return refuse({ kind: "not-its-turn" });
  if (event.by === access.by) return refuse({ kind: "second-person-needed" });
  if (event.kind === "refuse") return logged({ ...access, kind: "refused", second: event.by });
  const until = millis(now + access.minutes * 60_000);
  return logged({ ...access, kind: "active", second: event.by, until });
}

/** By the clock, or earlier by any operator. */
function ended(
  access: Access & { readonly kind: "active" },
  event: AccessEvent,
  now: Millis,
): Result<Turn<Access>, AccessRefusal> {
  if (event.kind === "clock") return logged({ ...access, kind: "expired" });
  if (event.kind !== "end") return refuse({ kind: "not-its-turn" });
  return logged({ ...access, kind: "expired", until: now });
}

/** Each step stands in the log; whose household it is, only the parties find there. */
function logged(state: Access): Result<Turn<Access>, never> {
  return ok({ state, entry: { agency: "none", state: state.kind, hash: accessHash(state) } });
}

/** What the log's entry of this state commits to. */
export function accessHash({ salt, household, by, ticket, scope, kind }: Access) {
  return sealedHash(salt, { household, by, ticket, scope: scope.join(" "), state: kind });
}

/** Whether the operator may look at this now. */
export function mayRead(access: Access, by: OfficerId, wanted: MetadataKind, now: Millis): boolean {
  return access.kind === "active" && access.by === by && now < access.until && access.scope.includes(wanted);
}
