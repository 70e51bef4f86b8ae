import { test } from "tap";
import { millis } from "../kernel/brand.js";
import { concat, equal, toUtf8 } from "../kernel/bytes.js";
import { hashOfText } from "../seal/hash.js";
import { textOf } from "../seal/note.js";
import { parseEntry } from "../tlog/entry.js";
import { faultInConsent } from "./consent.js";
import type { Evidence } from "./evidence.js";
import { openFacts } from "./facts.js";
import {
  type Edit,
  flipAt,
  forged,
  gone,
  good,
  mp4Name,
  now,
  options,
  release,
  replaced,
  small,
  verdictOn,
} from "./forger.contract.js";
import { filmed, newHome } from "./home.contract.js";
import { withEscrow } from "./package.js";
import { asked, pack, type ReleaseWish } from "./release.contract.js";
import { slice } from "./slice.js";
import { readTar, writeTar } from "./tar.js";
import { day, hour } from "./testing.contract.js";
import { firstDifference } from "./unpack.js";
import { verifyPackage } from "./verify.js";

test("a package verifies offline to its last byte, and the same parts give the same bytes", (t) => {
  const verified = verifyPackage(good.tar, options);
  if (!verified.ok) return t.fail(JSON.stringify(verified.error));
  const { clips, signers, standing, logIsBelieved, charters } = verified.value;
  t.same(
    signers.map(({ name }) => name),
    ["Zoë", "Ben"],
  );
  t.match(clips, [{ released: good.slice.released, timeCorroborated: true, kept: 7 }]);
  t.equal(standing.agreement, asked - 31 * day);
  t.equal(standing.request, asked);
  t.equal(standing.escrow?.act.package.length, 44);
  t.equal(logIsBelieved, true);
  t.equal(charters[0]?.kept, 1, "the adult's line stays closed");
  t.ok(equal(pack(good.parts), good.tar));
  t.equal(verdictOn(good.tar, { policy: undefined }), "verified", "by the package's own claim of the log");
  t.equal(verdictOn(release({ audio: true }).tar), "verified");
  const { escrow: _, ...packed } = good.parts;
  t.equal(verdictOn(pack(packed), { stage: "packed" }), "verified");
  const { escrow } = good.parts;
  if (escrow === undefined) return t.fail("without its escrow");
  t.same(withEscrow(pack(packed), escrow), { ok: true, value: good.tar }, "the escrow's proof comes later");
  t.match(withEscrow(good.tar.subarray(1), escrow), { ok: false, error: { kind: "not-our-tar" } });
  t.end();
});

test("a forger who makes the sums fit is refused for what he did to the picture", (t) => {
  const { mp4 } = good.slice;
  const box = concat(Uint8Array.of(0, 0, 0, 8), toUtf8("free"));
  const swapped = slice(filmed(newHome({ seed: 99 }), small, millis(asked - day)), {
    first: 0,
    last: 4,
    audio: false,
  });
  const manifest = mp4Name.replace(".mp4", ".manifest.json");
  for (const [why, name, edit, verdict] of [
    ["flipped bit", mp4Name, flipAt(-1), "slice-refused fragment-differs"],
    ["extra box", mp4Name, (bytes) => concat(bytes, box), "slice-refused not-an-mp4"],
    ["cut short", mp4Name, (bytes) => bytes.subarray(0, 9_000), "slice-refused not-an-mp4"],
    ["another camera's", mp4Name, () => swapped?.mp4, "slice-refused fragments-missing"],
    [
      "another camera's manifest",
      manifest,
      () => toUtf8(JSON.stringify(swapped?.manifest)),
      "slice-refused manifest-refused",
    ],
    [
      "edited manifest",
      manifest,
      replaced("trigger press", "trigger motion"),
      "slice-refused manifest-refused",
    ],
    ["init", mp4Name.replace(".mp4", ".init.mp4"), flipAt(-1), "slice-refused"],
  ] as readonly (readonly [string, string, Edit, string])[])
    t.match(verdictOn(forged(good.tar, name, edit)), new RegExp(`^${verdict}`), why);
  const elsewhere = release({ filmedFor: newHome({ seed: 99 }).charter.household });
  t.equal(verdictOn(elsewhere.tar, { policy: elsewhere.log.policy }), "signed-for-another household");
  t.equal(mp4.length > 9_000, true);
  t.end();
});

