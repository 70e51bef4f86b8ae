import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { Result } from "../../shared/kernel/result.js";
import type { EntryKind, LogEntry } from "../../shared/tlog/entry.js";

/** What a step leads to; the very state of before says that nothing happens. */
export interface Turn<State> {
  readonly state: State;
  /** What the public log says of it before it takes effect; absent where it concerns nobody else, or is logged with others. */
  readonly entry?: Pick<LogEntry, "agency" | "state" | "hash">;
}

/** A course of things that the cloud keeps, with its rules: `step` alone decides what may follow what. */
export interface Machine<State extends Stated, Event, Refusal> {
  /** A report of pressure has no entries of its own: its hour would tell the agency whose it is. */
  readonly kind: EntryKind | "pressure";
  /** `state` is `undefined` before the first event. */
  step(state: State | undefined, event: Event, now: Millis): Result<Turn<State>, Refusal>;
  /** When it moves by itself; absent: never. A deadline that passed while the cloud was away is kept at its next start. */
  deadline(state: State): Millis | undefined;
  /** What happens then. */
  readonly due: Event;
}

/** Every state says which it is, and whom it concerns; by these it is found again. */
export interface Stated {
  readonly kind: string;
  readonly agency?: string;
  readonly household?: string;
}

/** What one person proposed and no second one answered ends after so long: an old word meets no new one. */
const proposedMillisMax = 30 * 24 * 60 * 60_000;

/** When a proposal lapses; those from before they had a time do not. */
export function lapse(proposed: { readonly at?: Millis } | undefined): Millis | undefined {
  return proposed?.at === undefined ? undefined : millis(proposed.at + proposedMillisMax);
}
