import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "tap";
import { millis } from "../kernel/brand.js";
import { concat, toUtf8 } from "../kernel/bytes.js";
import { seededPrng } from "../kernel/prng.js";
import { cosign, signNote } from "../seal/note.js";
import {
  flipAt,
  forged,
  good,
  mp4Name,
  now,
  options,
  release,
  replaced,
  verdictOn,
} from "./forger.contract.js";
import { newHome } from "./home.contract.js";
import { asked, pack, type ReleaseWish, TestLog } from "./release.contract.js";
import { formatRequest } from "./request.js";
import { readTar } from "./tar.js";
import { day, hour, newAgency, newOfficer, newRequest, signRequest } from "./testing.contract.js";
import { verifyPackage } from "./verify.js";

test("any flipped bit of any file, header and padding is refused", (t) => {
  const { tar } = good;
  const random = seededPrng(3);
  const files = readTar(tar);
  if (!files.ok) return t.fail("not a tar");
  const inFiles = files.value.map(
    ({ bytes }) => bytes.byteOffset - tar.byteOffset + random.between(0, bytes.length),
  );
  const anywhere = Array.from({ length: 600 }, () => random.between(0, tar.length));
  const held = [...inFiles, ...anywhere].filter((at) => {
    const copy = tar.slice();
    copy[at] = (copy[at] ?? 0) ^ (1 << random.between(0, 8));
    return verdictOn(copy) === "verified";
  });
  t.same(held, []);
  t.equal(verdictOn(tar.subarray(0, -512)), "not-our-tar");
  t.equal(verdictOn(concat(tar, new Uint8Array(512))), "not-our-tar");
  t.equal(verdictOn(new Uint8Array()), "not-our-tar");
  t.equal(verdictOn(toUtf8("hello")), "not-our-tar");
  t.end();
});

test("any bit that a forger flips in any file, with the sums made to fit, is refused", (t) => {
  const files = readTar(good.tar);
  if (!files.ok) return t.fail("not a tar");
  const random = seededPrng(4);
  for (const { name, bytes } of files.value.filter((file) => file.name !== "SHA256SUMS"))
    for (const at of [bytes.length - 1, random.between(0, bytes.length)])
      t.not(verdictOn(forged(good.tar, name, flipAt(at))), "verified", `${name} at ${at}`);
  t.end();
});

test("what was authorised for another request, recipient, agency or clip is refused", (t) => {
  const again = signRequest(
    good.agency,
    newRequest(good.agency, millis(asked + hour), { file: "2026/0816" }),
  );
  const edited = signNote(
    formatRequest(newRequest(good.agency, asked, { recipient: `age1${"p".repeat(58)}` })),
    [good.agency.officer.signer, good.agency.supervisor.signer],
  );
  for (const note of [again, edited])
    t.equal(verdictOn(forged(good.tar, "request.note", () => toUtf8(note))), "signed-for-another request");
  const other = newAgency(millis(asked - 40 * day), seededPrng(12));
  t.equal(
    verdictOn(forged(good.tar, "agreement/1.note", () => toUtf8(other.note))),
    "request-refused other-agreement",
  );
  const said = (authorisation: ReleaseWish["authorisation"]): string =>
    verdictOn(release({ ...(authorisation && { authorisation }) }).tar);
  t.equal(said({ recipient: `age1${"p".repeat(58)}` }), "signed-for-another recipient");
  t.equal(said({ agency: other.agreement.agency }), "signed-for-another agency");
  t.equal(said({ purpose: "arson" }), "signed-for-another purpose");
  t.equal(said({ jurisdiction: "us" }), "signed-for-another jurisdiction");
  t.equal(said({ notice: good.authorisation.requestHash }), "signed-for-another notice");
  t.equal(said({ hold: millis(0) }), "hold-too-short");
  t.equal(said({ keep: millis(91 * day) }), "kept-too-long");
  t.equal(said({ signed: millis(now + hour) }), "signed-in-the-future");
  t.equal(said({ expires: asked }), "escrowed-too-late");
  const { released } = good.slice;
  t.equal(said({ clips: [{ ...released, last: released.last + 1 }] }), "clip-not-as-authorised last");
  t.end();
});

