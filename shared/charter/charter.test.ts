import { test } from "tap";
import { millis } from "../kernel/brand.js";
import { equal, fromHex, toBase64, toHex } from "../kernel/bytes.js";
import { type CameraId, memberIdOf } from "../kernel/ids.js";
import { seededPrng } from "../kernel/prng.js";
import { readCharterAnswer, writeMessage } from "../protocol/messages.js";
import { recipientOf } from "../seal/age.js";
import { verifierOf } from "../seal/note.js";
import { formatEntry } from "../tlog/entry.js";
import { vectors } from "../vectors/vectors.contract.js";
import { cornersMax, masksMax, pictureScale, sensitivityMax, zonesMax } from "./areas.js";
import { openCharterChain, openPinnedCharter, type SignedCharter, signCharter } from "./charter.js";
import {
  answerClaim,
  type Claim,
  type ClaimAnswer,
  claimIdOf,
  fingerprintOf,
  formatClaim,
  isAnswerTo,
  parseClaim,
} from "./claim.js";
import {
  formatInvitation,
  formatNewcomer,
  newcomerFingerprint,
  parseInvitation,
  parseNewcomer,
} from "./joining.js";
import { memberKeys } from "./keys.js";
import { formatLines, maySee, parseLines } from "./lines.js";
import { formatLogin, parseLogin } from "./login.js";
import { charterEntry, householdLogOf } from "./logtag.js";
import { ownersOf } from "./succession.js";

interface CharterVectors {
  readonly members: readonly {
    readonly seed: string;
    readonly id: string;
    readonly noteKey: string;
    readonly loginKey: string;
    readonly identity: string;
    readonly recipient: string;
  }[];
  readonly valid: readonly {
    readonly why: string;
    readonly chain: readonly SignedCharter[];
    readonly hash: string;
  }[];
  readonly invalid: readonly {
    readonly why: string;
    readonly chain: readonly SignedCharter[];
    readonly kind: string;
  }[];
}

const charters = vectors<CharterVectors>("charter");

test("every valid chain opens, and its hash names it", async (t) => {
  for (const { why, chain, hash } of charters.valid) {
    const opened = openCharterChain(chain);
    t.equal(opened.ok ? opened.value.hash : opened.error.kind, hash, why);
  }
});

test("every invalid chain is refused for its reason", async (t) => {
  for (const { why, chain, kind } of charters.invalid) {
    const opened = openCharterChain(chain);
    t.equal(opened.ok ? "opened" : opened.error.kind, kind, why);
  }
});

test("a charter says who may read and what the camera obeys", async (t) => {
  const opened = openCharterChain(charters.valid[2]?.chain ?? []);
  if (!opened.ok) return t.fail(opened.error.kind);
  const [camera] = opened.value.cameras;
  t.same(
    ownersOf(opened.value).map(({ name }) => name),
    ["Zoë", "Ben"],
  );
  t.equal(camera?.name, "Front door");
  t.equal(camera?.audio, false);
  t.equal(camera?.masks[0]?.length, 3);
  t.same(camera?.modes, ["off", "detect", "record"]);
  t.same(camera?.zones, [], "the whole picture");
});

test("a charter's zones read back as they were signed", async (t) => {
  const zonesIn = (index: number) => {
    const opened = openCharterChain(charters.valid[index]?.chain ?? []);
    return opened.ok ? (opened.value.cameras[0]?.zones ?? []) : [];
  };
  t.match(zonesIn(3), [
    { corners: { length: 3, 2: { x: 5_000, y: 10_000 } }, sensitivity: 70, sizeMin: 200 },
    { corners: { length: 4 }, sensitivity: 0, sizeMin: 0 },
  ]);
  t.match(zonesIn(4), { length: 16, 0: { corners: { length: 32 }, sensitivity: 100, sizeMin: 10_000 } });
});

