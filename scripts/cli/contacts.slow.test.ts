import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { t as tap, test } from "tap";
import { bytesOf } from "../../cloud/api/testcalls.js";
import { millis } from "../../shared/kernel/brand.js";
import { quiet } from "../demo/home.io.js";
import { releaseFetch } from "./agency/releases.io.js";
import { memberSign } from "./consent/authorise.io.js";
import { memberRefuse } from "./consent/emergencies.io.js";
import type { Home } from "./consent/home.contract.js";
import { memberAuthorisations, memberRelease } from "./consent/release.io.js";
import { memberRequests } from "./consent/requests.io.js";
import { memberWithdraw } from "./consent/withdraw.io.js";
import { heard, minute, openEmergencyWorld } from "./emergency.contract.js";
import { memberAudit } from "./member/audit.io.js";
import { memberCameras } from "./member/cameras.io.js";
import { memberClips } from "./member/clips.io.js";
import { memberRemove } from "./member/members.io.js";
import { memberNotices } from "./member/notices.io.js";
import type { Terminal } from "./terminal.io.js";

// An emergency that no owner answers, and what the contacts whom the charter names can and cannot do then, each at their own command line.

const world = await openEmergencyWorld();
tap.teardown(world.close);
const { clock, at, pass, witness, askedOf, look, authorise, stateOf, released, batches } = world;

type At = Pick<Home, "folder">;
const clipsOf = async ({ folder }: At) =>
  (await heard((terminal) => memberClips(folder, { limit: 9 }, terminal))).values.map(({ id }) => id);
const sign =
  ({ folder }: At, record: string) =>
  (terminal: Terminal) =>
    memberSign(folder, { record, language: "en" }, terminal, clock);
const release =
  ({ folder }: At, record: string) =>
  (terminal: Terminal) =>
    memberRelease(folder, record, terminal, clock);
const withdraw = ({ folder }: At, record: string) =>
  heard((terminal) => memberWithdraw(folder, record, terminal, clock));
/** An owner's computer is at work: it gives their word. */
const atWork = ({ folder }: At) =>
  heard((terminal) => memberRequests(folder, { language: "en" }, terminal, clock));

/** Two contacts, in an emergency whose owner was heard of and did not answer; 30 minutes are over. */
async function turnOf(name: string) {
  const { home, clip, contacts } = await witness(name, [`${name}-a`, `${name}-b`]);
  const [one, two] = contacts;
  if (one === undefined || two === undefined) throw new Error("no contacts");
  const id = await askedOf(home);
  await atWork(home);
  await pass(30 * minute);
  return { home, clip, id, one, two };
}

