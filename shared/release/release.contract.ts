// A whole release that exists in tests only: an agency, a household, a clip, a public log with two witnesses, and the package.
import { type Charter, type SignedCharter, signCharter } from "../charter/charter.js";
import { charterEntry, charterSalt, householdLogOf } from "../charter/logtag.js";
import type { OpenedClip } from "../clip/plain.js";
import { formatSegment } from "../clip/segment.js";
import { bytes, type Millis, millis } from "../kernel/brand.js";
import { toBase64, toUtf8 } from "../kernel/bytes.js";
import { type HouseholdId, newReleaseId, newRequestId } from "../kernel/ids.js";
import { type Prng, seededPrng } from "../kernel/prng.js";
import { type Hash, hashOf, hashOfText } from "../seal/hash.js";
import { type Signer, signNote, textOf, verifierOf } from "../seal/note.js";
import { cosignatureLine, type LogPolicy, signCheckpoint } from "../tlog/checkpoint.js";
import { formatEntry, type LogEntry } from "../tlog/entry.js";
import { formatPolicy } from "../tlog/policy.js";
import { formatProof } from "../tlog/proof.js";
import { inclusionProof, leafHash, type NodeReader, nodeHash, rootOf } from "../tlog/tree.js";
import { formatAct } from "./act.js";
import {
  type Agreement,
  bindsAsBefore,
  formatAgreement,
  type OpenedAgreement,
  openFirstAgreement,
  openNextAgreement,
} from "./agreement.js";
import { openAsk, purposeOf } from "./ask.js";
import { type Authorisation, formatAuthorisation } from "./authorisation.js";
import { batchCommitment, batchFillers, batchOf, formatBatchPath } from "./batch.js";
import { claimEntryHash, type EmergencyClaim, formatClaim } from "./emergency.js";
import type { Evidence } from "./evidence.js";
import { film, filmed, type HomeWish, newHome, type TestHome } from "./home.contract.js";
import { noticeHash } from "./notice.js";
import { formatWord } from "./ownersword.js";
import { type Escrow, type PackageParts, packRelease } from "./package.js";
import type { AssistanceRequest } from "./request.js";
import { type Slice, slice } from "./slice.js";
import {
  day,
  hour,
  newAgency,
  newRequest,
  signRequest,
  type TestAgency,
  type TestOfficer,
} from "./testing.contract.js";

/** When the request is signed. */
export const asked = millis(1_750_000_000_000);

/** A log in memory, cosigned by two witnesses at the very time of each entry. */
export class TestLog {
  private readonly entries: Uint8Array[] = [];
  private readonly signer: Signer;
  private readonly witnesses: readonly Signer[];
  readonly policy: LogPolicy;
  readonly policyText: string;

  constructor(random: Prng = seededPrng(41)) {
    const signerOf = (name: string): Signer => ({ name, secretKey: random.bytes(32) });
    this.signer = signerOf("cloud.example/tlog");
    this.witnesses = [signerOf("witness.example/a"), signerOf("witness.example/b")];
    const witnesses = this.witnesses.map(verifierOf);
    const log = verifierOf(this.signer);
    this.policy = { log, witnesses, quorum: 2 };
    const keys = witnesses.map((key) => ({ key }));
    this.policyText = formatPolicy(log, { logs: [log], witnesses: keys, quorum: 2 });
  }

  append(entry: Omit<LogEntry, "agency"> & Partial<Pick<LogEntry, "agency">>, at = entry.at): Evidence {
    const bytes = formatEntry({ agency: "none", ...entry });
    this.entries.push(bytes);
    const index = this.entries.length - 1;
    const node: NodeReader = (level, place) =>
      level === 0
        ? leafHash(this.entries[place] ?? bytes)
        : nodeHash(node(level - 1, place * 2), node(level - 1, place * 2 + 1));
    const size = this.entries.length;
    const checkpoint = { origin: this.signer.name, size, root: rootOf(node, size) };
    const note = signCheckpoint(checkpoint, this.signer);
    const lines = this.witnesses.map((witness) =>
      cosignatureLine(textOf(note), witness, Math.ceil(at / 1_000)),
    );
    const proof = formatProof({
      index,
      hashes: inclusionProof(node, index, size),
      checkpoint: note + lines.join(""),
    });
    return { entry: new TextDecoder().decode(bytes), proof };
  }
}