test("a camera's line with all the masks and zones there may be fits into the wire", async (t) => {
  const { seed = "" } = charters.members[0] ?? {};
  const opened = openCharterChain(charters.valid[4]?.chain ?? []);
  const [camera] = opened.ok ? opened.value.cameras : [];
  if (!opened.ok || camera === undefined) return t.fail("no vector");
  const corners = Array.from({ length: cornersMax }, () => ({ x: pictureScale, y: pictureScale }));
  const zone = { corners, sensitivity: sensitivityMax, sizeMin: pictureScale };
  const name = "\u{1f6aa}".repeat(32);
  const masks = Array.from({ length: masksMax }, () => corners);
  const full = { ...camera, name, masks, zones: Array.from({ length: zonesMax }, () => zone) };
  const signer = { name: "x", secretKey: memberKeys(fromHex(seed), 0).noteSecret };
  const { note, openings } = signCharter({ ...opened.value, cameras: [full] }, [signer], seededPrng(1));
  const message = writeMessage({ v: 1, charters: [{ note, openings: [...openings] }] });
  t.ok(readCharterAnswer(message).ok, `${message.length} bytes`);
});

test("what members see of the cameras reads back, and any other way to say it is refused", (t) => {
  const opened = openCharterChain(charters.valid[2]?.chain ?? []);
  const [camera] = opened.ok ? opened.value.cameras : [];
  const [owner, other] = opened.ok ? opened.value.members : [];
  if (camera === undefined || owner === undefined || other === undefined) return t.fail("no vector");
  const guest = { ...other, role: "guest" as const };
  const bodyOf = (sees: readonly CameraId[] | undefined) => ({
    members: [owner, { ...guest, ...(sees && { sees }) }],
    cameras: [camera],
  });
  for (const sees of [undefined, [], [camera.id]]) {
    const body = bodyOf(sees);
    t.same(parseLines(formatLines(body)), { ok: true, value: body });
    t.equal(body.members.map((member) => maySee(member, camera)).join(), `true,${sees?.length !== 0}`);
  }
  const lines = formatLines(bodyOf(undefined));
  const sight = `sees ${guest.id} ${camera.id}`;
  for (const bad of [
    [`sees ${owner.id} ${camera.id}`],
    [`sees ${guest.id} ${camera.id},${camera.id}`],
    [`sees ${guest.id} ${"a".repeat(16)}`],
    [`sees ${guest.id} `],
    [`sees ${guest.id} all`],
    [`${sight} `],
    [`sees ${camera.id} none`],
    [sight, sight],
  ]) {
    t.match(parseLines([...lines, ...bad]), { ok: false, error: { kind: "bad-line" } }, bad.join());
    t.match(parseLines([...bad, ...lines]), { error: { kind: "bad-line", index: 0 } });
  }
  t.notOk(maySee({ role: "contact" }, { ...camera, place: "indoor" }));
  t.end();
});

test("a chain ends where a charter in it does not hold, and a line with half a key is none", async (t) => {
  const [signed] = charters.valid[0]?.chain ?? [];
  if (signed === undefined) return t.fail("no vector");
  const broken = { note: "no note", openings: [] };
  for (const chain of [
    [broken, signed],
    [broken, signed, signed],
    [signed, broken, signed],
  ])
    t.notOk(openCharterChain(chain).ok);
  t.notOk(openPinnedCharter(broken, "x" as never).ok);
  for (const line of [
    "member a owner AAAA AAAA age1 Zoë",
    "camera a AAAA AAAA x age1 outdoor on record none whole Door",
  ])
    t.match(parseLines([line]), { error: { kind: "bad-line", index: 0 } });
  const lines = charters.valid.flatMap(({ chain }) => chain.flatMap(({ openings }) => openings));
  const camera = lines.find((line) => line?.includes(" camera "))?.replace(/^\S+ /, "") ?? "";
  t.ok(parseLines([camera]).ok, camera);
  for (const bad of [camera.replace(/ age1\S+ /, " age1 "), camera.replace(/ \d+ age1/, " x age1")])
    t.match(parseLines([bad]), { error: { kind: "bad-line", index: 0 } }, bad);
});

