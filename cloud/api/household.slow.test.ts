import { X509Certificate } from "node:crypto";
import { t as tap, test } from "tap";
import { openPinnedCharter } from "../../shared/charter/charter.js";
import { isAnswerTo } from "../../shared/charter/claim.js";
import type { Mode } from "../../shared/charter/lines.js";
import { formatMode } from "../../shared/charter/mode.js";
import { fromBase64, toBase64 } from "../../shared/kernel/bytes.js";
import { open } from "../../shared/seal/age.js";
import { parseVerifier, signNote } from "../../shared/seal/note.js";
import { systemRandom } from "../system.io.js";
import { call, tokenOf } from "./testcalls.js";
import { newHousehold, openTestCloud, storeClip } from "./testing.js";
import {
  answer,
  firstCharter,
  keyFile,
  newBoard,
  newClaim,
  newPerson,
  nextCharter,
  opened,
  type Person,
  sign,
} from "./testpeople.js";

const cloud = await openTestCloud();
tap.teardown(cloud.close);

type Home = Awaited<ReturnType<typeof newHousehold>>;
const put = ({ token }: Pick<Home, "token">, body: object) =>
  call(cloud, "PUT", "/v1/household/charter", { token, body });
const kind = (answer: { body: { type: string } }) => answer.body.type.replace("urn:lintel:problem:", "");

test("a household registers once, and the same charter again is the same answer", async (t) => {
  const ada = await newPerson("owner", "Ada");
  const charter = sign(firstCharter([ada]), [ada]);
  const register = (body: object) => call(cloud, "POST", "/v1/households", { body });
  const first = await register({ charter });
  t.equal(first.status, 201);
  t.same((await register({ charter })).body, first.body);
  const other = sign({ ...firstCharter([ada]), issued: (Date.now() + 5) as never }, [ada]);
  t.equal(kind(await register({ charter: other })), "household-exists");
});

test("a closed cloud takes no new household", async (t) => {
  const closed = await openTestCloud({ openRegistration: false });
  t.teardown(closed.close);
  const ada = await newPerson("owner", "Ada");
  const body = { charter: sign(firstCharter([ada]), [ada]) };
  t.equal(kind(await call(closed, "POST", "/v1/households", { body })), "registration-closed");
});

test("a first charter that its owners did not sign is refused", async (t) => {
  const [ada, bo] = [await newPerson("owner", "Ada"), await newPerson("owner", "Bo")];
  const register = async (charter: object) =>
    kind(await call(cloud, "POST", "/v1/households", { body: { charter } }));
  t.equal(await register(sign(firstCharter([ada, bo]), [ada])), "missing-signature");
  t.equal(await register(sign(firstCharter([ada]), [bo])), "no-known-signer");
  t.equal(
    await register(
      sign({ ...firstCharter([ada]), version: 2, previous: opened(sign(firstCharter([bo]), [bo])).hash }, [
        ada,
      ]),
    ),
    "not-the-next-charter",
  );
  const signed = sign(firstCharter([ada]), [ada]);
  t.equal(
    await register({ ...signed, note: signed.note.replace("any-owner", "all-owners") }),
    "forged-signature",
  );
  t.equal(await register({ ...signed, openings: [] }), "wrong-number-of-openings");
  t.equal(await register({ ...signed, openings: [null] }), "line-kept-back");
  const claimed = sign({ ...firstCharter([ada]), household: firstCharter([bo]).household }, [ada]);
  t.equal(await register(claimed), "other-household");
});

test("the chain comes back as it was signed, with the vault's key and how full the household's part is", async (t) => {
  const home = await newHousehold(cloud);
  const { body } = await call(cloud, "GET", "/v1/household", { token: home.token });
  t.same(body.charters, home.chain);
  t.equal(body.household, home.household);
  t.ok(parseVerifier(body.vaultKey).ok);
  t.same(body.storage, { bytes: 0, bytesMax: 1_000_000_000 });
});

