import { t as tap, test } from "tap";
import { fromUtf8 } from "../../shared/kernel/bytes.js";
import { agencyIdOf, timeOf } from "../../shared/kernel/ids.js";
import { readTar } from "../../shared/release/tar.js";
import { open } from "../../shared/seal/age.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { systemRandom } from "../system.io.js";
import { agencyWith, newStaff, signInStaff } from "./officetesting.js";
import { type Answer, call, tokenOf } from "./testcalls.js";
import { newHousehold, openTestCloud, storeClip } from "./testing.js";

const [agency, rival] = [agencyIdOf(systemRandom.bytes(32)), agencyIdOf(systemRandom.bytes(32))];
const [fay, eve] = [newStaff("officer", "Fay"), newStaff("officer", "Eve")];
const [olga, omar] = [newStaff("operator", "Olga"), newStaff("operator", "Omar")];
const cloud = await openTestCloud({
  operators: [olga.person, omar.person],
  agencyOf: async (id) => (id === agency ? agencyWith([fay]) : id === rival ? agencyWith([eve]) : undefined),
});
tap.teardown(cloud.close);

const kind = ({ body }: Answer): string => body.type.replace("urn:lintel:problem:", "");
const iso = (at: number): string => new Date(at).toISOString();
const day = 24 * 60 * 60_000;
const plain = systemRandom.bytes(500);
type Home = Awaited<ReturnType<typeof newHousehold>>;
async function homeWithClip() {
  const home = await newHousehold(cloud);
  const { clip, sealed } = await storeClip(cloud, home, plain);
  const line = {
    ...{ data: "content", camera: home.board.id },
    ...{ from: iso(timeOf(clip) - 1_000), to: iso(timeOf(clip) + 1_000) },
  };
  return { home, clip, sealed, line };
}

const officer = async (path: string, body?: object, method: "GET" | "POST" = "POST") =>
  call(cloud, method, `/agency/v1/processes${path}`, {
    token: (await signInStaff(cloud, agency, fay)).token,
    ...(body && { body }),
  });
const by = async (staff: typeof olga, path: string, body: object) =>
  call(cloud, "POST", `/operator/v1/processes/${path}`, {
    token: (await signInStaff(cloud, "operator", staff)).token,
    body,
  });
/** Another operator's word about what is proposed now. */
async function confirm(staff: typeof olga, id: string): Promise<Answer> {
  const token = (await signInStaff(cloud, "operator", staff)).token;
  const { processes } = (await call(cloud, "GET", "/operator/v1/processes", { token })).body;
  const proposal = processes.find((one: { id: string }) => one.id === id)?.proposed?.hash;
  return by(staff, `${id}/answer`, { answer: "confirm", proposal });
}
const authentic = { called: "+15550100", authentic: true };
async function authenticated(body: object): Promise<string> {
  const { id } = (await officer("", body)).body;
  await by(olga, `${id}/callback`, authentic);
  return id;
}
async function decided(body: object, keep: readonly number[]): Promise<string> {
  const id = await authenticated(body);
  await by(olga, `${id}/proposal`, { verdict: "produce", keep });
  await confirm(omar, id);
  return id;
}
const noticesOf = async ({ owner, household }: Home) => {
  const token = await tokenOf(cloud, owner, household);
  const { notices } = (await call(cloud, "GET", "/v1/household/notices", { token })).body;
  return notices.map((notice: { kind: string }) => notice.kind);
};
async function pass(days: number): Promise<void> {
  for (let at = 0; at < days; at += 1) {
    cloud.clock.forward(day);
    await cloud.docket.tick();
    await cloud.vault.eraser.sweep();
  }
}
const stateOf = async (id: string) =>
  (await officer("", undefined, "GET")).body.processes.find((one: { id: string }) => one.id === id)?.state;