test("a pinned charter opens by its hash alone, and no other does", async (t) => {
  const [first, second] = charters.valid;
  const newest = second?.chain[1];
  if (newest === undefined) return t.fail("no vector");
  t.ok(openPinnedCharter(newest, second?.hash ?? "").ok);
  t.notOk(openPinnedCharter(newest, first?.hash ?? "").ok, "another hash");
  t.notOk(
    openPinnedCharter({ ...newest, note: newest.note.replace(/— .*/, "— x AAAAAAAA") }, second?.hash ?? "")
      .ok,
    "unsigned",
  );
});

test("a member's seed gives the vectors' keys, and another household other ones", async (t) => {
  for (const { seed, id, noteKey, loginKey, identity, recipient } of charters.members) {
    const keys = memberKeys(fromHex(seed), 0);
    const publicOf = (secretKey: Uint8Array): Uint8Array => verifierOf({ name: "k", secretKey }).publicKey;
    t.equal(toBase64(publicOf(keys.noteSecret)), noteKey);
    t.equal(toBase64(publicOf(keys.loginSecret)), loginKey);
    t.equal(memberIdOf(publicOf(keys.noteSecret)), id);
    t.equal(keys.identity, identity);
    t.equal(await recipientOf(keys.identity), recipient);
    t.notOk(equal(memberKeys(fromHex(seed), 1).noteSecret, keys.noteSecret));
  }
});

interface ClaimVectors {
  readonly valid: readonly (Omit<Claim, "secret"> & {
    readonly text: string;
    readonly secret: string;
    readonly claimId: string;
    readonly answer: ClaimAnswer;
    readonly fingerprint: string;
  })[];
  readonly invalid: readonly { readonly why: string; readonly text: string }[];
  readonly invalidAnswers: readonly { readonly why: string; readonly answer: ClaimAnswer }[];
}

const claims = vectors<ClaimVectors>("claim");

test("a claim reads back whole, and a board's answer to it is recognised", async (t) => {
  for (const one of claims.valid) {
    const claim = parseClaim(`  ${one.text}\n`);
    if (!claim.ok) return t.fail(claim.error.why);
    t.equal(formatClaim(claim.value), one.text);
    t.equal(toHex(claim.value.secret), one.secret);
    t.equal(claim.value.cloudUrl, one.cloudUrl);
    t.equal(claim.value.charter, one.charter);
    t.equal(claimIdOf(claim.value.secret), one.claimId);
    t.ok(isAnswerTo(claim.value, one.answer));
    t.equal(fingerprintOf(one.answer), one.fingerprint);
    t.match(one.fingerprint, /^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/, "80 bits: nobody makes keys that share it");
    const otherHousehold = { ...claim.value, charter: claim.value.caHash };
    t.notOk(isAnswerTo(otherHousehold, one.answer), "the answer binds the charter");
    t.same(
      answerClaim(claim.value, new Uint8Array(32), new Uint8Array(91)).noteKey,
      toBase64(new Uint8Array(32)),
    );
  }
});

test("damaged claims and answers by others are refused", async (t) => {
  for (const { why, text } of claims.invalid) t.notOk(parseClaim(text).ok, why);
  const claim = parseClaim(claims.valid[0]?.text ?? "");
  for (const { why, answer } of claims.invalidAnswers)
    t.notOk(claim.ok && isAnswerTo(claim.value, answer), why);
});

