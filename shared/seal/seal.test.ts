import { execFileSync, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { test } from "tap";
import { concat, fromBase64, fromHex, toBase64, toUtf8 } from "../kernel/bytes.js";
import { seededPrng } from "../kernel/prng.js";
import { flippedBits, vectors } from "../vectors/vectors.contract.js";
import {
  isIdentity,
  isRecipient,
  newIdentity,
  open,
  openWithPassphrase,
  recipientOf,
  seal,
  sealToPassphrase,
  splitHeader,
} from "./age.js";
import { formatFields, type NoteShape, parseDecimal, readFields } from "./fields.js";
import { hashOf, hashOfText, isHash } from "./hash.js";
import {
  cosign,
  formatVerifier,
  openNote,
  parseVerifier,
  type Signer,
  signNote,
  type Verifier,
  verifierOf,
} from "./note.js";
import { close, commitment, formatOpening, openLines } from "./opening.js";
import { formatSigner, parseSigner } from "./skey.js";

interface NoteVectors {
  readonly keys: readonly { readonly name: string; readonly secret: string; readonly vkey: string }[];
  readonly valid: readonly NoteCase[];
  readonly invalid: readonly (NoteCase & { readonly kind: string })[];
}
interface NoteCase {
  readonly why: string;
  readonly note: string;
  readonly known: readonly string[];
  readonly signers: readonly string[];
  readonly text: string;
}

const notes = vectors<NoteVectors>("note");
const signerNamed = (name: string) => {
  const key = notes.keys.find((one) => one.name === name);
  return { name, secretKey: fromHex(key?.secret ?? "") };
};
const knownTo = ({ known }: NoteCase): Verifier[] => known.map((name) => verifierOf(signerNamed(name)));

test("every valid note vector opens with the signers it names", async (t) => {
  for (const one of notes.valid) {
    const opened = openNote(one.note, knownTo(one));
    t.ok(opened.ok, one.why);
    if (!opened.ok) continue;
    t.equal(opened.value.text, one.text, one.why);
    t.same(
      opened.value.signers.map(({ name }) => name),
      one.signers,
      one.why,
    );
  }
});

test("every invalid note vector is refused for its reason", async (t) => {
  for (const one of notes.invalid) {
    const opened = openNote(one.note, knownTo(one));
    t.equal(opened.ok ? "opened" : opened.error.kind, one.kind, one.why);
  }
});

test("signing again gives the vectors' bytes, and verifier keys read back", async (t) => {
  const [first, second] = notes.valid;
  t.equal(signNote(first?.text ?? "", [signerNamed("camera-a")]), first?.note);
  t.equal(cosign(first?.note ?? "", signerNamed("member-b")), second?.note);
  for (const { name, vkey } of notes.keys) {
    t.equal(formatVerifier(verifierOf(signerNamed(name))), vkey);
    const parsed = parseVerifier(vkey);
    t.same(parsed.ok && parsed.value, verifierOf(signerNamed(name)));
  }
});

test("a note signed by Go's implementation opens here", async (t) => {
  // The example of golang.org/x/mod/sumdb/note's documentation.
  const key = parseVerifier("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  const signature =
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
  const text =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
  t.ok(key.ok && openNote(`${text}\n— PeterNeumann ${signature}\n`, [key.value]).ok);
});

test("damaged verifier keys are refused", async (t) => {
  const good = notes.keys[0]?.vkey ?? "";
  const [name = "", id = ""] = good.split("+");
  const bad = [
    "",
    name,
    `${name}+${id}`,
    good.replace(id, "00000000"),
    `${good}A`,
    `a b+${id}+x`,
    good.replace("+A", "+B"),
  ];
  for (const text of bad) t.notOk(parseVerifier(text).ok, JSON.stringify(text));
});

test("no single flipped bit of a note gets past a known key", async (t) => {
  const note = notes.valid[0]?.note ?? "";
  const known = [verifierOf(signerNamed("camera-a"))];
  let tried = 0;
  for (const flipped of flippedBits(toUtf8(note), 1)) {
    const text = new TextDecoder().decode(flipped);
    const opened = openNote(text, known);
    if (opened.ok) t.fail(`byte ${tried} flipped, still opens: ${JSON.stringify(text)}`);
    tried++;
  }
  t.equal(tried, toUtf8(note).length);
});

test("a note beyond its limits is refused before anything is verified", async (t) => {
  const note = "text\n\n— a AAAAAAAA\n";
  t.match(openNote("x".repeat(1_000_001) + note, []), { error: { why: "longer than the limit" } });
  t.match(openNote(note + "— a AAAAAAAA\n".repeat(16), []), { error: { why: "too many signatures" } });
  t.match(await openWithPassphrase(toUtf8(`age-encryption.org/v1\n--- ${"A".repeat(43)}\n`), "words"), {
    error: { kind: "does-not-open" },
  });
  t.match(await openWithPassphrase(toUtf8("nothing"), "words"), { error: { kind: "not-an-age-file" } });
  const notText = concat(
    toUtf8("age-encryption.org/v1\n-> x\n"),
    Uint8Array.of(0xff),
    toUtf8(`\n--- ${"A".repeat(43)}\n`),
  );
  t.match(await openWithPassphrase(notText, "words"), { error: { kind: "does-not-open" } });
});

test("text that no note can carry is not signed", async (t) => {
  const signer = signerNamed("camera-a");
  for (const text of ["", "no newline", "tab\t\n", "nul\0\n", "\ud800\n"])
    t.throws(() => signNote(text, [signer]), text);
});

test("OpenSSL verifies our signatures", async (t) => {
  const dir = t.testdir({});
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const secretKey = privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32);
  const text = "example/v1\nabc\n";
  const line =
    signNote(text, [{ name: "k", secretKey }])
      .split("\n\n")[1]
      ?.trim()
      .split(" ")[2] ?? "";
  const decoded = fromBase64(line);
  const file = (name: string, data: string | Uint8Array): string => {
    writeFileSync(join(dir, name), data);
    return join(dir, name);
  };
  const key = file("key.pem", publicKey.export({ format: "pem", type: "spki" }));
  const signature = file("signature", decoded.ok ? decoded.value.subarray(4) : "");
  const verify = ["pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-sigfile", signature];
  t.match(
    execFileSync("openssl", [...verify, "-in", file("text", text)]).toString(),
    /Verified Successfully/,
  );
  t.not(
    spawnSync("openssl", [...verify, "-in", file("text", `${text}x`)]).status,
    0,
    "and refuses another text",
  );
});

const shape: NoteShape = { type: "thing/v1", fields: ["name", "count", "part*", "end"] };
const thing = formatFields(shape, "whose", { name: "n", count: 3, part: ["a", "b"], end: "e" });

test("fields read back, and each refusal names the place", async (t) => {
  t.equal(thing, "thing/v1\nwhose\nname n\ncount 3\npart a\npart b\nend e\n");
  const read = readFields(shape, thing, (f) => ({
    count: f.number("count", 3),
    parts: f.list("part", 2),
    name: f.plain("name"),
  }));
  t.same(read, { ok: true, value: { count: 3, parts: ["a", "b"], name: "n" } });
  const refused = (text: string): unknown => {
    const result = readFields(shape, text, (f) => f.number("count", 3));
    return result.ok ? "read" : result.error;
  };
  t.same(refused(thing.replace("thing/v1", "thing/v2")), {
    kind: "other-note-type",
    expected: "thing/v1",
    found: "thing/v2",
  });
  t.same(refused(thing.replace("name n\n", "")), { kind: "not-canonical", line: 3, expected: "name" });
  t.same(refused(thing.replace("count 3\n", "count 3\ncount 3\n")), {
    kind: "not-canonical",
    line: 4,
    expected: "count",
  });
  t.same(refused(thing.replace("part b\n", "x\npart b\n")), {
    kind: "not-canonical",
    line: 6,
    expected: "end",
  });
  t.same(refused(thing.replace("count 3", "count 4")), { kind: "bad-field", field: "count" });
  t.same(refused(thing.replace("whose", "")), { kind: "not-canonical", line: 8, expected: "the end" });
  t.throws(
    () =>
      readFields(shape, thing, () => {
        throw new Error("a bug");
      }),
    /a bug/,
    "other errors are not swallowed",
  );
});

test("a time is one that a calendar has", async (t) => {
  const at: NoteShape = { type: "at/v1", fields: ["at"] };
  const read = (value: string) => readFields(at, `at/v1\nx\nat ${value}\n`, (f) => f.time("at"));
  t.same(read("8640000000000000"), { ok: true, value: 8_640_000_000_000_000 });
  for (const bad of ["8640000000000001", "9007199254740991", "-1", "1.5"])
    t.same(read(bad), { ok: false, error: { kind: "bad-field", field: "at" } }, bad);
});

test("any values that are read were written in exactly that way", async (t) => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const read = readFields(shape, text, (f) => ({
        name: f.plain("name"),
        count: f.number("count"),
        part: f.list("part", 9),
        end: f.plain("end"),
      }));
      return !read.ok || formatFields(shape, text.split("\n")[1] ?? "", read.value) === text;
    }),
  );
  for (const text of ["", "-1", "01", "1.5", "1e3", "9007199254740993", " 1", "٣"])
    t.equal(parseDecimal(text), undefined, text);
  t.equal(parseDecimal("9007199254740991"), Number.MAX_SAFE_INTEGER);
});

