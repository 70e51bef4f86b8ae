import { generateKeyPairSync } from "node:crypto";
import { resolve } from "node:path";
import { test } from "tap";
import {
  type Charter,
  openFirstCharter,
  type SignedCharter,
  signCharter,
} from "../../../shared/charter/charter.js";
import { answerClaim, type Claim } from "../../../shared/charter/claim.js";
import { memberKeys } from "../../../shared/charter/keys.js";
import { type CharterCamera, type Member, memberKeyName } from "../../../shared/charter/lines.js";
import { millis } from "../../../shared/kernel/brand.js";
import { toBase64 } from "../../../shared/kernel/bytes.js";
import { cameraIdOf, householdIdOf, memberIdOf } from "../../../shared/kernel/ids.js";
import { seededPrng } from "../../../shared/kernel/prng.js";
import { newIdentity, recipientOf } from "../../../shared/seal/age.js";
import { hashOf, hashOfText } from "../../../shared/seal/hash.js";
import { textOf, verifierOf } from "../../../shared/seal/note.js";
import { programAt, wherever } from "../doctor/checks.io.js";
import { fieldsOf, UnexpectedAnswer } from "../fields.js";
import { checkBroker, checkCharters, checkVaultKey } from "../install/enrolment.js";
import { sentenceOf } from "../sentences.js";
import { isCanonicalSpki } from "./claim.io.js";
import { listClips } from "./clips.io.js";
import { epochsOf, findCamera, openHousehold } from "./household.js";
import { formatSheet, readSheet } from "./sheet.js";
import { createEventReader } from "./sse.js";

const random = seededPrng(3);
const keys = memberKeys(random.bytes(32), 0);
const publicOf = (secretKey: Uint8Array): Uint8Array => verifierOf({ name: "", secretKey }).publicKey;
const noteKey = publicOf(keys.noteSecret);
const owner: Member = {
  id: memberIdOf(noteKey),
  role: "owner",
  noteKey,
  loginKey: publicOf(keys.loginSecret),
  recipient: await recipientOf(keys.identity),
  name: "Anna",
};
const first: Charter = {
  household: householdIdOf(noteKey),
  version: 1,
  previous: "none",
  issued: millis(1),
  change: "any-owner",
  release: "all-owners",
  members: [owner],
  cameras: [],
};
const sign = (charter: Charter): SignedCharter =>
  signCharter(charter, [{ name: memberKeyName(owner.id), secretKey: keys.noteSecret }], random);
const hashIn = ({ note }: SignedCharter): string => hashOfText(textOf(note));
const next = (before: SignedCharter, version: number, cameras: readonly CharterCamera[]): SignedCharter =>
  sign({ ...first, version, previous: hashIn(before), cameras });

const boardKey = random.bytes(32);
const tlsKey = random.bytes(91);
const camera: CharterCamera = {
  id: cameraIdOf(publicOf(boardKey)),
  noteKey: publicOf(boardKey),
  tlsKeyHash: hashOf(tlsKey),
  epoch: 1,
  recipient: await recipientOf(await newIdentity()),
  place: "outdoor",
  audio: false,
  modes: ["record"],
  masks: [],
  zones: [],
  name: "Door",
};
const newer = { ...camera, epoch: 2, recipient: await recipientOf(await newIdentity()) };
const one = sign(first);
const two = next(one, 2, [camera]);
const three = next(two, 3, [newer]);
const four = next(three, 4, []);
const seenOne = { version: 1, hash: hashIn(one) };
const kindOf = (result: { ok: true } | { ok: false; error: Parameters<typeof sentenceOf>[0] }): string => {
  if (result.ok) return "opens";
  if (sentenceOf(result.error).length < 20) throw new Error("that is no sentence");
  return result.error.kind;
};