test("the charters of then and now must have whose signatures they ask for", (t) => {
  t.equal(verdictOn(release({ signers: [0] }).tar), "owner-did-not-sign");
  const any = { home: { release: "any-owner" } } as const;
  t.equal(verdictOn(release({ ...any, signers: [1] }).tar), "verified");
  t.equal(
    verdictOn(release({ ...any, signers: [1], nextCharter: { release: "all-owners" } }).tar),
    "owner-did-not-sign",
  );
  t.equal(verdictOn(release({ nextCharter: {} }).tar), "verified");
  t.equal(verdictOn(release({ nextCharter: { cameras: [] } }).tar), "camera-not-now");
  const stranger = newHome({ seed: 50 });
  const [first] = stranger.members;
  if (first === undefined) return t.fail("nobody");
  const cosigned = cosign(good.parts.authorisation, first.signer);
  t.equal(verdictOn(forged(good.tar, "authorisation.note", () => toUtf8(cosigned))), "strange-signature");
  const alone = signNote(
    good.parts.authorisation.slice(0, good.parts.authorisation.lastIndexOf("\n\n") + 1),
    [first.signer],
  );
  t.equal(
    verdictOn(forged(good.tar, "authorisation.note", () => toUtf8(alone))),
    "authorisation-refused no-known-signer",
  );
  const open = JSON.stringify(good.home.chain[1]);
  t.equal(verdictOn(forged(good.tar, "charters/1.json", () => toUtf8(open))), "file-differs charters/1.json");
  const [old] = good.home.chain;
  t.equal(
    verdictOn(pack({ ...good.parts, charters: [...(old ? [old] : []), ...good.parts.charters] })),
    "other-charters",
  );
  t.end();
});

test("two clips of one release cannot take each other's place", (t) => {
  const two = release({ clips: 2 });
  t.equal(verdictOn(two.tar), "verified");
  const [one, other] = two.parts.clips;
  if (one === undefined || other === undefined) return t.fail("no two clips");
  const with_ = (changes: Partial<typeof one>): string =>
    verdictOn(pack({ ...two.parts, clips: [{ ...one, ...changes }, other] }));
  const { mp4, manifest, init, segments } = other;
  // The same film twice: its seconds are alike, and still each is signed for its own clip.
  t.equal(with_({ manifest }), "clip-not-as-authorised clip");
  t.equal(with_({ mp4, manifest, init, segments }), "clip-not-as-authorised clip");
  t.match(with_({ segments }), /^segment-of-another/);
  t.equal(with_({ mp4: one.init }), "slice-refused init-differs");
  const repeated = forged(two.tar, "authorisation.note", replaced(other.clip, one.clip));
  t.match(verdictOn(repeated), /^(file-malformed|authorisation-refused)/);
  t.end();
});

test("new people of an agency count as its two after 30 days, and new terms are asked under after 30 days", (t) => {
  const issued = millis(asked - 2 * day);
  // One supervisor's key could name another person at once, and sign in both names.
  const newcomer = newOfficer("officer", "Mallory", seededPrng(66));
  const { supervisor, officer } = newAgency(issued);
  const named = { nextAgreement: { issued, officers: [supervisor, officer, newcomer] }, newcomer };
  t.equal(verdictOn(release(named).tar), "signed-by-newcomers");
  const second = newOfficer("supervisor", "Trent", seededPrng(67));
  const both = { ...named, nextAgreement: { issued, officers: [second, newcomer, supervisor] } };
  t.equal(verdictOn(release(both).tar), "signed-by-newcomers");
  const people = release({ nextAgreement: { issued } });
  t.equal(verdictOn(people.tar), "verified");
  const [newer] = people.parts.agreementEvidence;
  const alone = { ...people.parts, agreementEvidence: newer === undefined ? [] : [newer] };
  t.match(verdictOn(pack(alone)), /^evidence-missing proofs\/agreement-2/);
  t.match(verdictOn(pack({ ...alone, agreementEvidence: [] })), /^evidence-missing proofs\/agreement-1/);
  t.equal(
    verdictOn(release({ nextAgreement: { issued, name: "Police de Paris" } }).tar),
    "not-public-long-enough",
  );
  t.end();
});

test("a release outside its request's window, or under a request against the rules, is refused", (t) => {
  const from = millis(asked - day + 2_000);
  t.equal(verdictOn(release({ request: { from, to: millis(from + hour) } }).tar), "outside-window");
  t.equal(
    verdictOn(release({ request: { from: millis(asked - 2 * day), to: asked } }).tar),
    "request-against-the-rules",
  );
  t.end();
});

