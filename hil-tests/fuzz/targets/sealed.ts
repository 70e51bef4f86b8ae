// Signed notes as a whole, age files, and what is packed for agencies.

import { createHash } from "node:crypto";
import { concat, fromUtf8, toUtf8 } from "../../../shared/kernel/bytes.js";
import type { Prng } from "../../../shared/kernel/prng.js";
import { readTar, writeTar } from "../../../shared/release/tar.js";
import { type VerifyRefusal, verifyPackage } from "../../../shared/release/verify.js";
import { type AgeRefusal, open, openWithPassphrase, splitHeader } from "../../../shared/seal/age.js";
import { nativeHashOf, nativeVerifier } from "../../../shared/seal/native.io.js";
import { cosign, type NoteRefusal, openNote, parseVerifier, textOf } from "../../../shared/seal/note.js";
import { vectors } from "../../../shared/vectors/vectors.contract.js";
import { changeBoxes } from "../boxes.js";
import { changeBytes, changeJson, changeText, pick } from "../change.js";
import { logPolicy, packageNow, packageTar } from "../seeds.js";
import { mustHold, sameBytes, type Target, textsIn, textTarget, verdictOf } from "../target.js";

const known = vectors<{ keys: readonly { readonly vkey: string }[] }>("note").keys.flatMap(({ vkey }) => {
  const key = parseVerifier(vkey);
  return key.ok ? [key.value] : [];
});
const signer = { name: "member-c", secretKey: new Uint8Array(32).fill(5) };

/** X25519 stanzas, a passphrase's, and none: made by the `age` program once, since a seal is different each time. */
const identity = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
const scrypt =
  "age-encryption.org/v1\n-> scrypt c2FsdHNhbHRzYWx0c2FsdA 15\nQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo0MTIzNDU\n";
const x25519 =
  "-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\nEmECAEcKN+n/Vs9SbWiV+Hu0r+E8R77DdWYyd83nw7U\n";
const mac = "--- Vn+54jqiiUCE+WZcEVY3f1sqHjlu/z1LCQ/T7Xm7qI0\n";
const ageSeeds = [
  `age-encryption.org/v1\n${x25519}${mac}`,
  `age-encryption.org/v1\n${x25519.repeat(3)}${mac}`,
  `${scrypt}${mac}`,
];
const ageKinds: readonly AgeRefusal["kind"][] = ["not-an-age-file", "does-not-open"];

export const sealedTargets: readonly Target[] = [
  textTarget<NoteRefusal>({
    ...{ name: "note", about: "signed notes", seeds: textsIn("note", "example/"), millis: 1_000 },
    kinds: ["malformed-note", "forged-signature", "no-known-signer"],
    run(text) {
      const opened = openNote(text, known);
      const native = openNote(text, known.map(nativeVerifier));
      mustHold(verdictOf(native) === verdictOf(opened), "OpenSSL comes to another verdict");
      if (opened.ok) {
        mustHold(opened.value.text === textOf(text), "a note's text is two texts");
        mustHold(
          openNote(cosign(text, signer), known).ok || text.split("\n— ").length > 16,
          "co-signed it no longer opens",
        );
      }
      return opened;
    },
  }),
  {
    ...{ name: "age-header", about: "the headers of age files", form: "text", kinds: ageKinds },
    seeds: ageSeeds.map(toUtf8),
    run(input) {
      const split = splitHeader(input);
      if (split.ok)
        sameBytes(concat(split.value.header, split.value.body), input, "a header's bytes are others");
      return verdictOf(split);
    },
  },
  {
    ...{ name: "age", about: "age files, opened", form: "text", kinds: ageKinds, millis: 1_000 },
    ...{ seeds: ageSeeds.slice(0, 2).map(toUtf8), words: ["X25519", "scrypt", "->", "---", "ssh-ed25519"] },
    run: async (input) => verdictOf(await open(input, [identity])),
  },
  {
    ...{ name: "age-passphrase", about: "age files that a passphrase opens", form: "text", kinds: ageKinds },
    ...{
      seeds: ageSeeds.slice(2).map(toUtf8),
      words: ["scrypt", "15", "16", "18", "20", "22", "30"],
      millis: 1_000,
    },
    run: async (input) => verdictOf(await openWithPassphrase(input, "seven words")),
  },
  {
    ...{
      name: "tar",
      about: "a package's tar",
      form: "bytes",
      seeds: [
        writeTar([
          { name: "a/b.txt", bytes: toUtf8("text") },
          { name: "c", bytes: new Uint8Array() },
        ]),
      ],
    },
    kinds: ["not-our-tar"],
    run(input) {
      const files = readTar(input);
      if (files.ok) sameBytes(writeTar(files.value), input, "a tar is another one when written again");
      return verdictOf(files);
    },
  },
  {
    ...{
      name: "package",
      about: "a whole release package, its sums made to fit",
      form: "bytes",
      millis: 4_000,
    },
    ...{ seeds: [packageTar], bytesMax: 2 * packageTar.length, kinds: packageKinds(), change: changePackage },
    run(input) {
      const verified = verifyPackage(input, { policy: logPolicy, now: packageNow, hash: nativeHashOf });
      if (verified.ok) sameBytes(input, packageTar, "a package that nobody made is believed");
      return verdictOf(verified);
    },
  },
];

