// How inputs are changed: by what their form has, so that most still reach what lies behind the first check.
import { concat, fromUtf8, toUtf8 } from "../../shared/kernel/bytes.js";
import type { Prng } from "../../shared/kernel/prng.js";

type Change<T> = (input: T, other: T, chance: Prng) => T;

/** Numbers at which arithmetic, limits and formats change. */
const numbers = [
  ...["0", "-0", "1", "-1", "2", "00", "01", "+1", "1.5", "1e3", "0x10", "255", "256", "65535", "65536"],
  ...["2147483647", "2147483648", "4294967295", "4294967296", "9007199254740991", "9007199254740992"],
  ...["99999999999999999999", "1e308", "1e309", "NaN", "Infinity", "١"],
];
/** Texts that languages, terminals and people read otherwise than they look. */
const strange = [
  ...["", " ", "  ", "\n", "\n\n", "\r\n", "\t", "\0", "\u001b[2J", "\u007f", "\u0085", "\u00a0", "\u2028"],
  ...["\u202e", "\ufeff", "\ud83d\ude00", "é", "e\u0301", "ſ", "İ", "=", "==", "+", "/", "-", "_", ".", ","],
  ...[";", ":", '"', "'", "\\", "%", "%00", "%2e%2e", "../", "$1", "— ", "`", "<b>", "{}", "[]", "null"],
  ...["__proto__", "constructor", "toString", "prototype", "hasOwnProperty", "none", "all", "any"],
];
const words32 = [0, 1, 7, 8, 9, 15, 16, 255, 256, 1000, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff];
/** Longest run that one change adds. */
const runMax = 2_000;

export function pick<T>(all: readonly T[], chance: Prng): T | undefined {
  return all[chance.between(0, all.length)];
}

/** One to four changes, and never more than `bytesMax`. */
export function changed(
  input: Uint8Array,
  other: Uint8Array,
  how: { readonly change: Change<Uint8Array>; readonly bytesMax: number; readonly chance: Prng },
): Uint8Array {
  let now = input;
  for (let left = how.chance.between(1, 5); left > 0; left--) now = how.change(now, other, how.chance);
  return now.subarray(0, how.bytesMax);
}

export function changeText(words: readonly string[]): Change<Uint8Array> {
  const changes = [...lineChanges, ...letterChanges, wordChange([...words, ...strange]), numberChange];
  return (input, other, chance) => {
    const [text, second] = [fromUtf8(input), fromUtf8(other)];
    const change = pick(changes, chance);
    if (!text.ok || !second.ok || change === undefined || chance.next() < 0.05)
      return changeBytes(input, other, chance);
    const now = change(text.value, second.value, chance);
    return toUtf8(now);
  };
}

const lineChanges: readonly Change<string>[] = [
  inLines((lines, at) => lines.toSpliced(at, 1)),
  inLines((lines, at) => lines.toSpliced(at, 0, lines[at] ?? "")),
  inLines((lines, at, chance) =>
    lines.toSpliced(at, 1).toSpliced(chance.between(0, lines.length), 0, lines[at] ?? ""),
  ),
  inLines((lines, at, chance) =>
    lines.toSpliced(at, 0, ...Array.from({ length: chance.between(2, runMax) }, () => lines[at] ?? "")),
  ),
  (text, other, chance) => {
    const [lines, others] = [text.split("\n"), other.split("\n")];
    return lines
      .toSpliced(chance.between(0, lines.length), chance.between(0, 2), pick(others, chance) ?? "")
      .join("\n");
  },
];

function inLines(
  change: (lines: readonly string[], at: number, chance: Prng) => readonly string[],
): Change<string> {
  return (text, _other, chance) => {
    const lines = text.split("\n");
    return change(lines, chance.between(0, lines.length), chance).join("\n");
  };
}

const letterChanges: readonly Change<string>[] = [
  atPlace((_letter, chance) => pick(strange, chance) ?? ""),
  atPlace((letter, chance) => letter + (pick(strange, chance) ?? "")),
  atPlace((letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase())),
  atPlace((letter, chance) => letter.repeat(chance.between(2, runMax))),
  atPlace(() => ""),
  atPlace((letter, chance) => String.fromCharCode(letter.charCodeAt(0) ^ (1 << chance.between(0, 7)))),
];

function atPlace(change: (letter: string, chance: Prng) => string): Change<string> {
  return (text, _other, chance) => {
    const at = chance.between(0, text.length);
    return text.slice(0, at) + change(text.charAt(at), chance) + text.slice(at + 1);
  };
}

/** A word for another: the grammar's, a strange one, or one of another input. */
function wordChange(words: readonly string[]): Change<string> {
  const ofWord = /[^\s.,;:/]+/g;
  return (text, other, chance) => {
    const found = pick([...text.matchAll(ofWord)], chance);
    if (found === undefined) return text + (pick(words, chance) ?? "");
    const theirs = pick([...other.matchAll(ofWord)], chance)?.[0];
    const word = chance.next() < 0.5 ? theirs : pick(words, chance);
    return text.slice(0, found.index) + (word ?? "") + text.slice(found.index + found[0].length);
  };
}

