import fc from "fast-check";
import { test } from "tap";
import { fromHex } from "../kernel/bytes.js";
import { signNote, textOf } from "../seal/note.js";
import { vectors } from "../vectors/vectors.contract.js";
import { openCharterChain, type SignedCharter } from "./charter.js";
import { memberKeys } from "./keys.js";
import { allModes, memberKeyName } from "./lines.js";
import { formatMode, type ModeOrder, modeNow, openNextMode, parseMode, weekMinutes } from "./mode.js";

const { members, valid } = vectors<{
  readonly members: readonly { readonly seed: string; readonly id: string }[];
  readonly valid: readonly { readonly chain: readonly SignedCharter[] }[];
}>("charter");
/** Owners Zoë and Ben, a guest, a camera that may do all. */
const opened = openCharterChain(valid[2]?.chain ?? []);
if (!opened.ok) throw new Error(opened.error.kind);
const charter = opened.value;
const [camera] = charter.cameras;
if (camera === undefined) throw new Error("no camera");
const adult = {
  ...charter,
  members: charter.members.map((one, at) => (at === 1 ? { ...one, role: "adult" as const } : one)),
};

const signed = (order: ModeOrder, by: number): string => {
  const { seed = "", id = "" } = members[by] ?? {};
  return signNote(formatMode(order), [
    { name: memberKeyName(id as never), secretKey: memberKeys(fromHex(seed), 0).noteSecret },
  ]);
};
const order = (change: Partial<ModeOrder> = {}): ModeOrder => ({
  household: charter.household,
  camera: camera.id,
  counter: 1,
  zone: "UTC",
  week: [{ minute: 0, mode: "off" }],
  at: 1 as ModeOrder["at"],
  ...change,
});
const kindOf = (result: ReturnType<typeof openNextMode>): string => (result.ok ? "holds" : result.error.kind);
const all = (mode: ModeOrder["week"][number]["mode"]) => [{ minute: 0, mode }];

test("every valid order reads back, and every invalid one is refused for its reason", (t) => {
  const modes = vectors<{
    readonly valid: readonly { readonly why: string; readonly note: string }[];
    readonly invalid: readonly { readonly why: string; readonly note: string; readonly kind: string }[];
  }>("mode");
  for (const { why, note } of modes.valid) {
    const read = parseMode(textOf(note));
    t.equal(read.ok && formatMode(read.value), textOf(note), why);
    t.equal(kindOf(openNextMode(charter, camera.id, undefined, note)), "holds", why);
  }
  for (const { why, note, kind } of modes.invalid)
    t.equal(kindOf(openNextMode(charter, camera.id, undefined, note)), kind, why);
  t.end();
});

test("an adult tightens and never loosens; an owner does both; a guest neither", (t) => {
  const current = order({
    counter: 4,
    week: [
      { minute: 0, mode: "record" },
      { minute: 60, mode: "detect" },
    ],
  });
  const by = (who: number, mode: ModeOrder["week"][number]["mode"]) =>
    kindOf(openNextMode(adult, camera.id, current, signed(order({ counter: 5, week: all(mode) }), who)));
  t.same([by(0, "record"), by(0, "off")], ["holds", "holds"]);
  t.same([by(1, "record"), by(1, "detect"), by(1, "off")], ["may-not-loosen", "holds", "holds"]);
  t.same(by(2, "off"), "no-known-signer");
  const off = order({ counter: 4 });
  const lift = signed(
    order({
      counter: 5,
      week: [
        { minute: 0, mode: "off" },
        { minute: 9, mode: "detect" },
      ],
    }),
    1,
  );
  t.equal(kindOf(openNextMode(adult, camera.id, off, lift)), "may-not-loosen", "not for a minute either");
  t.end();
});

test("an order that is not newer, for another camera or beyond the charter is refused", (t) => {
  const current = order({ counter: 4 });
  const kind = (change: Partial<ModeOrder>) =>
    kindOf(openNextMode(charter, camera.id, current, signed(order({ counter: 5, ...change }), 0)));
  t.equal(kind({ counter: 4 }), "mode-not-newer");
  t.equal(kind({ counter: 3 }), "mode-not-newer");
  t.equal(kind({ camera: "aaaaaaaaaaaaaaaa" as never }), "other-camera");
  t.equal(kind({ household: "aaaaaaaaaaaaaaaa" as never }), "other-camera");
  const cameras = [{ ...camera, modes: ["off"] as const }];
  const note = signed(order({ counter: 5, week: all("record") }), 0);
  t.equal(kindOf(openNextMode({ ...charter, cameras }, camera.id, current, note)), "mode-not-allowed");
  t.end();
});

test("whatever the charter allows and the order says, the camera does no more than either", (t) => {
  const rank = (mode: string): number => allModes.indexOf(mode as never);
  const modes = fc.subarray([...allModes], { minLength: 1 });
  const week = fc
    .uniqueArray(fc.tuple(fc.nat(weekMinutes - 1), fc.constantFrom(...allModes)), { selector: ([at]) => at })
    .map((turns) => [[0, "off"] as const, ...turns.filter(([at]) => at > 0).sort(([a], [b]) => a - b)])
    .map((turns) => turns.map(([minute, mode]) => ({ minute, mode })));
  fc.assert(
    fc.property(modes, week, fc.option(fc.nat(weekMinutes - 1), { nil: undefined }), (may, turns, minute) => {
      const mode = modeNow({ modes: may }, { week: turns }, minute);
      const told =
        turns.filter((turn) => minute !== undefined && turn.minute <= minute).at(-1)?.mode ?? "off";
      return rank(mode) <= rank(told) && (may.includes(mode) || mode === "off");
    }),
    { seed: 4 },
  );
  t.equal(modeNow({ modes: ["off", "record"] }, { week: all("detect") }, 0), "off");
  t.equal(modeNow(camera, undefined, undefined), "record", "no order: the most that is allowed");
  t.end();
});
