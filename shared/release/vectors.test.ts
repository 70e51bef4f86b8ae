import { test } from "tap";
import type { Member } from "../charter/lines.js";
import { millis } from "../kernel/brand.js";
import { fromBase64 } from "../kernel/bytes.js";
import { isMemberId } from "../kernel/ids.js";
import { parsePolicy } from "../tlog/policy.js";
import { vectors } from "../vectors/vectors.contract.js";
import { formatAct, parseAct } from "./act.js";
import { openAgreementChain } from "./agreement.js";
import { openAuthorisation } from "./authorisation.js";
import { batchOf, formatBatchPath, parseBatchPath, standsInBatch } from "./batch.js";
import { flipAt, forged } from "./forger.contract.js";
import { openRequest } from "./request.js";
import { verifyPackage } from "./verify.js";

interface Invalid {
  readonly why: string;
  readonly kind: string;
  readonly field?: string;
}
interface AgreementVectors {
  readonly valid: readonly {
    readonly why: string;
    readonly chain: readonly string[];
    readonly agency: string;
    readonly hash: string;
  }[];
  readonly invalid: readonly (Invalid & { readonly chain: readonly string[] })[];
}
interface RequestVectors {
  readonly agreement: string;
  readonly valid: readonly {
    readonly why: string;
    readonly note: string;
    readonly id: string;
    readonly hash: string;
  }[];
  readonly invalid: readonly (Invalid & { readonly note: string })[];
}
interface AuthorisationVectors {
  readonly members: readonly { readonly id: string; readonly noteKey: string; readonly name: string }[];
  readonly valid: readonly {
    readonly why: string;
    readonly note: string;
    readonly signers: readonly string[];
    readonly hash: string;
  }[];
  readonly invalid: readonly (Invalid & { readonly note: string })[];
}
interface PathVectors {
  readonly root: string;
  readonly commitments: readonly string[];
  readonly valid: readonly { readonly text: string; readonly path: string }[];
  readonly invalid: readonly (Invalid & { readonly text: string; readonly path: string })[];
}
interface ActVectors {
  readonly valid: readonly { readonly text: string }[];
  readonly invalid: readonly (Invalid & { readonly text: string })[];
}
interface PackageVectors {
  readonly policy: string;
  readonly now: number;
  readonly tar: string;
  readonly verified: { readonly release: string; readonly clips: readonly { readonly clip: string }[] };
  readonly invalid: readonly (Invalid & { readonly file: string; readonly flip?: number })[];
}

test("agreements, requests and authorisations open as the vectors say", (t) => {
  const agreements = vectors<AgreementVectors>("agreement");
  for (const { why, chain, agency, hash } of agreements.valid) {
    const opened = openAgreementChain(chain);
    t.match(opened.ok && opened.value.at(-1), { agency, hash }, why);
  }
  for (const { why, chain, ...refusal } of agreements.invalid)
    t.match(openAgreementChain(chain), { ok: false, error: refusal }, `agreement: ${why}`);
  const requests = vectors<RequestVectors>("request");
  const agreement = openAgreementChain([requests.agreement]);
  const first = agreement.ok ? agreement.value[0] : undefined;
  if (first === undefined) return t.fail("the vectors' agreement does not open");
  for (const { why, note, id, hash } of requests.valid)
    t.match(openRequest(note, first), { ok: true, value: { id, hash } }, why);
  for (const { why, note, ...refusal } of requests.invalid)
    t.match(openRequest(note, first), { ok: false, error: refusal }, `request: ${why}`);
  const authorisations = vectors<AuthorisationVectors>("authorisation");
  const members = authorisations.members.flatMap(memberOf);
  for (const { why, note, signers, hash } of authorisations.valid)
    t.match(openAuthorisation(note, members), { ok: true, value: { signers, hash } }, why);
  for (const { why, note, ...refusal } of authorisations.invalid)
    t.match(openAuthorisation(note, members), { ok: false, error: refusal }, `authorisation: ${why}`);
  t.end();
});

test("paths and acts read as the vectors say", (t) => {
  const paths = vectors<PathVectors>("path");
  t.equal(batchOf(paths.commitments).root, paths.root);
  for (const { text, path } of paths.valid) {
    t.equal(verdictOn(text, path), "stands");
    const parsed = parseBatchPath(path);
    t.equal(parsed.ok && formatBatchPath(parsed.value), path);
    t.equal(parsed.ok && parsed.value.root, paths.root);
  }
  for (const { why, text, path, kind } of paths.invalid) t.equal(verdictOn(text, path), kind, why);
  const acts = vectors<ActVectors>("act");
  for (const { text } of acts.valid) {
    const act = parseAct(text);
    t.equal(act.ok && formatAct(act.value), text);
  }
  for (const { why, text, kind } of acts.invalid) {
    const act = parseAct(text);
    t.equal(act.ok ? "read" : act.error.kind, kind, why);
  }
  t.end();
});

test("the golden package verifies for ever, and what is changed in it is refused as the vectors say", (t) => {
  const { policy: text, now, tar: encoded, verified, invalid } = vectors<PackageVectors>("releasepackage");
  const [policy, tar] = [parsePolicy(text), fromBase64(encoded)];
  const [log] = policy.ok ? policy.value.logs : [];
  if (!policy.ok || !tar.ok || log === undefined) return t.fail("the vector is malformed");
  const { witnesses, quorum } = policy.value;
  const options = { policy: { log, witnesses: witnesses.map(({ key }) => key), quorum }, now: millis(now) };
  const found = verifyPackage(tar.value, options);
  if (!found.ok) return t.fail(JSON.stringify(found.error));
  t.equal(found.value.authorisation.record, verified.release);
  t.match(
    found.value.clips.map(({ released, ...clip }) => ({
      ...clip,
      clip: released.clip,
      sha256: released.sha256,
    })),
    verified.clips,
  );
  for (const { why, file, flip, kind } of invalid) {
    const edit = flip === undefined ? () => undefined : flipAt(flip);
    const refused = verifyPackage(forged(tar.value, file, edit), options);
    t.equal(refused.ok ? "verified" : refused.error.kind, kind, `${file}: ${why}`);
  }
  t.end();
});

function verdictOn(text: string, path: string): string {
  const parsed = parseBatchPath(path);
  if (!parsed.ok) return parsed.error.kind;
  return standsInBatch(text, parsed.value) ? "stands" : "not-in-the-batch";
}

/** As far as signatures need one. */
function memberOf({ id, noteKey, name }: AuthorisationVectors["members"][number]): readonly Member[] {
  const key = fromBase64(noteKey);
  if (!key.ok || !isMemberId(id)) return [];
  return [{ id, role: "owner", noteKey: key.value, loginKey: key.value, recipient: "age1", name }];
}
