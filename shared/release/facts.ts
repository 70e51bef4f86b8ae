import {
  type CharterRefusal,
  type DisclosedCharter,
  openDisclosedCharter,
  type SignedCharter,
} from "../charter/charter.js";
import type { Member } from "../charter/lines.js";
import { ownersOf } from "../charter/succession.js";
import { assert } from "../kernel/assert.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import { type AgreementRefusal, type OpenedAgreement, openAgreementChain } from "./agreement.js";
import { type OpenedAsk, openAsk } from "./ask.js";
import { type AuthorisationRefusal, type OpenedAuthorisation, openAuthorisation } from "./authorisation.js";
import type { RequestRefusal } from "./request.js";

/** What was signed around a release. */
export interface ReleaseNotes {
  readonly authorisation: string;
  readonly request: string;
  /** The agency's, from version 1 to the one that the request names. */
  readonly agreements: readonly string[];
  /** The household's: those that its clips name, and the one in force when it signed. */
  readonly charters: readonly SignedCharter[];
}

/** The same with every signature verified. */
export interface Facts {
  readonly authorisation: OpenedAuthorisation;
  /** What the authorisation answers. */
  readonly request: OpenedAsk;
  readonly agreements: readonly OpenedAgreement[];
  readonly agreement: OpenedAgreement;
  readonly charters: readonly DisclosedCharter[];
  /** The owners who signed, as the charters that are shown name them. */
  readonly signers: readonly Member[];
}

export type FactsRefusal =
  | { readonly kind: "agreement-refused"; readonly why: AgreementRefusal }
  | { readonly kind: "request-refused"; readonly why: RequestRefusal }
  | { readonly kind: "charter-refused"; readonly index: number; readonly why: CharterRefusal }
  | { readonly kind: "authorisation-refused"; readonly why: AuthorisationRefusal }
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
  const owners = uniqueOwners(charters);
  const authorisation = openAuthorisation(notes.authorisation, owners);
  if (!authorisation.ok) return refuse({ kind: "authorisation-refused", why: authorisation.error });
  const signers = owners.filter(({ id }) => authorisation.value.signers.includes(id));
  if (signatureCount(notes.authorisation) !== signers.length) return refuse({ kind: "strange-signature" });
  return ok({
    ...{ authorisation: authorisation.value, request: request.value },
    ...{ agreements: agreements.value, agreement, charters, signers },
  });
}

function uniqueOwners(charters: readonly DisclosedCharter[]): readonly Member[] {
  const owners = charters.flatMap(ownersOf);
  return owners.filter(({ id }, at) => owners.findIndex((other) => other.id === id) === at);
}

function signatureCount(note: string): number {
  return note.slice(note.lastIndexOf("\n\n") + 2, -1).split("\n").length;
}
