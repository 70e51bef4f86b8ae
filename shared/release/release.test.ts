import { test } from "tap";
import { millis } from "../kernel/brand.js";
import {
  cameraIdOf,
  householdIdOf,
  memberIdOf,
  newClipId,
  newReleaseId,
  newRequestId,
} from "../kernel/ids.js";
import { seededPrng } from "../kernel/prng.js";
import { hashOfText } from "../seal/hash.js";
import { signNote, verifierOf } from "../seal/note.js";
import { formatAct, parseAct } from "./act.js";
import {
  type Agreement,
  bindsAsBefore,
  formatAgreement,
  formatOfficer,
  openAgreementChain,
  openFirstAgreement,
  openNextAgreement,
  parseOfficer,
} from "./agreement.js";
import {
  type Area,
  areaCornersMax,
  cellsOf,
  contains,
  formatArea,
  formatDegrees,
  liesWithin,
  parseArea,
  parseDegrees,
  squareMetres,
} from "./area.js";
import {
  type Authorisation,
  formatAuthorisation,
  openAuthorisation,
  parseAuthorisation,
} from "./authorisation.js";
import {
  bucketOf,
  floor,
  floorPolicy,
  jurisdictions,
  type PolicyKey,
  readPolicy,
  workingDaysAfter,
} from "./floor.js";
import { noticeHash, noticeOf } from "./notice.js";
import { type Asked, faultsOf, formatRequest, openRequest, parseRequest, volumeFaultsOf } from "./request.js";
import { day, hour, newAgency, newOfficer, newRequest, signRequest, square } from "./testing.contract.js";

const now = millis(1_800_000_000_000);
const agency = newAgency(millis(now - 40 * day));
const opened = openFirstAgreement(agency.note);
if (!opened.ok) throw new Error(JSON.stringify(opened.error));
const agreement = opened.value;

test("a policy may tighten each rule, and loosen none", (t) => {
  t.same(readPolicy({}), { ok: true, value: floorPolicy });
  for (const [rule, { value, is }] of Object.entries(floor)) {
    const [tighter, looser] = is === "most" ? [value - 1, value + 1] : [value + 1, value - 1];
    const policy = readPolicy({ [rule]: tighter });
    t.equal(policy.ok && policy.value[rule as PolicyKey], tighter, rule);
    const refused = { ok: false, error: { kind: "looser-than-the-floor", rule, floor: value } };
    t.same(readPolicy({ [rule]: looser }), refused, rule);
  }
  t.same(readPolicy({ gifts: 1 }), { ok: false, error: { kind: "unknown-rule", rule: "gifts" } });
  for (const value of ["1", Number.NaN, 1.5, -1, null])
    t.same(readPolicy({ holdCut: value }), { ok: false, error: { kind: "not-a-number", rule: "holdCut" } });
  t.ok(jurisdictions.fr.retentionMax < jurisdictions.eu.retentionMax);
  t.same([0, 1, 9, 10, 24, 25, 49, 50, 9_999].map(bucketOf), [
    "none",
    "under-10",
    "under-10",
    "from-10",
    "from-10",
    "from-25",
    "from-25",
    "from-50",
    "from-50",
  ]);
  const friday = millis(Date.UTC(2026, 10, 20, 15));
  t.equal(workingDaysAfter(friday, 1), Date.UTC(2026, 10, 23, 15), "Monday");
  t.equal(workingDaysAfter(friday, 10), Date.UTC(2026, 11, 4, 15));
  t.end();
});

test("an area is measured on the ground, and read in one form only", (t) => {
  const area = square(400);
  t.ok(Math.abs(squareMetres(area) - 160_000) < 1_600, `${squareMetres(area)}`);
  t.same(parseArea(formatArea(area)), area);
  t.ok(contains(area, { latitude: 4_888_670, longitude: 234_310 }));
  t.notOk(contains(area, { latitude: 4_889_670, longitude: 234_310 }));
  t.ok(liesWithin(area, agreement.territory));
  t.notOk(liesWithin(square(400, 4_888_670, 500_000), agreement.territory));
  t.ok(cellsOf(area).length <= 4);
  t.same(parseDegrees("48.8867, 2.3431"), { latitude: 4_888_670, longitude: 234_310 });
  t.equal(formatDegrees({ latitude: -4_888_670, longitude: 234_310 }), "-48.88670, 2.34310");
  const many = Array.from({ length: areaCornersMax + 1 }, (_, at) => `${at},0`).join(";");
  for (const text of [
    "",
    "1,2;3,4",
    "1,2;3,4;5",
    "1,2;3,4;5,6,7",
    "01,2;3,4;5,6",
    "-0,1;2,3;4,5",
    "9000001,0;1,1;2,2",
    many,
  ])
    t.equal(parseArea(text), undefined, text.slice(0, 30));
  for (const text of ["48.8", "north, east", "91, 0", "1,2,3"]) t.equal(parseDegrees(text), undefined, text);
  t.end();
});

