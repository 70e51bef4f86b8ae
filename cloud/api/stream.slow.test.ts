import { type IncomingMessage, request } from "node:http";
import { t as tap, test } from "tap";
import { householdIdOf } from "../../shared/kernel/ids.js";
import { createHub } from "./hub.js";
import { tokenSeconds } from "./plugins/session.js";
import { bytesOf, call, getter, tokenFor, tokenOf } from "./testcalls.js";
import { newHousehold, openTestCloud } from "./testing.js";
import { newPerson, nextCharter, sign } from "./testpeople.js";

const cloud = await openTestCloud();
tap.teardown(cloud.close);
const origin = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
const home = await newHousehold(cloud);
const get = getter(origin, home.token);

const event = (number: number) => ({
  household: home.household,
  camera: home.board.id,
  kind: "clip.started" as const,
  data: { number },
});

/** Reads a stream until it has this many events, or ends. */
async function events(answer: IncomingMessage, count: number): Promise<string[]> {
  let text = "";
  answer.setEncoding("utf8");
  for await (const piece of answer) {
    text += piece;
    if ((text.match(/^event: /gm) ?? []).length >= count) break;
  }
  return text.split("\n\n").filter((block) => block.includes("event: "));
}
const stream = (headers: Record<string, string> = {}) => get("/v1/stream", headers);

test("a stream hears its own household, in order, and goes on behind Last-Event-ID", async (t) => {
  const neighbour = await newHousehold(cloud);
  const first = await stream();
  t.equal(first.headers["content-type"], "text/event-stream; charset=utf-8");
  cloud.hub.publish({ ...event(0), household: neighbour.household, camera: neighbour.board.id });
  for (const number of [1, 2, 3]) cloud.hub.publish(event(number));
  const heard = await events(first, 3);
  const numbers = (blocks: string[]) =>
    blocks.map((block) => JSON.parse(block.split("data: ")[1] ?? "").number);
  t.same(numbers(heard), [1, 2, 3]);
  t.match(
    heard[0] ?? "",
    new RegExp(`^id: test-\\d+\nevent: clip.started\ndata: \\{"camera":"${home.board.id}"`, "m"),
  );
  const id = /^id: (.+)$/m.exec(heard[0] ?? "")?.[1] ?? "";
  t.same(numbers(await events(await stream({ "last-event-id": id }), 2)), [2, 3]);
});

test("a stream whose last event is kept no more, or is of another start of the cloud, hears `missed` first", async (t) => {
  for (const id of ["test-0", "other-5", "nonsense"]) {
    for (let number = 0; number < 9; number++) cloud.hub.publish(event(number));
    const [first] = await events(await stream({ "last-event-id": id }), 1);
    t.match(first ?? "", /event: missed\ndata: \{\}/, id);
  }
});

test("a client that missed much hears `missed`, then the newest, and is not cut off", async (t) => {
  const ids: string[] = [];
  const { stop } = cloud.hub.subscribe(home.household, undefined, ({ id }) => ids.push(id));
  cloud.hub.publish(event(0));
  stop();
  const long = "x".repeat(40_000);
  const numbers = [1, 2, 3, 4, 5, 6, 7, 8];
  for (const number of numbers) cloud.hub.publish({ ...event(number), data: { number, long } });
  const answer = await stream({ "last-event-id": ids[0] ?? "" });
  cloud.hub.publish(event(9));
  const [first, ...others] = await events(answer, 5);
  t.match(first ?? "", /event: missed/);
  t.same(
    others.map((block) => JSON.parse(block.split("data: ")[1] ?? "").number),
    [6, 7, 8, 9],
  );
});

test("the buffer of events is bounded, and a subscription ends", (t) => {
  const hub = createHub("x", { ofAll: 3, ofHousehold: 3 });
  const got: string[] = [];
  const { stop } = hub.subscribe(home.household, undefined, ({ id }) => got.push(id));
  for (let number = 0; number < 5; number++) hub.publish(event(number));
  stop();
  hub.publish(event(9));
  t.same(got, ["x-1", "x-2", "x-3", "x-4", "x-5"]);
  const late = hub.subscribe(home.household, "x-4", () => undefined);
  t.same([late.incomplete, late.backlog.map(({ id }) => id)], [false, ["x-5", "x-6"]]);
  t.equal(hub.subscribe(home.household, "x-2", () => undefined).incomplete, true);
  t.end();
});

test("a busy household forgets its own events, not its neighbours'", (t) => {
  const hub = createHub("x", { ofAll: 5, ofHousehold: 2 });
  const neighbour = householdIdOf(Uint8Array.of(1));
  const missed = (household: typeof neighbour, id: string) => {
    const { incomplete, backlog, stop } = hub.subscribe(household, id, () => undefined);
    stop();
    return [incomplete, backlog.map((one) => one.id)];
  };
  hub.publish({ ...event(1), household: neighbour });
  for (let number = 2; number < 9; number++) hub.publish(event(number));
  t.same(missed(neighbour, "x-0"), [false, ["x-1"]]);
  t.same(missed(home.household, "x-6"), [false, ["x-7", "x-8"]]);
  t.same(missed(home.household, "x-5"), [true, ["x-7", "x-8"]]);
  for (const byte of [2, 3, 4])
    hub.publish({ ...event(byte), household: householdIdOf(Uint8Array.of(byte)) });
  t.same(missed(neighbour, "x-0"), [true, []], "the bound over all took it");
  t.same(missed(neighbour, "x-1"), [false, []]);
  t.end();
});

