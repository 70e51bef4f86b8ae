import { join } from "node:path";
import { millis } from "../../../shared/kernel/brand.js";
import { newReleaseId } from "../../../shared/kernel/ids.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import { isClaim, needsNoHold, purposeOf } from "../../../shared/release/ask.js";
import { type Authorisation, formatAuthorisation } from "../../../shared/release/authorisation.js";
import { answerMillis } from "../../../shared/release/emergency.js";
import { floorPolicy, usualHold } from "../../../shared/release/floor.js";
import { type Language, noticeHash, noticeOf } from "../../../shared/release/notice.js";
import { signNote, textOf } from "../../../shared/seal/note.js";
import { noteSigner } from "../member/charter.io.js";
import { clipIdOf } from "../member/clips.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock, systemRandom } from "../world.io.js";
import { basisOf, wordsUnder } from "./contacts.io.js";
import { begun, cosigned, type Draft, type DraftRefusal, standing } from "./drafts.js";
import type { TrustedAsk } from "./feed.js";
import { beginAnswer, findAsk, type Round } from "./owner.io.js";
import { cut, cutAgain, type OpenedSlice, preview } from "./slices.io.js";
import type { OwnersState } from "./state.js";

const hour = 60 * 60_000;
const day = 24 * hour;

export interface AuthoriseOptions {
  readonly request: string;
  readonly clips: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly audio?: boolean;
  /** Hours that it rests, from which it can be withdrawn without a trace. */
  readonly hold?: number;
  readonly thirdParties: boolean;
  readonly child: boolean;
  readonly language: Language;
  readonly preview?: string;
}

/** Chooses what a request gets, shows it and what is left out, and signs exactly that, on this computer. */
export async function memberAuthorise(
  folder: string,
  options: AuthoriseOptions,
  terminal: Terminal,
  clock: Clock = systemClock,
): Promise<void> {
  const round = await beginAnswer(folder, { terminal, clock });
  const ask = findAsk(round, options.request);
  // Before anything is looked at: a no of an owner's ends it here.
  const basis = await basisOf(round, ask);
  // Before anybody watches anything in vain; decided once more when it is signed.
  changed(round.state, begun(round.state.drafts, "", clock.wall()));
  const { request, agreement } = ask;
  const wish = {
    from: millis(Math.max(request.from, timeIn(options.from) ?? request.from)),
    to: millis(Math.min(request.to, timeIn(options.to) ?? request.to)),
    audio: options.audio ?? false,
  };
  const parts: OpenedSlice[] = [];
  for (const clip of options.clips) parts.push(await cut(round, clipIdOf(clip), wish));
  terminal.say(noticeOf(request, agreement, options.language));
  terminal.say("It would get:");
  const files = preview(round, options.preview ?? join(folder, "previews", request.id), parts);
  const authorisation = { ...draft(round, ask, parts, options), ...basis };
  terminal.say(holdSentence(authorisation));
  if (!(await terminal.agreed(question[round.role]))) throw new Refused("Nothing was signed.");
  const note = signNote(formatAuthorisation(authorisation), [noteSigner(round.cloud.profile)]);
  const { state } = await beginAnswer(folder, {
    terminal,
    clock,
    change: (before) => changed(before, begun(before.drafts, note, clock.wall())),
  });
  tellStanding({ ...round, state }, authorisation.record, { files });
}

function draft(
  { household, clock }: Round,
  { request, agreement }: TrustedAsk,
  parts: readonly OpenedSlice[],
  { hold: hours, language, thirdParties, child }: AuthoriseOptions,
): Authorisation {
  const now = clock.wall();
  const shortest = needsNoHold(request) ? 0 : floorPolicy.holdCut;
  const usual = needsNoHold(request) ? 0 : usualHold;
  const hold = hours === undefined ? usual : hours * hour;
  if (hold < shortest)
    throw new Refused(
      `It must rest for at least ${shortest / hour} h. Only where a person is missing or in danger it need not.`,
    );
  return {
    ...{ record: newReleaseId(now, systemRandom), household: household.newest.household },
    ...{ request: request.id, requestHash: request.hash, agency: request.agency },
    ...{ recipient: request.recipient, charter: household.newest.hash, basis: "consent" },
    ...{ purpose: purposeOf(request), jurisdiction: agreement.jurisdiction },
    ...{ notice: noticeHash(request, agreement, language), language },
    ...{
      signed: now,
      hold: millis(hold),
      // After an emergency's fixed time nothing counts for it any more.
      expires: millis(now + hold + (isClaim(request) ? answerMillis : floorPolicy.coOwnersSignWithin + day)),
    },
    ...{ keep: millis(floorPolicy.agencyKeepsFor), thirdParties, child },
    clips: parts.map(({ released }) => released),
  };
}

