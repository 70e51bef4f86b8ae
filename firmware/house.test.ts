import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "tap";
import { openFirstCharter } from "../shared/charter/charter.js";
import { formatDeletion } from "../shared/clip/custody.js";
import { type Millis, millis } from "../shared/kernel/brand.js";
import type { ClipId } from "../shared/kernel/ids.js";
import { type Signer, signNote } from "../shared/seal/note.js";
import { openKeystore } from "./board/keystore.io.js";
import { systemClock } from "./board/system.io.js";
import { enrolled, houseOf, log, random } from "./enrolled.contract.js";

const clipId = "01900000-0000-7000-8000-00000000000a" as ClipId;

test("keys are made once, for their owner's eyes only, and stay the same", async (t) => {
  const { state, keystore } = await enrolled(t);
  const identity = keystore.createIdentity(random);
  t.same(openKeystore(state, systemClock, log).createIdentity(random), identity);
  for (const file of ["note.key", "tls.key"])
    t.equal(statSync(join(state, "identity", file)).mode & 0o777, 0o600);
  chmodSync(join(state, "identity", "note.key"), 0o644);
  const said: string[] = [];
  openKeystore(state, systemClock, (event) => said.push(event)).readEnrolment();
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
  const zones = [{ corners: mask, sensitivity: 0, sizeMin: 0 }];
  const second = next(first, { cameras: [{ ...line, masks: [mask], zones, modes: ["off", "detect"] }] });
  const third = next(second, { cameras: [{ ...line, audio: true, masks: [mask] }] });
  t.same(house.rules(), { mode: "record", masks: [], zones: [], audio: false });
  t.ok(house.follow([first, second]));
  t.match(house.rules(), {
    mode: "detect",
    zones,
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
  t.same(house.rules(), { mode: "off", masks: [], zones: [], audio: false });
  t.match(house.troubles(), [/removed this camera/]);
  t.throws(() => house.custody(), "nothing can be sealed any more");
});

test("a camera that was removed takes no later charter, also not after a start", async (t) => {
  const { keystore, house, first, line, next } = await enrolled(t);
  const removal = next(first, { cameras: [] });
  const back = next(removal, { cameras: [line] });
  t.ok(house.follow([removal]));
  t.notOk(house.follow([]), "asked again, the cloud has nothing later: that was the last word");
  t.notOk(house.follow([back]));
  t.equal(house.version(), 2);
  t.match(house.troubles(), [/removed this camera with charter 2.*stays there; reset and install/]);
  const again = houseOf(keystore);
  t.notOk(again.follow([back]));
  t.same([again.version(), again.rules().mode], [2, "off"]);
});

test("only the last of the later charters must name the camera, in however many answers they come", async (t) => {
  for (const answers of [1, 2]) {
    const { house, first, line, next } = await enrolled(t);
    const removal = next(first, { cameras: [] });
    const back = next(removal, { cameras: [line] });
    if (answers === 1) t.ok(house.follow([removal, back]));
    else t.ok(house.follow([removal]) && !house.follow([removal]) && house.follow([back]));
    t.same([house.version(), house.rules().mode, house.troubles().length], [3, "record", 0]);
  }
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
