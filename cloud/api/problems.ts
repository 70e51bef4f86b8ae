import { askingProblems } from "./problems/asking.js";
import { householdProblems } from "./problems/households.js";
import { officeProblems } from "./problems/offices.js";

/**
 * Every refusal that leaves the API: kind → status, title, and the sentence that says what to do next. The kinds are stable,
 * as `type` URIs (RFC 9457 §3.1.1): clients decide by them.
 */
export const problems = { ...askingProblems, ...householdProblems, ...officeProblems } as const;

export type ProblemKind = keyof typeof problems;

/** What goes away by itself or with the operator's help: a client comes again after so many seconds, unless it was told others. */
export const retryAfterSeconds: { readonly [Kind in ProblemKind]?: number } = {
  "storage-full": 60,
  "storage-failed": 10,
  unavailable: 10,
  "log-behind": 30,
  "sign-in-busy": 5,
};

/** A refusal on its way to the client; the error handler makes the document of it. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  /** What exactly was wrong, a sentence each. */
  readonly reasons: readonly string[];
  constructor(kind: ProblemKind, reasons: readonly string[] = []) {
    super(kind);
    this.kind = kind;
    this.reasons = reasons;
  }
}

interface Outcome<T> {
  readonly ok: true;
  readonly value: T;
}
interface Refused {
  readonly ok: false;
  readonly error: { readonly kind: ProblemKind };
}

/** The value, or the refusal as a problem. */
export function demand<T>(result: Outcome<T> | Refused): T {
  if (!result.ok) throw new Problem(result.error.kind);
  return result.value;
}

/** The value, or the one answer to "not there" and "not yours". */
export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Problem("not-there");
  return value;
}

export function problemType(kind: ProblemKind): string {
  return `urn:lintel:problem:${kind}`;
}