test("the whole-account warrant comes out as one camera and one window, decided by two, told to the household, and opens nothing", async (t) => {
  const { home, clip, sealed, line } = await homeWithClip();
  const warrant = { file: "24-117", type: "warrant", items: [{ data: "content" }, line] };
  const atOnce = await Promise.all([1, 2, 3, 4].map(() => officer("", warrant)));
  const id = await authenticated(warrant);
  for (const { body } of atOnce) t.equal(body.id, id, "the same at once is the same one");
  t.equal((await officer("", warrant)).body.id, id, "filed again in the same words it is the same one");
  const token = (await signInStaff(cloud, "operator", olga)).token;
  const { processes } = (await call(cloud, "GET", "/operator/v1/processes", { token })).body;
  t.match(processes[0].items, [{ fault: "no-camera-and-window" }, { known: true, fault: undefined }]);
  t.equal(
    kind(await by(olga, `${id}/proposal`, { verdict: "produce", keep: [0, 1] })),
    "wider-than-the-process",
  );
  await by(olga, `${id}/proposal`, { verdict: "produce", keep: [1] });
  t.equal(kind(await confirm(olga, id)), "second-person-needed");
  const other = { answer: "confirm", proposal: hashOfText("what was proposed before") };
  t.equal(kind(await by(omar, `${id}/answer`, other)), "proposal-changed");
  t.same(await noticesOf(home), []);
  t.equal((await confirm(omar, id)).body.state, "narrowed");
  t.same(await noticesOf(home), ["legal-process"], "at once");
  t.equal(kind(await officer(`/${id}/production`, undefined, "GET")), "not-produced");
  await pass(9);
  t.equal(await stateOf(id), "narrowed");
  await pass(1);
  t.equal(await stateOf(id), "produced");

  const token2 = (await signInStaff(cloud, agency, fay)).token;
  const url = `/agency/v1/processes/${id}/production`;
  const answer = await cloud.app.inject({
    method: "GET",
    url,
    headers: { authorization: `Bearer ${token2}` },
  });
  t.equal(answer.headers["content-type"], "application/x-tar");
  const tar = readTar(new Uint8Array(answer.rawPayload));
  const files = new Map((tar.ok ? tar.value : []).map(({ name, bytes }) => [name, bytes]));
  t.same([...files.keys()], ["STATEMENT.txt", "metadata.json", `clips/${clip}/000.age`]);
  t.same(files.get(`clips/${clip}/000.age`), sealed, "as the camera sealed it");
  t.notOk(Buffer.from(answer.rawPayload).includes(Buffer.from(plain)), "nothing readable");
  const text = fromUtf8(files.get("STATEMENT.txt") ?? new Uint8Array());
  t.match(text.ok && text.value, /holds no key that opens any of\s+them/);
  t.same(
    await open(sealed, [home.board.identity]),
    { ok: true, value: plain },
    "the household's own key does",
  );

  const rivals = { token: (await signInStaff(cloud, rival, eve)).token };
  t.equal((await call(cloud, "GET", url, rivals)).status, 404, "another agency's is not there");
  await pass(14);
  t.equal(await stateOf(id), "closed");
  t.equal(kind(await officer(`/${id}/production`, undefined, "GET")), "not-produced");
  t.same(await noticesOf(home), ["legal-process-over", "legal-process-produced", "legal-process"]);
  const { entries } = (await call(cloud, "GET", `/tlog/entries?kind=legal&id=${id}`)).body;
  t.same(
    entries.map((entry: { state: string }) => entry.state),
    ["closed", "produced", "due", "narrowed", "authenticated", "received"],
  );
  t.notMatch(JSON.stringify(entries), new RegExp(`${home.household}|${home.board.id}|24-117`));
});

test("a court's gag ends in notice on its day, by the clock, although the process is long over", async (t) => {
  const { home, line } = await homeWithClip();
  const gagUntil = iso(cloud.clock.wall() + 40 * day);
  const wish = { file: "24-118", type: "court-order", items: [line], gagUntil };
  t.equal(kind(await officer("", { ...wish, type: "subpoena" })), "gag-without-court-or-date");
  t.equal(
    kind(await officer("", { ...wish, gagUntil: iso(cloud.clock.wall() - 1) })),
    "gag-without-court-or-date",
  );
  const id = await decided(wish, [0]);
  await pass(25);
  t.equal(await stateOf(id), "closed");
  t.same(await noticesOf(home), []);
  await pass(15);
  // Both come in one moment, and have no order.
  t.same([...(await noticesOf(home))].sort(), ["legal-process-gag-over", "legal-process-over"]);
});

test("a subpoena reaches data about recordings and no recording; an indoor camera needs its own line", async (t) => {
  const { clip, line } = await homeWithClip();
  const id = await authenticated({
    file: "24-119",
    type: "subpoena",
    items: [line, { ...line, data: "metadata" }],
  });
  t.equal(
    kind(await by(olga, `${id}/proposal`, { verdict: "produce", keep: [0] })),
    "wider-than-the-process",
  );
  await by(olga, `${id}/proposal`, { verdict: "produce", keep: [1] });
  await confirm(omar, id);
  await pass(10);
  const tar = readTar(
    new Uint8Array(
      (
        await cloud.app.inject({
          method: "GET",
          url: `/agency/v1/processes/${id}/production`,
          headers: { authorization: `Bearer ${(await signInStaff(cloud, agency, fay)).token}` },
        })
      ).rawPayload,
    ),
  );
  t.same(tar.ok && tar.value.map(({ name }) => name), ["STATEMENT.txt", "metadata.json"]);
  const listed = fromUtf8((tar.ok && tar.value[1]?.bytes) || new Uint8Array());
  const [item] = JSON.parse(listed.ok ? listed.value : "{}").items;
  t.match(item.clips, [{ clip, segments: [{ index: 0 }] }]);
});

test("what an order kept the process keeps on; cameras of two households are two processes; nothing held is said", async (t) => {
  const [one, two] = [await homeWithClip(), await homeWithClip()];
  const both = { file: "24-120", type: "warrant", items: [one.line, two.line] };
  t.equal(kind(await officer("", both)), "one-household");
  const token = (await signInStaff(cloud, agency, fay)).token;
  const { data: _, ...window } = one.line;
  const asked = await call(cloud, "POST", "/agency/v1/preservations", {
    token,
    body: { ...window, file: "24-120" },
  });
  const operator = (await signInStaff(cloud, "operator", olga)).token;
  await call(cloud, "POST", `/operator/v1/preservations/${asked.body.id}/callback`, {
    token: operator,
    body: authentic,
  });
  await decided({ ...both, items: [one.line] }, [0]);
  const orders = (await call(cloud, "GET", "/agency/v1/preservations", { token })).body.preservations;
  t.match(orders, [{ id: asked.body.id, state: "converted" }]);
  t.equal(await cloud.vault.custodian.holds(one.home.household), true);
  const unknown = { ...one.line, camera: "aaaaaaaaaaaaaaaa" };
  const nothing = await decided({ ...both, items: [unknown] }, [0]);
  await pass(10);
  t.equal(await stateOf(nothing), "nothing-held");
  await pass(14);
  t.equal(await cloud.vault.custodian.holds(one.home.household), false, "and ends with it");
});
