import { cameraVerifier } from "../charter/lines.js";
import { openSegment, type SegmentRefusal } from "../clip/segment.js";
import { assert } from "../kernel/assert.js";
import { type Millis, millis } from "../kernel/brand.js";
import { fromBase64 } from "../kernel/bytes.js";
import type { ClipId } from "../kernel/ids.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import type { FieldsRefusal } from "../seal/fields.js";
import { textOf } from "../seal/note.js";
import { commitment } from "../seal/opening.js";
import type { LogPolicy } from "../tlog/checkpoint.js";
import { parseAct, type ReleaseAct } from "./act.js";
import { bindsAsBefore, type OpenedAgreement } from "./agreement.js";
import { isClaim, type OpenedAsk } from "./ask.js";
import type { ReleasedClip } from "./authorisation.js";
import { type BatchPath, parseBatchPath, standsInBatch } from "./batch.js";
import { cameraIn, charterOf, clockMillis } from "./consent.js";
import { type ContactsTimeRefusal, faultInContactsTimes } from "./contacts.js";
import { claimEntryHash } from "./emergency.js";
import { type EvidenceRefusal, type Known, type Said, weigh } from "./evidence.js";
import type { Facts } from "./facts.js";
import { floorPolicy } from "./floor.js";
import type { PackageParts, PackedSegment } from "./package.js";
import { faultInTwo, signersOf } from "./request.js";

/** Since when things stand in the public log. */
export interface Standing {
  readonly agreement: Millis;
  readonly request: Millis;
  /** By its line of the log: when it was published, or an emergency's household asked. */
  readonly asked: Millis;
  /** In the order of the charters. */
  readonly charters: readonly Millis[];
  /** In the order of the authorisation's clips: the latest of its segments. */
  readonly clips: readonly Millis[];
  readonly escrow?: { readonly act: ReleaseAct; readonly since: Millis };
}

export type StandingRefusal =
  | EvidenceRefusal
  | ContactsTimeRefusal
  | { readonly kind: "evidence-missing"; readonly name: string }
  | { readonly kind: "evidence-not-needed"; readonly name: string }
  /** An agency may not ask before its terms have been public for 30 days. */
  | { readonly kind: "not-public-long-enough"; readonly since: Millis; readonly asked: Millis }
  /** Of the two who signed one at least was named so lately that the public could not see it for 30 days. */
  | { readonly kind: "signed-by-newcomers"; readonly since: Millis; readonly asked: Millis }
  | { readonly kind: "segment-refused"; readonly clip: ClipId; readonly why: SegmentRefusal }
  | { readonly kind: "segment-of-another"; readonly clip: ClipId }
  | { readonly kind: "path-refused"; readonly name: string; readonly why: FieldsRefusal }
  | { readonly kind: "not-in-the-batch"; readonly name: string }
  | { readonly kind: "act-refused"; readonly why: FieldsRefusal }
  | { readonly kind: "act-of-another" }
  | { readonly kind: "escrowed-on-hold" | "escrowed-too-late" }
  | { readonly kind: "logged-out-of-order" };

/** Witnesses cosign some time after the log's own state changes, and never at the same second. */
const lateMillis = 60 * 60_000;

/** Holds each thing that had to be public against the log that `policy` believes. */
export function openStanding(
  parts: PackageParts,
  facts: Facts,
  policy: LogPolicy,
): Result<Standing, StandingRefusal> {
  const asked = openAsked(parts, facts, policy);
  if (!asked.ok) return asked;
  const charters = openCharters(parts, facts, policy);
  if (!charters.ok) return charters;
  const clips = openFootage(parts, facts, policy);
  if (!clips.ok) return clips;
  const standing = {
    ...{ agreement: asked.value.agreement.since, request: asked.value.request.since },
    asked: askedAt(asked.value),
    ...{ charters: charters.value, clips: clips.value },
  };
  const early = faultInContactsTimes(facts, standing.asked);
  if (early !== undefined) return refuse(early);
  if (parts.escrow === undefined) return ok(standing);
  const escrow = openEscrow({ ...parts, escrow: parts.escrow }, facts, policy);
  if (!escrow.ok) return escrow;
  const { act, known } = escrow.value;
  if (known.index <= asked.value.request.index) return refuse({ kind: "logged-out-of-order" });
  return ok({ ...standing, escrow: { act, since: known.since } });
}

interface Asked {
  readonly agreement: Known;
  readonly request: Known;
}

/** No earlier than the witnesses say: else a log could put the question before words that knew nothing of it. */
export function askedAt({ request: { entry, since } }: Pick<Asked, "request">): Millis {
  return millis(Math.max(entry.at, since));
}

