import { t as tap, test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { toBase64 } from "../../shared/kernel/bytes.js";
import { memberIdOf } from "../../shared/kernel/ids.js";
import { formatNoes, formatWord, type OwnersWord } from "../../shared/release/ownersword.js";
import { seal } from "../../shared/seal/age.js";
import { hashOf } from "../../shared/seal/hash.js";
import { signNote } from "../../shared/seal/note.js";
import { quiet } from "../demo/home.io.js";
import { giveWord } from "./agency/custody.io.js";
import { releaseFetch } from "./agency/releases.io.js";
import { memberRefuse } from "./consent/emergencies.io.js";
import { memberRelease } from "./consent/release.io.js";
import { memberRequests } from "./consent/requests.io.js";
import { memberWithdraw } from "./consent/withdraw.io.js";
import { heard, minute, openEmergencyWorld } from "./emergency.contract.js";
import { noteSigner } from "./member/charter.io.js";
import { openCloud } from "./member/cloud.io.js";
import { needProfile } from "./member/profile.io.js";
import {
  emergencyAnswer,
  emergencyClaim,
  emergencyCosign,
  emergencyFinding,
  emergencyPaper,
} from "./office/emergency.io.js";
import { operatorCallback, operatorQueue } from "./office/queue.io.js";
import type { Terminal } from "./terminal.io.js";

// An emergency from the officer's claim to the court's paper, everybody at their own command line; the waits pass on the cloud's clock.

const world = await openEmergencyWorld();
tap.teardown(world.close);
const { cloud, clock, at, pass } = world;
const { witness, wishFor, askedOf, look, authorise, stateOf, released, batches } = world;

test("an owner's yes reaches the agency at the fixed time, verified to the last byte, and nothing tells it before", async (t) => {
  const { home, clip } = await witness("Anna");
  const before = await look(home);
  t.match(before.said, /asked in no emergency/);
  const claim = (terminal: Terminal) => emergencyClaim(at("oscar"), wishFor(home), terminal, clock);
  const id = String((await heard(claim)).values[0]?.id);
  await t.rejects(emergencyCosign(at("oscar"), id, quiet()), { message: /Only a supervisor cosigns/ });
  await emergencyCosign(at("sofia"), id, quiet());
  t.match((await heard((terminal) => operatorQueue(at("olga"), terminal))).values, [
    { id, state: "cosigned" },
  ]);
  t.match((await look(home)).said, /asked in no emergency/, "not before two operators have called back");
  await operatorCallback(at("olga"), id, { called: "+33123456789" }, quiet());
  await t.rejects(emergencyAnswer(at("olga"), id, "agree", quiet()), { message: /takes two people/ });
  await emergencyAnswer(at("omar"), id, "agree", quiet());
  clock.forward(11_000);
  await memberRequests(home.folder, { action: "off", language: "en" }, quiet(), clock);
  const shown = await look(home);
  t.match(shown.values[0], { request: id, category: "abduction", cameras: [home.board.id] });
  t.match(shown.said, /says that somebody was abducted .* You do not have to answer\./);
  const record = await authorise(home, id, clip);
  const silent = await batches();
  const handed = await heard((terminal) => memberRelease(home.folder, record, terminal, clock));
  t.match(handed.values, [{ record, state: "escrowed" }]);
  t.match(handed.said, /At the emergency's fixed time the agency is told/);
  await pass(60 * minute);
  t.equal(await stateOf(id), "asked");
  t.same(await released(), [], "the agency learns nothing before the fixed time");
  t.equal(await batches(), silent, "nor does anybody from the log");
  const out = at("package.tar");
  const fetched = () => heard((terminal) => releaseFetch(at("oscar"), record, { out }, terminal, clock));
  await t.rejects(fetched(), { message: /Nothing was released/ });
  await pass(30 * minute);
  clock.forward(11_000);
  t.equal(await stateOf(id), "released");
  const verified = await fetched();
  t.match(verified.values, [{ verified: true, request: id, file: "24-119", household: home.household }]);
  const word = { act: "received", ground: "none" } as const;
  t.match((await heard((terminal) => giveWord(at("oscar"), record, word, terminal, clock))).values, [
    { state: "custody" },
  ]);
  await emergencyPaper(at("oscar"), id, Uint8Array.of(1), quiet());
  await emergencyFinding(at("olga"), id, true, quiet());
  await emergencyFinding(at("omar"), id, true, quiet());
  t.equal(await stateOf(id), "confirmed");
});

test("a yes that is taken back before the fixed time was never there", async (t) => {
  const { home, clip } = await witness("Ben");
  const id = await askedOf(home);
  const record = await authorise(home, id, clip);
  await memberRelease(home.folder, record, quiet(), clock);
  await memberWithdraw(home.folder, record, quiet(), clock);
  await pass(90 * minute);
  t.equal(await stateOf(id), "not-released");
  t.notOk((await released()).some((one) => one.request === id));
});

test("after the fixed time there is nothing to answer any more", async (t) => {
  const { home, clip } = await witness("Cleo");
  const id = await askedOf(home);
  const record = await authorise(home, id, clip);
  await pass(90 * minute);
  await t.rejects(memberRelease(home.folder, record, quiet(), clock), {
    message: /is not open|is under way/,
  });
  t.equal(await stateOf(id), "not-released");
  t.match((await look(home)).said, /asked in no emergency/);
});

test("an owner's no is sealed: co-owners and contacts read it, the cloud's files are of one length, and the agency hears silence", async (t) => {
  const { home, clip } = await witness("Eve");
  const id = await askedOf(home);
  const rows = () =>
    cloud.db.selectFrom("owners_word").selectAll().where("household", "=", home.household).execute();
  t.match((await look(home)).values.slice(1), [{ owner: "Eve", says: "silent" }], "this very round says so");
  const [before] = await rows();
  const said = await heard((terminal) => memberRefuse(home.folder, id, terminal, clock));
  t.match(said.said, /Said no, sealed/);
  const [after] = await rows();
  t.equal(after?.file.length, before?.file.length, "as long as before");
  t.match((await look(home)).values.slice(1), [{ owner: "Eve", says: "no" }]);
  t.equal(await stateOf(id), "asked");
  const record = await authorise(home, id, clip);
  t.ok(record, "who thinks again may");
  await memberWithdraw(home.folder, record, quiet(), clock);
  await pass(90 * minute);
  t.equal(await stateOf(id), "not-released");
});

test("a word is its owner's own, of now, and never older than the one before it", async (t) => {
  const { home } = await witness("Finn");
  const { profile, household } = {
    profile: needProfile(home.folder),
    household: await openCloud(home.folder).household(),
  };
  const file = await seal(
    formatNoes([]),
    household.newest.members.map(({ recipient }) => recipient),
  );
  const give = (changes: Partial<OwnersWord>, sent = file) => {
    const word = { household: household.newest.household, member: profile.member, at: clock.wall() };
    const note = signNote(formatWord({ ...word, sealed: hashOf(file), ...changes }), [noteSigner(profile)]);
    const body = { note, file: toBase64(sent) };
    return openCloud(home.folder).call({ method: "PUT", path: "/v1/household/word", body });
  };
  await give({ at: millis(clock.wall() - 9 * minute) });
  await t.rejects(give({ at: millis(clock.wall() - 11 * minute) }), /10 minutes in an emergency/);
  await give({});
  await t.rejects(give({ at: millis(clock.wall() - minute) }), /not any more what/);
  await t.rejects(give({ member: memberIdOf(Uint8Array.of(1)) }), { message: /./ });
  await t.rejects(give({ sealed: hashOf(Uint8Array.of(1)) }), { message: /./ });
});

test("who holds the database poses as no agency: the owner's client shows nothing that did not stand in the log", async (t) => {
  const { home } = await witness("Dan");
  const id = await askedOf(home);
  t.match((await look(home)).values, [{ request: id }, { owner: "Dan" }]);
  const row = () =>
    cloud.db.selectFrom("docket").select("state").where("id", "=", id).executeTakeFirstOrThrow();
  const { state } = await row();
  const forge = async (change: (text: string) => string) => {
    await cloud.db
      .updateTable("docket")
      .set({ state: change(state) })
      .where("id", "=", id)
      .execute();
    return (await look(home)).said;
  };
  t.match(
    await forge((text) => text.replace("abduction", "serious-injury")),
    /is not shown\. The request does not/,
  );
  const onlyOne = (text: string) => text.replace(/(\\n\\n— [^"]*?\\n)[^"]*/, "$1");
  t.match(await forge(onlyOne), /is not shown\. The request does not hold\. It needs the signatures/);
  t.match(
    await forge((text) => text.replace(/"salt":"[^"]{4}/, '"salt":"AAAA')),
    /does not show that it stood in the public log/,
  );
  t.match(await forge((text) => text), /says that somebody was abducted/);
  await pass(90 * minute);
});
