// Agency, operators, the cloud's disk, the log's key and a witness in one hand: what they can open, and whom they can deceive.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { t as tap, test } from "tap";
import { signInStaff } from "../../cloud/api/officetesting.js";
import {
  type Asked,
  activate,
  activeBureau,
  type Bureau,
  day,
  hour,
  newAsk,
  newBureau,
  noteSigner,
  openReleaseCloud,
  publish,
  signedAgreement,
  terms,
} from "../../cloud/api/releases.contract.js";
import { call } from "../../cloud/api/testcalls.js";
import { systemRandom as random } from "../../cloud/system.io.js";
import { follow } from "../../firmware/uplink/orders.js";
import { memberAuthorise } from "../../scripts/cli/consent/authorise.io.js";
import { readFeed, type ShownAsk, trustAsk } from "../../scripts/cli/consent/feed.js";
import { filmed, newHome } from "../../scripts/cli/consent/home.contract.js";
import { memberRelease } from "../../scripts/cli/consent/release.io.js";
import { fieldsOf } from "../../scripts/cli/fields.js";
import { noteSigner as ownersSigner } from "../../scripts/cli/member/charter.io.js";
import { openCloud } from "../../scripts/cli/member/cloud.io.js";
import { openVerified } from "../../scripts/cli/member/open.io.js";
import { needProfile } from "../../scripts/cli/member/profile.io.js";
import { quiet } from "../../scripts/demo/home.io.js";
import { openCharterChain, signCharter } from "../../shared/charter/charter.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { toUtf8 } from "../../shared/kernel/bytes.js";
import type { HouseholdId } from "../../shared/kernel/ids.js";
import { type Agreement, formatAgreement } from "../../shared/release/agreement.js";
import { formatAuthorisation, parseAuthorisation } from "../../shared/release/authorisation.js";
import type { Evidence } from "../../shared/release/evidence.js";
import { forged } from "../../shared/release/forger.contract.js";
import type { PackageParts } from "../../shared/release/package.js";
import { formatRequest } from "../../shared/release/request.js";
import { square } from "../../shared/release/testing.contract.js";
import { unpackRelease } from "../../shared/release/unpack.js";
import { verifyPackage } from "../../shared/release/verify.js";
import { open } from "../../shared/seal/age.js";
import { hashOf, hashOfText } from "../../shared/seal/hash.js";
import { type Signer, signNote, textOf, verifierOf } from "../../shared/seal/note.js";
import { formatEntry, type LogEntry } from "../../shared/tlog/entry.js";
import { forgedCharters, plunder, sealedIn, tryAllKeys } from "./attacker.js";
import {
  cosignatureIn,
  fork,
  linesOf,
  logKeyIn,
  packed,
  pool,
  reasonOf,
  requestNote,
  stolenHome,
  witnessed,
  witnessedBy,
} from "./collusion.js";

const room = mkdtempSync(join(tmpdir(), "lintel-collusion-"));
const cloud = await openReleaseCloud();
tap.setTimeout(120_000);
tap.teardown(async () => {
  await cloud.close();
  rmSync(room, { recursive: true });
});
const { clock } = cloud;
const world = { cloud, origin: await cloud.app.listen({ host: "127.0.0.1", port: 0 }), room };
cloud.origins.push(world.origin);

/** What owners believe: the log, where both of these have seen it grow. The first has joined the colluders. */
const witnesses = ["witness.test/a", "witness.test/b"].map(
  (name): Signer => ({ name, secretKey: random.bytes(32) }),
) as [Signer, Signer];
const [theirs, honestWitness] = witnesses;
const policy = { log: cloud.log.verifier, witnesses: witnesses.map(verifierOf), quorum: 2 };

/** An honest agency and one that colludes; both have stood in public for 30 days. */
const honest = await activeBureau(cloud);
const crooked = newBureau(clock.wall());
await call(cloud, "POST", "/agency/v1/agreements", { body: { note: signedAgreement(crooked), terms } });
await activate(cloud, crooked);

const changesOf = (now: number) => ({
  ...({ file: "CASE-1", category: "missing-or-endangered-person", area: square(900) } as const),
  ...{ happened: millis(now - 3 * hour), from: millis(now - 5 * hour), to: millis(now - 2 * hour) },
});

async function asked(bureau: Bureau): Promise<Asked> {
  const ask = await newAsk(cloud, bureau, changesOf(clock.wall()));
  await publish(cloud, bureau, ask);
  return ask;
}