/** That a request stands in the log, published, or an emergency, asked; and its agency's terms for 30 days before it. */
export function openAsked(
  parts: Pick<PackageParts, "request" | "requestEvidence" | "agreementEvidence">,
  facts: Pick<Facts, "request" | "agreements" | "agreement">,
  policy: LogPolicy,
): Result<Asked, StandingRefusal> {
  const { request } = facts;
  const said = saidOf(request, parts.requestEvidence.salt);
  if (!said.ok) return said;
  const published = weigh(parts.requestEvidence, { name: "proofs/request", said: said.value, policy });
  if (!published.ok) return published;
  const agreements = openAgreements(parts, facts, policy);
  if (!agreements.ok) return agreements;
  const { terms: agreement, people } = agreements.value;
  if (agreement.index >= published.value.index) return refuse({ kind: "logged-out-of-order" });
  const [since, asked] = [agreement.since, published.value.since];
  if (!wasPublic(since, asked)) return refuse({ kind: "not-public-long-enough", since, asked });
  if (!wasPublic(people.since, asked) && !isByPeopleOf(parts.request, termsOf(facts)))
    return refuse({ kind: "signed-by-newcomers", since: people.since, asked });
  return ok({ agreement, request: published.value });
}

function wasPublic(since: Millis, asked: Millis): boolean {
  return since + floorPolicy.agreementPublicFor - lateMillis <= asked;
}

/** Else one supervisor's key names another person, and signs in both names. */
function isByPeopleOf(note: string, agreement: OpenedAgreement): boolean {
  const signers = signersOf(note, agreement);
  return signers.ok && faultInTwo(signers.value) === undefined;
}

/** The version that brought the newest one's terms: nothing but people has changed since. */
function termsOf({ agreements, agreement }: Pick<Facts, "agreements" | "agreement">): OpenedAgreement {
  let oldest = agreements.length - 1;
  // unreached: the loop stops before the first
  while (oldest > 0 && bindsAsBefore(agreements[oldest - 1] ?? agreement, agreement)) oldest--;
  // unreached: the loop stops at the first
  return agreements[oldest] ?? agreement;
}

/** A request is public; of an emergency the log holds a hash that only the parties can make. */
function saidOf(request: OpenedAsk, salt: string | undefined): Result<Said, StandingRefusal> {
  const { id, agency, hash } = request;
  const name = "proofs/request.salt";
  if (!isClaim(request))
    return salt === undefined
      ? ok({ kind: "request", id, agency, hash, states: ["published"] })
      : refuse({ kind: "evidence-not-needed", name });
  if (salt === undefined) return refuse({ kind: "evidence-missing", name });
  return ok({ kind: "emergency", id, agency, hash: claimEntryHash(salt, hash, "asked"), states: ["asked"] });
}

/** Since when the version stands that names the people, and the one that brought its terms: often the same. */
function openAgreements(
  { agreementEvidence }: Pick<PackageParts, "agreementEvidence">,
  facts: Pick<Facts, "agreements" | "agreement">,
  policy: LogPolicy,
): Result<{ readonly people: Known; readonly terms: Known }, StandingRefusal> {
  const versions = [...new Set([facts.agreement, termsOf(facts)])];
  const wrong = countFault("proofs/agreement", { found: agreementEvidence.length, needed: versions.length });
  if (wrong !== undefined) return refuse(wrong);
  const lines: Known[] = [];
  for (const [at, { agency, hash }] of versions.entries()) {
    // unreached: they were counted before
    const evidence = agreementEvidence[at] ?? { entry: "", proof: "" };
    const said = { kind: "agency", id: agency, hash, states: ["public", "active", "probation"] } as const;
    const line = weigh(evidence, { name: `proofs/agreement-${at + 1}`, said, policy });
    if (!line.ok) return line;
    lines.push(line.value);
  }
  const [people, terms] = lines;
  assert(people !== undefined, "a package has an agreement");
  return ok({ people, terms: terms ?? people });
}

function openCharters(
  { charterEvidence }: PackageParts,
  { charters }: Facts,
  policy: LogPolicy,
): Result<readonly Millis[], StandingRefusal> {
  const wrong = countFault("proofs/charter", { found: charterEvidence.length, needed: charters.length });
  if (wrong !== undefined) return refuse(wrong);
  const since: Millis[] = [];
  for (const [at, { salt: saltText, ...evidence }] of charterEvidence.entries()) {
    const salt = fromBase64(saltText);
    const hash = commitment({
      salt: salt.ok ? salt.value : new Uint8Array(),
      // unreached: each is one of these charters
      line: charters[at]?.hash ?? "",
    });
    const said = { kind: "charter", agency: "none", hash } as const;
    const known = weigh(evidence, { name: `proofs/charter-${at + 1}`, said, policy });
    if (!known.ok) return known;
    since.push(known.value.since);
  }
  return ok(since);
}

