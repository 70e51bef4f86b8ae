import { test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { memberIdOf, newClipId } from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import type { Reason } from "./decide.js";
import { reasonSentence } from "./sentences.js";

const random = seededPrng(5);
const at = millis(1_800_000_000_000);
const clip = newClipId(at, random);
const member = memberIdOf(random.bytes(32));

test("every reason against a release is one sentence that names what it is about", (t) => {
  const said: readonly (readonly [Reason, RegExp])[] = [
    [{ kind: "never-readable" }, /that is sealed/],
    [{ kind: "not-open", state: "frozen" }, /it is frozen/],
    [{ kind: "agency-may-not-ask", state: "suspended" }, /it is suspended/],
    [{ kind: "not-authorised" }, /Nobody/],
    [{ kind: "signed-for-another", what: "recipient" }, /another recipient/],
    [{ kind: "charter-has-changed" }, /Sign it again/],
    ...(
      [
        ...(["unknown-charter", "camera-not-then", "camera-not-now", "not-in-the-vault"] as const),
        ...(["charter-after-clip", "outside-window", "recorded-too-early", "indoor-camera"] as const),
        "other-camera",
      ] as const
    ).map((kind) => [{ kind, clip }, new RegExp(clip)] as const),
    [{ kind: "missing-signature", member }, new RegExp(member)],
    [{ kind: "owner-not-heard", member }, new RegExp(member)],
    [{ kind: "nobody-who-may-signed" }, /Nobody has signed/],
    [{ kind: "too-few-contacts", found: 1, needed: 2 }, /^1 of the contacts .* takes 2/],
    [{ kind: "contacts-too-early", from: at }, /until 2027-01-15/],
    [{ kind: "answered-already" }, /answered already/],
    [{ kind: "signed-in-the-future" }, /future/],
    [{ kind: "signed-before-it-was-asked" }, /before the household was asked/],
    [{ kind: "open-too-long" }, /longer/],
    [{ kind: "hold-too-short" }, /an hour at least/],
    [{ kind: "kept-too-long" }, /90 days/],
    [{ kind: "expired", at }, /2027-01-15/],
    [{ kind: "on-hold", at }, /rests until 2027-01-15/],
    [{ kind: "agency-on-probation" }, /two operators/],
    [{ kind: "child-visible" }, /two operators/],
  ];
  for (const [reason, words] of said) t.match(reasonSentence(reason), words, reason.kind);
  t.end();
});
