import { test } from "tap";
import { millis } from "../kernel/brand.js";
import { cameraIdOf, householdIdOf, newReleaseId, newRequestId } from "../kernel/ids.js";
import { seededPrng } from "../kernel/prng.js";
import { hashOfText } from "../seal/hash.js";
import { signNote } from "../seal/note.js";
import { formatAgreement, openFirstAgreement, openNextAgreement } from "./agreement.js";
import { type EmergencyClaim, formatClaim, openClaim } from "./emergency.js";
import { openFacts } from "./facts.js";
import { faultSentence } from "./faults.js";
import { good } from "./forger.contract.js";
import { noticeOf } from "./notice.js";
import { formatWord, openWord } from "./ownersword.js";
import { mayReport } from "./pressure.js";
import { formatCustodyWord, openCustodyWord } from "./receipt.js";
import { kantaraRecord } from "./record.js";
import type { RequestFault, VolumeFault } from "./request.js";
import { newAgency } from "./testing.contract.js";

// What people are told, and what papers of the wrong hand, agency or form are refused for.

const now = millis(1_800_000_000_000);
const random = seededPrng(77);
const agency = newAgency(now);
const opened = openFirstAgreement(agency.note);
if (!opened.ok) throw new Error(opened.error.kind);
const agreement = opened.value;
const other = newAgency(now, seededPrng(78));

test("whatever is wrong with a request is said with what would be allowed", (t) => {
  const bound = 7_200_000;
  const said: readonly (readonly [RequestFault | VolumeFault, RegExp])[] = [
    [{ kind: "area-too-small", squareMetres: 10_000, bound: 65_000 }, /1\.0 hectares.* at least 6\.5/],
    [{ kind: "area-too-large", squareMetres: 1_000_000, bound: 650_000 }, /at most 65\.0/],
    [{ kind: "window-too-short", millis: 60_000, bound }, /0\.02 hours.* at least 2\.00/],
    [{ kind: "window-too-long", millis: 3 * bound, bound }, /6\.00 hours.* at most 2\.00/],
    [{ kind: "area-too-wide", metres: 5_000.4, bound: 2_000 }, /over 5000 m.* at most 2000 m/],
    [{ kind: "area-not-convex" }, /turn one way only/],
    [{ kind: "area-too-thin" }, /eight times/],
    [{ kind: "outside-territory" }, /territory/],
    [{ kind: "incident-too-old", bound: 30 * 86_400_000 }, /more than 30 days/],
    [{ kind: "not-yet-over" }, /future/],
    [{ kind: "window-away-from-incident" }, /a day away/],
    [{ kind: "statute-missing" }, /must name the law/],
    [{ kind: "statute-not-needed" }, /other-felony only/],
    [{ kind: "incident-asked-before" }, /no reminder/],
    [{ kind: "too-many-open", bound: 3 }, /has 3 requests open/],
    [{ kind: "too-many-in-30-days", bound: 12 }, /asked 12 times/],
    [{ kind: "same-area-too-soon", until: now }, /again from 2027-01-15/],
  ];
  for (const [fault, words] of said) t.match(faultSentence(fault), words, fault.kind);
  t.end();
});

test("an agreement's next version is the same agency's, and reads", (t) => {
  const next = { ...agreement, version: 2, previous: agreement.hash };
  const signed = (changes: Partial<typeof next>): string =>
    signNote(formatAgreement({ ...next, ...changes }), [agency.supervisor.signer]);
  t.ok(openNextAgreement(agreement, signed({})).ok);
  const foreign = openNextAgreement(agreement, signed({ agency: other.agreement.agency }));
  t.match(foreign, { ok: false, error: { kind: "other-agency" } });
  t.equal(openNextAgreement(agreement, "no agreement\n").ok, false);
  t.end();
});

const claim: EmergencyClaim = {
  ...{ id: newRequestId(now, random), agency: agreement.agency, agreement: agreement.hash, file: "24-119" },
  ...{
    danger: "abduction",
    household: householdIdOf(random.bytes(32)),
    camera: cameraIdOf(random.bytes(32)),
  },
  ...{ from: millis(now - 3_600_000), to: now, recipient: `age1${"q".repeat(58)}`, submitted: now },
};

test("an emergency's claim is signed by two of its own agency", (t) => {
  const both = [agency.officer.signer, agency.supervisor.signer];
  const kindOf = (note: string) => {
    const result = openClaim(note, agreement);
    return result.ok ? "opens" : result.error.kind;
  };
  t.equal(kindOf(signNote(formatClaim(claim), both)), "opens");
  t.not(kindOf("no claim\n"), "opens");
  t.equal(
    kindOf(signNote(formatClaim({ ...claim, agency: other.agreement.agency }), both)),
    "other-agreement",
  );
  t.equal(kindOf(signNote(formatClaim(claim), [other.officer.signer])), "no-known-signer");
  t.equal(kindOf(signNote(formatClaim(claim), [agency.officer.signer])), "no-second-signature");
  t.match(noticeOf(claim, agreement, "en"), /says somebody was abducted|says .* and asks for recordings/);
  t.match(noticeOf(claim, agreement, "fr"), /affirme .* et demande/);
  t.end();
});

test("words of other forms and of other people are none", (t) => {
  t.equal(openWord("no word\n", []).ok, false);
  const hash = hashOfText("x\n");
  const word = { release: newReleaseId(now, random), agency: agreement.agency, package: hash, at: now };
  const note = (signer: typeof agency.officer.signer): string =>
    signNote(formatCustodyWord({ ...word, act: "received", ground: "none" }), [signer]);
  t.equal(openCustodyWord(note(agency.officer.signer), agreement.officers).ok, true);
  t.match(openCustodyWord(note(other.officer.signer), agreement.officers), {
    error: { kind: "no-known-signer" },
  });
  t.match(
    formatWord({ household: claim.household, member: "m" as never, at: now, sealed: hash }),
    /^owners?-?/,
  );
  t.same(
    (["owner", "adult", "contact", "viewer"] as const).map((role) => mayReport(role as never)),
    [true, true, false, false],
  );
  t.end();
});

test("a record says that others or a child are seen", (t) => {
  const facts = openFacts(good.parts);
  if (!facts.ok) return t.fail(facts.error.kind);
  const sensitive = (thirdParties: boolean, child: boolean): readonly unknown[] => {
    const authorisation = { ...facts.value.authorisation, thirdParties, child };
    const record = JSON.parse(kantaraRecord({ ...facts.value, authorisation }));
    return [record.sensitive, ...record.spiCat];
  };
  t.same(sensitive(false, false), [false]);
  t.same(sensitive(true, false), [true, "Third parties"]);
  t.same(sensitive(false, true), [true, "Child"]);
  t.end();
});
