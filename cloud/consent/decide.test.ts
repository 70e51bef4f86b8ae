import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "tap";
import type { OpenedCharter } from "../../shared/charter/charter.js";
import type { CharterCamera, Member, Role } from "../../shared/charter/lines.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import {
  agencyIdOf,
  type ClipId,
  cameraIdOf,
  householdIdOf,
  type MemberId,
  memberIdOf,
  newClipId,
  newReleaseId,
  newRequestId,
  officerIdOf,
} from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import type { AgencyState } from "../../shared/release/agreement.js";
import type { OpenedAuthorisation, ReleasedClip } from "../../shared/release/authorisation.js";
import { floorPolicy } from "../../shared/release/floor.js";
import { type Ask, decide, type Matter } from "./decide.js";

const minute = 60_000;
const hour = 60 * minute;
const random = seededPrng(5);
const now = millis(1_800_000_000_000);
const household = householdIdOf(random.bytes(32));
const agency = agencyIdOf(random.bytes(32));

const person = (role: Role, name: string): Member => {
  const noteKey = random.bytes(32);
  return { id: memberIdOf(noteKey), role, noteKey, loginKey: noteKey, recipient: "age1", name };
};
const camera = (place: CharterCamera["place"]): CharterCamera => {
  const noteKey = random.bytes(32);
  const keys = { id: cameraIdOf(noteKey), noteKey, tlsKeyHash: "", epoch: 1, recipient: "age1" };
  return { ...keys, place, audio: false, modes: ["record"], masks: [], zones: [], name: place };
};
const [anna, ben] = [person("owner", "Anna"), person("owner", "Ben")];
const cleo = person("adult", "Cleo");
const [dora, emil] = [person("contact", "Dora"), person("contact", "Emil")];
const others = [cleo, dora, emil];
const [door, hall, late, moved] = [camera("outdoor"), camera("indoor"), camera("outdoor"), camera("outdoor")];

const columns = {
  kind: ["request", "emergency", "legal"],
  signed: ["nobody", "owner", "owners", "adult", "contact", "contacts"],
  footage: [
    "inside",
    "before-window",
    "after-window",
    "camera-came-later",
    "camera-moved-away",
    "indoors",
    "four-days-old",
  ],
  time: ["in-force", "on-hold", "expired", "in-the-future"],
  agency: ["active", "probation", "applied", "public", "suspended", "revoked", "compromised"],
  rule: ["any-owner", "all-owners"],
  charter: ["same", "owner-joined", "owner-left", "changed-after", "unknown"],
} as const;
type Column = keyof typeof columns;
type Case = { readonly [Name in Column]: (typeof columns)[Name][number] };
const names = Object.keys(columns) as readonly Column[];

function allCases(): readonly Case[] {
  let cases: readonly Partial<Case>[] = [{}];
  for (const name of names)
    cases = cases.flatMap((one) => columns[name].map((value) => ({ ...one, [name]: value })));
  return cases as readonly Case[];
}

const signersOf: Readonly<Record<Case["signed"], readonly Member[]>> = {
  nobody: [],
  owner: [anna],
  owners: [anna, ben],
  adult: [cleo],
  contact: [dora],
  contacts: [dora, emil],
};

function chartersOf({ charter, rule }: Pick<Case, "charter" | "rule">): Matter["charters"] {
  const made = (
    version: number,
    owners: readonly Member[],
    cameras: readonly CharterCamera[],
  ): OpenedCharter => ({
    household,
    version,
    previous: "none",
    issued: now,
    change: rule,
    release: rule,
    members: [...owners, ...others],
    cameras,
    hash: `charter-${version}`,
  });
  const before = made(1, charter === "owner-joined" ? [anna] : [anna, ben], [door, hall, moved]);
  const newest = made(2, charter === "owner-left" ? [anna] : [anna, ben], [door, hall, late]);
  return { recorded: charter === "unknown" ? [] : [before], now: newest };
}

const from = millis(now - 110 * hour);
const to = millis(now - 10 * hour);
const requestId = newRequestId(now, random);

function clipOf({ footage }: Pick<Case, "footage">): ReleasedClip {
  const at: Readonly<Partial<Record<Case["footage"], number>>> = {
    "before-window": from - 1,
    "after-window": to - 60_000 + 1,
    "four-days-old": to - 96 * hour,
  };
  const cameras: Readonly<Partial<Record<Case["footage"], CharterCamera>>> = {
    "camera-came-later": late,
    "camera-moved-away": moved,
    indoors: hall,
  };
  const start = at[footage] ?? to - hour;
  const times = { from: millis(start), to: millis(start + 60_000), first: 0, last: 59 };
  const hashes = { charter: "charter-1", manifest: "m", sha256: "s" };
  const clip = newClipId(now, random) as ClipId;
  return { clip, camera: (cameras[footage] ?? door).id, ...hashes, ...times, audio: false };
}

