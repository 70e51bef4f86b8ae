import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OfficeStaff } from "../../cloud/api/officetesting.js";
import { noteSigner } from "../../cloud/api/releases.contract.js";
import { systemRandom as random } from "../../cloud/system.io.js";
import { signCharter } from "../../shared/charter/charter.js";
import { charterEntry, charterSalt, householdLogOf } from "../../shared/charter/logtag.js";
import type { Millis } from "../../shared/kernel/brand.js";
import { fromUtf8, toBase64, toUtf8 } from "../../shared/kernel/bytes.js";
import { type Agreement, formatAgreement } from "../../shared/release/agreement.js";
import { formatAuthorisation, parseAuthorisation } from "../../shared/release/authorisation.js";
import type { Evidence } from "../../shared/release/evidence.js";
import { type PackageParts, packRelease } from "../../shared/release/package.js";
import { type AssistanceRequest, formatRequest } from "../../shared/release/request.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { type Signer, signNote, textOf } from "../../shared/seal/note.js";
import { parseSigner } from "../../shared/seal/skey.js";
import { cosignatureLine, signCheckpoint } from "../../shared/tlog/checkpoint.js";
import { formatEntry, type LogEntry, parseEntry } from "../../shared/tlog/entry.js";
import { formatProof, parseProof } from "../../shared/tlog/proof.js";
import { leafHash, nodeHash } from "../../shared/tlog/tree.js";
import { newStranger, type Spoils } from "./attacker.js";

// What several do together who hold keys that were meant to be in different hands.

/** Lays their keys beside the stolen disk, where a search for keys finds them as it finds the cloud's. */
export function pool(
  directory: string,
  keys: Readonly<Record<string, Uint8Array>>,
  identities: readonly string[],
): void {
  const place = join(directory, "colluders");
  mkdirSync(place, { recursive: true });
  for (const [name, key] of Object.entries(keys)) writeFileSync(join(place, `${name}.key`), toBase64(key));
  writeFileSync(join(place, "age.txt"), identities.join("\n"));
}

/** The same evidence once these witnesses have seen its checkpoint: when its line says that it came, if at no other time. */
export function witnessed<E extends Evidence>(evidence: E, witnesses: readonly Signer[], at?: Millis): E {
  const [proof, entry] = [parseProof(evidence.proof), parseEntry(toUtf8(evidence.entry))];
  if (proof === undefined || !entry.ok) throw new Error("no evidence");
  const time = Math.ceil((at ?? entry.value.at) / 1_000);
  const lines = witnesses.map((witness) => cosignatureLine(textOf(proof.checkpoint), witness, time));
  return { ...evidence, proof: formatProof({ ...proof, checkpoint: proof.checkpoint + lines.join("") }) };
}

/** Another log under the same name, of two lines that nobody else is shown, each witnessed when it says that it came. */
export function fork(
  entries: readonly [LogEntry, LogEntry],
  log: Signer,
  witnesses: readonly Signer[],
): readonly [Evidence, Evidence] {
  const [first, second] = [formatEntry(entries[0]), formatEntry(entries[1])];
  const root = nodeHash(leafHash(first), leafHash(second));
  const checkpoint = signCheckpoint({ origin: log.name, size: 2, root }, log);
  const evidence = (index: number, entry: Uint8Array, beside: Uint8Array): Evidence => {
    const text = fromUtf8(entry);
    const proof = formatProof({ index, hashes: [leafHash(beside)], checkpoint });
    return witnessed({ entry: text.ok ? text.value : "", proof }, witnesses);
  };
  return [evidence(0, first, second), evidence(1, second, first)];
}

/** The log's lines of an agreement and of a request under it. */
export function linesOf(
  agreement: Agreement,
  request: AssistanceRequest,
  since: Millis,
): readonly [LogEntry, LogEntry] {
  const { agency } = request;
  const [terms, asks] = [hashOfText(formatAgreement(agreement)), hashOfText(formatRequest(request))];
  return [
    { kind: "agency", id: agency, at: since, agency, state: "public", hash: terms },
    { kind: "request", id: request.id, at: request.submitted, agency, state: "published", hash: asks },
  ];
}

/** The same with every proof witnessed by these. */
export function witnessedBy(parts: PackageParts, by: readonly Signer[]): PackageParts {
  const all = <E extends Evidence>(evidence: readonly E[]) => evidence.map((one) => witnessed(one, by));
  return {
    ...parts,
    requestEvidence: witnessed(parts.requestEvidence, by),
    ...{ agreementEvidence: all(parts.agreementEvidence), charterEvidence: all(parts.charterEvidence) },
    footageEvidence: all(parts.footageEvidence),
    ...(parts.escrow && { escrow: witnessed(parts.escrow, by) }),
  };
}

export function packed(parts: PackageParts): Uint8Array {
  const tar = packRelease(parts);
  if (!tar.ok) throw new Error(reasonOf(tar.error));
  return tar.value;
}

/** What the cloud signs its log with. */
export function logKeyIn(directory: string): Signer {
  const key = parseSigner(readFileSync(join(directory, "identity", "log.key"), "utf8"));
  if (key === undefined) throw new Error("no key of the log is in the loot");
  return key;
}

export const requestNote = (request: AssistanceRequest, people: readonly OfficeStaff[]): string =>
  signNote(formatRequest(request), people.map(noteSigner));

/** A witness's line under a checkpoint. */
export function cosignatureIn({ proof }: Evidence, name: string): string {
  return `${proof.split("\n").findLast((line) => line.includes(name))}\n`;
}

interface Theft {
  readonly log: Signer;
  readonly witnesses: readonly Signer[];
  readonly at: Millis;
  readonly inThe: "place" | "company";
}

/**
 * A household, with one of theirs as its only owner: in the place of the charter under which the camera signed, or in that of
 * the newest alone. Even if every witness helped.
 */
export async function stolenHome(
  parts: PackageParts,
  { newest, chain }: Spoils,
  { log, witnesses, at, inThe }: Theft,
): Promise<Pick<PackageParts, "charters" | "charterEvidence" | "authorisation">> {
  const { member, signer } = await newStranger();
  const { hash: previous, version, ...rules } = newest;
  const next = signCharter({ ...rules, version: version + 1, previous, members: [member] }, [signer], random);
  const charter = hashOfText(textOf(next.note));
  const said = parseAuthorisation(textOf(parts.authorisation));
  const [first] = chain;
  if (!said.ok || first === undefined) throw new Error("nothing was signed");
  const household = householdLogOf(first);
  const entry = charterEntry(household, { version: version + 1, hash: charter, at: at });
  const [line] = fork([entry, entry], log, witnesses);
  const evidence = { ...line, salt: toBase64(charterSalt(household, version + 1)) };
  const signed = (change: object): string =>
    signNote(formatAuthorisation({ ...said.value, charter, ...change }), [signer]);
  return inThe === "place"
    ? {
        charters: [next],
        charterEvidence: [evidence],
        authorisation: signed({ clips: said.value.clips.map((clip) => ({ ...clip, charter })) }),
      }
    : {
        charters: [...parts.charters, next],
        charterEvidence: [...parts.charterEvidence, evidence],
        authorisation: signed({}),
      };
}

/** A refusal's kind, with that of what is behind it. */
export function reasonOf(refusal: { readonly kind: string; readonly why?: unknown }): string {
  const { kind, why } = refusal;
  const isRefusal = typeof why === "object" && why !== null && "kind" in why;
  return isRefusal ? `${kind}: ${why.kind}` : kind;
}
