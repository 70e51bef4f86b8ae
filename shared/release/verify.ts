import type { DisclosedCharter } from "../charter/charter.js";
import { cameraVerifier } from "../charter/lines.js";
import type { Manifest } from "../clip/manifest.js";
import { assert } from "../kernel/assert.js";
import type { Millis } from "../kernel/brand.js";
import type { ClipId } from "../kernel/ids.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import { type Hash, hashOf, hashOfText, rememberingHash } from "../seal/hash.js";
import type { LogPolicy } from "../tlog/checkpoint.js";
import { type PolicyRefusal, parsePolicy } from "../tlog/policy.js";
import type { ReleasedClip } from "./authorisation.js";
import { type ConsentRefusal, cameraIn, charterOf, faultInConsent } from "./consent.js";
import { type Facts, type FactsRefusal, openFacts } from "./facts.js";
import { filesOf, type PackageParts, type PackedClip } from "./package.js";
import { openSlice, type SliceRefusal } from "./slice.js";
import { openStanding, type Standing, type StandingRefusal } from "./standing.js";
import { firstDifference, type UnpackRefusal, unpackRelease } from "./unpack.js";

export interface VerifyOptions {
  /** Whose word is believed for the public log; without it the package's own claim is. */
  readonly policy: LogPolicy | undefined;
  readonly now: Millis;
  /** `fetched`, as agencies have it, with the proof that its escrow was logged; `packed` before it is handed in. */
  readonly stage?: "packed" | "fetched";
  /** May be the platform's own SHA-256. */
  readonly hash?: (data: Uint8Array) => Hash;
}

/** A package whose every byte is accounted for. */
export interface Verified extends Facts {
  readonly clips: readonly VerifiedClip[];
  readonly standing: Standing;
  readonly log: LogPolicy;
  /** Whether the log's keys came from outside of the package. */
  readonly logIsBelieved: boolean;
}

export interface VerifiedClip {
  readonly released: ReleasedClip;
  readonly manifest: Manifest;
  readonly charter: DisclosedCharter;
  /** Lines of the manifest that were not released. */
  readonly kept: number;
  /** Since when the log has had it. */
  readonly since: Millis;
  /** Whether that was soon enough to speak for the camera's clock. */
  readonly timeCorroborated: boolean;
}

export type VerifyRefusal =
  | UnpackRefusal
  | FactsRefusal
  | ConsentRefusal
  | StandingRefusal
  | PolicyRefusal
  | { readonly kind: "slice-refused"; readonly clip: ClipId; readonly why: SliceRefusal }
  | { readonly kind: "clip-not-as-authorised"; readonly clip: ClipId; readonly what: keyof ReleasedClip }
  | { readonly kind: "other-terms" }
  /** It follows from what was signed, and says something else. */
  | { readonly kind: "file-differs"; readonly name: string }
  | { readonly kind: "escrow-missing" }
  | { readonly kind: "not-one-log"; readonly found: number };

/** Later than this after the recording the log's word says little of when that was. */
const corroboratedMillisMax = 7 * 24 * 60 * 60_000;

/**
 * Verifies a package offline, to its last byte: whatever was not signed, logged or derived from what was is refused. What it cannot
 * know: whether an owner stands in a line of a charter that was kept back, and whether a camera's clock was right.
 */
export function verifyPackage(tar: Uint8Array, options: VerifyOptions): Result<Verified, VerifyRefusal> {
  const hash = rememberingHash(options.hash ?? hashOf);
  const unpacked = unpackRelease(tar, hash);
  if (!unpacked.ok) return unpacked;
  const { files, parts } = unpacked.value;
  const facts = openFacts(parts);
  if (!facts.ok) return facts;
  const fault = faultInConsent(facts.value, options.now) ?? faultInTerms(parts, facts.value);
  if (fault !== undefined) return refuse(fault);
  const clips = openClips(parts, facts.value, hash);
  if (!clips.ok) return clips;
  const log = policyFor(parts, options.policy);
  if (!log.ok) return log;
  const standing = openStanding(parts, facts.value, log.value);
  if (!standing.ok) return standing;
  if (parts.escrow === undefined && options.stage !== "packed") return refuse({ kind: "escrow-missing" });
  const name = firstDifference(files, filesOf(parts, facts.value, hash));
  if (name !== undefined) return refuse({ kind: "file-differs", name });
  return ok({
    ...facts.value,
    clips: clips.value.map((clip, at) => verifiedClip(clip, standing.value.clips[at])),
    ...{ standing: standing.value, log: log.value, logIsBelieved: options.policy !== undefined },
  });
}

function faultInTerms({ terms }: PackageParts, { agreement }: Facts): VerifyRefusal | undefined {
  return hashOfText(terms) === agreement.terms ? undefined : { kind: "other-terms" };
}

type OpenedRelease = Omit<VerifiedClip, "since" | "timeCorroborated">;

function openClips(
  { clips }: PackageParts,
  facts: Facts,
  hash: (data: Uint8Array) => Hash,
): Result<readonly OpenedRelease[], VerifyRefusal> {
  const opened: OpenedRelease[] = [];
  for (const [at, released] of facts.authorisation.clips.entries()) {
    const packed = clips[at];
    const clip = packed && openReleased(packed, facts, { released, hash });
    assert(clip !== undefined, "a package lacks a clip that it was unpacked with");
    if (!clip.ok) return clip;
    opened.push(clip.value);
  }
  return ok(opened);
}

/** The clip as its camera signed it, which is as the household authorised it. */
function openReleased(
  packed: PackedClip,
  facts: Facts,
  { released, hash }: { readonly released: ReleasedClip; readonly hash: (data: Uint8Array) => Hash },
): Result<OpenedRelease, VerifyRefusal> {
  const { clip } = packed;
  const charter = charterOf(facts, released.charter);
  const camera = cameraIn(charter, released.camera);
  // unreached: consent was weighed before, and names no camera that its charters lack
  if (charter === undefined || camera === undefined) return refuse({ kind: "camera-not-then", clip });
  const slice = openSlice(packed, cameraVerifier(camera), hash);
  if (!slice.ok) return refuse({ kind: "slice-refused", clip, why: slice.error });
  const { manifest, released: found, kept } = slice.value;
  if (manifest.household !== facts.authorisation.household)
    return refuse({ kind: "signed-for-another", what: "household" });
  const fields = Object.keys(released) as (keyof ReleasedClip)[];
  const what = fields.find((field) => found[field] !== released[field]);
  return what === undefined
    ? ok({ released, manifest, charter, kept })
    : refuse({ kind: "clip-not-as-authorised", clip, what });
}

function policyFor(
  { policy: claimed }: PackageParts,
  believed: LogPolicy | undefined,
): Result<LogPolicy, VerifyRefusal> {
  const policy = parsePolicy(claimed);
  if (!policy.ok) return policy;
  const { logs, witnesses, quorum } = policy.value;
  const [log] = logs;
  if (log === undefined || logs.length > 1) return refuse({ kind: "not-one-log", found: logs.length });
  return ok(believed ?? { log, witnesses: witnesses.map(({ key }) => key), quorum });
}

function verifiedClip(clip: OpenedRelease, since: Millis | undefined): VerifiedClip {
  assert(since !== undefined, "a clip has no standing");
  return { ...clip, since, timeCorroborated: since - clip.released.to <= corroboratedMillisMax };
}