function authorisationOf(one: Case): OpenedAuthorisation | undefined {
  if (one.signed === "nobody") return undefined;
  const signed: Readonly<Record<Case["time"], Millis>> = {
    "in-force": millis(now - 2 * hour),
    "on-hold": millis(now - hour + 1),
    expired: millis(now - 9 * hour),
    "in-the-future": millis(now + hour),
  };
  return {
    record: newReleaseId(now, random),
    ...{ household, request: requestId, requestHash: "request", agency, recipient: "age1request" },
    charter: one.charter === "changed-after" ? "charter-1" : "charter-2",
    basis: one.signed.startsWith("contact") ? "contacts" : "consent",
    ...{ purpose: "burglary", jurisdiction: "us", notice: "n", language: "en" },
    ...{
      signed: signed[one.time],
      hold: millis(hour),
      expires: millis(one.time === "expired" ? now : signed[one.time] + 96 * hour),
    },
    ...{ keep: millis(90 * 24 * hour), thirdParties: false, child: false },
    clips: [clipOf(one)],
    hash: "a",
    ...(one.signed.startsWith("contact") && { words: words.map(({ hash }) => hash) }),
    signers: signersOf[one.signed].map(({ id }): MemberId => id),
  };
}

function matterOf(one: Case): Matter {
  const ask: Ask = {
    ...{ kind: one.kind, id: requestId, hash: "request", agency, recipient: "age1request" },
    ...{ purpose: "burglary", urgent: one.kind === "emergency", from, to, state: "published" },
    ...{ published: to, notices: { en: "n", fr: "f" } },
  };
  const asker = { agency, jurisdiction: "us", state: one.agency } as const;
  const authorisation = authorisationOf(one);
  const stored = (authorisation?.clips ?? []).map(({ clip: id, camera: of }) => ({
    id,
    camera: of,
    arrivedAt: now,
  }));
  return { ask, asker, authorisation, charters: chartersOf(one), stored, words, reviewers: [] };
}

const words: Matter["words"] = [anna, ben].map(({ id }) => ({ member: id, at: to, hash: `word-${id}` }));

interface Rule {
  readonly line: number;
  readonly patterns: readonly string[];
  readonly decision: string;
  readonly because: string;
}

function rulesIn(text: string): readonly Rule[] {
  return text.split("\n").flatMap((content, at) => {
    if (content === "" || content.startsWith("#")) return [];
    const words = content.split("|").map((word) => word.trim());
    const [decision = "", because = ""] = words.slice(names.length);
    return [{ line: at + 1, patterns: words.slice(0, names.length), decision, because }];
  });
}

function fits(one: Case, { patterns }: Rule): boolean {
  return names.every((name, at) => {
    const pattern = patterns[at] ?? "";
    if (pattern === "*") return true;
    const words = pattern.replace("not ", "").split("/");
    return words.includes(one[name]) !== pattern.startsWith("not ");
  });
}

const rules = rulesIn(readFileSync(join("shared", "vectors", "consent", "decisions.txt"), "utf8"));

test("every word of the decision table is one that a case can have", (t) => {
  for (const { patterns, line } of rules)
    for (const [at, name] of names.entries()) {
      const words = (patterns[at] ?? "").replace("not ", "").split("/");
      const known: readonly string[] = ["*", ...columns[name]];
      t.ok(
        words.every((word) => known.includes(word)),
        `line ${line}, column ${name}`,
      );
    }
  t.end();
});

test("each case is decided as the table's lines say, with exactly their reasons", (t) => {
  const wrong: unknown[] = [];
  const used = new Set<number>();
  const cases = allCases();
  for (const one of cases) {
    const lines = rules.filter((rule) => fits(one, rule));
    const refusing = lines.filter(({ decision }) => decision === "refuse");
    const [first] = lines;
    const deciding = refusing.length > 0 ? refusing : lines;
    for (const { line } of deciding) used.add(line);
    const expected = {
      kind: refusing.length > 0 ? "refuse" : first?.decision,
      reasons: [...new Set(deciding.map(({ because }) => because).filter((word) => word !== ""))].sort(),
    };
    const decision = decide(matterOf(one), floorPolicy, now);
    const reasons = decision.kind === "release" ? [] : decision.reasons.map(({ kind }) => kind);
    const found = { kind: decision.kind, reasons: [...new Set(reasons)].sort() };
    if (JSON.stringify(found) !== JSON.stringify(expected)) wrong.push({ one, expected, found });
  }
  t.equal(cases.length, 35_280);
  t.same(wrong.slice(0, 5), [], `${wrong.length} cases differ`);
  t.same(
    rules.filter(({ line }) => !used.has(line)).map(({ line }) => line),
    [],
    "no line is idle",
  );
  t.end();
});

