// What the public log, its witnesses and its proofs are written in.
import { toUtf8 } from "../../../shared/kernel/bytes.js";
import { formatVerifier, keyTypes, type NoteRefusal, parseVerifier } from "../../../shared/seal/note.js";
import { formatSigner, parseSigner } from "../../../shared/seal/skey.js";
import { formatCheckpoint, openCheckpoint, parseCheckpoint } from "../../../shared/tlog/checkpoint.js";
import { formatPolicy, type PolicyRefusal, parsePolicy } from "../../../shared/tlog/policy.js";
import { formatProof, parseProof, verifyProof } from "../../../shared/tlog/proof.js";
import { formatBundle, parseBundle, parseTilePath, tilePath } from "../../../shared/tlog/tiles.js";
import { formatAddCheckpoint, judge, nothingSeen, parseAddCheckpoint } from "../../../shared/tlog/witness.js";
import { packageParts, logPolicy as policy, logPolicyText as policyText } from "../seeds.js";
import { canonical, mustHold, orMalformed, sameBytes, type Target, textsIn, textTarget } from "../target.js";

type Malformed = { readonly kind: "malformed" };
const malformed = ["malformed"] as const;
const { entry, proof } = packageParts.requestEvidence;
const read = parseProof(proof);
const checkpoint = read?.checkpoint ?? "";
const asked = formatAddCheckpoint({ old: 0, proof: [], checkpoint });
const later = formatAddCheckpoint({ old: 3, proof: read?.hashes ?? [], checkpoint });
const signer = { name: "a.example", secretKey: new Uint8Array(32).fill(3) };

export const logTargets: readonly Target[] = [
  textTarget<Malformed>({
    ...{ name: "checkpoint", about: "what a log says of itself", kinds: malformed },
    seeds: [checkpoint.slice(0, checkpoint.indexOf("\n\n") + 1), ...textsIn("tlog", "example.com/")],
    run(text) {
      const opened = openCheckpoint(`${text}\n${checkpoint.split("\n\n")[1]}`, policy);
      mustHold(!opened.ok || checkpoint.startsWith(text), "a checkpoint was believed that nobody signed");
      const found = orMalformed(parseCheckpoint)(text);
      // Extension lines behind the root are passed by; without them there is one form.
      const [head] = found.ok ? [formatCheckpoint(found.value)] : [text];
      mustHold(text.startsWith(head), "what was taken is formatted to another text");
      return found;
    },
  }),
  textTarget<Malformed>({
    ...{
      name: "proof",
      about: "that an entry stands in the log",
      seeds: [proof],
      kinds: malformed,
      millis: 1_000,
    },
    run(text) {
      const verified = verifyProof(text, toUtf8(entry), policy);
      const found = canonical(orMalformed(parseProof), formatProof)(text);
      mustHold(found.ok || !verified.ok, "a malformed proof was believed");
      return found;
    },
  }),
  textTarget<Malformed>({
    ...{ name: "witness", about: "what a log asks a witness", seeds: [asked, later], kinds: malformed },
    run(text) {
      judge(text, [policy.log], () => nothingSeen);
      return canonical(orMalformed(parseAddCheckpoint), formatAddCheckpoint)(text);
    },
  }),
  textTarget<PolicyRefusal>({
    ...{ name: "policy", about: "whose cosignatures are believed", kinds: ["malformed-policy"] },
    seeds: [policyText, `# words\n${policyText.replace("quorum witnesses", "quorum w1")}`],
    words: ["log", "witness", "group", "quorum", "none", "all", "any", "w1", "w2", "#"],
    run(text) {
      const found = parsePolicy(text);
      const log = found.ok ? found.value.logs[0] : undefined;
      if (!found.ok || log === undefined) return found;
      const again = parsePolicy(formatPolicy(log, found.value));
      mustHold(
        again.ok && again.value.quorum === found.value.quorum,
        "a policy is another one when written again",
      );
      mustHold(again.value.witnesses.length === found.value.witnesses.length, "a witness got lost");
      return found;
    },
  }),
  textTarget<NoteRefusal>({
    ...{ name: "vkey", about: "verifier keys as text", kinds: ["malformed-note"] },
    seeds: [
      formatVerifier(policy.log),
      ...policy.witnesses.map((key) => formatVerifier(key, keyTypes.cosignature)),
    ],
    run(text) {
      for (const type of Object.values(keyTypes))
        canonical(
          (one: string) => parseVerifier(one, type),
          (key) => formatVerifier(key, type),
        )(text);
      return parseVerifier(text);
    },
  }),
  textTarget<Malformed>({
    ...{ name: "skey", about: "a signing key's line", seeds: [formatSigner(signer)], kinds: malformed },
    run: canonical(orMalformed(parseSigner), formatSigner),
  }),
  textTarget<Malformed>({
    ...{ name: "tile-path", about: "the addresses of tiles", kinds: malformed },
    seeds: ["tile/0/x001/x234/067", "tile/entries/000.p/1", "tile/2/x003/000.p/255"],
    run: canonical(orMalformed(parseTilePath), tilePath),
  }),
  {
    ...{ name: "bundle", about: "entries behind one another", form: "bytes", kinds: malformed },
    seeds: [formatBundle([toUtf8(entry), new Uint8Array(), toUtf8(entry)])],
    run(input) {
      const entries = parseBundle(input);
      if (entries !== undefined)
        sameBytes(formatBundle(entries), input, "a bundle is another one when written again");
      return entries === undefined ? "malformed" : "ok";
    },
  },
];
