import { contactsOf, ownersOf } from "../../../shared/charter/succession.js";
import { millis } from "../../../shared/kernel/brand.js";
import { utcText } from "../../../shared/kernel/utc.js";
import type { Authorisation } from "../../../shared/release/authorisation.js";
import { contactsNeeded } from "../../../shared/release/contacts.js";
import { ownersAloneMillis } from "../../../shared/release/emergency.js";
import { Refused } from "../refused.js";
import type { TrustedAsk } from "./feed.js";
import type { Round } from "./owner.io.js";
import { type HeardWord, saysTo, wordsOf } from "./words.io.js";

type Asked = Pick<TrustedAsk, "request" | "askedAt">;
type Turn = Pick<Round, "role" | "cloud" | "household" | "clock">;

/** What of an authorisation follows from who signs it: contacts sign for owners' words that they have read. */
export async function basisOf(round: Turn, ask: Asked): Promise<Pick<Authorisation, "basis" | "words">> {
  if (round.role === "owner") return { basis: "consent" };
  const words = await silentWords(round, ask);
  return { basis: "contacts", words: words.map(({ hash }) => hash) };
}

/** The words that contacts sign for, still each owner's newest; of what owners sign there are none. */
export async function wordsUnder(
  round: Turn,
  ask: Asked,
  { basis, words: signed = [] }: Pick<Authorisation, "basis" | "words">,
): Promise<readonly HeardWord[]> {
  if (basis === "consent") return [];
  const words = await silentWords(round, ask);
  if (words.length === signed.length && words.every(({ hash }, at) => hash === signed[at])) return words;
  throw new Refused(
    "An owner has given a newer word since a contact signed for the one before: what was signed is void. Begin anew: lintel member authorise. Nothing was signed or sent.",
  );
}

/** One of each owner, given since the household was asked, and no no in any. Throws in plain words where that is not so. */
async function silentWords(
  { cloud, household, clock }: Turn,
  { request, askedAt }: Asked,
): Promise<readonly HeardWord[]> {
  const from = millis(askedAt + ownersAloneMillis);
  if (clock.wall() < from) throw new Refused(`The owners alone are asked until ${utcText(from)}.`);
  const named = contactsOf(household.newest).length;
  if (named < contactsNeeded)
    throw new Refused(`It takes ${contactsNeeded} contacts, and your household's charter names ${named}.`);
  const heard = await wordsOf(cloud, household);
  return ownersOf(household.newest).map(({ id, name }) => {
    const word = heard.get(id);
    const says = saysTo(word, { claim: request.hash, asked: askedAt });
    if (says === "no") throw new Refused(`${name}, an owner, says no to it.`);
    if (word === undefined || says === "not-heard")
      throw new Refused(
        `Nothing was heard of the computer of ${name}, an owner, since the household was asked. Nobody knows whether they say no: contacts can release nothing.`,
      );
    return word;
  });
}
