import { test } from "tap";
import { fromHex, toUtf8 } from "../kernel/bytes.js";
import { seededPrng } from "../kernel/prng.js";
import {
  formatVerifier,
  keyTypes,
  parseVerifier,
  type Signer,
  signNote,
  type Verifier,
  verifierOf,
} from "../seal/note.js";
import { vectors } from "../vectors/vectors.contract.js";
import {
  type Checkpoint,
  cosignatureLine,
  formatCheckpoint,
  type LogPolicy,
  openCheckpoint,
  openCosignatures,
  parseCheckpoint,
  signCheckpoint,
} from "./checkpoint.js";
import { formatPolicy, parsePolicy } from "./policy.js";
import { formatProof, parseProof, verifyProof } from "./proof.js";
import { emptyRoot } from "./tree.js";
import { formatAddCheckpoint, judge, nothingSeen, parseAddCheckpoint } from "./witness.js";

interface Vectors {
  readonly "10 checkpoint": Readonly<Record<string, string>>;
  readonly "11 cosignature/v1": { readonly vkey: string; readonly time: number } & Readonly<
    Record<string, string>
  >;
  readonly "12 add-checkpoint 256->70000": { readonly body: string };
  readonly "13 tlog-proof entry-69999": { readonly text: string };
}
const known = vectors<Vectors>("tlog");
const {
  "log seed": logSeed = "",
  vkey = "",
  "size 256": small = "",
  "size 70000": large = "",
  "size 0": empty = "",
} = known["10 checkpoint"];
const {
  "witness seed": witnessSeed = "",
  "line over size 70000": line = "",
  time,
} = known["11 cosignature/v1"];
const body = known["12 add-checkpoint 256->70000"].body;
const proofText = known["13 tlog-proof entry-69999"].text;
const logSigner: Signer = { name: "log.example.com/consent", secretKey: fromHex(logSeed) };
const witnessSigner: Signer = { name: "witness.example.com/w1", secretKey: fromHex(witnessSeed) };
const [log, witness] = [verifierOf(logSigner), verifierOf(witnessSigner)];
const policy: LogPolicy = { log, witnesses: [witness], quorum: 1 };
const alone: LogPolicy = { ...policy, quorum: 0 };
const read = (note: string): Checkpoint => {
  const opened = openCheckpoint(note, alone);
  if (!opened.ok) throw new Error(opened.error.kind);
  return opened.value;
};

test("keys and checkpoints are the known ones, byte for byte", (t) => {
  t.equal(formatVerifier(log), vkey);
  t.equal(formatVerifier(witness, keyTypes.cosignature), known["11 cosignature/v1"].vkey);
  t.same(parseVerifier(known["11 cosignature/v1"].vkey, keyTypes.cosignature), { ok: true, value: witness });
  t.notOk(parseVerifier(known["11 cosignature/v1"].vkey).ok, "a witness's key signs no notes");
  t.notOk(parseVerifier(vkey, keyTypes.cosignature).ok);
  for (const note of [small, large, empty]) t.equal(signCheckpoint(read(note), logSigner), note);
  t.same(read(empty), { origin: log.name, size: 0, root: emptyRoot, cosignatures: [] });
  t.end();
});

test("a cosignature is the known one, and holds for its text and time only", (t) => {
  const text = formatCheckpoint(read(large));
  t.equal(cosignatureLine(text, witnessSigner, time), line);
  t.same(openCosignatures(large + line, [witness]), { ok: true, value: [{ witness, time }] });
  t.same(openCheckpoint(large + line, policy), {
    ok: true,
    value: { ...read(large), cosignatures: [{ witness, time }] },
  });
  t.same(openCheckpoint(large, policy), {
    ok: false,
    error: { kind: "too-few-witnesses", found: 0, needed: 1 },
  });
  t.match(openCheckpoint(small + line, policy), { error: { kind: "forged-signature", name: witness.name } });
  const later = cosignatureLine(text, witnessSigner, time + 1);
  const [, , forged = ""] = /^(\S+ \S+ )(\S+)$/.exec(line.trim()) ?? [];
  t.not(later, line);
  t.match(openCheckpoint(`${large}— ${witness.name} ${forged.slice(0, 8)}AAAA${forged.slice(12)}\n`, alone), {
    error: { kind: "forged-signature" },
  });
  const twice = openCosignatures(large + line + later, [witness]);
  t.equal(twice.ok && twice.value.length, 1, "a witness counts once");
  t.end();
});

test("what is no checkpoint of this log is refused", (t) => {
  t.match(openCheckpoint(signNote("no checkpoint\n", [logSigner]), alone), {
    error: { kind: "malformed-checkpoint" },
  });
  const whole = read(large);
  const sign = (text: string) => signCheckpoint({ ...whole, origin: text.slice(0, -1) }, logSigner);
  t.match(openCheckpoint(sign("other.example.com\n"), alone), { error: { kind: "other-log" } });
  t.match(openCheckpoint(large.replace("70000", "70001"), alone), { error: { kind: "forged-signature" } });
  const text = formatCheckpoint(whole);
  t.same(parseCheckpoint(`${text}extension\n`), parseCheckpoint(text), "extensions are passed by");
  for (const bad of [
    text.slice(0, -1),
    text.replace("70000", "070000"),
    text.replace("70000", "-1"),
    text.replace("70000", "9007199254740993"),
    text.replace(/\n[^\n]*\n$/, "\nAAAA\n"),
    text.replace(/^[^\n]*/, ""),
    `${text}\n`,
  ])
    t.equal(parseCheckpoint(bad), undefined, bad);
  t.end();
});

