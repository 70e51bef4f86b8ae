import { t as tap, test } from "tap";
import { square } from "../../shared/release/testing.contract.js";
import {
  activate,
  activeBureau,
  newAsk,
  newBureau,
  openReleaseCloud,
  publish,
  signedAgreement,
  terms,
} from "./releases.contract.js";
import { type Answer, call } from "./testcalls.js";

const cloud = await openReleaseCloud();
tap.teardown(cloud.close);
const bureau = await activeBureau(cloud);
const open = await newAsk(cloud, bureau, { file: "FILE-1" });
await publish(cloud, bureau, open);
const next = { file: "FILE-2", area: square(400, 4_930_000), category: "theft" } as const;
const ended = await newAsk(cloud, bureau, next);
await publish(cloud, bureau, ended);
cloud.clock.forward(8 * 24 * 60 * 60_000);
await cloud.casework.tick();

const get = (path: string): Promise<Answer> => call(cloud, "GET", `/public/v1/${path}`);
const documents = ({ text }: Answer) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

test("both feeds hold each published request by the fixed template, in both languages", async (t) => {
  const json = await get("feed.json");
  t.match(json.headers, { "content-type": /^application\/feed\+json/ });
  t.match(json.body, { version: "https://jsonfeed.org/version/1.1", feed_url: /\/public\/v1\/feed\.json$/ });
  const item = json.body.items.find(({ id }: { id: string }) => id === `urn:uuid:${open.request.id}`);
  t.match(item.content_text, /You do not have to answer.*Vous n'êtes pas tenu de répondre/s);
  t.match(item.title, /^Police municipale: burglary, FILE-1 \(closed\)/);
  const atom = await get("feed.atom");
  t.match(atom.headers, { "content-type": /^application\/atom\+xml/ });
  t.equal(atom.text.match(/<entry>/g)?.length, 2);
  t.match(atom.text, `<id>urn:uuid:${ended.request.id}</id>`);
  t.notMatch(atom.text, /&(?!amp;|lt;|gt;|quot;)/);
});

test("the whole record comes as JSON lines and as a table, with every step's place in the log", async (t) => {
  const [newest, oldest] = documents(await get("requests.jsonl"));
  t.match([newest, oldest], [{ id: ended.request.id }, { id: open.request.id, note: open.note }]);
  t.same(
    oldest.steps.map(({ kind }: { kind: string }) => kind),
    ["review", "published", "closed"],
  );
  t.ok(oldest.steps.every(({ index }: { index?: number }) => index !== undefined));
  const [agency] = documents(await get("agencies.jsonl"));
  t.match(agency, { id: bureau.agency, state: "active", terms: "terms\n" });
  const table = await get("requests.csv");
  const [head, row, ...rest] = table.text.split("\r\n");
  t.match(head, /^"id","agency","agency_name","state","category"/);
  t.match(
    row,
    `"${ended.request.id}","${bureau.agency}","Police municipale","closed","theft","none","FILE-2"`,
  );
  t.same([rest.length, rest[1]], [2, ""]);
});

test("requests are counted exactly, for each is public, and releases in buckets only", async (t) => {
  const { body } = await get("statistics");
  t.match(
    body.requests.map(({ category, requests }: { category: string; requests: number }) => [
      category,
      requests,
    ]),
    [
      ["theft", 1],
      ["burglary", 1],
    ],
  );
  t.ok(body.releases.length > 0);
  for (const batch of body.releases) t.same(Object.keys(batch).sort(), ["acts", "day", "index"]);
});

test("the report is a year of the log, each line with its index, and says who is named", async (t) => {
  const year = new Date(cloud.clock.wall()).getUTCFullYear();
  const years = [year - 1, year].map(async (one) => documents(await get(`report?year=${one}`)));
  const lines = (await Promise.all(years)).flat();
  const published = lines.find((line) => line.id === open.request.id && line.state === "published");
  const listed = await call(cloud, "GET", `/tlog/entries?kind=request&id=${open.request.id}`);
  t.match(
    listed.body.entries.find(({ index }: { index: number }) => index === published.index),
    { state: "published" },
  );
  t.equal(
    lines.flatMap(({ totals }) => (totals?.["request closed"] ?? []) as number).reduce((a, b) => a + b, 0),
    2,
  );
  t.equal((await get("report?year=soon")).status, 400);
  t.same((await get("overdue")).body, { overdue: [], named: [] });
  for (const token of await cloud.operatorTokens())
    await call(cloud, "POST", `/operator/v1/agencies/${bureau.agency}/sentence`, {
      token,
      body: { to: "suspended" },
    });
  t.match((await get("overdue")).body.named, [{ agency: bureau.agency, state: "suspended" }]);
});

test("no name makes a formula of a table, ends a feed, or is shown before two operators have vetted it", async (t) => {
  const named = newBureau(cloud.clock.wall());
  const odd = { ...named, agreement: { ...named.agreement, name: "-1+1\uFFFE" } };
  const body = { note: signedAgreement(odd), terms };
  t.equal((await call(cloud, "POST", "/agency/v1/agreements", { body })).status, 201);
  const shownAgencies = async () => documents(await get("agencies.jsonl")).map(({ id }) => id);
  t.notOk((await shownAgencies()).includes(odd.agency));
  await activate(cloud, odd);
  t.ok((await shownAgencies()).includes(odd.agency));
  await publish(cloud, odd, await newAsk(cloud, odd, { file: "FILE-3", area: square(400, 4_900_000) }));
  t.match((await get("requests.csv")).text, `,"'-1+1\uFFFE",`);
  cloud.clock.forward(60_000);
  const { text } = await get("feed.atom");
  t.match(text, "<name>-1+1\uFFFD</name>");
  t.notMatch(text, "\uFFFE");
});
