import { type OpenedCharter, openCharterChain } from "../../shared/charter/charter.js";
import type { Member } from "../../shared/charter/lines.js";
import { millis } from "../../shared/kernel/brand.js";
import type { HouseholdId, OfficerId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import {
  type AuthorisationRefusal,
  type OpenedAuthorisation,
  openAuthorisation,
  parseAuthorisation,
} from "../../shared/release/authorisation.js";
import type { Policy } from "../../shared/release/floor.js";
import { noticeHash } from "../../shared/release/notice.js";
import { textOf } from "../../shared/seal/note.js";
import { type AgencyEvent, type AgencyRecord, type AgencyRefusal, agreementOf } from "../agency/agency.js";
import { type Decision, decide, type Matter } from "../consent/decide.js";
import type { Book } from "../docket/docket.io.js";
import { type CharterReader, chartersMax } from "../household/charters.io.js";
import type { RequestEvent, RequestRecord, RequestStepRefusal } from "../request/request.js";
import type { VaultReader } from "../vault/vault.io.js";

export type AgencyBook = Book<AgencyRecord, AgencyEvent, AgencyRefusal>;
export type RequestBook = Book<RequestRecord, RequestEvent, RequestStepRefusal>;

export type MatterRefusal =
  | AuthorisationRefusal
  /** There is no such request, or no such household. */
  | { readonly kind: "not-there" };

/** An authorisation with all that is known of it, ready to be decided about. */
export interface Known {
  readonly authorisation: OpenedAuthorisation;
  readonly request: RequestRecord;
  decide(reviewers: readonly OfficerId[]): Decision;
}

interface DecidingServices {
  readonly agencies: AgencyBook;
  readonly requests: RequestBook;
  readonly charters: CharterReader;
  readonly vault: Pick<VaultReader, "clip">;
  readonly policy: Policy;
  readonly clock: Clock;
}

/** Fetches what a decision is about, as it stands now, and verifies each signature in it. */
export async function know(
  { agencies, requests, charters, vault, policy, clock }: DecidingServices,
  household: HouseholdId,
  note: string,
): Promise<Result<Known, MatterRefusal>> {
  const parsed = parseAuthorisation(textOf(note));
  if (!parsed.ok) return parsed;
  const asked = await requests.find(parsed.value.request);
  const agency = asked && (await agencies.find(asked.state.agency));
  const now = await charters.current(household);
  if (asked === undefined || agency === undefined || now === undefined) return refuse({ kind: "not-there" });
  const names = new Set(parsed.value.clips.map(({ charter }) => charter));
  const recorded = await chartersNamed(charters, household, names);
  const clips = await Promise.all(parsed.value.clips.map(({ clip }) => vault.clip(household, clip)));
  const stored = clips.filter((clip) => clip !== undefined);
  const authorisation = openAuthorisation(note, peopleOf([now, ...recorded]));
  if (!authorisation.ok) return authorisation;
  const agreement = agreementOf(agency.state);
  const { jurisdiction } = agreement;
  const { kind: state, request, publishedAt } = asked.state;
  const notices = { en: noticeHash(request, agreement, "en"), fr: noticeHash(request, agreement, "fr") };
  const published = publishedAt ?? millis(Number.POSITIVE_INFINITY);
  const matter: Omit<Matter, "reviewers"> = {
    ask: { ...request, kind: "request", state, published, notices },
    asker: { agency: agency.state.agency, jurisdiction, state: agency.state.kind },
    authorisation: authorisation.value,
    charters: { now, recorded },
    stored,
  };
  return ok({
    authorisation: authorisation.value,
    request: asked.state,
    decide: (reviewers) => decide({ ...matter, reviewers }, policy, clock.wall()),
  });
}

/** Those of the household's charters that have one of these hashes. */
async function chartersNamed(
  charters: CharterReader,
  household: HouseholdId,
  hashes: ReadonlySet<string>,
): Promise<readonly OpenedCharter[]> {
  const chain = await charters.chain(household, 0, chartersMax);
  const found: OpenedCharter[] = [];
  for (const hash of hashes) {
    const link = await charters.find(household, hash);
    const opened = link && openCharterChain(chain.slice(0, link.version));
    if (opened?.ok === true) found.push(opened.value);
  }
  return found;
}

function peopleOf(charters: readonly OpenedCharter[]): readonly Member[] {
  return [
    ...new Map(charters.flatMap(({ members }) => members).map((member) => [member.id, member])).values(),
  ];
}