test("a household opens charter by charter, and keeps what a later one removed", (t) => {
  const household = openHousehold([one, two, three, four], seenOne);
  t.ok(household.ok);
  if (!household.ok) return t.end();
  t.equal(household.value.newest.version, 4);
  t.equal(findCamera(household.value, camera.id)?.epoch, 2);
  t.same(
    [...epochsOf(household.value, camera.id)],
    [
      [1, camera.recipient],
      [2, newer.recipient],
    ],
  );
  t.equal(findCamera(household.value, "nobody"), undefined);
  t.end();
});

test("a cloud that hides, replaces, reorders or invents charters is caught", (t) => {
  const seenTwo = { version: 2, hash: hashIn(two) };
  t.equal(kindOf(openHousehold([one], seenTwo)), "charter-withheld");
  t.equal(kindOf(openHousehold([], seenOne)), "charter-withheld");
  const fork = next(one, 2, []);
  t.equal(kindOf(openHousehold([one, fork], seenTwo)), "charter-forked");
  t.equal(kindOf(openHousehold([one, fork, three], seenOne)), "not-the-next-charter");
  t.equal(kindOf(openHousehold([one, three], seenOne)), "not-the-next-charter");
  const stranger = { name: memberKeyName(owner.id), secretKey: random.bytes(32) };
  const forged = signCharter({ ...first, version: 2, previous: hashIn(one) }, [stranger], random);
  t.equal(kindOf(openHousehold([one, forged], seenOne)), "no-known-signer");
  t.end();
});

const claim: Claim = {
  cloudUrl: "https://cloud.example",
  caHash: hashOf(random.bytes(9)),
  household: first.household,
  charter: hashIn(one),
  secret: random.bytes(16),
};
const own = answerClaim(claim, publicOf(boardKey), tlsKey);

test("a board follows the charters from the claim's own to the newest, and keeps those that name it", (t) => {
  const enrolled = checkCharters(claim, [one, two, three], own);
  t.ok(enrolled.ok);
  if (!enrolled.ok) return t.end();
  t.equal(enrolled.value.newest.version, 3);
  t.equal(enrolled.value.camera.recipient, newer.recipient);
  t.same(enrolled.value.charters, [two, three]);
  t.end();
});

test("a board believes no other charter than those that its claim leads to", (t) => {
  const opened = openFirstCharter(one);
  t.ok(opened.ok);
  t.equal(kindOf(checkCharters(claim, [], own)), "not-the-next-charter");
  t.equal(kindOf(checkCharters(claim, [two, three], own)), "not-the-next-charter");
  t.equal(kindOf(checkCharters(claim, [one, three], own)), "not-the-next-charter");
  t.equal(kindOf(checkCharters(claim, [one], own)), "not-in-charter");
  t.equal(kindOf(checkCharters(claim, [one, two, three, four], own)), "not-in-charter");
  const otherTls = { ...own, tlsKey: toBase64(random.bytes(91)) };
  t.equal(kindOf(checkCharters(claim, [one, two], otherTls)), "not-in-charter");
  const elsewhere = { ...claim, household: householdIdOf(random.bytes(32)) };
  t.equal(kindOf(checkCharters(elsewhere, [one, two], own)), "other-household");
  t.equal(kindOf(checkVaultKey("vault+1234+nonsense")), "bad-vault-key");
  t.end();
});

test("the live stream is read wherever it was cut", (t) => {
  const stream = ': hello\n\nid: 7\nevent: clip.ended\ndata: {"a":1}\n\ndata: x\ndata: y\r\n\r\n: beat\n\n';
  const wanted = [
    { event: "clip.ended", data: '{"a":1}', id: "7" },
    { event: "message", data: "x\ny" },
  ];
  for (let size = 1; size <= stream.length; size++) {
    const read = createEventReader();
    const pieces = stream.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
    t.same(
      pieces.flatMap((piece) => read(piece)),
      wanted,
      `pieces of ${size}`,
    );
  }
  t.end();
});