test("a HEAD for the stream is answered, and takes no place among the streams", async (t) => {
  const crowd = await newHousehold(cloud);
  const head = (): Promise<number | undefined> =>
    new Promise((resolve) => {
      const headers = { authorization: `Bearer ${crowd.token}` };
      request(`${origin}/v1/stream`, { method: "HEAD", headers }, ({ statusCode }) =>
        resolve(statusCode),
      ).end();
    });
  for (let asked = 0; asked < 9; asked++) t.equal(await head(), 404);
  const [first] = await openStreams(crowd.token, 1);
  t.equal(first?.statusCode, 200);
  first?.destroy();
});

test("a member who is removed hears no more, and a closing cloud ends its streams", async (t) => {
  const guest = await newPerson("guest", "Bo");
  const other = await openTestCloud();
  const away = await newHousehold(other, [guest]);
  const address = await other.app.listen({ host: "127.0.0.1", port: 0 });
  const token = await tokenFor(other, { household: away.household, member: guest.member.id });
  const follow = (bearer: string) =>
    new Promise<IncomingMessage>((resolve) => {
      request(`${address}/v1/stream`, { headers: { authorization: `Bearer ${bearer}` } }, resolve).end();
    });
  const [theirs, owners] = [await follow(token), await follow(away.token)];
  const ended = events(theirs, 1);
  const without = sign(nextCharter(away.charter, { members: [away.owner.member] }), [away.owner]);
  await call(other, "PUT", "/v1/household/charter", { token: away.token, body: { charter: without } });
  t.same(await ended, [], "ended by the cloud without an event");
  const closing = events(owners, 1);
  await other.close();
  t.same(await closing, []);
});

/** So many of one member at once. */
function openStreams(token: string, count: number): Promise<readonly IncomingMessage[]> {
  const ask = getter(origin, token);
  return Promise.all(Array.from({ length: count }, () => ask("/v1/stream")));
}

test("a stream ends with its token", async (t) => {
  const who = { household: home.household, member: home.owner.member.id };
  const dying = await tokenFor(cloud, who, tokenSeconds - 2);
  for (const one of await openStreams(dying, 2)) t.same(await events(one, 1), []);
});

test("a member has 8 streams at most, a household 32, and asking for all at once gives none more", async (t) => {
  const guests = await Promise.all(Array.from({ length: 4 }, (_, at) => newPerson("guest", `Bo ${at}`)));
  const crowd = await newHousehold(cloud, guests);
  const refused = async (answers: readonly IncomingMessage[]): Promise<readonly string[]> => {
    const over = answers.filter(({ statusCode }) => statusCode === 429);
    return Promise.all(over.map(async (one) => JSON.parse((await bytesOf(one)).toString()).type));
  };
  const full = ["urn:lintel:problem:too-many-streams"];
  const first = await openStreams(crowd.token, 9);
  t.same(await refused(first), full, "the ninth");
  const { household } = crowd;
  const tokens = await Promise.all(
    guests.map(({ member }) => tokenFor(cloud, { household, member: member.id })),
  );
  for (const token of tokens.slice(0, 3)) t.same(await refused(await openStreams(token, 8)), []);
  const token = tokens[3] ?? "";
  t.same(await refused(await openStreams(token, 1)), full, "the 33rd of the household");
  const [one] = first.filter(({ statusCode }) => statusCode === 200);
  one?.destroy();
  for (let answer = full; answer.length > 0; ) answer = [...(await refused(await openStreams(token, 1)))];
  t.pass("and one that ended makes room");
});

test("the stream of an ended session ends at once, and a new sign-in is told to the member's others and the owners", async (t) => {
  const guest = await newPerson("guest", "Bo");
  const family = await newHousehold(cloud, [guest]);
  const follow = async (token: string) => getter(origin, token)("/v1/stream");
  const [owners, guests] = [
    await follow(family.token),
    await follow(await tokenOf(cloud, guest, family.household)),
  ];
  const heard = Promise.all([events(owners, 1), events(guests, 1)]);
  const second = await tokenOf(cloud, guest, family.household);
  for (const [told] of await heard) {
    t.match(told, /event: session\.started\ndata: .*"how":"key"/);
    t.match(told, `"member":"${guest.member.id}"`);
  }
  const theirs = await follow(second);
  await tokenOf(cloud, family.owner, family.household);
  const ended = events(theirs, 1);
  const { sessions } = (await call(cloud, "GET", "/v1/sessions", { token: second })).body;
  const current = sessions.find((one: { current: boolean }) => one.current);
  t.equal((await call(cloud, "DELETE", `/v1/sessions/${current.id}`, { token: second })).status, 204);
  t.same(await ended, [], "a guest is not told of the owner's sign-in, and the stream is over");
});
