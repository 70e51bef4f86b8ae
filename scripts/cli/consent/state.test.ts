import { test } from "tap";
import { millis } from "../../../shared/kernel/brand.js";
import { toUtf8 } from "../../../shared/kernel/bytes.js";
import { cameraIdOf, householdIdOf, type MemberId, memberIdOf } from "../../../shared/kernel/ids.js";
import { seededPrng } from "../../../shared/kernel/prng.js";
import { type Hash, hashOfText } from "../../../shared/seal/hash.js";
import { emptyState, formatState, noesOf, parseState } from "./state.js";
import { type HeardWord, newestOf, saysTo } from "./words.io.js";

const camera = cameraIdOf(seededPrng(1).bytes(32));
const [ada, bea] = [memberIdOf(seededPrng(2).bytes(32)), memberIdOf(seededPrng(3).bytes(32))];
const state = {
  optedOut: true,
  places: new Map([[camera, { latitude: 4_888_670, longitude: 234_310 }]]),
  drafts: [{ note: "authorisation/v1\n", since: millis(1_800_000_000_000) }],
  noes: [{ member: ada, claim: hashOfText("a claim") }],
};

test("the owners' state is read as it was written", (t) => {
  t.same(parseState(formatState(state)), state);
  t.same(parseState(formatState(emptyState)), emptyState);
  t.throws(
    () => formatState({ ...state, drafts: [{ note: "x".repeat(70_000), since: millis(0) }] }),
    /larger than its file/,
  );
  for (const text of ["", "null", "[]", "{}", "{"])
    t.throws(() => parseState(toUtf8(text)), /the owners' state/, text);
  t.end();
});

test("an owner's no is in that owner's word, and in no co-owner's", (t) => {
  t.same(noesOf(state, ada), [hashOfText("a claim")]);
  t.same(noesOf(state, bea), []);
  t.end();
});

test("an owner who opted out stays so, whatever later versions of this file hold and whatever a feature is called", (t) => {
  const later = {
    v: 7,
    optedOut: true,
    places: [],
    drafts: [],
    community: { helping: true },
    requests: "on",
  };
  t.equal(parseState(toUtf8(JSON.stringify(later))).optedOut, true);
  const again = parseState(formatState(parseState(toUtf8(JSON.stringify(later)))));
  t.equal(again.optedOut, true);
  t.end();
});

test("an owner's no counts in whichever of their words it stands, and else their newest is theirs, in any order", (t) => {
  const claim = hashOfText("a claim");
  const ask = { claim, asked: millis(20) };
  const word = (member: MemberId, at: number, noes: readonly Hash[] = []): HeardWord => ({
    ...{ member, at: millis(at), noes, note: `${at}`, hash: hashOfText(`${at}`) },
    ...{ household: householdIdOf(seededPrng(4).bytes(32)), sealed: claim },
  });
  const words = [word(ada, 21, [claim]), word(ada, 22), word(bea, 19), word(bea, 23)];
  for (const heard of [newestOf(words), newestOf(words.toReversed())]) {
    t.same([saysTo(heard.get(ada), ask), saysTo(heard.get(bea), ask)], ["no", "silent"]);
    t.same([heard.get(ada)?.note, heard.get(bea)?.note], ["22", "23"]);
  }
  t.end();
});