/** One file changed as what it is; then the sums are made to fit. */
function changePackage(input: Uint8Array, other: Uint8Array, chance: Prng): Uint8Array {
  const files = readTar(input);
  if (!files.ok || files.value.length === 0 || chance.next() < 0.1) return changeBytes(input, other, chance);
  const file = pick(files.value, chance) ?? { name: "", bytes: input };
  const change = file.name.endsWith(".mp4")
    ? changeBoxes
    : file.name.endsWith(".json")
      ? changeJson([])
      : changeText([]);
  const shape = chance.next();
  const now = files.value.flatMap((one) => {
    if (one !== file) return [one];
    if (shape < 0.05) return [];
    return [
      { name: file.name, bytes: change(file.bytes, pick(files.value, chance)?.bytes ?? file.bytes, chance) },
    ];
  });
  const at = now.findIndex(({ name }) => name === "SHA256SUMS");
  const sums = now
    .slice(0, Math.max(at, 0))
    .map(({ name, bytes }) => `${createHash("sha256").update(bytes).digest("hex")}  ${name}\n`);
  const isText = fromUtf8(file.bytes).ok;
  return writeTar(
    now.map((one, place) =>
      place === at && (isText || shape < 0.9) ? { ...one, bytes: toUtf8(sums.join("")) } : one,
    ),
  );
}

/** All of them, which the compiler sees to. */
function packageKinds(): readonly string[] {
  const kinds: Readonly<Record<VerifyRefusal["kind"], true>> = {
    "other-camera": true,
    "indoor-camera": true,
    "not-our-tar": true,
    "file-missing": true,
    "file-unknown": true,
    "file-malformed": true,
    "sum-differs": true,
    "agreement-refused": true,
    "request-refused": true,
    "charter-refused": true,
    "authorisation-refused": true,
    "strange-signature": true,
    "word-refused": true,
    "too-few-contacts": true,
    "other-words": true,
    "owner-not-heard": true,
    "contacts-too-early": true,
    "word-before-question": true,
    "word-after-signing": true,
    "signed-for-another": true,
    "signed-by-newcomers": true,
    "not-by-consent": true,
    "request-against-the-rules": true,
    "other-charters": true,
    "nobody-who-may-signed": true,
    "owner-did-not-sign": true,
    "camera-not-then": true,
    "camera-not-now": true,
    "outside-window": true,
    "signed-in-the-future": true,
    "hold-too-short": true,
    "kept-too-long": true,
    "proof-refused": true,
    "entry-refused": true,
    "entry-of-another": true,
    "evidence-missing": true,
    "evidence-not-needed": true,
    "not-public-long-enough": true,
    "segment-refused": true,
    "segment-of-another": true,
    "path-refused": true,
    "not-in-the-batch": true,
    "act-refused": true,
    "act-of-another": true,
    "escrowed-on-hold": true,
    "escrowed-too-late": true,
    "logged-out-of-order": true,
    "malformed-policy": true,
    "slice-refused": true,
    "clip-not-as-authorised": true,
    "other-terms": true,
    "file-differs": true,
    "escrow-missing": true,
    "not-one-log": true,
  };
  return Object.keys(kinds);
}