function openFootage(
  { clips, footageEvidence }: PackageParts,
  facts: Facts,
  policy: LogPolicy,
): Result<readonly Millis[], StandingRefusal> {
  const batches: Known[] = [];
  for (const [at, evidence] of footageEvidence.entries()) {
    const said = { kind: "footage", agency: "none" } as const;
    const known = weigh(evidence, { name: `proofs/footage-${at + 1}`, said, policy });
    if (!known.ok) return known;
    batches.push(known.value);
  }
  const used = new Set<Known>();
  const since: Millis[] = [];
  for (const [at, { segments }] of clips.entries()) {
    const released = facts.authorisation.clips[at];
    if (released === undefined || segments.length === 0)
      return refuse({ kind: "evidence-missing", name: `clips/${released?.clip}.segments.json` });
    const found = openSegments(segments, { released, facts, batches });
    if (!found.ok) return found;
    for (const batch of found.value) used.add(batch);
    since.push(millis(Math.max(...found.value.map((batch) => batch.since))));
  }
  const idle = batches.findIndex((batch) => !used.has(batch));
  return idle < 0 ? ok(since) : refuse({ kind: "evidence-not-needed", name: `proofs/footage-${idle + 1}` });
}

interface Filmed {
  readonly released: ReleasedClip;
  readonly facts: Facts;
  readonly batches: readonly Known[];
}

/** The batches behind which a clip's segments stand. Segments follow each other without a gap. */
function openSegments(
  segments: readonly PackedSegment[],
  { released, facts, batches }: Filmed,
): Result<readonly Known[], StandingRefusal> {
  const { clip, charter } = released;
  const camera = cameraIn(charterOf(facts, charter), released.camera);
  // unreached: consent was weighed before, and names no camera that its charters lack
  if (camera === undefined) return refuse({ kind: "segment-of-another", clip });
  const found: Known[] = [];
  let next: number | undefined;
  for (const { note, path } of segments) {
    const segment = openSegment(note, cameraVerifier(camera));
    if (!segment.ok) return refuse({ kind: "segment-refused", clip, why: segment.error });
    const { household, index } = segment.value;
    const ours = segment.value.clip === clip && household === facts.authorisation.household;
    if (!ours || segment.value.camera !== camera.id || index !== (next ?? index))
      return refuse({ kind: "segment-of-another", clip });
    next = index + 1;
    const batch = batchOf({ text: textOf(note), path, name: `clips/${clip}.segments.json` }, batches);
    if (!batch.ok) return batch;
    found.push(batch.value);
  }
  return ok(found);
}

function openEscrow(
  { escrow }: PackageParts & { readonly escrow: NonNullable<PackageParts["escrow"]> },
  { authorisation: said, request }: Facts,
  policy: LogPolicy,
): Result<{ readonly act: ReleaseAct; readonly known: Known }, StandingRefusal> {
  const act = parseAct(escrow.act);
  if (!act.ok) return refuse({ kind: "act-refused", why: act.error });
  const { release, agency, authorisation, at } = act.value;
  const ours = act.value.act === "escrowed" && release === said.record && authorisation === said.hash;
  if (!ours || agency !== said.agency || act.value.request !== request.id)
    return refuse({ kind: "act-of-another" });
  if (at < said.signed + said.hold - clockMillis) return refuse({ kind: "escrowed-on-hold" });
  if (at >= said.expires) return refuse({ kind: "escrowed-too-late" });
  const entry = { kind: "releases", agency: "none" } as const;
  const known = weigh(escrow, { name: "escrow", said: entry, policy });
  if (!known.ok) return known;
  const batch = batchOf({ text: escrow.act, path: escrow.path, name: "escrow.path" }, [known.value]);
  return batch.ok ? ok({ act: act.value, known: known.value }) : batch;
}

interface InBatch {
  readonly text: string;
  readonly path: string;
  readonly name: string;
}

/** The line of the log behind which a text stands. */
function batchOf({ text, path, name }: InBatch, batches: readonly Known[]): Result<Known, StandingRefusal> {
  const parsed: Result<BatchPath, FieldsRefusal> = parseBatchPath(path);
  if (!parsed.ok) return refuse({ kind: "path-refused", name, why: parsed.error });
  const batch = batches.find(({ entry }) => entry.hash === parsed.value.root);
  if (batch === undefined) return refuse({ kind: "evidence-missing", name });
  return standsInBatch(text, parsed.value) ? ok(batch) : refuse({ kind: "not-in-the-batch", name });
}

function countFault(
  name: string,
  { found, needed }: { readonly found: number; readonly needed: number },
): StandingRefusal | undefined {
  if (found < needed) return { kind: "evidence-missing", name: `${name}-${found + 1}` };
  return found > needed ? { kind: "evidence-not-needed", name: `${name}-${needed + 1}` } : undefined;
}
