import { test } from "tap";
import { type CharterCamera, formatLines, type Member } from "../../../shared/charter/lines.js";
import type { Rules } from "../../../shared/charter/succession.js";
import { cameraIdOf, memberIdOf } from "../../../shared/kernel/ids.js";
import { seededPrng } from "../../../shared/kernel/prng.js";
import { newIdentity, recipientOf } from "../../../shared/seal/age.js";
import { hashOf } from "../../../shared/seal/hash.js";
import { differences } from "./difference.js";

const random = seededPrng(1);
const recipient = async () => recipientOf(await newIdentity());

async function newMember(name: string): Promise<Member> {
  const noteKey = random.bytes(32);
  const keys = { noteKey, loginKey: random.bytes(32), recipient: await recipient() };
  return { id: memberIdOf(noteKey), role: "guest", ...keys, name };
}

async function newCamera(name: string): Promise<CharterCamera> {
  const noteKey = random.bytes(32);
  const keys = { noteKey, tlsKeyHash: hashOf(random.bytes(9)), epoch: 1, recipient: await recipient() };
  const obeys = { audio: false, modes: ["record"], masks: [], zones: [] } as const;
  return { id: cameraIdOf(noteKey), ...keys, place: "outdoor", ...obeys, name };
}

const [anna, bea] = [{ ...(await newMember("Anna")), role: "owner" } as const, await newMember("Bea")];
const [door, gate] = [await newCamera("Door"), await newCamera("Gate")];
const rules = { change: "any-owner", release: "all-owners" } as const;
const current: Rules = { ...rules, members: [anna, bea], cameras: [door, gate] };
const corners = [
  { x: 0, y: 0 },
  { x: 5_000, y: 0 },
  { x: 0, y: 5_000 },
];
const withBea = (change: Partial<Member>): Rules => ({ ...current, members: [anna, { ...bea, ...change }] });
const withGate = (change: Partial<CharterCamera>): Rules => ({
  ...current,
  cameras: [door, { ...gate, ...change }],
});

test("every change of a charter is told, and nothing where nothing changes", async (t) => {
  t.same(differences(current, current), []);
  const changed: readonly (readonly [Rules, RegExp])[] = [
    [{ ...current, change: "all-owners" }, /next charters need the signature of all-owners, not any-owner/],
    [{ ...current, release: "any-owner" }, /a release .* of any-owner, not all-owners/],
    [{ ...current, members: [anna] }, /- member Bea \(\w{16}\), guest/],
    [{ ...current, members: [anna, bea, await newMember("Cy")] }, /\+ member Cy .*their screen shows \w{4}-/],
    [withBea({ role: "owner" }), /member Bea .* is owner, not guest/],
    [withBea({ name: "Bee" }), /member Bea .* is called Bee, not Bea/],
    [withBea({ sees: [gate.id] }), /member Bea .* sees Gate \(\w{16}\), not all cameras/],
    [withBea({ sees: [] }), /sees no camera, not all/],
    [withBea({ loginKey: random.bytes(32) }), /the keys of member Bea/],
    [withBea({ recipient: await recipient() }), /the keys of member Bea/],
    [{ ...current, cameras: [door] }, /- camera Gate \(\w{16}\): it records no more/],
    [{ ...current, cameras: [door, gate, await newCamera("Yard")] }, /\+ camera Yard \(\w{16}\), outdoor/],
    [withGate({ name: "Wicket" }), /camera Gate .* is called Wicket, not Gate/],
    [withGate({ place: "indoor" }), /is indoor, not outdoor/],
    [withGate({ audio: true }), /from now on:\n.*audio on/],
    [withGate({ modes: ["off"] }), /from now on:\n.*modes off;/],
    [withGate({ masks: [corners] }), /from now on:\n.*1 mask/],
    [withGate({ zones: [{ corners, sensitivity: 0, sizeMin: 0 }] }), /from now on:\n.*1 zone/],
    [withGate({ epoch: 2, recipient: await recipient() }), /the key of epoch 2 \(age1\w+\), not 1/],
    [withGate({ tlsKeyHash: hashOf(random.bytes(9)) }), /connects with the TLS key/],
  ];
  for (const [next, line] of changed) t.match(differences(current, next).join("\n"), line);
});

const isFree = ([name]: readonly [string, unknown]) => name !== "noteKey";

test("a camera that is called otherwise changes nobody's sight", (t) => {
  const limited = [anna, { ...bea, sees: [gate.id] }];
  const cameras = [door, { ...gate, name: "Wicket" }];
  const lines = differences({ ...current, members: limited }, { ...current, members: limited, cameras });
  t.match(lines, [/is called Wicket/]);
  t.equal(lines.length, 1);
  t.end();
});

test("whatever differs in a line of a charter is told", async (t) => {
  const other = await newMember("Bea");
  const camera = await newCamera("Gate");
  const swaps = [
    // A note key makes the id: another one is another member or camera.
    ...Object.entries(other)
      .filter(isFree)
      .map(([name, value]) => withBea({ [name]: value })),
    ...Object.entries(camera)
      .filter(isFree)
      .map(([name, value]) => withGate({ [name]: value })),
  ];
  for (const next of swaps) {
    const same = formatLines(next).join() === formatLines(current).join();
    t.equal(differences(current, next).length === 0, same, formatLines(next).join());
  }
});