test("the public log must have had everything in its time", (t) => {
  t.equal(verdictOn(release({ publicFor: 29 * day }).tar), "not-public-long-enough");
  const late = verifyPackage(release({ loggedAfter: 8 * day }).tar, options);
  t.equal(late.ok && late.value.clips[0]?.timeCorroborated, false);
  const other = new TestLog(seededPrng(42)).policy;
  t.equal(verdictOn(good.tar, { policy: other }), "proof-refused no-known-signer proofs/request");
  const strangers = { ...options.policy, witnesses: other.witnesses, log: good.log.policy.log, quorum: 1 };
  t.equal(verdictOn(good.tar, { policy: strangers }), "proof-refused too-few-witnesses proofs/request");
  const swapped = {
    ...good.parts,
    requestEvidence: good.parts.footageEvidence[0] ?? good.parts.requestEvidence,
  };
  t.equal(verdictOn(pack(swapped)), "entry-of-another proofs/request");
  const { requestEvidence } = good.parts;
  const foreign = { ...requestEvidence, proof: good.parts.charterEvidence[0]?.proof ?? "" };
  t.equal(
    verdictOn(pack({ ...good.parts, requestEvidence: foreign })),
    "proof-refused not-in-the-log proofs/request",
  );
  const [clip] = good.parts.clips;
  if (clip === undefined) return t.fail("no clip");
  const withSegments = (segments: (typeof clip)["segments"]): string =>
    verdictOn(pack({ ...good.parts, clips: [{ ...clip, segments }] }));
  t.match(withSegments([]), /^evidence-missing clips/);
  t.match(withSegments([...clip.segments].reverse()), /^segment-of-another/);
  const [one, two] = clip.segments;
  if (one === undefined || two === undefined) return t.fail("no segments");
  t.match(withSegments([{ ...one, path: two.path }]), /^not-in-the-batch/);
  const foreignClip = release({ home: { seed: 60 } }).parts.clips[0]?.segments ?? [];
  t.match(withSegments(foreignClip), /^segment-refused no-known-signer/);
  const twice = {
    ...good.parts,
    footageEvidence: [...good.parts.footageEvidence, ...good.parts.footageEvidence],
  };
  t.equal(verdictOn(pack(twice)), "evidence-not-needed proofs/footage-2");
  const { escrow } = release({ authorisation: { hold: millis(2 * day) } }).parts;
  t.match(verdictOn(pack({ ...good.parts, ...(escrow && { escrow }) })), /^act-of-another/);
  t.end();
});

/** What the commands in HOWTO.txt print, run by a shell where the package was unpacked; a line each. */
function byHand(tar: Uint8Array): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "lintel-howto-"));
  try {
    writeFileSync(join(folder, "package.tar"), tar);
    execFileSync("tar", ["-xf", "package.tar"], { cwd: folder });
    const commands = "grep '^    ' HOWTO.txt | sed 's/^    //' > commands.sh; sh commands.sh 2>&1; true";
    return execFileSync("sh", ["-c", commands], { cwd: folder, encoding: "utf8" }).trim().split("\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("by hand, with openssl and sha256sum, the same package holds, and a forger's does not", (t) => {
  const said = byHand(good.tar);
  t.same(
    said.filter((line) => !line.endsWith("OK")),
    [],
  );
  for (const [what, count] of [
    [/^request\.note signed by officer-/, 2],
    [/^authorisation\.note signed by member-/, 2],
    [/^manifest\.note signed by camera-/, 1],
    [/\.mp4 line \d+: OK$/, 5],
  ] as const)
    t.equal(said.filter((line) => what.test(line)).length, count, `${what}`);
  const roles = ["owner", "owner", "contact", "contact"] as const;
  const contacts = { home: { roles }, emergency: {}, signers: [2, 3], wordsAfter: [hour / 2, hour / 2] };
  const theirs = byHand(release({ ...contacts, authorisation: { hold: millis(0) } }).tar);
  t.same(
    theirs.filter((line) => !line.endsWith("OK")),
    [],
  );
  t.equal(theirs.filter((line) => /^authorisation\.note signed by member-/.test(line)).length, 2);
  t.equal(theirs.filter((line) => /^words\/\d\.note signed by member-/.test(line)).length, 2);
  const picture = byHand(forged(good.tar, mp4Name, flipAt(-1)));
  t.ok(picture.some((line) => line.endsWith("line 8 DIFFERS")));
  const consent = byHand(
    forged(good.tar, "authorisation.note", replaced("third-parties yes", "third-parties no")),
  );
  t.equal(consent.filter((line) => line.startsWith("authorisation.note NOT signed by")).length, 2);
  t.end();
});