function numberChange(text: string, _other: string, chance: Prng): string {
  const found = pick([...text.matchAll(/\d+/g)], chance);
  if (found === undefined) return text;
  const near = `${Number(found[0]) + (pick([-1, 1], chance) ?? 0)}`;
  const number = chance.next() < 0.3 ? near : (pick(numbers, chance) ?? "");
  return text.slice(0, found.index) + number + text.slice(found.index + found[0].length);
}

/** A value anywhere in a JSON text for another. */
export function changeJson(words: readonly string[]): Change<Uint8Array> {
  const asText = changeText(words);
  return (input, other, chance) => {
    const [value, second] = [jsonIn(input), jsonIn(other)];
    if (value === undefined || chance.next() < 0.15) return asText(input, other, chance);
    return toUtf8(JSON.stringify(changedValue(value, second ?? null, { words, chance })) ?? "");
  };
}

interface ValueChance {
  readonly words: readonly string[];
  readonly chance: Prng;
}

/** `undefined` for what is none. */
export function jsonIn(bytes: Uint8Array): unknown {
  const text = fromUtf8(bytes);
  try {
    return text.ok ? JSON.parse(text.value) : undefined;
  } catch {
    return undefined;
  }
}

export function changedValue(value: unknown, other: unknown, how: ValueChance): unknown {
  const { chance } = how;
  if (typeof value !== "object" || value === null || chance.next() < 0.1)
    return anotherValue(value, other, how);
  if (Array.isArray(value)) return changedList(value, other, how);
  const entries = Object.entries(value);
  if (entries.length === 0) return { other };
  const at = chance.between(0, entries.length);
  const [key = "", inside] = entries[at] ?? [];
  const fields = chance.next();
  if (fields < 0.1) return Object.fromEntries(entries.toSpliced(at, 1));
  // A key such as `__proto__` comes from a parser as the object's own, which only this makes here.
  if (fields < 0.2) return Object.fromEntries([...entries, [pick(strange, chance) ?? "", inside]]);
  return Object.fromEntries(entries.with(at, [key, changedValue(inside, other, how)]));
}

function changedList(list: readonly unknown[], other: unknown, how: ValueChance): readonly unknown[] {
  const { chance } = how;
  const at = chance.between(0, list.length);
  const shape = chance.next();
  if (list.length === 0 || shape < 0.1) return [...list, other];
  if (shape < 0.2) return list.toSpliced(at, 1);
  if (shape < 0.3) return [...list, ...Array.from({ length: chance.between(1, runMax) }, () => list[at])];
  return list.with(at, changedValue(list[at], other, how));
}

function anotherValue(value: unknown, other: unknown, { words, chance }: ValueChance): unknown {
  const text = typeof value === "object" ? JSON.stringify(value) : `${value}`;
  const makers: readonly (() => unknown)[] = [
    () => null,
    () => other,
    () => [value],
    () => ({ value }),
    () => pick([0, -1, 1.5, 2 ** 31, 2 ** 53, 1e308, true, false], chance),
    () => pick(words, chance) ?? "",
    () => pick(strange, chance),
    () => text.repeat(chance.between(1, runMax)).slice(0, 100_000),
    () => text + (pick(strange, chance) ?? ""),
    () => numberChange(text, "", chance),
    () => (typeof value === "number" ? value + 1 : text.slice(0, -1)),
  ];
  return pick(makers, chance)?.();
}

/** Bits, bytes, 32-bit numbers and stretches. */
export function changeBytes(input: Uint8Array, other: Uint8Array, chance: Prng): Uint8Array {
  const at = chance.between(0, input.length + 1);
  const to = Math.min(at + chance.between(1, 64), input.length);
  const [before, stretch, after] = [input.subarray(0, at), input.subarray(at, to), input.subarray(to)];
  const start = chance.between(0, other.length + 1);
  const theirs = other.subarray(start, start + chance.between(1, 256));
  const makers: readonly (() => Uint8Array)[] = [
    () =>
      concat(
        before,
        stretch.map((byte, place) => (place === 0 ? byte ^ (1 << chance.between(0, 8)) : byte)),
        after,
      ),
    () =>
      concat(
        before,
        stretch.map((byte, place) => (place === 0 ? chance.between(0, 256) : byte)),
        after,
      ),
    () => withWord(input, Math.max(0, at - (at % 4)), pick(words32, chance) ?? 0),
    () => withWord(input, at, pick(words32, chance) ?? 0),
    () => concat(before, after),
    () => concat(before, stretch, stretch, after),
    () => concat(before, theirs, after),
    () => concat(before, theirs, stretch, after),
    () => before.slice(),
    () => concat(before, chance.bytes(chance.between(1, 16)), stretch, after),
  ];
  return pick(makers, chance)?.() ?? input;
}

export function withWord(input: Uint8Array, at: number, word: number): Uint8Array {
  if (at + 4 > input.length) return input;
  const copy = input.slice();
  new DataView(copy.buffer).setUint32(at, word);
  return copy;
}
