import { createHash } from "node:crypto";
import { t as tap, test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { toUtf8 } from "../../shared/kernel/bytes.js";
import { parseAct } from "../../shared/release/act.js";
import { formatAgreement, officerKeyName } from "../../shared/release/agreement.js";
import { parseBatchPath, standsInBatch } from "../../shared/release/batch.js";
import { packagePiecesMax } from "../../shared/release/limits.js";
import { formatCustodyWord } from "../../shared/release/receipt.js";
import { square } from "../../shared/release/testing.contract.js";
import { formatWithdrawal } from "../../shared/release/withdrawal.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { signNote } from "../../shared/seal/note.js";
import { parseEntry } from "../../shared/tlog/entry.js";
import { verifyProof } from "../../shared/tlog/proof.js";
import { askHousehold, newClaim } from "./emergencies.contract.js";
import { newStaff, signInStaff } from "./officetesting.js";
import {
  type Asked,
  activeBureau,
  authorisationFor,
  type Bureau,
  day,
  type Home,
  hour,
  newAsk,
  newBureau,
  newHome,
  openReleaseCloud,
  publish,
  publishNow,
  putPiece,
  signedAgreement,
  signedBy,
  terms,
} from "./releases.contract.js";
import { type Answer, call } from "./testcalls.js";
import { newPerson } from "./testpeople.js";

const cloud = await openReleaseCloud();
tap.teardown(cloud.close);
const bureau = await activeBureau(cloud);
const policy = { log: cloud.log.verifier, witnesses: [], quorum: 0 };
const pieces = [toUtf8("age-encryption.org/v1\nthe first half, "), toUtf8("and the second")];
const packageHash = createHash("sha256")
  .update(pieces[0] ?? "")
  .update(pieces[1] ?? "")
  .digest("base64");

const kind = ({ body }: Answer): string => body.type.replace("urn:lintel:problem:", "");
const officerToken = async (of: Bureau = bureau): Promise<string> =>
  (await signInStaff(cloud, of.agency, of.officer)).token;
let asks = 0;

/** Another request each time: of another place and file. */
async function published(of: Bureau = bureau, changes: Parameters<typeof newAsk>[2] = {}): Promise<Asked> {
  asks += 1;
  const asked = await newAsk(cloud, of, {
    file: `FILE-${asks}`,
    area: square(400, 4_888_670 - asks * 4_000 + 20_000),
    ...changes,
  });
  await publish(cloud, of, asked);
  return asked;
}

async function prepared(home: Home, asked: Asked, changes: Parameters<typeof authorisationFor>[4] = {}) {
  const authorisation = authorisationFor(cloud, asked, bureau, home, changes);
  const body = { authorisation: signedBy(authorisation, [home.owner]), pieces: 2 };
  return { authorisation, answer: await call(cloud, "POST", "/v1/releases", { token: home.token, body }) };
}

async function escrowed(home: Home, asked: Asked, changes: Parameters<typeof authorisationFor>[4] = {}) {
  const { authorisation, answer } = await prepared(home, asked, changes);
  const id: string = answer.body.id;
  for (const [index, piece] of pieces.entries()) await putPiece(cloud, home, [id, index], piece);
  const escrow = await call(cloud, "POST", `/v1/releases/${id}/escrow`, { token: home.token });
  return { id, authorisation, escrow };
}

async function available(home: Home, asked: Asked): Promise<string> {
  const { id } = await escrowed(home, asked);
  await cloud.casework.batches.publish();
  await cloud.casework.tick();
  return id;
}

/** Requests end, so that the next test's agency may ask again. */
async function end(asked: Asked): Promise<void> {
  const token = await officerToken();
  await call(cloud, "POST", `/agency/v1/requests/${asked.request.id}/resolve`, { token });
}

const fetchPiece = async (id: string, index: number, of: Bureau = bureau): Promise<Answer> =>
  call(cloud, "GET", `/agency/v1/releases/${id}/pieces/${index}`, { token: await officerToken(of) });
const withdrawal = (home: Home, id: string): string =>
  signNote(formatWithdrawal({ release: id as never, household: home.household, at: cloud.clock.wall() }), [
    home.owner.note,
  ]);
const withdraw = (home: Home, id: string): Promise<Answer> =>
  call(cloud, "POST", `/v1/releases/${id}/withdraw`, {
    token: home.token,
    body: { note: withdrawal(home, id) },
  });

test("a release goes from the owner's word to the agency's, each step in the log before it can be seen", async (t) => {
  const home = await newHome(cloud);
  const asked = await published();
  const { id, authorisation, escrow } = await escrowed(home, asked);
  t.match(escrow.body, { state: "escrowed", package: packageHash });
  t.equal((await fetchPiece(id, 0)).status, 404, "nobody fetches before the log holds it");
  const token = await officerToken();
  t.same((await call(cloud, "GET", "/agency/v1/releases", { token })).body.releases, []);
  await cloud.casework.batches.publish();
  await cloud.casework.tick();
  const [seen] = (await call(cloud, "GET", "/agency/v1/releases", { token })).body.releases;
  t.match(seen, { id, state: "available", request: asked.request.id });
  t.notOk("household" in seen);
  const fetched = [(await fetchPiece(id, 0)).text, (await fetchPiece(id, 1)).text];
  t.equal(fetched.join(""), pieces.map((piece) => new TextDecoder().decode(piece)).join(""));
  const { body: evidence } = await call(cloud, "GET", `/agency/v1/releases/${id}/evidence`, { token });
  const act = parseAct(evidence.text);
  t.match(act, { ok: true, value: { release: id, act: "escrowed", package: packageHash } });
  const path = parseBatchPath(evidence.path);
  const entry = parseEntry(toUtf8(evidence.entry));
  t.ok(
    path.ok && entry.ok && path.value.root === entry.value.hash && standsInBatch(evidence.text, path.value),
  );
  t.equal(verifyProof(evidence.proof, toUtf8(evidence.entry), policy).ok, true);
  const word = (act: "received" | "disposed", hash = packageHash): string =>
    signNote(
      formatCustodyWord({
        ...{ release: authorisation.record, agency: bureau.agency, act, package: hash },
        ...{ ground: "none", at: cloud.clock.wall() },
      }),
      [{ name: officerKeyName(bureau.officer.person.id), secretKey: bureau.officer.noteSecret }],
    );
  const say = (note: string): Promise<Answer> =>
    call(cloud, "POST", `/agency/v1/releases/${id}/word`, { token, body: { note } });
  t.equal(kind(await say(word("received", asked.request.agreement))), "another-package");
  t.match((await say(word("received"))).body, { state: "custody" });
  t.equal((await fetchPiece(id, 0)).status, 404, "the escrow is empty");
  t.match((await say(word("disposed"))).body, { state: "attested" });
  const { body: own } = await call(cloud, "GET", `/v1/releases/${id}`, { token: home.token });
  t.same(
    own.steps.map((step: { kind: string }) => step.kind),
    ["preparing", "escrowed", "available", "retrieved", "custody", "attested"],
  );
  await end(asked);
});

test("the feed holds what a client needs to trust a request, and is the same for everybody", async (t) => {
  const asked = await published();
  cloud.clock.forward(11_000);
  const feed = await call(cloud, "GET", "/public/v1/feed");
  const [request] = feed.body.requests.filter(({ note }: { note: string }) => note === asked.note);
  const entry = parseEntry(toUtf8(request.entry));
  t.match(entry, { ok: true, value: { kind: "request", state: "published", agency: bureau.agency } });
  t.ok(verifyProof(request.proof, toUtf8(request.entry), policy).ok);
  const [agency] = feed.body.agencies;
  const [shown] = agency.evidence;
  t.match(parseEntry(toUtf8(shown.entry)), { ok: true, value: { kind: "agency", state: "public" } });
  t.ok(verifyProof(shown.proof, toUtf8(shown.entry), policy).ok);
  const home = await newHome(cloud);
  const again = await call(cloud, "GET", "/public/v1/feed", { token: home.token });
  t.equal(again.text, feed.text);
  const unchanged = await call(cloud, "GET", "/public/v1/feed", {
    headers: { "if-none-match": `${feed.headers.etag}` },
  });
  t.equal(unchanged.status, 304);
  await end(asked);
});

test("a request that breaks a rule is refused with each of them, and a body that is not active asks nothing", async (t) => {
  const token = await officerToken();
  const now = cloud.clock.wall();
  const wide = await newAsk(cloud, bureau, {
    file: "WIDE-1",
    area: square(900),
    from: millis(now - day - 8 * hour),
  });
  const refused = await call(cloud, "POST", "/agency/v1/requests", { token, body: { note: wide.note } });
  t.equal(kind(refused), "against-the-rules");
  t.match(
    refused.body.detail,
    /81\.0 hectares, but must have at most 65\.0\..*lasts 9\.00 hours.*at most 6\.00/,
  );
  const asked = await published();
  const again = await newAsk(cloud, bureau, {
    file: asked.request.file,
    area: square(400, 4_800_000 + 90_000),
  });
  const repeated = await call(cloud, "POST", "/agency/v1/requests", { token, body: { note: again.note } });
  t.match(repeated.body.detail, /has asked about this file before/);
  const twice = await call(cloud, "POST", "/agency/v1/requests", { token, body: { note: asked.note } });
  t.match([twice.status, twice.body.state], [201, "published"], "the same again is no second one");
  await end(asked);
  const fresh = newBureau(now);
  await call(cloud, "POST", "/agency/v1/agreements", { body: { note: signedAgreement(fresh), terms } });
  const posed = { note: signedAgreement(newBureau(now)), terms: "other terms" };
  t.equal(kind(await call(cloud, "POST", "/agency/v1/agreements", { body: posed })), "other-terms");
  const [olga = "", omar = ""] = await cloud.operatorTokens();
  const vet = (by: string): Promise<Answer> =>
    call(cloud, "POST", `/operator/v1/agencies/${fresh.agency}/vet`, { token: by });
  t.match((await vet(olga)).body, { state: "applied" });
  t.equal(kind(await vet(olga)), "needs-another-operator");
  t.match((await vet(omar)).body, { state: "public" });
  const early = await newAsk(cloud, fresh);
  const answer = await call(cloud, "POST", "/agency/v1/requests", {
    token: await officerToken(fresh),
    body: { note: early.note },
  });
  t.equal(kind(answer), "agency-may-not-ask");
});

test("nothing is taken into escrow that the household has not signed for as it must", async (t) => {
  const home = await newHome(cloud);
  const asked = await published();
  const stranger = await newPerson("owner", "Eve");
  const authorisation = authorisationFor(cloud, asked, bureau, home);
  const offer = (note: string, token = home.token): Promise<Answer> =>
    call(cloud, "POST", "/v1/releases", { token, body: { authorisation: note, pieces: 2 } });
  t.equal(kind(await offer(signedBy(authorisation, [stranger]))), "no-known-signer");
  const held = authorisationFor(cloud, asked, bureau, home, { hold: millis(day) });
  const resting = await offer(signedBy(held, [home.owner]));
  t.equal(kind(resting), "refused");
  t.match(resting.body.detail, /It rests until .*Z; until then it can be withdrawn/);
  const short = authorisationFor(cloud, asked, bureau, home, { hold: millis(0) });
  t.match(
    (await offer(signedBy(short, [home.owner]))).body.detail,
    /hold is shorter than this cloud allows, an hour at least/,
  );
  const other = await newHome(cloud);
  t.equal((await offer(signedBy(authorisation, [home.owner]), other.token)).status, 403);
  const outside = authorisationFor(cloud, asked, bureau, home);
  const [clip] = outside.clips;
  const late = {
    ...outside,
    clips: clip === undefined ? [] : [{ ...clip, to: millis(asked.request.to + 1) }],
  };
  t.match((await offer(signedBy(late, [home.owner]))).body.detail, /reaches beyond the window/);
  const good = await offer(signedBy(authorisation, [home.owner]));
  t.equal(good.status, 201);
  t.equal(await putPiece(cloud, other, [good.body.id, 0], pieces[0] ?? new Uint8Array()), 404);
  const escrow = await call(cloud, "POST", `/v1/releases/${good.body.id}/escrow`, { token: home.token });
  t.equal(kind(escrow), "pieces-missing");
  t.equal((await call(cloud, "GET", `/v1/releases/${good.body.id}`, { token: other.token })).status, 404);
  await end(asked);
});

test("what is withdrawn before it is fetched is gone, and afterwards it is asked back and named when overdue", async (t) => {
  const home = await newHome(cloud);
  const asked = await published();
  const first = await available(home, asked);
  const other = await newHome(cloud);
  const byStranger = await call(cloud, "POST", `/v1/releases/${first}/withdraw`, {
    token: other.token,
    body: { note: withdrawal(home, first) },
  });
  t.equal(byStranger.status, 404);
  t.match((await withdraw(home, first)).body, { state: "destroyed", why: "withdrawn" });
  t.equal((await fetchPiece(first, 0)).status, 404);
  const second = await available(home, asked);
  t.equal((await fetchPiece(second, 0)).status, 200);
  t.match((await withdraw(home, second)).body, { state: "disposal-asked" });
  t.equal((await fetchPiece(second, 1)).status, 404, "not one byte more");
  cloud.clock.forward(15 * day);
  await cloud.casework.tick();
  const token = (await signInStaff(cloud, bureau.agency, bureau.officer)).token;
  t.match((await call(cloud, "GET", "/agency/v1/releases?state=overdue", { token })).body.releases, [
    { id: second },
  ]);
  const entries = await call(cloud, "GET", `/tlog/entries?kind=releases&agency=${bureau.agency}`);
  t.match(entries.body.entries, [{ id: second, state: "overdue" }], "in public");
  const agency = async () => (await call(cloud, "GET", `/public/v1/agencies/${bureau.agency}`)).body.state;
  t.equal(await agency(), "probation", "and each release to it is looked at from now on");
  for (const by of await cloud.operatorTokens())
    await call(cloud, "POST", `/operator/v1/agencies/${bureau.agency}/sentence`, {
      token: by,
      body: { to: "active" },
    });
  t.equal(await agency(), "active");
});

test("what an agency does not fetch in 14 days is destroyed, and what it fetched without a word is noted", async (t) => {
  const home = await newHome(cloud);
  const asked = await published();
  const lying = await available(home, asked);
  const silent = await available(home, asked);
  await fetchPiece(silent, 0);
  cloud.clock.forward(15 * day);
  await cloud.casework.tick();
  const { releases } = (await call(cloud, "GET", "/v1/releases", { token: home.token })).body;
  const found = (id: string) => releases.find((one: { id: string }) => one.id === id);
  t.match(found(lying), { state: "destroyed", why: "not-fetched" });
  t.match(found(silent), { state: "custody", unreceipted: true });
});

test("an agency whose key is lost gets nothing more: requests are frozen and its packages destroyed", async (t) => {
  const other = await activeBureau(cloud);
  const asked = await published(other);
  const home = await newHome(cloud);
  const authorisation = authorisationFor(cloud, asked, other, home);
  const body = { authorisation: signedBy(authorisation, [home.owner]), pieces: 2 };
  const { id } = (await call(cloud, "POST", "/v1/releases", { token: home.token, body })).body;
  for (const [index, piece] of pieces.entries()) await putPiece(cloud, home, [id, index], piece);
  await call(cloud, "POST", `/v1/releases/${id}/escrow`, { token: home.token });
  await cloud.casework.batches.publish();
  await cloud.casework.tick();
  const token = await officerToken(other);
  t.equal((await fetchPiece(id, 0, other)).status, 200);
  t.equal((await call(cloud, "POST", "/agency/v1/lost-key", { token })).status, 204);
  t.equal((await call(cloud, "GET", "/agency/v1/me", { token })).status, 401, "its people are nobody");
  const { body: request } = await call(cloud, "GET", `/public/v1/requests/${asked.request.id}`);
  t.equal(request.state, "frozen");
  const { body: agency } = await call(cloud, "GET", `/public/v1/agencies/${other.agency}`);
  t.same(
    agency.steps.map((step: { kind: string }) => step.kind),
    ["applied", "public", "active", "compromised"],
  );
  t.same((await call(cloud, "GET", `/v1/releases/${id}`, { token: home.token })).body.state, "retrieved");
});

test("what a child is seen in waits for two operators, who learn nothing of the household", async (t) => {
  const home = await newHome(cloud);
  const asked = await published();
  const { id, escrow } = await escrowed(home, asked, { child: true });
  t.match(escrow.body, { state: "in-review" });
  const [olga = "", omar = ""] = await cloud.operatorTokens();
  const { reviews } = (await call(cloud, "GET", "/operator/v1/releases", { token: olga })).body;
  t.same(Object.keys(reviews[0]).sort(), ["agency", "child", "clips", "id", "request", "reviewers"]);
  const review = (token: string): Promise<Answer> =>
    call(cloud, "POST", `/operator/v1/releases/${id}/review`, { token });
  t.equal((await review(olga)).status, 204);
  t.equal(kind(await review(olga)), "needs-another-operator");
  t.equal((await review(omar)).status, 204);
  await cloud.casework.batches.publish();
  await cloud.casework.tick();
  t.equal((await fetchPiece(id, 0)).status, 200);
  await end(asked);
});

test("a request and an emergency's claim of the same id are two things: what answers the one is no answer to the other", async (t) => {
  const [home, other] = [await newHome(cloud), await newHome(cloud)];
  asks += 1;
  const asked = await newAsk(cloud, bureau, {
    file: `FILE-${asks}`,
    category: "missing-or-endangered-person",
    area: square(400, 4_888_670 - asks * 4_000 + 20_000),
  });
  await publishNow(cloud, bureau, asked);
  const claimant = {
    ...bureau,
    agreement: hashOfText(formatAgreement(bureau.agreement)),
    phone: bureau.agreement.phone,
  };
  const about = { household: other.household, camera: other.camera };
  const claimed = await newClaim(cloud, claimant, about, { id: asked.request.id });
  await askHousehold(cloud, claimant, await cloud.operatorTokens(), claimed);
  const rest = { hold: millis(0), signed: cloud.clock.wall() };
  const { id, escrow } = await escrowed(home, asked, rest);
  t.equal(escrow.body.state, "available", "it waits for no emergency's fixed time");
  t.equal((await fetchPiece(id, 0)).status, 200);
  cloud.clock.forward(90 * 60_000);
  await cloud.casework.tick();
  const { body } = await call(cloud, "GET", "/agency/v1/emergencies", { token: await officerToken() });
  t.match(body.emergencies, [{ id: asked.request.id, state: "not-released" }]);
});

test("whom a supervisor names is one of the two who ask only after 30 days", async (t) => {
  const own = await activeBureau(cloud);
  const officer = newStaff("officer", "Mallory");
  const { agreement, supervisor } = own;
  const officers = [...agreement.officers, { ...officer.person, role: "officer" as const }];
  const previous = hashOfText(formatAgreement(agreement));
  const issued = millis(cloud.clock.wall());
  const next = { ...own, officer, agreement: { ...agreement, version: 2, previous, issued, officers } };
  const { token } = await signInStaff(cloud, own.agency, supervisor);
  const body = { note: signedAgreement(next), terms };
  t.equal((await call(cloud, "PUT", "/agency/v1/agreement", { token, body })).status, 200);
  const ask = async (file: string): Promise<Answer> => {
    const { note } = await newAsk(cloud, next, { file });
    return call(cloud, "POST", "/agency/v1/requests", { token: await officerToken(next), body: { note } });
  };
  t.equal(kind(await ask("NEW-1")), "signed-by-newcomers");
  cloud.clock.forward(30 * day + 1);
  t.equal((await ask("NEW-2")).status, 201);
});

test("a household's packages take so many bytes in escrow, and no more", async (t) => {
  const home = await newHome(cloud);
  const asked = await published();
  const offer = (pieces: number): Promise<Answer> => {
    const authorisation = signedBy(authorisationFor(cloud, asked, bureau, home), [home.owner]);
    return call(cloud, "POST", "/v1/releases", { token: home.token, body: { authorisation, pieces } });
  };
  const atOnce = await Promise.all(Array.from({ length: 5 }, () => offer(packagePiecesMax)));
  t.same(atOnce.map(({ status }) => status).sort(), [201, 201, 201, 201, 429]);
  t.equal(kind(await offer(1)), "too-much-in-escrow");
  cloud.clock.forward(61 * 60_000);
  await cloud.casework.tick();
  t.equal((await offer(1)).status, 201, "what never came whole is forgotten");
  await end(asked);
});
