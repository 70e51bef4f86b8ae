import type { IncomingMessage } from "node:http";
import { t as tap, test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import type { ClipId } from "../../shared/kernel/ids.js";
import type { Authorisation } from "../../shared/release/authorisation.js";
import type { EmergencyClaim } from "../../shared/release/emergency.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { askAll, memberRoutes, unknownClip, unknownKey } from "./access.contract.js";
import {
  as,
  ask,
  authorise,
  bureau,
  cloud,
  giveWord,
  type House,
  handOver,
  hour,
  kind,
  minute,
  newHouse,
  offering,
  origin,
  pass,
  type Signing,
  withdraw,
} from "./contacts.contract.js";
import { signInStaff } from "./officetesting.js";
import { putPiece } from "./releases.contract.js";
import { call, getter } from "./testcalls.js";
import type { Person } from "./testpeople.js";

// What contacts are served and what their answer takes, over the real API: a signed claim, an agency that was vetted in public.

tap.teardown(cloud.close);

/** Each route that answers, with what it tells of clips and cameras; charters say which cameras there are. */
async function routesThatTell(
  house: House,
  clips: readonly ClipId[],
  cameras: readonly string[],
): Promise<readonly string[]> {
  const token = await as(house, house.cy);
  const asked = clips.flatMap((clip, at) =>
    memberRoutes(cameras[at % 3] ?? "", clip, unknownKey, unknownKey, unknownKey),
  );
  const routes = asked.filter(([method, path]) => path !== "/v1/stream" && method === "GET");
  const unique = [...new Map(routes.map((route) => [route.join(" "), route])).values()];
  const answers = (await askAll(cloud, unique, token)).filter(
    ({ status, route }) => status === 200 && route !== "GET /v1/household",
  );
  return answers.flatMap(({ route, text, headers }) => {
    const ids = [...clips, ...cameras].filter((id) => text.includes(id) || route.includes(id));
    const bytes = /octet-stream/.test(`${headers["content-type"]}`);
    return ids.length > 0 || bytes ? [route] : [];
  });
}

test("of its household's recordings a contact is served an emergency's camera and window, in its time, and nothing else on any route", async (t) => {
  const house = await newHouse();
  const now = cloud.clock.wall();
  const asked = await house.clipAt(now - 90 * minute);
  const others = [
    await house.clipAt(now - 3 * hour),
    await house.clipAt(now - 30 * minute),
    await house.clipAt(now - 90 * minute, house.garden),
    await house.clipAt(now - 90 * minute, house.hall),
  ];
  const clips = [asked, ...others];
  const cameras = [house.board, house.garden, house.hall].map(({ id }) => id);
  const told = () => routesThatTell(house, clips, cameras);
  t.same(await told(), [], "no emergency");
  const claim = await ask(house);
  await giveWord(house);
  cloud.clock.forward(29 * minute);
  t.same(await told(), [], "the owners alone are asked");
  const token = await as(house, house.cy);
  const emergencies = async (by = token) =>
    (await call(cloud, "GET", "/v1/household/emergencies", { token: by })).body.emergencies.length;
  const words = async () => (await call(cloud, "GET", "/v1/household/words", { token })).body.words.length;
  t.same([await emergencies(), await words()], [0, 0]);
  await pass(minute);
  const path = `GET /v1/clips/${asked}`;
  const served = [
    "GET /v1/household/emergencies",
    "GET /v1/clips",
    path,
    `${path}/evidence`,
    `${path}/segments/0`,
  ];
  t.same([...(await told())].sort(), [`GET /v1/cameras/${house.board.id}/keys`, ...served].sort());
  t.same([await emergencies(), await words()], [1, 1]);
  const listed = async (query = "") =>
    (await call(cloud, "GET", `/v1/clips${query}`, { token })).body.clips.map(({ id }: { id: string }) => id);
  t.same(await listed(), [asked]);
  t.same(await listed(`?from=${new Date(0).toISOString()}`), [asked], "nobody widens the window");
  t.same(await listed(`?camera=${house.garden.id}`), []);
  const owner = await as(house, house.owner);
  const { notices } = (await call(cloud, "GET", "/v1/household/notices", { token: owner })).body;
  t.match(
    notices.filter((one: { kind: string }) => one.kind === "emergency-contacts"),
    [{ about: claim.id, items: [{ camera: house.board.id }] }],
    "owners are told, once",
  );
  const { entries } = (await call(cloud, "GET", "/v1/audit", { token: owner })).body;
  t.match(entries, [{ act: "opened", clip: asked, member: house.cy.member.id }]);
  t.equal(await emergencies(await as(house, house.owner)), 1);
  await pass(60 * minute);
  t.same(await told(), [], "the fixed time has come");
  t.equal(await emergencies(), 0);
});

test("no page's end tells a contact of a clip between two emergencies' windows on one camera", async (t) => {
  const house = await newHouse();
  const now = cloud.clock.wall();
  const [early, , late] = [
    await house.clipAt(millis(now - 200 * minute)),
    await house.clipAt(millis(now - 150 * minute)),
    await house.clipAt(millis(now - 90 * minute)),
    await house.clipAt(millis(now - 220 * minute)),
  ];
  await ask(house);
  await ask(house, { from: millis(now - 210 * minute), to: millis(now - 190 * minute) });
  await pass(31 * minute);
  const token = await as(house, house.cy);
  const page = async (rest: string) => (await call(cloud, "GET", `/v1/clips?limit=1${rest}`, { token })).body;
  t.match(await page(""), { clips: [{ id: late }], next: late });
  const last = await page(`&cursor=${late}`);
  t.match(last, { clips: [{ id: early }] });
  t.equal(last.next, undefined);
  t.same(await page(`&camera=${house.garden.id}`), { clips: [] });
});

test("no stream tells a contact what happens at the door, emergency or not", async (t) => {
  const house = await newHouse();
  await ask(house);
  await pass(31 * minute);
  const token = await as(house, house.cy);
  const stream: IncomingMessage = await getter(origin, token)("/v1/stream");
  const { household, board, cy } = house;
  cloud.hub.publish({ household, camera: board.id, kind: "clip.started", data: {} });
  cloud.hub.publish({ household, member: cy.member.id, kind: "session.started", data: { session: "x" } });
  let text = "";
  for await (const piece of stream.setEncoding("utf8")) {
    text += piece;
    if (text.includes("event: ")) break;
  }
  t.match(text, /event: session\.started/);
  t.notMatch(text, /clip\.started/);
});

test("contacts' answer is taken from two of them, after the owners' time, under each owner's newest word; else refused with the reason", async (t) => {
  const house = await newHouse();
  const { cy, di, owner, adult } = house;
  const clip = await house.clipAt(cloud.clock.wall() - 90 * minute);
  const before = await giveWord(house);
  const claim = await ask(house);
  const first = await giveWord(house);
  const signing: Signing = { house, claim, clip, words: [first] };
  const offer = offering(house);
  const reason = (said: Authorisation, signers = [cy, di], by = cy) => offer(said, signers, by);
  cloud.clock.forward(29 * minute);
  t.match(await reason(authorise(signing)), /The owners alone are asked until/);
  cloud.clock.forward(2 * minute);
  const said = authorise(signing);
  t.match(await reason(authorise(signing, { signed: millis(said.signed - 7 * minute) })), /owners alone/);
  t.match(await reason(said, [cy]), /1 of the contacts have signed it; it takes 2/);
  t.match(await reason(said, [cy, adult]), /1 of the contacts/);
  t.match(await reason(said, [cy, owner]), /1 of the contacts/);
  t.match(await reason(authorise(signing, { words: [before] })), /Nothing shows that owner/, "of before");
  t.match(await reason(authorise(signing, { words: [hashOfText("nobody's")] })), /Nothing shows/);
  const [one] = said.clips;
  if (one === undefined) return t.fail("no clip");
  const clips = (changes: Partial<typeof one>) => authorise(signing, { clips: [{ ...one, ...changes }] });
  t.match(await reason(clips({ camera: house.hall.id })), /indoor camera: no emergency reaches it/);
  t.match(await reason(clips({ camera: house.garden.id })), /about another camera/);
  t.match(await reason(clips({ from: millis(claim.to - 73 * hour) })), /more than 72 hours before/);
  t.equal(await reason(said, [cy, di], adult), "owners-only: Only an owner of the household may do this.");
  const { words: _, ...consent } = said;
  t.match(
    await reason({ ...consent, basis: "consent" }, [owner], cy),
    /^owners-only/,
    "an owner's yes is no contact's",
  );
  await giveWord(house);
  t.match(await reason(said), /Nothing shows that owner/, "a newer word voids it");
});

test("a word of before the question is none, however fast its owner's clock", async (t) => {
  const house = await newHouse();
  const clip = await house.clipAt(cloud.clock.wall() - 90 * minute);
  const fast = await giveWord(house, 9 * minute);
  const claim = await ask(house);
  cloud.clock.forward(31 * minute);
  const offer = async (words: string[]) =>
    offering(house)(authorise({ house, claim, clip, words }), [house.cy, house.di], house.cy);
  t.match(await offer([fast]), /Nothing shows that owner/);
  t.equal(await offer([await giveWord(house)]), "taken");
});

test("what two contacts hand in is one answer, and each who signed takes it back", async (t) => {
  const house = await newHouse();
  const { cy, di, ed } = house;
  const clip = await house.clipAt(cloud.clock.wall() - 90 * minute);
  const claim = await ask(house);
  const signing: Signing = { house, claim, clip, words: [await giveWord(house)] };
  cloud.clock.forward(31 * minute);
  const reason = offering(house);
  const anew = authorise(signing);
  t.equal(await reason(anew, [cy, di], ed), "taken");
  const token = await as(house, cy);
  const path = `/v1/releases/${anew.record}`;
  t.equal(await putPiece(cloud, { token }, [anew.record, 0], Uint8Array.of(1)), 204);
  t.match(await call(cloud, "POST", `${path}/escrow`, { token }), {
    status: 200,
    body: { state: "escrowed" },
  });
  t.match(await reason(authorise(signing), [cy, di], cy), /has answered already/);
  t.match(await call(cloud, "GET", path, { token }), { status: 200, body: { state: "escrowed" } });
  t.equal(kind(await call(cloud, "GET", "/v1/releases", { token })), "owners-only");
  const takeBack = (by: Person) => withdraw(house, anew.record, by);
  t.equal(kind(await takeBack(ed)), "no-known-signer", "who did not sign");
  t.match(await takeBack(di), { status: 200, body: { state: "destroyed" } });
});

test("a contact touches no release of the owners', and an owner no state of the contacts'", async (t) => {
  const house = await newHouse();
  const [owner, contact] = [await as(house, house.owner), await as(house, house.cy)];
  const state = { version: 1, file: `YWdlLWVuY3J5cHRpb24${"A".repeat(87_000)}` };
  const put = (token: string, path: string) => call(cloud, "PUT", path, { token, body: state });
  t.equal(kind(await put(owner, "/v1/household/contacts-state")), "contacts-only");
  t.equal(kind(await put(contact, "/v1/household/state")), "owners-only");
  t.equal((await put(contact, "/v1/household/contacts-state")).status, 204);
  t.equal(kind(await put(contact, "/v1/household/contacts-state")), "changed-meanwhile");
  t.equal((await call(cloud, "GET", "/v1/household/contacts-state", { token: contact })).body.version, 1);
  t.equal(
    kind(await call(cloud, "GET", "/v1/household/state", { token: owner })),
    "not-there",
    "each has its own",
  );
  for (const [method, path] of [
    ["GET", `/v1/releases/${unknownClip}`],
    ["POST", `/v1/releases/${unknownClip}/escrow`],
  ] as const)
    t.equal(kind(await call(cloud, method, path, { token: contact })), "not-there");
});

test("of eleven emergencies those alone are released whose two contacts answered in their time, under the owner's newest word, and stood by it", async (t) => {
  const house = await newHouse();
  const { cy, di, ed, owner, adult } = house;
  const clip = await house.clipAt(cloud.clock.wall() - 90 * minute);
  const before = await giveWord(house);
  const claims: EmergencyClaim[] = [];
  for (let count = 0; count < 11; count += 1) claims.push(await ask(house));
  const word = await giveWord(house);
  const answer = (at: number, signers: readonly Person[], words = [word]) => {
    const claim = claims[at];
    if (claim === undefined) throw new Error("no such emergency");
    const said = authorise({ house, claim, clip, words });
    return { said, record: said.record, state: () => handOver(house, said, signers) };
  };
  t.match(await answer(1, [cy, di]).state(), /owners alone are asked/);
  cloud.clock.forward(31 * minute);
  t.equal(await answer(2, [cy, di]).state(), "escrowed");
  t.match(await answer(3, [cy]).state(), /^refused/, "one contact");
  t.match(await answer(4, [cy, adult]).state(), /^refused/, "an adult is no contact");
  t.match(await answer(5, [cy, owner]).state(), /^refused/, "nor is an owner");
  t.match(await answer(6, [cy, di], [before]).state(), /^refused/, "a word of before the question");
  const [vetoed, regretted] = [answer(7, [di, ed]), answer(8, [cy, ed])];
  t.same([await vetoed.state(), await regretted.state()], ["escrowed", "escrowed"]);
  t.equal((await withdraw(house, vetoed.record, owner)).status, 200);
  t.equal((await withdraw(house, regretted.record, ed)).status, 200);
  t.equal(await answer(9, [di, ed]).state(), "escrowed");
  const late = answer(10, [cy, di, ed]);
  t.equal(await offering(house)(late.said, [cy, di, ed], cy), "taken");
  await giveWord(house);
  await putPiece(cloud, { token: await as(house, cy) }, [late.record, 0], Uint8Array.of(1));
  const path = `/v1/releases/${late.record}/escrow`;
  t.equal(kind(await call(cloud, "POST", path, { token: await as(house, cy) })), "refused", "a newer word");
  await pass(60 * minute);
  const token = (await signInStaff(cloud, bureau.agency, bureau.officer)).token;
  const { emergencies } = (await call(cloud, "GET", "/agency/v1/emergencies", { token })).body;
  const stateOf = ({ id }: EmergencyClaim) =>
    emergencies.find((one: { id: string }) => one.id === id)?.state as string;
  t.same(
    claims.flatMap((claim, at) => (stateOf(claim) === "released" ? [at] : [])),
    [2, 9],
  );
  t.same(new Set(claims.map(stateOf)), new Set(["released", "not-released"]));
});
