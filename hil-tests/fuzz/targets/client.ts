// What a client reads of a cloud that may be hostile, and of files.

import { readFeed } from "../../../scripts/cli/consent/feed.js";
import { emptyState, formatState, parseState } from "../../../scripts/cli/consent/state.js";
import { fieldsOf, UnexpectedAnswer } from "../../../scripts/cli/fields.js";
import { formatSheet, readSheet } from "../../../scripts/cli/member/sheet.js";
import { parseTurns, weekOf } from "../../../scripts/cli/member/week.js";
import { millis } from "../../../shared/kernel/brand.js";
import { toUtf8 } from "../../../shared/kernel/bytes.js";
import { hashOfText } from "../../../shared/seal/hash.js";
import { jsonIn } from "../change.js";
import { mustHold, orMalformed, type Target, textTarget } from "../target.js";

type Malformed = { readonly kind: "malformed" };
const malformed = ["malformed"] as const;
const camera = "27q6bbf6ee5qdzig" as never;
const places = new Map([[camera, { latitude: 4_888_670, longitude: 234_310 }]]);
const sheet = formatSheet({
  ...{ seed: new Uint8Array(32).fill(4), cloudUrl: "https://cloud.example", caHash: hashOfText("ca") },
  ...{ household: camera, member: camera },
});
const evidence = { entry: "entry", proof: "proof" };
const feed = {
  requests: [{ note: "request/v1\nx\nagency a\n", ...evidence }],
  agencies: [{ id: "a", state: "active", agreements: ["note", null], terms: "terms", evidence: [evidence] }],
};

/** A reader that says what is wrong by an exception of its own kind. */
function answers(read: (input: Uint8Array) => void): (input: Uint8Array) => string {
  return (input) => {
    try {
      read(input);
      return "ok";
    } catch (error) {
      if (error instanceof UnexpectedAnswer) return "malformed";
      throw error;
    }
  };
}

export const clientTargets: readonly Target[] = [
  {
    ...{ name: "owners-state", about: "what owners keep among themselves", form: "json", kinds: malformed },
    seeds: [
      emptyState,
      { optedOut: true, places, noes: [], drafts: [{ note: "note", since: millis(0) }] },
    ].map((state) => trimmed(formatState(state))),
    run: answers((input) => {
      const state = parseState(input);
      if (input.length < 8_000) parseState(formatState(state));
    }),
  },
  {
    ...{ name: "feed", about: "the feed of requests as a client reads it", form: "json", kinds: malformed },
    seeds: [toUtf8(JSON.stringify(feed))],
    run: answers((input) => void readFeed(fieldsOf(jsonIn(input), "the feed"), "requests")),
  },
  textTarget<Malformed>({
    ...{ name: "sheet", about: "recovery sheets", seeds: [sheet], kinds: malformed },
    run: orMalformed(readSheet),
  }),
  textTarget<Malformed>({
    ...{ name: "turns", about: "timetables as people type them", kinds: malformed },
    seeds: ["mon-fri 08:00 off", "daily 06:00 record", "sat,sun 22:30 detect"],
    run(text) {
      const turns = parseTurns(text);
      const week = turns.ok ? weekOf(turns.value) : turns;
      mustHold(!week.ok || week.value[0]?.minute === 0, "a week does not begin at its beginning");
      return week.ok ? week : { ok: false, error: { kind: "malformed" } };
    },
  }),
];

function trimmed(padded: Uint8Array): Uint8Array {
  const end = padded.findLastIndex((byte) => byte !== 0x20);
  return padded.slice(0, end + 1);
}
