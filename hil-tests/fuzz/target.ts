import { equal, fromUtf8, toUtf8 } from "../../shared/kernel/bytes.js";
import type { Prng } from "../../shared/kernel/prng.js";
import type { Result } from "../../shared/kernel/result.js";
import { vectors } from "../../shared/vectors/vectors.contract.js";

/** A parser that meets foreign bytes, and what must hold of it whatever comes. */
export interface Target {
  readonly name: string;
  /** What it reads, for people. */
  readonly about: string;
  /** How inputs are changed, and under which extension they are kept. */
  readonly form: "text" | "json" | "bytes";
  readonly seeds: readonly Uint8Array[];
  /** Words that its grammar has. */
  readonly words?: readonly string[];
  /** Kinds of refusal that it declares; any other is a find. */
  readonly kinds: readonly string[];
  /** Inputs are never longer. */
  readonly bytesMax?: number;
  /** What it costs beside what its bytes cost, at most. */
  readonly millis?: number;
  /** Another way to change an input than its form's. */
  readonly change?: (input: Uint8Array, other: Uint8Array, chance: Prng) => Uint8Array;
  /** `ok`, or the refusal's kind. Throws where something does not hold that must. */
  readonly run: (input: Uint8Array) => string | Promise<string>;
}

/** A target behind something that was started for it. */
export interface OpenTarget extends Target {
  readonly close: () => Promise<void>;
}

/** Something that must hold does not. */
export class Broken extends Error {}

export function mustHold(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Broken(what);
}

/** A target that reads text: what is not UTF-8 does not reach it, and counts as refused. */
export function textTarget<E extends { readonly kind: string }>(target: {
  readonly name: string;
  readonly about: string;
  readonly seeds: readonly string[];
  readonly words?: readonly string[];
  readonly kinds: readonly E["kind"][];
  readonly form?: "json";
  readonly bytesMax?: number;
  readonly millis?: number;
  readonly run: (text: string) => Result<unknown, E>;
}): Target {
  return {
    ...target,
    form: target.form ?? "text",
    seeds: target.seeds.map(toUtf8),
    kinds: [...target.kinds, "not-utf8"],
    run(input) {
      const text = fromUtf8(input);
      return text.ok ? verdictOf(target.run(text.value)) : text.error;
    },
  };
}

export function verdictOf(result: Result<unknown, { readonly kind: string }>): string {
  return result.ok ? "ok" : result.error.kind;
}

/** The parser of a format with one form only: what it takes is formatted to the same text again. */
export function canonical<T, E extends { readonly kind: string }>(
  parse: (text: string) => Result<T, E>,
  format: (value: T) => string,
): (text: string) => Result<T, E> {
  return (text) => {
    const parsed = parse(text);
    if (parsed.ok) mustHold(format(parsed.value) === text, "what was taken is formatted to another text");
    return parsed;
  };
}

/** A parser that says no more than `undefined`. */
export function orMalformed<T>(
  parse: (text: string) => T | undefined,
): (text: string) => Result<T, { readonly kind: "malformed" }> {
  return (text) => {
    const value = parse(text);
    return value === undefined ? { ok: false, error: { kind: "malformed" } } : { ok: true, value };
  };
}

export function sameBytes(a: Uint8Array, b: Uint8Array, what: string): void {
  mustHold(equal(a, b), what);
}

/** Every text in a file of vectors that begins so. */
export function textsIn(name: string, beginning = ""): readonly string[] {
  const found: string[] = [];
  const gather = (value: unknown): void => {
    if (typeof value === "string" && value.startsWith(beginning)) found.push(value);
    if (typeof value === "object" && value !== null) Object.values(value).forEach(gather);
  };
  gather(vectors(name));
  return [...new Set(found)];
}