test("an agreement's chain is signed by a supervisor of the version before", (t) => {
  const next: Agreement = { ...agency.agreement, version: 2, previous: agreement.hash, issued: now };
  const note = signNote(formatAgreement(next), [agency.supervisor.signer]);
  const chain = openAgreementChain([agency.note, note]);
  t.ok(chain.ok && chain.value.length === 2);
  t.ok(bindsAsBefore(agency.agreement, next));
  t.notOk(bindsAsBefore(agency.agreement, { ...next, territory: square(30_000) }));
  const byOfficer = signNote(formatAgreement(next), [agency.officer.signer]);
  t.same(openNextAgreement(agreement, byOfficer), { ok: false, error: { kind: "no-known-signer" } });
  const skipped = signNote(formatAgreement({ ...next, version: 3 }), [agency.supervisor.signer]);
  const refused = { kind: "not-the-next-agreement", have: 1, found: 3 };
  t.same(openNextAgreement(agreement, skipped), { ok: false, error: refused });
  t.same(openAgreementChain([]), { ok: false, error: { kind: "not-the-next-agreement", have: 0, found: 0 } });
  const headless = { ...next, officers: [agency.officer] };
  t.same(openNextAgreement(agreement, signNote(formatAgreement(headless), [agency.supervisor.signer])), {
    ok: false,
    error: { kind: "no-supervisor" },
  });
  t.end();
});

test("nobody founds an agency's record under another's id", (t) => {
  const stranger = newOfficer("supervisor", "Stan Stranger", seededPrng(3));
  const posed = { ...agency.agreement, officers: [stranger, agency.officer] };
  t.same(openFirstAgreement(signNote(formatAgreement(posed), [stranger.signer])), {
    ok: false,
    error: { kind: "other-agency", found: agency.agreement.agency },
  });
  const unsigned = signNote(formatAgreement(agency.agreement), [stranger.signer]);
  t.same(openFirstAgreement(unsigned), { ok: false, error: { kind: "no-known-signer" } });
  const twice = { ...agency.agreement, officers: [agency.supervisor, agency.officer, agency.officer] };
  t.same(openFirstAgreement(signNote(formatAgreement(twice), [agency.supervisor.signer])), {
    ok: false,
    error: { kind: "repeated-officer", id: agency.officer.id },
  });
  t.end();
});

test("an agreement's every field has its refusal", (t) => {
  const wrong: Readonly<Record<string, Partial<Record<keyof Agreement, unknown>>>> = {
    name: { name: " padded" },
    kind: { kind: "secret-police" },
    jurisdiction: { jurisdiction: "xx" },
    territory: { territory: [] },
    phone: { phone: "0123" },
    terms: { terms: "no hash" },
    version: { version: 0 },
    previous: { previous: agreement.hash },
  };
  // A bow tie, a line there and back, a corner twice.
  const [a, b, c, d] = agreement.territory;
  for (const territory of [
    [a, c, b, d],
    [a, b, a],
    [a, a, b, c],
  ] as Area[]) {
    const text = formatAgreement({ ...agency.agreement, territory });
    t.match(openFirstAgreement(signNote(text, [agency.supervisor.signer])), {
      error: { field: "territory" },
    });
  }
  for (const [field, change] of Object.entries(wrong)) {
    const text = formatAgreement({ ...agency.agreement, ...change } as Agreement);
    t.same(openFirstAgreement(signNote(text, [agency.supervisor.signer])), {
      ok: false,
      error: { kind: "bad-field", field },
    });
  }
  const line = formatOfficer(agency.officer);
  t.equal(parseOfficer(line)?.id, agency.officer.id);
  for (const bad of [line.replace(" officer ", " chief "), line.slice(0, -13), line.replace("=", "")])
    t.equal(parseOfficer(bad), undefined, bad);
  t.end();
});