const kindsOf = (decision: ReturnType<typeof decide>): readonly string[] =>
  decision.kind === "release" ? [] : decision.reasons.map(({ kind }) => kind);

const good: Case = {
  ...{ kind: "request", signed: "owners", footage: "inside", time: "in-force" },
  ...{ agency: "active", rule: "all-owners", charter: "same" },
};

function changed(change: (matter: Matter) => Matter): ReturnType<typeof decide> {
  return decide(change(matterOf(good)), floorPolicy, now);
}

function signedOtherwise(change: Partial<OpenedAuthorisation>): ReturnType<typeof decide> {
  return changed((matter) => ({
    ...matter,
    authorisation: matter.authorisation && { ...matter.authorisation, ...change },
  }));
}

test("an authorisation counts for nothing but what it names", (t) => {
  t.same(signedOtherwise({}), { kind: "release" });
  const stranger = agencyIdOf(random.bytes(32));
  const cases: readonly [string, Partial<OpenedAuthorisation>][] = [
    ["request", { request: newRequestId(now, random) }],
    ["request", { requestHash: "another" }],
    ["agency", { agency: stranger }],
    ["recipient", { recipient: "age1other" }],
    ["purpose", { purpose: "theft" }],
    ["jurisdiction", { jurisdiction: "fr" }],
    ["household", { household: householdIdOf(random.bytes(32)) }],
    ["notice", { notice: "another text" }],
    ["notice", { language: "fr" }],
  ];
  for (const [what, change] of cases)
    t.same(
      signedOtherwise(change),
      { kind: "refuse", reasons: [{ kind: "signed-for-another", what }] },
      what,
    );
  t.end();
});

test("a clip is what the vault has of it, under no charter that came after it", (t) => {
  const kinds = (stored: Matter["stored"]): unknown => {
    const decision = changed((matter) => ({ ...matter, stored }));
    return decision.kind === "refuse" && decision.reasons.map(({ kind }) => kind);
  };
  const matter = matterOf(good);
  const [clip] = matter.stored;
  if (clip === undefined) throw new Error("no clip");
  t.same(kinds([]), ["not-in-the-vault"]);
  const early = millis(now - 10 * 60_000);
  const fresh = (changes: Partial<typeof clip>) =>
    changed(({ authorisation, ...rest }) => ({
      ...{ ...rest, authorisation },
      stored: (authorisation?.clips ?? []).map(({ clip: id, camera: of }) => ({
        id,
        camera: of,
        arrivedAt: now,
        ...changes,
      })),
    }));
  t.match(fresh({ camera: hall.id }), { kind: "refuse", reasons: [{ kind: "not-in-the-vault" }] });
  t.match(fresh({ arrivedAt: early }), { kind: "refuse", reasons: [{ kind: "charter-after-clip" }] });
  t.end();
});

test("a request that is not open releases nothing", (t) => {
  for (const state of ["review", "rejected", "resolved", "withdrawn", "closed", "frozen"] as const)
    t.same(
      changed((matter) => ({ ...matter, ask: { ...matter.ask, state } })),
      { kind: "refuse", reasons: [{ kind: "not-open", state }] },
    );
  t.end();
});

test("hold and keeping stay within the floor, except that danger needs no hold", (t) => {
  const long = millis(floorPolicy.agencyKeepsFor + 1);
  t.same(signedOtherwise({ keep: long }), { kind: "refuse", reasons: [{ kind: "kept-too-long" }] });
  const short = millis(hour - 1);
  t.same(signedOtherwise({ hold: short }), { kind: "refuse", reasons: [{ kind: "hold-too-short" }] });
  const early = millis(to - 10 * 60_000);
  t.same(signedOtherwise({ signed: early, expires: millis(now + hour) }), {
    ...{ kind: "refuse", reasons: [{ kind: "signed-before-it-was-asked" }] },
  });
  const open = millis(now + 200 * hour);
  t.same(signedOtherwise({ expires: open }), { kind: "refuse", reasons: [{ kind: "open-too-long" }] });
  const danger = changed((matter) => ({
    ...matter,
    ask: { ...matter.ask, purpose: "missing-or-endangered-person", urgent: true },
    authorisation: matter.authorisation && {
      ...matter.authorisation,
      purpose: "missing-or-endangered-person",
      hold: millis(0),
    },
  }));
  t.same(danger, { kind: "release" });
  t.end();
});