test("a proof for whoever is offline is the known one, and holds for its entry only", (t) => {
  const proof = parseProof(proofText);
  if (proof === undefined) {
    t.fail("not read");
    return t.end();
  }
  t.equal(formatProof(proof), proofText);
  const verified = verifyProof(proofText, toUtf8("entry-69999"), policy);
  t.equal(verified.ok && verified.value.size, 70_000);
  const kindOf = (text: string, entry = "entry-69999"): string => {
    const result = verifyProof(text, toUtf8(entry), policy);
    return result.ok ? "holds" : result.error.kind;
  };
  t.equal(kindOf(proofText, "entry-69998"), "not-in-the-log");
  t.equal(kindOf(proofText.replace("index 69999", "index 69998")), "not-in-the-log");
  t.equal(kindOf(proofText.replace("proof@v1", "proof@v2")), "malformed-proof");
  t.equal(kindOf(proofText.replace("index 69999", "index x")), "malformed-proof");
  t.equal(kindOf(proofText.replace(line, "")), "too-few-witnesses");
  t.equal(kindOf(proofText.slice(0, 100)), "malformed-proof");
  t.equal(kindOf(proofText.replace("70000", "70001")), "forged-signature");
  t.end();
});

test("a witness cosigns what follows what it saw, and says of all else what is wrong", (t) => {
  const asked = parseAddCheckpoint(body);
  if (asked === undefined) {
    t.fail("not read");
    return t.end();
  }
  t.equal(formatAddCheckpoint(asked), body);
  const logs: readonly Verifier[] = [log];
  const seen = () => read(small);
  const verdict = judge(body, logs, seen);
  t.match(verdict, { status: 200, cosign: { size: 70_000 } });
  if (verdict.status === 200) t.equal(cosignatureLine(verdict.text, witnessSigner, time), line);
  t.same(
    judge(body, logs, () => read(large)),
    { status: 409, size: 70_000 },
  );
  t.same(
    judge(body, logs, () => nothingSeen),
    { status: 409, size: 0 },
  );
  t.same(judge(body, [], seen), { status: 404 });
  t.same(judge(body, [{ ...log, publicKey: witness.publicKey }], seen), { status: 403 });
  t.same(judge(body.replace("old 256", "old 70001"), logs, seen), { status: 400 });
  t.same(judge("old 1\n", logs, seen), { status: 400 });
  const fork = { ...read(small), root: emptyRoot };
  t.same(
    judge(body, logs, () => fork),
    { status: 422 },
  );
  const other = formatAddCheckpoint({ old: 256, proof: [], checkpoint: small });
  t.same(
    judge(other, logs, () => fork),
    { status: 409, size: 256 },
    "another root of the size that it saw",
  );
  const first = formatAddCheckpoint({ old: 0, proof: [], checkpoint: small });
  t.match(
    judge(first, logs, () => nothingSeen),
    { status: 200 },
  );
  const same = formatAddCheckpoint({ old: 256, proof: [], checkpoint: small });
  t.match(judge(same, logs, seen), { status: 200 }, "the same again is cosigned anew");
  t.end();
});

test("a policy says who counts, and whatever is no such policy says in which line", (t) => {
  const keys = [1, 2, 3].map((seed) => ({
    name: `w${seed}.example`,
    publicKey: verifierOf({ name: "w", secretKey: seededPrng(seed).bytes(32) }).publicKey,
  }));
  const [one = "", two = "", three = ""] = keys.map((key) => formatVerifier(key, keyTypes.cosignature));
  const lines = [`witness a ${one}`, `witness b ${two} https://w2.example`, ` witness\tc ${three} `];
  const read = (...rules: string[]) => parsePolicy([...lines, ...rules, ""].join("\n"));
  const counts = (...rules: string[]) => {
    const policy = read(...rules);
    return policy.ok
      ? [policy.value.quorum, policy.value.witnesses.map(({ key }) => key.name)]
      : policy.error;
  };
  t.same(counts("quorum none"), [0, ["w1.example", "w2.example", "w3.example"]]);
  t.same(counts("quorum b"), [1, ["w2.example"]]);
  t.same(counts("# two", "", "group g 2 a c", "quorum g"), [2, ["w1.example", "w3.example"]]);
  t.same(counts("group g any a b", "quorum g"), [1, ["w1.example", "w2.example"]]);
  t.same(counts("group g all a b", "quorum g"), [2, ["w1.example", "w2.example"]]);
  for (const wrong of [
    ["quorum d"],
    ["group g 4 a b c", "quorum g"],
    ["group g 0 a", "quorum g"],
    ["group g 1 a a", "quorum g"],
    ["group g 1 a", "group h 1 g", "quorum h"],
    ["group none 1 a"],
    [`witness a ${one}`],
    [`witness d ${one}`],
    [`witness d ${formatVerifier(log)}`],
    [`log ${one}`],
    ["quorum none", "quorum none"],
    ["trust me"],
    [],
  ])
    t.match(read(...wrong), { ok: false, error: { kind: "malformed-policy" } }, wrong.join("; "));
  const many = Array.from({ length: 13 }, (_, at) => {
    const publicKey = seededPrng(100 + at).bytes(32);
    return `witness m${at} ${formatVerifier({ name: `m${at}.example`, publicKey }, keyTypes.cosignature)}`;
  });
  t.same(read(...many, "quorum none"), {
    ok: false,
    error: { kind: "malformed-policy", line: 16, why: "there are more than 15 witnesses" },
  });
  const policy = read("group g 2 a b c", "quorum g");
  if (policy.ok) {
    const again = parsePolicy(formatPolicy(log, policy.value));
    t.same(again, { ok: true, value: { ...policy.value, logs: [log] } });
  } else t.fail(policy.error.why);
  t.end();
});