export interface TestRelease {
  readonly parts: PackageParts;
  readonly tar: Uint8Array;
  readonly authorisation: Authorisation;
  readonly clip: OpenedClip;
  readonly slice: Slice;
  readonly agency: TestAgency;
  readonly home: TestHome;
  readonly log: TestLog;
}

export interface ReleaseWish {
  readonly home?: HomeWish;
  readonly film?: Uint8Array;
  /** Whose the camera says the recording is; its own home's without it. */
  readonly filmedFor?: HouseholdId;
  /** Release all of the clip, not its first five seconds. */
  readonly everything?: boolean;
  readonly audio?: boolean;
  /** How many clips; one without it. */
  readonly clips?: number;
  readonly request?: Partial<AssistanceRequest>;
  /** An emergency's claim is answered, and no request. */
  readonly emergency?: Partial<EmergencyClaim>;
  readonly authorisation?: Partial<Authorisation>;
  /** How long before the request the agreement was logged, and how long after the recording the footage. */
  readonly publicFor?: number;
  readonly loggedAfter?: number;
  /** Which of the home's owners sign. */
  readonly signers?: readonly number[];
  /** The agency's next agreement, since a day before it asks. */
  readonly nextAgreement?: Partial<Agreement>;
  /** Signs what is asked in the officer's place. */
  readonly newcomer?: TestOfficer;
  /** The household's next charter, in force when it signs. */
  readonly nextCharter?: Partial<Charter>;
  /** Contacts sign, beside a word of each of the home's owners, given so long after the question. */
  readonly wordsAfter?: readonly number[];
}

const terms = "terms\n";

/** Clips filmed in the middle of the request's window, five seconds of each of which are released. */
export function newRelease(wish: ReleaseWish = {}): TestRelease {
  const { loggedAfter = hour } = wish;
  const log = new TestLog();
  const agency = newAgency(millis(asked - 40 * day));
  const agreed = agree(log, agency, wish);
  const home = newHome(wish.home);
  const { requestNote, requestEntry, salt } = newAsk(wish, {
    agency: { ...agency, officer: wish.newcomer ?? agency.officer },
    agreement: agreed.agreement.hash,
    home,
  });
  const films = cutClips(home, wish);
  const [{ clip, one }] = films;
  const slices = films.map((filmed) => filmed.one);
  const charters = [
    ...home.chain.slice(-1),
    ...(wish.nextCharter ? [nextCharter(home, wish.nextCharter)] : []),
  ];
  const charterEvidence = charters.map((charter) => logCharter(log, home, charter));
  const footage = slices.map((slice) =>
    logFootage(log, { home, slice, at: millis(slice.released.to + loggedAfter) }),
  );
  const requestEvidence = { ...log.append(requestEntry), ...(salt !== undefined && { salt }) };
  const charter = hashOfText(textOf(charters.at(-1)?.note ?? ""));
  const words = ownersWords(home, wish.wordsAfter);
  const signing = { home, agreement: agreed.agreement, requestNote, slices, charter, words };
  const authorisation = authorise(wish, signing);
  const signers = (wish.signers ?? [0, 1]).flatMap((at) => home.members[at]?.signer ?? []);
  const parts: PackageParts = {
    authorisation: signNote(formatAuthorisation(authorisation), signers),
    ...{ request: requestNote, agreements: agreed.notes, charters, terms, charterEvidence, requestEvidence },
    ...(words.length > 0 && { words }),
    clips: slices.map((slice, at) => ({
      ...{ ...slice, clip: slice.released.clip, segments: footage[at]?.segments ?? [] },
    })),
    ...{ policy: log.policyText, agreementEvidence: agreed.evidence },
    footageEvidence: footage.map(({ evidence }) => evidence),
  };
  const escrow = logEscrow(log, parts, authorisation);
  const whole = { ...parts, escrow };
  return { parts: whole, tar: pack(whole), authorisation, clip, slice: one, agency, home, log };
}

