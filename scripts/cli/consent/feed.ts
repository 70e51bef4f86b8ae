import type { OpenedCharter } from "../../../shared/charter/charter.js";
import type { Millis } from "../../../shared/kernel/brand.js";
import type { CameraId } from "../../../shared/kernel/ids.js";
import { ok, type Result, refuse } from "../../../shared/kernel/result.js";
import { type OpenedAgreement, openAgreementChain } from "../../../shared/release/agreement.js";
import { contains, type Place } from "../../../shared/release/area.js";
import { isClaim, type OpenedAsk, openAsk } from "../../../shared/release/ask.js";
import {
  answerMillis,
  authenticateMillisMax,
  type EmergencyClaim,
  isWithinReach,
} from "../../../shared/release/emergency.js";
import type { Evidence } from "../../../shared/release/evidence.js";
import type { FactsRefusal } from "../../../shared/release/facts.js";
import { floorPolicy } from "../../../shared/release/floor.js";
import type { AskEvidence } from "../../../shared/release/package.js";
import { type AssistanceRequest, faultsOf, type RequestFault } from "../../../shared/release/request.js";
import { askedAt, openAsked, type StandingRefusal } from "../../../shared/release/standing.js";
import { hashOfText } from "../../../shared/seal/hash.js";
import type { LogPolicy } from "../../../shared/tlog/checkpoint.js";
import type { Fields } from "../fields.js";

/** A request as the feed shows it, and all that its trust hangs on. */
export interface ShownAsk {
  readonly note: string;
  readonly requestEvidence: AskEvidence;
  readonly agency: ShownAgency;
}

export interface ShownAgency {
  readonly id: string;
  readonly state: string;
  readonly agreements: readonly string[];
  readonly terms: string;
  readonly agreementEvidence: readonly Evidence[];
}

/** The same once every signature and proof in it has held. */
export interface TrustedAsk extends ShownAsk {
  readonly request: OpenedAsk;
  readonly agreement: OpenedAgreement;
  /** As the log has it: published, or put to the household. */
  readonly askedAt: Millis;
}

export type AskRefusal =
  | Extract<FactsRefusal, { kind: "agreement-refused" | "request-refused" }>
  | StandingRefusal
  | { readonly kind: "agency-may-not-ask"; readonly state: string }
  | { readonly kind: "other-terms" }
  | { readonly kind: "against-the-rules"; readonly faults: readonly RequestFault[] }
  | { readonly kind: "over" }
  /** An emergency is about one outdoor camera of this very household. */
  | { readonly kind: "not-our-camera" };

/** What is asked of everybody, or of one household in emergencies: both come in one form. */
export function readFeed(feed: Fields, name: "requests" | "emergencies"): readonly ShownAsk[] {
  const agencies = feed.list("agencies", readAgency);
  return feed
    .list(name, (item) => ({ note: item.text("note"), requestEvidence: readAskEvidence(item) }))
    .flatMap((ask) => {
      const agency = agencies.find(({ id }) => ask.note.includes(`\nagency ${id}\n`));
      return agency === undefined ? [] : [{ ...ask, agency }];
    });
}

function readAskEvidence(item: Fields): AskEvidence {
  const salt = item.maybeText("salt");
  return { ...readEvidence(item), ...(salt !== undefined && { salt }) };
}

export function readEvidence(item: Fields): Evidence {
  return { entry: item.text("entry"), proof: item.text("proof") };
}

function readAgency(item: Fields): ShownAgency {
  return {
    id: item.text("id"),
    state: item.text("state"),
    agreements: item.texts("agreements").filter((note) => note !== null),
    terms: item.text("terms"),
    agreementEvidence: item.list("evidence", readEvidence),
  };
}

export interface Trust {
  readonly policy: LogPolicy;
  readonly now: Millis;
  /** The newest charter of whoever is asked. */
  readonly home: Pick<OpenedCharter, "household" | "cameras">;
}

/**
 * Whether it is a request or an emergency that may be shown to anybody: its keys chain to an agreement that has stood in the log for
 * 30 days, it stands there itself, and it breaks no rule. Else an operator could pose as an agency.
 */
export function trustAsk(shown: ShownAsk, trust: Trust): Result<TrustedAsk, AskRefusal> {
  const { policy } = trust;
  const { note, requestEvidence, agency } = shown;
  if (agency.state !== "active" && agency.state !== "probation")
    return refuse({ kind: "agency-may-not-ask", state: agency.state });
  const agreements = openAgreementChain(agency.agreements);
  if (!agreements.ok) return refuse({ kind: "agreement-refused", why: agreements.error });
  const agreement = agreements.value.at(-1);
  if (agreement === undefined || hashOfText(agency.terms) !== agreement.terms)
    return refuse({ kind: "other-terms" });
  const request = openAsk(note, agreement);
  if (!request.ok) return refuse({ kind: "request-refused", why: request.error });
  const fault = isClaim(request.value)
    ? faultInClaim(request.value, trust)
    : faultInRequest(request.value, agreement, trust);
  if (fault !== undefined) return refuse(fault);
  const facts = { request: request.value, agreements: agreements.value, agreement };
  const parts = { request: note, requestEvidence, agreementEvidence: agency.agreementEvidence };
  const asked = openAsked(parts, facts, policy);
  if (!asked.ok) return asked;
  return ok({ ...shown, request: request.value, agreement, askedAt: askedAt(asked.value) });
}

function faultInRequest(
  request: AssistanceRequest,
  agreement: OpenedAgreement,
  { now }: Trust,
): AskRefusal | undefined {
  const faults = faultsOf(request, agreement, floorPolicy);
  if (faults.length > 0) return { kind: "against-the-rules", faults };
  // In review for some time, then open for so long.
  return now > request.submitted + 2 * floorPolicy.requestOpenFor ? { kind: "over" } : undefined;
}

function faultInClaim(claim: EmergencyClaim, { now, home }: Trust): AskRefusal | undefined {
  const camera = home.cameras.find(({ id }) => id === claim.camera);
  if (claim.household !== home.household || camera?.place !== "outdoor") return { kind: "not-our-camera" };
  const isOver = now > claim.submitted + authenticateMillisMax + answerMillis;
  return isOver || !isWithinReach(claim) ? { kind: "over" } : undefined;
}

/** The cameras that stand where it asks, or that it names. Only the owners' clients know where that is. */
export function camerasIn(
  { request }: Pick<TrustedAsk, "request">,
  places: ReadonlyMap<CameraId, Place>,
): readonly CameraId[] {
  if (isClaim(request)) return [request.camera];
  return [...places].filter(([, place]) => contains(request.area, place)).map(([camera]) => camera);
}
