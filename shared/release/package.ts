import { discloseCharter, type SignedCharter } from "../charter/charter.js";
import { ownersOf } from "../charter/succession.js";
import type { SignedManifest } from "../clip/manifest.js";
import { assert } from "../kernel/assert.js";
import { fromBase64, toHex, toUtf8 } from "../kernel/bytes.js";
import type { ClipId } from "../kernel/ids.js";
import { ok, type Result } from "../kernel/result.js";
import { type Hash, hashOf } from "../seal/hash.js";
import type { Evidence } from "./evidence.js";
import { type Facts, type FactsRefusal, openFacts, type ReleaseNotes } from "./facts.js";
import { custodyText, declarationText, howtoText } from "./papers.js";
import { dpvRecord, isoRecord, kantaraRecord } from "./record.js";
import type { Slice } from "./slice.js";
import { readTar, type TarFile, type TarRefusal, writeTar } from "./tar.js";

/** Everything that a release package holds, each thing once; all else in it follows from these. */
export interface PackageParts extends ReleaseNotes {
  /** In the authorisation's order. */
  readonly clips: readonly PackedClip[];
  /** For each charter its line of the public log, and the salt behind that line's hash. */
  readonly charterEvidence: readonly (Evidence & { readonly salt: string })[];
  /** The terms that the agency agreed to: the text behind the agreement's hash. */
  readonly terms: string;
  /** C2SP tlog-policy of the log, as whoever packs believes it. */
  readonly policy: string;
  readonly requestEvidence: AskEvidence;
  /** Of the agreement that the request names and, if its terms are older than that, of the version that brought them. */
  readonly agreementEvidence: readonly Evidence[];
  /** Lines of the log that commit to batches of segments. */
  readonly footageEvidence: readonly Evidence[];
  /** Added by the agency's client after the download: that the release was logged before it could be fetched. */
  readonly escrow?: Escrow;
}

/** An emergency's line of the log is a hash, and this the salt behind it; a request's has none. */
export interface AskEvidence extends Evidence {
  readonly salt?: string;
}

export interface PackedClip extends Pick<Slice, "mp4" | "manifest" | "init"> {
  readonly clip: ClipId;
  /** Of the clip's sealed segments with the released seconds: what says when they existed. */
  readonly segments: readonly PackedSegment[];
}

export interface PackedSegment {
  /** The ciphertext note, which the camera signed. */
  readonly note: string;
  /** `path/v1`: from the note's text to the hash of a line of the log. */
  readonly path: string;
}

export interface Escrow extends Evidence {
  /** `release-act/v1`. */
  readonly act: string;
  /** From it to the hash of the line. */
  readonly path: string;
}

/** A hash function: `hashOf`, or the platform's own. */
type Hasher = (data: Uint8Array) => Hash;

export const sumsName = "SHA256SUMS";

/**
 * The package as one POSIX tar: the same parts give the same bytes. Of the charters it opens the lines that an agency needs, and
 * no other: the clips' cameras, and the owners whose signatures the release rule asks for; or the contacts who signed, and all
 * owners.
 */
export function packRelease(parts: PackageParts, hash: Hasher = hashOf): Result<Uint8Array, FactsRefusal> {
  const facts = openFacts(parts);
  return facts.ok ? ok(writeTar(filesOf(parts, facts.value, hash))) : facts;
}

/** The same package with the proof that its escrow was logged, which an agency's client adds to what it has opened. */
export function withEscrow(tar: Uint8Array, escrow: Escrow): Result<Uint8Array, TarRefusal> {
  const files = readTar(tar);
  return files.ok ? ok(writeTar([...files.value, ...escrowFiles(escrow)])) : files;
}

/** The files in their order. */
export function filesOf(parts: PackageParts, facts: Facts, hash: Hasher): readonly TarFile[] {
  const summed = [
    ...paperFiles(parts, facts),
    ...noteFiles(parts, facts),
    ...parts.clips.flatMap(clipFiles),
    ...proofFiles(parts),
  ];
  return [...summed, textFile(sumsName, sumsOf(summed, hash)), ...escrowFiles(parts.escrow)];
}

