import type { OpenedCharter } from "../../../shared/charter/charter.js";
import { type Member, memberKeyName } from "../../../shared/charter/lines.js";
import { contactsOf, ownersOf } from "../../../shared/charter/succession.js";
import { type Millis, millis } from "../../../shared/kernel/brand.js";
import type { MemberId } from "../../../shared/kernel/ids.js";
import { ok, type Result, refuse } from "../../../shared/kernel/result.js";
import {
  type OpenedAuthorisation,
  openAuthorisation,
  parseAuthorisation,
} from "../../../shared/release/authorisation.js";
import { contactsNeeded } from "../../../shared/release/contacts.js";
import { floorPolicy } from "../../../shared/release/floor.js";
import { cosign, type Signer, textOf } from "../../../shared/seal/note.js";

/** An authorisation as the owners' state, or the contacts', keeps it. */
export interface KeptDraft {
  /** A note under which their signatures gather. */
  readonly note: string;
  /** When the last signature came that it needed, by its signer's clock: from then on it rests. */
  readonly since: Millis;
}

/** One that stands, seen under the household's newest charter. */
export interface Draft extends OpenedAuthorisation {
  readonly kind: "pending-co-owners" | "held" | "releasable";
  readonly note: string;
  /** The owners without whose signature there is no release; or the contacts of whom one more has to sign. */
  readonly missing: readonly Member[];
  /** When it has rested. */
  readonly from: Millis;
}

export type DraftRefusal =
  /** Withdrawn, overtaken by a charter, not signed in time, or handed over. */
  { readonly kind: "draft-gone" } | { readonly kind: "not-theirs-to-sign" | "too-many-drafts" };

/** Authorisations under way at a time. */
const draftsMax = 6;

/** `undefined` for what a charter has overtaken, not all signed in time, or nobody handed over in time. */
export function standing({ note, since }: KeptDraft, charter: OpenedCharter, now: Millis): Draft | undefined {
  const opened = openAuthorisation(note, peopleFor(note, charter));
  if (!opened.ok || opened.value.charter !== charter.hash || opened.value.expires <= now) return undefined;
  const { signed, hold } = opened.value;
  const missing = missingIn(charter, opened.value);
  const from = millis(Math.max(signed, since) + hold);
  const draft = { ...opened.value, note, missing, from };
  if (missing.length === 0) return { ...draft, kind: now < from ? "held" : "releasable" };
  return now < signed + floorPolicy.coOwnersSignWithin ? { ...draft, kind: "pending-co-owners" } : undefined;
}

/** Takes a first owner's note up. */
export function begun(
  drafts: readonly KeptDraft[],
  note: string,
  now: Millis,
): Result<readonly KeptDraft[], DraftRefusal> {
  const others = drafts.filter((draft) => !isOver(draft, now));
  if (others.length >= draftsMax) return refuse({ kind: "too-many-drafts" });
  return ok([...others, { note, since: now }]);
}

/** Another one's signature under this very text, if it still stands by now: what was withdrawn meanwhile does not come back. */
export function cosigned(
  drafts: readonly KeptDraft[],
  { text, signer }: { readonly text: string; readonly signer: Signer },
  { charter, now }: { readonly charter: OpenedCharter; readonly now: Millis },
): Result<readonly KeptDraft[], DraftRefusal> {
  const kept = drafts.find(({ note }) => textOf(note) === text);
  const draft = kept && standing(kept, charter, now);
  if (kept === undefined || draft === undefined) return refuse({ kind: "draft-gone" });
  const isBy = (id: MemberId): boolean => memberKeyName(id) === signer.name;
  if (!peopleFor(kept.note, charter).some(({ id }) => isBy(id)))
    return refuse({ kind: "not-theirs-to-sign" });
  // The same person's other computer was quicker.
  if (draft.signers.some(isBy)) return ok(drafts);
  const since = draft.kind === "pending-co-owners" ? now : kept.since;
  return ok(drafts.map((one) => (one === kept ? { note: cosign(kept.note, signer), since } : one)));
}

/** Withdrawn, or handed over. */
export function without(drafts: readonly KeptDraft[], record: string): readonly KeptDraft[] {
  return drafts.filter(({ note }) => recordOf(note) !== record);
}

export const recordOf = (note: string): string => textOf(note).split("\n")[1] ?? "";

/** Who may sign it, by what it says itself. */
function peopleFor(note: string, charter: OpenedCharter): readonly Member[] {
  const said = parseAuthorisation(textOf(note));
  return said.ok && said.value.basis === "contacts" ? contactsOf(charter) : ownersOf(charter);
}

function missingIn(charter: OpenedCharter, { basis, signers }: OpenedAuthorisation): readonly Member[] {
  const others = contactsOf(charter).filter(({ id }) => !signers.includes(id));
  if (basis === "contacts") return signers.length < contactsNeeded ? others : [];
  const owners = ownersOf(charter);
  const missing = owners.filter(({ id }) => !signers.includes(id));
  return charter.release === "any-owner" && missing.length < owners.length ? [] : missing;
}

function isOver({ note }: KeptDraft, now: Millis): boolean {
  const [, expires = ""] = /\nexpires (\d+)\n/.exec(note) ?? [];
  return Number(expires) <= now;
}