test("a commitment opens only with its own salt and line", async (t) => {
  const opening = close("member zoe", seededPrng(1));
  const shown = commitment(opening);
  t.same(openLines([shown], [formatOpening(opening)]), { ok: true, value: ["member zoe"] });
  t.same(openLines([shown], [null]), { ok: true, value: [undefined] }, "a line may be kept back");
  const kinds = [
    [formatOpening({ ...opening, line: "member eve" }), "opening-does-not-match"],
    [formatOpening({ ...opening, salt: new Uint8Array(16) }), "opening-does-not-match"],
    [formatOpening({ ...opening, salt: new Uint8Array(15) }), "malformed-opening"],
    ["no-space", "malformed-opening"],
    ["", "malformed-opening"],
  ] as const;
  for (const [text, kind] of kinds) {
    const result = openLines([shown], [text]);
    t.equal(result.ok ? "opened" : result.error.kind, kind, text);
  }
  t.notOk(openLines([shown], []).ok);
});

test("what is sealed opens for its recipient alone, and never after a change", async (t) => {
  const [mine, other] = [await newIdentity(), await newIdentity()];
  const plain = toUtf8("somebody at the door");
  const sealed = await seal(plain, [await recipientOf(mine)]);
  t.same(await open(sealed, [mine]), { ok: true, value: plain });
  t.notOk((await open(sealed, [other])).ok, "another identity");
  t.notOk((await open(sealed.subarray(0, -1), [mine])).ok, "a cut end");
  for (const flipped of flippedBits(sealed, 7)) t.notOk((await open(flipped, [mine])).ok);
  t.ok(isIdentity(mine) && isRecipient(await recipientOf(mine)));
  t.notOk(isRecipient(mine) || isIdentity("AGE-SECRET-KEY-1"));
});

