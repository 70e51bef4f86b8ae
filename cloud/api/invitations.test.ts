import { t as tap, test } from "tap";
import { formatNewcomer } from "../../shared/charter/joining.js";
import { toBase32 } from "../../shared/kernel/bytes.js";
import { openInvitationsMax } from "../household/invitations.io.js";
import { systemRandom } from "../system.io.js";
import { call } from "./testcalls.js";
import { newHousehold, openTestCloud, type TestCloud } from "./testing.js";
import { newPerson, nextCharter, sign } from "./testpeople.js";

const cloud = await openTestCloud();
tap.teardown(cloud.close);
const dayMillis = 86_400_000;
const kind = ({ body }: { body: { type: string } }) => body.type.replace("urn:lintel:problem:", "");
const newId = () => toBase32(systemRandom.bytes(10));
const make = (token: string, body: object, key?: string) =>
  call(cloud, "POST", "/v1/invitations", {
    token,
    body,
    ...(key && { headers: { "idempotency-key": key } }),
  });
const list = async (token: string) =>
  (await call(cloud, "GET", "/v1/invitations", { token })).body.invitations;
const answer = (id: string, newcomer: string, at: TestCloud = cloud) =>
  call(at, "POST", `/v1/invitations/${id}/answer`, { body: { newcomer } });

async function newcomer(name: string) {
  const person = await newPerson("guest", name);
  return { person, line: formatNewcomer(person.member) };
}

/** What owners' streams are told from here on. */
function following(home: { household: Parameters<typeof cloud.hub.subscribe>[0] }) {
  const told: object[] = [];
  const { stop } = cloud.hub.subscribe(home.household, undefined, ({ kind, camera, member, data }) =>
    told.push({ kind, camera, member, ...data }),
  );
  tap.teardown(stop);
  return told;
}

test("a newcomer answers once, the owners are told, and the charter that names them ends it", async (t) => {
  const home = await newHousehold(cloud);
  const told = following(home);
  const id = newId();
  const made = await make(home.token, { id, role: "guest" }, "one");
  t.match(made, { status: 201, body: { id, state: "waiting", role: "guest" } });
  const { madeAt, expiresAt } = made.body;
  t.equal(Date.parse(expiresAt) - Date.parse(madeAt), dayMillis, "a day, where nobody says otherwise");
  t.match(await make(home.token, { id, role: "guest" }, "one"), { status: 201, body: made.body });
  t.match(
    await make(home.token, { id, role: "guest" }),
    { status: 201, body: made.body },
    "nor without a key",
  );
  const bea = await newcomer("Bea");
  t.match(await answer(id, bea.line), { status: 202, body: { state: "answered" } });
  t.equal((await answer(id, `${bea.line}\n`)).status, 202, "an answer was lost");
  const event = {
    kind: "invitation.answered",
    camera: undefined,
    member: undefined,
    invitation: id,
    name: "Bea",
  };
  t.same(told, [{ ...event, contested: false }], "told once, and to owners only");
  t.match(await list(home.token), [{ id, state: "answered", newcomer: bea.line, answeredAt: /^20/ }]);
  const members = [home.owner.member, { ...bea.person.member, sees: [home.board.id] }];
  const charter = sign(nextCharter(home.charter, { members }), [home.owner]);
  const put = await call(cloud, "PUT", "/v1/household/charter", { token: home.token, body: { charter } });
  t.equal(put.status, 200);
  t.match(await list(home.token), [{ id, state: "joined" }]);
  t.equal((await answer(id, bea.line)).status, 202);
  t.same((await call(cloud, "GET", "/v1/members", { token: home.token })).body.members, [
    { id: home.owner.member.id, name: "Ada", role: "owner" },
    { id: bea.person.member.id, name: "Bea", role: "guest", sees: [home.board.id] },
  ]);
});

