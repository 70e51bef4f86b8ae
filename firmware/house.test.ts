import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Test, test } from "tap";
import {
  type Charter,
  openFirstCharter,
  type SignedCharter,
  signCharter,
} from "../shared/charter/charter.js";
import { memberKeys } from "../shared/charter/keys.js";
import { type CharterCamera, type Member, memberKeyName } from "../shared/charter/lines.js";
import { formatDeletion } from "../shared/clip/custody.js";
import { type Millis, millis } from "../shared/kernel/brand.js";
import { type ClipId, householdIdOf, memberIdOf } from "../shared/kernel/ids.js";
import { seededPrng } from "../shared/kernel/prng.js";
import { newIdentity, recipientOf } from "../shared/seal/age.js";
import { hashOf, hashOfText } from "../shared/seal/hash.js";
import { formatVerifier, type Signer, signNote, textOf, verifierOf } from "../shared/seal/note.js";
import { type CameraIdentity, type Keystore, openKeystore } from "./board/keystore.io.js";
import { systemClock } from "./board/system.io.js";
import { createHouse, type House } from "./house.io.js";

const random = seededPrng(1);
const clipId = "01900000-0000-7000-8000-00000000000a" as ClipId;

/** Any certificate: here only its form counts. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBbTCCAROgAwIBAgIUVmV/oM55D1sKgQl2Z3yqqpfIqq8wCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBdDAeFw0yNjExMjEyMzQ0MzVaFw0yNjEyMDEyMzQ0MzVaMAwx
CjAIBgNVBAMMAXQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQrJdFtl/zZkK2O
WrRm36QU6hAmXzNd8jBzNk4fGjWWR+ucEyUWmD+WZfYNhb2uZ19BS7qhTdT24CZd
++dRJdV8o1MwUTAdBgNVHQ4EFgQU2UXUPtU7R2Eix3P9f0S6JzkdgsMwHwYDVR0j
BBgwFoAU2UXUPtU7R2Eix3P9f0S6JzkdgsMwDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNIADBFAiEAtqnZL6Wjt/5nxTtoHRHum+WzDdj2l+ap7tHKsb1ML5MC
IF63wD0jVV9tB0YOm/EeUGpCNw1VGx8a+MrfFfC+5eht
-----END CERTIFICATE-----
`;

async function person(name: string, role: Member["role"]) {
  const { noteSecret, loginSecret, identity } = memberKeys(random.bytes(32), 0);
  const noteKey = verifierOf({ name: "x", secretKey: noteSecret }).publicKey;
  const loginKey = verifierOf({ name: "x", secretKey: loginSecret }).publicKey;
  const id = memberIdOf(noteKey);
  const member: Member = { id, role, noteKey, loginKey, recipient: await recipientOf(identity), name };
  const signer: Signer = { name: memberKeyName(id), secretKey: noteSecret };
  return { member, signer };
}

type Person = Awaited<ReturnType<typeof person>>;

async function lineOf({ camera, signer, tlsPublicKey }: CameraIdentity): Promise<CharterCamera> {
  return {
    id: camera,
    noteKey: verifierOf(signer).publicKey,
    tlsKeyHash: hashOf(tlsPublicKey),
    epoch: 1,
    recipient: await recipientOf(await newIdentity()),
    place: "outdoor",
    audio: false,
    modes: ["off", "detect", "record"],
    masks: [],
    name: "Front door",
  };
}

interface Setting {
  readonly state: string;
  readonly keystore: Keystore;
  readonly house: House;
  readonly owner: Person;
  readonly guest: Person;
  readonly line: CharterCamera;
  /** The first charter that names the camera. */
  readonly first: SignedCharter;
  /** The one after `before`, with changes. */
  next(before: SignedCharter, changes: Partial<Charter>, signer?: Signer): SignedCharter;
}

const log = (): void => undefined;

/** A camera that was just enrolled by a household of an owner and a guest. */
async function enrolled(t: Test): Promise<Setting> {
  const state = mkdtempSync(join(tmpdir(), "lintel-house-"));
  t.teardown(() => rmSync(state, { recursive: true, force: true }));
  const keystore = openKeystore(state, systemClock, log);
  const identity = keystore.createIdentity(random);
  const line = await lineOf(identity);
  const owner = await person("Ada", "owner");
  const guest = await person("Bo", "guest");
  const base: Charter = {
    household: householdIdOf(owner.member.noteKey),
    version: 1,
    previous: "none",
    issued: millis(1),
    change: "all-owners",
    release: "all-owners",
    members: [owner.member, guest.member],
    cameras: [line],
  };
  const first = signCharter(base, [owner.signer], random);
  const chained = new Map<SignedCharter, Charter>([[first, base]]);
  const vaultKey = formatVerifier(verifierOf({ name: "vault-test", secretKey: random.bytes(32) }));
  const cloud = { mqttUrl: "mqtts://127.0.0.1:1", vaultKey, cloudUrl: "http://127.0.0.1:1" };
  keystore.saveEnrolment({ charters: [first], certificate, ca: certificate, cloud });
  return {
    ...{ state, keystore, owner, guest, line, first },
    house: houseOf(keystore),
    next(before, changes, signer = owner.signer) {
      const known = chained.get(before) ?? base;
      const previous = hashOfText(textOf(before.note));
      const charter = { ...known, version: known.version + 1, previous, ...changes };
      const signed = signCharter(charter, [signer], random);
      chained.set(signed, charter);
      return signed;
    },
  };
}

function houseOf(keystore: Keystore): House {
  const enrolment = keystore.readEnrolment();
  if (!enrolment.ok) throw new Error(enrolment.error.kind);
  return createHouse(keystore, enrolment.value, log);
}