test("an answer that is not what it should be is refused with its place", (t) => {
  const fields = fieldsOf({ a: "x", n: 1, list: [{ b: "y" }, 3], none: null }, "answer");
  t.same([fields.text("a"), fields.number("n"), fields.maybeText("none")], ["x", 1, undefined]);
  t.throws(() => fields.text("n"), new UnexpectedAnswer("answer.n is not a text"));
  t.throws(() => fields.text("b"), new UnexpectedAnswer("answer.b is not a text"));
  t.throws(
    () => fields.list("list", (item) => item.text("b")),
    new UnexpectedAnswer("answer.list[1] is not an object"),
  );
  t.throws(() => fieldsOf([], "answer"), new UnexpectedAnswer("answer is not an object"));
  t.end();
});

test("a recovery sheet reads back, whole or as bare words, and with a wrong word not at all", (t) => {
  const seed = random.bytes(32);
  const facts = {
    seed,
    cloudUrl: "https://cloud.example",
    caHash: hashOf(seed),
    household: householdIdOf(seed),
  };
  const sheet = formatSheet({ ...facts, member: memberIdOf(seed) });
  t.same(readSheet(sheet), facts);
  t.same(
    readSheet(`Lintel recovery sheet of Anna\r\n\r\n${sheet.replaceAll("\n", "\r\n")}\n\u2588\u2584\n`),
    facts,
  );
  const words = /^seed .*\n([\s\S]*)$/m.exec(sheet)?.[1]?.trim().split(/\s+/) ?? [];
  t.equal(words.length, 24);
  t.same(readSheet(words.join("\n").toUpperCase()), { seed });
  const [first = "", second = "", ...rest] = words;
  for (const wrong of [
    "",
    words.slice(1).join(" "),
    [...words, "abandon"].join(" "),
    ["lintel", second, ...rest].join(" "),
    [first, first === "zoo" ? "able" : "zoo", ...rest].join(" "),
    sheet.replace(/^ {2}.*$/m, ""),
  ])
    t.equal(readSheet(wrong), undefined, wrong);
  t.end();
});

test("the list of clips goes on behind an empty page", async (t) => {
  const id = "0197f000-0000-7000-8000-000000000000";
  const clip = { id, camera: "c", recordedAt: "now", state: "complete", segments: 1, bytes: 9 };
  const pages = [
    { clips: [], next: "a" },
    { clips: [clip], next: "b" },
    { clips: [], next: "b" },
  ];
  const asked: string[] = [];
  const get = async (path: string) => {
    asked.push(path);
    return fieldsOf(pages[asked.length - 1], path);
  };
  const found: string[] = [];
  for await (const one of listClips({ get }, { limit: 5 })) found.push(one.id);
  t.same(found, [id]);
  t.same(asked, ["/v1/clips?limit=5", "/v1/clips?limit=5&cursor=a", "/v1/clips?limit=4&cursor=b"]);
});

test("a board takes only a broker over TLS, and an owner only a TLS key in its one form", (t) => {
  for (const url of ["mqtts://cloud.example:8883", "mqtts://[::1]:9", "mqtts://127.0.0.1:1883"])
    t.ok(checkBroker(url).ok, url);
  for (const url of ["mqtt://cloud.example", "https://x", "mqtts://a b", "mqtts://x@y", "mqtts://"])
    t.notOk(checkBroker(url).ok, url);
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ format: "der", type: "spki" });
  t.ok(isCanonicalSpki(spki));
  t.notOk(isCanonicalSpki(Buffer.concat([spki, Buffer.from([0])])), "bytes behind it");
  t.notOk(isCanonicalSpki(random.bytes(91)));
  t.end();
});

test("a video file is found from whichever folder the camera is started", (t) => {
  t.equal(wherever("door.mp4"), `file:${resolve("door.mp4")}`);
  t.equal(wherever("file:door.mp4?loop=1"), `file:${resolve("door.mp4")}?loop=1`);
  t.equal(wherever("scene:seed=1"), "scene:seed=1");
  t.equal(programAt("bin/ffmpeg"), resolve("bin/ffmpeg"));
  t.equal(programAt("ffmpeg"), "ffmpeg");
  t.end();
});