test("a fork, a rollback, a gap, a foreign signer and a foreign household are refused", async (t) => {
  const home = await newHousehold(cloud);
  const mallory = await newPerson("owner", "Mallory");
  const [first, second] = home.chain;
  t.ok(first && second);
  if (first === undefined || second === undefined) return;
  const fork = sign(nextCharter(opened(first), { issued: 5 as never }), [home.owner]);
  t.equal(kind(await put(home, { charter: fork })), "not-the-next-charter", "fork");
  t.equal(kind(await put(home, { charter: first })), "not-the-next-charter", "rollback");
  const gap = sign({ ...nextCharter(home.charter, {}), version: 9 }, [home.owner]);
  t.equal(kind(await put(home, { charter: gap })), "not-the-next-charter", "gap");
  const foreign = sign(nextCharter(home.charter, { members: [mallory.member] }), [mallory]);
  const refused = await put(home, { charter: foreign });
  t.equal(kind(refused), "no-known-signer", "foreign signer");
  t.equal(refused.status, 403);
  const neighbour = await newHousehold(cloud);
  const theirs = sign(nextCharter(neighbour.charter, {}), [neighbour.owner]);
  t.equal(kind(await put(home, { charter: theirs })), "other-household", "foreign household");
  const { body } = await call(cloud, "GET", "/v1/household", { token: home.token });
  t.same(body.charters, home.chain, "nothing of it was stored");
});

test("of two next charters at the same time one is stored", async (t) => {
  const home = await newHousehold(cloud);
  const charters = [1, 2, 3].map((issued) =>
    sign(nextCharter(home.charter, { issued: issued as never }), [home.owner]),
  );
  const answers = await Promise.all(charters.map((charter) => put(home, { charter })));
  t.same(answers.map(({ status }) => status).sort(), [200, 409, 409]);
});

test("the newest charter again is the same answer", async (t) => {
  const home = await newHousehold(cloud);
  const answer = await put(home, { charter: home.chain[1] });
  t.same(answer.body, { version: 2 });
});

test("a camera of another household cannot be taken into a charter", async (t) => {
  const [home, neighbour] = [await newHousehold(cloud), await newHousehold(cloud)];
  const stolen = sign(nextCharter(home.charter, { cameras: [neighbour.board.line] }), [home.owner]);
  const answer = await put(home, { charter: stolen });
  t.equal(kind(answer), "camera-elsewhere");
  const { body } = await call(cloud, "GET", "/v1/cameras", { token: home.token });
  t.same(
    body.cameras.map(({ id, named }: { id: string; named: boolean }) => [id, named]),
    [[home.board.id, true]],
  );
});

test("a camera that the charter names no more keeps its clips and is named no more", async (t) => {
  const home = await newHousehold(cloud);
  const { clip } = await storeClip(cloud, home, new Uint8Array(10));
  const removal = sign(nextCharter(home.charter, { cameras: [] }), [home.owner]);
  t.equal((await put(home, { charter: removal })).status, 200);
  const { body } = await call(cloud, "GET", `/v1/cameras/${home.board.id}`, { token: home.token });
  t.equal(body.named, false);
  t.equal((await call(cloud, "GET", `/v1/clips/${clip}`, { token: home.token })).status, 200);
});

test("a member whom the newest charter names no more is out at once, token or not", async (t) => {
  const guest = await newPerson("guest", "Bo");
  const home = await newHousehold(cloud, [guest]);
  const token = await tokenOf(cloud, guest, home.household);
  t.equal((await call(cloud, "GET", "/v1/clips", { token })).status, 200);
  const without = nextCharter(home.charter, { members: [home.owner.member] });
  t.equal((await put(home, { charter: sign(without, [home.owner]) })).status, 200);
  t.equal((await call(cloud, "GET", "/v1/clips", { token })).status, 401);
});

test("only owners change the charter, claim and delete", async (t) => {
  const adult = await newPerson("adult", "Cy");
  const home = await newHousehold(cloud, [adult]);
  const { clip } = await storeClip(cloud, home, new Uint8Array(10));
  const token = await tokenOf(cloud, adult, home.household);
  const next = sign(nextCharter(home.charter, {}), [home.owner]);
  t.equal(kind(await put({ token }, { charter: next })), "owners-only");
  t.equal(kind(await call(cloud, "POST", "/v1/claims", { token, body: {} })), "owners-only");
  t.equal(kind(await call(cloud, "DELETE", `/v1/clips/${clip}`, { token })), "owners-only");
  t.equal((await call(cloud, "GET", `/v1/clips/${clip}`, { token })).status, 200);
});