test("keys are made once, for their owner's eyes only, and stay the same", async (t) => {
  const { state, keystore } = await enrolled(t);
  const identity = keystore.createIdentity(random);
  t.same(openKeystore(state, systemClock, log).createIdentity(random), identity);
  for (const file of ["note.key", "tls.key"])
    t.equal(statSync(join(state, "identity", file)).mode & 0o777, 0o600);
  chmodSync(join(state, "identity", "note.key"), 0o644);
  const said: string[] = [];
  openKeystore(state, systemClock, (event) => said.push(event));
  t.same(said, ["keystore.mode-tightened"]);
  t.equal(statSync(join(state, "identity", "note.key")).mode & 0o777, 0o600);
  const left = readdirSync(join(state, "identity")).filter((name) => name.endsWith(".half"));
  t.same(left, [], "no half-written file is left");
});

test("an installation that was cut short says what is missing", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "lintel-house-"));
  t.teardown(() => rmSync(state, { recursive: true, force: true }));
  const keystore = openKeystore(state, systemClock, log);
  t.match(keystore.readEnrolment(), { ok: false, error: { kind: "not-enrolled", missing: /note\.key/ } });
  keystore.createIdentity(random);
  t.match(keystore.readEnrolment(), { ok: false, error: { kind: "not-enrolled", missing: /tls\.crt/ } });
});

test("a damaged file is set aside with its name and time, never guessed at", async (t) => {
  const { state, keystore } = await enrolled(t);
  keystore.saveSettings({ source: "scene:seed=1" });
  t.same(keystore.readSettings(), { source: "scene:seed=1" });
  writeFileSync(join(state, "settings.json"), "{ not json");
  t.same(keystore.readSettings(), {}, "the choices are lost, the camera runs");
  t.ok(readdirSync(state).some((name) => /^settings\.json\.damaged-\d+$/.test(name)));
  writeFileSync(join(state, "charter.json"), readFileSync(join(state, "charter.json"), "utf8").slice(0, 200));
  t.match(keystore.readEnrolment(), { ok: false, error: { kind: "damaged", file: /charter\.json$/ } });
  t.match(keystore.readEnrolment(), { ok: false, error: { kind: "not-enrolled" } }, "and no loop");
});

test("a charter on the card that was changed by hand is refused", async (t) => {
  const { state, keystore } = await enrolled(t);
  const path = join(state, "charter.json");
  writeFileSync(path, readFileSync(path, "utf8").replace("change all-owners", "change any-owner"));
  t.match(keystore.readEnrolment(), { ok: false, error: { kind: "bad-charter" } });
});

test("a camera follows its charter forward, durably, and passes over what it has", async (t) => {
  const { keystore, house, first, line, next } = await enrolled(t);
  const mask = [
    { x: 0, y: 0 },
    { x: 5_000, y: 0 },
    { x: 5_000, y: 10_000 },
  ];
  const second = next(first, { cameras: [{ ...line, masks: [mask], modes: ["off", "detect"] }] });
  const third = next(second, { cameras: [{ ...line, masks: [mask] }] });
  t.same(house.rules(), { mode: "record", masks: [] });
  t.ok(house.follow([first, second]));
  t.match(house.rules(), {
    mode: "detect",
    masks: [
      [
        { x: 0, y: 0 },
        { x: 0.5, y: 0 },
        { x: 0.5, y: 1 },
      ],
    ],
  });
  t.ok(house.follow([second, third]));
  t.notOk(house.follow([first, second, third]), "nothing new");
  t.equal(house.version(), 3);
  t.same(house.troubles(), []);
  const again = houseOf(keystore);
  t.equal(again.version(), 3);
  t.equal(again.custody().charter, house.custody().charter);
});

test("a fork, a gap and a stranger's charter are refused, and said", async (t) => {
  const { house, first, guest, next } = await enrolled(t);
  const second = next(first, { issued: millis(2) });
  const fork = next(first, { issued: millis(3) });
  const third = next(second, { issued: millis(4) });
  t.notOk(house.follow([third]), "a gap");
  t.match(house.troubles(), [/not-the-next-charter/]);
  t.notOk(house.follow([next(first, {}, guest.signer)]), "a guest's signature");
  t.ok(house.follow([second]));
  t.notOk(house.follow([fork]), "an older version is passed over");
  t.notOk(house.follow([next(fork, { issued: millis(5) })]), "the fork's next");
  t.equal(house.version(), 2);
});

test("removal is a last word: the camera is off and says why", async (t) => {
  const { house, first, next } = await enrolled(t);
  t.ok(house.follow([next(first, { cameras: [] })]));
  t.same(house.rules(), { mode: "off", masks: [] });
  t.match(house.troubles(), [/removed this camera/]);
  t.throws(() => house.custody(), "nothing can be sealed any more");
});

test("a clip is deleted by an owner of the household, and by nobody else", async (t) => {
  const { house, line, owner, guest, first } = await enrolled(t);
  const opened = openFirstCharter(first);
  if (!opened.ok) return t.fail(opened.error.kind);
  const { household } = opened.value;
  const at: Millis = millis(1);
  const order = (signer: Signer, camera = line.id): string =>
    signNote(formatDeletion({ household, camera, clip: clipId, at }), [signer]);
  t.equal(house.openDeletion(order(owner.signer)), clipId);
  t.equal(house.openDeletion(order(guest.signer)), undefined);
  t.equal(house.openDeletion(order(owner.signer, "aaaaaaaaaaaaaaaa" as typeof line.id)), undefined);
  t.equal(house.openDeletion("nonsense"), undefined);
});