/** Anna answers the honest agency; Ben answers nobody. Both were filmed at the time in question. */
const [anna, ben] = [await newHome(world, "Anna"), await newHome(world, "Ben")];
clock.forward(hour);
const clips = [
  await filmed(world, anna, millis(clock.wall() - 3 * hour)),
  await filmed(world, ben, millis(clock.wall() - 3 * hour)),
] as const;
clock.forward(hour);
await cloud.casework.footage.publishHourly();
const [answered, ignored] = [await asked(honest), await asked(crooked)];
clock.forward(11_000);
const record = await released();

async function released(): Promise<string> {
  const wish = { request: answered.request.id, clips: [clips[0]], language: "en" } as const;
  let id = "";
  const terminal = quiet((value) => {
    if ("record" in value) id = `${value.record}`;
  });
  await memberAuthorise(anna.folder, { ...wish, thirdParties: true, child: false }, terminal, clock);
  await memberRelease(anna.folder, id, quiet(), clock);
  return id;
}

const stolen = join(room, "stolen");
cpSync(cloud.directory, stolen, { recursive: true });
const log = logKeyIn(stolen);
const staff = { supervisor: crooked.supervisor, officer: crooked.officer };
const [olga, omar] = cloud.operators;
const keys = Object.entries({ ...staff, olga, omar }).flatMap(([name, { noteSecret, login }]) => [
  [name, noteSecret] as const,
  [`${name}-login`, login.secretKey] as const,
]);
pool(stolen, { ...Object.fromEntries(keys), witness: theirs.secretKey }, [ignored.identity]);
const [ofAnna, ofBen] = [
  await plunder(stolen, anna.household as HouseholdId),
  await plunder(stolen, ben.household as HouseholdId),
];

test("with all that they hold together they open no recording, and no package for another's request", async (t) => {
  const segments = [...(await sealedIn(stolen, ofAnna.newest)), ...(await sealedIn(stolen, ofBen.newest))];
  const escrow = new Uint8Array(readFileSync(join(stolen, "escrow", record, "0")));
  t.equal(segments.length, 2);
  const tried = await tryAllKeys(stolen, [...segments, escrow]);
  t.comment(JSON.stringify(tried));
  t.match(tried, { objects: 3, opened: 0 });
  t.ok(tried.identities > 100);

  t.comment("the same search opens them once the right keys lie there");
  const right = join(room, "right");
  mkdirSync(right);
  pool(right, {}, [ben.board.identity, answered.identity]);
  t.match(await tryAllKeys(right, [...segments, escrow]), { opened: 2 });
  const { recording } = await openVerified(openCloud(ben.folder), clips[1], quiet());
  t.equal(Math.round(recording.seconds), 6, "and Ben sees what his camera filmed");
});

/** Asked as the cloud shows it, once the witnesses have seen the log. */
async function shownAs({ request }: Asked): Promise<ShownAsk> {
  const { body } = await call(cloud, "GET", "/public/v1/feed");
  const shown = readFeed(fieldsOf(body, "feed"), "requests").find(({ note }) => note.includes(request.id));
  if (shown === undefined) throw new Error(`${request.id} is not in the feed`);
  const { agency, requestEvidence } = shown;
  const agreementEvidence = agency.agreementEvidence.map((one) => witnessed(one, witnesses));
  return {
    ...shown,
    requestEvidence: witnessed(requestEvidence, witnesses),
    agency: { ...agency, agreementEvidence },
  };
}

/** What Ben's own client says of it. */
function judged(shown: ShownAsk): string {
  const trusted = trustAsk(shown, { policy, now: clock.wall(), home: ofBen.newest });
  return trusted.ok ? "trusted" : reasonOf(trusted.error);
}

/** What operators write into the true log, as honest witnesses see it: now, whatever it says of its time. */
async function logged(entry: LogEntry): Promise<Evidence> {
  const { index } = await cloud.log.append(entry);
  const { text: proof } = await call(cloud, "GET", `/tlog/proof/${index}`);
  return witnessed({ entry: new TextDecoder().decode(formatEntry(entry)), proof }, witnesses, clock.wall());
}