test("a key file opens for its members and for nobody else", async (t) => {
  const guest = await newPerson("guest", "Bo");
  const home = await newHousehold(cloud, [guest]);
  const { body } = await call(cloud, "GET", `/v1/cameras/${home.board.id}/keys`, { token: home.token });
  t.equal(body.keys[0].epoch, 1);
  const file = fromBase64(body.keys[0].file);
  t.ok(file.ok);
  if (!file.ok) return;
  for (const { identity } of [home.owner, guest]) t.ok((await open(file.value, [identity])).ok);
  t.notOk((await open(file.value, [(await newPerson("owner", "Eve")).identity])).ok);
});

test("with a token alone nobody replaces a key file; with a newly signed charter an owner does", async (t) => {
  const home = await newHousehold(cloud);
  const stored = async () =>
    (await call(cloud, "GET", `/v1/cameras/${home.board.id}/keys`, { token: home.token })).body.keys[0].file;
  const before = await stored();
  const keyFiles = [await keyFile(home.board, [home.owner])];
  t.equal((await put(home, { charter: home.chain[1], keyFiles })).status, 200, "the newest link again");
  t.equal(await stored(), before);
  const charter = sign(nextCharter(home.charter, { release: "any-owner" }), [home.owner]);
  t.equal((await put(home, { charter, keyFiles })).status, 200);
  t.equal(await stored(), keyFiles[0]?.file);
});

test("a charter that no message to a camera could hold is refused", async (t) => {
  const home = await newHousehold(cloud);
  const openings = Array.from({ length: 40 }, () => "x".repeat(8_000));
  const answer = await put(home, { charter: { ...home.chain[1], openings } });
  t.equal(answer.status, 413);
  t.equal(kind(answer), "too-large");
});

test("a key file for a camera that the charter does not name stores nothing", async (t) => {
  const home = await newHousehold(cloud);
  const stray = await newBoard("Elsewhere");
  const charter = sign(nextCharter(home.charter, {}), [home.owner]);
  const keyFiles = [await keyFile(stray, [home.owner])];
  t.equal(kind(await put(home, { charter, keyFiles })), "key-file-for-unknown-camera");
  const { body } = await call(cloud, "GET", "/v1/household", { token: home.token });
  t.equal(body.charters.length, 2);
});

const soon = () => new Date(cloud.clock.wall() + 300_000).toISOString();
async function claimFor(home: Home, expiresAt = soon()) {
  const made = newClaim(home.charter);
  const { claimId } = made;
  const body = { claimId, charter: home.charter.hash, expiresAt };
  const response = await call(cloud, "POST", "/v1/claims", { token: home.token, body });
  return { ...made, body, response };
}
const state = async (home: Home, claimId: string) =>
  (await call(cloud, "GET", `/v1/claims/${claimId}`, { token: home.token })).body.state;
const enrolment = (claimId: string, mac: string) =>
  call(cloud, "GET", `/v1/claims/${claimId}/enrolment`, { headers: { "lintel-answer": mac } });

test("a board is claimed, signed in, and gets a certificate for its own key and the charters from the pinned one on", async (t) => {
  const home = await newHousehold(cloud);
  const { claim, claimId } = await claimFor(home);
  t.equal(await state(home, claimId), "waiting");
  const board = await newBoard("Back door");
  const said = answer(claim, board);
  t.equal((await call(cloud, "POST", `/v1/claims/${claimId}/answer`, { body: said })).status, 202);
  const view = (await call(cloud, "GET", `/v1/claims/${claimId}`, { token: home.token })).body;
  t.equal(view.state, "answered");
  t.ok(isAnswerTo(claim, view.answer));
  t.equal((await enrolment(claimId, said.mac)).status, 202);

  const rename = sign(nextCharter(home.charter, { release: "any-owner" }), [home.owner]);
  await put(home, { charter: rename });
  const signedIn = nextCharter(opened(...home.chain, rename), { cameras: [home.board.line, board.line] });
  const charter = sign(signedIn, [home.owner]);
  t.equal((await put(home, { charter })).status, 200);
  t.equal(await state(home, claimId), "enrolled");

  const { status, body } = await enrolment(claimId, said.mac);
  t.equal(status, 200);
  t.ok(openPinnedCharter(body.pinned, claim.charter).ok);
  t.same(body.charters, [rename, charter]);
  const [certificate, ca] = [new X509Certificate(body.certificate), new X509Certificate(body.ca)];
  t.ok(certificate.checkIssued(ca) && certificate.verify(ca.publicKey));
  t.equal(certificate.subject, `CN=${board.id}`);
  t.equal(toBase64(certificate.publicKey.export({ format: "der", type: "spki" })), said.tlsKey);
  t.notOk(certificate.ca);
  t.equal((await enrolment(claimId, said.mac)).status, 200, "again, after a power cut of the board");
});

