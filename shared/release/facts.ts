import {
  type CharterRefusal,
  type DisclosedCharter,
  openDisclosedCharter,
  type SignedCharter,
} from "../charter/charter.js";
import type { Member } from "../charter/lines.js";
import { contactsOf, ownersOf } from "../charter/succession.js";
import { assert } from "../kernel/assert.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import { textOf } from "../seal/note.js";
import { type AgreementRefusal, type OpenedAgreement, openAgreementChain } from "./agreement.js";
import { type OpenedAsk, openAsk } from "./ask.js";
import {
  type AuthorisationRefusal,
  type OpenedAuthorisation,
  openAuthorisation,
  parseAuthorisation,
} from "./authorisation.js";
import { type OpenedWord, openWord, type WordRefusal } from "./ownersword.js";
import type { RequestRefusal } from "./request.js";

/** What was signed around a release. */
export interface ReleaseNotes {
  readonly authorisation: string;
  readonly request: string;
  /** The agency's, from version 1 to the one that the request names. */
  readonly agreements: readonly string[];
  /** The household's: those that its clips name, and the one in force when it signed. */
  readonly charters: readonly SignedCharter[];
  /** Where contacts signed: the owners' words (`owners-word/v1`) that the authorisation names, without what is sealed beside them. */
  readonly words?: readonly string[];
}

/** The same with every signature verified. */
export interface Facts {
  readonly authorisation: OpenedAuthorisation;
  /** What the authorisation answers. */
  readonly request: OpenedAsk;
  readonly agreements: readonly OpenedAgreement[];
  readonly agreement: OpenedAgreement;
  readonly charters: readonly DisclosedCharter[];
  /** The owners or, in their place, the contacts who signed, as the charters that are shown name them. */
  readonly signers: readonly Member[];
  /** By owners of the charter in force at the signing. */
  readonly words: readonly OpenedWord[];
}

export type FactsRefusal =
  | { readonly kind: "agreement-refused"; readonly why: AgreementRefusal }
  | { readonly kind: "request-refused"; readonly why: RequestRefusal }
  | { readonly kind: "charter-refused"; readonly index: number; readonly why: CharterRefusal }
  | { readonly kind: "authorisation-refused"; readonly why: AuthorisationRefusal }
  | { readonly kind: "word-refused"; readonly index: number; readonly why: WordRefusal }
  /** A signature under the authorisation is by nobody whom a charter shows. */
  | { readonly kind: "strange-signature" };

export function openFacts(notes: ReleaseNotes): Result<Facts, FactsRefusal> {
  const agreements = openAgreementChain(notes.agreements);
  if (!agreements.ok) return refuse({ kind: "agreement-refused", why: agreements.error });
  const agreement = agreements.value.at(-1);
  assert(agreement !== undefined, "an empty chain of agreements opened");
  const request = openAsk(notes.request, agreement);
  if (!request.ok) return refuse({ kind: "request-refused", why: request.error });
  const charters: DisclosedCharter[] = [];
  for (const [index, signed] of notes.charters.entries()) {
    const charter = openDisclosedCharter(signed);
    if (!charter.ok) return refuse({ kind: "charter-refused", index, why: charter.error });
    charters.push(charter.value);
  }
  const authorisation = openSigned(notes.authorisation, charters);
  if (!authorisation.ok) return authorisation;
  const { charter: newest } = authorisation.value.authorisation;
  const owners = charters.filter(({ hash }) => hash === newest).flatMap(ownersOf);
  const words: OpenedWord[] = [];
  for (const [index, note] of (notes.words ?? []).entries()) {
    const word = openWord(note, owners);
    if (!word.ok) return refuse({ kind: "word-refused", index, why: word.error });
    words.push(word.value);
  }
  return ok({
    ...{ ...authorisation.value, request: request.value, words },
    ...{ agreements: agreements.value, agreement, charters },
  });
}

/** Signed by owners, or by contacts where it says so, and by nobody else. */
function openSigned(
  note: string,
  charters: readonly DisclosedCharter[],
): Result<Pick<Facts, "authorisation" | "signers">, FactsRefusal> {
  const said = parseAuthorisation(textOf(note));
  const byContacts = said.ok && said.value.basis === "contacts";
  const people = unique(charters.flatMap(byContacts ? contactsOf : ownersOf));
  const authorisation = openAuthorisation(note, people);
  if (!authorisation.ok) return refuse({ kind: "authorisation-refused", why: authorisation.error });
  const signers = people.filter(({ id }) => authorisation.value.signers.includes(id));
  if (signatureCount(note) !== signers.length) return refuse({ kind: "strange-signature" });
  return ok({ authorisation: authorisation.value, signers });
}

function unique(people: readonly Member[]): readonly Member[] {
  return people.filter(({ id }, at) => people.findIndex((other) => other.id === id) === at);
}

function signatureCount(note: string): number {
  return note.slice(note.lastIndexOf("\n\n") + 2, -1).split("\n").length;
}