/** What is asked, and the log's line of it. */
function newAsk(
  wish: ReleaseWish,
  {
    agency,
    agreement,
    home,
  }: { readonly agency: TestAgency; readonly agreement: Hash; readonly home: TestHome },
) {
  const { agency: id } = agency.agreement;
  if (wish.emergency === undefined) {
    const request = newRequest(agency, asked, { agreement, ...wish.request });
    const requestNote = signRequest(agency, request);
    const hash = hashOfText(textOf(requestNote));
    const requestEntry = {
      kind: "request",
      id: request.id,
      at: asked,
      agency: id,
      state: "published",
      hash,
    } as const;
    return { requestNote, requestEntry, salt: undefined };
  }
  const claim: EmergencyClaim = {
    ...{ id: newRequestId(asked, home.random), agency: id, agreement, file: "24-119", danger: "abduction" },
    ...{ household: home.charter.household, camera: home.camera.id, submitted: asked },
    ...{
      from: millis(asked - day - hour),
      to: millis(asked - day + hour),
      recipient: `age1${"q".repeat(58)}`,
    },
    ...wish.emergency,
  };
  const requestNote = signNote(formatClaim(claim), [agency.officer.signer, agency.supervisor.signer]);
  const hash = claimEntryHash("salt", hashOfText(textOf(requestNote)), "asked");
  const requestEntry = {
    kind: "emergency",
    id: claim.id,
    at: asked,
    agency: id,
    state: "asked",
    hash,
  } as const;
  return { requestNote, requestEntry, salt: "salt" };
}

interface Filmed {
  readonly clip: OpenedClip;
  readonly one: Slice;
}

/** One clip every ten minutes. */
function cutClips(home: TestHome, wish: ReleaseWish): readonly [Filmed, ...Filmed[]] {
  const cut = (at: number): Filmed => {
    const start = millis(asked - day + at * 10 * 60_000);
    const whose = { ...home.charter, household: wish.filmedFor ?? home.charter.household };
    const clip = filmed({ ...home, charter: whose }, wish.film ?? film(), start);
    const to = wish.everything === true ? asked : millis(start + 5_200);
    const one = slice(clip, { from: start, to, audio: wish.audio ?? false });
    if (one === undefined) throw new Error("nothing was cut");
    return { clip, one };
  };
  return [cut(0), ...Array.from({ length: (wish.clips ?? 1) - 1 }, (_, at) => cut(at + 1))];
}

interface Agreed {
  readonly notes: readonly string[];
  readonly agreement: OpenedAgreement;
  /** Of the last version, and of the one that brought its terms. */
  readonly evidence: readonly Evidence[];
}

/** The agency's first agreement, public for a month; and another one since yesterday, if wished. */
function agree(
  log: TestLog,
  agency: TestAgency,
  { publicFor = 31 * day, nextAgreement }: ReleaseWish,
): Agreed {
  const first = openFirstAgreement(agency.note);
  if (!first.ok) throw new Error(first.error.kind);
  const evidence = [log.append(agencyEntry(agency.note, first.value, millis(asked - publicFor)))];
  if (nextAgreement === undefined) return { notes: [agency.note], agreement: first.value, evidence };
  const changed = { ...first.value, version: 2, previous: first.value.hash, ...nextAgreement };
  const note = signNote(formatAgreement(changed), [agency.supervisor.signer]);
  const next = openNextAgreement(first.value, note);
  if (!next.ok) throw new Error(next.error.kind);
  const newer = log.append(agencyEntry(note, next.value, millis(asked - day)));
  const needed = bindsAsBefore(first.value, next.value) ? [newer, ...evidence] : [newer];
  return { notes: [agency.note, note], agreement: next.value, evidence: needed };
}

export function pack(parts: PackageParts): Uint8Array {
  const tar = packRelease(parts);
  if (!tar.ok) throw new Error(JSON.stringify(tar.error));
  return tar.value;
}

/** As the home's owners sign it, with what is changed. */
function nextCharter({ charter, members, random }: TestHome, changes: Partial<Charter>): SignedCharter {
  const { hash, version } = charter;
  const owners = members.filter(({ member }) => member.role === "owner").map(({ signer }) => signer);
  return signCharter({ ...charter, version: version + 1, previous: hash, ...changes }, owners, random);
}