test("a claim is answered once: the same answer again is fine, another board's is refused", async (t) => {
  const home = await newHousehold(cloud);
  const { claim, claimId } = await claimFor(home);
  const path = `/v1/claims/${claimId}/answer`;
  const said = answer(claim, await newBoard("Back door"));
  t.equal((await call(cloud, "POST", path, { body: said })).status, 202);
  t.equal((await call(cloud, "POST", path, { body: said })).status, 202);
  const late = await call(cloud, "POST", path, { body: answer(claim, await newBoard("Thief")) });
  t.equal(late.status, 409);
  t.equal(kind(late), "claim-used");
});

test("of two boards that answer at the same time one is taken", async (t) => {
  const home = await newHousehold(cloud);
  const { claim, claimId } = await claimFor(home);
  const boards = [await newBoard("One"), await newBoard("Two")];
  const answers = await Promise.all(
    boards.map((board) =>
      call(cloud, "POST", `/v1/claims/${claimId}/answer`, { body: answer(claim, board) }),
    ),
  );
  t.same(answers.map(({ status }) => status).sort(), [202, 409]);
});

test("a certificate is for the key in the charter only: another TLS key than the owner signed waits for ever", async (t) => {
  const home = await newHousehold(cloud);
  const { claim, claimId } = await claimFor(home);
  const board = await newBoard("Back door");
  const swapped = { ...board, tlsKey: (await newBoard("Thief")).tlsKey };
  const said = answer(claim, swapped);
  await call(cloud, "POST", `/v1/claims/${claimId}/answer`, { body: said });
  const charter = sign(nextCharter(home.charter, { cameras: [home.board.line, board.line] }), [home.owner]);
  t.equal((await put(home, { charter })).status, 200);
  t.equal((await enrolment(claimId, said.mac)).status, 202);
  t.equal(await state(home, claimId), "answered");
});

test("a wrong mac and an unknown claim get one answer, and the claim stays with its household", async (t) => {
  const [home, neighbour] = [await newHousehold(cloud), await newHousehold(cloud)];
  const { claim, claimId } = await claimFor(home);
  const said = answer(claim, await newBoard("Back door"));
  await call(cloud, "POST", `/v1/claims/${claimId}/answer`, { body: said });
  const wrong = await enrolment(claimId, toBase64(systemRandom.bytes(32)));
  const unknown = await enrolment("aaaaaaaaaaaaaaaa", said.mac);
  t.equal(wrong.status, 404);
  t.same({ ...wrong.body, requestId: "" }, { ...unknown.body, requestId: "" });
  t.equal((await call(cloud, "GET", `/v1/claims/${claimId}`, { token: neighbour.token })).status, 404);
});

test("a claim expires: unanswered at its end, answered a day after it was made", async (t) => {
  const home = await newHousehold(cloud);
  const [unanswered, answered] = [await claimFor(home), await claimFor(home)];
  const said = answer(answered.claim, await newBoard("Slow"));
  await call(cloud, "POST", `/v1/claims/${answered.claimId}/answer`, { body: said });
  cloud.clock.forward(301_000);
  const late = answer(unanswered.claim, await newBoard("Late"));
  const refused = await call(cloud, "POST", `/v1/claims/${unanswered.claimId}/answer`, { body: late });
  t.equal(refused.status, 410);
  t.equal(await state(home, unanswered.claimId), "expired");
  t.equal(await state(home, answered.claimId), "answered");
  cloud.clock.forward(24 * 3_600_000);
  t.equal(await state(home, answered.claimId), "expired");
  t.equal((await enrolment(answered.claimId, said.mac)).status, 410);
});