test("an owner's client believes no agency of their making, and no log that one witness alone vouches for", async (t) => {
  const [fromHonest, fromCrooked] = [await shownAs(answered), await shownAs(ignored)];
  t.same([fromHonest, fromCrooked].map(judged), ["trusted", "trusted"], "what is genuine is believed");
  const now = clock.wall();
  const invented = newBureau(now - 40 * day);
  const posed = (await newAsk(cloud, invented, changesOf(now))).request;
  const lines = linesOf(invented.agreement, posed, millis(now - 40 * day));
  const pose = ([agreement, request]: readonly Evidence[]): ShownAsk => ({
    note: requestNote(posed, [invented.officer, invented.supervisor]),
    requestEvidence: request ?? fromHonest.requestEvidence,
    agency: {
      ...{ id: invented.agency, state: "active", terms, agreements: [signedAgreement(invented)] },
      agreementEvidence: agreement === undefined ? [] : [agreement],
    },
  });
  const inTheirName = { ...theirs, name: honestWitness.name };
  const moved = cosignatureIn(fromHonest.requestEvidence, honestWitness.name);
  const [forkedTerms, forkedAsk] = fork(lines, log, [theirs]);
  t.equal(judged(pose(fork(lines, log, witnesses))), "trusted", "both witnesses together could deceive him");
  t.same(
    {
      "one witness": judged(pose([forkedTerms, forkedAsk])),
      "in the other's name": judged(pose(fork(lines, log, [theirs, inTheirName]))),
      "the other's word of another checkpoint": judged(
        pose([forkedTerms, { ...forkedAsk, proof: forkedAsk.proof + moved }]),
      ),
      "another key than the log's": judged(
        pose(fork(lines, { ...log, secretKey: theirs.secretKey }, witnesses)),
      ),
      "in the true log, since today": judged(pose([await logged(lines[0]), await logged(lines[1])])),
    },
    {
      "one witness": "proof-refused: too-few-witnesses",
      "in the other's name": "proof-refused: too-few-witnesses",
      "the other's word of another checkpoint": "proof-refused: forged-signature",
      "another key than the log's": "proof-refused: no-known-signer",
      "in the true log, since today": "not-public-long-enough",
    },
  );
});

test("an owner's client believes a request only as its agency's people signed it, and only people of 30 days", async (t) => {
  const [fromHonest, fromCrooked] = [await shownAs(answered), await shownAs(ignored)];
  const { request } = ignored;
  const crookedPeople = [crooked.officer, crooked.supervisor];
  const wider = { ...answered.request, to: millis(answered.request.to + hour) };
  const signatures = fromHonest.note.slice(textOf(fromHonest.note).length);
  const recipient = request.recipient;
  const next: Agreement = {
    ...{ ...honest.agreement, version: 2, previous: hashOfText(formatAgreement(honest.agreement)) },
    officers: crooked.agreement.officers,
  };
  const asNext = signNote(formatAgreement(next), [noteSigner(crooked.supervisor)]);
  t.same(
    {
      "an officer named today": judged(await byNewcomer(fromCrooked, clock.wall())),
      "one person alone": judged({ ...fromCrooked, note: requestNote(request, [crooked.supervisor]) }),
      "operators as officers": judged({ ...fromCrooked, note: requestNote(request, [olga, omar]) }),
      "wider than the rules": judged({
        ...fromCrooked,
        note: requestNote({ ...request, area: square(9_000) }, crookedPeople),
      }),
      "changed after the log had it": judged({
        ...fromCrooked,
        note: requestNote({ ...request, to: millis(request.to - 60_000) }, crookedPeople),
      }),
      "in the honest agency's name": judged({
        ...fromHonest,
        note: requestNote({ ...answered.request, recipient }, crookedPeople),
      }),
      "under its signatures": judged({ ...fromHonest, note: formatRequest(wider) + signatures }),
      "its next agreement": judged({
        ...fromHonest,
        agency: { ...fromHonest.agency, agreements: [signedAgreement(honest), asNext] },
      }),
    },
    {
      "an officer named today": "signed-by-newcomers",
      "one person alone": "request-refused: no-second-signature",
      "operators as officers": "request-refused: no-known-signer",
      "wider than the rules": "against-the-rules",
      "changed after the log had it": "entry-of-another",
      "in the honest agency's name": "request-refused: no-known-signer",
      "under its signatures": "request-refused: forged-signature",
      "its next agreement": "agreement-refused: no-known-signer",
    },
  );
});

/** The crooked supervisor names one more officer, in public, and both sign at once. */
async function byNewcomer(genuine: ShownAsk, now: Millis): Promise<ShownAsk> {
  const { officer } = newBureau(now);
  const agreement: Agreement = {
    ...{ ...crooked.agreement, version: 2, issued: now },
    previous: hashOfText(formatAgreement(crooked.agreement)),
    officers: [...crooked.agreement.officers, { ...officer.person, role: "officer" }],
  };
  const request = { ...ignored.request, agreement: hashOfText(formatAgreement(agreement)) };
  const [terms, asks] = linesOf(agreement, request, now);
  return {
    note: requestNote(request, [officer, crooked.supervisor]),
    requestEvidence: await logged(asks),
    agency: {
      ...genuine.agency,
      agreements: [
        signedAgreement(crooked),
        signNote(formatAgreement(agreement), [noteSigner(crooked.supervisor)]),
      ],
      agreementEvidence: [await logged(terms), ...genuine.agency.agreementEvidence],
    },
  };
}

