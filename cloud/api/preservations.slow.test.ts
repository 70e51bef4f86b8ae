import { t as tap, test } from "tap";
import { agencyIdOf, timeOf } from "../../shared/kernel/ids.js";
import { systemRandom } from "../system.io.js";
import { agencyWith, newStaff, signInStaff } from "./officetesting.js";
import { type Answer, call, loginNote, tokenOf } from "./testcalls.js";
import { newHousehold, openTestCloud, storeClip } from "./testing.js";

const [agency, rival] = [agencyIdOf(systemRandom.bytes(32)), agencyIdOf(systemRandom.bytes(32))];
const [fay, eve] = [newStaff("officer", "Fay"), newStaff("officer", "Eve")];
const [olga, omar] = [newStaff("operator", "Olga"), newStaff("operator", "Omar")];
let state: "active" | "suspended" = "active";
const cloud = await openTestCloud({
  operators: [olga.person, omar.person],
  agencyOf: async (id) =>
    id === agency ? agencyWith([fay], state) : id === rival ? agencyWith([eve]) : undefined,
});
tap.teardown(cloud.close);
const home = await newHousehold(cloud);
const { clip } = await storeClip(cloud, home, new Uint8Array(500));

const kind = ({ body }: Answer): string => body.type.replace("urn:lintel:problem:", "");
const iso = (at: number): string => new Date(at).toISOString();
const day = 24 * 60 * 60_000;
const wish = {
  ...{ file: "24-117", camera: home.board.id },
  ...{ from: iso(timeOf(clip) - 1_000), to: iso(timeOf(clip) + 1_000) },
};
const officer = async () => (await signInStaff(cloud, agency, fay)).token;
const operator = async () => (await signInStaff(cloud, "operator", olga)).token;
const ask = async (body: object = wish) =>
  call(cloud, "POST", "/agency/v1/preservations", { token: await officer(), body });
const callBack = async (id: string, body: object) =>
  call(cloud, "POST", `/operator/v1/preservations/${id}/callback`, { token: await operator(), body });
const authentic = { called: "+15550100", authentic: true };
const owner = async (path: string) =>
  (await call(cloud, "GET", path, { token: await tokenOf(cloud, home.owner, home.household) })).body;
const segment = async () =>
  (await call(cloud, "GET", `/v1/clips/${clip}`, { token: await tokenOf(cloud, home.owner, home.household) }))
    .status;
/** Days pass, each with its sweep and the docket's step. */
async function pass(days: number): Promise<void> {
  for (let at = 0; at < days; at += 1) {
    cloud.clock.forward(day);
    await cloud.docket.tick();
    await cloud.vault.eraser.sweep();
  }
}

test("what has no camera, no window, or a window of months is refused, and so is an agency that is suspended", async (t) => {
  for (const wrong of [{ camera: undefined }, { from: undefined }, { area: "1 km" }, { camera: "all" }])
    t.equal((await ask({ ...wish, ...wrong })).status, 400, JSON.stringify(wrong));
  t.equal(kind(await ask({ ...wish, to: wish.from })), "window-too-wide");
  t.equal(kind(await ask({ ...wish, to: iso(timeOf(clip) + 32 * day) })), "window-too-wide");
  t.equal((await ask({ ...wish, camera: "aaaaaaaaaaaaaaaa" })).status, 404);
  state = "suspended";
  t.equal(kind(await ask()), "agency-not-active");
  state = "active";
});

test("an agency's word is not enough: an operator calls back the registry's number, and no other", async (t) => {
  const { id } = (await ask()).body;
  const [first] = (await call(cloud, "GET", "/operator/v1/queue", { token: await operator() })).body.waiting;
  t.match(first, {
    id,
    what: "preservation",
    state: "asked",
    phone: "+15550100",
    name: "Harbour City Police",
  });
  t.equal(kind(await callBack(id, { ...authentic, called: "+15550199" })), "other-number");
  t.equal((await callBack(id, { ...authentic, authentic: false })).body.state, "denied");
  t.equal(kind(await callBack(id, authentic)), "not-its-turn");
  t.same(
    await owner("/v1/household/notices"),
    { notices: [] },
    "nothing was kept, and there is nothing to tell",
  );
});

test("an order keeps the recording past its retention, tells the household, is renewed once, and ends by the clock", async (t) => {
  const { id } = (await ask()).body;
  t.equal((await callBack(id, authentic)).body.state, "active");
  const [told] = (await owner("/v1/household/notices")).notices;
  t.match(told, {
    ...{ kind: "preservation", about: id, agency: "Harbour City Police", file: "24-117" },
    items: [{ camera: home.board.id, data: "content" }],
  });
  const renew = async (staff = fay, office = agency) =>
    call(cloud, "POST", `/agency/v1/preservations/${id}/renewal`, {
      token: (await signInStaff(cloud, office, staff)).token,
    });
  t.equal((await renew(eve, rival)).status, 404, "another agency's order is not there");
  const rivals = { token: (await signInStaff(cloud, rival, eve)).token };
  t.same((await call(cloud, "GET", "/agency/v1/preservations", rivals)).body, { preservations: [] });
  await pass(62);
  t.equal(await segment(), 200, "past the ceiling of retention");
  const note = await loginNote(cloud, home.owner, home.household);
  const token = await tokenOf(cloud, home.owner, home.household);
  const leave = await call(cloud, "DELETE", "/v1/household", { token, body: { note } });
  t.equal(kind(leave), "order-keeps-recordings");
  t.equal((await renew()).body.renewed, true);
  t.equal(kind(await renew()), "renewed-already");
  await pass(119);
  t.equal(await segment(), 404, "gone with the order's end");
  const kinds = (await owner("/v1/household/notices")).notices.map((notice: { kind: string }) => notice.kind);
  t.same(kinds, ["preservation-over", "preservation-renewed", "preservation"]);
  const { entries } = (await call(cloud, "GET", `/tlog/entries?kind=preservation&id=${id}`)).body;
  t.same(
    entries.map((entry: { state: string }) => entry.state),
    ["purged", "lapsed", "renewed", "active", "asked"],
  );
  t.notMatch(JSON.stringify(entries), new RegExp(`${home.household}|${home.board.id}|24-117`));
});

test("an agency has 20 orders that wait at most, so that operators can look at each", async (t) => {
  const numbered = (count: number) => ask({ ...wish, file: `24-${count}` });
  const atOnce = await Promise.all(Array.from({ length: 8 }, () => numbered(0)));
  t.equal(new Set(atOnce.map(({ body }) => body.id)).size, 1, "the same eight times at once is one");
  const others = await Promise.all(Array.from({ length: 30 }, (_, at) => numbered(at + 1)));
  t.equal(others.filter(({ status }) => status === 201).length, 19);
  t.equal(kind(await numbered(31)), "too-many-waiting");
  t.equal((await numbered(0)).body.id, atOnce[0]?.body.id, "asked for again it is the same one");
  await pass(3);
  t.equal((await ask()).status, 201, "unanswered ones end");
});