test("login texts are canonical", async (t) => {
  const logins = vectors<{
    valid: { text: string }[];
    invalid: { why: string; text: string; kind: string }[];
  }>("login");
  for (const { text } of logins.valid) {
    const login = parseLogin(text);
    t.equal(login.ok ? formatLogin(login.value) : login.error.kind, text);
  }
  for (const { why, text, kind } of logins.invalid) {
    const login = parseLogin(text);
    t.equal(login.ok ? "read" : login.error.kind, kind, why);
  }
});

test("an invitation and a newcomer's line read back whole, and not when a character is changed or cut", async (t) => {
  const [claim] = claims.valid;
  const [person] = charters.members;
  if (claim === undefined || person === undefined) return t.fail("no vector");
  const { cloudUrl, caHash, household, charter } = claim;
  const invitation = formatInvitation({ cloudUrl, caHash, household, version: 12, charter });
  t.same(parseInvitation(`${invitation}\n`), {
    ok: true,
    value: { cloudUrl, caHash, household, version: 12, charter },
  });
  const withId = formatInvitation({ cloudUrl, caHash, household, version: 12, charter, id: "a".repeat(16) });
  t.match(parseInvitation(withId), { ok: true, value: { household, charter, id: "a".repeat(16) } });
  for (const wrong of [withId.slice(0, -1), `${withId}a`, `${withId}.a`, `${invitation}.`])
    t.notOk(parseInvitation(wrong).ok, wrong);
  const at = (url: string) =>
    parseInvitation(formatInvitation({ cloudUrl: url, caHash, household, version: 1, charter })).ok;
  for (const good of [
    "https://a",
    "https://a-b.example:8443",
    "http://127.0.0.1:1",
    "http://[::1]:80",
    "http://[1:2:3:4:5:6:7:8]",
  ])
    t.ok(at(good), good);
  for (const bad of [
    "https://\u001b[2J",
    "https://a..b",
    "https://a:0",
    "https://a:65536",
    "https://1.2.3",
    "https://1.2.3.256",
    "https://-a",
    "https://[:::]",
    "https://[1]",
    "https://a/b",
    `https://${"a.".repeat(130)}a`,
  ])
    t.notOk(at(bad), bad);
  const keys = memberKeys(fromHex(person.seed), 0);
  const publicOf = (secretKey: Uint8Array): Uint8Array => verifierOf({ name: "k", secretKey }).publicKey;
  const [noteKey, loginKey] = [publicOf(keys.noteSecret), publicOf(keys.loginSecret)];
  const newcomer = { id: memberIdOf(noteKey), noteKey, loginKey, recipient: person.recipient, name: "Zoë" };
  const line = formatNewcomer(newcomer);
  t.same(parseNewcomer(line), { ok: true, value: newcomer });
  for (let at = 0; at < invitation.length; at += 7)
    t.notOk(parseInvitation(invitation.slice(0, at)).ok, `cut at ${at}`);
  const swapped = { ...newcomer, loginKey: noteKey };
  t.not(newcomerFingerprint(swapped), newcomerFingerprint(newcomer), "no key can be changed unseen");
  t.notOk(parseNewcomer(invitation).ok || parseInvitation(line).ok);
});

interface LogVectors {
  readonly cases: readonly {
    readonly openings: readonly string[];
    readonly version: number;
    readonly hash: string;
    readonly at: number;
    readonly text: string;
  }[];
}

test("a charter's entry in the public log follows from the household's first charter, and says nothing else", (t) => {
  for (const { openings, version, hash, at, text } of vectors<LogVectors>("logtag").cases) {
    const keys = householdLogOf({ note: "", openings });
    const entry = charterEntry(keys, { version, hash, at: millis(at) });
    t.equal(new TextDecoder().decode(formatEntry(entry)), text);
    const other = householdLogOf({ note: "", openings: openings.map((one) => one.replace(/^./, "Z")) });
    t.not(charterEntry(other, { version, hash, at: millis(at) }).id, entry.id);
    t.not(charterEntry(keys, { version: version + 1, hash, at: millis(at) }).hash, entry.hash);
  }
  t.end();
});
