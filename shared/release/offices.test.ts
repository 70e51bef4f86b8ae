import { test } from "tap";
import { memberKeys } from "../charter/keys.js";
import { equal, fromHex, toBase64 } from "../kernel/bytes.js";
import { hashOfText } from "../seal/hash.js";
import { vectors } from "../vectors/vectors.contract.js";
import { officeKeys, publicOfficeKeys } from "./officekeys.js";
import { formatOfficeLogin, parseOfficeLogin } from "./officelogin.js";
import { formatNoes, parseNoes } from "./ownersword.js";

interface Vectors {
  readonly people: readonly {
    readonly seed: string;
    readonly id: string;
    readonly noteKey: string;
    readonly loginKey: string;
  }[];
  readonly valid: readonly { readonly text: string }[];
  readonly invalid: readonly { readonly why: string; readonly text: string; readonly kind: string }[];
}
const known = vectors<Vectors>("officelogin");

test("a seed gives the vectors' keys, which are not those of a member with the same seed", (t) => {
  for (const { seed, ...wanted } of known.people) {
    const keys = officeKeys(fromHex(seed));
    const { id, noteKey, loginKey } = publicOfficeKeys(keys);
    t.same({ id, noteKey: toBase64(noteKey), loginKey: toBase64(loginKey) }, wanted);
    const member = memberKeys(fromHex(seed), 0);
    t.notOk(equal(member.noteSecret, keys.noteSecret) || equal(member.loginSecret, keys.loginSecret));
  }
  t.end();
});

test("every office-login/v1 of the vectors reads and writes alike, and what they call wrong is refused for its reason", (t) => {
  for (const { text } of known.valid) {
    const login = parseOfficeLogin(text);
    t.equal(login.ok && formatOfficeLogin(login.value), text);
  }
  for (const { why, text, kind } of known.invalid) {
    const login = parseOfficeLogin(text);
    t.equal(login.ok ? "read" : login.error.kind, kind, why);
  }
  t.end();
});

test("what an owner says no to has one length and one form, and anything else is refused", (t) => {
  const said = [hashOfText("one"), hashOfText("two")];
  const plain = formatNoes(said);
  t.same(parseNoes(plain), { ok: true, value: said });
  for (const bad of [plain.subarray(1), plain.map((byte) => (byte === 0x0a ? 0x2c : byte))])
    t.equal(parseNoes(bad).ok, false);
  t.end();
});