test("no camera and no owner follows a charter that any of their keys has signed", async (t) => {
  const forgeries = await forgedCharters(ofBen);
  const followed = forgeries.flatMap(({ what, charters = [] }) => {
    const [next] = charters.length === 1 ? charters : [];
    const byOwner = next !== undefined && openCharterChain([...ofBen.chain, next]).ok;
    return byOwner || follow(ofBen.newest, charters).added.length > 0 ? [what] : [];
  });
  t.comment(`${forgeries.length} charters by ${ofBen.signers.length} keys`);
  t.ok(forgeries.length > 100);
  t.same(followed, []);
  const refusals = forgeries.map(({ charters = [] }) => follow(ofBen.newest, charters).refusal?.kind);
  t.same(
    [...new Set(refusals)].sort(),
    [
      ...["forged-signature", "malformed-note", "no-known-signer", "opening-does-not-match"],
      ...["repeated-key", "wrong-number-of-openings", undefined],
    ],
    "each for its reason; what it has already is passed over",
  );
  const { hash: previous, version, ...rules } = ofBen.newest;
  const own = ownersSigner(needProfile(ben.folder));
  const genuine = signCharter({ ...rules, version: version + 1, previous }, [own], random);
  t.equal(follow(ofBen.newest, [genuine]).added.length, 1, "his own it follows");
});

/** What the honest agency has: fetched, opened with the request's key, and with the proof that the log had it. */
async function fetched(): Promise<PackageParts> {
  const { token } = await signInStaff(cloud, honest.agency, honest.officer);
  const path = `/agency/v1/releases/${record}`;
  const {
    text: act,
    path: batch,
    entry,
    proof,
  } = (await call(cloud, "GET", `${path}/evidence`, { token })).body;
  const headers = { authorization: `Bearer ${token}` };
  const piece = await cloud.app.inject({ method: "GET", url: `${path}/pieces/0`, headers });
  const opened = await open(new Uint8Array(piece.rawPayload), [answered.identity]);
  const unpacked = opened.ok ? unpackRelease(opened.value, hashOf) : opened;
  if (!unpacked.ok) throw new Error("the package does not open");
  return { ...unpacked.value.parts, escrow: { act, path: batch, entry, proof } };
}

function verdictOn(tar: Uint8Array, stage: "fetched" | "packed" = "fetched"): string {
  const verified = verifyPackage(tar, { policy, now: clock.wall(), stage });
  return verified.ok ? "verified" : reasonOf(verified.error);
}

test("no package verifies whose authorisation, charter, request or checkpoint they made", async (t) => {
  const parts = await fetched();
  const genuine = packed(witnessedBy(parts, witnesses));
  t.equal(verdictOn(genuine), "verified", "the one that Anna signed");
  const said = parseAuthorisation(textOf(parts.authorisation));
  if (!said.ok) throw new Error(said.error.kind);
  const text = formatAuthorisation({ ...said.value, recipient: ignored.request.recipient });
  const signatures = parts.authorisation.slice(textOf(parts.authorisation).length);
  const withNote = (name: string, note: string): string =>
    verdictOn(forged(genuine, name, () => toUtf8(note)));
  const signed = ofAnna.signers.map((signer) => withNote("authorisation.note", signNote(text, [signer])));
  t.ok(signed.length > 10);
  t.same([...new Set(signed)], ["authorisation-refused: no-known-signer"], "by no key that they hold");
  const { escrow: _, ...unlogged } = witnessedBy(parts, witnesses);
  const takenOver = async (inThe: "place" | "company"): Promise<string> =>
    verdictOn(
      packed({
        ...unlogged,
        ...(await stolenHome(unlogged, ofAnna, { log, witnesses, at: clock.wall(), inThe })),
      }),
      "packed",
    );
  t.same(
    {
      "under her signature": withNote("authorisation.note", text + signatures),
      "a wider request": withNote(
        "request.note",
        parts.request.replace(/\nto \d+\n/, `\nto ${answered.request.to + hour}\n`),
      ),
      "their charter of her household": await takenOver("place"),
      "their charter beside hers": await takenOver("company"),
      "one witness's checkpoints": verdictOn(packed(witnessedBy(parts, [theirs]))),
      "in the other's name": verdictOn(
        packed(witnessedBy(parts, [theirs, { ...theirs, name: honestWitness.name }])),
      ),
    },
    {
      "under her signature": "authorisation-refused: forged-signature",
      "a wider request": "request-refused: forged-signature",
      "their charter of her household": "clip-not-as-authorised",
      "their charter beside hers": "nobody-who-may-signed",
      "one witness's checkpoints": "proof-refused: too-few-witnesses",
      "in the other's name": "proof-refused: too-few-witnesses",
    },
  );
});
