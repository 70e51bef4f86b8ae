import { t as tap, test } from "tap";
import { openNextCharter, type SignedCharter } from "../../shared/charter/charter.js";
import { cosign } from "../../shared/seal/note.js";
import { call, tokenOf } from "./testcalls.js";
import { newHousehold, openTestCloud } from "./testing.js";
import { keyFile, newBoard, newPerson, nextCharter, type Person, sign } from "./testpeople.js";

const cloud = await openTestCloud();
tap.teardown(cloud.close);
const waiting = "/v1/household/proposal";
const newest = "/v1/household/charter";
const problem = (kind: string) => `urn:lintel:problem:${kind}`;

/** A household whose three owners must all sign what changes it, and a change that the first has signed. */
async function together() {
  const others = [await newPerson("owner", "Bo"), await newPerson("owner", "Cy")] as const;
  const home = await newHousehold(cloud, others);
  const people = [home.owner, ...others] as const;
  const tokens = new Map<Person, string>();
  for (const person of people) tokens.set(person, await tokenOf(cloud, person, home.household));
  const ask = (person: Person, method: "GET" | "PUT" | "DELETE", path = waiting, body?: object) =>
    call(cloud, method, path, { token: tokens.get(person) ?? "", ...(body && { body }) });
  const strict = sign(nextCharter(home.charter, { change: "all-owners" }), [home.owner]);
  await ask(home.owner, "PUT", newest, { charter: strict });
  const current = openNextCharter(home.charter, strict);
  if (!current.ok) throw new Error(current.error.kind);
  const board = await newBoard("Side door");
  const next = nextCharter(current.value, { cameras: [home.board.line, board.line] });
  const charter = sign(next, [home.owner]);
  const by = (signed: SignedCharter, { note }: Person) => ({ ...signed, note: cosign(signed.note, note) });
  const keyFiles = [await keyFile(board, people)];
  return { home, people, ask, current: current.value, board, next, charter, keyFiles, by };
}

test("a change that all owners must sign waits until the last has, and is the next charter then", async (t) => {
  const { home, people, ask, charter, keyFiles, by, board } = await together();
  const [ada, bo, cy] = people;
  const idsOf = (...who: readonly Person[]) => who.map(({ member }) => member.id);
  const alone = await ask(ada, "PUT", newest, { charter, keyFiles });
  t.match(alone, { status: 403, body: { type: problem("missing-signature") } });
  t.equal((await ask(bo, "GET")).status, 404);
  const told: unknown[] = [];
  const { stop } = cloud.hub.subscribe(home.household, undefined, ({ kind, data }) =>
    told.push({ kind, ...data }),
  );
  t.teardown(stop);
  const first = await ask(ada, "PUT", waiting, { charter, keyFiles });
  t.match(first, { status: 200, body: { version: 4, signers: idsOf(ada), missing: idsOf(bo, cy) } });
  t.same(told, [{ kind: "charter.proposed", version: 4, missing: idsOf(bo, cy) }]);
  const shown = await ask(bo, "GET");
  t.match(shown, { status: 200, body: { charter, keyFiles, missing: idsOf(bo, cy) } });
  const two = by(shown.body.charter, bo);
  const second = await ask(bo, "PUT", waiting, { charter: two });
  t.match(second, { status: 200, body: { signers: idsOf(ada, bo), missing: idsOf(cy) } });
  const late = await ask(cy, "PUT", waiting, { charter: by(charter, cy) });
  t.match(late, { status: 409, body: { type: problem("signatures-missed") } }, "without Bo's signature");
  const now = (await ask(cy, "GET")).body;
  t.same(now.keyFiles, keyFiles, "whoever signs later replaces no key");
  const all = { charter: by(now.charter, cy), keyFiles: now.keyFiles };
  t.equal((await ask(cy, "PUT", newest, all)).status, 200);
  t.equal((await ask(ada, "GET")).status, 404, "it waits no more");
  t.equal((await ask(ada, "GET", `/v1/cameras/${board.id}/keys`)).body.keys.length, 1);
});

test("one change waits at a time; it is withdrawn by any owner, and overtaken by any other next charter", async (t) => {
  const { people, ask, next, charter, current, by } = await together();
  const [ada, bo, cy] = people;
  await ask(ada, "PUT", waiting, { charter });
  const other = sign({ ...next, cameras: [] }, [bo]);
  const busy = await ask(bo, "PUT", waiting, { charter: other });
  t.match(busy, { status: 409, body: { type: problem("proposal-waits") } });
  t.same([(await ask(cy, "DELETE")).status, (await ask(cy, "DELETE")).status], [204, 404]);
  t.equal((await ask(bo, "PUT", waiting, { charter: other })).status, 200);
  const rules = sign(nextCharter(current, { change: "any-owner" }), people);
  t.equal((await ask(ada, "PUT", newest, { charter: rules })).status, 200);
  t.equal((await ask(bo, "GET")).status, 404, "it follows the charter before");
  const stale = await ask(bo, "PUT", waiting, { charter: by(other, cy) });
  t.match(stale, { status: 409, body: { type: problem("not-the-next-charter") } });
});

test("what no owner signed, and whoever is no owner, proposes nothing", async (t) => {
  const { people, ask, next, charter } = await together();
  const [ada] = people;
  const stranger = await newPerson("owner", "Eve");
  for (const [body, kind] of [
    [sign(next, [stranger]), "no-known-signer"],
    [{ ...charter, note: charter.note.replace("version 4", "version 5") }, "not-the-next-charter"],
    [
      { ...charter, note: charter.note.replace("release all-owners", "release any-owner") },
      "forged-signature",
    ],
    [sign({ ...next, members: next.members.slice(3) }, [ada]), "no-owner"],
  ] as const)
    t.equal((await ask(ada, "PUT", waiting, { charter: body })).body.type, problem(kind));
  const neighbour = await newHousehold(cloud);
  const foreign = await call(cloud, "PUT", waiting, { token: neighbour.token, body: { charter } });
  t.equal(foreign.body.type, problem("other-household"));
  t.equal((await call(cloud, "GET", waiting, { token: neighbour.token })).status, 404);
});