test("a claim for a stale charter, with an end in the past, with a used id, or the 17th at a time is refused", async (t) => {
  const home = await newHousehold(cloud);
  const { response, body } = await claimFor(home);
  t.equal(response.status, 201);
  const make = (changed: object) =>
    call(cloud, "POST", "/v1/claims", { token: home.token, body: { ...body, ...changed } });
  t.equal(kind(await make({})), "claim-exists");
  t.equal(kind(await make({ charter: opened(...home.chain.slice(0, 1)).hash })), "not-the-newest-charter");
  const past = new Date(cloud.clock.wall() - 1).toISOString();
  t.equal(kind((await claimFor(home, past)).response), "claim-ends-in-the-past");
  const far = await claimFor(home, new Date(cloud.clock.wall() + 86_400_000).toISOString());
  t.ok(Date.parse(far.response.body.expiresAt) <= cloud.clock.wall() + 600_000, "ten minutes at most");
  for (let i = 2; i < 16; i++) t.equal((await claimFor(home)).response.status, 201);
  t.equal(kind((await claimFor(home)).response), "too-many-claims");
});

test("keys that are none, too weak or not canonical do not answer a claim", async (t) => {
  const home = await newHousehold(cloud);
  const { claim, claimId } = await claimFor(home);
  const board = await newBoard("Back door");
  const good = answer(claim, board);
  const send = async (changed: object) =>
    kind(await call(cloud, "POST", `/v1/claims/${claimId}/answer`, { body: { ...good, ...changed } }));
  t.equal(await send({ noteKey: "AAAA" }), "bad-board-key");
  t.equal(await send({ tlsKey: "AAAA" }), "bad-board-key");
  t.equal(await send({ tlsKey: `${good.tlsKey.slice(0, -4)}AAA=` }), "bad-board-key");
  t.equal(await send({ mac: "" }), "bad-board-key");
  t.equal(await state(home, claimId), "waiting");
});

test("mode orders are stored as signed, counted, and by nobody who may not", async (t) => {
  const [bo, guest, contact] = [
    await newPerson("adult", "Bo"),
    await newPerson("guest", "Gil"),
    await newPerson("contact", "Kit"),
  ];
  const home = await newHousehold(cloud, [bo, guest, contact]);
  const { household, token, owner } = home;
  const modes = ["off", "detect", "record"] as const;
  const line = { ...home.board.line, modes };
  t.equal(
    (await put(home, { charter: sign(nextCharter(home.charter, { cameras: [line] }), [owner]) })).status,
    200,
  );
  const path = `/v1/cameras/${line.id}/mode`;
  const note = (counter: number, mode: Mode, by: Person, camera = line.id): string => {
    const week = [{ minute: 0, mode }];
    const order = { household, camera, counter, zone: "UTC", week, at: 1 as never };
    return signNote(formatMode(order), [by.note]);
  };
  const send = async (body: object, as = token) => {
    const { status, body: said } = await call(cloud, "PUT", path, { token: as, body });
    return status === 200 ? said.counter : kind({ body: said });
  };
  const off = note(2, "off", bo);
  t.same([await send({ note: note(1, "record", owner) }), await send({ note: off })], [1, 2]);
  t.equal(await send({ note: off }), 2, "its answer was lost");
  t.equal(await send({ note: note(2, "detect", owner) }), "mode-not-newer");
  t.equal(await send({ note: note(3, "record", bo) }), "may-not-loosen");
  t.equal(await send({ note: note(3, "off", guest) }), "no-known-signer");
  t.equal(await send({ note: note(3, "off", owner, "aaaaaaaaaaaaaaaa" as never) }), "other-camera");
  t.equal(await send({ note: off.replace("turn 0 off", "turn 0 record") }), "forged-signature");
  const shown = await call(cloud, "GET", `/v1/cameras/${line.id}`, { token });
  t.equal(shown.body.mode, off);
  const neighbour = await newHousehold(cloud);
  t.equal(await send({ note: note(3, "off", owner) }, neighbour.token), "not-there");
  const both = await Promise.all([
    send({ note: note(3, "off", owner) }),
    send({ note: note(3, "detect", owner) }),
  ]);
  t.same(both.map(String).sort(), ["3", "mode-not-newer"], "of two at the same time one");
});
