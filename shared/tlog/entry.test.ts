import { test } from "tap";
import { millis } from "../kernel/brand.js";
import { toUtf8 } from "../kernel/bytes.js";
import { hashOfText } from "../seal/hash.js";
import { flippedBits, vectors } from "../vectors/vectors.contract.js";
import { formatEntry, type LogEntry, parseEntry } from "./entry.js";

interface Vectors {
  readonly valid: readonly { readonly text: string; readonly entry: LogEntry }[];
  readonly invalid: readonly { readonly why: string; readonly text: string; readonly kind: string }[];
}
const known = vectors<Vectors>("entry");
const request: LogEntry = {
  kind: "request",
  id: "req-2026-1",
  at: millis(1_795_000_000_000),
  agency: "springfield",
  state: "published",
  hash: hashOfText("a request"),
};

test("every entry/v1 of the vectors reads as its values, and the values as that text", (t) => {
  for (const { text, entry } of known.valid) {
    t.same(parseEntry(toUtf8(text)), { ok: true, value: entry });
    t.same(formatEntry(entry), toUtf8(text));
  }
  t.end();
});

test("every entry/v1 that the vectors call wrong is refused for its reason", (t) => {
  for (const { why, text, kind } of known.invalid) {
    const parsed = parseEntry(toUtf8(text));
    t.equal(parsed.ok ? "read" : parsed.error.kind, kind, why);
  }
  t.same(parseEntry(Uint8Array.of(0xff)), { ok: false, error: { kind: "not-utf8" } });
  t.end();
});

test("a flipped bit is refused, or is another entry", (t) => {
  const bytes = formatEntry(request);
  for (const flipped of flippedBits(bytes, 1)) {
    const parsed = parseEntry(flipped);
    if (parsed.ok) t.strictNotSame(parsed.value, request);
  }
  t.end();
});

test("nothing is written that nobody could read", (t) => {
  for (const [field, value] of [
    ["id", "two\nlines"],
    ["id", "Ada Lovelace"],
    ["agency", "a\u001b[2J"],
    ["state", ""],
    ["hash", "none"],
    ["at", -1],
  ] as const)
    t.throws(() => formatEntry({ ...request, [field]: value }), /no canonical form/);
  t.end();
});