/** A co-owner's signature under what another owner chose, or a second contact's under what the first one did: the same clips are opened and shown here first. */
export async function memberSign(
  folder: string,
  {
    record,
    language,
    ...options
  }: { readonly record: string; readonly language: Language; readonly preview?: string },
  terminal: Terminal,
  clock: Clock = systemClock,
): Promise<void> {
  const round = await beginAnswer(folder, { terminal, clock });
  const found = findDraft(round, record);
  if (found.signers.includes(round.cloud.profile.member)) throw new Refused("You have signed it already.");
  const ask = findAsk(round, found.request);
  await wordsUnder(round, ask, found);
  const parts: OpenedSlice[] = [];
  for (const released of found.clips) parts.push(await cutAgain(round, released));
  terminal.say(noticeOf(ask.request, ask.agreement, language));
  terminal.say("It would get:");
  preview(round, options.preview ?? join(folder, "previews", ask.request.id), parts);
  terminal.say(holdSentence(found));
  if (!(await terminal.agreed(question[round.role]))) throw new Refused("Nothing was signed.");
  const signature = { text: textOf(found.note), signer: noteSigner(round.cloud.profile) };
  const charter = round.household.newest;
  const { state } = await beginAnswer(folder, {
    terminal,
    clock,
    change: (before) => changed(before, cosigned(before.drafts, signature, { charter, now: clock.wall() })),
  });
  tellStanding({ ...round, state }, record, {});
}

/** A charter has no ages. */
const question = {
  owner: "Have you watched this, and do you sign for exactly that?",
  contact: "Are you of age, have you watched this, and do you sign for exactly that?",
} as const;

/** What is under way; what is none any more is left out. */
export function draftsIn({ household, state, clock }: Standing): readonly Draft[] {
  return state.drafts.flatMap((kept) => standing(kept, household.newest, clock.wall()) ?? []);
}

type Standing = Pick<Round, "household" | "state" | "clock">;

export function findDraft(round: Standing, record: string): Draft {
  const found = draftsIn(round).find((one) => one.record === record);
  if (found === undefined)
    throw new Refused(`No authorisation ${record} is under way. See: lintel member authorisations`);
  return found;
}

/** Whose signatures are missing: all of these owners', or of these contacts' one. */
export const namesOf = ({ basis, missing }: Pick<Draft, "basis" | "missing">): string =>
  missing.map(({ name }) => name).join(basis === "contacts" ? " or " : ", ");

function changed(state: OwnersState, drafts: ReturnType<typeof begun>): OwnersState {
  if (!drafts.ok) throw new Refused(draftSentences[drafts.error.kind]);
  return { ...state, drafts: drafts.value };
}

const draftSentences: Readonly<Record<DraftRefusal["kind"], string>> = {
  "draft-gone":
    "It is not under way any more: it was withdrawn, overtaken by a new charter, or not signed by all in time. Nothing was signed.",
  "not-theirs-to-sign":
    "Owners sign what an owner began, and contacts what a contact did. Nothing was signed.",
  "too-many-drafts":
    "Too many authorisations are under way. Withdraw one: lintel member authorisations. Nothing was signed.",
};

function tellStanding(
  round: Standing & Pick<Round, "terminal">,
  record: string,
  more: { readonly files?: readonly string[] },
): void {
  const { terminal } = round;
  const draft = findDraft(round, record);
  const from = timeText(draft.from);
  // In an emergency it ends before the time that co-owners have otherwise.
  const signUntil = Math.min(draft.signed + floorPolicy.coOwnersSignWithin, draft.expires);
  const missing = draft.missing.map(({ name }) => name);
  terminal.json({ record, missing, releasableFrom: from, ...more });
  terminal.say(`Signed: ${record}.`);
  if (draft.kind === "pending-co-owners")
    terminal.say(
      `  Still to sign by ${timeText(signUntil)}: ${namesOf(draft)} (lintel member sign ${record}).`,
    );
  else terminal.say(`  From ${from} on it can be handed over: lintel member release ${record}`);
  terminal.say(`  Until then nobody outside knows of it. Take it back: lintel member withdraw ${record}`);
}

function holdSentence({ hold, keep }: Pick<Authorisation, "hold" | "keep">): string {
  const rests = hold === 0 ? "It need not rest" : `It rests for ${hold / hour} h`;
  return `${rests}; the agency may keep it for ${keep / day} days. What is downloaded cannot be recalled.`;
}

const timeText = (at: number): string => new Date(at).toISOString();

function timeIn(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}