test("a file too many, too few, or other than follows from what was signed is refused by its name", (t) => {
  for (const name of ["proofs/request.proof", "authorisation.note", mp4Name, "HOWTO.txt", "escrow.entry"])
    t.equal(verdictOn(forged(good.tar, name, gone)), `file-missing ${name}`);
  t.equal(verdictOn(forged(good.tar, "charters/1.json", gone)), "authorisation-refused no-known-signer");
  t.equal(verdictOn(forged(good.tar, "agreement/1.note", gone)), "agreement-refused not-the-next-agreement");
  t.equal(verdictOn(forged(good.tar, "proofs/charter-1.entry", gone)), "file-unknown proofs/charter-1.proof");
  t.equal(verdictOn(forged(good.tar, "escrow.act", gone)), "file-unknown escrow.path");
  const files = readTar(good.tar);
  if (!files.ok) return t.fail("not a tar");
  const [first, ...rest] = files.value;
  if (first === undefined) return t.fail("empty");
  t.equal(verdictOn(writeTar([first, ...rest, first])), "file-unknown HOWTO.txt");
  t.equal(verdictOn(writeTar([...rest, { name: "more.txt", bytes: first.bytes }])), "sum-differs terms.txt");
  t.equal(
    verdictOn(writeTar([...files.value, { name: "more.txt", bytes: first.bytes }])),
    "file-unknown more.txt",
  );
  for (const name of [
    "declaration.txt",
    "custody.txt",
    "record.json",
    "record.jsonld",
    "record.kantara.json",
  ])
    t.equal(verdictOn(forged(good.tar, name, flipAt(-3))), `file-differs ${name}`);
  t.equal(verdictOn(forged(good.tar, "terms.txt", flipAt(0))), "other-terms");
  t.equal(
    verdictOn(forged(good.tar, "charters/1.json", replaced('"note"', ' "note"'))),
    "file-malformed charters/1.json",
  );
  const { escrow: _, ...packed } = good.parts;
  t.equal(verdictOn(pack(packed)), "escrow-missing");
  t.end();
});

test("a package that answers an emergency is about its one outdoor camera and its household, and need not have rested", (t) => {
  const answer = (emergency: NonNullable<ReleaseWish["emergency"]>, more: ReleaseWish = {}) =>
    release({ ...more, emergency, authorisation: { hold: millis(0), ...more.authorisation } });
  const { tar, home } = answer({});
  const verified = verifyPackage(tar, options);
  if (!verified.ok) return t.fail(JSON.stringify(verified.error));
  t.match(verified.value.request, { danger: "abduction" });
  const files = readTar(tar);
  const told = files.ok ? files.value.find(({ name }) => name === "custody.txt")?.bytes : undefined;
  t.match(new TextDecoder().decode(told), /asked by emergency [0-9a-f-]{36}, file 24-119/);
  t.equal(verdictOn(forged(tar, "proofs/request.salt", gone)), "evidence-missing proofs/request.salt");
  t.equal(verdictOn(forged(tar, "proofs/request.salt", flipAt(0))), "entry-of-another proofs/request");
  const salted = { ...good.parts, requestEvidence: { ...good.parts.requestEvidence, salt: "salt" } };
  t.equal(verdictOn(pack(salted)), "evidence-not-needed proofs/request.salt", "a request's line needs none");
  const other = newHome({ seed: 99 });
  t.match(verdictOn(answer({ camera: other.camera.id }).tar), /^other-camera/);
  const stranger = answer({ household: other.charter.household }).tar;
  t.equal(verdictOn(stranger), "signed-for-another household");
  const early = { from: millis(asked - 4 * day) };
  t.equal(verdictOn(answer(early).tar), "request-against-the-rules");
  const outside = { from: millis(asked - 2 * hour), to: millis(asked - hour) };
  t.match(verdictOn(answer(outside).tar), /^outside-window/);
  t.match(verdictOn(answer({}, { signers: [0] }).tar), /^owner-did-not-sign/);
  const moved = answer({}, { nextCharter: { cameras: [{ ...home.camera, place: "indoor" }] } }).tar;
  t.match(verdictOn(moved), /^indoor-camera/, "by the charter in force when they signed");
  t.end();
});