test("two contacts answer for an owner who does not: what they look at is told, and reaches the agency at the fixed time", async (t) => {
  const { home, clip, contacts } = await witness("Anna", ["Cy", "Di", "Ed"]);
  const [cy, di, ed] = contacts;
  if (cy === undefined || di === undefined || ed === undefined) return t.fail("no contacts");
  t.same(await clipsOf(cy), [], "no clip is any contact's to see");
  const cameras = await heard((terminal) => memberCameras(cy.folder, terminal));
  t.same(
    cameras.values,
    [{ id: home.board.id, name: "Front door", place: "outdoor" }],
    "nor how a camera is",
  );
  await t.rejects(atWork(cy), /Only owners see and answer requests/);
  const id = await askedOf(home);
  clock.forward(29 * minute);
  t.match((await look(cy)).said, /no emergency in which you are asked/);
  t.same(await clipsOf(cy), []);
  await t.rejects(authorise(cy, id, clip), /Contacts are not asked in an emergency/);
  await pass(minute);
  const unheard = await look(cy);
  t.match(unheard.values, [{ request: id }, { owner: "Anna", says: "not-heard" }, { mayAnswer: false }]);
  await t.rejects(authorise(cy, id, clip), /Nothing was heard of the computer of Anna/);
  await atWork(home);
  const shown = await look(cy);
  t.match(shown.values, [{ request: id }, { owner: "Anna", says: "silent" }, { mayAnswer: true }]);
  t.match(shown.said, /somebody was abducted .*\n.*Anna: has not answered/);
  t.same(await clipsOf(cy), [clip]);
  const record = await authorise(cy, id, clip);
  await t.rejects(heard(release(cy, record)), /Still to sign: Di or Ed/);
  await t.rejects(heard(sign(cy, record)), /signed it already/);
  const signed = await heard(sign(di, record));
  t.match(signed.values.at(-1), { record, missing: [] });
  const under = await heard((terminal) => memberAuthorisations(ed.folder, terminal, clock));
  t.match(under.values, [{ record, state: "releasable" }]);
  const silent = await batches();
  t.match((await heard(release(ed, record))).values, [{ record, state: "escrowed" }]);
  t.same(await clipsOf(cy), [], "it is answered: there is nothing more to look at");
  t.match((await look(di)).said, /no emergency in which you are asked/);
  await pass(30 * minute);
  t.equal(await stateOf(id), "asked");
  t.same(
    [await released(), await batches()],
    [[], silent],
    "the agency and the log tell nothing before the fixed time",
  );
  await pass(30 * minute);
  clock.forward(11_000);
  t.equal(await stateOf(id), "released");
  const out = at("package.tar");
  const fetched = await heard((terminal) => releaseFetch(at("oscar"), record, { out }, terminal, clock));
  t.match(fetched.values, [
    { verified: true, request: id, basis: "contacts", signers: [{ name: "Cy" }, { name: "Di" }] },
  ]);
  const told = await heard((terminal) => memberNotices(home.folder, "en", terminal));
  t.match(told.said, /a contact whom your charter names has looked at Front door/);
  const audit = await heard((terminal) => memberAudit(home.folder, { limit: 9 }, terminal));
  t.match(audit.said, /Cy/);
  t.match(audit.said, /Di/);
});

test("an owner's no, said before or after, is the last word; so is a newer word that nobody has read", async (t) => {
  const { home, clip, id, one, two } = await turnOf("Bea");
  const record = await authorise(one, id, clip);
  clock.forward(minute);
  await atWork(home);
  await t.rejects(heard(sign(two, record)), /newer word since a contact signed/);
  await withdraw(one, record);
  const again = await authorise(two, id, clip);
  await heard(sign(one, again));
  await heard(release(two, again));
  const refused = await heard((terminal) => memberRefuse(home.folder, id, terminal, clock));
  t.match(refused.values, [{ says: "no" }]);
  t.match((await look(one)).values, [{ request: id }, { says: "no" }, { mayAnswer: false }]);
  await t.rejects(authorise(one, id, clip), /Bea, an owner, says no to it/);
  await pass(60 * minute);
  t.equal(await stateOf(id), "not-released", "what had been handed over is gone");
});

test("an owner's no is heard whatever another computer of theirs said last, in one word; where it is not, the command says so", async (t) => {
  const { home } = await witness("Eva", ["Eva-a", "Eva-b"]);
  const id = await askedOf(home);
  clock.forward(6 * minute);
  await atWork(home);
  const behind = { ...clock, wall: () => millis(clock.wall() - 5 * minute) };
  const calls: string[] = [];
  const hear = (message: unknown): void => {
    const { method, url } = (message as { request: IncomingMessage }).request;
    calls.push(`${method} ${url}`);
  };
  const refuse = () => heard((terminal) => memberRefuse(home.folder, id, terminal, behind));
  t.match((await refuse()).values, [{ says: "no" }]);
  t.match((await look(home)).values, [{ request: id }, { owner: "Eva", says: "no" }]);
  clock.forward(minute);
  subscribe("http.server.request.start", hear);
  t.match((await heard((terminal) => memberRefuse(home.folder, id, terminal, clock))).values, [
    { says: "no" },
  ]);
  unsubscribe("http.server.request.start", hear);
  t.equal(calls.filter((call) => call === "PUT /v1/household/word").length, 1);
  const other = await askedOf(home);
  const later = clock.wall() + 60 * minute;
  await world.cloud.db.updateTable("owners_word").set({ at: later }).execute();
  const said = heard((terminal) => memberRefuse(home.folder, other, terminal, clock));
  await t.rejects(said, /Your no was not heard.*call your contacts/);
});