function logCharter(log: TestLog, { chain }: TestHome, { note }: SignedCharter) {
  const [first] = chain;
  const version = Number(/^version (\d+)$/m.exec(note)?.[1]);
  if (first === undefined) throw new Error("a home without a charter");
  const keys = householdLogOf(first);
  const entry = charterEntry(keys, { version, hash: hashOfText(textOf(note)), at: millis(asked - 2 * day) });
  return { ...log.append(entry), salt: toBase64(charterSalt(keys, version)) };
}

function agencyEntry(note: string, { agency }: OpenedAgreement, at: Millis): LogEntry {
  return { kind: "agency", id: agency, at, agency, state: "public", hash: hashOfText(textOf(note)) };
}

interface Signing {
  readonly home: TestHome;
  readonly agreement: OpenedAgreement;
  readonly requestNote: string;
  readonly slices: readonly Slice[];
  readonly charter: Hash;
  readonly words: readonly string[];
}

function ownersWords({ members, charter }: TestHome, after: readonly number[] = []): readonly string[] {
  const owners = members.filter(({ member }) => member.role === "owner");
  return owners.slice(0, after.length).map(({ member, signer }, at) => {
    const given = millis(asked + (after[at] ?? 0));
    const word = { household: charter.household, member: member.id, at: given, sealed: hashOfText("age\n") };
    return signNote(formatWord(word), [signer]);
  });
}

function authorise(
  wish: ReleaseWish,
  { home, agreement, requestNote, slices, charter, words }: Signing,
): Authorisation {
  const request = openAsk(requestNote, agreement);
  if (!request.ok) throw new Error(request.error.kind);
  const { id, hash, recipient } = request.value;
  const signed = millis(asked + hour);
  return {
    ...{ record: newReleaseId(signed, home.random), household: home.charter.household, request: id },
    ...{ requestHash: hash, agency: agreement.agency, recipient, charter },
    ...{ basis: "consent", purpose: purposeOf(request.value), jurisdiction: agreement.jurisdiction },
    ...{ notice: noticeHash(request.value, agreement, "en"), language: "en", signed },
    ...{ hold: millis(day), expires: millis(asked + 7 * day), keep: millis(90 * day) },
    ...{ thirdParties: true, child: false, clips: slices.map(({ released }) => released) },
    ...(words.length > 0 && { basis: "contacts", words: words.map((note) => hashOfText(textOf(note))) }),
    ...wish.authorisation,
  };
}

/** Two segments of the clip, in one batch with others. */
function logFootage(
  log: TestLog,
  { home, slice, at }: { readonly home: TestHome; readonly slice: Slice; readonly at: Millis },
) {
  const { charter, camera, cameraSigner, random } = home;
  const notes: string[] = [];
  let previous = "none";
  for (const index of [0, 1]) {
    const text = formatSegment({
      ...{ household: charter.household, camera: camera.id, clip: slice.released.clip, index, previous },
      ...{ bytes: bytes(1_000), sha256: hashOf(toUtf8(`${index}`)), end: index === 1 ? "complete" : "no" },
    });
    notes.push(signNote(text, [cameraSigner]));
    previous = hashOfText(text);
  }
  const leaves = notes.map((note) => ({ salt: random.bytes(16), text: textOf(note) }));
  const batch = batchOf([...leaves.map(batchCommitment), ...batchFillers(leaves.length, random)]);
  const evidence = log.append({ kind: "footage", id: "hour", at, state: "batch", hash: batch.root });
  const segments = leaves.map((leaf, index) => ({
    note: notes[index] ?? "",
    path: formatBatchPath(batch.path(leaf)),
  }));
  return { evidence, segments };
}

function logEscrow(
  log: TestLog,
  parts: PackageParts,
  { record, agency, request, signed, hold }: Authorisation,
): Escrow {
  const at = millis(signed + hold);
  const act = formatAct({
    ...{ release: record, act: "escrowed", at, agency, request },
    ...{ authorisation: hashOfText(textOf(parts.authorisation)), package: hashOfText("sealed\n") },
  });
  const leaf = { salt: seededPrng(77).bytes(16), text: act };
  const batch = batchOf([batchCommitment(leaf), ...batchFillers(1, seededPrng(78))]);
  const evidence = log.append({ kind: "releases", id: "day", at, state: "batch", hash: batch.root });
  return { act, path: formatBatchPath(batch.path(leaf)), ...evidence };
}