test("contacts' answer shows two of them, and of each owner a word since the question; a forger of either is refused", (t) => {
  const roles = ["owner", "owner", "contact", "contact", "contact"] as const;
  const minute = 60_000;
  const [own, more] = [{ roles }, { emergency: {}, signers: [2, 3], wordsAfter: [35 * minute, minute] }];
  const answer = (wish: ReleaseWish = {}) =>
    release({ home: own, ...more, ...wish, authorisation: { hold: millis(0), ...wish.authorisation } });
  const whole = answer();
  const verified = verifyPackage(whole.tar, options);
  if (!verified.ok) return t.fail(JSON.stringify(verified.error));
  t.same(
    verified.value.signers.map(({ name }) => name),
    ["Cleo", "Dan"],
  );
  t.equal(
    verified.value.charters[0]?.kept,
    1,
    "the third contact's line stays closed, both owners' are shown",
  );
  const said = (wish: ReleaseWish): string => verdictOn(answer(wish).tar);
  t.equal(
    said({ home: { roles, release: "any-owner" } }),
    "verified",
    "each owner is shown, whoever may release",
  );
  t.equal(said({ signers: [2] }), "too-few-contacts");
  t.equal(said({ nextCharter: { members: whole.home.charter.members.slice(0, 3) } }), "too-few-contacts");
  t.equal(said({ wordsAfter: [minute] }), "owner-not-heard");
  t.equal(said({ wordsAfter: [minute, -minute] }), "word-before-question");
  t.equal(said({ wordsAfter: [minute, 71 * minute] }), "word-after-signing");
  t.equal(said({ authorisation: { signed: millis(asked + 24 * minute) } }), "contacts-too-early");
  t.throws(() => answer({ signers: [0, 2] }), /strange-signature/, "an owner's yes is no contact's");
  t.throws(() => answer({ signers: [0, 1] }), /no-known-signer/);
  const request = { home: own, signers: [2, 3], wordsAfter: [minute, minute] };
  t.equal(verdictOn(release(request).tar), "not-by-consent", "a request is none of theirs");
  const [annas = "", bens = ""] = whole.parts.words ?? [];
  const beside = (words: readonly string[]): string => verdictOn(pack({ ...whole.parts, words }));
  t.equal(beside([annas]), "other-words");
  t.equal(beside([annas, bens, bens]), "other-words");
  t.equal(beside([bens, annas]), "other-words");
  const hashes = [annas, bens, bens].map((note) => hashOfText(textOf(note)));
  const named = answer({ authorisation: { words: hashes } }).parts;
  t.equal(verdictOn(pack({ ...named, words: [annas, bens, bens] })), "other-words", "one word twice");
  t.equal(beside(answer({ wordsAfter: [2, 3] }).parts.words ?? []), "other-words", "other ones of theirs");
  t.equal(verdictOn(forged(whole.tar, "words/1.note", gone)), "file-unknown words/2.note");
  t.equal(verdictOn(forged(whole.tar, "words/2.note", gone)), "other-words");
  const later = replaced(`at ${asked + minute}`, `at ${asked + 2 * minute}`);
  t.equal(verdictOn(forged(whole.tar, "words/2.note", later)), "word-refused forged-signature");
  t.equal(verdictOn(pack({ ...good.parts, words: [] })), "verified");
  const foreign = () =>
    pack({ ...good.parts, words: [answer({ home: { roles, seed: 7 } }).parts.words?.[0] ?? ""] });
  t.throws(foreign, /word-refused/, "in a package of owners' consent, too");
  t.end();
});

