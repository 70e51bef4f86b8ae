import { test } from "tap";
import { identityOf, memberKeys } from "../charter/keys.js";
import type { Member, Role } from "../charter/lines.js";
import { fromBase64, fromHex, toUtf8 } from "../kernel/bytes.js";
import { isMemberId } from "../kernel/ids.js";
import { open, recipientOf, seal } from "../seal/age.js";
import { textOf } from "../seal/note.js";
import { vectors } from "../vectors/vectors.contract.js";
import { officeKeys, publicOfficeKeys } from "./officekeys.js";
import { formatOperator, parseOperators } from "./operators.js";
import { formatPressure, formatTelling, openPressure, parseTelling } from "./pressure.js";

interface Vectors {
  readonly member: { readonly seed: string; readonly id: string; readonly noteKey: string };
  readonly valid: readonly { readonly why: string; readonly note: string }[];
  readonly invalid: readonly { readonly why: string; readonly note: string; readonly kind: string }[];
}
const known = vectors<Vectors>("pressure");
const { id, noteKey } = known.member;
const key = fromBase64(noteKey);
if (!isMemberId(id) || !key.ok) throw new Error("the vectors' member does not hold");
const { identity } = memberKeys(fromHex(known.member.seed), 0);
const recipient = await recipientOf(identity);
const member = (role: Role): Member => ({
  ...{ id, role, noteKey: key.value, loginKey: key.value, recipient, name: "Ada" },
});

test("every pressure/v1 of the vectors opens and writes alike, and what they call wrong is refused for its reason", (t) => {
  for (const { why, note } of known.valid) {
    const opened = openPressure(note, [member("adult")]);
    t.equal(opened.ok && formatPressure(opened.value), textOf(note), why);
  }
  for (const { why, note, kind } of known.invalid) {
    const opened = openPressure(note, [member("owner")]);
    t.equal(opened.ok ? "opened" : opened.error.kind, kind, why);
  }
  t.end();
});

test("a guest, a contact and whoever is no member speak for nobody", (t) => {
  for (const members of [[member("guest")], [member("contact")], []])
    for (const { note } of known.valid)
      t.match(openPressure(note, members), { ok: false, error: { kind: "no-known-signer" } });
  t.end();
});

test("what happened has one length whatever it says, and only an operator opens it", async (t) => {
  const words = ["", "Two officers rang at nine.", "é".repeat(1_024)];
  const keys = officeKeys(fromHex(known.member.seed));
  const operator = { ...publicOfficeKeys(keys), name: "Olga" };
  t.equal(operator.recipient, await recipientOf(identityOf(keys.ageSecret)));
  for (const said of words) {
    const telling = formatTelling(said);
    if (!telling.ok) throw new Error(telling.error.kind);
    t.equal(telling.value.length, 2_048);
    t.same(parseTelling(telling.value), { ok: true, value: said });
    const file = await seal(telling.value, [operator.recipient]);
    t.same(await open(file, [identityOf(keys.ageSecret)]), { ok: true, value: telling.value });
    t.match(await open(file, [identity]), { ok: false }, "the member's own key of the same seed is another");
  }
  t.match(formatTelling("é".repeat(1_025)), { ok: false, error: { kind: "too-long" } });
  for (const plain of [toUtf8("short"), new Uint8Array(2_048).fill(0xff)])
    t.match(parseTelling(plain), { ok: false });
});

test("an operator's line names the key that members seal to; one from before there was one still stands", (t) => {
  const people = ["1", "2"].map((byte) => {
    const keys = publicOfficeKeys(officeKeys(new Uint8Array(32).fill(Number(byte))));
    return { ...keys, name: `Operator ${byte}` };
  });
  const [olga, omar] = people;
  if (olga === undefined || omar === undefined) throw new Error("two were made");
  const { recipient: _, ...before } = omar;
  const file = `${formatOperator(olga)}\n${formatOperator(before)}\n`;
  t.same(parseOperators(file), { ok: true, value: [olga, before] });
  const twice = `${formatOperator(olga)}\n${formatOperator({ ...omar, recipient: olga.recipient })}\n`;
  t.match(parseOperators(twice), { ok: false, error: [/stands in it twice/] });
  t.end();
});