function paperFiles({ terms }: PackageParts, facts: Facts): readonly TarFile[] {
  return [
    textFile("HOWTO.txt", howtoText(facts)),
    textFile("terms.txt", terms),
    textFile("custody.txt", custodyText(facts)),
    textFile("declaration.txt", declarationText(facts)),
    textFile("record.json", isoRecord(facts)),
    textFile("record.jsonld", dpvRecord(facts)),
    textFile("record.kantara.json", kantaraRecord(facts)),
  ];
}

function noteFiles(parts: PackageParts, facts: Facts): readonly TarFile[] {
  return [
    textFile("authorisation.note", parts.authorisation),
    ...(parts.words ?? []).map((note, at) => textFile(`words/${at + 1}.note`, note)),
    textFile("request.note", parts.request),
    ...parts.agreements.map((note, at) => textFile(`agreement/${at + 1}.note`, note)),
    ...parts.charters.map((signed, at) =>
      textFile(`charters/${at + 1}.json`, JSON.stringify(disclosed(signed, facts, at))),
    ),
  ];
}

/** Under "any owner" only those who signed are shown; else all of them, for all had to, or had to be heard of by contacts. */
function disclosed(signed: SignedCharter, facts: Facts, at: number): SignedCharter {
  const { authorisation, charters, signers } = facts;
  const owners = charters.slice(at, at + 1).flatMap(ownersOf);
  const isForAll = authorisation.basis === "contacts" || charters[at]?.release === "all-owners";
  const people = isForAll ? [...signers, ...owners] : signers;
  const ids = [...people.map(({ id }) => id), ...authorisation.clips.map(({ camera }) => camera)];
  return discloseCharter(signed, ids);
}

function clipFiles({ clip, mp4, manifest, init, segments }: PackedClip): readonly TarFile[] {
  const { note, openings } = manifest;
  return [
    { name: `clips/${clip}.mp4`, bytes: mp4 },
    { name: `clips/${clip}.init.mp4`, bytes: init },
    textFile(`clips/${clip}.manifest.json`, JSON.stringify({ note, openings } satisfies SignedManifest)),
    textFile(
      `clips/${clip}.segments.json`,
      JSON.stringify(segments.map((segment) => ({ note: segment.note, path: segment.path }))),
    ),
  ];
}

function proofFiles(parts: PackageParts): readonly TarFile[] {
  const { policy, requestEvidence, agreementEvidence, charterEvidence, footageEvidence } = parts;
  return [
    textFile("proofs/policy.txt", policy),
    ...evidenceFiles("proofs/request", requestEvidence),
    ...(requestEvidence.salt === undefined
      ? []
      : [textFile("proofs/request.salt", `${requestEvidence.salt}\n`)]),
    ...agreementEvidence.flatMap((evidence, at) => evidenceFiles(`proofs/agreement-${at + 1}`, evidence)),
    ...charterEvidence.flatMap(({ salt, ...evidence }, at) => [
      ...evidenceFiles(`proofs/charter-${at + 1}`, evidence),
      textFile(`proofs/charter-${at + 1}.salt`, `${salt}\n`),
    ]),
    ...footageEvidence.flatMap((evidence, at) => evidenceFiles(`proofs/footage-${at + 1}`, evidence)),
  ];
}

function escrowFiles(escrow: Escrow | undefined): readonly TarFile[] {
  if (escrow === undefined) return [];
  const { act, path, ...evidence } = escrow;
  return [textFile("escrow.act", act), textFile("escrow.path", path), ...evidenceFiles("escrow", evidence)];
}

function evidenceFiles(name: string, { entry, proof }: Evidence): readonly TarFile[] {
  return [textFile(`${name}.entry`, entry), textFile(`${name}.proof`, proof)];
}

/** As `sha256sum` writes it. */
function sumsOf(files: readonly TarFile[], hash: Hasher): string {
  return files.map(({ name, bytes }) => `${hexOf(hash(bytes))}  ${name}\n`).join("");
}

function hexOf(hash: Hash): string {
  const bytes = fromBase64(hash);
  assert(bytes.ok, "a hash is not base64");
  return toHex(bytes.value);
}

function textFile(name: string, text: string): TarFile {
  return { name, bytes: toUtf8(text) };
}