test("a request needs an officer and another person, a supervisor", (t) => {
  const request = newRequest(agency, now);
  const text = formatRequest(request);
  const found = openRequest(signRequest(agency, request), agreement);
  t.same(found, { ok: true, value: { ...request, hash: hashOfText(text) } });
  const { supervisor, officer } = agency;
  for (const signers of [[supervisor.signer], [officer.signer]])
    t.same(openRequest(signNote(text, signers), agreement), {
      ok: false,
      error: { kind: "no-second-signature" },
    });
  const other = formatRequest({ ...request, agreement: hashOfText("another\n") });
  t.same(openRequest(signNote(other, [officer.signer, supervisor.signer]), agreement), {
    ok: false,
    error: { kind: "other-agreement" },
  });
  const edited = signRequest(agency, request).replace("category burglary", "category theft");
  t.equal(openRequest(edited, agreement).ok, false);
  t.end();
});

test("what a request may not ask is told, each with its bound", (t) => {
  const faults = (changes: Parameters<typeof newRequest>[2]): readonly string[] =>
    faultsOf(newRequest(agency, now, changes), agreement, floorPolicy).map(({ kind }) => kind);
  const happened = millis(now - day);
  t.same(faults({}), []);
  t.same(faults({ area: square(250) }), ["area-too-small"]);
  t.same(faults({ area: square(820) }), ["area-too-large"]);
  t.same(faults({ area: square(820), category: "missing-or-endangered-person" }), []);
  t.same(faults({ area: square(1_200), category: "missing-or-endangered-person" }), ["area-too-large"]);
  const middle = { latitude: 4_888_670, longitude: 234_310 };
  const corner = (north: number, east: number) => ({
    latitude: middle.latitude + north,
    longitude: middle.longitude + east,
  });
  const line = [corner(0, 0), corner(0, 8_000), corner(20, 8_000), corner(20, 0)];
  t.same(
    faults({ area: line }),
    ["area-too-wide", "area-too-thin"],
    "a thin line through the town is no area",
  );
  const bow = [corner(0, 0), corner(800, 1_200), corner(800, 0), corner(0, 700)];
  t.same(faults({ area: bow }), ["area-not-convex"], "lobes do not count against each other");
  const spike = [
    corner(0, 0),
    corner(0, 500),
    corner(200, 500),
    corner(201, 1_500),
    corner(202, 500),
    corner(400, 500),
    corner(400, 0),
  ];
  t.same(faults({ area: spike }), ["area-not-convex"], "no spike singles out a house");
  t.same(faults({ from: happened, to: millis(happened + 14 * 60_000) }), ["window-too-short"]);
  t.same(faults({ from: happened, to: millis(happened + 7 * hour) }), ["window-too-long"]);
  t.same(faults({ area: square(400, 4_888_670, 500_000) }), ["outside-territory"]);
  t.same(faults({ happened: millis(now - 2 * day - 2 * hour) }), ["window-away-from-incident"]);
  t.same(faults({ to: millis(now + 1), from: millis(now - hour) }), ["not-yet-over"]);
  t.same(faults({ category: "other-felony" }), ["statute-missing"]);
  t.same(faults({ statute: "Art. 222-1" }), ["statute-not-needed"]);
  t.same(faults({ category: "other-felony", statute: "Art. 222-1" }), []);
  const old = millis(now - 31 * day);
  t.same(faults({ happened: old, from: old, to: millis(old + hour) }), ["incident-too-old"]);
  t.end();
});

test("an agency asks once about an incident, and seldom about one place", (t) => {
  const request = newRequest(agency, now);
  const asked = (at: number, changes: Partial<Asked> = {}): Asked => ({
    ...{ file: `F-${at}`, area: square(400, 4_800_000), submitted: millis(now - at * day), open: false },
    ...changes,
  });
  const kinds = (earlier: readonly Asked[]): readonly string[] =>
    volumeFaultsOf(request, earlier, floorPolicy).map(({ kind }) => kind);
  t.same(kinds([]), []);
  t.same(kinds([asked(29, { file: request.file })]), ["incident-asked-before"]);
  t.same(kinds([1, 2, 3].map((at) => asked(at, { open: true }))), ["too-many-open"]);
  t.same(kinds(Array.from({ length: 12 }, (_, at) => asked(at + 1))), ["too-many-in-30-days"]);
  t.same(kinds([asked(13, { area: square(300) })]), ["same-area-too-soon"]);
  t.same(kinds([asked(14, { area: square(300) })]), []);
  t.end();
});

test("a request has no place for words of the agency's own", (t) => {
  const text = formatRequest(newRequest(agency, now));
  t.ok(parseRequest(text).ok);
  for (const [from, to] of [
    ["file 2026/0815", "file please help us, neighbours"],
    ["statute none", "statute think of the children"],
    ["category burglary", "category protest"],
    ["recipient age1", "recipient https://"],
    ["area ", "area everywhere "],
  ] as const)
    t.equal(parseRequest(text.replace(from, to)).ok, false, to);
  t.equal(parseRequest(`${text}message hello\n`).ok, false);
  t.end();
});