test("an emergency's answer is about its one camera, its household, and needs word of every owner where contacts give it", (t) => {
  const emergency = (changes: Partial<Ask>, signed: Case["signed"] = "owners", heard = words) => {
    const matter = matterOf({ ...good, kind: "emergency", signed });
    return decide({ ...matter, ask: { ...matter.ask, ...changes }, words: heard }, floorPolicy, now);
  };
  const about = { household, camera: door.id };
  t.same(emergency({ about }), { kind: "release" });
  t.match(emergency({ about: { household, camera: late.id } }), { reasons: [{ kind: "other-camera" }] });
  const elsewhere = { camera: door.id, household: householdIdOf(random.bytes(32)) };
  t.match(emergency({ about: elsewhere }), { reasons: [{ kind: "signed-for-another", what: "household" }] });
  t.same(emergency({}, "contacts"), { kind: "release" });
  const [annas, bens] = words;
  if (annas === undefined || bens === undefined) throw new Error("no words");
  const silence = { kind: "refuse", reasons: [{ kind: "owner-not-heard", member: ben.id }] };
  t.same(emergency({}, "contacts", [annas]), silence);
  t.same(
    emergency({}, "contacts", [annas, { ...bens, at: millis(to - 1) }]),
    silence,
    "of before it was asked",
  );
  const early = { published: millis(now - 29 * minute) };
  const atOnce = words.map((word) => ({ ...word, at: now }));
  t.match(emergency(early, "contacts", atOnce), { kind: "refuse" }, "the owners alone are asked first");
  t.ok(kindsOf(emergency(early, "contacts", atOnce)).includes("contacts-too-early"));
  t.notOk(
    kindsOf(emergency({ published: millis(now - 31 * minute) }, "contacts", atOnce)).includes(
      "owner-not-heard",
    ),
  );
  t.match(emergency({ isAnswered: true }, "contacts"), { reasons: [{ kind: "answered-already" }] });
  t.same(emergency({ isAnswered: true }), { kind: "release" }, "an owner may answer once more");
  const blind = matterOf({ ...good, kind: "emergency", signed: "contacts" });
  const limited = blind.charters.now.members.map((one) => (one === emil ? { ...one, sees: [late.id] } : one));
  const charters = { ...blind.charters, now: { ...blind.charters.now, members: limited } };
  t.match(decide({ ...blind, charters }, floorPolicy, now), {
    reasons: [{ kind: "too-few-contacts", found: 1 }],
  });
  const newer = { ...bens, hash: "a newer word" };
  t.same(emergency({}, "contacts", [annas, newer]), silence, "which the contacts have not read");
  t.end();
});

test("what a child is seen in waits for two operators who are not the same", (t) => {
  const [one, two] = [officerIdOf(random.bytes(32)), officerIdOf(random.bytes(32))];
  const withChild = (reviewers: Matter["reviewers"]): string =>
    changed((matter) => ({
      ...matter,
      reviewers,
      authorisation: matter.authorisation && { ...matter.authorisation, child: true },
    })).kind;
  t.equal(withChild([]), "needs-review");
  t.equal(withChild([one, one]), "needs-review");
  t.equal(withChild([one, two]), "release");
  t.end();
});

test("taking a signature away never turns a no into a release", (t) => {
  for (const one of allCases().filter(({ time, footage }) => time === "in-force" && footage === "inside")) {
    const matter = matterOf(one);
    const { authorisation } = matter;
    if (authorisation === undefined || decide(matter, floorPolicy, now).kind === "release") continue;
    for (const gone of authorisation.signers) {
      const signers = authorisation.signers.filter((id) => id !== gone);
      const fewer = { ...matter, authorisation: { ...authorisation, signers } };
      if (decide(fewer, floorPolicy, now).kind !== "refuse" && one.agency !== "probation") t.fail(`${gone}`);
    }
  }
  t.pass("for no case");
  t.end();
});

test("an agency in a state that nobody knows may not ask", (t) => {
  const decision = changed((matter) => ({
    ...matter,
    asker: { ...matter.asker, state: "unheard-of" as AgencyState },
  }));
  t.equal(decision.kind, "refuse");
  t.end();
});
