import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { test } from "tap";
import {
  type Charter,
  openFirstCharter,
  type SignedCharter,
  signCharter,
} from "../shared/charter/charter.js";
import type { Mode } from "../shared/charter/lines.js";
import { formatMode } from "../shared/charter/mode.js";
import { formatDeletion } from "../shared/clip/custody.js";
import { type Millis, millis } from "../shared/kernel/brand.js";
import type { ClipId } from "../shared/kernel/ids.js";
import { newIdentity, recipientOf } from "../shared/seal/age.js";
import { hashOfText } from "../shared/seal/hash.js";
import { type Signer, signNote, textOf } from "../shared/seal/note.js";
import { openKeystore } from "./board/keystore.io.js";
import { systemClock } from "./board/system.io.js";
import { minuteOfWeek } from "./board/week.io.js";
import { enrolled, houseOf, log, type Person, person, random } from "./enrolled.contract.js";

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

const changes = ["audio", "unmask", "key", "key-same-epoch", "drop-cy", "relax", "guest-in"] as const;
const tampers = ["none", "none", "none", "flip", "opening", "gap", "replay", "fork"] as const;
const aStep = fc.record({
  change: fc.constantFrom(...changes),
  tamper: fc.constantFrom(...tampers),
  /** Who signs: owner Ada, owner Cy, guest Bo, a stranger. */
  signers: fc.constantFrom(...["1100", "1100", "1000", "0100", "0011", "1001", "0000"]),
  rule: fc.constantFrom("any-owner", "all-owners"),
  at: fc.nat(),
  reboot: fc.boolean(),
});
type Step = ReturnType<(typeof aStep)["generate"]>["value"];

test("no run of valid and forged charters makes a camera obey what the owners before it did not sign", async (t) => {
  const { keystore, first, line, owner, guest, state } = await enrolled(t);
  const [cy, stranger] = [await person("Cy", "owner"), await person("Mallory", "owner")];
  const people = [owner, cy, guest, stranger];
  const keys = await Promise.all(Array.from({ length: 8 }, async () => recipientOf(await newIdentity())));
  const start = baseOf(first, { members: [owner.member, cy.member, guest.member], line });
  const kept = readFileSync(join(state, "charter.json"));
  let [taken, refused] = [0, 0];
  const offer = (was: Chain, step: Step): { readonly offered: SignedCharter; readonly now?: Chain } => {
    const { change, tamper, signers, rule, at } = step;
    const next = { ...changed(was.charter, change, { keys, at, cy }), change: rule };
    const previous = hashOfText(textOf((tamper === "fork" ? was.before : was.newest).note));
    const charter = { ...next, version: was.charter.version + (tamper === "gap" ? 2 : 1), previous };
    const by = people.filter((_, index) => signers[index] === "1");
    const signed = signCharter(
      charter,
      by.map(({ signer }) => signer),
      random,
    );
    if (tamper === "none" && mayFollow(was.charter, next, by))
      return { offered: signed, now: { charter, newest: signed, before: was.newest } };
    return { offered: tamper === "replay" ? was.newest : forged(signed, tamper, at) };
  };
  const run = (steps: readonly Step[]): void => {
    writeFileSync(join(state, "charter.json"), kept);
    let house = houseOf(keystore);
    const second = signCharter(start, [owner.signer], random);
    house.follow([second]);
    let chain: Chain = { charter: start, newest: second, before: first };
    for (const step of steps) {
      const { offered, now } = offer(chain, step);
      t.equal(house.follow([offered]), now !== undefined, `${step.change}, ${step.tamper}, ${step.signers}`);
      now === undefined ? refused++ : taken++;
      chain = now ?? chain;
      if (step.reboot) house = houseOf(keystore);
      const { version, cameras } = chain.charter;
      t.same([house.version(), house.custody().recipient], [version, cameras[0]?.recipient]);
      t.same(
        [house.rules().audio, house.rules().masks.length],
        [cameras[0]?.audio, cameras[0]?.masks.length],
      );
    }
  };
  fc.assert(fc.property(fc.array(aStep, { minLength: 1, maxLength: 6 }), run), { numRuns: 100, seed: 4 });
  t.ok(taken > 10 && refused > 10, `${taken} were taken, ${refused} refused`);
});

/** What a camera should have taken so far. */
interface Chain {
  readonly charter: Charter;
  readonly newest: SignedCharter;
  readonly before: SignedCharter;
}

/** Version 2: two owners, of whom any may change the rules, and a masked camera. */
function baseOf(
  first: SignedCharter,
  { members, line }: { members: Charter["members"]; line: Charter["cameras"][number] },
): Charter {
  const opened = openFirstCharter(first);
  if (!opened.ok) throw new Error(opened.error.kind);
  const { hash, ...base } = opened.value;
  const corners = [0, 5_000, 10_000].map((x) => ({ x, y: (x * x) % 9_999 }));
  const cameras = [{ ...line, masks: [corners] }];
  return { ...base, version: 2, previous: hash, change: "any-owner", members, cameras };
}

interface Chances {
  readonly keys: readonly string[];
  readonly at: number;
  readonly cy: Person;
}

function changed(charter: Charter, change: (typeof changes)[number], { keys, at, cy }: Chances): Charter {
  const [camera] = charter.cameras;
  const recipient = keys[at % keys.length] ?? "";
  const withCamera = (now: object): Charter => ({ ...charter, cameras: [{ ...camera, ...now }] }) as Charter;
  switch (change) {
    case "audio":
      return withCamera({ audio: true });
    case "unmask":
      return withCamera({ masks: [] });
    case "key":
      return withCamera({
        recipient,
        epoch: (camera?.epoch ?? 0) + (recipient === camera?.recipient ? 0 : 1),
      });
    case "key-same-epoch":
      return withCamera({ recipient });
    case "drop-cy":
      return { ...charter, members: charter.members.filter(({ id }) => id !== cy.member.id) };
    case "relax":
      return { ...charter, release: "any-owner" };
    case "guest-in":
      return { ...charter, members: charter.members.map((one) => ({ ...one, name: `${one.name}.` })) };
  }
}