test("the household is told by one fixed text, in its language", (t) => {
  const request = newRequest(agency, now);
  const [english, french] = [noticeOf(request, agreement, "en"), noticeOf(request, agreement, "fr")];
  t.equal(
    english,
    "Police municipale de Montmartre asks for recordings from an area of 16 hectares around 48.88670, 2.34310, 2027-01-14 07:00 – 2027-01-14 09:00 UTC, about a burglary, file 2026/0815. You do not have to answer. No one will know if you ignore this. Sharing cannot be undone once downloaded.",
  );
  t.match(
    french,
    /^Police municipale de Montmartre demande des enregistrements, .* Vous n'êtes pas tenu de répondre\./,
  );
  const felony = newRequest(agency, now, { category: "other-felony", statute: "Art. 222-1" });
  t.match(noticeOf(felony, agreement, "en"), /about a felony under Art\. 222-1, file/);
  t.not(noticeHash(request, agreement, "en"), noticeHash(request, agreement, "fr"));
  t.end();
});

test("an authorisation says exactly what is released, and who signed it", (t) => {
  const random = seededPrng(9);
  const [anna, ben] = [newOfficer("officer", "Anna", random), newOfficer("officer", "Ben", random)];
  const memberOf = (one: typeof anna) => {
    const id = memberIdOf(one.noteKey);
    const signer = { name: `member-${id}`, secretKey: one.signer.secretKey };
    const { noteKey, loginKey, name } = one;
    return { signer, member: { id, role: "owner", noteKey, loginKey, recipient: "age1", name } as const };
  };
  const [first, second] = [memberOf(anna), memberOf(ben)];
  const hash = hashOfText("x\n");
  const clip = {
    ...{ clip: newClipId(now, random), camera: cameraIdOf(random.bytes(32)), charter: hash, manifest: hash },
    ...{ from: millis(now), to: millis(now + 5_000), first: 2, last: 6, audio: false, sha256: hash },
  };
  const authorisation: Authorisation = {
    ...{ record: newReleaseId(now, random), household: householdIdOf(random.bytes(32)) },
    ...{ request: newRequestId(now, random), requestHash: hash, agency: agreement.agency },
    ...{ recipient: `age1${"q".repeat(58)}`, charter: hash, basis: "consent", purpose: "burglary" },
    ...{ jurisdiction: "fr", notice: hash, language: "en", signed: now, hold: millis(day) },
    ...{ expires: millis(now + 4 * day), keep: millis(90 * day), thirdParties: true, child: false },
    clips: [clip],
  };
  const text = formatAuthorisation(authorisation);
  t.same(parseAuthorisation(text), { ok: true, value: authorisation });
  const note = signNote(text, [first.signer, second.signer]);
  const all = openAuthorisation(note, [first.member, second.member]);
  t.same(all.ok && all.value.signers, [first.member.id, second.member.id]);
  const one = openAuthorisation(note, [second.member]);
  t.same(one.ok && one.value.signers, [second.member.id]);
  t.same(openAuthorisation(note, []), { ok: false, error: { kind: "no-known-signer" } });
  t.equal(verifierOf(first.signer).name, `member-${first.member.id}`);
  const line = text.split("\n").find((found) => found.startsWith("clip ")) ?? "";
  for (const [what, bad] of [
    ["twice", text.replace(line, `${line}\n${line}`)],
    ["none", text.replace(`${line}\n`, "")],
    ["last before first", text.replace(" 2 6 ", " 6 2 ")],
    ["half", text.replace(" 2 6 ", " 2 ")],
    ["a hold beyond all time", text.replace(`hold ${day}`, "hold 9007199254740991")],
    ["a clip beyond all time", text.replace(`${now + 5_000}`, "9007199254740991")],
    ["basis", text.replace("basis consent", "basis operator")],
    ["language", text.replace("language en", "language de")],
  ] as const)
    t.equal(parseAuthorisation(bad).ok, false, what);
  t.end();
});

test("what became of a release has one text", (t) => {
  const hash = hashOfText("x\n");
  const act = {
    ...{ release: newReleaseId(now, seededPrng(1)), at: now, agency: agreement.agency },
    ...{ request: newRequestId(now, seededPrng(2)), authorisation: hash, package: hash },
    act: "escrowed",
  } as const;
  t.same(parseAct(formatAct(act)), { ok: true, value: act });
  t.equal(parseAct(formatAct(act).replace("escrowed", "declined")).ok, false);
  t.end();
});
