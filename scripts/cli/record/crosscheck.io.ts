import { millis } from "../../../shared/kernel/brand.js";
import { openAgreementChain } from "../../../shared/release/agreement.js";
import { type Hash, hashOfText } from "../../../shared/seal/hash.js";
import { textOf } from "../../../shared/seal/note.js";
import type { LogEntry } from "../../../shared/tlog/entry.js";
import type { Fields } from "../fields.js";
import type { Server } from "../http.io.js";
import { documentsOf } from "./lines.io.js";

/** A step of the public record: where it says that it stands, and the entries that would bear it out. */
export interface Claimed {
  readonly about: string;
  readonly index: number;
  readonly entries: readonly LogEntry[];
}

export interface CrossCheck {
  /** Steps that were looked at, and documents whose steps they are. */
  readonly steps: number;
  readonly documents: number;
  /** A sentence each. */
  readonly faults: readonly string[];
}

/** Whether one of these entries stands at this place in the log; who asks decides what proves it. */
export type Stands = (claimed: Claimed) => Promise<boolean>;

/** Whether every step of each public request and agency stands in the log, with the hash of what the record shows. */
export async function crossCheck(server: Server, stands: Stands): Promise<CrossCheck> {
  const faults: string[] = [];
  let [steps, documents] = [0, 0];
  for await (const claims of claimsOf(server)) {
    documents += 1;
    steps += claims.length;
    for (const claim of claims) {
      const fault = typeof claim === "string" ? claim : await faultOf(claim, stands);
      if (fault !== undefined) faults.push(fault);
    }
  }
  return { steps, documents, faults };
}

async function faultOf(claimed: Claimed, stands: Stands): Promise<string | undefined> {
  if (await stands(claimed)) return undefined;
  return `${claimed.about} does not stand in the log at ${claimed.index} as the record shows it.`;
}

async function* claimsOf(server: Server): AsyncGenerator<readonly Claim[]> {
  for await (const request of documentsOf(server, "/public/v1/requests.jsonl")) yield requestClaims(request);
  for await (const agency of documentsOf(server, "/public/v1/agencies.jsonl")) yield agencyClaims(agency);
}

/** A step, or why its document cannot be held against the log at all. */
type Claim = Claimed | string;

/** An erratum leaves a request in its state; its entry has the erratum's name. */
function requestClaims(request: Fields): readonly Claim[] {
  const [id, agency] = [request.text("id"), request.text("agency")];
  const hashes = [hashOfText(textOf(request.text("note")))];
  const errata = request.texts("errata").flatMap((what) => what ?? []);
  return claims(request, { kind: "request", id, agency, hashes, states: errata });
}

/** Each step was taken under one of the chain's agreements. */
function agencyClaims(agency: Fields): readonly Claim[] {
  const id = agency.text("id");
  const chain = openAgreementChain(agency.texts("agreements").flatMap((note) => note ?? []));
  if (!chain.ok) return [`The agreements of agency ${id} do not hold (${chain.error.kind}).`];
  const hashes = chain.value.map(({ hash }) => hash);
  return claims(agency, { kind: "agency", id, agency: id, hashes, states: [] });
}

interface Subject {
  readonly kind: "request" | "agency";
  readonly id: string;
  readonly agency: string;
  readonly hashes: readonly Hash[];
  /** Beside the step's own. */
  readonly states: readonly string[];
}

/** Steps that nobody need see in the log have no index: a yearly attestation, a proposal. */
function claims(document: Fields, { kind, id, agency, hashes, states }: Subject): readonly Claim[] {
  const taken = document.list("steps", (step) => ({
    ...{
      state: step.text("kind"),
      at: millis(Date.parse(step.text("at"))),
      index: step.maybeNumber("index"),
    },
  }));
  const missing = taken.every(({ index }) => index === undefined);
  if (missing) return [`Nothing of ${kind} ${id} stands in the log.`];
  return taken.flatMap(({ state, at, index }) => {
    if (index === undefined) return [];
    const entries = [state, ...states].flatMap((one) =>
      hashes.map((hash): LogEntry => ({ kind, id, at, agency, state: one, hash })),
    );
    return [{ about: `${kind} ${id}: ${state}`, index, entries }];
  });
}