/** The rule in a test's words, apart from the code that decides. */
function mayFollow(now: Charter, next: Charter, by: readonly Person[]): boolean {
  const signed = ({ id }: { id: string }): boolean => by.some(({ member }) => member.id === id);
  const owners = now.members.filter(({ role }) => role === "owner");
  const [before, after] = [now.cameras[0], next.cameras[0]];
  if (before?.recipient !== after?.recipient && before?.epoch === after?.epoch) return false;
  if (now.change === "all-owners" || (now.release === "all-owners" && next.release === "any-owner"))
    return owners.every(signed);
  const gone = owners.filter(({ id }) => !next.members.some((one) => one.id === id));
  return owners.some(signed) && gone.every(signed);
}

function forged(signed: SignedCharter, tamper: (typeof tampers)[number], at: number): SignedCharter {
  const { note, openings } = signed;
  if (tamper === "opening") return { note, openings: openings.slice(1) };
  if (tamper !== "flip") return signed;
  const place = at % textOf(note).length;
  return { openings, note: note.slice(0, place) + (note[place] === "1" ? "2" : "1") + note.slice(place + 1) };
}

test("off means off: no older, forged, foreign or adult's order lifts it, also not after a start", async (t) => {
  const { state, keystore, house, first, line, owner, guest, next } = await enrolled(t);
  const adult = await person("Cy", "adult");
  const opened = openFirstCharter(first);
  if (!opened.ok) return t.fail(opened.error.kind);
  const { household } = opened.value;
  t.ok(house.follow([next(first, { members: [owner.member, guest.member, adult.member] })]));
  const order = (counter: number, mode: Mode, { signer }: Person, camera = line.id): string => {
    const text = formatMode({
      household,
      camera,
      counter,
      zone: "UTC",
      week: [{ minute: 0, mode }],
      at: millis(1),
    });
    return signNote(text, [signer]);
  };
  t.ok(house.obey(order(1, "record", owner)));
  t.ok(house.obey(order(2, "off", adult)), "an adult tightens");
  for (let starts = 0; starts < 2; starts++) {
    const now = houseOf(keystore);
    t.notOk(now.obey(order(1, "record", owner)), "replayed");
    t.notOk(now.obey(order(2, "record", owner)), "the same counter");
    t.notOk(now.obey(order(3, "record", adult)), "an adult");
    t.notOk(now.obey(order(3, "record", guest)), "a guest");
    t.notOk(now.obey(order(3, "record", await person("Mallory", "owner"))), "a stranger");
    t.notOk(now.obey(order(3, "record", owner, "aaaaaaaaaaaaaaaa" as typeof line.id)), "another camera's");
    t.notOk(now.obey(order(3, "off", owner).replace("turn 0 off", "turn 0 record")), "forged");
    t.same([now.rules().mode, now.modeCounter()], ["off", 2]);
    t.match(now.troubles(), [/mode order that does not hold/]);
  }
  const files = ["mode.txt", "mode.copy.txt"].map((name) => join(state, name));
  for (const file of files) {
    writeFileSync(file, "mode/v1\n");
    t.same([houseOf(keystore).rules().mode, houseOf(keystore).modeCounter()], ["off", 2], "there are two");
    rmSync(file);
    t.same([houseOf(keystore).rules().mode, houseOf(keystore).modeCounter()], ["off", 2]);
  }
  for (const file of files) rmSync(file);
  t.equal(houseOf(keystore).rules().mode, "off", "nor is one that was deleted");
  for (const file of files) writeFileSync(file, "mode/v1\n");
  for (let starts = 0; starts < 2; starts++)
    t.equal(houseOf(keystore).rules().mode, "off", "a damaged order is no leave");
  const after = houseOf(keystore);
  t.match(after.troubles(), [/the card damaged/]);
  t.ok(after.obey(order(3, "record", owner)));
  t.same([houseOf(keystore).rules().mode, after.troubles()], ["record", []]);
});

test("a timetable is kept by the minute, and without a clock at its strictest", async (t) => {
  const { keystore, first, line, owner } = await enrolled(t);
  const opened = openFirstCharter(first);
  if (!opened.ok) return t.fail(opened.error.kind);
  const { household } = opened.value;
  let minute: number | undefined = 0;
  const house = houseOf(keystore, () => minute);
  const week = [
    { minute: 0, mode: "record" },
    { minute: 480, mode: "detect" },
  ] as const;
  const text = formatMode({
    household,
    camera: line.id,
    counter: 1,
    zone: "Europe/Berlin",
    week,
    at: millis(1),
  });
  t.ok(house.obey(signNote(text, [owner.signer])));
  const modeAt = (now: number | undefined): string => {
    minute = now;
    return house.rules().mode;
  };
  t.same([479, 480, 10_079, undefined].map(modeAt), ["record", "detect", "detect", "detect"]);
  t.match(house.troubles(), [/clock is not set/]);
  const monday = millis(Date.UTC(2026, 5, 1, 7, 59));
  t.same([minuteOfWeek(monday, "UTC"), minuteOfWeek(monday, "Europe/Berlin")], [479, 599]);
  t.equal(minuteOfWeek(monday, "Nowhere/Land"), undefined);
});