test("what would cost more to open than it cost to seal is not tried", async (t) => {
  const sealed = await sealToPassphrase(toUtf8("seed"), "seven words");
  t.same(await openWithPassphrase(sealed, "seven words"), { ok: true, value: toUtf8("seed") });
  const dear = toUtf8(new TextDecoder("latin1").decode(sealed.subarray(0, 110)).replace(/ 15\n/, " 20\n"));
  t.match(await openWithPassphrase(concat(dear, sealed.subarray(110)), "seven words"), {
    error: { why: /as Lintel seals/ },
  });
  const mine = await newIdentity();
  const recipient = await recipientOf(mine);
  const many = await seal(
    toUtf8("x"),
    Array.from({ length: 100 }, () => recipient),
  );
  t.same(await open(many, [mine]), { ok: false, error: { kind: "not-an-age-file" } });
  const all = await seal(
    toUtf8("x"),
    Array.from({ length: 32 }, () => recipient),
  );
  t.ok((await open(all, [mine])).ok, "as many as a household has members");
});

test("the header splits from the body, and without it the body is not an age file", async (t) => {
  const identity = await newIdentity();
  const sealed = await seal(new Uint8Array(100_000), [await recipientOf(identity)]);
  const split = splitHeader(sealed);
  t.ok(split.ok);
  if (!split.ok) return;
  t.match(
    new TextDecoder().decode(split.value.header),
    /^age-encryption\.org\/v1\n[\s\S]*\n--- [A-Za-z0-9+/]{43}\n$/,
  );
  t.equal(split.value.header.length + split.value.body.length, sealed.length);
  t.notOk((await open(split.value.body, [identity])).ok);
  for (const bad of [
    new Uint8Array(0),
    split.value.body,
    sealed.subarray(0, 40),
    toUtf8("age-encryption.org/v2\n--- x\n"),
  ]) {
    t.notOk(splitHeader(bad).ok);
  }
});

const withoutAge =
  spawnSync("age", ["--version"]).error !== undefined && "the `age` program is not installed";

test("the stock age program opens what we seal, and we open what it sealed", {
  skip: withoutAge,
}, async (t) => {
  const dir = t.testdir({});
  const identity = await newIdentity();
  const recipient = await recipientOf(identity);
  const keyFile = join(dir, "key.txt");
  writeFileSync(keyFile, `${identity}\n`);
  for (const size of [0, 1, 65_535, 65_536, 65_537, 200_000]) {
    const plain = new Uint8Array(size).fill(size % 251);
    const file = join(dir, `${size}.age`);
    writeFileSync(file, await seal(plain, [recipient]));
    t.ok(
      execFileSync("age", ["-d", "-i", keyFile, file], { maxBuffer: 1e6 }).equals(plain),
      `${size} bytes from us`,
    );
    const theirs = execFileSync("age", ["-r", recipient], { input: plain, maxBuffer: 1e6 });
    t.same(await open(theirs, [identity]), { ok: true, value: plain }, `${size} bytes from age`);
  }
});

test("hashes are 44 characters of canonical base64", async (t) => {
  t.ok(isHash(hashOf(new Uint8Array(0))));
  t.equal(hashOfText("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  for (const text of ["", "abc", toBase64(new Uint8Array(31)), `${hashOf(new Uint8Array(0))} `])
    t.notOk(isHash(text), text);
});

test("a signing key's line reads as the key, and no other line does", (t) => {
  for (let seed = 0; seed < 50; seed++) {
    const signer: Signer = { name: "log.example/tlog", secretKey: seededPrng(seed).bytes(32) };
    const line = formatSigner(signer);
    t.same(parseSigner(line), signer);
    t.equal(parseSigner(line.replace("log.", "lag.")), undefined, "the key id is that of the name");
    t.equal(parseSigner(line.trim()), undefined);
    t.equal(parseSigner(line.slice(1)), undefined);
  }
  t.end();
});
