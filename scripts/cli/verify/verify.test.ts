import { test } from "tap";
import { millis } from "../../../shared/kernel/brand.js";
import {
  flipAt,
  forged,
  good,
  mp4Name,
  now,
  options,
  release,
  replaced,
} from "../../../shared/release/forger.contract.js";
import type { ReleaseWish } from "../../../shared/release/release.contract.js";
import { type VerifyRefusal, verifyPackage } from "../../../shared/release/verify.js";
import { reportJson, reportLines } from "./report.js";
import { verifySentence } from "./sentences.js";

const hash = good.authorisation.requestHash;
const { clip } = good.slice.released;
const [, owner] = good.home.members;

test("every reason not to believe a package has a sentence", (t) => {
  const why = { kind: "no-known-signer" } as const;
  const name = "proofs/request";
  const refusals: readonly VerifyRefusal[] = [
    { kind: "not-our-tar", at: 512 },
    ...(["file-missing", "file-unknown", "file-malformed", "sum-differs", "file-differs"] as const).map(
      (kind) => ({
        kind,
        name: "terms.txt",
      }),
    ),
    { kind: "agreement-refused", why: { kind: "other-agency", found: "x" } },
    { kind: "agreement-refused", why: { kind: "no-supervisor" } },
    { kind: "agreement-refused", why: { kind: "not-the-next-agreement", have: 0, found: 2 } },
    { kind: "request-refused", why: { kind: "other-agreement" } },
    { kind: "request-refused", why: { kind: "no-second-signature" } },
    { kind: "charter-refused", index: 0, why },
    { kind: "authorisation-refused", why },
    { kind: "strange-signature" },
    { kind: "signed-for-another", what: "recipient" },
    { kind: "not-by-consent" },
    { kind: "request-against-the-rules", fault: "area-too-large" },
    { kind: "other-charters" },
    { kind: "nobody-who-may-signed" },
    ...(owner === undefined ? [] : [{ kind: "owner-did-not-sign", member: owner.member.id } as const]),
    ...(["camera-not-then", "camera-not-now", "outside-window"] as const).map((kind) => ({ kind, clip })),
    ...(
      ["signed-in-the-future", "hold-too-short", "kept-too-long", "other-terms", "escrow-missing"] as const
    ).map((kind) => ({ kind })),
    ...(["act-of-another", "escrowed-on-hold", "escrowed-too-late", "logged-out-of-order"] as const).map(
      (kind) => ({
        kind,
      }),
    ),
    { kind: "slice-refused", clip, why: { kind: "cut-inside", index: 3 } },
    { kind: "slice-refused", clip, why: { kind: "fragment-differs", index: 3 } },
    { kind: "clip-not-as-authorised", clip, what: "sha256" },
    { kind: "not-one-log", found: 2 },
    { kind: "malformed-policy", line: 1, why: "it has no log" },
    { kind: "proof-refused", name, why: { kind: "too-few-witnesses", found: 1, needed: 2 } },
    { kind: "proof-refused", name, why: { kind: "other-log", found: "elsewhere" } },
    ...(["malformed-proof", "not-in-the-log", "malformed-checkpoint"] as const).map(
      (kind) => ({ kind: "proof-refused", name, why: { kind } }) as const,
    ),
    { kind: "entry-refused", name, why: { kind: "not-utf8" } },
    ...(["entry-of-another", "evidence-missing", "evidence-not-needed", "not-in-the-batch"] as const).map(
      (kind) => ({
        kind,
        name,
      }),
    ),
    { kind: "not-public-long-enough", since: millis(0), asked: now },
    { kind: "signed-by-newcomers", since: millis(0), asked: now },
    { kind: "segment-refused", clip, why },
    { kind: "segment-of-another", clip },
    { kind: "path-refused", name, why: { kind: "bad-field", field: "salt" } },
    { kind: "act-refused", why: { kind: "bad-field", field: "act" } },
  ];
  for (const refusal of refusals) t.match(verifySentence(refusal), /^[A-Za-z].* .*[.?]$/, refusal.kind);
  t.end();
});

test("what was verified is told with what no package can say", (t) => {
  const verified = verifyPackage(good.tar, options);
  if (!verified.ok) return t.fail(verified.error.kind);
  const lines = reportLines(verified.value).join("\n");
  t.match(lines, /Zoë and Ben signed on/);
  t.match(lines, /it existed by 2025-/);
  t.match(lines, /whether another owner stands in a charter's closed lines \(1\)/);
  t.notMatch(lines, /only what this package claims/);
  const claimed = verifyPackage(good.tar, { ...options, policy: undefined });
  t.match(claimed.ok && reportLines(claimed.value).join("\n"), /keys are only what this package claims/);
  t.match(reportJson(verified.value), {
    verified: true,
    log: { believed: true },
    clips: [{ timeCorroborated: true }],
  });
  t.notMatch(JSON.stringify(reportJson(verified.value)), hash);
  t.end();
});

test("where the founder is not among the owners shown, the report says what that leaves open", (t) => {
  const told = (wish: ReleaseWish): string => {
    const verified = verifyPackage(release(wish).tar, options);
    return verified.ok ? reportLines(verified.value).join("\n") : verified.error.kind;
  };
  const home = { release: "any-owner" } as const;
  t.match(told({ home, signers: [1] }), /its founder is not among them/);
  t.notMatch(told({ home, signers: [0] }), /its founder is not among them/);
  t.end();
});

test("a forged picture and a forged consent are told apart", (t) => {
  const told = (tar: Uint8Array): string => {
    const verified = verifyPackage(tar, options);
    return verified.ok ? "verified" : verifySentence(verified.error);
  };
  t.match(
    told(forged(good.tar, mp4Name, flipAt(-1))),
    /is not what its camera signed\. Second 5 of the video/,
  );
  t.match(
    told(forged(good.tar, "authorisation.note", replaced("third-parties yes", "third-parties no"))),
    /authorisation does not hold\. The signature of member-.* does not hold/,
  );
  t.end();
});
