import type { CharterBody } from "../charter/lines.js";
import { contactsOf, ownersOf } from "../charter/succession.js";
import type { Millis } from "../kernel/brand.js";
import type { MemberId } from "../kernel/ids.js";
import type { Authorisation } from "./authorisation.js";
import { ownersAloneMillis } from "./emergency.js";
import type { Facts } from "./facts.js";
import { type OpenedWord, wordClockMillis } from "./ownersword.js";

// What contacts' signatures under an emergency's answer take: two of them, and a word of each owner in which they read no no.

/** Contacts who must agree. */
export const contactsNeeded = 2;

export type ContactsRefusal =
  | { readonly kind: "too-few-contacts"; readonly found: number }
  /** The words beside it are not those that were signed for, one of each owner. */
  | { readonly kind: "other-words" }
  | { readonly kind: "owner-not-heard"; readonly member: MemberId };

export type ContactsTimeRefusal =
  /** The owners alone are asked first. */
  | { readonly kind: "contacts-too-early" }
  /** This owner's computer may have known nothing of the question. */
  | { readonly kind: "word-before-question"; readonly member: MemberId }
  | { readonly kind: "word-after-signing"; readonly member: MemberId };

/** Each charter, of then and of now, must name two of those who signed as contacts. */
export function faultInContacts(
  charter: Pick<CharterBody, "members">,
  { signers }: Pick<Facts, "signers">,
): ContactsRefusal | undefined {
  const found = contactsOf(charter).filter(({ id }) => signers.some((signer) => signer.id === id)).length;
  return found < contactsNeeded ? { kind: "too-few-contacts", found } : undefined;
}

/** The words are those that the authorisation names, each of this household, and one of each owner in force at the signing. */
export function faultInWords({
  authorisation: said,
  charters,
  words,
}: Pick<Facts, "authorisation" | "charters" | "words">): ContactsRefusal | undefined {
  const named = said.words ?? [];
  const isOther = ({ hash, household }: OpenedWord, at: number): boolean =>
    hash !== named[at] || household !== said.household;
  if (words.length !== named.length || words.some(isOther)) return { kind: "other-words" };
  if (said.basis !== "contacts") return undefined;
  const owners = charters.filter(({ hash }) => hash === said.charter).flatMap(ownersOf);
  const silent = owners.find(({ id }) => !words.some(({ member }) => member === id));
  if (silent !== undefined) return { kind: "owner-not-heard", member: silent.id };
  return words.length === owners.length ? undefined : { kind: "other-words" };
}

/** `asked` is when the household was, as the log has it. */
export function faultInContactsTimes(
  { authorisation: said, words }: Pick<Facts, "authorisation" | "words">,
  asked: Millis,
): ContactsTimeRefusal | undefined {
  if (said.basis !== "contacts") return undefined;
  if (isTooEarly(said, asked)) return { kind: "contacts-too-early" };
  const early = words.find(({ at }) => at < asked);
  if (early !== undefined) return { kind: "word-before-question", member: early.member };
  const late = words.find(({ at }) => at > said.signed + wordClockMillis);
  return late && { kind: "word-after-signing", member: late.member };
}

/** Whoever signs and whoever asked may differ in their clocks. */
export function isTooEarly({ signed }: Pick<Authorisation, "signed">, asked: Millis): boolean {
  return signed < asked + ownersAloneMillis - contactsClockMillis;
}

const contactsClockMillis = 5 * 60_000;