test("what stands in the log in another order, or not at all, proves nothing", (t) => {
  const { parts, log } = good;
  const again = (evidence: Evidence): Evidence => {
    const entry = parseEntry(toUtf8(evidence.entry));
    if (!entry.ok) throw new Error("no entry");
    return log.append(entry.value);
  };
  const [agreed = parts.requestEvidence] = parts.agreementEvidence;
  const { escrow } = parts;
  if (escrow === undefined) return t.fail("no escrow");
  const early = escrow.act.replace(/^at .*$/m, `at ${good.authorisation.signed}`);
  for (const [changes, verdict] of [
    [{ requestEvidence: again(parts.requestEvidence) }, "logged-out-of-order"],
    [{ agreementEvidence: [again(agreed)] }, "logged-out-of-order"],
    [{ agreementEvidence: [] }, "evidence-missing proofs/agreement-1"],
    [{ charterEvidence: [] }, "evidence-missing proofs/charter-1"],
    [
      { charterEvidence: [...parts.charterEvidence, ...parts.charterEvidence] },
      "evidence-not-needed proofs/charter-2",
    ],
    [{ escrow: { ...escrow, act: early } }, "escrowed-on-hold"],
    [{ policy: parts.policy.replace(/^log .*\n/m, "") }, "not-one-log"],
  ] as const)
    t.equal(verdictOn(pack({ ...parts, ...changes })), verdict);
  const unwitnessed = { ...log.policy, witnesses: [], quorum: 0 };
  t.equal(verdictOn(good.tar, { policy: unwitnessed }), "verified", "whoever believes the log alone");
  t.end();
});

test("sums that are gone, unreadable or too many are refused, and other cameras and other owners", (t) => {
  const files = readTar(good.tar);
  if (!files.ok) return t.fail("not a tar");
  const withSums = (edit: Edit): Uint8Array =>
    writeTar(
      files.value.flatMap(({ name, bytes }) => {
        const edited = name === "SHA256SUMS" ? edit(bytes) : bytes;
        return edited === undefined ? [] : [{ name, bytes: edited }];
      }),
    );
  t.equal(verdictOn(withSums(gone)), "file-missing SHA256SUMS");
  t.equal(verdictOn(withSums(() => Uint8Array.of(255))), "sum-differs HOWTO.txt");
  t.equal(verdictOn(withSums((bytes) => concat(bytes, toUtf8("x\n")))), "sum-differs SHA256SUMS");
  t.equal(firstDifference([], files.value), files.value[0]?.name);
  const [clip] = good.authorisation.clips;
  const camera = newHome({ seed: 99 }).camera.id;
  const clips = clip === undefined ? [] : [{ ...clip, camera }];
  t.equal(verdictOn(release({ authorisation: { clips } }).tar), "camera-not-then");
  t.equal(verdictOn(release({ nextCharter: { cameras: [] } }).tar), "camera-not-now");
  const facts = openFacts(good.parts);
  if (!facts.ok) return t.fail(facts.error.kind);
  const charters = facts.value.charters.map((one) => ({ ...one, members: [] }));
  t.match(faultInConsent({ ...facts.value, charters }, now), { kind: "nobody-who-may-signed" });
  t.end();
});

test("a tar has one form, and leads nowhere but below its folder", (t) => {
  const bytes = toUtf8("x");
  t.same(readTar(writeTar([{ name: "a/b.txt", bytes }])), { ok: true, value: [{ name: "a/b.txt", bytes }] });
  t.same(readTar(writeTar([])), { ok: true, value: [] });
  for (const name of ["../x", "/x", "a//b", ".x", "a/../b", "x".repeat(101), "", "é"])
    t.throws(() => writeTar([{ name, bytes }]), /does not fit/, name);
  t.end();
});