test("another answer is refused, changes nothing, and the owners are told once that there are two", async (t) => {
  const home = await newHousehold(cloud);
  const told = following(home);
  const id = newId();
  await make(home.token, { id });
  const [bea, eve] = [await newcomer("Bea"), await newcomer("Eve")];
  await answer(id, bea.line);
  for (let tries = 0; tries < 3; tries++) t.equal(kind(await answer(id, eve.line)), "invitation-answered");
  t.match(told, [{ contested: false }, { contested: true, name: "Eve" }]);
  t.equal(told.length, 2);
  t.match(await list(home.token), [{ newcomer: bea.line, contestedAt: /^20/ }]);
  const both = await Promise.all(
    [0, 1].map(async () => {
      const next = newId();
      await make(home.token, { id: next });
      return Promise.all([answer(next, bea.line), answer(next, eve.line)]);
    }),
  );
  for (const pair of both) t.same(pair.map(({ status }) => status).sort(), [202, 409]);
});

test("what is no newcomer's line, no invitation, taken back or too late is refused", async (t) => {
  const home = await newHousehold(cloud);
  const { line } = await newcomer("Bea");
  const [id, other] = [newId(), newId()];
  const expiresAt = new Date(cloud.clock.wall() + 60_000).toISOString();
  t.match(await make(home.token, { id, expiresAt }), { status: 201, body: { expiresAt } });
  t.equal(kind(await answer(id, line.slice(0, -9))), "malformed-joining");
  t.equal(kind(await answer(newId(), line)), "not-there");
  await make(home.token, { id: other });
  const remove = () => call(cloud, "DELETE", `/v1/invitations/${other}`, { token: home.token });
  t.same([(await remove()).status, (await remove()).status], [204, 404]);
  t.equal(kind(await answer(other, line)), "not-there");
  cloud.clock.forward(61_000);
  t.equal(kind(await answer(id, line)), "invitation-expired");
  t.match(await list(home.token), [{ id, state: "expired" }]);
  cloud.clock.forward(7 * dayMillis + 1);
  const late = new Date(cloud.clock.wall() + 90 * dayMillis).toISOString();
  const token = cloud.app.jwt.sign({
    ...{ household: home.household, member: home.owner.member.id },
    session: (
      await cloud.sessions.open(
        { household: home.household, member: home.owner.member.id },
        { how: "key", client: "test" },
      )
    ).id,
  });
  const longest = (await make(token, { id: other, expiresAt: late })).body;
  t.equal(Date.parse(longest.expiresAt) - Date.parse(longest.madeAt), 7 * dayMillis, "seven days at most");
  t.match(await list(token), [{ id: other }], "what has long ended is forgotten");
  t.equal((await list(token)).length, 1);
});

test("only owners invite; ids are 80 bits, 16 are open at a time, and none is another household's", async (t) => {
  const guest = await newPerson("guest", "Bo");
  const home = await newHousehold(cloud, [guest]);
  const neighbour = await newHousehold(cloud);
  for (const body of [{}, { id: "short" }, { id: newId(), role: "king" }, { id: newId(), name: "x" }])
    t.equal((await make(home.token, body)).status, 400);
  const past = new Date(cloud.clock.wall() - 1).toISOString();
  t.equal(kind(await make(home.token, { id: newId(), expiresAt: past })), "invitation-ends-in-the-past");
  const ids = Array.from({ length: openInvitationsMax + 1 }, newId);
  const statuses = await Promise.all(ids.map(async (id) => (await make(home.token, { id })).status));
  t.same(statuses.sort(), [...Array(openInvitationsMax).fill(201), 409], "also when all are asked at once");
  t.equal(kind(await make(home.token, { id: newId() })), "too-many-invitations");
  const [first] = await list(home.token);
  t.equal(kind(await make(home.token, { id: first.id, role: "owner" })), "invitation-exists");
  t.equal(kind(await make(neighbour.token, { id: first.id })), "invitation-exists");
  t.same(await list(neighbour.token), []);
  t.equal(
    (await call(cloud, "DELETE", `/v1/invitations/${first.id}`, { token: neighbour.token })).status,
    404,
  );
});

test("who asks without a token is slowed down", async (t) => {
  const slow = await openTestCloud({ openCallsPerMinute: 2 });
  t.teardown(slow.close);
  const { line } = await newcomer("Bea");
  const asked = [];
  for (let tries = 0; tries < 3; tries++) asked.push((await answer(newId(), line, slow)).status);
  t.same(asked, [404, 404, 429]);
});