/** A second computer of an owner's, whose first word is held up on its way until `meanwhile` is done. */
async function secondComputer({ folder }: At, meanwhile: () => Promise<unknown>) {
  const theirs = `${folder}-laptop`;
  let done: Promise<unknown> | undefined;
  const between = createServer(async (asked, answer) => {
    const { method, headers, url } = asked;
    const body = await bytesOf(asked);
    if (method === "PUT" && url === "/v1/household/word") {
      done ??= meanwhile();
      await done;
    }
    const onward = request(world.origin + url, { method, headers }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(answer);
    });
    onward.end(body);
  });
  await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(between.address() as AddressInfo).port}`;
  world.cloud.origins.push(origin);
  cpSync(folder, theirs, { recursive: true });
  const profile = join(theirs, "member.json");
  writeFileSync(profile, readFileSync(profile, "utf8").replaceAll(world.origin, origin));
  for (const file of readdirSync(theirs)) if (file.includes("session")) rmSync(join(theirs, file));
  const close = (): void => {
    between.closeAllConnections();
    between.close();
  };
  return { folder: theirs, close };
}

test("an owner's no stands where another computer of theirs, which knew none yet, gives its word a moment later", async (t) => {
  const { home, contacts } = await witness("Gil", ["Gil-a", "Gil-b"]);
  const id = await askedOf(home);
  let refused = 0;
  const laptop = await secondComputer(home, async () => {
    await heard((terminal) => memberRefuse(home.folder, id, terminal, clock));
    refused += 1;
  });
  t.teardown(laptop.close);
  const ahead = { ...clock, wall: () => millis(clock.wall() + minute) };
  await heard((terminal) => memberRequests(laptop.folder, { language: "en" }, terminal, ahead));
  await pass(30 * minute);
  t.equal(refused, 1);
  const [one = home] = contacts;
  t.match((await look(one)).values, [{ request: id }, { owner: "Gil", says: "no" }, { mayAnswer: false }]);
});

test("what contacts handed over before a no was heard ends with that owner's next round", async (t) => {
  const { home, clip, id, one, two } = await turnOf("Fay");
  const record = await authorise(one, id, clip);
  await heard(sign(two, record));
  const { db } = world.cloud;
  const word = await db
    .selectFrom("owners_word")
    .selectAll()
    .where("household", "=", home.household)
    .execute();
  const later = clock.wall() + 60 * minute;
  const kept = db.updateTable("owners_word").where("household", "=", home.household);
  await kept.set({ at: later }).execute();
  const refused = heard((terminal) => memberRefuse(home.folder, id, terminal, clock));
  await t.rejects(refused, /Your no was not heard/, "the cloud keeps the word of before");
  await kept.set({ at: word[0]?.at ?? 0 }).execute();
  await heard(release(one, record));
  await atWork(home);
  t.match((await look(one)).values, [{ request: id }, { says: "no" }, { mayAnswer: false }]);
  await pass(60 * minute);
  t.equal(await stateOf(id), "not-released");
});

test("a contact who signed takes it back; where an owner answers, contacts do not; and whom the charter names no more counts for nothing", async (t) => {
  const { home, clip, id, one, two } = await turnOf("Dan");
  const record = await authorise(one, id, clip);
  await heard(sign(two, record));
  await heard(release(one, record));
  t.match((await withdraw(two, record)).values, [{ state: "destroyed" }]);
  const again = await authorise(one, id, clip);
  await heard(sign(two, again));
  const owners = await authorise(home, id, clip);
  await heard(release(home, owners));
  t.match((await look(one)).said, /no emergency in which you are asked/);
  await withdraw(home, owners);
  t.match((await look(one)).values, [{ request: id }, { says: "no" }, { mayAnswer: false }], "a no, too");
  await memberRemove(home.folder, "Dan-b", quiet());
  await t.rejects(
    heard(release(one, again)),
    /No authorisation .* is under way/,
    "its charter is another one",
  );
  await t.rejects(look(two));
  await atWork(home);
  await t.rejects(authorise(one, id, clip), /takes 2 contacts, and your household's charter names 1/);
  await pass(60 * minute);
  t.equal(await stateOf(id), "not-released");
});
