import { type OpenedCharter, openCharterChain } from "../../shared/charter/charter.js";
import type { Member } from "../../shared/charter/lines.js";
import { ownersOf } from "../../shared/charter/succession.js";
import type { Millis } from "../../shared/kernel/brand.js";
import type { HouseholdId, OfficerId, ReleaseId, RequestId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { isClaim, needsNoHold, type OpenedAsk, purposeOf } from "../../shared/release/ask.js";
import {
  type AuthorisationRefusal,
  type OpenedAuthorisation,
  openAuthorisation,
  parseAuthorisation,
} from "../../shared/release/authorisation.js";
import type { Policy } from "../../shared/release/floor.js";
import { noticeHash } from "../../shared/release/notice.js";
import { type OpenedWord, openWord } from "../../shared/release/ownersword.js";
import type { RequestState } from "../../shared/release/request.js";
import type { Hash } from "../../shared/seal/hash.js";
import { textOf } from "../../shared/seal/note.js";
import { type AgencyEvent, type AgencyRecord, type AgencyRefusal, agreementOf } from "../agency/agency.js";
import { type Decision, decide, type Matter } from "../consent/decide.js";
import type { Book } from "../docket/docket.io.js";
import { type CharterReader, chartersMax } from "../household/charters.io.js";
import type { OwnersWords } from "../household/ownerswords.io.js";
import type { RequestEvent, RequestRecord, RequestStepRefusal } from "../request/request.js";
import type { VaultReader } from "../vault/vault.io.js";

export type AgencyBook = Book<AgencyRecord, AgencyEvent, AgencyRefusal>;
export type RequestBook = Book<RequestRecord, RequestEvent, RequestStepRefusal>;

export type MatterRefusal =
  | AuthorisationRefusal
  /** There is no such request or emergency, or no such household. */
  | { readonly kind: "not-there" };

/** An authorisation with all that is known of it, ready to be decided about. */
export interface Known {
  readonly authorisation: OpenedAuthorisation;
  /** It answers an emergency: nobody outside learns of it before the fixed time. */
  readonly inEmergency: boolean;
  decide(reviewers: readonly OfficerId[]): Decision;
}

/** A request or an emergency's claim, as it stands now. */
export interface AskedNow {
  readonly ask: OpenedAsk;
  readonly state: RequestState;
  /** Since when it could be answered. */
  readonly published: Millis;
  /** What lies ready for an emergency. */
  readonly ready?: readonly ReleaseId[];
}

interface DecidingServices {
  readonly agencies: AgencyBook;
  readonly asked: (id: RequestId, hash: Hash) => Promise<AskedNow | undefined>;
  readonly charters: CharterReader;
  readonly vault: Pick<VaultReader, "clip">;
  readonly ownersWords: Pick<OwnersWords, "list">;
  readonly policy: Policy;
  readonly clock: Clock;
}

/** Fetches what a decision is about, as it stands now, and verifies each signature in it. */
export async function know(
  { agencies, asked: find, charters, vault, ownersWords, policy, clock }: DecidingServices,
  household: HouseholdId,
  note: string,
): Promise<Result<Known, MatterRefusal>> {
  const parsed = parseAuthorisation(textOf(note));
  if (!parsed.ok) return parsed;
  const asked = await find(parsed.value.request, parsed.value.requestHash);
  const agency = asked && (await agencies.find(asked.ask.agency));
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
  const { ask, state, published, ready = [] } = asked;
  const isAnswered = ready.some((release) => release !== parsed.value.record);
  const notices = { en: noticeHash(ask, agreement, "en"), fr: noticeHash(ask, agreement, "fr") };
  const matter: Omit<Matter, "reviewers"> = {
    ask: {
      ...{ ...ask, state, published, isAnswered, notices, purpose: purposeOf(ask), urgent: needsNoHold(ask) },
      ...(isClaim(ask) ? { kind: "emergency", about: ask } : { kind: "request" }),
    },
    asker: { agency: agency.state.agency, jurisdiction, state: agency.state.kind },
    authorisation: authorisation.value,
    charters: { now, recorded },
    stored,
    words: await wordsOf(ownersWords, now),
  };
  return ok({
    authorisation: authorisation.value,
    inEmergency: isClaim(ask),
    decide: (reviewers) => decide({ ...matter, reviewers }, policy, clock.wall()),
  });
}

/** The words of those who are owners now. */
async function wordsOf(
  ownersWords: Pick<OwnersWords, "list">,
  now: OpenedCharter,
): Promise<readonly OpenedWord[]> {
  const kept = await ownersWords.list(now.household);
  return kept.flatMap(({ note, at }) => {
    const word = openWord(note, ownersOf(now));
    return word.ok && word.value.household === now.household ? [{ ...word.value, at }] : [];
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
