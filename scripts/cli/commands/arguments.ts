import { InvalidArgumentError } from "commander";
import { allModes, isName, type Mode } from "../../../shared/charter/lines.js";
import type { Result } from "../../../shared/kernel/result.js";
import { type Hash, isHash } from "../../../shared/seal/hash.js";

const shareHoursMax = 30 * 24;

export function listed(word: string, before: readonly string[] = []): readonly string[] {
  return [...before, word];
}

/** Without what was not said. */
export function given(words: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(words).flatMap(([name, word]) => (word ? [[name, word]] : [])));
}

export function countUpTo(max: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (Number.isInteger(count) && count >= 1 && count <= max) return count;
    throw new InvalidArgumentError(`it must be a number from 1 to ${max}`);
  };
}

/** For an option that may be given again. */
export function collect<T>(
  parse: (text: string) => Result<T, string>,
  max: number,
): (text: string, before?: readonly T[]) => readonly T[] {
  return (text, before = []) => {
    const parsed = parse(text);
    if (!parsed.ok) throw new InvalidArgumentError(`${parsed.error}.`);
    if (before.length === max) throw new InvalidArgumentError(`there are more than ${max}.`);
    return [...before, parsed.value];
  };
}

/** As the API writes times; without a zone it is this computer's. */
export function timeOf(text: string): string {
  const time = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00` : text);
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(time)) return new Date(time).toISOString();
  throw new InvalidArgumentError("it must be a day or a time, such as 2026-11-21 or 2026-11-21T18:00Z.");
}

/** As a cloud says it when it is ready. */
export function caHashOf(text: string): Hash {
  if (isHash(text)) return text;
  throw new InvalidArgumentError(
    "it is no hash: 44 characters of base64, the caHash in the line that the cloud prints when it is ready.",
  );
}

export function named(text: string): string {
  if (isName(text)) return text;
  throw new InvalidArgumentError("it must have 1 to 64 characters, without a space at an end.");
}

/** A zone that this computer's tables have; the camera's have it as well, or it keeps to the strictest. */
export function zoneOf(text: string): string {
  try {
    return new Intl.DateTimeFormat("en-GB", { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    throw new InvalidArgumentError("it is no time zone, such as Europe/Berlin or UTC.");
  }
}

export function modesOf(text: string): readonly Mode[] {
  const words = text.split(",");
  const modes = allModes.filter((mode) => words.includes(mode));
  if (modes.length === words.length) return modes;
  throw new InvalidArgumentError("it must be some of off, detect, record, each once.");
}

export function hoursOf(text: string): number {
  const [, count = "", unit = ""] = /^(\d{1,3})([hd])$/.exec(text) ?? [];
  const hours = Number(count) * (unit === "d" ? 24 : 1);
  if (hours >= 1 && hours <= shareHoursMax) return hours;
  throw new InvalidArgumentError("it must be hours or days, such as 24h or 7d, 30d at most");
}

export function yesOrNo(text: string): boolean {
  if (text === "yes" || text === "no") return text === "yes";
  throw new InvalidArgumentError("it must be yes or no.");
}
